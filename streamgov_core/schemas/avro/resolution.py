"""Whether an Avro reader's schema resolves against a writer's (specification 1.12, "Schema Resolution").

Apache Avro's checker for Python compares full names only and knows no logical types; so the rules are written out here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.answers import Difference, Reading, VerdictKind, breaking, undecided
from streamgov_core.schemas.avro.logical import logical_findings
from streamgov_core.schemas.avro.reading import read_avro
from streamgov_core.schemas.avro.schema_model import (
    Array,
    Enum,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    RecordField,
    Schema,
    Union,
)
from streamgov_core.schemas.pairs import Pairs
from streamgov_core.schemas.text import quoted

_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


def avro_reading(reader: str, writer: str) -> Reading:
    """Whether a reader's definition reads what a writer's wrote.

    Raises:
        SchemaError: one of the two cannot be read.
    """
    try:
        return Reading.of(_Resolver().resolve(read_avro(writer), read_avro(reader), ""))
    except RecursionError as error:
        raise SchemaError("the Avro schemas are nested too deeply to be compared") from error


class _Resolver:
    def __init__(self) -> None:
        self._pairs = Pairs()

    def resolve(self, writer: Schema, reader: Schema, path: str) -> list[Difference]:
        """What stands against reading; nothing if the reader reads all that the writer writes."""
        return self._pairs.judge((id(writer), id(reader)), lambda: self._resolve(writer, reader, path))

    def _resolve(self, writer: Schema, reader: Schema, path: str) -> Iterator[Difference]:
        if isinstance(writer, Union):
            for branch in writer.branches:
                yield from self.resolve(branch, reader, path)
        elif isinstance(reader, Union):
            yield from self._into_union(writer, reader, path)
        elif isinstance(writer, Array) and isinstance(reader, Array):
            yield from self.resolve(writer.items, reader.items, path)
        elif isinstance(writer, Map) and isinstance(reader, Map):
            yield from self.resolve(writer.values, reader.values, path)
        elif isinstance(writer, Record) and isinstance(reader, Record):
            yield from _names(writer, reader, path)
            yield from self._fields(writer, reader, path)
        elif isinstance(writer, Enum) and isinstance(reader, Enum):
            yield from _names(writer, reader, path)
            yield from _symbols(writer, reader, path)
        elif isinstance(writer, Fixed) and isinstance(reader, Fixed):
            yield from _names(writer, reader, path)
            if writer.size != reader.size:
                yield breaking(path, f"{writer.size} bytes are written, {reader.size} read")
            yield from logical_findings(writer.logical, reader.logical, path)
        elif isinstance(writer, Primitive) and isinstance(reader, Primitive):
            yield from _primitives(writer, reader, path)
        else:
            yield breaking(path, f"{_kind(writer)} is written, {_kind(reader)} read")

    def _into_union(self, writer: Schema, reader: Union, path: str) -> Iterator[Difference]:
        """The first branch that matches is resolved; libraries differ in what they take for the first."""
        candidates = [branch for branch in reader.branches if _may_match(writer, branch)]
        if not candidates:
            yield breaking(path, f"{_kind(writer)} is written, and no branch of the reader's union takes it")
            return
        results = [self.resolve(writer, branch, path) for branch in candidates]
        if not results[0]:
            return
        if any(not result for result in results):
            yield undecided(path, "more than one branch of the reader's union may take it, and not each reads it")
        elif all(any(item.answer is VerdictKind.BREAKING for item in result) for result in results):
            yield from results[0]
        else:
            yield undecided(path, "it cannot be told which branch of the reader's union takes it")

    def _fields(self, writer: Record, reader: Record, path: str) -> Iterator[Difference]:
        by_name = {field.name: field for field in writer.fields}
        taken: dict[str, str] = {}
        for field in reader.fields:
            place = f"{path}.{quoted(field.name)}" if path else quoted(field.name)
            name = next((name for name in (field.name, *field.aliases) if name in by_name), None)
            if name is None:
                yield from _default(field, place)
                continue
            if name in taken:
                yield undecided(place, f"the field {name} of the writer is read as {taken[name]} too")
            taken[name] = field.name
            if name == field.name and any(alias in by_name for alias in field.aliases):
                yield undecided(place, "the writer has both the field and one of its aliases")
            yield from self.resolve(by_name[name].type, field.type, place)


def _names(writer: Named, reader: Named, path: str) -> Iterator[Difference]:
    if reader.full_name == writer.full_name or writer.full_name in reader.aliases:
        return
    shown = f"{writer.full_name} is written, {reader.full_name} read"
    if reader.name == writer.name or writer.name in {alias.rpartition(".")[2] for alias in reader.aliases}:
        yield undecided(path, f"{shown}: the specification compares the names without namespaces, some libraries with")
    else:
        yield breaking(path, f"{shown}, and no alias says that they are one")


def _symbols(writer: Enum, reader: Enum, path: str) -> Iterator[Difference]:
    missing = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
    if missing and reader.default is None:
        yield breaking(path, f"the reader knows no symbol {', '.join(missing[:5])} and has no default")
    elif missing and reader.default not in reader.symbols:
        yield breaking(path, f"the reader's default {reader.default} is none of its symbols")


def _primitives(writer: Primitive, reader: Primitive, path: str) -> Iterator[Difference]:
    if writer.type != reader.type and reader.type not in _PROMOTIONS.get(writer.type, ()):
        yield breaking(path, f"{writer.type} is written, {reader.type} read")
        return
    if (writer.type, reader.type) == ("bytes", "string"):
        yield undecided(path, "bytes are read as a string: they may be no UTF-8")
    yield from logical_findings(writer.logical, reader.logical, path, promoted=writer.type != reader.type)


def _default(field: RecordField, place: str) -> Iterator[Difference]:
    if not field.has_default:
        yield breaking(place, "it may be missing and has no default")
    elif not _is_default(field.default, field.type):
        yield undecided(place, "its default is no value of its type")


def _is_default(value: Any, schema: Schema) -> bool:
    """Whether a JSON value is a default of a type (specification, "Complex Types", the table of defaults)."""
    if isinstance(schema, Union):
        return any(_is_default(value, branch) for branch in schema.branches)
    if isinstance(schema, Array):
        return isinstance(value, list) and all(_is_default(item, schema.items) for item in value)
    if isinstance(schema, Map):
        return isinstance(value, dict) and all(_is_default(item, schema.values) for item in value.values())
    if isinstance(schema, Record):
        return isinstance(value, dict) and all(
            _is_default(value[field.name], field.type) if field.name in value else field.has_default
            for field in schema.fields
        )
    if isinstance(schema, Enum):
        return value in schema.symbols
    if isinstance(schema, Fixed):
        return isinstance(value, str) and len(value) == schema.size
    return _is_primitive_default(value, schema.type)


def _is_primitive_default(value: Any, type_: str) -> bool:
    if type_ == "null":
        return value is None
    if type_ == "boolean":
        return isinstance(value, bool)
    if type_ in ("string", "bytes"):
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    bits = {"int": 31, "long": 63}.get(type_)
    return bits is None or (isinstance(value, int) and -(2**bits) <= value < 2**bits)


def _may_match(writer: Schema, reader: Schema) -> bool:
    """Whether a branch of a union is looked at for what a writer writes."""
    if isinstance(writer, Primitive) and isinstance(reader, Primitive):
        return writer.type == reader.type or reader.type in _PROMOTIONS.get(writer.type, ())
    return type(writer) is type(reader) and not (
        isinstance(writer, Named)
        and isinstance(reader, Named)
        and any(finding.answer is VerdictKind.BREAKING for finding in _names(writer, reader, ""))
    )


def _kind(schema: Schema) -> str:
    if isinstance(schema, Named):
        return f"{type(schema).__name__.lower()} {schema.full_name}"
    return schema.type if isinstance(schema, Primitive) else type(schema).__name__.lower()
