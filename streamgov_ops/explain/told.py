"""A long sentence once: a cause travels through every step of a timeline, and is read once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LONG = 120
"""Sentences up to so many characters are repeated: they are read faster than a reference to them."""
_LEAD = re.compile(r"^(?:[A-Za-z]+: |status [A-Z_]+, |cause |reason |[A-Z_]+, )+")
"""What a step of the timeline says before the sentence."""


@dataclass
class Told:
    """Remembers what was told.

    Args:
        cause: the cause that is told in full at the end.
    """

    cause: str = ""
    _before: list[str] = field(default_factory=list)

    def short(self, text: str) -> str:
        """The text, in which a long sentence that is told elsewhere is its beginning and where the rest stands."""
        for sentence, where in ((self.cause, "the cause, below"), *((known, "as above") for known in self._before)):
            if len(sentence) > LONG and sentence in text:
                return text.replace(sentence, f"{sentence[: LONG // 2]}… ({where})")
        sentence = _LEAD.sub("", text)
        if len(sentence) > LONG:
            self._before.append(sentence)
        return text
