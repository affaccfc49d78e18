"""Policy documents, parsed once for each text.

Source of the grammar: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from iam_evaluation.conditions import Condition, PolicySyntaxError, parse_conditions

__all__ = ["Document", "PolicySyntaxError", "Principals", "Statement", "parse", "parse_mapping"]


@dataclass(frozen=True)
class Principals:
    """The ``Principal`` (or ``NotPrincipal``) element. ``anyone`` stands for ``"*"`` and ``{"AWS": "*"}``."""

    anyone: bool = False
    aws: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    federated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Statement:
    """One statement; of ``x`` and ``not_x`` at most one is set."""

    index: int
    sid: str | None
    allow: bool
    principals: Principals | None
    not_principals: Principals | None
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    conditions: tuple[Condition, ...]
    variables: bool

    @property
    def label(self) -> str:
        """The Sid, or the position (from 1) where there is none."""
        return self.sid or f"#{self.index + 1}"


@dataclass(frozen=True)
class Document:
    """A parsed policy."""

    version: str
    statements: tuple[Statement, ...]


def _strings(value: Any, element: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise PolicySyntaxError(f"{element} must be a string or a list of strings")
    return tuple(values)


def _optional(statement: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    return _strings(statement[element], element) if element in statement else None


def _principals(value: Any) -> Principals:
    if value == "*":
        return Principals(anyone=True)
    if isinstance(value, str):
        # Lambda's AddPermission takes an account id or ARN without a type.
        value = {"AWS": value}
    if not isinstance(value, Mapping):
        raise PolicySyntaxError('Principal must be "*" or an object')
    unknown = set(value) - {"AWS", "Service", "Federated", "CanonicalUser"}
    if unknown:
        raise PolicySyntaxError(f"Principal has the unknown type {sorted(unknown)[0]!r}")

    def names(kind: str) -> frozenset[str]:
        return frozenset(_strings(value[kind], f"Principal.{kind}")) if kind in value else frozenset()

    aws = names("AWS")
    return Principals("*" in aws, aws - {"*"}, names("Service"), names("Federated"))


def _statement(index: int, raw: Any, version: str) -> Statement:
    if not isinstance(raw, Mapping):
        raise PolicySyntaxError("a statement must be an object")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise PolicySyntaxError("Effect must be Allow or Deny")
    for one in ("Action", "Resource", "Principal"):
        if one in raw and f"Not{one}" in raw:
            raise PolicySyntaxError(f"{one} and Not{one} exclude each other")
    if "Action" not in raw and "NotAction" not in raw:
        raise PolicySyntaxError("a statement needs Action or NotAction")
    return Statement(
        index=index,
        sid=raw.get("Sid") or None,
        allow=raw["Effect"] == "Allow",
        principals=_principals(raw["Principal"]) if "Principal" in raw else None,
        not_principals=_principals(raw["NotPrincipal"]) if "NotPrincipal" in raw else None,
        actions=_optional(raw, "Action"),
        not_actions=_optional(raw, "NotAction"),
        resources=_optional(raw, "Resource"),
        not_resources=_optional(raw, "NotResource"),
        conditions=parse_conditions(raw.get("Condition", {})),
        variables=version == "2012-10-17",
    )


def parse_mapping(raw: Any) -> Document:
    """Parse a policy that is already JSON data.

    Raises:
        PolicySyntaxError: it is no policy document.
    """
    if not isinstance(raw, Mapping):
        raise PolicySyntaxError("a policy must be an object")
    # Without a Version the older language applies, which has no policy variables.
    version = raw.get("Version", "2008-10-17")
    statements = raw.get("Statement", [])
    if isinstance(statements, Mapping):
        statements = [statements]
    return Document(version, tuple(_statement(index, item, version) for index, item in enumerate(statements)))


@lru_cache(maxsize=4096)
def parse(text: str) -> Document:
    """Parse a policy's text; the answer is cached by the text.

    Raises:
        PolicySyntaxError: it is no JSON, or no policy document.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise PolicySyntaxError(f"the policy is not JSON: {error}") from error
    return parse_mapping(raw)
