"""Columns: what every kind of schema becomes, and how they fill the catalogue's table form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from streamgov_core.model.forms import MAX_FORM_CONTENT

MAX_COLUMNS = 10_000
"""Named types may be used many times, so that a small schema has exponentially many paths: nobody reads more."""
MAX_TYPE = 1_000
MAX_DESCRIPTION = 4_000
TRUNCATED = "(more)"
"""Name of the last column of a table that is not shown in full."""


@dataclass(frozen=True)
class Column:
    """One field of a schema.

    Args:
        name: dotted path from the root.
        type: the type as people read it.
        nullable: the value may be null or absent.
        description: the schema's own words on the field.
        default: JSON text of the default, if there is one.
        aliases: other names of the field.
    """

    name: str
    type: str
    nullable: bool = False
    description: str | None = None
    default: str | None = None
    aliases: tuple[str, ...] = ()

    def cell(self) -> dict[str, str]:
        """The column in ``amazon.datazone.RelationalTableFormType``, whose columns have no member for nullability.

        The form type's model is not published. UNVERIFIED: its members beyond those that public samples show.
        """
        cell = {"columnName": self.name, "dataType": _clip(self.type, MAX_TYPE)}
        if self.nullable and self.type != "null":
            cell["dataType"] += " | null"
        notes = [self.description.strip()] if self.description and self.description.strip() else []
        if self.default is not None:
            notes.append(f"Default: {self.default}.")
        if self.aliases:
            notes.append(f"Also known as: {', '.join(self.aliases)}.")
        if notes:
            cell["columnDescription"] = _clip(" ".join(notes), MAX_DESCRIPTION)
        return cell


@dataclass(frozen=True)
class Columns(Sequence[Column]):
    """The columns of a schema, in the schema's order.

    Args:
        items: the columns.
        name: full name of the root type, if it has one.
        description: the schema's own words on the whole.
        truncated: there are more than MAX_COLUMNS.
    """

    items: tuple[Column, ...]
    name: str | None = None
    description: str | None = None
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    @classmethod
    def collect(cls, found: Iterable[Column], *, name: str | None, description: str | None) -> Columns:
        """Take at most MAX_COLUMNS of ``found``."""
        items = tuple(islice(found, MAX_COLUMNS + 1))
        return cls(items[:MAX_COLUMNS], name, description, len(items) > MAX_COLUMNS)

    def table(self, table_name: str, *, limit: int = MAX_FORM_CONTENT) -> dict[str, Any]:
        """The content of the table form; columns that do not fit give way to one that says so.

        Args:
            table_name: the topic or stream.
            limit: characters that the form's content may have as JSON (API CreateAsset, FormInput.content).
        """
        cells = [item.cell() for item in self.items]
        note = {
            "columnName": TRUNCATED,
            "dataType": "note",
            "columnDescription": "This schema has more columns than a form can hold. The registry has all of them.",
        }
        room = limit - _size({"columns": [note], "tableName": table_name})
        kept = 0
        for cell in cells:
            room -= _size(cell) + 1
            if room < 0:
                break
            kept += 1
        if kept < len(cells) or self.truncated:
            cells = [*cells[:kept], note]
        return {"tableName": table_name, "columns": cells}


def json_text(value: Any) -> str:
    """A value of a schema as compact JSON, shortened if it is long."""
    return _clip(json.dumps(value, ensure_ascii=False, sort_keys=True), 200)


def text_or_none(value: Any) -> str | None:
    """The value if it is a text that says something."""
    return value.strip() if isinstance(value, str) and value.strip() else None


def listing(words: Iterable[str], limit: int = 300) -> str:
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


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _size(value: Mapping[str, Any]) -> int:
    return len(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
