"""Whether a document is allowed by a schema: yes, no, or not known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.json_schema.document import UNKNOWN_DRAFT, Document, Node, escape

Known = bool | None
"""None where it hangs on another document, a pattern of another dialect, or a draft that is not named."""
IN_PLACE = frozenset(
    [
        "$ref",
        "$dynamicRef",
        "$recursiveRef",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "dependentSchemas",
        "dependencies",
    ]
)
_SINCE = {
    "const": 6, "contains": 6, "propertyNames": 6, "if": 7, "dependentSchemas": 2019, "dependentRequired": 2019,
    "unevaluatedProperties": 2019, "unevaluatedItems": 2019, "minContains": 2019, "maxContains": 2019,
    "prefixItems": 2020, "$dynamicRef": 2020,
}  # fmt: skip
_UNTIL = {"dependencies": 7, "additionalItems": 2019, "$recursiveRef": 2019}


def has(node: Node, keyword: str) -> bool:
    """Whether a keyword is there and means something in the schema's draft; in one that is not named, all do."""
    if keyword not in node.schema:
        return False
    draft = node.draft
    if draft == UNKNOWN_DRAFT:
        return True
    return _SINCE.get(keyword, 0) <= draft <= _UNTIL.get(keyword, 9999)


def only_ref(node: Node) -> bool:
    """Whether a reference is all that counts: up to draft-07 what stands beside it is ignored."""
    return isinstance(node.schema.get("$ref"), str) and 0 < node.draft <= 7


def is_type(value: Any, type_: str, draft: int) -> Known:
    """Whether a value has a type."""
    if type_ == "integer":
        if isinstance(value, float) and value.is_integer():
            return None if draft == UNKNOWN_DRAFT else draft > 4
        return isinstance(value, int) and not isinstance(value, bool)
    if type_ == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    kinds: Mapping[str, type | tuple[type, ...]] = {
        "string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)
    }  # fmt: skip
    return isinstance(value, kinds[type_]) if type_ in kinds else None


def equal(first: Any, second: Any) -> bool:
    """Whether two JSON values are one: 1 and 1.0 are, 1 and true are not."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(equal(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(equal, first, second))
    return (type(first) in (int, float) and type(second) in (int, float) and first == second) or (
        type(first) is type(second) and first == second
    )


def matches(pattern: str, text: str) -> Known:
    """Whether a regular expression is found in a text; None if it is none that is understood here."""
    try:
        return re.search(pattern, text) is not None
    except (re.error, RecursionError, OverflowError):
        return None


def every(results: Iterable[Known]) -> Known:
    """All of them: no, if one is no; not known, if one is not."""
    found: Known = True
    for result in results:
        if result is False:
            return False
        if result is None:
            found = None
    return found


def some(results: Iterable[Known]) -> Known:
    """One of them at least."""
    found: Known = False
    for result in results:
        if result is True:
            return True
        if result is None:
            found = None
    return found


def negated(result: Known) -> Known:
    """The other way round."""
    return None if result is None else not result


class Checker:
    """Checks documents against the schemas of one document of schemas.

    Args:
        document: of the schemas.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._following: set[Any] = set()

    def valid(self, node: Node, value: Any) -> Known:
        """Whether a schema allows a value."""
        return every(result for _, _, result in self.results(node, value, ""))

    def failure(self, node: Node, value: Any) -> tuple[str, str] | None:
        """Path and keyword of what forbids a value; None if nothing surely does."""
        return next(((path, key) for path, key, result in self.results(node, value, "") if result is False), None)

    def results(self, node: Node, value: Any, path: str) -> Iterator[tuple[str, str, Known]]:
        """What each keyword says: path, keyword, result."""
        schema = node.schema
        if isinstance(schema, bool):
            yield path, "false", schema
            return
        if not isinstance(schema, dict):
            yield path, "", None
            return
        yield from self._references(node, value, path)
        if only_ref(node):
            return
        yield from ((path, key, result) for key, result in self._general(node, value))
        yield from self._combined(node, value, path)
        if isinstance(value, dict):
            yield from self._object(node, value, path)
        elif isinstance(value, list):
            yield from self._array(node, value, path)
        elif isinstance(value, str):
            yield from ((path, key, result) for key, result in _string(node, value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield from ((path, key, result) for key, result in _number(node, value))

    def _references(self, node: Node, value: Any, path: str) -> Iterator[tuple[str, str, Known]]:
        try:
            targets = list(self.document.references(node, path))
        except SchemaError:
            yield path, "$ref", None
            return
        for target in targets:
            step = () if isinstance(target, str) else (target.key, id(value))
            if isinstance(target, str) or step in self._following:
                yield path, "$ref", None  # another document, or references that lead round in a circle
                continue
            self._following.add(step)
            try:
                yield from self.results(target, value, path)
            finally:
                self._following.discard(step)

    def _general(self, node: Node, value: Any) -> Iterator[tuple[str, Known]]:
        schema = node.schema
        if (types := schema.get("type")) is not None:
            listed = types if isinstance(types, list) else [types]
            yield "type", some(is_type(value, item, node.draft) for item in listed if isinstance(item, str))
        if isinstance(schema.get("enum"), list):
            yield "enum", any(equal(value, item) for item in schema["enum"])
        if has(node, "const"):
            yield "const", equal(value, schema["const"])

    def _combined(self, node: Node, value: Any, path: str) -> Iterator[tuple[str, str, Known]]:
        def branches(key: str) -> list[Node]:
            found = node.schema.get(key)
            listed = found if isinstance(found, list) else []
            return [self.document.child(node, f"{key}/{n}", item) for n, item in enumerate(listed)]

        for branch in branches("allOf"):
            yield from self.results(branch, value, path)
        if found := branches("anyOf"):
            yield path, "anyOf", some(self.valid(branch, value) for branch in found)
        if found := branches("oneOf"):
            results = [self.valid(branch, value) for branch in found]
            sure = results.count(True)
            yield path, "oneOf", False if sure > 1 else (None if None in results else sure == 1)
        if has(node, "not"):
            yield path, "not", negated(self.valid(self.document.child(node, "not", node.schema["not"]), value))
        if has(node, "if"):
            yield path, "if", self._conditional(node, value)

    def _conditional(self, node: Node, value: Any) -> Known:
        def part(key: str) -> Known:
            return self.valid(self.document.child(node, key, node.schema[key]), value) if key in node.schema else True

        tested = part("if")
        if tested is None:
            return every((part("then"), part("else"))) or None
        return part("then" if tested else "else")

    # --- objects ------------------------------------------------------------------------------------------------------
    def _object(self, node: Node, value: dict[str, Any], path: str) -> Iterator[tuple[str, str, Known]]:
        schema = node.schema
        if isinstance(required := schema.get("required"), list):
            for name in required:
                if isinstance(name, str) and name not in value:
                    yield _below(path, name), "required", False
        for key, holds in _SIZES:
            if (bound := _bound(schema, f"{key}Properties")) is not None:
                yield path, f"{key}Properties", holds(len(value), bound)
        for name, item in value.items():
            for inner in self.of_property(node, name):
                if inner is None:
                    yield _below(path, name), "patternProperties", None
                else:
                    yield from self.results(inner, item, _below(path, name))
        if has(node, "propertyNames"):
            names = self.document.child(node, "propertyNames", schema["propertyNames"])
            yield path, "propertyNames", every(self.valid(names, name) for name in value)
        yield from self._dependent(node, value, path)
        if is_unevaluated(node, "unevaluatedProperties"):
            yield path, "unevaluatedProperties", None

    def of_property(self, node: Node, name: str) -> Iterator[Node | None]:
        """The schemas of a property; None where a pattern may or may not match."""
        schema, child = node.schema, self.document.child
        found = unsure = False
        properties = schema.get("properties")
        if isinstance(properties, dict) and name in properties:
            found = True
            yield child(node, f"properties/{escape(name)}", properties[name])
        patterns = schema.get("patternProperties")
        for pattern, inner in patterns.items() if isinstance(patterns, dict) else ():
            result = matches(pattern, name)
            if result is None:
                unsure = True
                yield None
            elif result:
                found = True
                yield child(node, f"patternProperties/{escape(pattern)}", inner)
        if not found and not unsure and (key := rest_key(node, "Properties")):
            yield child(node, key, schema[key])

    def _dependent(self, node: Node, value: dict[str, Any], path: str) -> Iterator[tuple[str, str, Known]]:
        for key in ("dependencies", "dependentSchemas", "dependentRequired"):
            found = node.schema.get(key) if has(node, key) else None
            for name, inner in found.items() if isinstance(found, dict) else ():
                if name not in value:
                    continue
                if isinstance(inner, list):
                    yield path, key, all(other in value for other in inner)
                else:
                    yield path, key, self.valid(self.document.child(node, f"{key}/{escape(name)}", inner), value)

    # --- arrays -------------------------------------------------------------------------------------------------------
    def _array(self, node: Node, value: list[Any], path: str) -> Iterator[tuple[str, str, Known]]:
        schema = node.schema
        for key, holds in _SIZES:
            if (bound := _bound(schema, f"{key}Items")) is not None:
                yield path, f"{key}Items", holds(len(value), bound)
        if schema.get("uniqueItems") is True:
            yield path, "uniqueItems", not any(equal(a, b) for n, a in enumerate(value) for b in value[:n])
        for number, item in enumerate(value):
            if (inner := self.of_item(node, number)) is not None:
                yield from self.results(inner, item, path)
        if has(node, "contains"):
            yield path, "contains", self._contains(node, value)
        if is_unevaluated(node, "unevaluatedItems"):
            yield path, "unevaluatedItems", None

    def of_item(self, node: Node, number: int) -> Node | None:
        """The schema of an item at a place; None if there is none."""
        first, key, rest = tuple_of(node)
        if number < len(first):
            return self.document.child(node, f"{key}/{number}", first[number])
        return self.document.child(node, rest, node.schema[rest]) if rest else None

    def _contains(self, node: Node, value: list[Any]) -> Known:
        inner = self.document.child(node, "contains", node.schema["contains"])
        results = [self.valid(inner, item) for item in value]
        least = node.schema.get("minContains", 1) if has(node, "minContains") else 1
        most = node.schema.get("maxContains", len(value)) if has(node, "maxContains") else len(value)
        sure, possible = results.count(True), results.count(True) + results.count(None)
        if not isinstance(least, int | float) or not isinstance(most, int | float):
            return None
        if possible < least or sure > most:
            return False
        return True if sure >= least and possible <= most else None


def rest_key(node: Node, kind: str) -> str:
    """The keyword for what is not named: additional…, or unevaluated… where nothing else evaluates; empty if none."""
    if has(node, f"additional{kind}"):
        return f"additional{kind}"
    unevaluated = f"unevaluated{kind}"
    return unevaluated if has(node, unevaluated) and not IN_PLACE & node.schema.keys() else ""


def is_unevaluated(node: Node, keyword: str) -> bool:
    """Whether what counts as evaluated would have to be known; validators do not agree on all of it."""
    if not has(node, keyword) or node.schema[keyword] in (True, {}):
        return False
    others = {"contains", "additionalItems", "items"} if keyword == "unevaluatedItems" else {"additionalProperties"}
    return bool((IN_PLACE | others) & node.schema.keys())


def tuple_of(node: Node) -> tuple[list[Any], str, str]:
    """The schemas of an array's first items, the keyword that has them, and the keyword of the rest."""
    schema = node.schema
    if has(node, "prefixItems") and isinstance(schema["prefixItems"], list):
        rest = "items" if isinstance(schema.get("items"), dict | bool) else ""
        return schema["prefixItems"], "prefixItems", rest or _unevaluated_items(node)
    if isinstance(schema.get("items"), list):
        if node.draft == 2020:
            return [], "", ""
        rest = "additionalItems" if isinstance(schema.get("additionalItems"), dict | bool) else ""
        return schema["items"], "items", (rest if has(node, "additionalItems") else "") or _unevaluated_items(node)
    if isinstance(schema.get("items"), dict | bool):
        return [], "", "items"
    return [], "", _unevaluated_items(node)


def _unevaluated_items(node: Node) -> str:
    found = has(node, "unevaluatedItems") and not is_unevaluated(node, "unevaluatedItems")
    return "unevaluatedItems" if found and not IN_PLACE & node.schema.keys() else ""


def _string(node: Node, value: str) -> Iterator[tuple[str, Known]]:
    for key, holds in _SIZES:
        if (bound := _bound(node.schema, f"{key}Length")) is not None:
            yield f"{key}Length", holds(len(value), bound)
    if isinstance(pattern := node.schema.get("pattern"), str):
        yield "pattern", matches(pattern, value)


def _number(node: Node, value: int | float) -> Iterator[tuple[str, Known]]:
    low, low_open, high, high_open = bounds(node.schema)
    if low is not None:
        yield "minimum", value > low if low_open else value >= low
    if high is not None:
        yield "maximum", value < high if high_open else value <= high
    step = node.schema.get("multipleOf")
    if isinstance(step, int | float) and not isinstance(step, bool) and step > 0:
        yield "multipleOf", exact(value) % exact(step) == 0


def bounds(schema: Mapping[str, Any]) -> tuple[float | None, bool, float | None, bool]:
    """Lower bound, whether it is excluded, upper bound, whether it is excluded."""
    low, low_open = _one_bound(schema, "minimum", "exclusiveMinimum", max)
    high, high_open = _one_bound(schema, "maximum", "exclusiveMaximum", min)
    return low, low_open, high, high_open


def _one_bound(
    schema: Mapping[str, Any], key: str, exclusive: str, tighter: Callable[[float, float], float]
) -> tuple[float | None, bool]:
    bound, other = schema.get(key), schema.get(exclusive)
    first = bound if isinstance(bound, int | float) and not isinstance(bound, bool) else None
    if other is True:
        return first, True
    second = other if isinstance(other, int | float) and not isinstance(other, bool) else None
    if second is None or first is None:
        return (second, True) if first is None and second is not None else (first, False)
    best = tighter(first, second)
    return best, best == second


def exact(value: int | float) -> Fraction:
    """A number as it is written in decimals."""
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def _bound(schema: Mapping[str, Any], key: str) -> float | None:
    value = schema.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


_SIZES: tuple[tuple[str, Callable[[float, float], bool]], ...] = (
    ("min", lambda size, bound: size >= bound),
    ("max", lambda size, bound: size <= bound),
)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
