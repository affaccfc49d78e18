"""Condition operators, missing keys, set operators, policy variables."""

from __future__ import annotations

from typing import Any

import pytest

from iam_evaluation.conditions import Context, PolicySyntaxError, parse_conditions
from iam_evaluation.document import parse


def holds(block: dict[str, Any], keys: dict[str, Any], *, variables: bool = True) -> bool:
    return all(condition.holds(Context(keys), variables) for condition in parse_conditions(block))


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["x", "ab"], "ab", True),
        ("StringNotEquals", ["x", "ab"], "ab", False),
        ("StringNotEquals", ["x", "y"], "ab", True),
        ("StringEqualsIgnoreCase", "AB", "ab", True),
        ("StringLike", "a*", "ab", True),
        ("StringLike", "a?", "abc", False),
        ("StringNotLike", "a*", "ab", False),
        ("ArnLike", "arn:aws:iam::*:role/app-*", "arn:aws:iam::333333333333:role/app-x", True),
        ("ArnLike", "arn:aws:iam::*", "arn:aws:iam::333333333333:role/x", False),
        ("ArnLike", "arn:aws:*:role/x", "arn:aws:iam::333333333333:role/x", False),
        ("ArnEquals", "arn:aws:iam::333333333333:role/*", "arn:aws:iam::333333333333:role/a/b", True),
        ("ArnNotLike", "arn:aws:iam::3*:role/x", "arn:aws:iam::333333333333:role/x", False),
        ("ArnLike", "arn:aws:iam::333333333333:role/x", "no arn", False),
        ("NumericLessThan", 5, "4", True),
        ("NumericLessThan", "5", "5", False),
        ("NumericGreaterThanEquals", "5", "5", True),
        ("NumericEquals", "5", "five", False),
        ("NumericNotEquals", "5", "6", True),
        ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", True),
        ("DateGreaterThan", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", False),
        ("DateLessThan", "1767225600", "2025-12-31T00:00:00Z", True),
        ("Bool", "true", "true", True),
        ("Bool", True, "false", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("IpAddress", "10.0.0.0/8", "not an address", False),
        ("BinaryEquals", "YWI=", "YWI=", True),
        ("stringequals", "ab", "ab", True),
    ],
)
def test_operators(operator: str, wanted: Any, given: str, expected: bool) -> None:
    assert holds({operator: {"some:Key": wanted}}, {"SOME:key": given}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("ArnNotLike", True),
        ("StringLikeIfExists", True),
        ("NumericLessThan", False),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
        ("Bool", False),
    ],
)
def test_a_key_that_the_request_does_not_have(operator: str, expected: bool) -> None:
    assert holds({operator: {"some:key": "true"}}, {}) is expected


def test_null_asks_whether_a_key_is_missing() -> None:
    assert holds({"Null": {"k": "true"}}, {})
    assert not holds({"Null": {"k": "true"}}, {"k": "v"})
    assert holds({"Null": {"k": False}}, {"k": "v"})
    assert holds({"Null": {"k": "true"}}, {"k": []})


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "x"], False),
        ("ForAllValues:StringNotEquals", ["x", "y"], True),
        ("ForAllValues:StringNotEquals", ["x", "a"], False),
        ("ForAnyValue:StringEquals", ["x", "a"], True),
        ("ForAnyValue:StringEquals", ["x", "y"], False),
        ("ForAnyValue:StringNotEquals", ["x", "a"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
    ],
)
def test_set_operators(operator: str, given: list[str], expected: bool) -> None:
    assert holds({operator: {"k": ["a", "b"]}}, {"k": given}) is expected


def test_all_keys_and_all_operators_must_hold() -> None:
    block = {"StringEquals": {"a": "1", "b": "2"}, "StringNotEquals": {"c": "3"}}
    assert holds(block, {"a": "1", "b": "2", "c": "4"})
    assert not holds(block, {"a": "1", "b": "x", "c": "4"})
    assert not holds(block, {"a": "1", "b": "2", "c": "3"})


def test_variables_are_replaced_and_their_values_are_no_patterns() -> None:
    block = {"StringLike": {"k": "${aws:PrincipalAccount}.*"}}
    assert holds(block, {"k": "333.x", "aws:PrincipalAccount": "333"})
    assert not holds(block, {"k": "444.x", "aws:PrincipalAccount": "333"})
    assert not holds(block, {"k": "444.x", "aws:PrincipalAccount": "*"})
    assert holds(block, {"k": "*.x", "aws:PrincipalAccount": "*"})
    # Without a value and a default the string matches nothing.
    assert not holds(block, {"k": "333.x"})
    assert holds({"StringEquals": {"k": "${missing:key, 'none'}"}}, {"k": "none"})
    # A key with several values is no variable.
    assert not holds({"StringEquals": {"k": "${m}"}}, {"k": "a", "m": ["a", "b"]})
    assert holds({"StringLike": {"k": "a${*}"}}, {"k": "a*"})
    assert not holds({"StringLike": {"k": "a${*}"}}, {"k": "ab"})
    # The older policy version has no variables.
    assert holds({"StringEquals": {"k": "${aws:PrincipalAccount}"}}, {"k": "${aws:PrincipalAccount}"}, variables=False)


@pytest.mark.parametrize(
    "block",
    [
        {"StringMatches": {"k": "v"}},
        {"ForSome:StringEquals": {"k": "v"}},
        {"NullIfExists": {"k": "true"}},
        {"StringEquals": "v"},
        ["StringEquals"],
    ],
)
def test_what_is_no_condition_is_refused(block: Any) -> None:
    with pytest.raises(PolicySyntaxError):
        parse_conditions(block)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"Statement":[1]}',
        '{"Statement":{"Effect":"allow","Action":"*"}}',
        '{"Statement":{"Effect":"Allow"}}',
        '{"Statement":{"Effect":"Allow","Action":"*","NotAction":"x:Y"}}',
        '{"Statement":{"Effect":"Allow","Action":"*","Principal":{"Aws":"*"}}}',
        '{"Statement":{"Effect":"Allow","Action":[1],"Resource":"*"}}',
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicySyntaxError):
        parse(text)
