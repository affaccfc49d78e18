"""``streamgov revoke``: end a grant."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import typer

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.errors import ConfigError
from streamgov_ops.accounts import Accounts
from streamgov_ops.cli.context import given
from streamgov_ops.cli.output import FOUND, JsonOption, complain, progress, say, say_json
from streamgov_ops.ledger import find_grant
from streamgov_ops.requests.asking import end_grant

app = typer.Typer(add_completion=False, rich_markup_mode=None)
clock: Callable[[], float] = time.time
sleep: Callable[[float], None] = time.sleep
POLL_SECONDS = 2.0
WAIT_SECONDS = 600.0
_EXIT_CODES = "Exit codes: 0 revoked, or asked for; 1 the revoke failed, or DataZone refuses; 2 no such grant."


@app.command(epilog=_EXIT_CODES)
def revoke(
    context: typer.Context,
    grant: Annotated[str, typer.Argument(help="Id of the grant, or its beginning.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until the permissions are gone.")] = True,
    as_json: JsonOption = False,
) -> None:
    """End a grant: DataZone is asked, and the deployment takes the permissions away."""
    accounts = given(context).accounts()
    records = find_grant(accounts, grant)
    for record in records:
        if record.command is None:
            raise ConfigError(f"grant {record.grant_id} never gave anything: there is nothing to revoke")
        if not as_json:
            roles = ", ".join(role.arn for role in record.command.consumer.principals)
            say(f"{roles} loses {record.command.request.access} of {record.command.resource.get('arn', '')}")
    if not yes and not typer.confirm("revoke?", err=True):
        raise ConfigError("nothing was revoked")
    command = records[0].command
    assert command is not None
    end_grant(accounts.client("datazone"), command.domain_id, records[0].grant_id)
    ended = _ended(accounts, records[0].grant_id) if wait else find_grant(accounts, records[0].grant_id)
    if as_json:
        say_json(
            [
                {"grant": item.grant_id, "asset": item.asset_id, "state": item.state, "cause": item.cause}
                for item in ended
            ]
        )
    for item in ended:
        if not as_json:
            say(f"asset {item.asset_id}: {item.state}{f' ({item.cause})' if item.cause else ''}")
    if any(item.state == "REVOKE_FAILED" for item in ended):
        raise typer.Exit(FOUND)


def _ended(accounts: Accounts, grant_id: str) -> list[GrantRecord]:
    begun = clock()
    with progress() as tell:
        while True:
            records = find_grant(accounts, grant_id)
            if all(record.desired == "REVOKE" and record.state != "IN_PROGRESS" for record in records):
                return records
            if clock() - begun > WAIT_SECONDS:
                complain(f"not done after {WAIT_SECONDS / 60:.0f} minutes: see `streamgov explain {grant_id}`")
                return records
            tell("revoking", 0, 0)
            sleep(POLL_SECONDS)
