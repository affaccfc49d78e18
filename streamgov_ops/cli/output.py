"""What the subcommands print: text and JSON on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from streamgov_core.model.errors import ConfigError

FOUND = 1
"""Exit code: something was found, failed, or was refused."""
WRONG_INPUT = 2
"""Exit code: the input or the configuration is wrong."""

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
