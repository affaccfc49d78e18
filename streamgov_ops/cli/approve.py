"""``streamgov approve``: approve a subscription request, perhaps for a shorter time."""

from __future__ import annotations

from typing import Annotated

import typer

from streamgov_ops.cli.context import given
from streamgov_ops.cli.domain import CommentOption, DomainOption, reader
from streamgov_ops.cli.output import JsonOption, say, say_json
from streamgov_ops.requests import decisions

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_EXIT_CODES = (
    "Exit codes: 0 approved; 1 it is decided already, cannot be granted, or DataZone refuses; 2 an id or the end is "
    "wrong, or there are no credentials."
)
NEXT = (
    "Where the consumer's subscription target has grantCreationMode AUTOMATIC, access follows within seconds; with "
    "MANUAL the consumer's project makes the grant in the portal."
)


@app.command(epilog=_EXIT_CODES)
def approve(
    context: typer.Context,
    request: Annotated[str, typer.Argument(help="Id of the request.", show_default=False)],
    domain: DomainOption,
    until: Annotated[
        str | None, typer.Option(help="An end earlier than the one asked for: 2027-01-31, its last second UTC.")
    ] = None,
    comment: CommentOption = "",
    as_json: JsonOption = False,
) -> None:
    """Approve a subscription request, for the time that was asked for or a shorter one."""
    decision = decisions.approve(reader(given(context), domain, request=request), request, until, comment)
    if as_json:
        say_json(decision.to_dict())
        return
    say(f"request {request} is approved {f'until {decision.until}' if decision.until else 'without end'}")
    say(NEXT)
