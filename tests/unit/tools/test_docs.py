"""Documents that are written by tools say what the code says now."""

from __future__ import annotations

from pathlib import Path

import streamgov_pulumi
import streamgov_samples
from tools.docs import api, architecture_picture, clients, unverified

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_what_nobody_could_verify_is_current() -> None:
    assert (ROOT / "docs" / "unverified.md").read_text() == unverified.page(), "run python -m tools.docs.unverified"


def test_the_api_reference_is_current_and_complete() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    assert text == api.render(), "run python -m tools.docs.api"
    for name in (*streamgov_pulumi.__all__, *streamgov_samples.__all__):
        assert f"### {name}\n" in text


def test_the_picture_is_current() -> None:
    assert (ROOT / "docs" / "architecture.svg").read_text() == architecture_picture.picture()


def test_a_mark_is_taken_with_its_sentence() -> None:
    source = '''
def f() -> None:
    """First line.

    Rules: something known. UNVERIFIED[dz-list]: what the service answers to
    an empty list.
    """
    x = 1  # UNVERIFIED[dz-once, glue-once]: seen once
    # A comment of
    # two lines (UNVERIFIED[dz-two]).
    y = 2
'''
    assert unverified.marks(source) == [
        unverified.Mark("what the service answers to an empty list.", ("dz-list",)),
        unverified.Mark("seen once", ("dz-once", "glue-once")),
        unverified.Mark("A comment of two lines (UNVERIFIED).", ("dz-two",)),
    ]


def test_the_tables_of_clients_are_current() -> None:
    assert (ROOT / "docs" / "clients.md").read_text() == clients.page(), "run python -m tools.docs.clients"
