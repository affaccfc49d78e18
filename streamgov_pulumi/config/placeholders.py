"""The ids of the example stack files: whoever deploys must have put in their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamgov_pulumi.arguments.rules import Text
from streamgov_pulumi.config.reader import Mistake, values_of
from streamgov_pulumi.config.stack_file import MODES

PLACEHOLDERS = (
    "dzd-4p9n6sw4qt9xgn",
    "3b1c2d4e5f6g7h",
    "4r5o6o7t8u9n0t",
    "1p2r3o4d5u6c7e",
    "2c3o4n5s6u7m8e",
    "9a8b7c6d5e4f3g",
    "o-a1b2c3d4e5",
    "1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7",
    "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
)


def placeholders_left(mode: str, raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """A mistake for each value that is still the example's, the keys of maps included."""
    told: set[tuple[str | int, ...]] = set()
    for found in values_of(MODES[mode].shape, raw):
        texts = [(found.path, str(found.value))]
        texts += [(found.path[: n + 1], step) for n, step in enumerate(found.path) if isinstance(step, str)]
        for path, text in texts:
            left = next((placeholder for placeholder in PLACEHOLDERS if placeholder in text), None)
            if left is None or path in told:
                continue
            told.add(path)
            find = found.rule.find if isinstance(found.rule, Text) else ""
            yield Mistake(path, f"{left!r} is the example's: put in your own{f' ({find})' if find else ''}")
