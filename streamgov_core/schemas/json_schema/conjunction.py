"""The documents of a writer as alternatives, each a conjunction of schemas without choices between them.

An alternative may allow more than the writer does, never less: what is included in a reader then holds for the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.json_schema.checker import (
    Checker,
    bounds,
    every,
    has,
    is_type,
    only_ref,
    rest_key,
    tuple_of,
)
from streamgov_core.schemas.json_schema.document import UNKNOWN_DRAFT, Node, escape

ATOMS = frozenset({"null", "boolean", "integer", "real", "string", "array", "object"})
"""Types without overlap: a real number is one that is no integer."""
MAX_ALTERNATIVES = 64


def atoms(types: Any) -> frozenset[str]:
    """The types that a ``type`` allows."""
    listed = types if isinstance(types, list) else [types]
    found = {item for item in listed if isinstance(item, str)}
    if "number" in found:
        found |= {"integer", "real"}
    return ATOMS & found


@dataclass(eq=False)
class Conjunction:
    """Schemas that hold together.

    Args:
        checker: of their document.
        nodes: the schemas, references and choices followed.
        excluded: schemas that do not hold.
        external: URIs of schemas in other documents that hold.
        only: the types that are looked at.
    """

    checker: Checker
    nodes: tuple[Node, ...] = ()
    excluded: tuple[Node, ...] = ()
    external: tuple[str, ...] = ()
    only: frozenset[str] = ATOMS

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that values may have."""
        found = self.only
        for node in self.nodes:
            if node.schema.get("type") is not None:
                found &= atoms(node.schema["type"])
        if self.values is not None:
            found &= {_atom(value) for value in self.values}
        return found

    @cached_property
    def values(self) -> list[Any] | None:
        """The values that are allowed, if they are listed."""
        for node in self.nodes:
            listed = [node.schema["const"]] if has(node, "const") else node.schema.get("enum")
            if isinstance(listed, list):
                told = [twin for value in listed for twin in _twins(value, node.draft)]
                return [value for value in told if self._may_be(value)]
        return None

    def _may_be(self, value: Any) -> bool:
        if _atom(value) not in self.only and not (isinstance(value, float) and "real" in self.only):
            return False
        return every(self.checker.valid(node, value) for node in self.nodes) is not False

    def of_type(self, atom: str) -> Conjunction:
        """The part whose values have a type."""
        return replace(self, only=frozenset({atom}))

    @cached_property
    def required(self) -> frozenset[str]:
        """Properties that must be there."""
        lists = [node.schema.get("required") for node in self.nodes]
        return frozenset(item for found in lists if isinstance(found, list) for item in found if isinstance(item, str))

    @cached_property
    def names(self) -> frozenset[str]:
        """Properties that are named."""
        maps = [node.schema.get("properties") for node in self.nodes]
        return frozenset(name for found in maps if isinstance(found, dict) for name in found)

    def property(self, name: str) -> tuple[Node, ...]:
        """The schemas of a property."""
        found = [inner for node in self.nodes for inner in self.checker.of_property(node, name)]
        return tuple(inner for inner in found if inner is not None)

    def others(self, names: frozenset[str], patterns: frozenset[str], pattern: str = "") -> Iterator[tuple[Node, ...]]:
        """The schemas that a property that is not named may have, in each way that they can come together.

        Args:
            names: names that are looked at elsewhere.
            patterns: patterns that it does not match.
            pattern: one that it matches.
        """
        found: list[tuple[Node, ...]] = [()]
        for node in self.nodes:
            options = list(self._options(node, patterns, pattern))
            if options and len(found) * len(options) <= MAX_ALTERNATIVES:
                found = [(*known, *option) for known in found for option in options]
        yield from found

    def _options(self, node: Node, patterns: frozenset[str], pattern: str) -> Iterator[tuple[Node, ...]]:
        child = self.checker.document.child
        own = node.schema.get("patternProperties")
        own = own if isinstance(own, dict) else {}
        if pattern in own:
            yield (child(node, f"patternProperties/{escape(pattern)}", own[pattern]),)
            return
        for text, inner in own.items():
            if text not in patterns:
                yield (child(node, f"patternProperties/{escape(text)}", inner),)
        key = rest_key(node, "Properties")
        yield (child(node, key, node.schema[key]),) if key else ()

    def item(self, number: int) -> tuple[Node, ...]:
        """The schemas of an item at a place."""
        found = (self.checker.of_item(node, number) for node in self.nodes)
        return tuple(inner for inner in found if inner is not None)

    @cached_property
    def prefix(self) -> int:
        """The number of items that have schemas of their own."""
        return max((len(tuple_of(node)[0]) for node in self.nodes), default=0)

    def bound(self, keyword: str) -> float | None:
        """The tightest of a keyword that begins with min or max."""
        found = [node.schema[keyword] for node in self.nodes if _is_number(node.schema.get(keyword))]
        return (max if keyword.startswith("min") else min)(found, default=None)

    @cached_property
    def range(self) -> tuple[float | None, bool, float | None, bool]:
        """Lower bound of numbers, whether it is excluded, upper bound, whether it is excluded."""
        low = high = None
        low_open = high_open = False
        for node in self.nodes:
            a, a_open, b, b_open = bounds(node.schema)
            if a is not None and (low is None or (a, a_open) > (low, low_open)):
                low, low_open = a, a_open
            if b is not None and (high is None or (b, not b_open) < (high, not high_open)):
                high, high_open = b, b_open
        return low, low_open, high, high_open


class Alternatives:
    """Expands schemas of one document.

    Args:
        checker: of the document.
    """

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self._document = checker.document
        self._known: dict[tuple[Any, ...], list[Conjunction]] = {}

    def of(self, nodes: tuple[Node, ...], only: frozenset[str] = ATOMS) -> list[Conjunction]:
        """The alternatives of values that all of ``nodes`` apply to; those that surely have no value are left out."""
        key = (tuple(node.key for node in nodes), only)
        if key not in self._known:
            state = _State([*nodes], Conjunction(self.checker, only=only))
            self._known[key] = [item for item in self._expand(state) if not self.is_empty(item)]
        return self._known[key]

    def is_empty(self, found: Conjunction, depth: int = 3) -> bool:
        """Whether it surely has no value."""
        if not found.types or found.values == []:
            return True
        if found.values is not None:
            # A listed value that a schema under "not" surely allows is none.
            return all(any(self.checker.valid(node, v) is True for node in found.excluded) for v in found.values)
        if depth and found.types == {"object"}:
            for name in found.required:
                nodes = found.property(name)
                if any(node.schema is False for node in nodes):
                    return True
                state = _State([*nodes], Conjunction(self.checker))
                if nodes and all(self.is_empty(item, depth - 1) for item in self._expand(state)):
                    return True
        if found.types <= {"integer", "real"}:
            low, low_open, high, high_open = found.range
            return low is not None and high is not None and (low > high or (low == high and (low_open or high_open)))
        return any(
            (least := found.bound(f"min{kind}")) is not None
            and (most := found.bound(f"max{kind}")) is not None
            and least > most
            for atom, kind in (("string", "Length"), ("array", "Items"))
            if found.types == {atom}
        )

    def _expand(self, state: _State) -> list[Conjunction]:
        """Follow references and conjunctions, then take each branch of a choice."""
        states, done = [state], []
        while states:
            current = states.pop()
            if not self._settle(current):
                continue
            if not current.choices:
                done.append(current.found)
                continue
            choice = current.choices.pop()
            if (len(states) + len(done) + 1) * len(choice) > MAX_ALTERNATIVES:
                states.append(current)  # the choice is passed over, which allows more
                continue
            for chosen, excluded in choice:
                branch = current.copy()
                branch.pending += chosen
                branch.found = replace(branch.found, excluded=(*branch.found.excluded, *excluded))
                states.append(branch)
        return done

    def _settle(self, state: _State) -> bool:
        """Take what is pending apart; False if no value is allowed."""
        while state.pending:
            node = state.pending.pop()
            schema = node.schema
            if schema is False:
                return False
            if not isinstance(schema, dict) or node.key in state.seen:
                continue
            state.seen.add(node.key)
            ignored = only_ref(node) or (node.draft == UNKNOWN_DRAFT and isinstance(schema.get("$ref"), str))
            external: list[str] = []
            try:
                for target in self._document.references(node, ""):
                    if isinstance(target, str):
                        external.append(target)
                    else:
                        state.pending.append(target)
            except SchemaError:
                pass  # a reference that leads nowhere allows anything, for all that is known
            known = state.found
            nodes = known.nodes if ignored else (*known.nodes, node)
            state.found = replace(known, nodes=nodes, external=(*known.external, *external))
            if not ignored:
                self._choices(node, state)
        return True

    def _choices(self, node: Node, state: _State) -> None:
        def branches(key: str) -> list[Node]:
            value = node.schema.get(key)
            listed = value if isinstance(value, list) else []
            return [self._document.child(node, f"{key}/{n}", item) for n, item in enumerate(listed)]

        state.pending += branches("allOf")
        if found := branches("anyOf"):
            state.choices.append([([branch], []) for branch in found])
        if found := branches("oneOf"):
            state.choices.append([([item], [other for other in found if other is not item]) for item in found])
        if has(node, "not"):
            excluded = self._document.child(node, "not", node.schema["not"])
            state.found = replace(state.found, excluded=(*state.found.excluded, excluded))
        if has(node, "if") and {"then", "else"} & node.schema.keys():
            tested = self._document.child(node, "if", node.schema["if"])
            then, other = (
                [self._document.child(node, key, node.schema[key])] if key in node.schema else []
                for key in ("then", "else")
            )
            state.choices.append([([tested, *then], []), (other, [tested])])


@dataclass
class _State:
    pending: list[Node]
    found: Conjunction
    seen: set[Any] = field(default_factory=set)
    choices: list[list[tuple[list[Node], list[Node]]]] = field(default_factory=list)

    def copy(self) -> _State:
        return _State([*self.pending], replace(self.found), {*self.seen}, [*self.choices])


def _twins(value: Any, draft: int) -> list[Any]:
    """A value as it may be written: up to draft-04, 1 is an integer and 1.0 is none, though they are equal."""
    if draft not in (UNKNOWN_DRAFT, 4):
        return [value]
    written = [value, _written(value, int), _written(value, float)]
    return list({repr(item): item for item in written}.values())


def _written(value: Any, number: Callable[[Any], int | float]) -> Any:
    if isinstance(value, dict):
        return {key: _written(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_written(item, number) for item in value]
    whole = is_type(value, "integer", 2020) and abs(value) < 2**53
    return number(value) if whole else value


def _atom(value: Any) -> str:
    for type_ in ("null", "boolean", "string", "array", "object"):
        if is_type(value, type_, 2020):
            return type_
    return "integer" if is_type(value, "integer", 2020) else "real"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
