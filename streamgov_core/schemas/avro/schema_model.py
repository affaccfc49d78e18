"""An Avro schema as typed data: named types resolved, aliases in full, logical types only where they are valid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Logical:
    """A logical type that its underlying type may carry.

    Args:
        name: as the specification calls it, or the schema's own word.
        precision: of a decimal, in digits.
        scale: of a decimal, in digits.
        standard: the specification knows it and it annotates a type that it may annotate.
    """

    name: str
    precision: int = 0
    scale: int = 0
    standard: bool = True


@dataclass(eq=False)
class Primitive:
    """A type without a name and without parts."""

    type: str
    logical: Logical | None = None
    doc: str | None = None


@dataclass(eq=False)
class Array:
    """A list of items."""

    items: Schema
    doc: str | None = None


@dataclass(eq=False)
class Map:
    """Values by text."""

    values: Schema
    doc: str | None = None


@dataclass(eq=False)
class Union:
    """One of several."""

    branches: list[Schema]
    doc: str | None = None


@dataclass(eq=False)
class Named:
    """What records, enums and fixed types share.

    Args:
        full_name: with the namespace.
        aliases: full names that it had.
        doc: the schema's own words.
    """

    full_name: str
    aliases: tuple[str, ...] = ()
    doc: str | None = None

    @property
    def name(self) -> str:
        """Without the namespace."""
        return self.full_name.rpartition(".")[2]


@dataclass(eq=False)
class RecordField:
    """A field of a record.

    Args:
        has_default: a default is given; it may be null.
    """

    name: str
    type: Schema
    doc: str | None = None
    has_default: bool = False
    default: Any = None
    aliases: tuple[str, ...] = ()


@dataclass(eq=False)
class Record(Named):
    """A record, or an error of a protocol."""

    fields: list[RecordField] = field(default_factory=list)


@dataclass(eq=False)
class Enum(Named):
    """One of some symbols; the default stands for a symbol that a reader does not know."""

    symbols: tuple[str, ...] = ()
    default: str | None = None


@dataclass(eq=False)
class Fixed(Named):
    """So many bytes."""

    size: int = 0
    logical: Logical | None = None


Schema = Primitive | Array | Map | Union | Record | Enum | Fixed


def branches(schema: Schema) -> tuple[list[Schema], bool]:
    """The alternatives of a schema without null, and whether null is one."""
    if isinstance(schema, Union):
        found = [branch for branch in schema.branches if not is_null(branch)]
        return found, len(found) < len(schema.branches)
    return ([], True) if is_null(schema) else ([schema], False)


def is_null(schema: Schema) -> bool:
    """Whether it is the type null."""
    return isinstance(schema, Primitive) and schema.type == "null"
