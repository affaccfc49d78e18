"""``streamgov audit``: who may read or write what, since when, until when, and by whose decision."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import check_account
from streamgov_ops.audit.entries import AccessEntry, entries_of, moment
from streamgov_ops.audit.page import audit_page
from streamgov_ops.audit.reading import AuditReader
from streamgov_ops.audit.tables import as_csv, terminal_table
from streamgov_ops.cli.context import given
from streamgov_ops.cli.output import FOUND, JsonOption, complain, progress, say, say_json, say_table, write_text
from streamgov_ops.cli.verifying import show
from streamgov_ops.ledger import read_ledger
from streamgov_ops.text import printable
from streamgov_ops.verify.verification import Wanted, verify

app = typer.Typer(add_completion=False, rich_markup_mode=None)
clock: Callable[[], float] = time.time
sleep: Callable[[float], None] = time.sleep
_EXIT_CODES = (
    "Exit codes: 0 listed, or nothing but notes differs; 1 live policies differ from the ledger, or AWS refuses; "
    "2 no such deployment, a wrong option, or no credentials."
)


@app.command(epilog=_EXIT_CODES)
def audit(
    context: typer.Context,
    role: Annotated[str, typer.Option(help="Only roles whose ARN holds this text.")] = "",
    asset: Annotated[str, typer.Option(help="Only topics and streams whose ARN or asset id holds this text.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also grants that failed or were revoked.")] = False,
    last_used: Annotated[
        bool, typer.Option(help="Ask IAM and CloudWatch when access was last used; some seconds for each role.")
    ] = True,
    csv: Annotated[str, typer.Option("--csv", metavar="FILE", help="Write CSV; - is standard output.")] = "",
    html: Annotated[str, typer.Option("--html", metavar="FILE", help="Write one self-contained HTML page.")] = "",
    verify_live: Annotated[
        bool, typer.Option("--verify", help="Evaluate the live policies of every account, and tell what differs.")
    ] = False,
    access: Annotated[bool, typer.Option("--access", help="With --verify: everybody with access, too.")] = False,
    sarif: Annotated[str, typer.Option("--sarif", metavar="FILE", help="With --verify: write SARIF.")] = "",
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="With --verify: principals whose access is meant to be there."),
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="With --verify: a further account whose principals are looked at.")
    ] = None,
    assume_no_scp: Annotated[
        bool, typer.Option("--assume-no-scp", help="With --verify: unread service control policies allow everything.")
    ] = False,
    chains: Annotated[bool, typer.Option(help="With --verify: follow roles that may be assumed.")] = True,
    as_json: JsonOption = False,
) -> None:
    """List who may read or write what, since when, until when, and by whose decision.

    Reads the grant ledger with credentials of the domain's account. Roles of other accounts are looked at through
    --member-role. With --verify the live policies of every account are evaluated instead, and compared with the ledger.
    """
    if as_json and csv == "-":
        raise ConfigError("--json and --csv - both want standard output: name a file for one of them")
    accounts = given(context).accounts()
    records = read_ledger(accounts)
    if verify_live:
        wanted_of = Wanted(asset, _accounts(account), tuple(expect or ()), assume_no_scp, chains)
        with progress() as tell:
            found = verify(accounts, records, wanted_of, clock(), tell)
        raise typer.Exit(FOUND if show(found, sarif=sarif, as_json=as_json, access=access) else 0)
    wanted = [
        entry
        for entry in entries_of(records, clock(), ended=everything)
        if role in entry.principal and (asset in entry.resource or asset == entry.asset)
    ]
    with progress() as tell:
        reader = AuditReader(accounts, sleep, tell)
        entries = reader.complete(wanted, records, last_used=last_used)
    title = f"Access to streams: {accounts.names.namespace} in {accounts.names.region}"
    if csv:
        _write(csv, as_csv(entries))
    if html:
        write_text(html, audit_page(entries, title=title, made_at=moment(clock()), notes=reader.notes))
        complain(f"{html}: {len(entries)} entries")
    if as_json:
        say_json({"entries": [entry.to_dict() for entry in entries], "notes": reader.notes})
    elif not csv and not html:
        _print(entries)
    for note in reader.notes:
        complain(f"note: {printable(note)}")


def _accounts(given_accounts: list[str] | None) -> tuple[str, ...]:
    return tuple(check_account(item, "--account") for item in given_accounts or ())


def _write(path: str, text: str) -> None:
    if path == "-":
        typer.echo(text, nl=False)
    else:
        write_text(path, text)


def _print(entries: list[AccessEntry]) -> Any:
    if not entries:
        say("the ledger holds no access that fits")
        return
    say_table(terminal_table(entries))
    warned = [entry for entry in entries if entry.warnings]
    for entry in warned:
        for warning in entry.warnings:
            say(f"! {entry.name}, {entry.principal}: {printable(warning)}", style="yellow")
