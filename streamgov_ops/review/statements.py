"""Policy documents as statements whose lists are sets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.naming import PARTITIONS
from streamgov_ops.review.markup import listed
from streamgov_ops.review.patterns import ANYBODY, covers
from streamgov_ops.review.plan import UNKNOWN

# The elements of a statement whose values are sets (IAM user guide, "Grammar of the IAM JSON policy language").
ACTIONS = ("Action", "NotAction")
RESOURCES = ("Resource", "NotResource")
PRINCIPALS = ("Principal", "NotPrincipal")
_LITERAL = ("StringEquals", "ArnEquals", "ArnLike", "StringLike")
"""Operators of which a wider pattern, or one value more, lets more pass."""


@dataclass(frozen=True)
class Condition:
    """One condition of a statement."""

    key: str
    operator: str
    values: frozenset[str]

    def __str__(self) -> str:
        return f"{self.key} {self.operator} {' or '.join(sorted(self.values))}"

    def within(self, other: Condition) -> bool:
        """Whether whatever passes this condition passes the other one too."""
        same = self.key.lower() == other.key.lower()
        return (
            same
            and self.operator in _LITERAL
            and other.operator in _LITERAL
            and all(any(covers(wide, value) for wide in other.values) for value in self.values)
        )


@dataclass(frozen=True)
class Statement:
    """One statement with its lists as sets; ``own``: it speaks of nobody but the account's own administrators."""

    sid: str
    effect: str
    sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conditions: frozenset[Condition] = frozenset()
    own: bool = False

    @property
    def allows(self) -> bool:
        """Whether it is an Allow."""
        return self.effect == "Allow"

    def __hash__(self) -> int:
        return hash((self.sid, self.effect, self.conditions))

    def part(self, names: tuple[str, ...]) -> str:
        """The values of one element; Markdown."""
        parts = []
        for name in names:
            if name in self.sets:
                prefix = "everything but " if name.startswith("Not") else ""
                parts.append(prefix + listed(sorted(self.sets[name])))
        return " and ".join(parts)


class UnreadableDocument(ValueError):
    """A policy document that is not JSON, or whose value is known only during ``up``."""


def parse(document: Any, account: str = "") -> list[Statement]:
    """A document's statements; none if there is no document.

    Args:
        document: JSON text or what it says.
        account: the account that the document's owner is of.

    Raises:
        UnreadableDocument: its value is not known yet, secret, or not JSON.
    """
    if document in (None, ""):
        return []
    if isinstance(document, str):
        if UNKNOWN in document:
            raise UnreadableDocument("known only during `up`")
        try:
            document = json.loads(document)
        except ValueError as error:
            raise UnreadableDocument("not readable here") from error
    if not isinstance(document, Mapping):
        raise UnreadableDocument("not readable here")
    statements = document.get("Statement", [])
    return [_statement(item, account) for item in ([statements] if isinstance(statements, Mapping) else statements)]


def _statement(raw: Mapping[str, Any], account: str) -> Statement:
    sets: dict[str, frozenset[str]] = {}
    for name in (*ACTIONS, *RESOURCES):
        if name in raw:
            sets[name] = frozenset(many(raw[name]))
    for name in PRINCIPALS:
        if name in raw:
            sets[name] = frozenset(_principals(raw[name]))
    own = {f"arn:{partition}:iam::{account}:root" for partition in PARTITIONS} | {account}
    return Statement(
        str(raw.get("Sid", "")),
        str(raw.get("Effect", "")),
        sets,
        frozenset(_conditions(raw.get("Condition") or {})),
        own=bool(account) and bool(sets.get("Principal")) and sets["Principal"] <= own,
    )


def many(value: Any) -> list[str]:
    """An element that may be one value or a list of them."""
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _principals(value: Any) -> list[str]:
    if not isinstance(value, Mapping):
        return [ANYBODY if value == "*" else str(value)]
    found = []
    for kind, names in value.items():
        for name in many(names):
            found.append(ANYBODY if name == "*" else name if kind in ("AWS", "Service") else f"{kind} {name}")
    return found


def _conditions(block: Mapping[str, Any]) -> Iterator[Condition]:
    for operator, keys in block.items():
        for key, values in keys.items():
            yield Condition(str(key), str(operator), frozenset(many(values)))


def in_words(conditions: Iterable[Condition]) -> str:
    """Conditions as code, with "and" between them."""
    return listed(sorted(map(str, conditions)), " and ")
