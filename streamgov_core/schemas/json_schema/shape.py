"""What the schemas that apply to one value say of it together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.model.shortened import shortened
from streamgov_core.schemas.json_schema.document import Document, Node, check_schema, escape, listed, mapping
from streamgov_core.schemas.text import json_text, text_or_none

TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_ANNOTATIONS = frozenset(
    [
        "$ref",
        "$dynamicRef",
        "$recursiveRef",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "$id",
        "id",
        "$anchor",
        "$schema",
        "$defs",
        "definitions",
    ]
)
_ABOUT_VALUES = frozenset(["title", "description", "default", "deprecated", "enum", "const", "format", "nullable"])


@dataclass
class Shape:
    """The schemas of one value, merged: those that always apply, and apart from them those that may.

    Args:
        types: the types that all allow; None if none names any.
        properties: the schemas of each property.
        patterns: the schemas of properties whose names match a pattern.
        additional: those of all other properties.
        unevaluated: those of properties that nothing else says anything of.
        items: those of the items of an array, whatever their place.
        required: names of properties that must be there.
        facts: title, description, enum and the like; what a schema says itself wins over what it refers to.
        choices: the branches of each ``anyOf`` and ``oneOf``.
        conditional: schemas that apply on a condition.
        tested: conditions.
        excluded: schemas under ``not``.
        external: URIs of schemas in other documents.
        name: of the definition that a reference led to.
        keys: the schemas that the value is of, by which a recursion is noticed: itself and what it refers to, not what
            ``allOf`` adds, for that may be shared by a value and one within it.
        seen: all schemas that were merged.
        never: no value is allowed.
    """

    types: tuple[str, ...] | None = None
    properties: dict[str, list[Node]] = field(default_factory=dict)
    patterns: dict[str, list[Node]] = field(default_factory=dict)
    additional: list[Node] = field(default_factory=list)
    unevaluated: list[Node] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    required: set[str] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)
    choices: list[list[Node]] = field(default_factory=list)
    conditional: list[Node] = field(default_factory=list)
    tested: list[Node] = field(default_factory=list)
    excluded: list[Node] = field(default_factory=list)
    external: list[str] = field(default_factory=list)
    name: str | None = None
    keys: frozenset[Any] = frozenset()
    seen: frozenset[Any] = frozenset()
    never: bool = False

    @property
    def is_map(self) -> bool:
        """Whether properties that are not named have schemas."""
        return bool(self.patterns or self.additional or self.unevaluated)

    @property
    def text(self) -> str | None:
        """The schema's words, with what else people should know."""
        words = text_or_none(self.facts.get("description")) or text_or_none(self.facts.get("title"))
        if self.facts.get("deprecated") is True:
            words = f"Deprecated. {words}" if words else "Deprecated."
        return words

    def branch(self) -> Shape:
        """A copy that a branch of a choice is merged into; what the whole is called and chooses from is not its own."""
        facts = {key: value for key, value in self.facts.items() if key not in ("title", "description", "default")}
        return replace(
            self,
            properties={name: list(nodes) for name, nodes in self.properties.items()},
            patterns={name: list(nodes) for name, nodes in self.patterns.items()},
            additional=list(self.additional),
            unevaluated=list(self.unevaluated),
            items=list(self.items),
            required=set(self.required),
            facts=facts,
            choices=[],
            conditional=list(self.conditional),
            tested=list(self.tested),
            excluded=list(self.excluded),
            external=list(self.external),
            name=None,
        )


class Shapes:
    """Merges the schemas of values of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[tuple[Any, ...], Shape] = {}

    def of(self, nodes: Iterable[Node], where: str, into: Shape | None = None) -> Shape:
        """The shape of a value that all of ``nodes`` apply to, added to ``into`` if that is given.

        Raises:
            SchemaError: one of them is no schema; or references lead round in a circle.
        """
        nodes = tuple(nodes)
        key = tuple(node.key for node in nodes)
        if into is None and key in self._known:
            return self._known[key]
        shape = into if into is not None else Shape()
        for node in nodes:
            self._merge(shape, node, where, ())
        if into is None:
            self._known[key] = shape
        return shape

    def _merge(self, shape: Shape, node: Node, where: str, path: tuple[Any, ...], *, own: bool = True) -> None:
        schema = node.schema
        check_schema(schema, where)
        if isinstance(schema, bool):
            shape.never = shape.never or not schema
            return
        if node.key in path and shape.keys.isdisjoint(path[path.index(node.key) :]):
            raise SchemaError(f"at {where}: references lead round in a circle")  # and none of them says anything
        if node.key in shape.seen:
            return
        shape.seen |= {node.key}
        parts = listed(schema, "allOf", where)
        says = schema.keys() - _ANNOTATIONS
        passes = says == {"allOf"} and len(parts) == 1  # a reference with words beside it, as draft-07 needs it
        if own and says and not passes:
            shape.keys |= {node.key}
        self._own(shape, node, where)
        path = (*path, node.key)
        for target in self._document.references(node, where):
            if isinstance(target, str):
                shape.external.append(target)
            else:
                shape.name = shape.name or target.name
                self._merge(shape, target, where, path, own=own)
        for number, inner in enumerate(parts):
            part = self._document.child(node, f"allOf/{number}", inner)
            self._merge(shape, part, where, path, own=own and passes)

    def _own(self, shape: Shape, node: Node, where: str) -> None:
        schema = node.schema
        child = self._document.child
        _merge_types(shape, schema.get("type"), where)
        for name, inner in mapping(schema, "properties", where).items():
            shape.properties.setdefault(name, []).append(child(node, f"properties/{escape(name)}", inner))
        for name, inner in mapping(schema, "patternProperties", where).items():
            shape.patterns.setdefault(name, []).append(child(node, f"patternProperties/{escape(name)}", inner))
        for key, known in (
            ("additionalProperties", shape.additional),
            ("unevaluatedProperties", shape.unevaluated),
        ):
            if isinstance(schema.get(key), dict) and schema[key]:
                known.append(child(node, key, schema[key]))
        shape.items += self._items(node)
        if isinstance(required := schema.get("required"), list):  # draft-03 and OpenAPI write a boolean here
            shape.required.update(item for item in required if isinstance(item, str))
        for key in _ABOUT_VALUES & schema.keys():
            shape.facts.setdefault(key, schema[key])
        for key in ("oneOf", "anyOf"):
            branches = [child(node, f"{key}/{n}", inner) for n, inner in enumerate(listed(schema, key, where))]
            if branches:
                shape.choices.append(branches)
        shape.conditional += self._conditional(node, where)
        if isinstance(schema.get("if"), dict):
            shape.tested.append(child(node, "if", schema["if"]))
        if isinstance(schema.get("not"), dict):
            shape.excluded.append(child(node, "not", schema["not"]))

    def _items(self, node: Node) -> Iterator[Node]:
        for key in ("prefixItems", "items", "additionalItems", "contains", "unevaluatedItems"):
            value = node.schema.get(key)
            if isinstance(value, list):
                for number, item in enumerate(value):
                    yield self._document.child(node, f"{key}/{number}", item)
            elif isinstance(value, dict) and (value or key == "items"):
                yield self._document.child(node, key, value)

    def _conditional(self, node: Node, where: str) -> Iterator[Node]:
        schema = node.schema
        for key in ("then", "else"):
            if isinstance(schema.get(key), dict):
                yield self._document.child(node, key, schema[key])
        for key in ("dependentSchemas", "dependencies"):
            for name, inner in mapping(schema, key, where).items():
                if isinstance(inner, dict):
                    yield self._document.child(node, f"{key}/{escape(name)}", inner)


def _merge_types(shape: Shape, types: Any, where: str) -> None:
    found = types if isinstance(types, list) else [] if types is None else [types]
    for item in found:
        if not isinstance(item, str) or item not in TYPES:
            raise SchemaError(f"at {where}: {shortened(json_text(item), 200)} is no type of JSON Schema")
    if found:
        # Where two schemas contradict each other, what both say is shown.
        known = shape.types or ()
        shape.types = _both(known, tuple(found)) or tuple(dict.fromkeys((*known, *found)))


def _both(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Types that both allow; an integer is a number."""
    found = [item for item in first if item in second or (item == "integer" and "number" in second)]
    found += [item for item in second if item == "integer" and "number" in first and item not in first]
    return tuple(found)


def is_null_only(shape: Shape) -> bool:
    """Whether the one value is null."""
    facts: Mapping[str, Any] = shape.facts
    return shape.types == ("null",) or ("const" in facts and facts["const"] is None) or facts.get("enum") == [None]
