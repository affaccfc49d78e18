"""The glossary's words stand in order, each once, and those with a name in code are in the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|", 2))
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| word ", "| --- "))
]
NAMED = [(word, name.strip("`")) for word, name, _ in ROWS if name]
SOURCES = [*(ROOT / "streamgov_core").rglob("*.py"), *(ROOT / "streamgov_pulumi").rglob("*.py")]


@pytest.fixture(scope="module")
def code() -> str:
    """All of the product's source."""
    return "\n".join(path.read_text() for path in SOURCES)


def test_words_are_in_order_and_stand_once() -> None:
    words = [row[0].lower() for row in ROWS]
    assert words == sorted(set(words))


def test_most_words_have_a_name_in_code() -> None:
    assert len(NAMED) > len(ROWS) / 2


@pytest.mark.parametrize(("word", "name"), NAMED)
def test_a_name_in_code_exists(word: str, name: str, code: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code), f"{word}: nothing in the code is called {name}"
