"""Paths, reference paths, templates and intrinsic functions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aws_emulator.compute.states.failures import INTRINSIC, RESULT_PATH, RUNTIME, StateFailure
from aws_emulator.compute.states.paths import NoMatch, PathError, check_path, check_reference_path, read, write
from aws_emulator.compute.states.templates import check_expression, fill, value_of

DATA = {"a": {"b": [1, {"c": "x"}], "d e": 5, "null": None}, "list": [{"n": 1}, {"n": 2}, {"n": 3}], "k.x": 7}
CONTEXT = {"Execution": {"Name": "run"}, "Task": {"Token": "t"}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", DATA),
        ("$.a.b[0]", 1),
        ("$.a.b[-1].c", "x"),
        ("$['a']['d e']", 5),
        ('$["k.x"]', 7),
        ("$.a.null", None),
        ("$$.Execution.Name", "run"),
        ("$$", CONTEXT),
        ("$.list[*].n", [1, 2, 3]),
        ("$.list[0:2].n", [1, 2]),
        ("$.list[?(@.n > 1)].n", [2, 3]),
        ("$..c", ["x"]),
        ("$..absent", []),
    ],
)
def test_read(path: str, expected: Any) -> None:
    assert read(path, DATA, CONTEXT) == expected


def test_what_was_read_is_a_copy() -> None:
    found = read("$.a", DATA, CONTEXT)
    found["b"].append(9)
    assert DATA["a"]["b"] == [1, {"c": "x"}]  # type: ignore[index]


@pytest.mark.parametrize("path", ["$.absent", "$.a.b[5]", "$.a.b.c", "$.list.n", "$$.Nothing"])
def test_plain_path_that_finds_nothing(path: str) -> None:
    with pytest.raises(NoMatch):
        read(path, DATA, CONTEXT)


@pytest.mark.parametrize("path", ["a.b", "", "$.[", "$.a[?(@.x"])
def test_bad_paths(path: str) -> None:
    with pytest.raises(PathError):
        check_path(path)


@pytest.mark.parametrize("path", ["$.a[*]", "$$.Execution", "$..a", "x"])
def test_bad_reference_paths(path: str) -> None:
    with pytest.raises(PathError):
        check_reference_path(path)


def test_write() -> None:
    assert write("$", {"a": 1}, 5) == 5
    assert write(None, {"a": 1}, 5) == {"a": 1}
    assert write("$.b", {"a": 1}, 5) == {"a": 1, "b": 5}
    assert write("$.b.c.d", {"a": 1}, 5) == {"a": 1, "b": {"c": {"d": 5}}}
    assert write("$.a[1]", {"a": [1, 2]}, 5) == {"a": [1, 5]}
    assert write("$.a", {"a": {"b": 1}}, [1]) == {"a": [1]}


@pytest.mark.parametrize(("path", "data"), [("$.a", [1]), ("$.a[3]", {"a": [1]}), ("$.a", "text")])
def test_write_where_nothing_can_be_put(path: str, data: Any) -> None:
    with pytest.raises(StateFailure) as failure:
        write(path, data, 1)
    assert failure.value.error == RESULT_PATH


def test_template() -> None:
    template = {
        "fixed": [1, {"deep.$": "$.a.b[0]"}],
        "token.$": "$$.Task.Token",
        "text.$": "States.Format('{}-{}', 'a', $.k)",
    }
    assert fill(template, {"a": {"b": [3]}, "k": "v"}, CONTEXT) == {
        "fixed": [1, {"deep": 3}],
        "token": "t",
        "text": "a-v",
    }


def test_template_path_that_finds_nothing_is_a_runtime_failure() -> None:
    with pytest.raises(StateFailure, match=re.escape("'$.x' specified for the field 'y.$'")) as failure:
        fill({"y.$": "$.x"}, {"a": 1}, {})
    assert failure.value.error == RUNTIME


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("States.Format('Hi {}, {} \\{\\} it\\'s', $.name, 4)", "Hi Ann, 4 {} it's"),
        ("States.Format('{}', true)", "true"),
        ("States.StringToJson('{\"a\": [1]}')", {"a": [1]}),
        ("States.JsonToString($.object)", '{"a":1}'),
        ("States.Array(1, 'two', $.name, null)", [1, "two", "Ann", None]),
        ("States.ArrayPartition($.list, 2)", [[1, 2], [2]]),
        ("States.ArrayContains($.list, 2)", True),
        ("States.ArrayRange(1, 9, 4)", [1, 5, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.list, 1)", 2),
        ("States.ArrayLength($.list)", 3),
        ("States.ArrayUnique($.list)", [1, 2]),
        ("States.Base64Encode('abc')", "YWJj"),
        ("States.Base64Decode('YWJj')", "abc"),
        ("States.Hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("States.JsonMerge($.object, $.other, false)", {"a": 2, "b": 3}),
        ("States.MathAdd(3, -1)", 2),
        ("States.StringSplit('a.b,,c', '.,')", ["a", "b", "c"]),
        ("States.Format('{}', States.ArrayGetItem(States.Array('x', 'y'), 1))", "y"),
        ("States.ArrayLength($.list[?(@ > 1)])", 2),
    ],
)
def test_intrinsics(call: str, expected: Any) -> None:
    data = {"name": "Ann", "list": [1, 2, 2], "object": {"a": 1}, "other": {"a": 2, "b": 3}}
    assert value_of(call, data, {}, "x.$") == expected


def test_random_intrinsics() -> None:
    assert 1 <= value_of("States.MathRandom(1, 3)", {}, {}, "x.$") < 3
    assert value_of("States.MathRandom(1, 1000, 7)", {}, {}, "x") == value_of(
        "States.MathRandom(1, 1000, 7)", {}, {}, "x"
    )
    assert re.fullmatch(r"[0-9a-f-]{36}", value_of("States.UUID()", {}, {}, "x.$"))


@pytest.mark.parametrize(
    "call",
    [
        "States.Format('{} {}', 1)",
        "States.StringToJson('nonsense')",
        "States.ArrayGetItem($.list, 9)",
        "States.JsonMerge($.list, $.list, false)",
        "States.JsonMerge($.o, $.o, true)",
        "States.Hash('a', 'CRC')",
        "States.MathAdd('a', 1)",
        "States.ArrayPartition($.list, 0)",
        "States.Base64Decode('%%%')",
    ],
)
def test_intrinsic_failures(call: str) -> None:
    with pytest.raises(StateFailure) as failure:
        value_of(call, {"list": [1], "o": {}}, {}, "x.$")
    assert failure.value.error == INTRINSIC


@pytest.mark.parametrize(
    "text",
    ["States.Nothing()", "States.Format('a'", "States.Format('a') x", "States.Format('a)", "States.Array(,)", "x", 5],
)
def test_bad_expressions(text: Any) -> None:
    with pytest.raises(ValueError):
        check_expression(text)
