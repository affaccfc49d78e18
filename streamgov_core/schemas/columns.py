"""Columns: what every kind of schema becomes, and how they fill the catalogue's table form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.forms import MAX_FORM_CONTENT
from streamgov_core.model.shortened import shortened

MAX_COLUMNS = 10_000
"""Named types may be used many times, so that a small schema has exponentially many paths: nobody reads more."""
MAX_TYPE = 1_000
MAX_DEFAULT = 200
MAX_DESCRIPTION = 4_000
TRUNCATED = "(more)"
"""Name of the last column of a table that is not shown in full."""


@dataclass(frozen=True)
class Column:
    """One field of a schema.

    Args:
        name: dotted path from the root; names with dots, spaces, brackets or quotes stand in single quotes.
        type: the type as people read it, in full.
        nullable: the value may be null or absent.
        description: the schema's own words on the field.
        default: JSON text of the default, if there is one.
        aliases: other names of the field.
        short_type: the type with long lists of values shortened, for display; None if it is the type itself.
    """

    name: str
    type: str
    nullable: bool = False
    description: str | None = None
    default: str | None = None
    aliases: tuple[str, ...] = ()
    short_type: str | None = field(default=None, compare=False)

    def cell(self) -> dict[str, str]:
        """The column in ``amazon.datazone.RelationalTableFormType``, whose columns have no member for nullability.

        The form type's model is not published. UNVERIFIED[dz-relational-columns]: its members beyond those that public
        samples show.
        """
        cell = {"columnName": self.name, "dataType": shortened(self.short_type or self.type, MAX_TYPE)}
        if self.nullable and self.type != "null":
            cell["dataType"] += " | null"
        notes = [self.description.strip()] if self.description and self.description.strip() else []
        if self.default is not None:
            notes.append(f"Default: {shortened(self.default, MAX_DEFAULT)}.")
        if self.aliases:
            notes.append(f"Also known as: {', '.join(self.aliases)}.")
        if notes:
            cell["columnDescription"] = shortened(" ".join(notes), MAX_DESCRIPTION)
        return cell


@dataclass(frozen=True)
class Columns(Sequence[Column]):
    """The columns of a schema, in the schema's order.

    Args:
        items: the columns.
        name: full name of the root type, if it has one.
        description: the schema's own words on the whole.
        truncated: there are more than MAX_COLUMNS.
        remarks: what the columns do not show, each a sentence that names it.
    """

    items: tuple[Column, ...]
    name: str | None = None
    description: str | None = None
    truncated: bool = False
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

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


def _size(value: Mapping[str, Any]) -> int:
    return len(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
