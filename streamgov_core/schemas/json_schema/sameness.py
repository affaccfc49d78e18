"""Whether two schemas are the same but for words and order, references followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.json_schema.checker import equal
from streamgov_core.schemas.json_schema.document import LISTS, MAPS, SINGLE, Document, Node, escape

_WORDS = frozenset(
    [
        "$schema",
        "$id",
        "id",
        "$anchor",
        "$dynamicAnchor",
        "$recursiveAnchor",
        "$comment",
        "$defs",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentMediaType",
        "contentEncoding",
        "contentSchema",
        "$ref",
        "$dynamicRef",
        "$recursiveRef",
    ]
)
_UNORDERED = frozenset({"allOf", "anyOf", "oneOf"})
_SETS = frozenset({"enum", "required"})


class Sameness:
    """Compares schemas of two documents.

    Args:
        first: the one.
        second: the other.
    """

    def __init__(self, first: Document, second: Document) -> None:
        self._first = first
        self._second = second
        self._known: dict[tuple[Any, Any], bool] = {}

    def same(self, a: Node, b: Node) -> bool:
        """Whether both allow the same by what they say; schemas that say it otherwise are not found."""
        if not isinstance(a.schema, dict) or not isinstance(b.schema, dict):
            return type(a.schema) is type(b.schema) and a.schema == b.schema
        if a.draft != b.draft:
            return False
        key = (a.key, b.key)
        if key not in self._known:
            # A pair that is being compared is taken for the same where it comes again; what is not stays so.
            self._known[key] = True
            self._known[key] = self._references(a, b) and self._keywords(a, b)
            if not self._known[key]:
                # What was found meanwhile may rest on it.
                self._known = {pair: known for pair, known in self._known.items() if not known}
        return self._known[key]

    def _references(self, a: Node, b: Node) -> bool:
        try:
            first = list(self._first.references(a, ""))
            second = list(self._second.references(b, ""))
        except SchemaError:
            return False
        return len(first) == len(second) and all(
            x == y if isinstance(x, str) or isinstance(y, str) else self.same(x, y)
            for x, y in zip(first, second, strict=True)
        )

    def _keywords(self, a: Node, b: Node) -> bool:
        first, second = a.schema.keys() - _WORDS, b.schema.keys() - _WORDS
        return first == second and all(self._keyword(key, a, b) for key in first)

    def _keyword(self, key: str, a: Node, b: Node) -> bool:
        x, y = a.schema[key], b.schema[key]
        if key in SINGLE and isinstance(x, dict | bool) and isinstance(y, dict | bool):
            return self.same(self._first.child(a, key, x), self._second.child(b, key, y))
        if key in MAPS and isinstance(x, dict) and isinstance(y, dict):
            return x.keys() == y.keys() and all(self._member(f"{key}/{escape(n)}", a, x[n], b, y[n]) for n in x)
        if key in LISTS and isinstance(x, list) and isinstance(y, list):
            if key in _UNORDERED:
                return _matched(x, y, lambda i, j: self._member(f"{key}/0", a, i, b, j))
            return len(x) == len(y) and all(
                self._member(f"{key}/{n}", a, i, b, j) for n, (i, j) in enumerate(zip(x, y, strict=True))
            )
        if key == "type":
            listed = [{*item} if isinstance(item, list) else {item} for item in (x, y) if _is_types(item)]
            return len(listed) == 2 and listed[0] == listed[1]
        if key in _SETS and isinstance(x, list) and isinstance(y, list):
            return all(any(equal(i, j) for j in y) for i in x) and all(any(equal(i, j) for i in x) for j in y)
        return equal(x, y)

    def _member(self, path: str, a: Node, x: Any, b: Node, y: Any) -> bool:
        if isinstance(x, list) and isinstance(y, list):  # the names that a dependency asks for
            return sorted(map(str, x)) == sorted(map(str, y))
        if not isinstance(x, dict | bool) or not isinstance(y, dict | bool):
            return False
        return self.same(self._first.child(a, path, x), self._second.child(b, path, y))


def _is_types(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _matched(first: list[Any], second: list[Any], same: Callable[[Any, Any], bool]) -> bool:
    left = [*second]
    for item in first:
        found = next((n for n, other in enumerate(left) if same(item, other)), None)
        if found is None:
            return False
        del left[found]
    return not left
