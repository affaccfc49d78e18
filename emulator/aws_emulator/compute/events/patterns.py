"""Event patterns: what a rule matches.

Source of the rules: EventBridge user guide, "Creating Amazon EventBridge event patterns" and "Comparison operators".
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

PATTERN_LIMIT = 2048
"""Characters of a pattern (a quota that AWS raises to 4,096 on request)."""

_NUMERIC: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}
_MISSING = object()


class PatternError(ValueError):
    """The text is no event pattern."""


@lru_cache(maxsize=2048)
def parse_pattern(text: str) -> Mapping[str, Any]:
    """Read and check a pattern.

    Raises:
        PatternError: with the reason.
    """
    if len(text) > PATTERN_LIMIT:
        raise PatternError(f"the pattern has more than {PATTERN_LIMIT} characters")
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise PatternError(f"Not valid JSON: {error}") from None
    if not isinstance(pattern, dict) or not pattern:
        raise PatternError(
            "Filter is not an object" if not isinstance(pattern, dict) else "Empty objects are not allowed"
        )
    _check_object(pattern)
    return pattern


def _check_object(pattern: Mapping[str, Any]) -> None:
    for field, value in pattern.items():
        if field == "$or":
            if (
                not isinstance(value, list)
                or len(value) < 2
                or not all(isinstance(part, dict) and part for part in value)
            ):
                raise PatternError('"$or" must be an array of at least two objects')
            for part in value:
                _check_object(part)
        elif isinstance(value, dict):
            if not value:
                raise PatternError("Empty objects are not allowed")
            _check_object(value)
        elif isinstance(value, list):
            if not value:
                raise PatternError("Empty arrays are not allowed")
            for item in value:
                _check_item(item)
        else:
            raise PatternError(f'"{field}" must be an object or an array')


def _texts(value: Any) -> bool:
    """A string, or an array of strings."""
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
    )


def _check_item(item: Any) -> None:
    if isinstance(item, list):
        raise PatternError("Arrays of arrays are not allowed")
    if not isinstance(item, dict):
        return
    if len(item) != 1:
        raise PatternError("Only one key allowed in match expression")
    name, value = next(iter(item.items()))
    if name in ("prefix", "suffix"):
        ignoring = isinstance(value, dict) and set(value) == {"equals-ignore-case"}
        good = isinstance(value["equals-ignore-case"] if ignoring else value, str)
    elif name in ("equals-ignore-case", "wildcard"):
        good = isinstance(value, str)
    elif name == "exists":
        good = isinstance(value, bool)
    elif name == "cidr":
        good = isinstance(value, str) and _network(value) is not None
    elif name == "numeric":
        good = _check_numeric(value)
    elif name == "anything-but":
        good = _check_anything_but(value)
    else:
        raise PatternError(f"Unrecognized match type {name}")
    if not good:
        raise PatternError(f"Value of {name} is not valid: {json.dumps(value)}")
    if name == "wildcard" and "**" in value:
        raise PatternError("Consecutive wildcard characters are not allowed")


def _check_numeric(value: Any) -> bool:
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    pairs = zip(value[::2], value[1::2], strict=True)
    return all(
        isinstance(sign, str) and sign in _NUMERIC and isinstance(number, int | float) and not isinstance(number, bool)
        for sign, number in pairs
    )


def _check_anything_but(value: Any) -> bool:
    if isinstance(value, dict):
        names = ("prefix", "suffix", "equals-ignore-case", "wildcard")
        return len(value) == 1 and all(name in names and _texts(part) for name, part in value.items())
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(isinstance(item, str | int | float) for item in items)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event has everything that a (checked) pattern asks for."""
    return _matches_object(pattern, [event])


def _matches_object(pattern: Mapping[str, Any], nodes: list[Any]) -> bool:
    """Whether one of the objects (the members of an array, or one object) matches."""
    return any(all(_matches_field(field, wanted, node) for field, wanted in pattern.items()) for node in nodes)


def _matches_field(field: str, wanted: Any, node: Any) -> bool:
    if field == "$or":
        return any(_matches_object(part, [node]) for part in wanted)
    value = node.get(field, _MISSING) if isinstance(node, dict) else _MISSING
    if isinstance(wanted, dict):
        nodes = value if isinstance(value, list) else [value]
        return _matches_object(wanted, [inner if isinstance(inner, dict) else {} for inner in nodes] or [{}])
    return any(_matches_item(item, value) for item in wanted)


def _matches_item(item: Any, value: Any) -> bool:
    if isinstance(item, dict) and "exists" in item:
        # "exists" is about leaf nodes: an object does not count as a value.
        return (value is not _MISSING and not isinstance(value, dict)) is item["exists"]
    if value is _MISSING:
        return False
    if isinstance(value, list):
        return any(_matches_item(item, element) for element in value)
    if isinstance(item, dict):
        name, wanted = next(iter(item.items()))
        return _operators[name](wanted, value)
    return _same(item, value)


def _same(wanted: Any, value: Any) -> bool:
    """Equality of JSON values: ``1`` is ``1.0``, but ``true`` is not ``1``."""
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    if wanted is None or value is None:
        return wanted is value
    return isinstance(wanted, str) == isinstance(value, str) and bool(wanted == value)


def _folded(wanted: Any) -> tuple[str, bool]:
    """The text of a prefix or suffix, and whether case is ignored."""
    return (wanted["equals-ignore-case"], True) if isinstance(wanted, dict) else (wanted, False)


def _prefix(wanted: Any, value: Any) -> bool:
    text, ignoring = _folded(wanted)
    return isinstance(value, str) and (value.lower().startswith(text.lower()) if ignoring else value.startswith(text))


def _suffix(wanted: Any, value: Any) -> bool:
    text, ignoring = _folded(wanted)
    return isinstance(value, str) and (value.lower().endswith(text.lower()) if ignoring else value.endswith(text))


def _ignoring_case(wanted: str, value: Any) -> bool:
    return isinstance(value, str) and value.lower() == wanted.lower()


def _wildcard(wanted: str, value: Any) -> bool:
    return isinstance(value, str) and _wildcard_expression(wanted).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _wildcard_expression(text: str) -> re.Pattern[str]:
    parts = re.split(r"(\\\\|\\\*|\*)", text)
    special = {"\\*": re.escape("*"), "\\\\": re.escape("\\"), "*": ".*"}
    return re.compile("".join(special.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _numeric(wanted: list[Any], value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return all(_NUMERIC[sign](value, number) for sign, number in zip(wanted[::2], wanted[1::2], strict=True))


def _cidr(wanted: str, value: Any) -> bool:
    network = _network(wanted)
    try:
        return network is not None and ipaddress.ip_address(value) in network
    except ValueError:
        return False


def _anything_but(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        name, texts = next(iter(wanted.items()))
        return not any(_operators[name](text, value) for text in ([texts] if isinstance(texts, str) else texts))
    return not any(_same(item, value) for item in (wanted if isinstance(wanted, list) else [wanted]))


_operators: dict[str, Callable[[Any, Any], bool]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}
