"""Schemas of the registry as columns that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streamgov_core.model.errors import SchemaError, UnsupportedSchemaError
from streamgov_core.schemas.avro import avro_columns
from streamgov_core.schemas.columns import Column, Columns
from streamgov_core.schemas.json_schema import json_columns
from streamgov_core.schemas.protobuf import protobuf_columns

__all__ = ["Column", "Columns", "columns_of", "columns_or_remark"]

_READERS: Mapping[str, Callable[[str], Columns]] = {
    "AVRO": avro_columns,
    "JSON": json_columns,
    "PROTOBUF": protobuf_columns,
}


def columns_of(definition: str, data_format: str) -> Columns:
    """The columns of a schema.

    Args:
        definition: the schema's text.
        data_format: ``AVRO``, ``JSON`` or ``PROTOBUF`` (Glue API, DataFormat).

    Raises:
        SchemaError: the schema does not parse; says what is wrong and where.
        UnsupportedSchemaError: nothing here reads this data format.
    """
    read = _READERS.get(data_format)
    if read is not None:
        return read(definition)
    raise UnsupportedSchemaError(
        f"schemas of the data format {data_format!r} cannot be read: expected AVRO, JSON or PROTOBUF"
    )


def columns_or_remark(definition: str, data_format: str) -> Columns:
    """The columns of a schema; none, and a remark that says why, if it cannot be read."""
    try:
        return columns_of(definition, data_format)
    except SchemaError as error:
        return Columns((), remarks=(f"The columns are not shown: {error}.",))
