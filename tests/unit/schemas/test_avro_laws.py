"""Verdicts on Avro schemas, held against fastavro: what it writes with the one is read with the other."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import fastavro
import pytest
from fastavro.schema import SchemaParseException, UnknownType
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from streamgov_core.schemas.answers import VerdictKind
from streamgov_core.schemas.avro import avro_reading
from tests.properties import examples

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
FIELDS = ["a", "b", "c"]
LAW = settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def types(draw: st.DrawFn, depth: int, known: list[str]) -> Any:
    kinds = ["primitive", "primitive", "enum", "fixed", *(["reference"] if known else [])]
    if depth:
        kinds += ["record", "array", "map", "union"]
    kind = draw(st.sampled_from(kinds))
    if kind == "reference":
        return draw(st.sampled_from(known))
    if kind == "array":
        return {"type": "array", "items": draw(types(depth - 1, known))}
    if kind == "map":
        return {"type": "map", "values": draw(types(depth - 1, known))}
    if kind == "union":
        found: dict[str, Any] = {}
        for branch in draw(st.lists(types(0, known), min_size=1, max_size=3)):
            found.setdefault(branch if isinstance(branch, str) else branch.get("name", branch["type"]), branch)
        return list(found.values())
    free = [name for name in ("N0", "N1", "N2") if name not in known]
    if kind == "primitive" or not free:
        return draw(st.sampled_from(PRIMITIVES))
    name = draw(st.sampled_from(free))
    known.append(name)
    if kind == "enum":
        made: dict[str, Any] = {"type": "enum", "name": name, "symbols": draw(SYMBOLS)}
        if draw(st.booleans()):
            made["default"] = draw(st.sampled_from(made["symbols"]))
        return made
    if kind == "fixed":
        return {"type": "fixed", "name": name, "size": draw(st.integers(1, 2))}
    return draw(records(name, depth - 1, known))


SYMBOLS = st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, max_size=3, unique=True)


@st.composite
def records(draw: st.DrawFn, name: str, depth: int, known: list[str]) -> Any:
    fields = []
    for field in draw(st.lists(st.sampled_from(FIELDS), max_size=3, unique=True)):
        made: dict[str, Any] = {"name": field, "type": draw(types(depth, known))}
        if draw(st.booleans()) and (default := default_of(made["type"])) is not None:
            made["default"] = default[0]
        if draw(st.integers(0, 3)) == 0:
            made["aliases"] = draw(st.lists(st.sampled_from(FIELDS), max_size=1))
        fields.append(made)
    return {"type": "record", "name": name, "fields": fields}


def default_of(schema: Any) -> tuple[Any] | None:
    """A default of a simple type; None if it has none here."""
    if isinstance(schema, list):
        return default_of(schema[0])
    if isinstance(schema, dict):
        if schema["type"] in ("array", "map"):
            return ([] if schema["type"] == "array" else {},)
        return (schema["symbols"][0],) if schema["type"] == "enum" else None
    simple = {"null": None, "boolean": True, "int": 3, "long": 3, "float": 1.5, "double": 1.5, "string": "s"}
    return (simple[schema],) if schema in simple else None


def values(schema: Any, named: dict[str, Any], depth: int = 4) -> st.SearchStrategy[Any]:
    """Values of a schema, small ones."""
    if isinstance(schema, list):
        return st.one_of(*(values(branch, named, depth) for branch in schema))
    if isinstance(schema, str):
        simple: dict[str, st.SearchStrategy[Any]] = {
            "null": st.none(),
            "boolean": st.booleans(),
            "int": st.sampled_from([0, -1, 2**31 - 1]),
            "long": st.sampled_from([0, -1, 2**62]),
            "float": st.sampled_from([0.0, 1.5]),
            "double": st.sampled_from([0.0, 1e300]),
            "bytes": st.sampled_from([b"", b"\xff", b"a"]),
            "string": st.sampled_from(["", "ä"]),
        }
        return simple[schema] if schema in simple else values(named[schema], named, depth)
    kind = schema["type"]
    if kind == "enum":
        return st.sampled_from(schema["symbols"])
    if kind == "fixed":
        return st.just(b"x" * schema["size"])
    if kind in ("array", "map"):
        inner = st.deferred(lambda: values(schema["items" if kind == "array" else "values"], named, depth - 1))
        if depth <= 0:
            return st.just([] if kind == "array" else {})
        listed = st.lists(inner, max_size=2)
        return listed if kind == "array" else st.dictionaries(st.sampled_from(["k", "l"]), inner, max_size=2)
    if kind == "record":
        if depth <= 0:
            return st.nothing()

        def later(field_type: Any) -> Callable[[], st.SearchStrategy[Any]]:
            return lambda: values(field_type, named, depth - 1)

        return st.fixed_dictionaries({f["name"]: st.deferred(later(f["type"])) for f in schema["fields"]})
    return values(kind, named, depth)


def names_in(schema: Any, found: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema, list):
        for branch in schema:
            names_in(branch, found)
    elif isinstance(schema, dict):
        if "name" in schema:
            found[schema["name"]] = schema
        for key in ("items", "values"):
            names_in(schema.get(key), found)
        for field in schema.get("fields", ()):
            names_in(field["type"], found)
    return found


@LAW
@given(st.data())
def test_what_is_compatible_is_read(data: st.DataObject) -> None:
    writer = data.draw(records("R", 2, ["R"] if data.draw(st.booleans()) else []))
    reader = data.draw(st.just(changed(writer, data)) | records("R", 2, []))
    try:
        parsed, wanted = fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    except (SchemaParseException, UnknownType):  # a field that went may have defined a name: that is no schema
        assume(False)
    answer = avro_reading(json.dumps(reader), json.dumps(writer)).answer
    if answer is not VerdictKind.COMPATIBLE:
        return
    record = data.draw(values(writer, names_in(writer, {})))
    buffer = io.BytesIO()
    try:
        fastavro.schemaless_writer(buffer, parsed, record)
    except (ValueError, TypeError, OverflowError):
        assume(False)
    buffer.seek(0)
    fastavro.schemaless_reader(buffer, parsed, wanted)


def changed(schema: Any, data: st.DataObject) -> Any:
    """The schema with a field changed."""
    copy = json.loads(json.dumps(schema))
    fields = copy["fields"]
    if fields and data.draw(st.booleans()):
        fields.pop(data.draw(st.integers(0, len(fields) - 1)))
    if fields and data.draw(st.booleans()):
        field = data.draw(st.sampled_from(fields))
        field["type"] = data.draw(st.sampled_from(PRIMITIVES) | st.just(["null", "string", "long"]))
        field.pop("default", None)
    if all(field["name"] != "c" for field in fields) and data.draw(st.booleans()):
        fields.append({"name": "c", "type": ["null", "int"], "default": None})
    return copy


def record(*fields: Any, name: str = "R", **more: Any) -> str:
    return json.dumps({"type": "record", "name": name, "fields": list(fields), **more})


def field(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}
ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}


@pytest.mark.parametrize(
    ("writer", "reader", "answer", "place"),
    [
        (field("a", DECIMAL), field("a", {**DECIMAL, "scale": 4}), "breaking", "a"),
        (field("a", DECIMAL), field("a", {**DECIMAL, "precision": 12}), "not decided", "a"),
        (field("a", DECIMAL), field("a", "bytes"), "compatible", None),
        (field("a", "bytes"), field("a", DECIMAL), "not decided", "a"),
        (
            field("a", {"type": "long", "logicalType": "timestamp-millis"}),
            field("a", {"type": "long", "logicalType": "timestamp-micros"}),
            "breaking",
            "a",
        ),
        (
            field("a", {"type": "int", "logicalType": "date"}),
            field("a", {"type": "long", "logicalType": "timestamp-millis"}),
            "breaking",
            "a",
        ),
        (field("a", ENUM), field("a", {**ENUM, "symbols": ["A"]}), "breaking", "a"),
        (field("a", ENUM), field("a", {**ENUM, "symbols": ["A"], "default": "A"}), "compatible", None),
        (field("a", "bytes"), field("a", "string"), "not decided", "a"),
        (field("a", "int"), field("a", ["string", "long"]), "compatible", None),
        (field("a", ["int", "string"]), field("a", "long"), "breaking", "a"),
        (field("a", "int"), field("b", "int", aliases=["a"]), "compatible", None),
        (field("a", "int"), field("b", "int"), "breaking", "b"),
        (field("a", "int"), field("b", "int", default="x"), "not decided", "b"),
    ],
)
def test_resolution(writer: Any, reader: Any, answer: str, place: str | None) -> None:
    found = avro_reading(record(reader), record(writer))
    assert found.answer.value == answer
    assert (found.place.place if found.place else None) == place


@pytest.mark.parametrize(
    ("writer", "reader", "answer"),
    [
        ({"name": "Old", "namespace": "n"}, {"name": "New", "namespace": "n", "aliases": ["Old"]}, "compatible"),
        ({"name": "Old", "namespace": "n"}, {"name": "New", "namespace": "n", "aliases": ["n.Old"]}, "compatible"),
        ({"name": "Old", "namespace": "n"}, {"name": "n.New", "aliases": ["Old"]}, "compatible"),
        ({"name": "Old", "namespace": "n"}, {"name": "New", "namespace": "n"}, "breaking"),
        ({"name": "Old", "namespace": "n"}, {"name": "Old", "namespace": "m"}, "not decided"),
        ({"name": "Old", "namespace": "n"}, {"name": "New", "namespace": "m", "aliases": ["Old"]}, "not decided"),
    ],
)
def test_names_and_aliases(writer: Any, reader: Any, answer: str) -> None:
    assert avro_reading(record(**reader), record(**writer)).answer.value == answer


def test_a_record_that_contains_itself_fails_where_it_fails() -> None:
    def chain(type_: str) -> str:
        return record(field("next", ["null", "R"]), field("v", type_))

    assert avro_reading(chain("long"), chain("int")).answer is VerdictKind.COMPATIBLE
    assert str(avro_reading(chain("int"), chain("long")).place) == "v: long is written, int read"


@pytest.mark.slow
def test_many_paths_through_one_failing_type_are_judged_once() -> None:
    def deep(leaf: str) -> str:
        schema: Any = {"type": "record", "name": "R0", "fields": [field("x", leaf)]}
        for level in range(1, 25):
            fields = [field("a", schema), field("b", f"R{level - 1}")]
            schema = {"type": "record", "name": f"R{level}", "fields": fields}
        return json.dumps(schema)

    assert avro_reading(deep("int"), deep("string")).answer is VerdictKind.BREAKING
    assert avro_reading(deep("long"), deep("int")).answer is VerdictKind.COMPATIBLE
