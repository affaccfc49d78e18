"""The review report as data, from a plan. Pure; the same plan gives the same report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from streamgov_ops.review import access
from streamgov_ops.review.behaviour import behaviour
from streamgov_ops.review.comparison import Line
from streamgov_ops.review.documents import Document, documents, goes_with_its_holder
from streamgov_ops.review.harm import Finding
from streamgov_ops.review.losses import losses
from streamgov_ops.review.plan import Change, Kind, read_plan

Place = Literal["changed", "comes", "goes"]


@dataclass(frozen=True)
class AccessChange:
    """Somebody gains or loses access."""

    gain: bool
    who: str
    what: str


@dataclass(frozen=True)
class DocumentChange:
    """A policy document that changes; ``place``: by itself, or because its role or resource comes or goes."""

    title: str
    place: Place
    state: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Report:
    """What a reviewer must know about a change. Texts are Markdown.

    Attributes:
        stack: the stack's name.
        counts: how many resources are created, updated, replaced, deleted.
        unchanged: how many stay as they are.
        errors: why the preview failed, if it did.
        first: what to look at first, the worst first.
        access: who gains or loses access.
        documents: policy documents that change.
        destroyed: what is destroyed.
        behaviour: what deployed code will do differently.
        unknown: what cannot be told before ``up``.
        changes: every change.
        strange: operations that this version does not know.
    """

    stack: str
    counts: Mapping[Kind, int]
    unchanged: int
    errors: tuple[str, ...]
    first: tuple[Finding, ...]
    access: tuple[AccessChange, ...]
    documents: tuple[DocumentChange, ...]
    destroyed: tuple[str, ...]
    behaviour: tuple[str, ...]
    unknown: tuple[str, ...]
    changes: tuple[Change, ...]
    strange: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "stack": self.stack,
            "counts": dict(self.counts),
            "unchanged": self.unchanged,
            "errors": list(self.errors),
            "first": [
                {"harm": item.harm.name.lower(), "reason": item.reason, "text": item.text} for item in self.first
            ],
            "access": [vars(item) for item in self.access],
            "documents": [
                {
                    "title": item.title,
                    "place": item.place,
                    "lines": [{"gain": line.gain, "text": line.text} for line in item.lines],
                }
                for item in self.documents
            ],
            "destroyed": list(self.destroyed),
            "behaviour": list(self.behaviour),
            "unknown": list(self.unknown),
            "changes": [
                {
                    "kind": item.kind,
                    "type": item.type,
                    "name": item.name,
                    "account": item.account,
                    "changed": list(item.changed) if item.kind in ("update", "replace") else [],
                    "kept": item.kept,
                    "imported": item.imported,
                }
                for item in self.changes
            ],
            "notUnderstood": list(self.strange),
        }


def read_report(preview: Any) -> Report:
    """The report on what ``pulumi preview --json`` printed (already parsed).

    Raises:
        ConfigError: it is something else.
    """
    plan = read_plan(preview)
    shown = list(_shown(plan.changes))
    lost = [item for change in plan.changes for item in losses(change, plan.changes)]
    first = [
        *_alarms(shown),
        *(Finding(item.harm, "", item.text) for item in lost if item.harm is not None),
    ]
    return Report(
        stack=plan.stack,
        counts=Counter(change.kind for change in plan.changes),
        unchanged=plan.unchanged,
        errors=plan.errors,
        first=tuple(sorted(dict.fromkeys(first), key=_by_harm)),
        access=tuple(_access(plan.changes)),
        documents=tuple(_documents(shown)),
        destroyed=tuple(dict.fromkeys(item.text for item in lost)),
        behaviour=tuple(dict.fromkeys(line for change in plan.changes for line in behaviour(change))),
        unknown=tuple(dict.fromkeys(_unknown(shown))),
        changes=plan.changes,
        strange=plan.strange,
    )


def _by_harm(finding: Finding) -> int:
    return finding.harm


def _shown(changes: tuple[Change, ...]) -> Iterator[tuple[Change, list[Document]]]:
    """Each change with its documents; a refusal that goes with what it protected is no gain for anybody."""
    deleted = [change for change in changes if change.kind == "delete" and not change.kept]
    for change in changes:
        found = documents(change)
        if goes_with_its_holder(change, deleted):
            found = [item.going() for item in found]
        yield change, [item for item in found if item.lines or item.note]


def _alarms(shown: Iterable[tuple[Change, list[Document]]]) -> Iterator[Finding]:
    shown = list(shown)
    for change, _ in shown:
        gained, _ = access.changed_facts(change)
        for fact in gained:
            if fact.alarm:
                yield Finding(fact.alarm.harm, fact.alarm.reason, f"{fact.who} {fact.what}")
    for _, found in shown:
        for document in found:
            for line in document.lines:
                if line.gain and line.alarm:
                    yield Finding(line.alarm.harm, line.alarm.reason, f"{document.title}: {line.text}")


def _access(changes: Iterable[Change]) -> Iterator[AccessChange]:
    gained: list[access.Fact] = []
    lost: list[access.Fact] = []
    for change in changes:
        more, less = access.changed_facts(change)
        gained += more
        lost += less
    # The same fact from another resource (a rename) changes nothing for anybody.
    both = {*gained} & {*lost}
    for gain, found in ((True, gained), (False, lost)):
        for fact in dict.fromkeys(found):
            if fact not in both:
                yield AccessChange(gain, fact.who, fact.what)


def _documents(shown: Iterable[tuple[Change, list[Document]]]) -> Iterator[DocumentChange]:
    for _, found in shown:
        for document in found:
            if document.lines:
                state = "new" if document.new else "deleted" if document.gone else ""
                place: Place = "comes" if document.new else "goes" if document.goes_with_holder else "changed"
                yield DocumentChange(document.title, place, state, document.lines)


def _unknown(shown: Iterable[tuple[Change, list[Document]]]) -> Iterator[str]:
    for change, found in shown:
        yield from access.unknown(change)
        for document in found:
            if document.note:
                yield f"{document.title}: {document.note}"
