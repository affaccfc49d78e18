"""Proofs about arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streamgov_core.schemas.json_schema.checker import has, is_unevaluated, tuple_of
from streamgov_core.schemas.json_schema.conjunction import Conjunction
from streamgov_core.schemas.json_schema.document import Node
from streamgov_core.schemas.json_schema.judge import Judge
from streamgov_core.schemas.json_schema.scalars import bound_holds


def checks(prover: Judge, found: Conjunction, reader: Node, path: str) -> Iterator[tuple[str, Callable[[], bool]]]:
    """What a schema of the reader's asks of an array, keyword by keyword."""
    schema = reader.schema
    yield "items", lambda: _items(prover, found, reader, path)
    if "minItems" in schema:
        yield "minItems", lambda: bound_holds(found, reader, "minItems", 1)
    if "maxItems" in schema:
        yield (
            "maxItems",
            lambda: bound_holds(found, reader, "maxItems", -1) or _most(prover, found) <= schema["maxItems"],
        )
    if schema.get("uniqueItems") is True:
        yield (
            "uniqueItems",
            lambda: _most(prover, found) <= 1 or any(node.schema.get("uniqueItems") is True for node in found.nodes),
        )
    if has(reader, "contains"):
        yield "contains", lambda: _contains(prover, found, reader, path)
    if is_unevaluated(reader, "unevaluatedItems"):
        yield "unevaluatedItems", lambda: False


def _most(prover: Judge, found: Conjunction) -> float:
    """The greatest number of items."""
    bound = found.bound("maxItems")
    most = float("inf") if bound is None else bound
    for number in range(found.prefix + 1):
        if number < most and any(node.schema is False for node in found.item(number)):
            return number
    return most


def _items(prover: Judge, found: Conjunction, reader: Node, path: str) -> bool:
    last = max(found.prefix, len(tuple_of(reader)[0]))
    most = _most(prover, found)
    for number in range(last + 1):
        if number >= most:
            break
        inner = prover.reader.of_item(reader, number)
        if inner is not None and not prover.below(found.item(number), inner, path):
            return False
    return True


def _contains(prover: Judge, found: Conjunction, reader: Node, path: str) -> bool:
    schema = reader.schema
    inner = prover.reader.document.child(reader, "contains", schema["contains"])
    least = schema.get("minContains", 1) if has(reader, "minContains") else 1
    most = schema.get("maxContains") if has(reader, "maxContains") else None
    if most is not None and not _most(prover, found) <= most:
        return False
    if least == 0:
        return True
    least_items = found.bound("minItems") or 0
    if least_items >= least and all(
        prover.below(found.item(number), inner, path) for number in range(found.prefix + 1)
    ):
        return True
    for node in found.nodes:
        if has(node, "contains"):
            own = prover.writer.document.child(node, "contains", node.schema["contains"])
            own_least = node.schema.get("minContains", 1) if has(node, "minContains") else 1
            if isinstance(own_least, int) and own_least >= least and prover.below((own,), inner, path):
                return True
    return False
