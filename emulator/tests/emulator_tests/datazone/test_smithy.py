"""The Smithy subset of form types, and content checked against it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_emulator.api import ApiError
from aws_emulator.datazone.models import forms
from aws_emulator.datazone.models.smithy import SmithyError, parse

FULL = """
$version: "2.0"
namespace dzd_abc
use smithy.api#required

/// A comment.
@amazon.datazone#displayname(defaultName: "Source")
structure Source {
    @required
    @amazon.datazone#displayname(defaultName: "ARN")
    @amazon.datazone#searchable(modes:["TECHNICAL"])
    @length(min: 3, max: 10)
    @documentation("what \\"it\\" is")
    arn: smithy.api#String,
    @range(min: 1, max: 5)
    @amazon.datazone#sortable
    size: Integer
    @amazon.datazone#requiredForCondition(actions:["PUBLISHING", "SUBSCRIPTION"])
    ratio: Double
    @pattern("^[a-z]+$")
    kind: String
    @amazon.datazone#glossaryterm("${abc}")
    @length(min: 1, max: 2)
    terms: Terms
    nested: dzd_abc#Inner
    on: Boolean
    at: Timestamp
    big: Long
}
list Terms { member: String }
structure Inner { @required name: String, tags: Terms }
"""


def test_everything_that_has_been_seen_parses() -> None:
    model = parse(FULL)
    source = model.structure("Source")
    assert source is not None
    assert model.namespace == "dzd_abc"
    assert source.traits["amazon.datazone#displayname"] == {"defaultName": "Source"}
    assert source.members["arn"].required
    assert source.members["arn"].traits["documentation"] == 'what "it" is'
    assert source.members["arn"].traits["amazon.datazone#searchable"] == {"modes": ["TECHNICAL"]}
    assert source.members["terms"].traits["amazon.datazone#glossaryterm"] == "${abc}"
    assert source.members["nested"].target == "Inner"
    assert model.shapes["Terms"].members["member"].target == "String"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no structure"),
        ("this is not Smithy", "expected 'structure'"),
        ('{"json": true}', "unexpected"),
        ("structure A {", "ends too early"),
        ("structure A { b String }", "expected ':'"),
        ("structure A { b: Nowhere }", "unknown type Nowhere"),
        ("structure A { b: String b: String }", "defined twice"),
        ("structure A {} structure A {}", "defined twice"),
        ("structure A { @required( b: String }", "line 1"),
        ("structure A {\n  b: String\n  %\n}", "line 3"),
        ("list L { other: String } structure A {}", "'member'"),
        ("structure A-B {}", "unexpected character"),
        ("union A { b: String }", "expected 'structure'"),
    ],
)
def test_anything_else_is_refused_with_the_place(text: str, complaint: str) -> None:
    with pytest.raises(SmithyError, match=complaint.replace("(", r"\(")):
        parse(text)


GOOD: dict[str, Any] = {"arn": "abc", "size": 2, "nested": {"name": "n", "tags": ["x"]}, "on": True, "ratio": 1}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"arn": None}, "required member arn is missing"),
        ({"arn": "ab"}, "arn is shorter than 3"),
        ({"arn": "a" * 11}, "arn is longer than 10"),
        ({"arn": {"type": "string"}}, "arn must be of type String"),
        ({"size": "2"}, "size must be of type Integer"),
        ({"size": True}, "size must be of type Integer"),
        ({"size": 9}, "size is greater than 5"),
        ({"size": 0}, "size is less than 1"),
        ({"size": 1 << 31}, "size must be of type Integer"),
        ({"ratio": "1"}, "ratio must be of type Double"),
        ({"kind": "A"}, "kind does not match the pattern"),
        ({"terms": []}, "terms is shorter than 1"),
        ({"terms": ["a", "b", "c"]}, "terms is longer than 2"),
        ({"terms": [1]}, r"terms\[0\] must be of type String"),
        ({"terms": "a"}, "terms must be a list"),
        ({"nested": {}}, "required member nested.name is missing"),
        ({"nested": "x"}, "nested. must be an object"),
        ({"on": "yes"}, "on must be of type Boolean"),
        ({"at": True}, "at must be of type Timestamp"),
        ({"more": 1}, "unknown member more"),
    ],
)
def test_content_that_does_not_fit(change: dict[str, Any], complaint: str) -> None:
    model = parse(FULL)
    root = model.structure("Source")
    assert root is not None
    forms.check_content("Form", model, root, GOOD)
    with pytest.raises(ApiError, match=complaint) as caught:
        forms.check_content("Form", model, root, GOOD | change)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize("content", ["", "[]", "{", '"x"', json.dumps({"a": "x" * 300_000})])
def test_content_that_is_no_object_or_too_long(content: str) -> None:
    with pytest.raises(ApiError):
        forms.parse_content("Form", content)
