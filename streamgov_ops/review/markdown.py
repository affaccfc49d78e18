"""The review report as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streamgov_ops.review.losses import GUARD
from streamgov_ops.review.markup import code, count, listed
from streamgov_ops.review.plan import Change, Kind
from streamgov_ops.review.report import Place, Report

_VERBS: Mapping[Kind, str] = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
_FOLDED: Mapping[Place, str] = {"comes": "What comes", "goes": "What goes"}


def markdown(report: Report) -> str:
    """The report as text for a pull request."""
    parts: list[str] = [f"# Review of stack {code(report.stack)}" if report.stack else "# Review", _summary(report)]
    if report.errors:
        parts.append(_section("The preview failed", [_quoted(text) for text in report.errors]))
    parts.append(_section("Look at these first", _bullets(map(str, report.first))))
    parts.append(_section("Who gains or loses access", _access(report)))
    parts.append(_section("Permissions of our own roles and resources", _documents(report)))
    parts.append(_section("What is destroyed", _bullets(report.destroyed)))
    parts.append(_section("Code and behaviour", _bullets(report.behaviour)))
    parts.append(_section("Cannot be told before `up`", _bullets(report.unknown)))
    parts.append(_section("All changes", _everything(report)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(report: Report) -> str:
    counted = [
        f"{count(report.counts[kind], 'resource')} {verb}" for kind, verb in _VERBS.items() if report.counts.get(kind)
    ]
    if not counted and not report.strange:
        return "" if report.errors else f"**Nothing changes.** {count(report.unchanged, 'resource')} as before."
    return f"{', '.join(counted)}; {report.unchanged} as before."


def _section(title: str, body: Iterable[str]) -> str:
    lines = list(body)
    return f"## {title}\n\n" + "\n".join(lines) if lines else ""


def _bullets(lines: Iterable[str]) -> list[str]:
    return [f"- {line}" for line in dict.fromkeys(lines)]


def _quoted(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _access(report: Report) -> list[str]:
    rows = [f"| {'**gains**' if item.gain else 'loses'} | {item.who} | {item.what} |" for item in report.access]
    return ["| | who | what |", "| --- | --- | --- |", *rows] if rows else []


def _documents(report: Report) -> list[str]:
    blocks: dict[Place, list[str]] = {"changed": [], "comes": [], "goes": []}
    for item in report.documents:
        state = f" ({item.state})" if item.state else ""
        blocks[item.place] += [f"### {item.title[0].upper()}{item.title[1:]}{state}", ""]
        blocks[item.place] += [f"- {'**gains**' if line.gain else 'loses'}: {line.text}" for line in item.lines]
        blocks[item.place].append("")
    lines = blocks["changed"]
    for place, title in _FOLDED.items():
        if blocks[place]:
            summary = f"<summary>{title} with its role or resource</summary>"
            lines += [f"<details>{summary}", "", *blocks[place], "</details>", ""]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _everything(report: Report) -> list[str]:
    lines: list[str] = []
    for kind, verb in _VERBS.items():
        changes = [change for change in report.changes if change.kind == kind]
        if kind in ("create", "delete"):
            lines += _grouped(changes, verb)
        else:
            lines += [f"- {verb}: {code(change.name)} ({change.type}){_inputs(change)}" for change in changes]
    lines += [f"- not understood by this report: {code(text)}" for text in report.strange]
    return lines


def _inputs(change: Change) -> str:
    # Which parts of the stack the destroy guard looks at follows from the other changes.
    names = [name for name in change.changed if (change.type, name) != (GUARD, "parts")]
    return f": {listed(names)}" if names else ""


def _grouped(changes: list[Change], verb: str) -> list[str]:
    types: dict[str, list[str]] = {}
    for change in changes:
        how = "taken over" if change.imported else "let go of, not deleted" if change.kept else verb
        types.setdefault(f"{how}: {change.type}", []).append(change.name)
    return [f"- {title}: {listed(sorted(names))}" for title, names in sorted(types.items())]
