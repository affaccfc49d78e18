"""What people met in practice: one case of each kind that was reported in public."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas import columns_of, columns_or_remark
from streamgov_core.schemas.answers import VerdictKind
from streamgov_core.schemas.compatibility import compare, compare_history
from streamgov_core.schemas.protobuf.types import known_types


def shown(schema: Any, data_format: str = "JSON") -> dict[str, str]:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return {column.name: column.cell()["dataType"] for column in columns_of(text, data_format)}


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}
ANY = {
    "anyOf": [
        TEXT,
        {"type": "array", "items": {"$ref": "#/definitions/Any"}},
        {"type": "object", "additionalProperties": {"$ref": "#/definitions/Any"}},
    ]
}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(
            {**thing(payload={"$ref": "#/definitions/Any"}), "definitions": {"Any": ANY}},
            {"payload": "string | array<Any (recursive)> | map<Any (recursive)> | null"},
            id="recursion through a choice, arrays and maps",
        ),
        pytest.param(
            {
                **thing(p={"$ref": "#/definitions/P"}),
                "definitions": {"P": {"type": "array", "items": {"$ref": "#/definitions/P"}}},
            },
            {"p": "array<P (recursive)> | null"},
            id="an array of itself",
        ),
        pytest.param(
            {
                **thing(k=TEXT),
                "required": ["k"],
                "allOf": [{"if": thing(k={"const": "card"}), "then": {"$ref": "#/definitions/Card"}}],
                "else": {"if": thing(k={"const": "b"}), "then": thing(b=TEXT), "else": thing(c=TEXT)},
                "definitions": {"Card": thing(pan=TEXT)},
            },
            {"k": "string", "b": "string | null", "c": "string | null", "pan": "string | null"},
            id="conditions that hold references and conditions",
        ),
        pytest.param(
            {
                **thing(id=TEXT),
                "additionalProperties": thing(amount={"type": "number"}),
                "patternProperties": {"^x-": TEXT},
            },
            {"id": "string | null", "*": "object | null", "*.amount": "number | null", "/^x-/": "string | null"},
            id="a map beside properties",
        ),
        pytest.param(
            thing(gate={"type": "string", "anyOf": [{"enum": ["open", "shut"]}, {"pattern": "^x-"}]}),
            {"gate": "string | null"},
            id="an open list of values",
        ),
        pytest.param(
            {"oneOf": [{"type": "null"}, {**thing(a=TEXT), "required": ["a"]}]},
            {"a": "string"},
            id="null or an object at the root",
        ),
        pytest.param({"oneOf": [thing(a=TEXT)]}, {"a": "string | null"}, id="one branch at the root"),
        pytest.param(
            {"oneOf": [thing(a=TEXT), thing(b=TEXT)]},
            {"a": "string | null", "b": "string | null"},
            id="branches without names at the root",
        ),
        pytest.param(
            thing(**{"a.b": TEXT, "it's": TEXT, "": TEXT, "*": {"enum": ["x, y", "1", 1]}}),
            {
                "'a.b'": "string | null",
                "'it\\'s'": "string | null",
                "''": "string | null",
                "'*'": "enum('x, y', 1, 1) | null",
            },
            id="odd names",
        ),
        pytest.param(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": "https://example.com/strict",
                "$dynamicAnchor": "node",
                "$ref": "tree",
                "$defs": {
                    "tree": {
                        "$id": "tree",
                        "$dynamicAnchor": "node",
                        **thing(kids={"type": "array", "items": {"$dynamicRef": "#node"}}, data=True),
                    }
                },
            },
            {"kids": "array<object # (recursive)> | null", "data": "any | null"},
            id="a dynamic reference leads to the outermost schema",
        ),
    ],
)
def test_json_schemas(schema: Any, expected: dict[str, str]) -> None:
    assert shown(schema) == expected


def test_a_base_that_is_shared_is_no_recursion() -> None:
    schema = {
        "allOf": [{"$ref": "#/definitions/Base"}],
        **thing(child={"allOf": [{"$ref": "#/definitions/Base"}, thing(x=TEXT)]}),
        "definitions": {"Base": thing(id=TEXT)},
    }
    assert [*shown(schema)] == ["child", "child.id", "child.x", "id"]


def test_what_is_elsewhere_is_named() -> None:
    columns = columns_of(
        json.dumps(thing(a={"$ref": "https://example.com/x.json#/y"}, b={"not": thing(z=TEXT)})), "JSON"
    )
    assert columns.remarks == (
        "The schema https://example.com/x.json#/y that a refers to is in another document; its fields are not shown.",
        "What 'not' excludes at b is not shown; it names z.",
    )


@pytest.mark.parametrize(
    ("text", "data_format", "expected"),
    [
        (
            'syntax = "proto3"; message P { reserved 2, // was\n 3; string code = 1 /* up */; }',
            "PROTOBUF",
            {"code": "string"},
        ),
        (
            'syntax = "proto3"; message P { string code = 1 [\n // old\n deprecated = true\n ]; }',
            "PROTOBUF",
            {"code": "string"},
        ),
        (
            'edition = "2023"; message T { string a = 1; string b = 2 [features.field_presence = IMPLICIT];'
            " string c = 3 [features.field_presence = LEGACY_REQUIRED]; }",
            "PROTOBUF",
            {"a": "string | null", "b": "string", "c": "string"},
        ),
        (
            'edition = "2024"; option features = { field_presence: IMPLICIT }; export message T { string a = 1; }'
            ' import option "x.proto";',
            "PROTOBUF",
            {"a": "string"},
        ),
        (
            'syntax = "proto3"; message Event { string id = 1; } message Batch { repeated Event events = 1; }',
            "PROTOBUF",
            {"id": "string"},
        ),
        (
            'syntax = "proto3"; import "google/type/money.proto"; message M { google.type.Money m = 1; }',
            "PROTOBUF",
            {"m": "message | null", "m.currency_code": "string", "m.units": "int64", "m.nanos": "int32"},
        ),
        (
            '{"type": "record", "name": "T", "fields": [\n // how many\n {"name": "n", "type": "int"}]}',
            "AVRO",
            {"n": "int"},
        ),
        (
            '{"type": "record", "name": "T", "fields": ['
            '{"name": "v", "type": {"type": "bytes", "logicalType": "big-decimal"}}]}',
            "AVRO",
            {"v": "big-decimal"},
        ),
        ('{"type": "record", "name": "Größe", "fields": [{"name": "maß", "type": "int"}]}', "AVRO", {"maß": "int"}),
    ],
)
def test_texts(text: str, data_format: str, expected: dict[str, str]) -> None:
    assert shown(text, data_format) == expected


def test_a_file_without_messages_has_a_remark() -> None:
    columns = columns_of('syntax = "proto3"; enum E { A = 0; }', "PROTOBUF")
    assert (len(columns), columns.remarks) == (0, ("The file declares no message; it has E.",))


def test_what_cannot_be_read_has_a_remark() -> None:
    columns = columns_or_remark("{", "JSON")
    assert (len(columns), len(columns.remarks)) == (0, 1)
    assert columns.remarks[0].startswith("The columns are not shown: the JSON Schema is no JSON")
    with pytest.raises(SchemaError):
        columns_of("{", "JSON")


def test_known_messages_are_those_of_their_own_files() -> None:
    """What is written down of google/protobuf and google/type, against the descriptors of their packages."""
    from google.protobuf import (  # noqa: F401
        descriptor_pool,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        struct_pb2,
        timestamp_pb2,
        wrappers_pb2,
    )
    from google.type import (  # type: ignore[import-untyped]  # noqa: F401
        color_pb2,
        date_pb2,
        datetime_pb2,
        decimal_pb2,
        expr_pb2,
        fraction_pb2,
        interval_pb2,
        latlng_pb2,
        localized_text_pb2,
        money_pb2,
        phone_number_pb2,
        postal_address_pb2,
        quaternion_pb2,
        timeofday_pb2,
    )  # fmt: skip

    pool = descriptor_pool.Default()
    known = known_types()
    checked = 0
    for name, message in known.messages.items():
        if name in ("google.protobuf.Any",):
            continue
        found = pool.FindMessageTypeByName(name)
        assert {item.number: item.name for item in message.fields} == {f.number: f.name for f in found.fields}, name
        checked += 1
    assert checked > 25


CASES = [
    ("JSON", {"enum": ["A", "B"]}, {"enum": ["A", "B", "C"]}, "compatible", "breaking"),
    ("JSON", {"type": "string"}, {"type": ["string", "integer"]}, "compatible", "breaking"),
    ("JSON", {"type": "string", "format": "date-time"}, {"type": "string"}, "compatible", "not decided"),
    ("JSON", {"type": ["string", "integer"]}, {"type": ["integer", "string"]}, "compatible", "compatible"),
    ("JSON", {"enum": ["A", "B"]}, {"enum": ["B", "A"]}, "compatible", "compatible"),
    (
        "JSON",
        {"type": "array", "items": {"type": "integer"}},
        {"type": "array", "items": {"type": "number"}},
        "compatible",
        "breaking",
    ),
    ("JSON", thing(a=TEXT), thing(a=TEXT, b=TEXT), "breaking", "compatible"),
    (
        "JSON",
        {**thing(a=TEXT), "additionalProperties": False},
        {**thing(a=TEXT, b=TEXT), "additionalProperties": False},
        "compatible",
        "breaking",
    ),
    (
        "JSON",
        {"oneOf": [{"$ref": "#/definitions/A"}], "definitions": {"A": thing(a=TEXT)}},
        {"oneOf": [{"$ref": "#/definitions/B"}], "definitions": {"B": thing(a=TEXT)}},
        "compatible",
        "compatible",
    ),
    ("JSON", {"properties": {"x": True}, "required": ["x"]}, {"properties": {"x": True}}, "compatible", "breaking"),
]


@pytest.mark.parametrize(("data_format", "old", "new", "backward", "forward"), CASES)
def test_verdicts(data_format: str, old: Any, new: Any, backward: str, forward: str) -> None:
    whole = [
        json.dumps({**thing(e=item), "required": ["e"]} if "definitions" not in item else item) for item in (old, new)
    ]
    verdict = compare(whole[0], whole[1], data_format, "FULL", 1)
    assert (verdict.new_reads_old.answer, verdict.old_reads_new.answer) == (backward, forward)


def test_transitive_modes_look_at_the_whole_history() -> None:
    def record(*fields: tuple[str, str]) -> str:
        made = [{"name": name, "type": type_, "default": "" if type_ == "string" else 0} for name, type_ in fields]
        return json.dumps({"type": "record", "name": "R", "fields": made})

    older = {1: record(("a", "string")), 2: record(("b", "int"))}
    new = record(("a", "int"), ("b", "int"))
    near = compare_history(older, new, "AVRO", "BACKWARD", 2)
    far = compare_history(older, new, "AVRO", "BACKWARD_ALL", 2)
    assert (near.answer, near.breaking) == (VerdictKind.COMPATIBLE, False)
    assert (far.answer, far.breaking) == (VerdictKind.BREAKING, True)
    assert "For records of version 1, break at a: string is written, int read." in far.summary()
    assert far.to_json()["findings"][0]["version"] == 1


def test_an_older_version_that_cannot_be_read_leaves_it_undecided() -> None:
    new = json.dumps(thing(a=TEXT))
    verdict = compare_history({1: "{", 2: new}, new, "JSON", "FULL_ALL", 2)
    assert (verdict.answer, verdict.breaking) == (VerdictKind.UNDECIDED, False)
    assert verdict.to_json()["verdict"] == "not decided"
    assert "version 1 cannot be read" in verdict.summary()


def test_not_decided_is_no_failure_and_names_the_place() -> None:
    old, new = (
        json.dumps({**thing(t={"type": "string", **more}), "required": ["t"]}) for more in ({}, {"format": "date"})
    )
    verdict = compare(old, new, "JSON", "BACKWARD", 3)
    assert (verdict.answer, verdict.breaking, verdict.backward) == (VerdictKind.UNDECIDED, False, False)
    assert verdict.to_json()["newReadersReadOldRecords"] is None
    assert "undecided at t" in verdict.summary()


def test_as_large_as_the_registry_takes_within_seconds() -> None:
    """The bench gives the figure; this only notices that something has become ten times slower."""
    properties = {
        f"field_{n}": {"type": ["string", "null"], "maxLength": 20, "description": "x" * 20} for n in range(1500)
    }
    old = {**thing(**properties), "additionalProperties": False}
    new = {**thing(**properties, new=TEXT), "additionalProperties": False}
    began = time.monotonic()
    verdict = compare(json.dumps(old), json.dumps(new), "JSON", "FULL", 1)
    assert (verdict.added, verdict.new_reads_old.answer, verdict.old_reads_new.answer) == (
        ("new",),
        VerdictKind.COMPATIBLE,
        VerdictKind.BREAKING,
    )
    assert time.monotonic() - began < 20
