"""The tree of fields that a reader builds of a schema; its nodes become columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from streamgov_core.schemas.columns import MAX_COLUMNS, Column, Columns
from streamgov_core.schemas.text import TypeText, choice

ANY = "any"


class TreeFullError(Exception):
    """The tree has as many fields as are shown."""


@dataclass
class Field:
    """A field, with the fields below it.

    Args:
        types: what its value may be, without null.
        nullable: the value may be null or absent.
        description: the schema's own words.
        default: JSON text of the default.
        aliases: other names.
        certain: it is there whatever the other fields hold; a conditional field of the same name adds nothing to it.
        segment_only: it stands in the paths of the fields below and is no column of its own.
        children: the fields below, by their segment of the path.
    """

    types: list[TypeText] = field(default_factory=list)
    nullable: bool = False
    description: str | None = None
    default: str | None = None
    aliases: tuple[str, ...] = ()
    certain: bool = True
    segment_only: bool = False
    children: dict[str, Field] = field(default_factory=dict)

    def merge(self, other: Field) -> None:
        """Add what another schema says of the same path; its children are not looked at."""
        if other.certain or not self.certain or [item.full for item in self.types] == [ANY]:
            known = [] if [item.full for item in self.types] == [ANY] else self.types
            added = [item for item in other.types if item.full != ANY or not known]
            self.types = [*known, *added]
        if self.certain == other.certain:
            self.nullable = self.nullable or other.nullable
        self.segment_only = self.segment_only and other.segment_only
        self.description = self.description or other.description
        self.default = self.default if self.default is not None else other.default
        self.aliases = tuple(dict.fromkeys((*self.aliases, *other.aliases)))


class Tree:
    """Fields under construction, at most MAX_COLUMNS."""

    def __init__(self, limit: int = MAX_COLUMNS) -> None:
        self.root = Field()
        self.remarks: dict[str, None] = {}
        self.truncated = False
        self._left = limit

    def add(self, parent: Field, segment: str, found: Field) -> Field:
        """The field at a segment below another, merged with what is known of it.

        Raises:
            TreeFullError: there are too many; ``truncated`` is set.
        """
        known = parent.children.get(segment)
        if known is not None:
            known.merge(found)
            return known
        if self._left == 0:
            self.truncated = True
            raise TreeFullError
        self._left -= 1
        parent.children[segment] = found
        return found

    def overlay(self, parent: Field, extra: Field) -> None:
        """Add the fields below ``extra`` that are not known below ``parent``, at any depth."""
        for segment, inner in extra.children.items():
            known = parent.children.get(segment)
            if known is None:
                below, inner.children = inner.children, {}
                known = self.add(parent, segment, inner)
                inner = Field(children=below)
            self.overlay(known, inner)

    def remark(self, text: str) -> None:
        """Say something of the whole, once."""
        self.remarks.setdefault(text)

    def columns(self, *, name: str | None, description: str | None) -> Columns:
        """The columns of the tree, a field before those below it."""
        items = tuple(_flat(self.root.children.items(), ""))
        return Columns(items, name, description, self.truncated, tuple(self.remarks))


def _flat(fields: Iterable[tuple[str, Field]], prefix: str) -> Iterator[Column]:
    pending = [(prefix + segment, item) for segment, item in fields][::-1]
    while pending:
        path, item = pending.pop()
        if not item.segment_only:
            shown = choice(item.types, "null")
            short = shown.short if shown.short != shown.full else None
            yield Column(path, shown.full, item.nullable, item.description, item.default, item.aliases, short)
        pending += [(f"{path}.{segment}", inner) for segment, inner in item.children.items()][::-1]
