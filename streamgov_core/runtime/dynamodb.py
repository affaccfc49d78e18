"""DynamoDB items to and from plain Python values: the client stays low-level, nobody writes ``{"S": …}`` by hand.

boto3 has such a serializer, but importing it brings boto3's resources and s3transfer: a fifth of a second of every cold
start for forty lines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """Attribute values of a mapping, as ``Item``, ``Key`` and ``ExpressionAttributeValues`` take them.

    Args:
        values: strings, numbers, booleans, None, bytes, sets, lists and mappings. A float is written with the digits
            that Python shows for it, so it reads back as the same float.

    Raises:
        TypeError: a value is of a type that DynamoDB does not have, infinite, or not a number.
    """
    return {name: _attribute(value) for name, value in values.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of an item: a whole number becomes an int, any other number a float.

    Raises:
        TypeError: an attribute value is of a type that the API does not have.
    """
    return {name: _plain(attribute) for name, attribute in item.items()}


def _attribute(value: Any) -> dict[str, Any]:
    """API AttributeValue."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes | bytearray):
        return {"B": bytes(value)}
    if isinstance(value, Mapping):
        return {"M": to_item(value)}
    if isinstance(value, list | tuple):
        return {"L": [_attribute(inner) for inner in value]}
    if isinstance(value, set | frozenset):
        return _set(value)
    return {"N": _number(value)}


def _set(values: set[Any] | frozenset[Any]) -> dict[str, Any]:
    for kind, type_ in (("SS", str), ("BS", bytes)):
        if values and all(isinstance(value, type_) for value in values):
            return {kind: sorted(values)}
    if not values:
        raise TypeError("DynamoDB has no empty set; leave the attribute out")
    return {"NS": sorted(_number(value) for value in values)}


def _number(value: Any) -> str:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError(f"DynamoDB cannot hold {value!r} of the type {type(value).__name__}")
    return repr(value) if isinstance(value, float) else str(value)


def _plain(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    if kind in ("S", "BOOL"):
        return value
    if kind == "N":
        return _from_number(value)
    if kind == "NULL":
        return None
    if kind == "B":
        return bytes(value)
    if kind == "M":
        return from_item(value)
    if kind == "L":
        return [_plain(inner) for inner in value]
    if kind in ("SS", "BS"):
        return set(value)
    if kind == "NS":
        return {_from_number(inner) for inner in value}
    raise TypeError(f"DynamoDB has no attribute values of the type {kind}")


def _from_number(text: str) -> int | float:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
