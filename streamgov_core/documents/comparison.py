"""How a live policy differs from what the ledger says: statements of ours that were added, removed or altered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from streamgov_core.documents.compiler import canonical, is_orphan, is_ours, principals_of, statements_of
from streamgov_core.documents.policy_document import DesiredState
from streamgov_core.model.contribution import document_arn
from streamgov_core.model.findings import Finding


@dataclass(frozen=True)
class Comparison:
    """One live policy beside what it should say.

    Args:
        name: which policy, for people.
        live: as it stands; None if there is none.
        wanted: our statements, compiled from the ledger.
        exclusive: whether the policy is ours alone, so that a foreign statement in it is reported.
        entry: what a person calls one of its statements. What is no policy (grants on a key) is written as one here.
        withheld: grants to a role that was made again under its name since, which the new role does not receive.
    """

    name: str
    live: Mapping[str, Any] | None
    wanted: Sequence[Mapping[str, Any]]
    exclusive: bool = False
    entry: str = "statement"
    withheld: int = 0


@runtime_checkable
class ToldToConsumers(Protocol):
    """A document of which consumers are told: once it is repaired, what they were told may not hold any more."""

    told_to_consumers: bool


@runtime_checkable
class Comparable(Protocol):
    """A policy document that can show its live policies.

    One that cannot is taken to differ if applying the desired state would write.
    """

    def compare(self, desired: DesiredState) -> list[Comparison] | None:
        """The document's policies; None if what carries them (a role) does not exist. Reads, and never writes."""


def differences(document_id: str, comparison: Comparison, sid_prefix: str) -> list[Finding]:
    """The findings of one policy."""
    where = f"the {comparison.name} of {document_arn(document_id)}"
    statements = statements_of(comparison.live or {})
    found = [
        Finding("ForeignOrphan", document_id, f"{where} holds {_short(item)}: remove it", "skipped")
        for item in statements
        if not comparison.exclusive and is_orphan(item) and not is_ours(item, sid_prefix)
    ]
    if comparison.withheld:
        text = f"the role of {where} was made again under its name and is not given its {comparison.withheld} grants: "
        found.append(Finding("DeletedRole", document_id, f"{text}redrive those that it should have", "skipped"))
    return found + _own_findings(document_id, comparison, sid_prefix, where)


def _own_findings(document_id: str, comparison: Comparison, sid_prefix: str, where: str) -> list[Finding]:
    entry = comparison.entry
    statements = statements_of(comparison.live or {})
    ours = [item for item in statements if is_ours(item, sid_prefix)]
    ids = sorted(name for name in principals_of(comparison.live, sid_prefix) if not name.startswith("arn:"))
    if ids:
        text = f"{where} names {', '.join(ids)}: the id of a role that was deleted, or made again under its name"
        return [Finding("DeletedRole", document_id, text)]
    if comparison.wanted and not ours:
        text = f"{where} holds none of the {len(comparison.wanted)} {entry}s that grants ask for"
        return [Finding("DriftRemoved", document_id, text)]
    found = _drift(document_id, comparison, ours, where)
    if comparison.exclusive:
        foreign = [item for item in statements if not is_ours(item, sid_prefix)]
        found += [
            Finding("ForeignStatement", document_id, f"{where} also holds {_short(item)}", "skipped")
            for item in foreign
        ]
    return found


def _drift(document_id: str, comparison: Comparison, ours: Sequence[Mapping[str, Any]], where: str) -> list[Finding]:
    """Statements of ours that were altered, added and removed; an altered one keeps its Sid."""
    added, removed = _beyond(ours, comparison.wanted), _beyond(comparison.wanted, ours)
    by_sid = {str(item.get("Sid")): item for item in removed}
    found: list[Finding] = []
    for statement in added:
        original = by_sid.pop(str(statement.get("Sid")), None)
        if original is not None:
            removed.remove(original)
            text = f"in {where} a {comparison.entry} reads {_short(statement)}"
            found.append(Finding("DriftAltered", document_id, text))
        else:
            found.append(Finding("DriftAdded", document_id, f"{where} also allows {_short(statement)}"))
    for lost in removed:
        found.append(Finding("DriftRemoved", document_id, f"{where} no longer allows {_short(lost)}"))
    return found


def _beyond(some: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of ``some`` that ``others`` lack, by meaning; what stands twice must be there twice."""
    left = Counter(canonical(item) for item in others)
    found = []
    for item in some:
        meaning = canonical(item)
        if left[meaning] > 0:
            left[meaning] -= 1
        else:
            found.append(item)
    return found


def _short(statement: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in statement.items() if key != "Effect"}, sort_keys=True)[:200]
