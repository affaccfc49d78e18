"""An audit as one HTML file that needs no server and no network.

Everything stands in the file, and its content security policy lets nothing else in: script and style are named by their
digests. Without a script the page still shows all rows.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from streamgov_core.model.access_role import ACCESS_ROLE
from streamgov_ops.audit.entries import AccessEntry
from streamgov_ops.audit.graph import access_graph
from streamgov_ops.audit.tables import short_person, short_role
from streamgov_ops.text import printable

COLUMNS = (
    "topic or stream", "role", "access", "since", "until", "asked by", "approved by", "last used", "state", "warnings",
)  # fmt: skip
FILTERS = {"access": "Access", "platform": "Platform", "state": "State", "account": "Consumer account"}
"""Attribute of a row and the label of its filter."""


def audit_page(entries: Sequence[AccessEntry], *, title: str, made_at: str, notes: Sequence[str] = ()) -> str:
    """The page.

    Args:
        entries: what it shows.
        title: which deployment it is of.
        made_at: when it was made, for people.
        notes: what could not be read.
    """
    style, script = _file("style.css"), _file("script.js")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"
    warned = sum(bool(entry.warnings) for entry in entries)
    values = {
        "policy": policy,
        "title": escape(title),
        "made_at": escape(made_at),
        "style": style,
        "script": script,
        "summary": f"{len(entries)} entries, {warned} with warnings",
        "notes": "".join(f"<li>{escape(printable(note))}</li>" for note in notes),
        "filters": "".join(_filter(key, label, entries) for key, label in FILTERS.items()),
        "columns": "".join(
            f'<th scope="col" aria-sort="none"><button type="button">{column}</button></th>' for column in COLUMNS
        ),
        "rows": "\n".join(_row(number, entry) for number, entry in enumerate(entries)),
        "graph": access_graph(entries),
    }
    # One pass: what stands in a value is never taken for a place.
    return re.sub(r"@@(\w+)@@", lambda place: values[place[1]], _file("page.html"))


def _file(name: str) -> str:
    return (files(__package__) / "page_files" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _attributes(entry: AccessEntry) -> dict[str, str]:
    return {
        "access": entry.access,
        "platform": entry.platform,
        "state": entry.state,
        "account": entry.consumer_account,
    }


def _filter(key: str, label: str, entries: Sequence[AccessEntry]) -> str:
    values = sorted({_attributes(entry)[key] for entry in entries})
    options = "".join(f"<option>{escape(value)}</option>" for value in values)
    return f'<label>{label} <select name="{key}"><option value="">all</option>{options}</select></label>'


def _row(number: int, entry: AccessEntry) -> str:
    attributes = "".join(f' data-{key}="{escape(value, quote=True)}"' for key, value in _attributes(entry).items())
    project = f"project {entry.consumer_project}" if entry.consumer_project else ""
    cells = (
        _two(entry.name, entry.resource),
        _two(short_role(entry.principal), project, entry.principal),
        _two(
            entry.access + (", fan-out" if entry.consumption == "FAN_OUT" else ""),
            "by an access role" if entry.delivery == ACCESS_ROLE else "",
            entry.access_role,
        ),
        _time(entry.since),
        _time(entry.until) or "no end",
        _two(short_person(entry.requested_by) or "not known", entry.reason, entry.requested_by),
        _two(short_person(entry.approved_by) or "not known", entry.comment, entry.approved_by),
        (_time(entry.last_used) or "not known") + _read(entry),
        escape(entry.state),
        "<br>".join(escape(printable(warning)) for warning in entry.warnings),
    )
    body = "".join(
        f'<th scope="row">{cell}</th>' if index == 0 else f"<td>{cell}</td>" for index, cell in enumerate(cells)
    )
    warned = ' class="warned"' if entry.warnings else ""
    return f'<tr id="row-{number}"{warned}{attributes} data-keys="{escape(_keys(entry), quote=True)}">{body}</tr>'


def _read(entry: AccessEntry) -> str:
    if not entry.last_read:
        return ""
    return f"<small>read {_time(entry.last_read)} by {escape(printable(entry.last_read_by))}</small>"


def _keys(entry: AccessEntry) -> str:
    """What the search finds beside the text that is shown."""
    return f"{entry.grant} {entry.asset} {entry.principal} {entry.resource} {entry.owner_project} {entry.access_role}"


def _two(first: str, second: str, hover: str = "") -> str:
    title = f' title="{escape(hover, quote=True)}"' if hover else ""
    small = f"<small>{escape(printable(second))}</small>" if second else ""
    return f"<span{title}>{escape(printable(first))}</span>{small}"


def _time(text: str) -> str:
    """A day, or what is said instead of one."""
    if len(text) >= 10 and text[4:5] == "-":
        return f'<time datetime="{escape(text, quote=True)}">{escape(text[:10])}</time>'
    return escape(text)
