"""``streamgov reconcile``: compare DataZone, ledgers and policies now; a dry run unless told otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from streamgov_core.model.findings import KINDS
from streamgov_ops.cli.context import given
from streamgov_ops.cli.output import FOUND, JsonOption, progress, say, say_json
from streamgov_ops.runbook import FINDINGS
from streamgov_ops.runs import run_central
from streamgov_ops.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
clock: Callable[[], float] = time.time
sleep: Callable[[float], None] = time.sleep
_EXIT_CODES = "Exit codes: 0 nothing is open; 1 something is, or the run failed; 2 no such deployment."


@app.command(epilog=_EXIT_CODES)
def reconcile(
    context: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put right what is ours; otherwise nothing is changed.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --repair: also if suspiciously much seems to be gone.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare DataZone, the ledgers and every account's policies now. A dry run unless --repair is given."""
    accounts = given(context).accounts()
    wanted = {"action": "reconcile", "dryRun": not repair, "force": force}
    with progress() as tell:
        output = run_central(accounts, wanted, clock, sleep, tell)
    if as_json:
        say_json(output)
    else:
        _print(output, repair)
    raise typer.Exit(FOUND if _open(output) else 0)


def _counted(documents: Any) -> str:
    return "1 document" if documents == 1 else f"{'?' if documents is None else documents} documents"


def _open(output: dict[str, Any]) -> int:
    counts: dict[str, dict[str, int]] = output.get("counts") or {}
    return sum(
        counted.get("found", 0) - counted.get("repaired", 0) for kind, counted in counts.items() if kind != "Retained"
    )


def _print(output: dict[str, Any], repair: bool) -> None:
    mode = "repaired what is ours" if repair else "dry run: nothing was changed"
    say(f"{mode}; checked {_counted(output.get('checked'))} of policies", style="bold")
    for kind, counted in sorted((output.get("counts") or {}).items()):
        told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counted.items()))
        say(f"{kind}: {told}. {KINDS.get(kind, '').capitalize()}", style="yellow")
        if kind in FINDINGS:
            say(f"    do: {FINDINGS[kind].do}")
    for item in output.get("findings") or ():
        where = f"{item['account']}  " if item.get("account") else ""
        say(f"  {item['kind']}  {where}{item['subject']}  {item['outcome']}: {printable(item['text'])}")
    if not output.get("counts"):
        say("DataZone, ledgers and policies agree", style="green")
