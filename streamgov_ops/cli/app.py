"""The command's root: its subcommands, the global options, and how errors end it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from streamgov_core.model.errors import ConfigError, StreamgovError
from streamgov_ops.cli.context import Context, hoisted
from streamgov_ops.cli.output import FOUND, WRONG_INPUT, complain

COMMANDS = (
    "review", "deployer", "status", "audit", "explain", "connect", "request", "requests", "approve", "reject", "revoke",
    "recertify", "lineage", "sync", "reconcile", "contracts",
)  # fmt: skip
"""The subcommands. Each is a module of this package with that name, whose ``app`` holds the one command."""
_NEEDS = {"contracts": "contracts.probe"}
"""Subcommands that stand on a distribution of their own (the extra ``contracts``), by a module of it."""
_EXIT_CODES = (
    "Global options may also stand after the subcommand. Exit codes: 0 done; 1 something was found, or was refused; "
    "2 the input or the configuration is wrong."
)


class Streamgov(TyperGroup):
    """The group of subcommands: takes global options anywhere, and ends an expected error with one sentence."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the subcommands that are installed, in the order of COMMANDS."""
        return [name for name in COMMANDS if _is_installed(name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A subcommand; None if there is no such.

        Its module is imported now: some need Pulumi's SDK and its seconds, and the others shall not wait for it.
        """
        if cmd_name not in COMMANDS:
            return None
        if not _is_installed(cmd_name):
            raise ConfigError(f"`streamgov {cmd_name}` is not installed: `pip install ./{cmd_name}` in a checkout")
        command = typer.main.get_command(import_module(f"streamgov_ops.cli.{cmd_name}").app)
        command.name = cmd_name
        return command

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the global options first."""
        return super().parse_args(ctx, hoisted(args))

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand; an expected error is its sentence on standard error and an exit code."""
        try:
            return super().invoke(ctx)
        except StreamgovError as error:
            complain(str(error))
            raise typer.Exit(WRONG_INPUT if isinstance(error, ConfigError) else FOUND) from error


def _is_installed(name: str) -> bool:
    try:
        return name not in _NEEDS or find_spec(_NEEDS[name]) is not None
    except ModuleNotFoundError:
        return False


app = typer.Typer(
    name="streamgov",
    cls=Streamgov,
    help="Review, check and operate a deployment of stream governance.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def root(
    context: typer.Context,
    profile: Annotated[str, typer.Option(help="Profile of the shared AWS configuration. Default: AWS_PROFILE.")] = "",
    region: Annotated[
        str, typer.Option(help="The deployment's region. Default: a stack's file, AWS_REGION, the profile's.")
    ] = "",
    namespace: Annotated[
        str, typer.Option(help="The deployment's namespace. Default: a stack's file, streamgov.")
    ] = "",
    endpoint_url: Annotated[str, typer.Option(help="Another address of AWS. Default: AWS_ENDPOINT_URL.")] = "",
    member_role: Annotated[
        str,
        typer.Option(
            envvar="STREAMGOV_MEMBER_ROLE",
            help="Role to assume in accounts other than the caller's: its name with path, or an ARN with {account}.",
        ),
    ] = "",
) -> None:
    """Keep the global options for the subcommand."""
    context.obj = Context(profile, region, namespace, endpoint_url, member_role)


def main() -> None:
    """Run the command and exit."""
    app(prog_name="streamgov")
