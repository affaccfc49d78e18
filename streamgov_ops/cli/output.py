"""What the subcommands print: text and JSON on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from streamgov_core.model.errors import ConfigError

FOUND = 1
"""Exit code: something was found, failed, or was refused."""
WRONG_INPUT = 2
"""Exit code: the input or the configuration is wrong."""

MACHINE_WIDTH = 400
"""Columns of a table that goes into a pipe or a file."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def say(text: str, style: str | None = None) -> None:
    """Print a line as it is, unwrapped; styled only on a terminal."""
    Console(soft_wrap=True).print(text, style=style, markup=False, highlight=False)


def complain(text: str) -> None:
    """Print a line on standard error."""
    Console(stderr=True, soft_wrap=True).print(text, markup=False, highlight=False)


def say_json(value: Any) -> None:
    """Print a value as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_preview(path: str) -> Any:
    """The JSON of a preview.

    Args:
        path: a file; ``-`` is standard input.

    Raises:
        ConfigError: the file cannot be read, or holds no JSON.
    """
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"this is not JSON ({error}); pass what `pulumi preview --json` printed, and nothing else"
        ) from error


def say_table(table: Table) -> None:
    """Print a table; without a terminal, as wide as it needs to be, one line a row."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=MACHINE_WIDTH)
    console.print(table, markup=False, highlight=False)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error while something long runs; nothing where that is no terminal.

    Yields:
        To be told a sentence, how much is done, and of how many.
    """
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    ) as bars:  # fmt: skip
        task = bars.add_task("", total=None)
        yield lambda what, done, total: bars.update(task, description=what, completed=done, total=total)


def write_text(path: str, text: str) -> None:
    """Write a file for people.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
