"""The review report: Markdown from a plan. Pure; the same plan gives the same text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from streamgov_ops.review import access, behaviour
from streamgov_ops.review.documents import Document, documents
from streamgov_ops.review.losses import loss
from streamgov_ops.review.plan import Change, Kind, Plan, read_plan
from streamgov_ops.review.words import code, count, listed

_VERBS: Mapping[Kind, str] = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


def review(preview: Any) -> str:
    """The report on what ``pulumi preview --json`` printed (already parsed).

    Raises:
        ConfigError: it is something else.
    """
    plan = read_plan(preview)
    parts: list[str] = [f"# Review of stack {code(plan.stack)}" if plan.stack else "# Review", _summary(plan)]
    if plan.errors:
        parts.append(_section("The preview failed", [_quoted(text) for text in plan.errors]))
    shown = [(change, documents(change)) for change in plan.changes]
    parts.append(_section("Look at these first", _bullets(_alarms(shown))))
    parts.append(_section("Who gains or loses access", _access(plan.changes)))
    parts.append(_section("Permissions of our own roles and resources", _documents(shown)))
    parts.append(
        _section("What is destroyed", _bullets(found[0] for change in plan.changes if (found := loss(change))))
    )
    parts.append(
        _section(
            "Code and behaviour", _bullets(line for change in plan.changes for line in behaviour.behaviour(change))
        )
    )
    parts.append(_section("Cannot be told before `up`", _bullets(_unknowns(shown))))
    parts.append(_section("All changes", _everything(plan)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(plan: Plan) -> str:
    kinds = Counter(change.kind for change in plan.changes)
    words = [f"{count(kinds[kind], 'resource')} {verb}" for kind, verb in _VERBS.items() if kinds[kind]]
    if not words and not plan.strange:
        return "" if plan.errors else f"**Nothing changes.** {count(plan.unchanged, 'resource')} as before."
    return f"{', '.join(words)}; {plan.unchanged} as before."


def _section(title: str, body: Iterable[str]) -> str:
    lines = list(body)
    return f"## {title}\n\n" + "\n".join(lines) if lines else ""


def _bullets(lines: Iterable[str]) -> list[str]:
    return [f"- {line}" for line in dict.fromkeys(lines)]


def _quoted(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _alarms(shown: list[tuple[Change, list[Document]]]) -> Iterator[str]:
    deleted = _deleted(shown)
    for change, found in shown:
        gained, _ = _facts(change)
        for fact in gained:
            if fact.alarm:
                yield f"**{fact.alarm}**: {fact.who} {fact.what}"
        for document in [] if change.needs & deleted else found:
            for line in document.lines:
                if line.gain and line.alarm:
                    yield f"**{line.alarm}**: {document.title}: {line.text}"
        lost = loss(change)
        if lost and lost[1]:
            yield lost[0]


def _deleted(shown: list[tuple[Change, list[Document]]]) -> frozenset[str]:
    """What is deleted for good: a document that goes with its role or resource says nothing by going."""
    return frozenset(change.urn for change, _ in shown if change.kind == "delete" and not change.kept)


def _facts(change: Change) -> tuple[list[access.Fact], list[access.Fact]]:
    before = access.facts(change, change.before)
    # What the program lets go of without deleting it stays in force.
    after = before if change.kept else access.facts(change, change.after)
    return sorted(after - before, key=str), sorted(before - after, key=str)


def _access(changes: Iterable[Change]) -> list[str]:
    gained: list[access.Fact] = []
    lost: list[access.Fact] = []
    for change in changes:
        more, less = _facts(change)
        gained += more
        lost += less
    # The same fact from another resource (a rename) changes nothing for anybody.
    both = {*gained} & {*lost}
    rows = [
        f"| {word} | {fact.who} | {fact.what} |"
        for word, found in (("**gains**", gained), ("loses", lost))
        for fact in dict.fromkeys(found)
        if fact not in both
    ]
    return ["| | who | what |", "| --- | --- | --- |", *rows] if rows else []


def _documents(shown: list[tuple[Change, list[Document]]]) -> list[str]:
    lines: list[str] = []
    made: list[str] = []
    left: list[str] = []
    deleted = _deleted(shown)
    for change, found in shown:
        for document in found:
            if not document.lines:
                continue
            state = " (new)" if document.new else " (deleted)" if document.gone else ""
            block = [f"### {document.title[0].upper()}{document.title[1:]}{state}", ""]
            block += [f"- {'**gains**' if line.gain else 'loses'}: {line.text}" for line in document.lines]
            goes_too = change.urn in deleted or change.needs & deleted
            (made if document.new else left if document.gone and goes_too else lines).extend([*block, ""])
    for title, folded in (("What comes", made), ("What goes", left)):
        if folded:
            summary = f"<summary>{title} with its role or resource</summary>"
            lines += [f"<details>{summary}", "", *folded, "</details>", ""]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _unknowns(shown: list[tuple[Change, list[Document]]]) -> Iterator[str]:
    for change, found in shown:
        yield from access.unknown(change)
        for document in found:
            if document.note:
                yield f"{document.title}: {document.note}"


def _everything(plan: Plan) -> list[str]:
    lines: list[str] = []
    for kind, verb in _VERBS.items():
        changes = [change for change in plan.changes if change.kind == kind]
        if kind in ("create", "delete"):
            lines += _grouped(changes, verb)
        else:
            for change in changes:
                why = f": {listed(change.changed)}" if change.changed else ""
                lines.append(f"- {verb}: {code(change.name)} ({change.type}){why}")
    lines += [f"- not understood by this report: {code(text)}" for text in plan.strange]
    return lines


def _grouped(changes: list[Change], verb: str) -> list[str]:
    types: dict[str, list[str]] = {}
    for change in changes:
        how = "taken over" if change.imported else "let go of, not deleted" if change.kept else verb
        types.setdefault(f"{how}: {change.type}", []).append(change.name)
    return [f"- {title}: {listed(sorted(names))}" for title, names in sorted(types.items())]
