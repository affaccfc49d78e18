"""``streamgov connect``: what the consumer of a grant needs to connect, and snippets that are ready to run."""

from __future__ import annotations

from typing import Annotated

import typer

from streamgov_core.model.errors import ConfigError
from streamgov_ops.cli.context import given
from streamgov_ops.cli.deployer import one_of
from streamgov_ops.cli.output import JsonOption, complain, say, say_json
from streamgov_ops.connect.details import ConnectionDetails, details_of, parameter_of
from streamgov_ops.connect.filling import KINDS, kinds_of, snippet
from streamgov_ops.ledger import find_grant
from streamgov_ops.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_EXIT_CODES = "Exit codes: 0 told; 1 AWS refuses; 2 no such grant, or no such snippet for its platform."


@app.command(epilog=_EXIT_CODES)
def connect(
    context: typer.Context,
    grant: Annotated[str, typer.Argument(help="Id of the grant, or its beginning.", show_default=False)],
    kind: Annotated[
        str,
        typer.Option(
            "--snippet",
            help=f"Print only this snippet: {', '.join(KINDS)}.",
            callback=lambda value: one_of(KINDS, "--snippet")(value) if value else "",
            autocompletion=lambda: list(KINDS),
        ),
    ] = "",
    role: Annotated[str, typer.Option(help="For this role; default: the grant's first.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Tell what a grant's consumer needs to connect, and print a snippet that is ready to run."""
    accounts = given(context).accounts()
    found: list[ConnectionDetails] = []
    for record in find_grant(accounts, grant):
        told, note = parameter_of(accounts, record)
        if note:
            complain(f"note: {printable(note)}")
        found.extend(item for item in details_of(record, accounts.names, told) if role in item.role)
    if not found:
        raise ConfigError(f"grant {grant} has no role with {role!r} in its ARN")
    if kind:
        made = [snippet(kind, found[0])]
        say_json([vars(item) for item in made]) if as_json else print_snippet(made[0].text)
        return
    if as_json:
        say_json([item.to_dict() for item in found])
        return
    for item in found:
        _print(item)


def print_snippet(text: str) -> None:
    """Print a snippet as it is, for a file or a pipe."""
    typer.echo(text, nl=False)


def _print(item: ConnectionDetails) -> None:
    say(f"grant {item.grant}: {item.state}", style="bold" if item.state == "GRANTED" else "yellow")
    told = {
        "as": f"{item.role} ({item.access})",
        "awsRoleArn": f"{item.access_role} (assume it for everything)" if item.access_role else "",
        **item.values,
        "schema": item.schema,
        "schema reader": f"{item.reader_role} (assume it to read the schema)" if item.reader_role else "",
    }
    shown = {key: value for key, value in told.items() if value}
    width = max(map(len, shown))
    for key, value in shown.items():
        say(f"  {key:<{width}}  {printable(value)}")
    kinds = kinds_of(item.platform)
    if kinds:
        say(f"snippets: streamgov connect {item.grant} --snippet {'|'.join(kinds)}")
