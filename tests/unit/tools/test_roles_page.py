"""The page of roles says what the deploy specs say, and has words for every statement."""

from __future__ import annotations

from pathlib import Path

from tools.docs import roles

ROOT = Path(__file__).resolve().parents[3]


def test_every_statement_has_words_and_no_words_are_left_over() -> None:
    used = {statement["Sid"] for item in roles.roles() for statement in roles.statements(item)}
    assert used == set(roles.WORDS)


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "roles.md").read_text() == roles.page(), "run python -m tools.docs.roles"


def test_every_role_is_on_the_page() -> None:
    names = [item.name for item in roles.roles()]
    assert len(names) >= 11
    page = roles.page()
    assert all(f"## `{name.removeprefix('streamgov-eu-west-1-')}`\n" in page for name in names)
