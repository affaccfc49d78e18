"""``streamgov status``: how a deployment is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Annotated

import typer

from streamgov_core.model.naming import check_account
from streamgov_ops.cli.context import given
from streamgov_ops.cli.output import FOUND, JsonOption, complain, progress, say, say_json
from streamgov_ops.status.health import Status, read_status
from streamgov_ops.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
clock: Callable[[], float] = time.time
SHOWN_DOCUMENTS = 5
_EXIT_CODES = "Exit codes: 0 all is well; 1 something needs a person, or AWS refuses; 2 no such deployment."


@app.command(epilog=_EXIT_CODES)
def status(
    context: typer.Context,
    account: Annotated[list[str] | None, typer.Option(help="A member account that has no grants yet.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how a deployment is: parts, grants that failed or hang, last runs, alarms, documents near their limits."""
    accounts = given(context).accounts()
    more = [check_account(item, "--account") for item in account or ()]
    with progress() as tell:
        found = read_status(accounts, more, clock(), tell)
    if as_json:
        say_json(found.to_dict())
    else:
        print_status(found)
    raise typer.Exit(FOUND if found.troubles else 0)


def print_status(found: Status) -> None:
    """Print a status for people."""
    say(f"{found.namespace} in {found.region}", style="bold")
    for account in sorted({part.account for part in found.parts}):
        kinds = Counter(part.kind for part in found.parts if part.account == account)
        told = ", ".join(f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in sorted(kinds.items()))
        say(f"  account {account}: {told}")
    say("  grants: " + (", ".join(f"{count} {state}" for state, count in found.grants.items()) or "none"))
    for name, when in sorted(found.runs.items()):
        say(f"  last run of {name}: {when or 'never'}")
    for item in found.fullest[:SHOWN_DOCUMENTS]:
        say(f"  {item.percent:5.1f} % full: {item.account} {item.document} ({item.grants} grants)")
    if not found.troubles and found.unread:
        say(f"nothing that is known needs a person; not looked at: account {', '.join(found.unread)}", style="yellow")
    elif not found.troubles:
        say("nothing needs a person", style="green")
    for trouble in found.troubles:
        where = f"account {trouble.account}: " if trouble.account else ""
        say(f"! {where}{printable(trouble.what)}", style="red")
        if trouble.do:
            say(f"    {trouble.do}")
    for note in found.notes:
        complain(f"note: {printable(note)}")
