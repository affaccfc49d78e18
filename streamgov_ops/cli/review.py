"""``streamgov review``: what a reviewer must know about a change, from ``pulumi preview --json``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streamgov_ops.cli.output import FOUND, JsonOption, read_preview, say_json
from streamgov_ops.review import markdown, read_report

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_EXIT_CODES = "Exit codes: 0 there is a report; 1 the preview failed; 2 the input is no preview."


@app.command(epilog=_EXIT_CODES)
def review(
    preview: Annotated[str, typer.Argument(help="File with the preview's JSON; - is standard input.")] = "-",
    as_json: JsonOption = False,
) -> None:
    """Turn the output of `pulumi preview --json` into Markdown for a reviewer.

    It tells the worst first, then who gains or loses which access, which permissions change, and what is destroyed.
    """
    report = read_report(read_preview(preview))
    if as_json:
        say_json(report.to_dict())
    else:
        sys.stdout.write(markdown(report))
    if report.errors:
        raise typer.Exit(FOUND)
