"""An audit as a table for a terminal and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from rich.table import Table

from streamgov_core.model.access_role import ACCESS_ROLE
from streamgov_ops.audit.entries import AccessEntry
from streamgov_ops.text import printable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""


def terminal_table(entries: Sequence[AccessEntry]) -> Table:
    """A table of what most readers ask for; `--json` and `--csv` hold everything."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("topic or stream", "role", "access", "since", "until", "approved by", "last used", "state"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        table.add_row(
            *map(printable, (
                entry.name,
                short_role(entry.principal),
                entry.access
                + (", fan-out" if entry.consumption == "FAN_OUT" else "")
                + (", by access role" if entry.delivery == ACCESS_ROLE else ""),
                entry.since[:10],
                entry.until or "no end",
                short_person(entry.approved_by) or "?",
                (_day(entry.last_used) or "?") + (f" (read {_day(entry.last_read)})" if entry.last_read else ""),
                entry.state + (f" ({len(entry.warnings)} !)" if entry.warnings else ""),
            )),
            style="yellow" if entry.warnings else None,
        )  # fmt: skip
    return table


def as_csv(entries: Sequence[AccessEntry]) -> str:
    """CSV with one column for each attribute; warnings are joined by '; '."""
    out = io.StringIO()
    columns = list(AccessEntry.__dataclass_fields__)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for entry in entries:
        values = [getattr(entry, column) for column in columns]
        writer.writerow(_cell("; ".join(value) if isinstance(value, tuple) else str(value)) for value in values)
    return out.getvalue()


def short_role(arn: str) -> str:
    """A role as people write it: its account and its name."""
    parts = arn.split(":", 5)
    return f"{parts[4]} {parts[5].rsplit('/', 1)[-1]}" if len(parts) == 6 else arn


def short_person(name: str) -> str:
    """A person as people write it: of an ARN, what follows its kind."""
    parts = name.split(":", 5)
    return parts[5].split("/", 1)[-1] if len(parts) == 6 else name


def _day(text: str) -> str:
    """The day of a time; of a phrase, its first word."""
    return text[:10] if text[:1].isdigit() else text.split(" ", 1)[0]


def _cell(text: str) -> str:
    plain = printable(text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
