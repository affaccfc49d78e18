"""Documents at the edges of two schemas: one of them often shows that the reader forbids what the writer allows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.json_schema.checker import bounds, tuple_of
from streamgov_core.schemas.json_schema.conjunction import Conjunction
from streamgov_core.schemas.json_schema.document import Document, Node, escape
from streamgov_core.schemas.json_schema.proof import Prover

MAX_DEPTH = 6
MAX_VALUES = 24
"""Values that are tried for one property or item."""
MAX_DOCUMENTS = 3_000
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_UNNAMED = "undeclared_"


class Examples:
    """Makes documents for a writer and a reader.

    Args:
        prover: of the two.
    """

    def __init__(self, prover: Prover) -> None:
        self._prover = prover
        self._left = MAX_DOCUMENTS

    def of(self, writer: Node, reader: Node) -> Iterator[Any]:
        """Documents, some of which the writer allows and the reader forbids, if one is found."""
        return self._values((writer,), (reader,), MAX_DEPTH)

    def _values(self, nodes: tuple[Node, ...], readers: tuple[Node, ...], depth: int) -> Iterator[Any]:
        facets = [*self._facets(self._prover.reader.document, readers)]
        for found in self._prover.alternatives.of(nodes)[:16]:
            hints = [node.schema for node in (*found.nodes, *facets)]
            yield from self._allowed(nodes, _listed(hints))
            scalars = [item for atom in sorted(found.types) for item in _scalars(atom, hints)]
            yield from self._allowed(nodes, iter(scalars))
            if depth and "object" in found.types:
                yield from self._allowed(nodes, self._objects(found, facets, depth))
            if depth and "array" in found.types:
                yield from self._allowed(nodes, self._arrays(found, facets, hints, depth))

    def _allowed(self, nodes: tuple[Node, ...], values: Iterator[Any]) -> Iterator[Any]:
        for value in values:
            self._left -= 1
            if self._left < 0:
                return
            if all(self._prover.writer.valid(node, value) is True for node in nodes):
                yield value

    def _facets(self, document: Document, nodes: tuple[Node, ...]) -> Iterator[Node]:
        """The schemas of the reader that may apply to a value."""
        pending = [*nodes]
        seen: set[Any] = set()
        while pending and len(seen) < 64:
            node = pending.pop()
            if not isinstance(node.schema, dict) or node.key in seen:
                continue
            seen.add(node.key)
            yield node
            with contextlib.suppress(SchemaError):
                pending += [item for item in document.references(node, "") if isinstance(item, Node)]
            for key in ("allOf", "anyOf", "oneOf"):
                listed = node.schema.get(key)
                for n, item in enumerate(listed if isinstance(listed, list) else ()):
                    pending.append(document.child(node, f"{key}/{n}", item))
            for key in ("dependencies", "dependentSchemas"):
                members = node.schema.get(key)
                for name, item in (members if isinstance(members, dict) else {}).items():
                    pending.append(document.child(node, f"{key}/{escape(name)}", item))
            for key in ("if", "then", "else", "not"):
                if isinstance(node.schema.get(key), dict):
                    pending.append(document.child(node, key, node.schema[key]))

    def _objects(self, found: Conjunction, facets: list[Node], depth: int) -> Iterator[Any]:
        reader = self._prover.reader
        asked = [facet.schema.get("required") for facet in facets]
        names = [*dict.fromkeys((*found.required, *found.names))]
        for facet in facets:
            properties = facet.schema.get("properties")
            names += [name for name in (properties if isinstance(properties, dict) else ()) if name not in names]
            for key in ("dependencies", "dependentRequired", "dependentSchemas"):
                triggers = facet.schema.get(key)
                names += [name for name in (triggers if isinstance(triggers, dict) else ()) if name not in names]
        names += [
            n for listed in asked if isinstance(listed, list) for n in listed if isinstance(n, str) and n not in names
        ]

        # What could not be proved is tried first.
        suspects = {part.strip("'") for part in self._prover.obstacle[0].split(".")}
        names.sort(key=lambda name: name not in suspects)

        def values(name: str, most: int) -> list[Any]:
            inner = [node for facet in facets for node in reader.of_property(facet, name) if node is not None]
            return [*islice(self._values(found.property(name), tuple(inner), depth - 1), most)]

        base: dict[str, Any] = {}
        for name in sorted(found.required):
            first = values(name, 1)
            if first:
                base[name] = first[0]
        yield dict(base)
        full = dict(base)
        for name in [*names, _UNNAMED, f"x-{_UNNAMED}"]:
            for value in values(name, MAX_VALUES):
                yield {**base, name: value}
                full.setdefault(name, value)
        yield full
        for name in full:
            yield {key: value for key, value in full.items() if key != name}
        for size in (len(base) + 1, len(base) + 2, len(base) + 3):
            yield {**base, **{f"{_UNNAMED}{n}": None for n in range(size)}}

    def _arrays(self, found: Conjunction, facets: list[Node], hints: list[dict[str, Any]], depth: int) -> Iterator[Any]:
        reader = self._prover.reader
        places = max([found.prefix, *(len(tuple_of(facet)[0]) for facet in facets)], default=0) + 1

        def values(number: int, most: int) -> list[Any]:
            inner = [node for facet in facets if (node := reader.of_item(facet, number)) is not None]
            contained = [
                reader.document.child(facet, "contains", facet.schema["contains"])
                for facet in facets
                if isinstance(facet.schema.get("contains"), dict)
            ]
            return [*islice(self._values(found.item(number), (*inner, *contained), depth - 1), most)]

        yield []
        firsts = [values(number, 2) for number in range(places)]
        sizes = {0, 1, 2, places} | {
            int(hint[key]) + more
            for hint in hints
            for key in ("minItems", "maxItems")
            for more in (-1, 0, 1)
            if isinstance(hint.get(key), int) and 0 <= hint[key] < 50
        }
        base: list[Any] = [options[0] for options in firsts if options][: int(found.bound("minItems") or 0)]
        for number in range(places):
            for value in values(number, MAX_VALUES):
                filler = [options[0] for options in firsts[:number] if options]
                made = [*filler, value]
                yield made
                while len(made) < len(base):
                    made = [*made, made[-1]]
                yield made
        if all(firsts):
            last = firsts[-1]
            for size in sorted(size for size in sizes if size > 0):
                made = [options[0] for options in firsts[:size]]
                made += [last[n % len(last)] for n in range(size - len(made))]
                yield made
                yield [*made[:-1], made[0]]


def _listed(hints: list[dict[str, Any]]) -> Iterator[Any]:
    for hint in hints:
        if isinstance(hint.get("enum"), list):
            yield from hint["enum"][:MAX_VALUES]
        if "const" in hint:
            yield hint["const"]


def _scalars(atom: str, hints: list[dict[str, Any]]) -> Iterator[Any]:
    if atom == "null":
        yield None
    elif atom == "boolean":
        yield from (True, False)
    elif atom in ("integer", "real"):
        edges = {float(hint[key]) for hint in hints for key in _NUMBERS if _is_number(hint.get(key))}
        edges |= {bound for hint in hints for bound in bounds(hint)[::2] if bound is not None}
        for edge in (0.0, *sorted(edges)):
            if atom == "integer":
                yield from (int(edge), int(edge) + 1, int(edge) - 1, int(edge) * 3)
            else:
                yield from (edge + 0.5, edge - 0.5, edge * 1.5 + 0.25, edge + 0.125)
                if not edge.is_integer():
                    yield edge
    elif atom == "string":
        sizes = {
            int(hint[key]) + more
            for hint in hints
            for key in ("minLength", "maxLength")
            for more in (-1, 0, 1)
            if isinstance(hint.get(key), int) and hint[key] < 10_000
        }
        yield from ("text", "", "A", "0")
        yield from ("x" * size for size in sorted(sizes) if size > 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
