"""Proofs about objects, with open and closed content models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from streamgov_core.schemas.json_schema.checker import has, is_unevaluated, matches, rest_key
from streamgov_core.schemas.json_schema.conjunction import Conjunction
from streamgov_core.schemas.json_schema.document import Node, escape
from streamgov_core.schemas.json_schema.judge import Judge
from streamgov_core.schemas.json_schema.scalars import bound_holds
from streamgov_core.schemas.text import quoted


def checks(prover: Judge, found: Conjunction, reader: Node, path: str) -> Iterator[tuple[str, Callable[[], bool]]]:
    """What a schema of the reader's asks of an object, keyword by keyword."""
    schema = reader.schema
    if isinstance(schema.get("required"), list):
        yield "required", lambda: found.required.issuperset(n for n in schema["required"] if isinstance(n, str))
    if isinstance(schema.get("properties"), dict):
        yield "properties", lambda: _properties(prover, found, reader, path)
    if isinstance(schema.get("patternProperties"), dict):
        yield "patternProperties", lambda: _patterns(prover, found, reader, path)
    if key := rest_key(reader, "Properties"):
        yield key, lambda: _rest(prover, found, reader, key, path)
    if "minProperties" in schema:
        yield (
            "minProperties",
            lambda: bound_holds(found, reader, "minProperties", 1) or (len(found.required) >= schema["minProperties"]),
        )
    if "maxProperties" in schema:
        yield (
            "maxProperties",
            lambda: (
                bound_holds(found, reader, "maxProperties", -1)
                or (_is_closed(found) and len(found.names) <= schema["maxProperties"])
            ),
        )
    if has(reader, "propertyNames"):
        yield "propertyNames", lambda: _names(prover, found, reader)
    for keyword in ("dependencies", "dependentSchemas", "dependentRequired"):
        if has(reader, keyword):
            yield keyword, lambda keyword=keyword: _dependent(prover, found, reader, keyword, path)  # type: ignore[misc]
    if is_unevaluated(reader, "unevaluatedProperties"):
        yield "unevaluatedProperties", lambda: False


def _below(path: str, name: str) -> str:
    return f"{path}.{quoted(name)}" if path else quoted(name)


def _properties(prover: Judge, found: Conjunction, reader: Node, path: str) -> bool:
    for name, schema in reader.schema["properties"].items():
        inner = prover.reader.document.child(reader, f"properties/{escape(name)}", schema)
        if not _is_absent(found, name) and not prover.below(found.property(name), inner, _below(path, name)):
            return False
    return True


def _patterns(prover: Judge, found: Conjunction, reader: Node, path: str) -> bool:
    for pattern, schema in reader.schema["patternProperties"].items():
        inner = prover.reader.document.child(reader, f"patternProperties/{escape(pattern)}", schema)
        for name in found.names:
            asked = matches(pattern, name) is not False and not _is_absent(found, name)
            if asked and not prover.below(found.property(name), inner, _below(path, name)):
                return False
        for nodes in found.others(found.names, frozenset(), pattern):
            if not prover.below(nodes, inner, _below(path, f"/{pattern}/")):
                return False
    return True


def _rest(prover: Judge, found: Conjunction, reader: Node, key: str, path: str) -> bool:
    """Properties that the reader neither names nor has a pattern for."""
    inner = prover.reader.document.child(reader, key, reader.schema[key])
    named = reader.schema.get("properties")
    patterns = reader.schema.get("patternProperties")
    names = frozenset(named) if isinstance(named, dict) else frozenset()
    texts = frozenset(patterns) if isinstance(patterns, dict) else frozenset()
    for name in found.names - names:
        asked = all(matches(pattern, name) is not True for pattern in texts) and not _is_absent(found, name)
        if asked and not prover.below(found.property(name), inner, _below(path, name)):
            return False
    return all(prover.below(nodes, inner, _below(path, "*")) for nodes in found.others(found.names | names, texts))


def _is_absent(found: Conjunction, name: str) -> bool:
    return any(node.schema is False for node in found.property(name))


def _is_closed(found: Conjunction) -> bool:
    """Whether no property is allowed but those that are named."""
    return all(any(node.schema is False for node in nodes) for nodes in found.others(found.names, frozenset()))


def _names(prover: Judge, found: Conjunction, reader: Node) -> bool:
    inner = prover.reader.document.child(reader, "propertyNames", reader.schema["propertyNames"])
    if _is_closed(found):
        possible = (name for name in found.names if not _is_absent(found, name))
        return all(prover.reader.valid(inner, name) is True for name in possible)
    return any(
        prover.below((prover.writer.document.child(node, "propertyNames", node.schema["propertyNames"]),), inner, "")
        for node in found.nodes
        if has(node, "propertyNames")
    )


def _dependent(prover: Judge, found: Conjunction, reader: Node, keyword: str, path: str) -> bool:
    value = reader.schema[keyword]
    if not isinstance(value, dict):
        return False
    return all(
        _dependency(prover, found, reader, f"{keyword}/{escape(name)}", name, value[name], path) for name in value
    )


def _dependency(
    prover: Judge, found: Conjunction, reader: Node, pointer: str, name: str, wanted: Any, path: str
) -> bool:
    if _is_absent(found, name):
        return True
    if isinstance(wanted, list):
        known = found.required | _implied(found, name, pointer.partition("/")[0])
        return known.issuperset(item for item in wanted if isinstance(item, str))
    inner = prover.reader.document.child(reader, pointer, wanted)
    return prover.holds(found, inner, path) or any(
        prover.sameness.same(prover.writer.document.child(node, f"{key}/{escape(name)}", own[name]), inner)
        for node in found.nodes
        for key in ("dependencies", "dependentSchemas")
        if has(node, key) and isinstance(own := node.schema[key], dict) and isinstance(own.get(name), dict)
    )


def _implied(found: Conjunction, name: str, keyword: str) -> frozenset[str]:
    """Properties that the writer asks for where one is there; without a draft, the same keyword means the same."""
    lists = [
        node.schema[key].get(name)
        for node in found.nodes
        for key in ("dependencies", "dependentRequired")
        if has(node, key) and isinstance(node.schema[key], dict) and (node.draft or key == keyword)
    ]
    return frozenset(item for listed in lists if isinstance(listed, list) for item in listed if isinstance(item, str))
