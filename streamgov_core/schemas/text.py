"""How names and types of schemas are written for people: in full, and shortened for display."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MAX_LISTED = 300
"""Characters of a list of values in a shortened type."""
_PLAIN = re.compile(r"""[^\s.'"`*/\\|<>()\[\]{},]+""")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class TypeText:
    """A type as people read it.

    Args:
        full: all of it.
        short: with long lists of values shortened; for display only.
    """

    full: str
    short: str

    @classmethod
    def of(cls, text: str) -> TypeText:
        """A text that needs no shortening."""
        return cls(text, text)

    @classmethod
    def enum(cls, values: Iterable[Any]) -> TypeText:
        """The type of a value that is one of some values."""
        words = [quoted(value) if isinstance(value, str) else json_text(value) for value in values]
        return cls(f"enum({', '.join(words)})", f"enum({listing(words)})")

    def within(self, before: str, after: str) -> TypeText:
        """The type between two texts."""
        return TypeText(before + self.full + after, before + self.short + after)


def choice(alternatives: Iterable[TypeText], nothing: str) -> TypeText:
    """Alternatives, each once and in their order; ``nothing`` if there is none."""
    each = list({item.full: item for item in alternatives}.values())
    if not each:
        return TypeText.of(nothing)
    return TypeText(" | ".join(item.full for item in each), " | ".join(item.short for item in each))


def quoted(name: str) -> str:
    """A name as it stands in paths and types: an odd one (dots, spaces, brackets, quotes, nothing) in single quotes."""
    if _PLAIN.fullmatch(name) and name.isprintable():
        return name
    escaped = "".join(_ESCAPES.get(char) or (char if char.isprintable() else f"\\u{{{ord(char):x}}}") for char in name)
    return f"'{escaped}'"


def json_text(value: Any) -> str:
    """A value of a schema as compact JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def text_or_none(value: Any) -> str | None:
    """The value if it is a text that says something."""
    return value.strip() if isinstance(value, str) and value.strip() else None


def listing(words: Iterable[str], limit: int = MAX_LISTED) -> str:
    """Words joined by commas, those that do not fit given as a number."""
    shown: list[str] = []
    all_words = list(words)
    used = 0
    for word in all_words:
        used += len(word) + 2
        if used > limit and shown:
            return f"{', '.join(shown)}, {len(all_words) - len(shown)} more"
        shown.append(word)
    return ", ".join(shown)
