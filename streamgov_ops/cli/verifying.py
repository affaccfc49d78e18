"""What `streamgov audit --verify` prints."""

from __future__ import annotations

import json

from rich.table import Table

from streamgov_ops.audit.tables import short_role
from streamgov_ops.cli.output import complain, say, say_json, say_table, write_text
from streamgov_ops.text import printable
from streamgov_ops.verify.differences import Difference
from streamgov_ops.verify.sarif import as_sarif
from streamgov_ops.verify.verification import Verification

STYLES = {"error": "red", "warning": "yellow", "note": None}


def show(found: Verification, *, sarif: str, as_json: bool, access: bool) -> bool:
    """Print a verification.

    Args:
        found: the verification.
        sarif: a file for the differences; '' for none.
        as_json: print JSON.
        access: also everybody with access, not only the differences.

    Returns:
        Whether an error or a warning is among the differences.
    """
    if sarif:
        write_text(sarif, json.dumps(as_sarif(found.differences), indent=2) + "\n")
        complain(f"{sarif}: {len(found.differences)} results")
    if as_json:
        say_json(found.to_dict())
    else:
        if access:
            say_table(_access(found))
        for item in found.differences:
            _say(item)
        say(_summary(found))
    return any(item.level != "note" for item in found.differences)


def _access(found: Verification) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("topic or stream", "principal", "may", "answer", "way", "by"):
        table.add_column(column, overflow="fold")
    for item in found.findings:
        way = item.way + (f", assuming {' > '.join(map(short_role, item.through))}" if item.through else "")
        by = item.verdict.statements or item.verdict.depends_on
        table.add_row(
            item.resource.rsplit("/", 1)[-1], short_role(item.principal), item.direction, item.verdict.answer.value,
            way, printable("; ".join(by)),
        )  # fmt: skip
    return table


def _say(item: Difference) -> None:
    say(f"{item.level}: {printable(item.message)}", style=STYLES[item.level])
    if item.by and item.rule not in ("notDecided", "bypassesIam"):
        whose = "of this deployment" if item.ours else "not of this deployment alone"
        say(f"    by {printable('; '.join(item.by))} ({whose})")


def _summary(found: Verification) -> str:
    counts = {level: sum(item.level == level for item in found.differences) for level in STYLES}
    told = ", ".join(f"{count} {level}{'s' if count != 1 else ''}" for level, count in counts.items())
    return (
        f"{len(found.resources)} topics and streams, principals of {len(found.accounts)} accounts, "
        f"{len(found.findings)} ways of access: {told}"
    )
