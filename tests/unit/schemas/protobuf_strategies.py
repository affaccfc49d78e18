"""Protobuf files for the laws: each as text for the product, and as a descriptor for protobuf's own library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import strategies as st

SCALARS = [
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "bool", "string", "bytes", "double", "float",
    "fixed32", "sfixed32", "fixed64", "sfixed64",
]  # fmt: skip
NAMES = ["a", "b", "c", "d"]
_Field = descriptor_pb2.FieldDescriptorProto
_LABELS = {"": _Field.LABEL_OPTIONAL, "optional": _Field.LABEL_OPTIONAL, "required": _Field.LABEL_REQUIRED,
           "repeated": _Field.LABEL_REPEATED}  # fmt: skip


@dataclass
class FieldOf:
    """A field: its name, number, type (a scalar, ``N``, ``E`` or ``map``), label and whether it is in the oneof."""

    name: str
    number: int
    type: str
    label: str = ""
    oneof: bool = False


@dataclass
class FileOf:
    """A file with the messages M and N and the enum E."""

    syntax: str
    root: list[FieldOf]
    inner: list[FieldOf]
    enum: dict[str, int]

    def text(self) -> str:
        """As it would be registered."""
        values = " ".join(f"{name} = {number};" for name, number in self.enum.items())
        return (
            f'syntax = "{self.syntax}";\nmessage M {{ {_body(self.root)} }}\n'
            f"message N {{ {_body(self.inner)} }}\nenum E {{ {values} }}\n"
        )

    def message(self) -> Any:
        """The class of M."""
        file = descriptor_pb2.FileDescriptorProto(name="f.proto", syntax=self.syntax)
        for name, fields in (("M", self.root), ("N", self.inner)):
            _describe(file.message_type.add(name=name), fields, self.syntax)
        enum = file.enum_type.add(name="E")
        for name, number in self.enum.items():
            enum.value.add(name=name, number=number)
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        return message_factory.GetMessageClass(pool.FindMessageTypeByName("M"))


def _body(fields: list[FieldOf]) -> str:
    def shown(item: FieldOf) -> str:
        type_ = "map<string, int32>" if item.type == "map" else item.type
        return f"{item.label} {type_} {item.name} = {item.number};".strip()

    plain = " ".join(shown(item) for item in fields if not item.oneof)
    members = " ".join(shown(item) for item in fields if item.oneof)
    return f"{plain} oneof choice {{ {members} }}" if members else plain


def _describe(message: Any, fields: list[FieldOf], syntax: str) -> None:
    if any(item.oneof for item in fields):
        message.oneof_decl.add(name="choice")
    for item in fields:
        made = message.field.add(name=item.name, number=item.number, label=_LABELS[item.label])
        if item.type == "map":
            entry = message.nested_type.add(name=f"{item.name.capitalize()}Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=1, type=_Field.TYPE_STRING)
            entry.field.add(name="value", number=2, label=1, type=_Field.TYPE_INT32)
            made.label = _Field.LABEL_REPEATED
            made.type, made.type_name = _Field.TYPE_MESSAGE, f".{message.name}.{entry.name}"
        elif item.type in ("N", "E"):
            made.type = _Field.TYPE_MESSAGE if item.type == "N" else _Field.TYPE_ENUM
            made.type_name = f".{item.type}"
        else:
            made.type = getattr(_Field, f"TYPE_{item.type.upper()}")
        if item.oneof:
            made.oneof_index = 0
        elif syntax == "proto3" and item.label == "optional":
            made.proto3_optional = True
            made.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{item.name}")


@st.composite
def fields(draw: st.DrawFn, syntax: str, *, nested: bool) -> list[FieldOf]:
    """Some fields of a message."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    numbers = draw(st.permutations([1, 2, 3, 4]))
    return [draw(one(syntax, name, number, nested=nested)) for name, number in zip(names, numbers, strict=False)]


@st.composite
def one(draw: st.DrawFn, syntax: str, name: str, number: int, *, nested: bool) -> FieldOf:
    """A field of any kind."""
    type_ = draw(st.sampled_from([*SCALARS, "E", *(["N", "N", "map"] if nested else [])]))
    if type_ == "map":
        return FieldOf(name, number, type_)
    if draw(st.integers(0, 3)) == 0:
        return FieldOf(name, number, type_, oneof=True)
    labels = ["optional", "required", "repeated"] if syntax == "proto2" else ["", "optional", "repeated"]
    return FieldOf(name, number, type_, draw(st.sampled_from(labels)))


@st.composite
def files(draw: st.DrawFn, syntax: str) -> FileOf:
    """A file."""
    numbers = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2, unique=True))
    enum = {"Z": 0, **{f"V{n}": number for n, number in enumerate(numbers)}}
    return FileOf(syntax, draw(fields(syntax, nested=True)), draw(fields(syntax, nested=False)), enum)


FAMILIES = [
    ["int32", "int64", "uint32", "uint64", "bool", "E"],
    ["sint32", "sint64"],
    ["string", "bytes"],
    ["fixed32", "sfixed32", "float"],
    ["fixed64", "sfixed64", "double"],
]


@st.composite
def changed(draw: st.DrawFn, file: FileOf) -> FileOf:
    """The file with one change, or two: what is mostly kept is mostly compatible."""
    root, inner, enum = list(file.root), list(file.inner), dict(file.enum)
    for _ in range(draw(st.integers(1, 2))):
        nested = draw(st.integers(0, 3)) > 0
        found = root if nested else inner
        free = [name for name in NAMES if name not in {item.name for item in found}]
        what = draw(st.sampled_from(["type", "type", "label", "oneof", "drop", "add", "enum", "renumber"]))
        place = draw(st.integers(0, len(found) - 1)) if found else None
        if what == "enum":
            enum["NEW"] = max(enum.values()) + 1
        elif what == "add" and free:
            number = draw(st.sampled_from([n for n in range(1, 7) if n not in {item.number for item in found}]))
            found.append(draw(one(file.syntax, free[0], number, nested=nested)))
        elif place is not None:
            made = draw(_changed(found[place], what, file.syntax))
            found[place : place + 1] = [made] if made else []
    return FileOf(file.syntax, root, inner, enum)


@st.composite
def _changed(draw: st.DrawFn, item: FieldOf, what: str, syntax: str) -> FieldOf | None:
    if what == "drop":
        return None
    if what == "renumber":
        return FieldOf(item.name, 10 + item.number % 10, item.type, item.label, item.oneof)
    if item.type == "map":
        return item
    if what == "type" and item.type != "N":
        family = next(family for family in FAMILIES if item.type in family)
        return FieldOf(item.name, item.number, draw(st.sampled_from(family)), item.label, item.oneof)
    if what == "oneof" and item.label != "repeated":
        label = "optional" if item.oneof and syntax == "proto2" else ""
        return FieldOf(item.name, item.number, item.type, label, not item.oneof)
    if what == "label" and not item.oneof:
        labels = ["optional", "required", "repeated"] if syntax == "proto2" else ["", "optional", "repeated"]
        return FieldOf(item.name, item.number, item.type, draw(st.sampled_from(labels)))
    return item


def value_of(draw: Any, type_: str, enum: dict[str, int]) -> Any:
    """A value of a scalar or enum, often at an edge."""
    if type_ == "E":
        return draw(st.sampled_from(sorted(enum.values())))
    if type_ in ("string", "bytes"):
        text = draw(st.sampled_from(["", "ä", "x"]))
        return text if type_ == "string" else draw(st.sampled_from([b"\xff", text.encode()]))
    if type_ == "bool":
        return draw(st.booleans())
    if type_ in ("double", "float"):
        return draw(st.sampled_from([0.0, 1.5]))
    bits = 64 if type_.endswith("64") else 32
    signed = not type_.startswith(("uint", "fixed"))
    edges = [-(2 ** (bits - 1)), -1, 0, 1, 2 ** (bits - 1) - 1] if signed else [0, 1, 2**bits - 1]
    return draw(st.sampled_from(edges))


def fill(draw: Any, message: Any, found: list[FieldOf], file: FileOf) -> None:
    """Set fields of a message; required ones always."""
    for item in found:
        if item.label != "required" and draw(st.integers(0, 7)) == 0:
            continue
        if item.type == "map":
            getattr(message, item.name)["k"] = draw(st.integers(-1, 1))
        elif item.type == "N":
            many = item.label == "repeated"
            inner = getattr(message, item.name).add() if many else getattr(message, item.name)
            inner.SetInParent()
            fill(draw, inner, file.inner, file)
        elif item.label == "repeated":
            getattr(message, item.name).extend(value_of(draw, item.type, file.enum) for _ in range(2))
        else:
            setattr(message, item.name, value_of(draw, item.type, file.enum))
