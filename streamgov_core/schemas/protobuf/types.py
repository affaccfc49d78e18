"""What the type of a field is: a scalar, a message or enum of the file, one that everybody knows, or another file's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from streamgov_core.schemas.protobuf.parser import read_protobuf
from streamgov_core.schemas.protobuf.schema_model import Message, ProtoEnum, ProtoField, ProtoFile

SCALARS = frozenset(
    {"bool", "bytes", "double", "float", "string"}
    | {f"{kind}{bits}" for kind in ("fixed", "int", "sfixed", "sint", "uint") for bits in (32, 64)}
)

_GOOGLE_PROTOBUF = """
syntax = "proto3"; package google.protobuf;
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
message Any { string type_url = 1; bytes value = 2; }
message Empty {}
message FieldMask { repeated string paths = 1; }
message Struct { map<string, Value> fields = 1; }
message ListValue { repeated Value values = 1; }
enum NullValue { NULL_VALUE = 0; }
message Value { oneof kind {
  NullValue null_value = 1; double number_value = 2; string string_value = 3; bool bool_value = 4;
  Struct struct_value = 5; ListValue list_value = 6; } }
message DoubleValue { double value = 1; }
message FloatValue { float value = 1; }
message Int64Value { int64 value = 1; }
message UInt64Value { uint64 value = 1; }
message Int32Value { int32 value = 1; }
message UInt32Value { uint32 value = 1; }
message BoolValue { bool value = 1; }
message StringValue { string value = 1; }
message BytesValue { bytes value = 1; }
"""
_GOOGLE_TYPE = """
syntax = "proto3"; package google.type;
enum CalendarPeriod { CALENDAR_PERIOD_UNSPECIFIED = 0; DAY = 1; WEEK = 2; FORTNIGHT = 3; MONTH = 4; QUARTER = 5;
  HALF = 6; YEAR = 7; }
message Color { float red = 1; float green = 2; float blue = 3; google.protobuf.FloatValue alpha = 4; }
message Date { int32 year = 1; int32 month = 2; int32 day = 3; }
message DateTime { int32 year = 1; int32 month = 2; int32 day = 3; int32 hours = 4; int32 minutes = 5;
  int32 seconds = 6; int32 nanos = 7;
  oneof time_offset { google.protobuf.Duration utc_offset = 8; TimeZone time_zone = 9; } }
message TimeZone { string id = 1; string version = 2; }
enum DayOfWeek { DAY_OF_WEEK_UNSPECIFIED = 0; MONDAY = 1; TUESDAY = 2; WEDNESDAY = 3; THURSDAY = 4; FRIDAY = 5;
  SATURDAY = 6; SUNDAY = 7; }
message Decimal { string value = 1; }
message Expr { string expression = 1; string title = 2; string description = 3; string location = 4; }
message Fraction { int64 numerator = 1; int64 denominator = 2; }
message Interval { google.protobuf.Timestamp start_time = 1; google.protobuf.Timestamp end_time = 2; }
message LatLng { double latitude = 1; double longitude = 2; }
message LocalizedText { string text = 1; string language_code = 2; }
message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }
enum Month { MONTH_UNSPECIFIED = 0; JANUARY = 1; FEBRUARY = 2; MARCH = 3; APRIL = 4; MAY = 5; JUNE = 6; JULY = 7;
  AUGUST = 8; SEPTEMBER = 9; OCTOBER = 10; NOVEMBER = 11; DECEMBER = 12; }
message PhoneNumber { message ShortCode { string region_code = 1; string number = 2; }
  oneof kind { string e164_number = 1; ShortCode short_code = 2; } string extension = 3; }
message PostalAddress { int32 revision = 1; string region_code = 2; string language_code = 3; string postal_code = 4;
  string sorting_code = 5; string administrative_area = 6; string locality = 7; string sublocality = 8;
  repeated string address_lines = 9; repeated string recipients = 10; string organization = 11; }
message Quaternion { double x = 1; double y = 2; double z = 3; double w = 4; }
message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }
"""


@dataclass(frozen=True)
class Foreign:
    """A type that another file declares."""

    full_name: str


Type = str | Message | ProtoEnum | Foreign
"""A scalar is its name."""


@lru_cache(maxsize=1)
def known_types() -> ProtoFile:
    """The messages and enums of ``google/protobuf`` and ``google/type`` that every registry has."""
    file = read_protobuf(_GOOGLE_PROTOBUF)
    other = read_protobuf(_GOOGLE_TYPE)
    file.messages |= other.messages
    file.enums |= other.enums
    return file


class Types:
    """The types of one file.

    Args:
        file: the file.
    """

    def __init__(self, file: ProtoFile) -> None:
        self.file = file
        self._extensions: dict[str, list[ProtoField]] = {}
        self._entries: dict[int, Message] = {}
        for field in file.extends:
            target = file.find(field.extension or "", field.scope)
            self._extensions.setdefault(target or "", []).append(field)

    def of(self, field: ProtoField) -> Type:
        """The type of a field's values; of a map, those that have keys."""
        return self.named(field.type, field.scope)

    def named(self, name: str, scope: str) -> Type:
        """The type of a name in a scope."""
        if name in SCALARS:
            return name
        found = self.file.find(name, scope)
        if found is not None:
            return self.file.messages.get(found) or self.file.enums[found]
        known = known_types()
        common = known.find(name, scope)
        if common is not None:
            return known.messages.get(common) or known.enums[common]
        return Foreign(name.lstrip("."))

    def fields(self, message: Message) -> list[ProtoField]:
        """The fields of a message, with those that this file adds to it."""
        return [*message.fields, *self._extensions.get(message.full_name, ())]

    @property
    def foreign_extensions(self) -> list[ProtoField]:
        """Fields that the file gives to messages of other files."""
        return self._extensions.get("", [])

    def entry(self, field: ProtoField) -> Message:
        """The message of a map's entries, as it is on the wire."""
        made = self._entries.get(id(field))
        if made is None:
            made = Message(f"{field.scope}.{field.name}", features=field.features)
            made.fields = [
                ProtoField("key", 1, field.key_type or "", field.scope, features=field.features),
                ProtoField("value", 2, field.type, field.scope, features=field.features),
            ]
            self._entries[id(field)] = made
        return made

    @property
    def root(self) -> Message | None:
        """The message that records are taken for: the file's first, whatever else it declares."""
        return next(iter(self.file.messages.values()), None)

    def reached(self, message: Message) -> set[str]:
        """Full names of the messages that a message holds, at any depth, its own included."""
        found = {message.full_name}
        pending = [message]
        while pending:
            for inner in self._inner(pending.pop()):
                if inner.full_name not in found:
                    found.add(inner.full_name)
                    pending.append(inner)
        return found

    def others(self) -> list[Message]:
        """Messages that the root does not hold, in the file's order."""
        held = self.reached(self.root) if self.root else set()
        return [message for message in self.file.messages.values() if message.full_name not in held]

    def _inner(self, message: Message) -> Iterator[Message]:
        for field in self.fields(message):
            found = self.of(field)
            if isinstance(found, Message):
                yield found
