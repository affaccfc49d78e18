"""JSON Schemas as columns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas import Column, columns_of
from streamgov_core.schemas.columns import Columns
from tests.properties import examples

DRAFTS = [
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]


def read(schema: Any) -> Columns:
    return columns_of(json.dumps(schema), "JSON")


def shown(schema: Any) -> dict[str, str]:
    return {column.name: column.cell()["dataType"] for column in read(schema)}


def thing(required: list[str] | None = None, /, **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required is not None:
        schema["required"] = required
    return schema


@pytest.mark.parametrize("draft", DRAFTS)
def test_types_and_nullability(draft: str) -> None:
    schema = thing(
        ["s", "i", "null_or", "e"],
        s={"type": "string"},
        i={"type": "integer"},
        n={"type": "number"},
        b={"type": "boolean"},
        null_or={"type": ["null", "string"]},
        d={"type": "string", "format": "date-time"},
        e={"enum": ["A", 1, None]},
        any={},
        several={"type": ["string", "integer"]},
        nothing={"type": "null"},
    )
    assert shown({"$schema": draft, **schema}) == {
        "s": "string",
        "i": "integer",
        "n": "number | null",
        "b": "boolean | null",
        "null_or": "string | null",
        "d": "string(date-time) | null",
        "e": "enum(A, 1) | null",
        "any": "any | null",
        "several": "string | integer | null",
        "nothing": "null",
    }


def test_nesting() -> None:
    item = thing(["sku"], sku={"type": "string"})
    assert shown(
        thing(
            ["one", "many", "labels"],
            one=thing(["deep"], deep=thing(["x"], x={"type": "integer"})),
            many={"type": "array", "items": item},
            labels={"type": "object", "additionalProperties": {"type": "string"}},
            by_key={"type": "object", "patternProperties": {"^x": item}},
            tuple={"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "items": False},
            old_tuple={"type": "array", "items": [{"type": "string"}, item]},
            anything={"type": "array"},
            open={"type": "object"},
        )
    ) == {
        "one": "object",
        "one.deep": "object",
        "one.deep.x": "integer",
        "many": "array<object>",
        "many.sku": "string",
        "labels": "map<string>",
        "by_key": "map<object> | null",
        "by_key.sku": "string",
        "tuple": "array<string | number> | null",
        "old_tuple": "array<string | object> | null",
        "old_tuple.sku": "string",
        "anything": "array<any> | null",
        "open": "object | null",
    }


@pytest.mark.parametrize("word", ["$defs", "definitions"])
def test_references(word: str) -> None:
    schema = {
        **thing(
            ["a", "b"],
            a={"$ref": f"#/{word}/Person"},
            b={"$ref": "#here"},
            c={"$ref": "https://example.com/schemas/place.json"},
            d={"$ref": "https://example.com/place#/properties/x"},
            e={"$ref": f"#/{word}/odd~1name%20x"},
        ),
        "$id": "https://example.com/schemas/root.json",
        word: {
            "Person": thing(["name"], name={"type": "string"}),
            "Anchored": {"$anchor": "here", "type": "integer"},
            "Place": {"$id": "place.json", "type": "boolean"},
            "odd/name x": {"type": "number"},
        },
    }
    assert shown(schema) == {
        "a": "object",
        "a.name": "string",
        "b": "integer",
        "c": "boolean | null",
        "d": "reference to https://example.com/place#/properties/x | null",
        "e": "number | null",
    }


def test_an_anchor_of_draft_07() -> None:
    schema = {**thing(["a"], a={"$ref": "#item"}), "definitions": {"I": {"$id": "#item", "type": "integer"}}}
    assert shown(schema) == {"a": "integer"}


def test_recursion_is_shown_once_and_cut() -> None:
    tree = thing(["v"], v={"type": "integer"}, kids={"type": "array", "items": {"$ref": "#"}})
    assert shown(tree) == {"v": "integer", "kids": "array<object # (recursive)> | null"}
    person = thing([], parent={"$ref": "#/$defs/P"}, friends={"type": "array", "items": {"$ref": "#/$defs/P"}})
    assert shown({**thing(["p"], p={"$ref": "#/$defs/P"}), "$defs": {"P": person}}) == {
        "p": "object",
        "p.parent": "object P (recursive) | null",
        "p.friends": "array<object P (recursive)> | null",
    }
    assert shown({**thing(["p"], p={"$dynamicRef": "#node"}), "$dynamicAnchor": "node"}) == {
        "p": "object # (recursive)"
    }


def test_a_circle_that_says_something_is_read() -> None:
    schema = {**thing(a={"$ref": "#/$defs/A"}), "$defs": {"A": {"allOf": [{"$ref": "#/$defs/A"}, thing(x=True)]}}}
    assert shown(schema) == {"a": "object | null", "a.x": "any | null"}


def test_choices() -> None:
    card, cash = {"title": "Card", **thing(["no"], no={"type": "string"})}, thing(["sum"], sum={"type": "number"})
    found = shown(
        {
            **thing(
                ["pay", "maybe", "scalar", "named"],
                pay={"oneOf": [card, cash]},
                maybe={"anyOf": [{"type": "null"}, cash]},
                scalar={"anyOf": [{"type": "string"}, {"type": "integer"}, {"const": None}]},
                named={"oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]},
            ),
            "$defs": {"A": thing([], x={"type": "integer"}), "B": thing([], x={"type": "string"})},
        }
    )
    assert found == {
        "pay": "object Card | object option2",
        "pay.Card.no": "string",
        "pay.option2.sum": "number",
        "maybe": "object | null",
        "maybe.sum": "number",
        "scalar": "string | integer | null",
        "named": "object A | object B",
        "named.A.x": "integer | null",
        "named.B.x": "string | null",
    }


def test_what_is_meant_together_is_merged() -> None:
    schema = {
        "allOf": [{"$ref": "#/$defs/Base"}, thing(["b"], b={"type": "integer"})],
        "oneOf": [thing(["c"], c={"type": "string"}), thing(["d"], d={"type": "string"})],
        "then": {"properties": {"e": {"type": "boolean"}}},
        "dependentSchemas": {"b": {"properties": {"f": {"type": "boolean"}}}},
        "$defs": {"Base": thing(["a"], a={"type": "string"})},
    }
    assert shown(schema) == {
        "e": "boolean | null",
        "f": "boolean | null",
        "a": "string",
        "b": "integer",
        "c": "string | null",
        "d": "string | null",
    }


def test_a_root_that_is_a_choice_or_no_object() -> None:
    events = {"oneOf": [{"title": "Made", **thing(["a"], a={"type": "string"})}, {"title": "Gone", **thing([])}]}
    assert shown(events) == {"Made": "object | null", "Made.a": "string", "Gone": "object | null"}
    assert shown({"type": "array", "items": thing(["x"], x={"type": "string"})}) == {
        "value": "array<object>",
        "value.x": "string",
    }
    assert shown({"type": "string"}) == {"value": "string"}
    assert shown(thing()) == {}
    assert shown(True) == {"value": "any"}
    assert shown(False) == {"value": "never"}


def test_words() -> None:
    columns = read(
        {
            "title": "Order",
            "description": "An order",
            **thing(
                ["a"],
                a={"type": "string", "description": "The a", "default": "x", "deprecated": True},
                b={"type": "string", "title": "B"},
                c={"$ref": "#/$defs/C", "description": "Here"},
                **{"d.e": {"type": "string"}},
            ),
            "$defs": {"C": {"type": "integer", "description": "There"}},
        }
    )
    assert (columns.name, columns.description) == ("Order", "An order")
    assert columns[0] == Column("a", "string", False, "Deprecated. The a", '"x"')
    assert [column.description for column in columns[1:3]] == ["B", "Here"]
    assert columns[3].name == "'d.e'"


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("", "is no JSON"),
        ("[]", "object or a boolean at its root"),
        ("5", "object or a boolean at its root"),
        (json.dumps({"type": "strin"}), "at the root: .*strin"),
        (json.dumps(thing([], a=thing([], b={"type": "integr"}))), r"at a\.b: .*integr"),
        (json.dumps(thing([], a={"type": 5})), "at a: 5"),
        (json.dumps(thing([], a=7)), "at a: a schema must be"),
        (json.dumps({"properties": []}), "at the root: 'properties' must be an object"),
        (json.dumps(thing([], a={"oneOf": {}})), "at a: 'oneOf' must be a list"),
        (json.dumps(thing([], a={"$ref": "#/$defs/None"})), "at a: the reference to '/\\$defs/None' leads nowhere"),
        (json.dumps(thing([], a={"$ref": "#none"})), "at a: the reference '#none' leads nowhere"),
        (json.dumps({**thing([], a={"$ref": "#/$defs/A"}), "$defs": {"A": {"$ref": "#/$defs/A"}}}), "in a circle"),
        ('{"items":' * 5000 + "true" + "}" * 5000, "too deeply"),
    ],
)
def test_what_is_wrong_and_where(definition: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        columns_of(definition, "JSON")


WORDS = st.sampled_from(["string", "object", "array", "null", "#", "#/$defs/A", "A", "x"])
MANY_KEYWORDS = "items oneOf anyOf allOf required enum const additionalProperties prefixItems title then"
KEYS = st.sampled_from(["type", "properties", "$ref", "$defs", "$id", "$anchor", "A", "x", *MANY_KEYWORDS.split()])
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=examples(400), deadline=None)
@given(NONSENSE)
def test_nonsense_is_read_or_refused_but_never_crashes(raw: Any) -> None:
    try:
        columns = read(raw)
    except SchemaError as error:
        assert str(error)
    else:
        assert all(isinstance(value, str) for column in columns for value in column.cell().values())
