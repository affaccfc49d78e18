"""Avro schemas as columns."""

from __future__ import annotations

import json
import string
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamgov_core.model.errors import SchemaError, UnsupportedSchemaError
from streamgov_core.schemas import Column, columns_of
from streamgov_core.schemas.columns import MAX_COLUMNS, TRUNCATED, Columns
from tests.properties import examples


def record(name: str, *fields: Any, **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


def read(schema: Any) -> Columns:
    return columns_of(json.dumps(schema), "AVRO")


def types(schema: Any) -> dict[str, str]:
    return {column.name: column.type for column in read(schema)}


@pytest.mark.parametrize("primitive", ["boolean", "int", "long", "float", "double", "bytes", "string"])
def test_primitives(primitive: str) -> None:
    assert types(record("R", field("a", primitive), field("b", {"type": primitive}))) == {
        "a": primitive,
        "b": primitive,
    }


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, "decimal(9,2)"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9}, "decimal(9,0)"),
        ({"type": "fixed", "name": "F", "size": 8, "logicalType": "decimal", "precision": 9}, "decimal(9,0)"),
        ({"type": "string", "logicalType": "uuid"}, "uuid"),
        ({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}, "uuid"),
        ({"type": "int", "logicalType": "date"}, "date"),
        ({"type": "int", "logicalType": "time-millis"}, "time-millis"),
        ({"type": "long", "logicalType": "time-micros"}, "time-micros"),
        ({"type": "long", "logicalType": "timestamp-millis"}, "timestamp-millis"),
        ({"type": "long", "logicalType": "timestamp-micros"}, "timestamp-micros"),
        ({"type": "long", "logicalType": "timestamp-nanos"}, "timestamp-nanos"),
        ({"type": "long", "logicalType": "local-timestamp-millis"}, "local-timestamp-millis"),
        ({"type": "long", "logicalType": "local-timestamp-micros"}, "local-timestamp-micros"),
        ({"type": "long", "logicalType": "local-timestamp-nanos"}, "local-timestamp-nanos"),
        ({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}, "duration"),
        ({"type": "string", "logicalType": "our-own"}, "string"),
        ({"type": "bytes", "logicalType": "decimal", "precision": -1}, "bytes"),
    ],
)
def test_logical_types(schema: Any, shown: str) -> None:
    assert types(record("R", field("a", schema)))["a"] == shown


def test_named_types() -> None:
    found = types(
        record(
            "R",
            field("e", {"type": "enum", "name": "E", "symbols": ["A", "B"]}),
            field("e2", "E"),
            field("f", {"type": "fixed", "name": "F", "size": 12}),
            namespace="n.s",
        )
    )
    assert found == {"e": "enum(A, B)", "e2": "enum(A, B)", "f": "fixed(12)"}


def test_a_long_enum_is_shortened_for_display_only() -> None:
    symbols = [f"SYMBOL_{number}" for number in range(500)]
    column = read(record("R", field("e", {"type": "enum", "name": "E", "symbols": symbols})))[0]
    assert column.type == f"enum({', '.join(symbols)})"
    shown = column.cell()["dataType"]
    assert len(shown) < 400
    assert shown.endswith("more)")


def test_nesting_gives_dotted_paths() -> None:
    inner = record("Inner", field("x", "int"), field("deep", record("Deep", field("y", "long"))))
    assert types(
        record(
            "R",
            field("one", inner),
            field("many", {"type": "array", "items": "Inner"}),
            field("named", {"type": "map", "values": {"type": "array", "items": "Inner"}}),
        )
    ) == {
        "one": "record",
        "one.x": "int",
        "one.deep": "record",
        "one.deep.y": "long",
        "many": "array<record>",
        "many.x": "int",
        "many.deep": "record",
        "many.deep.y": "long",
        "named": "map<array<record>>",
        "named.x": "int",
        "named.deep": "record",
        "named.deep.y": "long",
    }


def test_unions() -> None:
    columns = {
        column.name: column
        for column in read(
            record(
                "R",
                field("optional", ["null", "string"], default=None),
                field("last", ["string", "null"], default="x"),
                field("several", ["int", "string"]),
                field("nothing", "null"),
                field("maybe", ["null", record("M", field("x", "int"))]),
                field("either", [record("A", field("x", "int")), record("B", field("x", "string"))]),
            )
        )
    }
    assert (columns["optional"].type, columns["optional"].nullable) == ("string", True)
    assert columns["optional"].cell()["dataType"] == "string | null"
    assert columns["last"].default == '"x"'
    assert (columns["several"].type, columns["several"].nullable) == ("int | string", False)
    assert columns["nothing"].cell()["dataType"] == "null"
    assert (columns["maybe"].nullable, columns["maybe.x"].type) == (True, "int")
    assert columns["either"].type == "record A | record B"
    assert (columns["either.A.x"].type, columns["either.B.x"].type) == ("int", "string")


def test_branches_of_one_short_name_are_told_apart() -> None:
    branches = [
        record("A", field("x", "int"), namespace="one"),
        record("A", field("x", "string"), namespace="two"),
    ]
    found = types(record("R", field("u", branches)))
    assert (found["u.one.A.x"], found["u.two.A.x"]) == ("int", "string")


def test_a_recursive_type_is_shown_once_and_cut() -> None:
    tree = record(
        "Tree",
        field("value", "int"),
        field("left", ["null", "Tree"]),
        field("children", {"type": "array", "items": "Tree"}),
        namespace="n",
    )
    assert types(tree) == {
        "value": "int",
        "left": "record n.Tree (recursive)",
        "children": "array<record n.Tree (recursive)>",
    }
    assert list(types(record("R", field("t", tree)))) == ["t", "t.value", "t.left", "t.children"]


def test_types_that_contain_each_other_are_cut() -> None:
    schema = record("A", field("b", record("B", field("a", ["null", "A"]), field("n", "int"))))
    assert types(schema) == {"b": "record", "b.a": "record A (recursive)", "b.n": "int"}


def test_words_defaults_and_aliases() -> None:
    columns = read(
        record(
            "R",
            field("a", "int", doc="  The a ", default=5, aliases=["b", "c"]),
            field("p", record("P", field("x", "int"), doc="A place")),
            field("bad", "int", doc={"not": "text"}, aliases="none"),
            doc="What it is",
            namespace="n",
        )
    )
    assert (columns.name, columns.description) == ("n.R", "What it is")
    assert columns[0] == Column("a", "int", False, "The a", "5", ("b", "c"))
    assert columns[0].cell() == {
        "columnName": "a",
        "dataType": "int",
        "columnDescription": "The a Default: 5. Also known as: b, c.",
    }
    assert columns[1].description == "A place"
    assert columns[3].cell() == {"columnName": "bad", "dataType": "int"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("string", {"value": "string"}),
        ({"type": "array", "items": "int"}, {"value": "array<int>"}),
        ({"type": "map", "values": record("R", field("x", "int"))}, {"value": "map<record>", "value.x": "int"}),
        (["null", record("R", field("x", "int"))], {"R": "record", "R.x": "int"}),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, {"value": "enum(A)"}),
        (record("R"), {}),
    ],
)
def test_roots_that_are_no_record(schema: Any, expected: dict[str, str]) -> None:
    assert types(schema) == expected


def test_references_written_as_objects() -> None:
    schema = record("R", field("a", record("A", field("x", "int"))), field("b", {"type": "A"}))
    assert types(schema)["b.x"] == "int"


def test_a_byte_order_mark_is_no_error() -> None:
    assert columns_of('\ufeff{"type": "record", "name": "R", "fields": []}', "AVRO").name == "R"


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("", "is no JSON"),
        ("{", "is no JSON: .*line 1 column 2"),
        ("[]]", "is no JSON"),
        ("5", "at its root"),
        ("null", "at its root"),
        ("{}", "at its root"),
        ('"strin"', "at its root"),
        (json.dumps({"type": "record", "name": "R"}), "at its root: .*fields"),
        (json.dumps(record("", field("a", "int"))), "at its root"),
        (json.dumps(record("R", field("a", "strin"))), "at field a: .*strin"),
        (json.dumps(record("R", field("a", "int"), field("a", "int"))), "already in use"),
        (json.dumps(record("R", {"type": "int"})), "name"),
        (json.dumps(record("R", "a")), "Not a valid field"),
        (json.dumps(record("R", field("a", record("B", field("c", ["null", "Nope"]))))), r"at field a\.c: .*Nope"),
        (
            json.dumps(
                record("R", field("ok", "int"), field("l", {"type": "array", "items": record("I", field("q", 1))}))
            ),
            r"at field l\.q",
        ),
        (json.dumps(record("R", field("m", {"type": "map"}))), "at field m"),
        (json.dumps(record("R", field("a", {"type": "enum", "name": "E", "symbols": ["A", "A"]}))), "at field a"),
        (json.dumps(record("R", field("u", ["int", "int"]))), "at field u"),
    ],
)
def test_what_is_wrong_and_where(definition: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        columns_of(definition, "AVRO")


def test_an_error_does_not_repeat_the_schema() -> None:
    bad: Any = "Nope"
    for level in range(20):
        bad = record(f"R{level}", field("f", bad), field("other", "string", doc="x" * 1000))
    with pytest.raises(SchemaError) as caught:
        read(bad)
    assert len(str(caught.value)) < 500
    assert ".f" * 19 in str(caught.value)


def test_hopelessly_deep_nesting_is_an_error_not_a_crash() -> None:
    with pytest.raises(SchemaError, match="too deeply"):
        columns_of('{"type":"array","items":' * 5000 + '"int"' + "}" * 5000, "AVRO")
    schema: Any = "int"
    for _ in range(300):
        schema = {"type": "array", "items": schema}
    with pytest.raises(SchemaError, match=r"too deeply|at field"):
        columns_of(json.dumps(record("R", field("a", schema))).replace('"int"', '"array"'), "AVRO")


def test_exponentially_many_paths_are_cut() -> None:
    schema: Any = record("R0", field("x", "int"))
    for level in range(1, 25):
        schema = record(f"R{level}", field("a", schema), field("b", f"R{level - 1}"))
    began = time.monotonic()
    columns = read(schema)
    assert (len(columns), columns.truncated) == (MAX_COLUMNS, True)
    assert time.monotonic() - began < 10
    assert columns.table("t")["columns"][-1]["columnName"] == TRUNCATED


def test_a_schema_as_large_as_the_registry_takes_fits_the_form() -> None:
    wide = record("R", *(field(f"column_{number}", "string", doc="ä" * 20) for number in range(2200)))
    text = json.dumps(wide, ensure_ascii=False)
    assert 150_000 < len(text) <= 170_000
    table = columns_of(text, "AVRO").table("topic")
    assert len(table["columns"]) == 2200
    for limit in (300_000, 50_000, 1_000):
        table = columns_of(text, "AVRO").table("topic", limit=limit)
        size = len(json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
        assert size <= limit
        if limit < 300_000:
            assert table["columns"][-1]["columnName"] == TRUNCATED
            assert size > limit - 200, "as many as fit"


def test_other_formats_are_named() -> None:
    with pytest.raises(UnsupportedSchemaError, match="'XML'"):
        columns_of("x", "XML")


NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=6)


@st.composite
def schemas(draw: st.DrawFn) -> tuple[Any, int]:
    """A valid record schema and the number of leaves in it."""
    counter = iter(range(10_000))
    known: list[str] = []

    def build(depth: int) -> Any:
        kinds = ["primitive", "enum", "fixed", "logical"]
        if depth < 3:
            kinds += ["record", "array", "map", "nullable"]
        if known:
            kinds.append("reference")
        kind = draw(st.sampled_from(kinds))
        name = f"N{next(counter)}"
        if kind == "reference":
            return draw(st.sampled_from(known))
        if kind == "enum":
            known.append(name)
            return {"type": "enum", "name": name, "symbols": ["A", "B"]}
        if kind == "fixed":
            known.append(name)
            return {"type": "fixed", "name": name, "size": draw(st.integers(1, 99))}
        if kind == "logical":
            return {"type": "long", "logicalType": draw(st.sampled_from(["timestamp-millis", "made-up"]))}
        if kind == "array":
            return {"type": "array", "items": build(depth + 1)}
        if kind == "map":
            return {"type": "map", "values": build(depth + 1)}
        if kind == "nullable":
            inner = build(depth + 1)
            return inner if isinstance(inner, list) else ["null", inner]
        if kind == "record":
            return make_record(name, depth)
        return draw(st.sampled_from(["int", "long", "string", "bytes", "boolean", "float", "double"]))

    def make_record(name: str, depth: int) -> Any:
        known.append(name)
        names = draw(st.lists(NAMES, unique=True, max_size=4))
        return record(name, *(field(item, build(depth + 1)) for item in names))

    schema = make_record("Root", 0)
    return schema, len(schema["fields"])


@settings(max_examples=examples(150), deadline=None)
@given(schemas())
def test_any_valid_schema_is_readable(case: tuple[Any, int]) -> None:
    schema, top = case
    columns = read(schema)
    names = [column.name for column in columns]
    assert len(names) == len(set(names)), "each path once"
    assert [name for name in names if "." not in name] == [item["name"] for item in schema["fields"]]
    assert len([name for name in names if "." not in name]) == top
    for column in columns:
        parent, _, _ = column.name.rpartition(".")
        assert not parent or parent in names, "a nested column follows its record"
        assert all(isinstance(value, str) for value in column.cell().values())
    assert read(schema) == columns, "the same every time"


@settings(max_examples=examples(200), deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["int", "record", "array", "R", "", "null"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "name", "fields", "items", "values", "symbols", "size", "namespace", "doc"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_nonsense_is_a_schema_error_and_nothing_else(raw: Any) -> None:
    try:
        read(raw)
    except SchemaError as error:
        assert str(error)  # any other exception fails the test
