"""Verdicts on Protobuf schemas, held against protobuf's own library: bytes of the one are parsed by the other."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamgov_core.schemas.answers import VerdictKind
from streamgov_core.schemas.protobuf import protobuf_reading
from tests.properties import examples
from tests.unit.schemas.protobuf_strategies import changed, files, fill

LAW = settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("syntax", ["proto2", "proto3"])
@LAW
@given(st.data())
def test_what_is_compatible_is_read_as_it_was_written(syntax: str, data: st.DataObject) -> None:
    old = data.draw(files(syntax))
    new = data.draw(changed(old))
    for writer, reader in ((old, new), (new, old)):
        answer = protobuf_reading(reader.text(), writer.text()).answer
        if answer is not VerdictKind.COMPATIBLE:
            continue
        writes, reads = writer.message(), reader.message()
        for _ in range(4):
            written = writes()
            fill(data.draw, written, writer.root, writer)
            if not written.IsInitialized():
                continue
            read = reads()
            try:
                read.ParseFromString(written.SerializeToString())
            except DecodeError as error:
                raise AssertionError((writer.text(), reader.text(), str(written))) from error
            assert read.IsInitialized(), (writer.text(), reader.text())
            assert_same(written, read, (writer.text(), reader.text(), str(written), str(read)))


@pytest.mark.parametrize("syntax", ["proto2", "proto3"])
@LAW
@given(st.data())
def test_a_file_reads_what_it_writes(syntax: str, data: st.DataObject) -> None:
    file = data.draw(files(syntax))
    assert protobuf_reading(file.text(), file.text()).findings == ()


def assert_same(written: Any, read: Any, shown: Any) -> None:
    """What both have under a number holds the same, and what is set in the one is set in the other."""
    known = {field.number: field for field in read.DESCRIPTOR.fields}
    for field in written.DESCRIPTOR.fields:
        other = known.get(field.number)
        if other is None:
            continue
        assert field.name == other.name, shown
        values, found = values_of(written, field), values_of(read, other)
        assert len(values) == len(found), shown
        for value, result in zip(values, found, strict=True):
            if hasattr(value, "DESCRIPTOR"):
                assert_same(value, result, shown)
            elif isinstance(value, str) and isinstance(result, bytes):
                assert value.encode() == result, shown
            else:
                assert value == result, shown


def values_of(message: Any, field: Any) -> list[Any]:
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return sorted(value.items())
    if field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED:
        return [item for item in value if item not in ("", b"")]  # one empty text is read as a list of it, or of none
    if field.message_type is not None and not message.HasField(field.name):
        return []
    return [] if value in ("", b"") else [value]


def m(body: str, syntax: str = "proto3", more: str = "") -> str:
    return f'syntax = "{syntax}"; message M {{ {body} }} {more}'


@pytest.mark.parametrize(
    ("writer", "reader", "answer", "place"),
    [
        (m("string a = 1; string b = 2;"), m("string a = 2; string b = 1;"), "breaking", "a"),
        (m("string a = 1; int32 n = 2;"), m("string a = 1; string s = 2;"), "breaking", "s"),
        (m("string a = 1;"), m("string a = 3;"), "breaking", "a"),
        (m("string a = 1;"), m("string b = 1;"), "not decided", "b"),
        (m("E e = 1; enum E { A = 0; B = 1; C = 2; }"), m("E e = 1; enum E { A = 0; B = 2; C = 1; }"), "breaking", "e"),
        (m("E e = 1; enum E { A = 0; }"), m("E e = 1; enum E { A = 0; B = 1; }"), "compatible", None),
        (m("E e = 1; enum E { A = 0; B = 1; }"), m("E e = 1; enum E { A = 0; }"), "compatible", None),
        (
            m("optional E e = 1; enum E { A = 0; B = 1; }", "proto2"),
            m("optional E e = 1; enum E { A = 0; }", "proto2"),
            "not decided",
            "e",
        ),
        (m("string a = 1;"), m("google.protobuf.StringValue a = 1;"), "breaking", "a"),
        (m("optional int32 a = 1;", "proto2"), m("required int32 a = 1;", "proto2"), "breaking", "a"),
        (m("optional int32 a = 1;", "proto2"), m("required int32 b = 2;", "proto2"), "breaking", "b"),
        (m("required int32 a = 1;", "proto2"), m("optional int32 a = 1;", "proto2"), "compatible", None),
        (m("string a = 1; string b = 2;"), m("oneof which { string a = 1; string b = 2; }"), "breaking", "which"),
        (m("oneof which { string a = 1; string b = 2; }"), m("string a = 1; string b = 2;"), "compatible", None),
        (m("oneof which { string a = 1; string b = 2; }"), m("oneof which { string a = 1; }"), "breaking", "which"),
        (m("string a = 1;"), m("oneof which { string a = 1; string b = 2; }"), "compatible", None),
        (m("int32 a = 1;"), m("int64 a = 1;"), "compatible", None),
        (m("int64 a = 1;"), m("int32 a = 1;"), "not decided", "a"),
        (m("int32 a = 1;"), m("sint32 a = 1;"), "breaking", "a"),
        (m("repeated int32 a = 1;"), m("int32 a = 1;"), "breaking", "a"),
        (m("repeated string a = 1;"), m("string a = 1;"), "not decided", "a"),
        (m("string a = 1;"), m("repeated string a = 1;"), "compatible", None),
        (m("reserved 2; string a = 1;"), m("string a = 1; string b = 2;"), "not decided", "b"),
        (
            m("optional int32 a = 1 [default = 7];", "proto2"),
            m("optional int32 a = 1 [default = 8];", "proto2"),
            "not decided",
            "a",
        ),
        (
            m("N n = 1;", more="message N { int32 x = 1; }"),
            m("K n = 1;", more="message K { int32 x = 1; }"),
            "compatible",
            None,
        ),
        (
            m("N n = 1; message N { int32 x = 1; N n = 2; }"),
            m("N n = 1; message N { string x = 1; N n = 2; }"),
            "breaking",
            "n.x",
        ),
        (m("map<string, int32> a = 1;"), m("map<string, string> a = 1;"), "breaking", "a.value"),
        (m("other.T a = 1;", more=""), m("other.T a = 1; int32 b = 2;"), "compatible", None),
        (m("string a = 1;"), m("string a = 1;", more="message Other { int32 x = 1; }"), "compatible", None),
        (m("string a = 1;", more="message Other { int32 x = 1; }"), m("string a = 1;"), "not decided", "Other"),
    ],
)
def test_by_numbers_and_wire_types(writer: str, reader: str, answer: str, place: str | None) -> None:
    found = protobuf_reading(reader, writer)
    assert (found.answer.value, found.place.place if found.place else None) == (answer, place)
