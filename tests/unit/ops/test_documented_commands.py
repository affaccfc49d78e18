"""Every `streamgov …` of the pages is one that the command takes: its options are there, and so is what it needs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from streamgov_ops.cli.app import COMMANDS, app
from streamgov_ops.cli.context import hoisted

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")])
ELIDED = ("…", "...")


def commands(page: Path) -> Iterator[list[str]]:
    """The commands with options of a page, in code and in sentences; one without options only names a subcommand."""
    text = page.read_text()
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in fenced for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```\w*\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    for line in (*lines, *inline):
        found = re.search(r"(?:^|[|$] ?)streamgov (\S.*)", line)
        if found and " --" in found[1] and not any(mark in found[1] for mark in ELIDED):
            words = shlex.split(found[1].split("   ")[0], comments=True)
            yield words[: words.index("|")] if "|" in words else words


CASES = [(page.relative_to(ROOT).as_posix(), words) for page in PAGES for words in commands(page)]


def wrong(words: list[str]) -> list[str]:
    """What a command does not take, or lacks."""
    root = typer.main.get_command(app)
    context = typer.Context(root)
    own = {name for option in root.params for name in option.opts}
    words = [word for word in hoisted(words) if word not in own and not own & {word.split("=")[0]}]
    name = next((word for word in words if word in COMMANDS), "")
    command = root.get_command(context, name) if name else None  # type: ignore[attr-defined]
    if command is None:
        return ["there is no such subcommand"]
    given = {word.split("=")[0] for word in words if word.startswith("--")}
    options = {opt: option for option in command.params for opt in option.opts if opt.startswith("--")}
    told = [f"{option} is unknown" for option in sorted(given - set(options))]
    return told + [
        f"{opt} is needed" for opt, option in options.items() if option.required and not given & {*option.opts}
    ]


def test_there_are_such_commands() -> None:
    assert len(CASES) > 15


@pytest.mark.parametrize(
    ("page", "words"), CASES, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_a_documented_command_is_taken(page: str, words: list[str]) -> None:
    assert wrong(words) == [], page


def test_what_is_wrong_is_seen() -> None:
    assert wrong(["requests", "--project", "x"]) == ["--domain is needed"]
    assert wrong(["status", "--nope"]) == ["--nope is unknown"]
    assert wrong(["redrive", "--x"]) == ["there is no such subcommand"]
    assert wrong(["sync", "--namespace", "split", "--account", "1", "--run"]) == []
