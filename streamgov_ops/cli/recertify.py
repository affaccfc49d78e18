"""``streamgov recertify``: grants that nobody has decided about for long, to be confirmed or ended by their owner."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import typer
from rich.table import Table

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.errors import ConfigError
from streamgov_ops.accounts import Accounts
from streamgov_ops.audit.entries import AccessEntry, entries_of, moment
from streamgov_ops.audit.tables import short_role
from streamgov_ops.cli.context import given
from streamgov_ops.cli.output import JsonOption, say, say_json, say_table
from streamgov_ops.ledger import find_grant, read_ledger
from streamgov_ops.requests.asking import end_grant
from streamgov_ops.requests.recertification import caller, decided_at, due, record_decision

app = typer.Typer(add_completion=False, rich_markup_mode=None)
clock: Callable[[], float] = time.time
_EXIT_CODES = "Exit codes: 0 listed, or decided; 1 AWS refuses; 2 no such grant, or the record has changed meanwhile."


@app.command(epilog=_EXIT_CODES)
def recertify(
    context: typer.Context,
    days: Annotated[float, typer.Option(help="Since the last decision.", min=0)] = 180,
    owner: Annotated[str, typer.Option(help="Only assets of the project with this id.")] = "",
    confirm: Annotated[list[str] | None, typer.Option(metavar="GRANT", help="This grant is still needed.")] = None,
    end: Annotated[list[str] | None, typer.Option(metavar="GRANT", help="This grant is not: revoke it.")] = None,
    comment: Annotated[str, typer.Option(help="Words for the decision.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List grants that nobody has decided about for long, or decide about some.

    The decision, with who took it and when, is kept in the grant ledger.
    """
    accounts = given(context).accounts()
    if confirm or end:
        both = {*(confirm or ())} & {*(end or ())}
        if both:
            raise ConfigError(f"{', '.join(sorted(both))} cannot be confirmed and ended at once")
        decided = [
            *(_decide(accounts, grant, "CONFIRMED", comment) for grant in confirm or ()),
            *(_decide(accounts, grant, "ENDED", comment) for grant in end or ()),
        ]
        if as_json:
            say_json(decided)
        else:
            for item in decided:
                say(f"grant {item['grant']}: {item['decision']} by {item['by']}")
        return
    waiting = due(read_ledger(accounts), days, clock(), owner)
    if as_json:
        say_json([
            {**entry.to_dict(), "decidedAt": moment(decided_at(record))}
            for record in waiting for entry in entries_of([record], clock())
        ])  # fmt: skip
    elif waiting:
        _print(waiting)
    else:
        say(f"somebody has decided about every grant within {days:.0f} days")


def _decide(accounts: Accounts, grant: str, decision: str, comment: str) -> dict[str, str]:
    records = find_grant(accounts, grant)
    who = caller(accounts)
    for record in records:
        record_decision(accounts, record, decision, comment, who, clock())
    command = records[0].command
    if decision == "ENDED" and command is not None:
        end_grant(accounts.client("datazone"), command.domain_id, records[0].grant_id)
    return {"grant": records[0].grant_id, "decision": decision, "by": who}


def _print(waiting: list[GrantRecord]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("grant", "topic or stream", "role", "access", "decided", "approved by"):
        table.add_column(column, overflow="fold")
    for record in waiting:
        entries: list[AccessEntry] = entries_of([record], clock())
        for entry in entries:
            table.add_row(
                record.grant_id, entry.name, short_role(entry.principal), entry.access,
                moment(decided_at(record))[:10], entry.approved_by or "?",
            )  # fmt: skip
    say_table(table)
    say("confirm with --confirm <grant>, end with --end <grant>")
