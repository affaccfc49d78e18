"""Proofs that one JSON Schema includes another; what is not proved may hold nevertheless."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.json_schema import arrays, objects, scalars
from streamgov_core.schemas.json_schema.checker import Checker, has, only_ref
from streamgov_core.schemas.json_schema.conjunction import Alternatives, Conjunction
from streamgov_core.schemas.json_schema.document import Node
from streamgov_core.schemas.json_schema.sameness import Sameness

MAX_STEPS = 4_000
"""Comparisons after which nothing more is proved."""


class Prover:
    """Proves that a reader's schemas allow what a writer's allow.

    Args:
        writer: checks against the writer's document.
        reader: checks against the reader's.
    """

    def __init__(self, writer: Checker, reader: Checker) -> None:
        self.writer = writer
        self.reader = reader
        self.alternatives = Alternatives(writer)
        self.read_alternatives = Alternatives(reader)
        self.sameness = Sameness(writer.document, reader.document)
        self.obstacle: tuple[str, str] = ("", "the whole")
        """Path and keyword of the deepest thing that could not be proved."""
        self._reverse: Prover | None = None
        self._depth = 0
        self._best = -1
        self._steps = 0
        self._assumed: dict[Any, int] = {}

    @property
    def reverse(self) -> Prover:
        """Proves that the writer's schemas allow what the reader's allow."""
        if self._reverse is None:
            self._reverse = Prover(self.reader, self.writer)
            self._reverse._reverse = self
        return self._reverse

    def proves(self, writer: Node, reader: Node) -> bool:
        """Whether all that one schema allows is proved to be allowed by another."""
        return self.includes((writer,), reader, "")

    def includes(self, nodes: tuple[Node, ...], reader: Node, path: str) -> bool:
        """The same of values that several of the writer's schemas apply to."""
        if reader.schema is True or reader.schema == {}:
            return True
        if any(self.sameness.same(node, reader) for node in nodes):
            return True
        self._steps += 1
        if self._steps > MAX_STEPS:
            return False
        key = (tuple(node.key for node in nodes), reader.key)
        if key in self._assumed:
            # Documents are finite: what comes again further down a document is proved by what is above it.
            return self._depth > self._assumed[key]
        self._assumed[key] = self._depth
        found = all(self.holds(item, reader, path) for item in self.alternatives.of(nodes))
        if not found:
            while self._assumed.popitem()[0] != key:  # what was proved meanwhile may rest on it
                pass
        else:
            self._assumed[key] = -1
        return found

    def below(self, nodes: tuple[Node, ...], reader: Node, path: str) -> bool:
        """The same of a property or an item."""
        self._depth += 1
        try:
            return self.includes(nodes, reader, path)
        finally:
            self._depth -= 1

    def disjoint(self, found: Conjunction, reader: Node, path: str) -> bool:
        """Whether no value of the writer's is allowed by a schema of the reader's."""
        if reader.schema is False:
            return True
        if any(self.sameness.same(node, reader) for node in found.excluded):
            return True
        if any(self.reverse.includes((reader,), node, path) for node in found.excluded):
            return True  # what the reader's schema allows, the writer excludes
        return scalars.disjoint(self, found, reader, path)

    def holds(self, found: Conjunction, reader: Node, path: str) -> bool:
        """Whether a schema of the reader's holds for all values of a conjunction."""
        schema = reader.schema
        if isinstance(schema, bool) or not isinstance(schema, dict):
            return schema is True or self._fails(path, "false")
        if any(self.sameness.same(node, reader) for node in found.nodes):
            return True
        if found.values is not None and all(self.reader.valid(reader, value) is True for value in found.values):
            return True
        for target in self._targets(reader):
            if target is None:
                return self._fails(path, "$ref")
            if isinstance(target, str):
                if target not in found.external:
                    return self._fails(path, "$ref")
            elif not self.holds(found, target, path):
                return False
        if only_ref(reader):
            return True
        return all(check() or self._fails(path, keyword) for keyword, check in self._checks(found, reader, path))

    def _targets(self, reader: Node) -> Iterator[Node | str | None]:
        try:
            yield from self.reader.document.references(reader, "")
        except SchemaError:
            yield None

    def _checks(self, found: Conjunction, reader: Node, path: str) -> Iterator[tuple[str, Callable[[], bool]]]:
        yield from scalars.checks(self, found, reader, path)
        for key, check in (("allOf", self._all_of), ("anyOf", self._any_of), ("oneOf", self._one_of)):
            if isinstance(reader.schema.get(key), list):
                yield key, lambda check=check, key=key: check(found, self._branches(reader, key), path)  # type: ignore[misc]
        if has(reader, "not"):
            excluded = self.reader.document.child(reader, "not", reader.schema["not"])
            yield "not", lambda: self.disjoint(found, excluded, path)
        if has(reader, "if"):
            yield "if", lambda: self._conditional(found, reader, path)
        if "object" in found.types:
            yield from objects.checks(self, found.of_type("object"), reader, path)
        if "array" in found.types:
            yield from arrays.checks(self, found.of_type("array"), reader, path)

    def _branches(self, reader: Node, key: str) -> list[Node]:
        return [self.reader.document.child(reader, f"{key}/{n}", item) for n, item in enumerate(reader.schema[key])]

    def _all_of(self, found: Conjunction, branches: list[Node], path: str) -> bool:
        return all(self.holds(found, branch, path) for branch in branches)

    def _any_of(self, found: Conjunction, branches: list[Node], path: str) -> bool:
        if any(self.holds(found, branch, path) for branch in branches):
            return True
        parts = [found.of_type(atom) for atom in found.types]
        return len(parts) > 1 and all(any(self.holds(part, branch, path) for branch in branches) for part in parts)

    def _one_of(self, found: Conjunction, branches: list[Node], path: str) -> bool:
        def exactly_one(part: Conjunction) -> bool:
            return any(
                self.holds(part, branch, path)
                and all(self.disjoint(part, other, path) for other in branches if other is not branch)
                for branch in branches
            )

        if exactly_one(found):
            return True
        parts = [found.of_type(atom) for atom in found.types]
        return len(parts) > 1 and all(exactly_one(part) for part in parts)

    def _conditional(self, found: Conjunction, reader: Node, path: str) -> bool:
        def part(key: str) -> bool:
            if key not in reader.schema:
                return True
            return self.holds(found, self.reader.document.child(reader, key, reader.schema[key]), path)

        then, other = part("then"), part("else")
        if then and other:
            return True
        tested = self.reader.document.child(reader, "if", reader.schema["if"])
        if then and self.holds(found, tested, path):
            return True
        return other and self.disjoint(found, tested, path)

    def _fails(self, path: str, keyword: str) -> bool:
        depth = path.count(".") + bool(path)
        if depth > self._best:
            self._best, self.obstacle = depth, (path, keyword)
        return False
