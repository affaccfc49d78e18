"""Whether a Protobuf reader reads what a writer wrote: by numbers and wire types, not by names of types."""

from __future__ import annotations

from collections.abc import Iterator

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.answers import Difference, Reading, breaking, undecided
from streamgov_core.schemas.pairs import Pairs
from streamgov_core.schemas.protobuf.parser import read_protobuf
from streamgov_core.schemas.protobuf.schema_model import FieldLabel, Message, Presence, ProtoEnum, ProtoField
from streamgov_core.schemas.protobuf.types import Foreign, Type, Types
from streamgov_core.schemas.protobuf.values import default_findings, enum_findings, is_packable, scalar_findings


def protobuf_reading(reader: str, writer: str) -> Reading:
    """Whether a reader's definition reads what a writer's wrote.

    Records are taken for the file's first message. A finding names the field by its path in the reader.

    Raises:
        SchemaError: one of the two cannot be read.
    """
    files = _Files(Types(read_protobuf(writer)), Types(read_protobuf(reader)))
    try:
        return Reading.of(files.findings())
    except RecursionError as error:
        raise SchemaError("the Protobuf schemas are nested too deeply to be compared") from error


class _Files:
    def __init__(self, writer: Types, reader: Types) -> None:
        self._writer = writer
        self._reader = reader
        self._pairs = Pairs()

    def findings(self) -> Iterator[Difference]:
        """What stands against reading the records of the whole file."""
        written, read = self._writer.file, self._reader.file
        root, first = self._writer.root, self._reader.root
        if root is None:
            return
        if written.package != read.package:
            yield undecided("", f"the package {written.package or '(none)'} is {read.package or '(none)'} now")
        found = self._counterpart(root)
        if found is None and first is not None and self._is_new(first):
            yield undecided(root.name, f"the message is gone; {first.name} is the first message now")
            found = first
        if found is None:
            yield breaking(root.name, "the reader has no such message")
        else:
            yield from self.messages(root, found, "")
        for message in self._writer.others():
            if message.parent is not None:
                continue
            other = self._counterpart(message)
            if other is None:
                yield undecided(message.name, "the reader has no such message: are there records of it?")
            else:
                yield from self.messages(message, other, message.name)

    def _counterpart(self, message: Message) -> Message | None:
        """The reader's message of the same name within its package."""
        package = self._writer.file.package
        local = message.full_name[len(package) + 1 :] if package else message.full_name
        own = self._reader.file.package
        return self._reader.file.messages.get(f"{own}.{local}" if own else local)

    def _is_new(self, message: Message) -> bool:
        package, own = self._reader.file.package, self._writer.file.package
        local = message.full_name[len(package) + 1 :] if package else message.full_name
        return (f"{own}.{local}" if own else local) not in self._writer.file.messages

    def messages(self, writer: Message, reader: Message, path: str) -> list[Difference]:
        """What stands against reading one message as another."""
        return self._pairs.judge((id(writer), id(reader)), lambda: self._messages(writer, reader, path))

    def _messages(self, writer: Message, reader: Message, path: str) -> Iterator[Difference]:
        written = {field.number: field for field in self._writer.fields(writer)}
        numbers = {field.name: field.number for field in written.values()}
        read = {field.number: field for field in self._reader.fields(reader)}
        read_names = {field.name for field in read.values()}
        for number, field in read.items():
            place = f"{path}.{field.name}" if path else field.name
            other = written.get(number)
            if other is None:
                yield from _missing(writer, field, numbers, place)
                continue
            if field.name != other.name:
                if field.name in numbers or other.name in read_names:
                    yield breaking(place, f"the number {number} was {other.name}")
                else:
                    yield undecided(place, f"the number {number} was {other.name}: is it renamed, or another field?")
            yield from self._fields(other, field, place)
        yield from _oneofs(written, read, path)

    # --- fields -------------------------------------------------------------------------------------------------------
    def _fields(self, writer: ProtoField, reader: ProtoField, place: str) -> Iterator[Difference]:
        if reader.features.presence is Presence.REQUIRED and not reader.repeated and not _is_required(writer):
            yield breaking(place, "it is required and may be missing")
        written, read = self._element(self._writer, writer), self._element(self._reader, reader)
        yield from _labels(writer, reader, written, place)
        yield from self._values(writer, reader, written, read, place)
        if not writer.repeated and not reader.repeated:
            yield from default_findings(writer, reader, written, read, place)

    def _element(self, types: Types, field: ProtoField) -> Type:
        return types.of(field) if field.key_type is None else types.entry(field)

    def _values(
        self, writer: ProtoField, reader: ProtoField, written: Type, read: Type, place: str
    ) -> Iterator[Difference]:
        """What stands against reading one value."""
        if isinstance(written, Foreign) or isinstance(read, Foreign):
            yield from self._foreign(written, read, place)
        elif isinstance(written, Message) and isinstance(read, Message):
            if writer.features.delimited != reader.features.delimited and not (writer.key_type or reader.key_type):
                yield breaking(place, "a group on one side and a message on the other")
            yield from self.messages(written, read, place)
        elif isinstance(written, Message) or isinstance(read, Message):
            other = read if isinstance(written, Message) else written
            if other == "bytes" and not (writer.features.delimited or reader.features.delimited):
                yield undecided(place, "bytes on one side and a message on the other: do the bytes hold the message?")
            else:
                yield breaking(place, f"{_shown(written)} is written, {_shown(read)} read")
        elif isinstance(written, ProtoEnum) and isinstance(read, ProtoEnum):
            required = reader.features.presence is Presence.REQUIRED and not reader.repeated
            yield from enum_findings(written, read, place, required=required)
        else:
            yield from scalar_findings(written, read, place)

    def _foreign(self, written: Type, read: Type, place: str) -> Iterator[Difference]:
        """What another file declares under one name is taken for one type, if the file is still imported."""
        gone = set(self._writer.file.imports) - set(self._reader.file.imports)
        if not isinstance(written, Foreign) or not isinstance(read, Foreign) or written.full_name != read.full_name:
            yield undecided(
                place, f"{_shown(written)} is written, {_shown(read)} read: another file declares what it is"
            )
        elif gone:
            yield undecided(place, f"{written.full_name} may be another type: {min(gone)} is not imported any more")


def _missing(writer: Message, field: ProtoField, numbers: dict[str, int], place: str) -> Iterator[Difference]:
    """A field of the reader that the writer's message does not have under its number."""
    if field.features.presence is Presence.REQUIRED and not field.repeated:
        yield breaking(place, "it is required and may be missing")
    elif field.name in numbers:
        yield breaking(place, f"its number was {numbers[field.name]}, is {field.number} now")
    elif any(first <= field.number <= last for first, last in writer.reserved):
        yield undecided(place, f"the number {field.number} was reserved: older records may hold another field under it")
    elif any(first <= field.number <= last for first, last in writer.extensions):
        yield undecided(place, f"the number {field.number} was left to extensions, which may have used it")


def _labels(writer: ProtoField, reader: ProtoField, written: Type, place: str) -> Iterator[Difference]:
    if writer.repeated == reader.repeated:
        if reader.key_type is not None and writer.key_type is None:
            yield undecided(place, "a list is read as a map: of equal keys one value stays")
        return
    if reader.repeated:
        if is_packable(written):
            yield undecided(place, "one number is read as a list: its default is read as an empty one")
    elif is_packable(written) and writer.features.packed:
        yield breaking(place, "a packed list is written, which a single field does not read")
    else:
        yield undecided(place, "a list is read as one value: all but the last are lost")


def _oneofs(written: dict[int, ProtoField], read: dict[int, ProtoField], path: str) -> Iterator[Difference]:
    groups: dict[str, list[int]] = {}
    for number, field in read.items():
        if field.oneof is not None and number in written:
            groups.setdefault(field.oneof, []).append(number)
    for name, numbers in groups.items():
        place = f"{path}.{name}" if path else name
        if len(numbers) > 1 and (
            len({written[number].oneof for number in numbers}) > 1 or not written[numbers[0]].oneof
        ):
            names = ", ".join(written[number].name for number in numbers)
            yield breaking(place, f"the fields {names} could be set together, and only one of them is read")
        outer = {written[number].oneof for number in numbers} - {None}
        lost = [field.name for number, field in written.items() if field.oneof in outer and number not in read]
        if lost:
            yield breaking(
                place, f"the reader does not know {', '.join(lost)}: such records are read as if none was set"
            )


def _is_required(field: ProtoField) -> bool:
    return (
        field.features.presence is Presence.REQUIRED and field.label is not FieldLabel.REPEATED and not field.key_type
    )


def _shown(type_: Type) -> str:
    return type_ if isinstance(type_, str) else type_.full_name
