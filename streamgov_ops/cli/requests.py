"""``streamgov requests``: what waits for a project's decision."""

from __future__ import annotations

from typing import Annotated

import typer

from streamgov_ops.cli.context import given
from streamgov_ops.cli.domain import DomainOption, reader
from streamgov_ops.cli.output import JsonOption, say, say_json
from streamgov_ops.requests.pending import PendingRequest
from streamgov_ops.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_EXIT_CODES = (
    "Exit codes: 0 listed, or nothing waits; 1 DataZone refuses; 2 an id is wrong, or there are no credentials."
)


@app.command(epilog=_EXIT_CODES)
def requests(
    context: typer.Context,
    domain: DomainOption,
    project: Annotated[str, typer.Option(help="Id of the project that published the assets.")],
    as_json: JsonOption = False,
) -> None:
    """List the subscription requests that wait for a project's decision, oldest first.

    Uses the caller's own credentials, as a member of that project.
    """
    found = reader(given(context), domain, **{"--project": project})
    name = found.project_name(project)
    waiting = found.pending(project)
    if as_json:
        say_json([item.to_dict() for item in waiting])
        return
    if not waiting:
        known = f"{printable(name)} ({project})" if name else f"{project}, if it exists (you may not see it)"
        say(f"nothing waits for a decision of project {known}")
    for item in waiting:
        _print(item)


def _print(item: PendingRequest) -> None:
    say(f"{item.id}  {printable(item.asset)} ({item.asset_type})", style="bold")
    say(f"    asked   {item.created_at} by {item.by} for {printable(item.subscriber)}: {printable(item.reason)}")
    if item.asked is None:
        say(f"    wants   {printable(item.problem)}")
    else:
        until = f"until {item.asked.until}" if item.asked.until else "without end"
        say(f"    wants   {item.asked.access}, {item.asked.consumption}, {until}")
