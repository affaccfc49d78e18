"""How a live policy differs from what the ledger says: statements of ours that were added, removed or altered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from streamgov_core.access.compile import canonical, is_ours, principals_of, statements_of
from streamgov_core.access.engine import View
from streamgov_core.access.reconcile_findings import Finding


@dataclass(frozen=True)
class Comparison:
    """One document beside what it should say.

    Args:
        name: which one, for people.
        live: as it stands; None if there is none.
        wanted: our statements, compiled from the ledger.
        exclusive: whether the document is ours alone, so that a foreign statement in it is remarkable.
    """

    name: str
    live: Mapping[str, Any] | None
    wanted: Sequence[Mapping[str, Any]]
    exclusive: bool = False


@runtime_checkable
class Comparable(Protocol):
    """A surface that can show its documents. One that cannot is judged by whether it wants to write."""

    def compare(self, view: View) -> list[Comparison] | None:
        """The target's documents; None if what carries them (a role) does not exist. Reads, and never writes."""


def differences(target: str, comparison: Comparison, sid_prefix: str) -> list[Finding]:
    """The findings of one document."""
    where = f"the {comparison.name} of {target.split('#', 1)[1]}"
    statements = statements_of(comparison.live or {})
    ours = {canonical(item): item for item in statements if is_ours(item, sid_prefix)}
    wanted = {canonical(item): item for item in comparison.wanted}
    added = {key: item for key, item in ours.items() if key not in wanted}
    removed = {key: item for key, item in wanted.items() if key not in ours}
    found: list[Finding] = []
    ids = sorted(name for name in principals_of(comparison.live, sid_prefix) if not name.startswith("arn:"))
    if ids:
        text = f"{where} names {', '.join(ids)}: the id of a role that was deleted, or made again under its name"
        return [Finding("deletedRole", target, text)]
    if comparison.wanted and not ours:
        return [
            Finding("driftRemoved", target, f"{where} holds none of the {len(wanted)} statements that grants ask for")
        ]
    by_sid = {str(item.get("Sid")): key for key, item in removed.items()}
    for statement in added.values():
        key = by_sid.get(str(statement.get("Sid")))
        if key is not None:
            removed.pop(key)
            found.append(Finding("driftAltered", target, f"in {where} a statement reads {_short(statement)}"))
        else:
            found.append(Finding("driftAdded", target, f"{where} also allows {_short(statement)}"))
    for lost in removed.values():
        found.append(Finding("driftRemoved", target, f"{where} no longer allows {_short(lost)}"))
    if comparison.exclusive:
        foreign = [item for item in statements if not is_ours(item, sid_prefix)]
        found += [Finding("foreignStatement", target, f"{where} also holds {_short(item)}", "left") for item in foreign]
    return found


def _short(statement: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in statement.items() if key != "Effect"}, sort_keys=True)[:200]
