"""Logical types of a writer and a reader: their underlying types resolve, yet a value may be misread."""

from __future__ import annotations

from collections.abc import Iterator

from streamgov_core.schemas.answers import Difference, breaking, undecided
from streamgov_core.schemas.avro.schema_model import Logical


def logical_findings(
    writer: Logical | None, reader: Logical | None, path: str, *, promoted: bool = False
) -> Iterator[Difference]:
    """What stands against reading a value with the reader's logical type.

    Args:
        writer: the writer's logical type; None if it has none.
        reader: the reader's.
        path: of the field.
        promoted: the underlying types are not the same.
    """
    if reader is None or (writer == reader and not promoted):
        return  # a library that knows no logical type reads the underlying value
    shown = f"{_shown(writer)} is written, {_shown(reader)} read"
    if writer is None:
        yield undecided(path, f"{shown}: the values may not be meant so")
    elif writer == reader:
        yield undecided(path, f"{shown}, of another underlying type")
    elif not (writer.standard and reader.standard):
        yield undecided(path, f"{shown}: the specification does not know both")
    elif writer.name == reader.name == "decimal":
        yield from _decimals(writer, reader, path)
    elif _zoned(writer.name) == _zoned(reader.name):
        yield undecided(path, f"{shown}: the time zone is not the same")
    else:
        yield breaking(path, f"{shown}: the values are misread")


def _decimals(writer: Logical, reader: Logical, path: str) -> Iterator[Difference]:
    if writer.scale != reader.scale:
        factor = 10 ** abs(writer.scale - reader.scale)
        yield breaking(path, f"scale {writer.scale} is written, {reader.scale} read: numbers are off by {factor}")
    else:
        yield undecided(
            path,
            f"precision {writer.precision} is written, {reader.precision} read: the specification wants them equal",
        )


def _zoned(name: str) -> str:
    return name.removeprefix("local-")


def _shown(logical: Logical | None) -> str:
    if logical is None:
        return "a plain value"
    return f"decimal({logical.precision},{logical.scale})" if logical.name == "decimal" else logical.name
