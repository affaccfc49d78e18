"""A Protobuf file as typed data: what is declared, with names as they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum as PythonEnum
from typing import Any

Options = dict[str, Any]
"""Options by their names; an extension's name in brackets. Values: text, number, bool, or a raw message's text."""


class FieldLabel(PythonEnum):
    """What stands before a field."""

    NONE = ""
    OPTIONAL = "optional"
    REQUIRED = "required"
    REPEATED = "repeated"


class Presence(PythonEnum):
    """Whether a single field that is not set can be told from one that holds its default."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"
    REQUIRED = "required"


@dataclass(frozen=True)
class Features:
    """The features of an edition that decide what is on the wire; proto2 and proto3 are sets of them.

    Args:
        presence: of single fields that are no messages.
        open_enums: numbers that an enum does not declare are kept as its values.
        packed: repeated numbers are packed.
        delimited: messages are groups on the wire.
        check_utf8: strings that are no UTF-8 are refused.
    """

    presence: Presence = Presence.EXPLICIT
    open_enums: bool = True
    packed: bool = True
    delimited: bool = False
    check_utf8: bool = True


@dataclass(eq=False)
class ProtoField:
    """A field of a message.

    Args:
        type: a scalar's name, or a message's or enum's as it is written.
        scope: full name of the message, or the package, that the type's name is sought from.
        key_type: of a map.
        group: it was declared as a group.
        oneof: name of the oneof that it belongs to.
        extension: full name of the message that it extends from outside.
    """

    name: str
    number: int
    type: str
    scope: str
    label: FieldLabel = FieldLabel.NONE
    key_type: str | None = None
    group: bool = False
    oneof: str | None = None
    extension: str | None = None
    options: Options = field(default_factory=dict)
    comment: str | None = None
    features: Features = Features()

    @property
    def repeated(self) -> bool:
        """Whether it holds any number of values."""
        return self.label is FieldLabel.REPEATED or self.key_type is not None


@dataclass(eq=False)
class ProtoEnum:
    """An enum: its values' names and numbers, in the file's order."""

    full_name: str
    values: list[tuple[str, int]] = field(default_factory=list)
    options: Options = field(default_factory=dict)
    comment: str | None = None
    features: Features = Features()
    parent: str | None = None


@dataclass(eq=False)
class Message:
    """A message or group.

    Args:
        full_name: with the package and the messages around it.
        parent: full name of the message around it; None at the top.
        reserved: ranges of numbers that may not be used, both ends included.
        extensions: ranges of numbers that other files may use.
    """

    full_name: str
    parent: str | None = None
    fields: list[ProtoField] = field(default_factory=list)
    options: Options = field(default_factory=dict)
    comment: str | None = None
    reserved: list[tuple[int, int]] = field(default_factory=list)
    reserved_names: set[str] = field(default_factory=set)
    extensions: list[tuple[int, int]] = field(default_factory=list)
    features: Features = Features()

    @property
    def name(self) -> str:
        """Without what is around it."""
        return self.full_name.rpartition(".")[2]


@dataclass(eq=False)
class ProtoFile:
    """A file.

    Args:
        syntax: ``proto2``, ``proto3`` or the edition.
        messages: by full name, in the file's order, a message before those within it.
        extends: fields that the file gives to messages, those of other files included.
    """

    syntax: str = "proto2"
    package: str = ""
    imports: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    enums: dict[str, ProtoEnum] = field(default_factory=dict)
    extends: list[ProtoField] = field(default_factory=list)
    options: Options = field(default_factory=dict)
    services: list[str] = field(default_factory=list)
    comment: str | None = None
    features: Features = Features()

    def find(self, name: str, scope: str) -> str | None:
        """Full name of a message or enum, sought from the innermost scope outwards; None if it is not in this file."""
        if name.startswith("."):
            return name[1:] if name[1:] in self.messages or name[1:] in self.enums else None
        parts = scope.split(".") if scope else []
        for depth in range(len(parts), -1, -1):
            candidate = ".".join([*parts[:depth], name])
            if candidate in self.messages or candidate in self.enums:
                return candidate
        return None
