"""The page of a simulation, docs/scale.md: its text is written by hand, its figures are rendered from the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bench.common import ROOT
from bench.scale.figures import Figures
from bench.scale.tables import SECTIONS

PAGE = ROOT / "docs" / "scale.md"
RECORD = Path(__file__).with_name("figures.json")
"""The figures of the last recorded run."""


def recorded() -> Figures:
    """The figures that the page shows."""
    figures: Figures = json.loads(RECORD.read_text(encoding="utf-8"))
    return figures


def record(figures: Figures) -> None:
    """Keep figures, and write the page with them."""
    RECORD.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")


def page(text: str, figures: Figures) -> str:
    """A page with these figures in the place of those that it has.

    Args:
        text: of the page.
        figures: of every kind.

    Raises:
        ValueError: a section's marks are not there, or are there twice.
    """
    return filled(text, {name: write(figures) for name, (_, write) in SECTIONS.items()})


def filled(text: str, sections: Mapping[str, str]) -> str:
    """A text whose marked sections are replaced.

    Args:
        text: with a pair of marks for each section.
        sections: name -> what is written between its marks.

    Raises:
        ValueError: a section's marks are not there, or are there twice.
    """
    for name, written in sections.items():
        begin, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"the page needs the marks {begin!r} and {end!r} once each")
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{written}\n{end}{after}"
    return text
