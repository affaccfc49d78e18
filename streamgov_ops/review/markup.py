"""Markdown of values that other people wrote."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streamgov_ops.review.plan import UNKNOWN

LATER = "*known only during `up`*"
LONGEST = 200


def code(value: Any) -> str:
    """A value as code; it cannot end the code span, the line or a table's cell."""
    text = " ".join(str(value).split())
    if text == UNKNOWN:
        return LATER
    text = text.replace(UNKNOWN, "…")
    if not text:
        return "*(empty)*"
    text = text.replace("|", "\\|")
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(len(run) for run in _runs(text)) + 1)
    return f"{fence} {text} {fence}"


def _runs(text: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in text).split() if run]


def short(value: Any) -> str:
    """A value as code, cut where its end says nothing about access."""
    text = " ".join(str(value).split())
    return code(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def listed(values: Iterable[Any], between: str = ", ") -> str:
    """Values as code, with commas or what is given between them."""
    return between.join(code(value) for value in values)


def count(number: int, noun: str) -> str:
    """``3 resources``, ``1 resource``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
