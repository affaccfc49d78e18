"""``streamgov reject``: reject a subscription request."""

from __future__ import annotations

from typing import Annotated

import typer

from streamgov_ops.cli.context import given
from streamgov_ops.cli.domain import CommentOption, DomainOption, reader
from streamgov_ops.cli.output import JsonOption, say, say_json
from streamgov_ops.requests import decisions

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_EXIT_CODES = (
    "Exit codes: 0 rejected; 1 it is decided already, or DataZone refuses; 2 an id is wrong, or there are no "
    "credentials."
)


@app.command(epilog=_EXIT_CODES)
def reject(
    context: typer.Context,
    request: Annotated[str, typer.Argument(help="Id of the request.", show_default=False)],
    domain: DomainOption,
    comment: CommentOption = "",
    as_json: JsonOption = False,
) -> None:
    """Reject a subscription request."""
    decision = decisions.reject(reader(given(context), domain, request=request), request, comment)
    if as_json:
        say_json(decision.to_dict())
    else:
        say(f"request {request} is rejected")
