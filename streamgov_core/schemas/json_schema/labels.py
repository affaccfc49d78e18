"""Types of JSON values as people read them, with the objects in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.schemas.json_schema.document import Document, Node
from streamgov_core.schemas.json_schema.shape import Shape, Shapes, is_null_only
from streamgov_core.schemas.text import TypeText, choice, json_text, quoted, text_or_none

Ancestors = frozenset[Any]
"""The schemas that were entered on the way to a value."""


@dataclass
class Label:
    """One alternative of a value's type.

    Args:
        text: of a type without parts.
        container: ``array`` or ``map``, of what ``inner`` says.
        shape: of an object; beside a text or a container, properties that such a value has none of.
        ancestors: the schemas on the way to the object.
    """

    text: TypeText | None = None
    container: str = ""
    inner: list[Label] = field(default_factory=list)
    shape: Shape | None = None
    ancestors: Ancestors = frozenset()

    @property
    def is_object(self) -> bool:
        """Whether it is an object itself."""
        return self.shape is not None and self.text is None and not self.container

    def objects(self) -> Iterator[Label]:
        """The objects in it, at any depth."""
        if self.shape is not None:
            yield self
        for item in self.inner:
            yield from item.objects()

    def render(self, names: dict[frozenset[Any], str]) -> TypeText:
        """The type, objects by ``names`` where they have one."""
        if self.text is not None:
            return self.text
        if self.is_object and self.shape is not None:
            name = names.get(self.shape.keys)
            return TypeText.of(f"object {name}" if name else "object")
        inner = choice([item.render(names) for item in self.inner], "any")
        return inner.within(f"{self.container}<", ">")


def leaf(text: str) -> Label:
    """A type without parts."""
    return Label(TypeText.of(text))


class Labels:
    """Describes values of one document.

    Args:
        document: the document.
        remark: is told what a label cannot show.
    """

    def __init__(self, document: Document, remark: Callable[[str], None]) -> None:
        self._document = document
        self._shapes = Shapes(document)
        self._remark = remark

    def of(self, shape: Shape, ancestors: Ancestors, where: str) -> tuple[list[Label], bool]:
        """The alternatives of a value without null, and whether it may be null."""
        nullable = (
            "null" in (shape.types or ())
            or shape.facts.get("nullable") is True
            or (isinstance(shape.facts.get("enum"), list) and None in shape.facts["enum"])
        )
        if is_cut(shape, ancestors):
            is_object = bool(shape.properties) or shape.types == ("object",)
            return [leaf(f"{'object ' if is_object else ''}{quoted(shape.name or '#')} (recursive)")], nullable
        groups = self._groups(shape)
        if not groups:
            return self._plain(shape, ancestors, where), nullable
        found: list[Label] = []
        for group in groups:
            labels, may_be_null = self._group(shape, group, ancestors, where)
            found += labels
            nullable = nullable or may_be_null
        return _simplified(found), nullable

    def _groups(self, shape: Shape) -> list[list[Node]]:
        """The choices that a value's type hangs on; those of an object with properties add to them instead."""
        if shape.properties or "const" in shape.facts or "enum" in shape.facts:
            return []
        groups = [[node for node in group if node.key not in shape.seen] for group in shape.choices]
        if not shape.types and not shape.items and not shape.is_map and shape.conditional:
            groups.append([node for node in shape.conditional if node.key not in shape.seen])
        return [group for group in groups if group]

    def _group(self, shape: Shape, group: list[Node], ancestors: Ancestors, where: str) -> tuple[list[Label], bool]:
        found: list[Label] = []
        nullable = False
        for node in group:
            branch = self._shapes.of([node], where, into=shape.branch())
            if node in shape.conditional:
                branch.conditional = [item for item in branch.conditional if item not in shape.conditional]
            if is_null_only(branch):
                nullable = True
            elif branch.keys == shape.keys:
                found += self._plain(branch, ancestors, where)  # the branch says nothing of the type
            else:
                labels, may_be_null = self.of(branch, ancestors, where)
                found += labels
                nullable = nullable or (may_be_null and "null" not in (shape.types or ("null",)))
        return found, nullable

    def _plain(self, shape: Shape, ancestors: Ancestors, where: str) -> list[Label]:
        """The type of what is no choice."""
        for uri in shape.external:
            self._remark(f"The schema {uri} that {where} refers to is in another document; its fields are not shown.")
        facts = shape.facts
        if "const" in facts:
            return [leaf(f"constant {json_text(facts['const'])}")] if facts["const"] is not None else []
        if isinstance(facts.get("enum"), list):
            values = [value for value in facts["enum"] if value is not None]
            return [Label(TypeText.enum(values))] if values or not facts["enum"] else []
        if shape.never:
            return [leaf("never")]
        if shape.types is None and shape.external and not shape.properties:
            return [leaf(f"reference to {shape.external[0]}")]
        types = self._types(shape)
        if not types:
            return [] if shape.types else [leaf("any")]
        found = [self._of_type(type_, shape, ancestors, where) for type_ in types]
        if "object" not in types and (shape.properties or shape.is_map):
            found[0].shape, found[0].ancestors = shape, ancestors  # properties beside types that have none
        return found

    def _types(self, shape: Shape) -> list[str]:
        if shape.types is not None:
            return [item for item in shape.types if item != "null"]
        found = ["object"] if shape.properties or shape.is_map else []
        return found + (["array"] if shape.items else [])

    def _of_type(self, type_: str, shape: Shape, ancestors: Ancestors, where: str) -> Label:
        inner = ancestors | shape.keys
        if type_ == "array":
            items = [[node] for node in (*shape.items, *self._conditional_items(shape, where))]
            return self._container("array", items, inner, where)
        if type_ == "object":
            if shape.is_map and not (shape.properties or shape.conditional or shape.choices or shape.tested):
                values = [
                    *shape.patterns.values(),
                    *(nodes for nodes in (shape.additional, shape.unevaluated) if nodes),
                ]
                return self._container("map", values, inner, where)
            return Label(shape=shape, ancestors=ancestors)
        kind = shape.facts.get("format")
        return leaf(f"{type_}({kind})" if isinstance(kind, str) and type_ == "string" else type_)

    def _conditional_items(self, shape: Shape, where: str) -> Iterator[Node]:
        for node in shape.conditional:
            yield from self._shapes.of([node], where).items

    def _container(self, kind: str, slots: Iterable[list[Node]], ancestors: Ancestors, where: str) -> Label:
        found: list[Label] = []
        for nodes in slots:
            labels, nullable = self.of(self._shapes.of(nodes, where), ancestors, where)
            found += [*labels, leaf("null")] if nullable or not labels else labels
        nulls = [item for item in found if item.text and item.text.full == "null"]
        return Label(container=kind, inner=[*_simplified([item for item in found if item not in nulls]), *nulls[:1]])


def is_cut(shape: Shape, ancestors: Ancestors) -> bool:
    """Whether a value's schemas were entered on the way to it."""
    return not ancestors.isdisjoint(shape.keys)


def object_name(shape: Shape) -> str | None:
    """What the schema calls an object; None if it does not."""
    name = text_or_none(shape.facts.get("title")) or (shape.name if shape.name != "#" else None)
    return quoted(name) if name else None


def _simplified(labels: list[Label]) -> list[Label]:
    """Alternatives without those that another one covers: any value of an open list of texts is a text."""
    texts = {item.text.full for item in labels if item.text is not None}
    if "string" not in texts:
        return labels
    return [item for item in labels if item.text is None or not item.text.full.startswith("enum(")]
