"""Each leaf of a schema is a column or named in a remark: nothing is dropped in silence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamgov_core.schemas import Columns, columns_of
from tests.properties import examples

LAW = settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))


def assert_shown(columns: Columns, leaves: list[str], schema: Any) -> None:
    segments = {part.strip("'") for column in columns for part in column.name.split(".")}
    told = " ".join(columns.remarks)
    lost = [leaf for leaf in leaves if leaf not in segments and leaf not in told]
    assert not lost, (lost, schema, [column.name for column in columns], columns.remarks)
    names = [column.name for column in columns]
    assert len(names) == len(set(names)), "each path once"


class Leaves:
    """Numbers leaves, each with a name that occurs once."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def new(self) -> str:
        self.names.append(f"leaf{len(self.names)}x")
        return self.names[-1]


class JsonSchemas:
    """Makes JSON Schemas with every applicator at every depth."""

    def __init__(self, draft: int, data: st.DataObject) -> None:
        self._draft = draft
        self._data = data
        self._numbers = iter(range(1000))
        self.definitions: dict[str, Any] = {}

    def choose(self, *options: str) -> str:
        return str(self._data.draw(st.sampled_from(options)))

    def flip(self) -> bool:
        return self._data.draw(st.booleans())

    def objects(self, depth: int) -> Any:
        schema: dict[str, Any] = {}
        if self.flip():
            schema["type"] = ["object", "null"] if self.flip() else "object"
        if self._data.draw(st.integers(0, 4)) > 0 or not depth:
            inner = self.values(depth - 1) if depth else {"type": "string"}
            schema["properties"] = {f"leaf{next(self._numbers)}x": inner}
        if self._data.draw(st.integers(0, 5)) == 0:
            schema["title"] = self.choose("Card", "Cash", "of two")
        for _ in range(self._data.draw(st.integers(0, 2)) if depth else 0):
            schema |= self.applicator(depth - 1)
        return schema

    def applicator(self, depth: int) -> dict[str, Any]:
        keyword = self.choose(
            "allOf", "anyOf", "oneOf", "if", "dependencies", "dependentSchemas", "patternProperties",
            "additionalProperties", "unevaluatedProperties",
        )  # fmt: skip
        if keyword in ("allOf", "anyOf", "oneOf"):
            return {keyword: [self.objects(depth) for _ in range(self._data.draw(st.integers(1, 2)))]}
        if keyword == "if":
            return {key: self.objects(depth) for key in ("if", "then", "else") if self.flip()}
        if keyword in ("dependencies", "dependentSchemas"):
            return {keyword: {"p": self.objects(depth)}}
        return {keyword: {"^x-": self.values(depth)} if keyword == "patternProperties" else self.values(depth)}

    def values(self, depth: int) -> Any:
        kind = self.choose("scalar", "object", "array", "tuple", "choice", "reference", "mixed", "condition")
        if kind == "scalar" or depth <= 0:
            return {"type": self.choose("string", "integer", "boolean")}
        if kind == "array":
            keyword = self.choose("items", "contains", "additionalItems", "unevaluatedItems")
            return {"type": "array", keyword: self.values(depth - 1)}
        if kind == "tuple":
            key = "prefixItems" if self._draft == 2020 else "items"
            return {"type": "array", key: [self.values(depth - 1), self.values(depth - 1)]}
        if kind in ("choice", "mixed"):
            branches = [self.values(depth - 1), self.values(depth - 1), {"type": "null"}]
            made = {self.choose("anyOf", "oneOf"): branches}
            return {**made, "description": "d"} if kind == "choice" else {"allOf": [made]}
        if kind == "condition":
            return {"if": {"type": "string"}, "then": self.values(depth - 1), "else": self.values(depth - 1)}
        return self.reference(depth) if kind == "reference" else self.objects(depth - 1)

    def reference(self, depth: int) -> Any:
        name = f"D{len(self.definitions)}"
        self.definitions[name] = {}
        anchor = {"$anchor": name} if self._draft > 7 else {}
        self.definitions[name] = {**self.objects(depth - 1), **anchor}
        return {"$ref": f"#{name}" if anchor and self.flip() else f"#/definitions/{name}"}

    def leaves(self, schema: Any) -> list[str]:
        """The leaves of a schema and of the definitions that it refers to."""
        text = json.dumps(schema)
        for name in re.findall(r'"#(?:/definitions/)?(D\d+)"', text):
            text += " ".join(self.leaves(self.definitions[name]))
        return re.findall(r"leaf\d+x", text)


OBJECT = {"properties": {"leaf0x": {"type": "string"}}}
OTHER = {"properties": {"leaf1x": {"type": "string"}}}


@pytest.mark.parametrize("container", [
    {"patternProperties": {"^x-": OBJECT}}, {"additionalProperties": OBJECT}, {"unevaluatedProperties": OBJECT},
    {"items": OBJECT}, {"prefixItems": [OBJECT]},
])  # fmt: skip
@pytest.mark.parametrize("beside", [
    {"if": OTHER}, {"if": {}, "then": OTHER}, {"if": {}, "else": OTHER}, {"not": OTHER}, {"anyOf": [OTHER]},
    {"oneOf": [OTHER, {"type": "null"}]}, {"allOf": [OTHER]}, {"dependentSchemas": {"p": OTHER}}, OTHER,
])  # fmt: skip
@pytest.mark.parametrize("typed", [False, True])
def test_what_stands_beside_a_container(container: dict[str, Any], beside: dict[str, Any], typed: bool) -> None:
    types = {"type": "array" if container.keys() & {"items", "prefixItems"} else "object"} if typed else {}
    for schema in ({**container, **beside, **types}, {"properties": {"v": {**container, **beside, **types}}}):
        assert_shown(columns_of(json.dumps(schema), "JSON"), ["leaf0x", "leaf1x"], schema)


@pytest.mark.parametrize("draft", [4, 7, 2019, 2020])
@LAW
@given(st.data())
def test_json_schema(draft: int, data: st.DataObject) -> None:
    made = JsonSchemas(draft, data)
    schema = made.objects(3)
    whole = {**schema, "definitions": made.definitions}
    assert_shown(columns_of(json.dumps(whole), "JSON"), made.leaves(schema), whole)


@LAW
@given(st.data())
def test_avro(data: st.DataObject) -> None:
    leaves = Leaves()
    numbers = iter(range(1000))

    def record(depth: int) -> Any:
        fields = [{"name": leaves.new(), "type": types(depth - 1)} for _ in range(data.draw(st.integers(1, 2)))]
        return {"type": "record", "name": f"R{next(numbers)}", "fields": fields}

    def types(depth: int, *, union: bool = True) -> Any:
        kinds = ["scalar", *(["record", "record", "array", "map"] if depth > 0 else [])]
        kinds += ["union", "union"] if union and depth > 0 else []
        kind = data.draw(st.sampled_from(kinds))
        if kind == "record":
            return record(depth)
        if kind == "array":
            return {"type": "array", "items": types(depth - 1)}
        if kind == "map":
            return {"type": "map", "values": types(depth - 1)}
        if kind == "union":
            return ["null", types(depth - 1, union=False), record(depth - 1)]
        return data.draw(st.sampled_from(["int", "string"]))

    schema = data.draw(st.sampled_from(["record", "union", "array"]))
    shapes: dict[str, Callable[[], Any]] = {
        "record": lambda: record(3),
        "union": lambda: ["null", record(2), record(2)],
        "array": lambda: {"type": "array", "items": ["string", record(2), record(2)]},
    }
    made = shapes[schema]()
    assert_shown(columns_of(json.dumps(made), "AVRO"), leaves.names, made)


COMMENTS = ["", " ", "\n", " /* c */ ", " // c\n", '\n// a; b {\n\n/* } " */\n']


@LAW
@given(st.data())
def test_protobuf(data: st.DataObject) -> None:
    leaves = Leaves()
    numbers = iter(range(1, 1000))
    messages = [f"M{number}" for number in range(data.draw(st.integers(1, 4)))]
    head = data.draw(
        st.sampled_from(['syntax = "proto2";', 'syntax = "proto3";', 'edition = "2023";', 'edition = "2024";'])
    )
    proto2 = "proto2" in head

    def field(types: list[str], depth: int) -> str:
        name = leaves.new()
        kinds = ["single", "repeated", "map", "oneof", "imported", *(["group"] if proto2 and depth else [])]
        kind = data.draw(st.sampled_from(kinds))
        type_ = data.draw(st.sampled_from(types))
        label = "optional " if proto2 else ""
        if kind == "map":
            return f"map < string , {type_} > {name} = {next(numbers)} ;"
        if kind == "oneof":
            return f"oneof o{name} {{ {type_} {name} = {next(numbers)} ; }}"
        if kind == "repeated":
            return f"repeated {type_} {name} = {next(numbers)} [ deprecated = true , (my.opt) = {{ a : [ 1 ] }} ] ;"
        if kind == "group":
            return f"optional group {name.capitalize()} = {next(numbers)} {{ {field(types, 0)} }}"
        if kind == "imported":
            return f"{label}other.Type {name} = {next(numbers)} ;"
        return f"{label}{type_} {name} = {next(numbers)} ;"

    parts = [head, 'import "other.proto" ;', "package p . q ;"]
    for message in messages:
        types = ["int32", "string", "google.protobuf.Timestamp", *messages, "Inner"]
        body = " ".join(field(types, 1) for _ in range(data.draw(st.integers(1, 3))))
        reserved = "reserved 5000 , 5002 to max ;"
        parts.append(f"message {message} {{ {body} message Inner {{ {field(['int32'], 0)} }} {reserved} }}")
    if proto2:
        target = data.draw(st.sampled_from([messages[0], "other.Type"]))
        parts.append(f"extend {target} {{ optional int32 {leaves.new()} = {next(numbers)} ; }}")
    words = " ".join(parts).split(" ")
    text = "".join(f"{word}{data.draw(st.sampled_from(COMMENTS)) or ' '}" for word in words)
    assert_shown(columns_of(text, "PROTOBUF"), leaves.names, text)
