"""``streamgov request``: ask for access to a topic or stream."""

from __future__ import annotations

from typing import Annotated

import typer

from streamgov_ops.cli import domain as deciding
from streamgov_ops.cli.context import given
from streamgov_ops.cli.deployer import one_of
from streamgov_ops.cli.domain import DomainOption
from streamgov_ops.cli.output import JsonOption, say, say_json
from streamgov_ops.requests.asking import Asked, ask, find_listing
from streamgov_ops.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
ACCESS = ("READ", "WRITE", "READ_WRITE")
CONSUMPTION = ("SHARED", "FAN_OUT")
_EXIT_CODES = "Exit codes: 0 asked; 1 DataZone refuses; 2 no such asset or project, or something asked is malformed."


@app.command(epilog=_EXIT_CODES)
def request(
    context: typer.Context,
    asset: Annotated[str, typer.Argument(help="Name or id of the published asset.", show_default=False)],
    domain: DomainOption,
    project: Annotated[str, typer.Option(help="Id of the project that would subscribe.")],
    reason: Annotated[str, typer.Option(help="Why; whoever decides reads it.")],
    access: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(ACCESS)}.", callback=one_of(ACCESS, "--access"), autocompletion=lambda: ACCESS
        ),
    ] = "READ",
    consumption: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(CONSUMPTION)} (Kinesis).", callback=one_of(CONSUMPTION, "--consumption"),
            autocompletion=lambda: CONSUMPTION,
        ),
    ] = "SHARED",
    until: Annotated[str, typer.Option(help="The last day of access: 2027-01-31. Default: no end.")] = "",
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Ask for access to a topic or stream, as a member of the project that would subscribe."""
    options = given(context)
    reader = deciding.reader(options, domain, **{"--project": project})
    reader.project_name(project)
    listing = find_listing(reader.api, domain, asset)
    made = ask(
        reader.api, reader.names, domain, project, listing, Asked(access, consumption, until), reason, reader.now
    )
    if as_json:
        say_json({"request": made, "asset": listing.asset, "listing": listing.id, "name": listing.name})
        return
    end = f"until {until}" if until else "without end"
    say(f"request {made}: {access} of {printable(listing.name)} {end} waits for its owner's decision")
