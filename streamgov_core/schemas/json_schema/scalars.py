"""Proofs about types, listed values, numbers and texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from streamgov_core.schemas.json_schema.checker import bounds, exact, has
from streamgov_core.schemas.json_schema.conjunction import Conjunction, atoms
from streamgov_core.schemas.json_schema.document import UNKNOWN_DRAFT, Node
from streamgov_core.schemas.json_schema.judge import Judge

_FINITE: dict[str, list[Any]] = {"null": [None], "boolean": [True, False]}
_NUMBERS = frozenset({"integer", "real"})


def checks(prover: Judge, found: Conjunction, reader: Node, path: str) -> Iterator[tuple[str, Callable[[], bool]]]:
    """What a schema of the reader's asks of a value, keyword by keyword."""
    schema = reader.schema
    if schema.get("type") is not None:
        yield "type", lambda: found.types <= atoms(schema["type"]) and _same_integers(found, reader)
    for key in ("enum", "const"):
        if has(reader, key):
            yield key, lambda: _is_finite(prover, found, reader)
    if _NUMBERS & found.types:
        yield "minimum", lambda: _in_range(found, reader)
        if "multipleOf" in schema:
            yield "multipleOf", lambda: _is_multiple(found, reader)
    if "string" in found.types:
        for keyword, tighter in (("minLength", 1), ("maxLength", -1)):
            if keyword in schema:
                yield keyword, lambda k=keyword, t=tighter: bound_holds(found, reader, k, t)  # type: ignore[misc]
        for key in ("pattern", "format"):
            if key in schema and not (key == "format" and not isinstance(schema[key], str)):
                yield key, lambda k=key: any(node.schema.get(k) == schema[k] for node in found.nodes)  # type: ignore[misc]
    elif "format" in schema and isinstance(schema["format"], str) and _NUMBERS & found.types:
        yield "format", lambda: any(node.schema.get("format") == schema["format"] for node in found.nodes)


def bound_holds(found: Conjunction, reader: Node, keyword: str, sign: int) -> bool:
    """Whether a least (sign 1) or greatest (-1) size of the reader follows from the writer's."""
    bound, own = reader.schema[keyword], found.bound(keyword)
    if isinstance(bound, int | float) and sign > 0 and bound <= 0:
        return True
    return own is not None and isinstance(bound, int | float) and sign * own >= sign * bound


def _same_integers(found: Conjunction, reader: Node) -> bool:
    """Up to draft-04, 1.0 is no integer; later it is."""
    types = reader.schema["type"]
    listed = types if isinstance(types, list) else [types]
    if "integer" not in found.types or "number" in listed or reader.draft not in (UNKNOWN_DRAFT, 4):
        return True
    for node in found.nodes:
        own = node.schema.get("type")
        names = own if isinstance(own, list) else [own]
        if "integer" in names and "number" not in names and node.draft == reader.draft:
            return True
    return False


def _is_finite(prover: Judge, found: Conjunction, reader: Node) -> bool:
    values = found.values
    if values is None and found.types <= _FINITE.keys():
        values = [value for atom in found.types for value in _FINITE[atom]]
    return values is not None and all(prover.reader.valid(reader, value) is True for value in values)


def _in_range(found: Conjunction, reader: Node) -> bool:
    low, low_open, high, high_open = bounds(reader.schema)
    own_low, own_low_open, own_high, own_high_open = found.range
    if low is not None and (own_low is None or own_low < low or (own_low == low and low_open and not own_low_open)):
        return False
    return high is None or not (
        own_high is None or own_high > high or (own_high == high and high_open and not own_high_open)
    )


def _is_multiple(found: Conjunction, reader: Node) -> bool:
    step = reader.schema["multipleOf"]
    if not isinstance(step, int | float) or isinstance(step, bool) or step <= 0:
        return False
    own = [node.schema.get("multipleOf") for node in found.nodes]
    steps = [exact(item) for item in own if isinstance(item, int | float) and not isinstance(item, bool) and item > 0]
    if "real" not in found.types:
        steps.append(exact(1))
    return any((item / exact(step)).denominator == 1 for item in steps)


def disjoint(prover: Judge, found: Conjunction, reader: Node, path: str, depth: int = 4) -> bool:
    """Whether no value of a conjunction is allowed by a schema of the reader's."""
    if found.values is not None:
        return all(prover.reader.valid(reader, value) is False for value in found.values)
    others = prover.read_alternatives.of((reader,))
    return all(_apart(prover, found, other, path, depth) for other in others)


def _apart(prover: Judge, found: Conjunction, other: Conjunction, path: str, depth: int) -> bool:
    types = found.types & other.types
    if not types:
        return True
    if other.values is not None:
        return all(any(found.checker.valid(node, value) is False for node in found.nodes) for value in other.values)
    if types <= _NUMBERS:
        low, low_open, high, high_open = found.range
        other_low, other_low_open, other_high, other_high_open = other.range
        return _before(high, high_open, other_low, other_low_open) or _before(
            other_high, other_high_open, low, low_open
        )
    if types == {"string"}:
        return _sizes_apart(found, other, "Length")
    if types != {"object"} or not depth:
        return types == {"array"} and _sizes_apart(found, other, "Items")
    return any(_apart_at(prover, found, other, name, path, depth) for name in found.required | other.required)


def _apart_at(prover: Judge, found: Conjunction, other: Conjunction, name: str, path: str, depth: int) -> bool:
    """Whether a property that one of the two requires cannot be of both."""
    if name not in found.required and name not in other.required:
        return False
    mine = prover.alternatives.of(found.property(name))
    theirs = prover.read_alternatives.of(other.property(name))
    return all(_apart(prover, item, it, path, depth - 1) for item in mine for it in theirs)


def _before(high: float | None, high_open: bool, low: float | None, low_open: bool) -> bool:
    return high is not None and low is not None and (high < low or (high == low and (high_open or low_open)))


def _sizes_apart(found: Conjunction, other: Conjunction, kind: str) -> bool:
    for first, second in ((found, other), (other, found)):
        most, least = first.bound(f"max{kind}"), second.bound(f"min{kind}")
        if most is not None and least is not None and most < least:
            return True
    return False
