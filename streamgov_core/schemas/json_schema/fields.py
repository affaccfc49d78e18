"""The fields of a JSON Schema."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.columns import Columns
from streamgov_core.schemas.json_schema.document import Document, Node, read_json_schema
from streamgov_core.schemas.json_schema.labels import Ancestors, Label, Labels, is_cut, object_name
from streamgov_core.schemas.json_schema.shape import Shape, Shapes
from streamgov_core.schemas.text import TypeText, json_text, quoted, text_or_none
from streamgov_core.schemas.tree import ANY, Field, Tree, TreeFullError

_OBJECT = TypeText.of("object")


def json_columns(definition: str) -> Columns:
    """The columns of a JSON Schema.

    An object is a column of its own, followed by its properties under its path; so is the object in an array or a map.
    Properties that have no name of their own are ``*`` or, by pattern, ``/pattern/``. A property that is not required,
    that is there on a condition only, or that may be null, is nullable. Several objects of one value are told apart by
    their titles, definitions' names or numbers in the path; those that the whole chooses from have names of their own
    or share the root. A schema that contains itself is shown once and then cut. What other documents hold is named in
    a remark.

    Raises:
        SchemaError: the definition is no JSON Schema; says what is wrong and where.
    """
    try:
        document = read_json_schema(definition)
        reader = _Reader(document)
        root = reader.shapes.of([document.root], "the root")
        with contextlib.suppress(TreeFullError):
            reader.root(document.root, root)
    except RecursionError as error:
        raise SchemaError("the JSON Schema is nested too deeply to be read") from error
    raw = document.root.schema
    name = text_or_none(raw.get("title")) or text_or_none(raw.get("$id")) if isinstance(raw, dict) else None
    return reader.tree.columns(name=name, description=root.text)


class _Reader:
    def __init__(self, document: Document) -> None:
        self.tree = Tree()
        self.shapes = Shapes(document)
        self._document = document
        self._labels = Labels(document, self.tree.remark)

    def root(self, node: Node, shape: Shape) -> None:
        """The columns of the whole schema."""
        labels, nullable = self._labels.of(shape, frozenset(), "the root")
        objects = [label for label in labels if label.is_object]
        if not objects or len(objects) < len(labels):
            self._column(self.tree.root, "value", "value", [node], frozenset(), required=True)
            return
        if nullable:
            self.tree.remark("The whole record may be null.")
        for label, name in zip(objects, _names(objects), strict=True):
            parent = self.tree.root
            if name is not None:
                shown = Field([_OBJECT], nullable or len(objects) > 1, label.shape.text if label.shape else None)
                parent = self.tree.add(parent, name, shown)
            self._below(label, parent, f"{name}." if name else "", certain=name is not None or len(objects) == 1)

    def _column(
        self,
        parent: Field,
        segment: str,
        path: str,
        nodes: list[Node],
        ancestors: Ancestors,
        *,
        required: bool,
        certain: bool = True,
    ) -> None:
        """The column of one value, and those below it."""
        shape = self.shapes.of(nodes, path)
        labels, nullable = self._labels.of(shape, ancestors, path)
        found = list({label.shape.keys: label for item in labels for label in item.objects() if label.shape}.values())
        objects = [label for label in found if label.shape and _has_fields(label.shape)]
        names = _names(objects, numbered=True)
        by_keys = {item.shape.keys: name for item, name in zip(objects, names, strict=True) if item.shape and name}
        default = shape.facts.get("default")
        shown = Field(
            [label.render(by_keys) for label in labels],
            nullable or not required,
            shape.text,
            json_text(default) if default is not None else None,
            certain=certain,
        )
        own = self.tree.add(parent, segment, shown)
        for label, name in zip(objects, names, strict=True):
            below = self.tree.add(own, name, Field(segment_only=True)) if name else own
            prefix = f"{path}.{name}." if name else f"{path}."
            self._below(label, below, prefix, certain=certain and (len(objects) == 1 or name is not None))
        itself = any(label.shape and label.shape.keys >= shape.keys for label in objects)  # or a branch of it
        if not itself and not is_cut(shape, ancestors):
            self._conditions(shape, own, f"{path}.", ancestors | shape.keys, shape.seen)
        if own.children and [item.full for item in own.types] == [ANY]:
            own.types = [_OBJECT]

    def _below(self, label: Label, parent: Field, prefix: str, *, certain: bool) -> None:
        if label.shape is not None and not is_cut(label.shape, label.ancestors):
            self._members(label.shape, parent, prefix, label.ancestors, label.shape.seen, certain=certain)

    def _members(
        self,
        shape: Shape,
        parent: Field,
        prefix: str,
        ancestors: Ancestors,
        merged: frozenset[Any],
        *,
        certain: bool,
    ) -> None:
        """The properties of an object; ``merged`` are the schemas whose properties are shown at this path."""
        inner = ancestors | shape.keys
        required = self._required(shape, prefix)

        def column(segment: str, nodes: list[Node], must: bool) -> None:
            self._column(parent, segment, prefix + segment, nodes, inner, required=must and certain, certain=certain)

        for name, nodes in shape.properties.items():
            column(quoted(name), nodes, name in required)
        for pattern, nodes in shape.patterns.items():
            column(f"/{pattern}/", nodes, False)
        for nodes in (shape.additional, shape.unevaluated):
            if nodes:
                column("*", nodes, False)
        self._added(shape, parent, prefix, ancestors, merged)

    def _added(self, shape: Shape, parent: Field, prefix: str, ancestors: Ancestors, merged: frozenset[Any]) -> None:
        """What choices and conditions add to the properties of an object."""
        inner = ancestors | shape.keys
        for group in shape.choices:
            for node in group:
                self._branch(node, parent, prefix, inner, merged)
        self._conditions(shape, parent, prefix, inner, merged)

    def _conditions(
        self, shape: Shape, parent: Field, prefix: str, ancestors: Ancestors, merged: frozenset[Any]
    ) -> None:
        for node in shape.conditional:
            self._branch(node, parent, prefix, ancestors, merged)
        for node in shape.tested:
            scratch = Field()
            self._branch(node, scratch, prefix, ancestors, merged)
            _open(scratch)
            self.tree.overlay(parent, scratch)
        where = prefix.rstrip(".") or "the root"
        for node in shape.excluded:
            names = self.shapes.of([node], where).properties
            if names:
                listed = ", ".join(quoted(name) for name in names)
                self.tree.remark(f"What 'not' excludes at {where} is not shown; it names {listed}.")

    def _branch(self, node: Node, parent: Field, prefix: str, ancestors: Ancestors, merged: frozenset[Any]) -> None:
        """Properties that a value may have besides."""
        if node.key not in merged:
            branch = self.shapes.of([node], prefix.rstrip(".") or "the root")
            if not is_cut(branch, ancestors):
                self._members(branch, parent, prefix, ancestors, merged | branch.seen, certain=False)

    def _required(self, shape: Shape, prefix: str) -> set[str]:
        """Properties that must be there: those that each branch of a choice requires, too."""
        found = set(shape.required)
        where = prefix.rstrip(".") or "the root"
        for group in shape.choices:
            branches = [self.shapes.of([node], where).required for node in group]
            if branches:
                found |= set.intersection(*branches)
        return found


def _names(objects: Iterable[Label], *, numbered: bool = False) -> list[str | None]:
    """What tells several objects of one value apart; None for one that is alone, or has no name or number."""
    shapes = [label.shape for label in objects if label.shape is not None]
    if len(shapes) < 2:
        return [None] * len(shapes)
    names: list[str | None] = []
    for number, shape in enumerate(shapes, start=1):
        name = object_name(shape) or (f"option{number}" if numbered else None)
        if name is not None and name in names:
            name = next(other for n in range(2, len(shapes) + 2) if (other := f"{name}{n}") not in names)
        names.append(name)
    return names


def _has_fields(shape: Shape) -> bool:
    return bool(shape.properties or shape.is_map or shape.choices or shape.conditional or shape.tested)


def _open(tested: Field) -> None:
    """A condition says what a value is compared with, not what it may be."""
    for field in tested.children.values():
        field.types = [_OBJECT if field.children else TypeText.of(ANY)]
        field.nullable = True
        _open(field)
