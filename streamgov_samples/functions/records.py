"""The sample data product: its Avro schema, its records, and the form in which Glue's serialisers write them."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from streamgov_core.model.errors import SchemaError

SCHEMA_NAME = "producer-data-product"
HEADER_VERSION = 3
NO_COMPRESSION = 0
_HEADER = 18

_START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_CITIES = (("Dublin", "IE"), ("Lyon", "FR"), ("Graz", "AT"))
_CHANNELS = ("WEB", "STORE", "PHONE")


def definition(*, evolved: bool = False) -> str:
    """The schema; ``evolved`` adds an optional field, as a second, compatible version would."""
    money = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}
    address = {
        "type": "record",
        "name": "Address",
        "doc": "Where something is sent",
        "fields": [
            {"name": "city", "type": "string"},
            {"name": "country", "type": "string", "doc": "ISO 3166 code"},
        ],
    }
    item = {
        "type": "record",
        "name": "Item",
        "fields": [
            {"name": "sku", "type": "string", "doc": "Number in the catalogue of goods"},
            {"name": "quantity", "type": "int"},
            {"name": "price", "type": money, "doc": "Price of one, in euro"},
        ],
    }
    customer = {
        "type": "record",
        "name": "Customer",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "name", "type": ["null", "string"], "default": None, "doc": "Absent for guests"},
            {"name": "address", "type": address},
        ],
    }
    fields: list[dict[str, Any]] = [
        {"name": "order_id", "type": {"type": "string", "logicalType": "uuid"}, "doc": "Identifies the order"},
        {"name": "placed_at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "doc": "When it was placed"},
        {"name": "channel", "type": {"type": "enum", "name": "Channel", "symbols": list(_CHANNELS)}},
        {"name": "customer", "type": customer, "doc": "Who placed it"},
        {"name": "items", "type": {"type": "array", "items": item}, "doc": "What was ordered"},
        {"name": "deliver_to", "type": ["null", "Address"], "default": None, "doc": "If not the customer's address"},
        {"name": "labels", "type": {"type": "map", "values": "string"}, "default": {}},
    ]
    if evolved:
        fields.append({"name": "note", "type": ["null", "string"], "default": None, "doc": "The customer's words"})
    return json.dumps(
        {
            "type": "record",
            "name": "Order",
            "namespace": "streamgov.sample",
            "doc": "Orders as they are placed, one record each",
            "fields": fields,
        }
    )


def records(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Sample records with their keys; the same ones at each call."""
    for number in range(count):
        city, country = _CITIES[number % len(_CITIES)]
        order = str(uuid.uuid5(uuid.NAMESPACE_URL, f"streamgov/{number}"))
        yield (
            order,
            {
                "order_id": order,
                "placed_at": _START + timedelta(minutes=number),
                "channel": _CHANNELS[number % len(_CHANNELS)],
                "customer": {
                    "id": f"c{number % 7}",
                    "name": None if number % 3 == 0 else f"Customer {number % 7}",
                    "address": {"city": city, "country": country},
                },
                "items": [{"sku": f"sku-{number % 5}", "quantity": 1 + number % 4, "price": Decimal("9.95")}],
                "deliver_to": None,
                "labels": {"source": "sample"},
            },
        )


def encode(value: Mapping[str, Any], schema: str, version_id: str) -> bytes:
    """A record as Glue's Avro serialisers write it: header version, compression, id of the schema version, Avro."""
    import avro.io
    import avro.schema

    buffer = io.BytesIO()
    avro.io.DatumWriter(avro.schema.parse(schema)).write(dict(value), avro.io.BinaryEncoder(buffer))
    return bytes((HEADER_VERSION, NO_COMPRESSION)) + uuid.UUID(version_id).bytes + buffer.getvalue()


def schema_version_id(data: bytes) -> str:
    """Id of the schema version that a record was written with.

    Raises:
        SchemaError: the bytes do not begin with a header of Glue's serialisers.
    """
    if len(data) < _HEADER or data[0] != HEADER_VERSION or data[1] != NO_COMPRESSION:
        raise SchemaError("the record has no header of the Glue serialisers, or is compressed")
    return str(uuid.UUID(bytes=data[2:_HEADER]))


def decode(data: bytes, schema: str) -> Any:
    """The value of a record, read with the schema that it was written with.

    Raises:
        SchemaError: the bytes do not begin with a header of Glue's serialisers.
    """
    import avro.io
    import avro.schema

    schema_version_id(data)
    return avro.io.DatumReader(avro.schema.parse(schema)).read(avro.io.BinaryDecoder(io.BytesIO(data[_HEADER:])))
