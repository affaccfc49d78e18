"""What a new version changes for readers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.compatibility import MAX_NAMED, compare


def record(*fields: Any) -> str:
    made = [field if isinstance(field, dict) else {"name": field, "type": "string"} for field in fields]
    return json.dumps({"type": "record", "name": "R", "fields": made})


def optional(name: str) -> dict[str, Any]:
    return {"name": name, "type": ["null", "string"], "default": None}


@pytest.mark.parametrize(
    ("new", "backward", "forward"),
    [
        (record("a", "b"), True, True),
        (record("a", "b", optional("c")), True, True),
        (record("a", "b", "c"), False, True),
        (record("a"), True, False),
        (record("a", {"name": "b", "type": "int"}), False, False),
        (record("a", {"name": "b", "type": ["null", "string"]}), True, False),
        (record("a", {"name": "bb", "type": "string", "aliases": ["b"]}), True, False),
    ],
)
def test_avro_by_schema_resolution(new: str, backward: bool, forward: bool) -> None:
    verdict = compare(record("a", "b"), new, "AVRO", "BACKWARD", 1)
    assert (verdict.backward, verdict.forward) == (backward, forward)


def test_a_promoted_type_can_be_read_one_way() -> None:
    old, new = record({"name": "n", "type": "int"}), record({"name": "n", "type": "long"})
    verdict = compare(old, new, "AVRO", "BACKWARD", 1)
    assert (verdict.backward, verdict.forward, verdict.retyped) == (True, False, (("n", "int", "long"),))


def test_named_changes() -> None:
    verdict = compare(record("a", "b", "x"), record("a", optional("b"), "c"), "AVRO", "BACKWARD", 4)
    assert (verdict.added, verdict.removed, verdict.retyped) == (("c",), ("x",), (("b", "string", "string | null"),))
    assert verdict.summary() == (
        "Against version 4: added c; removed x; retyped b (string to string | null). "
        "Readers of version 4 cannot read new records. "
        "For records of version 4, break at c: it may be missing and has no default."
    )
    told = verdict.to_json()
    assert told["retyped"] == [{"field": "b", "from": "string", "to": "string | null"}]
    assert (told["breaking"], told["previousVersion"], told["mode"]) == (True, 4, "BACKWARD")


@pytest.mark.parametrize(
    ("mode", "added_required", "removed"),
    [
        ("BACKWARD", True, False),
        ("BACKWARD_ALL", True, False),
        ("FORWARD", False, True),
        ("FORWARD_ALL", False, True),
        ("FULL", True, True),
        ("NONE", True, True),
        ("DISABLED", True, True),
        ("", True, True),
    ],
)
def test_breaking_is_by_the_registrys_mode(mode: str, added_required: bool, removed: bool) -> None:
    assert compare(record("a"), record("a", "b"), "AVRO", mode, 1).breaking is added_required
    assert compare(record("a", "b"), record("a"), "AVRO", mode, 1).breaking is removed


def properties(required: list[str], **types: str) -> str:
    return json.dumps(
        {"type": "object", "properties": {k: {"type": v} for k, v in types.items()}, "required": required}
    )


@pytest.mark.parametrize(
    ("new", "backward", "forward"),
    [
        (properties(["a"], a="string", b="string"), True, True),
        (properties(["a", "c"], a="string", b="string", c="string"), False, True),
        (properties(["a"], a="string"), True, False),  # new records may have a b that is no string
        (properties([], b="string"), True, False),
        (properties(["a"], a="integer", b="string"), False, False),
        (properties([], a="string", b="string"), True, False),
    ],
)
def test_json_by_required_properties_and_types(new: str, backward: bool, forward: bool) -> None:
    verdict = compare(properties(["a"], a="string", b="string"), new, "JSON", "BACKWARD", 1)
    assert (verdict.backward, verdict.forward) == (backward, forward)


@pytest.mark.parametrize(
    ("field", "backward"),
    [("int64 a = 1;", True), ("string a = 1;", False), ("", True), ("uint32 a = 1; int32 b = 2;", False)],
)
def test_protobuf_by_wire_types(field: str, backward: bool) -> None:
    old = 'syntax = "proto3"; message M { int32 a = 1; }'
    new = f'syntax = "proto3"; message M {{ {field} string z = 9; }}'
    assert compare(old, new, "PROTOBUF", "BACKWARD", 1).backward is backward


def test_long_lists_are_cut() -> None:
    verdict = compare(record("a"), record("a", *(optional(f"f{n}") for n in range(MAX_NAMED + 7))), "AVRO", "FULL", 1)
    assert "and 7 more" in verdict.summary()
    assert len(verdict.to_json()["added"]) == MAX_NAMED
    assert verdict.to_json()["counts"]["added"] == MAX_NAMED + 7


def test_an_unreadable_version_is_an_error() -> None:
    with pytest.raises(SchemaError):
        compare("{", record("a"), "AVRO", "FULL", 1)
