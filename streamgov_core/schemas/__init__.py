"""Schemas of the registry as columns that people read."""

from __future__ import annotations

from streamgov_core.model.errors import UnsupportedSchemaError
from streamgov_core.schemas.columns import Column, Columns

__all__ = ["Column", "Columns", "columns_of"]


def columns_of(definition: str, data_format: str) -> Columns:
    """The columns of a schema.

    Args:
        definition: the schema's text.
        data_format: ``AVRO``, ``JSON`` or ``PROTOBUF`` (Glue API, DataFormat).

    Raises:
        SchemaError: the schema does not parse; says what is wrong and where.
        UnsupportedSchemaError: nothing here reads this data format.
    """
    if data_format == "AVRO":
        from streamgov_core.schemas.avro import avro_columns

        return avro_columns(definition)
    if data_format == "JSON":
        from streamgov_core.schemas.json_schema import json_columns

        return json_columns(definition)
    if data_format == "PROTOBUF":
        from streamgov_core.schemas.protobuf import protobuf_columns

        return protobuf_columns(definition)
    raise UnsupportedSchemaError(
        f"schemas of the data format {data_format!r} cannot be read: expected AVRO, JSON or PROTOBUF"
    )
