"""The `streamgov` command, run in this process."""

from __future__ import annotations

from dataclasses import dataclass

from typer.testing import CliRunner

from streamgov_ops.cli import app


@dataclass(frozen=True)
class Result:
    """What a run of the command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


def run(*arguments: str, text: str | None = None) -> Result:
    """Run the command; an exception that it does not expect fails the test.

    Args:
        arguments: after ``streamgov``.
        text: its standard input.
    """
    result = CliRunner().invoke(app, list(arguments), input=text, catch_exceptions=False)
    return Result(result.exit_code, result.stdout, result.stderr)
