"""Single values of Protobuf: scalars, enums and defaults of a writer and a reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamgov_core.schemas.answers import Difference, breaking, undecided
from streamgov_core.schemas.protobuf.schema_model import Presence, ProtoEnum, ProtoField
from streamgov_core.schemas.protobuf.types import Type

_RANGES = {
    "bool": (0, 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_FAMILIES = (
    frozenset(_RANGES),
    frozenset({"sint32", "sint64"}),
    frozenset({"string", "bytes"}),
    frozenset({"fixed32", "sfixed32"}),
    frozenset({"fixed64", "sfixed64"}),
)
"""Types that share their form on the wire (Protobuf guide, "Updating A Message Type")."""
_SAFE = {("sint32", "sint64"), ("string", "bytes")}


def is_packable(type_: Type) -> bool:
    """Whether a list of such values may be packed."""
    return isinstance(type_, ProtoEnum) or (isinstance(type_, str) and type_ not in ("string", "bytes"))


def scalar_findings(written: Type, read: Type, place: str) -> Iterator[Difference]:
    """What stands against reading one scalar as another; an enum counts as the number that it is on the wire."""
    shown = f"{_shown(written)} is written, {_shown(read)} read"
    writer = "int32" if isinstance(written, ProtoEnum) else written
    reader = "int32" if isinstance(read, ProtoEnum) else read
    if not any(writer in family and reader in family for family in _FAMILIES) and writer != reader:
        yield breaking(place, f"{shown}: their forms on the wire are not the same")
    elif isinstance(read, ProtoEnum):
        yield undecided(place, f"{shown}: numbers that it does not declare may occur")
    elif writer in _RANGES and reader in _RANGES:
        low, high = _RANGES[str(writer)]
        lowest, highest = _RANGES[str(reader)]
        if low < lowest or high > highest:
            yield undecided(place, f"{shown}: numbers that do not fit are cut")
    elif writer != reader and (writer, reader) not in _SAFE:
        cause = "bytes that are no UTF-8 are refused" if reader == "string" else "numbers that do not fit are cut"
        yield undecided(place, f"{shown}: {cause}")


def enum_findings(written: ProtoEnum, read: ProtoEnum, place: str, *, required: bool) -> Iterator[Difference]:
    """What stands against reading one enum as another."""
    names: dict[int, set[str]] = {}
    known: dict[int, set[str]] = {}
    for source, target in ((written, names), (read, known)):
        for name, number in source.values:
            target.setdefault(number, set()).add(name)
    moved = {name for name, _ in read.values}
    before = {name for name, _ in written.values}
    for number, words in names.items():
        if number not in known:
            if not read.features.open_enums:
                text = f"the reader does not know {min(words)} = {number}"
                yield (
                    breaking(place, f"{text} and requires the field")
                    if required
                    else undecided(place, f"{text}: the field is read as not set")
                )
        elif not words & known[number]:
            if words & moved or known[number] & before:
                yield breaking(place, f"the number {number} was {min(words)}, is {min(known[number])} now")
            else:
                yield undecided(
                    place, f"the number {number} was {min(words)}, is {min(known[number])} now: is it renamed?"
                )
    if written.features.open_enums and not read.features.open_enums:
        yield undecided(place, "numbers that the enum does not declare are read as not set")


def default_findings(
    writer: ProtoField, reader: ProtoField, written: Type, read: Type, place: str
) -> Iterator[Difference]:
    """What a field that is not in the record is read as."""
    if writer.features.presence is Presence.REQUIRED:
        return
    before, after = _default(writer, written), _default(reader, read)
    if before is None or after is None or before == after:
        return
    if writer.features.presence is Presence.IMPLICIT:
        yield breaking(place, f"{_text(before)} is not written, and read as {_text(after)}")
    else:
        yield undecided(place, f"what is not set was read as {_text(before)}, is read as {_text(after)} now")


def _default(field: ProtoField, type_: Type) -> Any:
    """The value that stands for a field that is not set; None if there is none, or none that compares."""
    given = field.options.get("default")
    if isinstance(type_, ProtoEnum):
        numbers = dict(type_.values)
        if given is not None:
            return numbers.get(str(given))
        return type_.values[0][1] if type_.values else None
    if not isinstance(type_, str):
        return None
    if type_ in ("string", "bytes"):
        return "" if given is None else str(given)
    if isinstance(given, str):
        return given  # inf, nan
    return float(given or 0)


def _text(value: Any) -> str:
    return repr(int(value) if isinstance(value, float) and value.is_integer() else value)


def _shown(type_: Type) -> str:
    return type_ if isinstance(type_, str) else type_.full_name
