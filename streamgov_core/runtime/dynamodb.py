"""DynamoDB items to and from plain Python values: the client stays low-level, nobody writes ``{"S": …}`` by hand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """Attribute values of a mapping, as ``Item``, ``Key`` and ``ExpressionAttributeValues`` take them.

    Args:
        values: strings, numbers, booleans, None, bytes, sets, lists and mappings. A float is written with the digits
            that Python shows for it, so it reads back as the same float.

    Raises:
        TypeError: a value is of a type that DynamoDB does not have, infinite, or not a number.
    """
    return {name: _serializer.serialize(_with_decimals(value)) for name, value in values.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of an item: a whole number becomes an int, any other number a float."""
    return {name: _without_decimals(_deserializer.deserialize(value)) for name, value in item.items()}


def _with_decimals(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: _with_decimals(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_decimals(inner) for inner in value]
    if isinstance(value, (set, frozenset)):
        return {_with_decimals(inner) for inner in value}
    return value


def _without_decimals(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Binary):
        binary: Any = value  # the stubs declare __bytes__ as text
        return bytes(binary)
    if isinstance(value, dict):
        return {name: _without_decimals(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_decimals(inner) for inner in value]
    if isinstance(value, set):
        return {_without_decimals(inner) for inner in value}
    return value
