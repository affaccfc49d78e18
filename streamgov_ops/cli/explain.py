"""``streamgov explain``: the life of one grant as a timeline, with its cause and what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from streamgov_ops.cli.context import given
from streamgov_ops.cli.output import FOUND, JsonOption, complain, progress, say, say_json
from streamgov_ops.explain.explanation import Explainer, Explanation
from streamgov_ops.explain.told import Told
from streamgov_ops.ledger import find_grant
from streamgov_ops.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_EXIT_CODES = "Exit codes: 0 told; 1 the grant or its revoke failed, or AWS refuses; 2 no such grant or deployment."


@app.command(epilog=_EXIT_CODES)
def explain(
    context: typer.Context,
    grant: Annotated[str, typer.Argument(help="Id of the grant, or its beginning.", show_default=False)],
    policies: Annotated[
        bool,
        typer.Option(
            "--policies/--no-policies",
            help="Read what was written into policies from CloudTrail, too: some seconds for each account.",
        ),
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Tell the life of one grant: request, decision, executions, policies before and after, cause, and what to do."""
    accounts = given(context).accounts()
    records = find_grant(accounts, grant)
    with progress() as tell:
        explainer = Explainer(accounts, tell, policies=policies)
        found = [explainer.explain(record) for record in records]
    if as_json:
        say_json([item.to_dict() for item in found])
    else:
        for item in found:
            _print(item)
    if any(item.record.state.endswith("FAILED") for item in found):
        raise typer.Exit(FOUND)


def _print(found: Explanation) -> None:
    record, command = found.record, found.record.command
    say(f"grant {record.grant_id}, asset {record.asset_id}: {record.state}", style="bold")
    if command is not None:
        until = f" until {command.request.until}" if command.request.until else ""
        roles = ", ".join(role.arn for role in command.consumer.principals)
        say(f"{roles} {command.request.access}{until} {command.resource.get('arn', '')}")
    say("")
    told = Told(record.cause)
    for item in found.moments:
        style = "red" if item.bad else None
        detail = f"  {printable(told.short(item.detail))}" if item.detail else ""
        say(f"{item.at[:10]} {item.at[11:23]}  {item.account}  {printable(item.what)}{detail}", style=style)
    _print_traces(found)
    if found.documents:
        say("\ndocuments", style="bold")
    for state in found.documents:
        say(f"{state.account}  {state.document}  {state.state}, generation {state.generation}, {state.at}")
        for line in state.gives:
            say(f"    {line}")
        if state.cause:
            say(f"    {printable(told.short(state.cause))}", style="red")
    _print_changes(found)
    if record.cause:
        say(f"\ncause  {printable(record.cause)}", style="red")
    if found.advice is not None:
        say(f"means  {found.advice.means}\ndo     {found.advice.do}")
    for line in found.commands:
        say(f"    {line}")
    for note in found.notes:
        complain(f"note: {printable(note)}")


def _print_traces(found: Explanation) -> None:
    if found.traces:
        say("\ntraces", style="bold")
    for trace in found.traces:
        whose = f"execution {trace.execution.rsplit(':', 1)[1]}" if trace.execution else "log lines"
        if trace.sampled is False:
            say(f"{trace.id}  {whose}; X-Ray did not sample it, so only log lines have it")
        else:
            say(f"{trace.id}  {whose}\n    aws xray batch-get-traces --trace-ids {trace.id}")


def _print_changes(found: Explanation) -> None:
    if found.changes:
        say("\nwritten into policies", style="bold")
    for change in found.changes:
        refused = f": {change.error}" if change.error else ""
        say(f"{change.at[:10]} {change.at[11:19]}  {change.account}  {change.call}  {change.document}{refused}")
        for line in change.lines:
            say(f"    {printable(line)}", style="green" if line[:1] == "+" else "red" if line[:1] == "-" else None)
        if not change.lines and change.after is None:
            say("    its text is not recorded")
        elif not change.lines and change.after and not change.error:
            say(f"    no earlier text is known; it is now {printable(change.after)}")
