"""Event patterns, as the EventBridge user guide describes each operator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_emulator.compute.events.patterns import PatternError, matches, parse_pattern

EVENT = {
    "source": "aws.datazone",
    "detail-type": "Subscription Grant Requested",
    "resources": [],
    "detail": {
        "name": "Orders.Placed",
        "count": 12,
        "flag": True,
        "none": None,
        "empty": "",
        "tags": ["a", "b"],
        "ip": "10.0.1.7",
        "data": {"asset": {"typeName": "MskTopicAssetType"}},
        "items": [{"kind": "x", "size": 1}, {"kind": "y", "size": 2}],
    },
}


def matched(detail: Any) -> bool:
    return matches(parse_pattern(json.dumps({"detail": detail})), EVENT)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"name": ["Orders.Placed"]}, True),
        ({"name": ["orders.placed"]}, False),
        ({"name": [{"equals-ignore-case": "ORDERS.placed"}]}, True),
        ({"name": [{"prefix": "Orders"}]}, True),
        ({"name": [{"prefix": "orders"}]}, False),
        ({"name": [{"prefix": {"equals-ignore-case": "orders"}}]}, True),
        ({"name": [{"suffix": ".Placed"}]}, True),
        ({"name": [{"suffix": {"equals-ignore-case": ".PLACED"}}]}, True),
        ({"name": [{"wildcard": "Ord*.Pl*ed"}]}, True),
        ({"name": [{"wildcard": "Ord*X"}]}, False),
        ({"name": [{"wildcard": "Orders\\*"}]}, False),
        ({"name": [{"anything-but": "Orders.Placed"}]}, False),
        ({"name": [{"anything-but": ["x", "y"]}]}, True),
        ({"name": [{"anything-but": {"prefix": "Ord"}}]}, False),
        ({"name": [{"anything-but": {"suffix": ["x", "y"]}}]}, True),
        ({"name": [{"anything-but": {"wildcard": "*Placed"}}]}, False),
        ({"name": [{"anything-but": {"equals-ignore-case": "orders.placed"}}]}, False),
        ({"absent": [{"anything-but": "x"}]}, False),
        ({"absent": [{"exists": False}]}, True),
        ({"absent": [{"exists": True}]}, False),
        ({"name": [{"exists": True}]}, True),
        ({"data": {"asset": {"typeName": [{"exists": True}]}}}, True),
        ({"data": {"asset": {"id": [{"exists": False}]}}}, True),
        ({"nothing": {"here": [{"exists": False}]}}, True),
        ({"data": [{"exists": True}]}, False),
        ({"count": [12]}, True),
        ({"count": [12.0]}, True),
        ({"count": ["12"]}, False),
        ({"count": [{"numeric": [">", 10, "<=", 12]}]}, True),
        ({"count": [{"numeric": ["<", 12]}]}, False),
        ({"flag": [True]}, True),
        ({"flag": [1]}, False),
        ({"none": [None]}, True),
        ({"absent": [None]}, False),
        ({"empty": [""]}, True),
        ({"tags": ["b", "z"]}, True),
        ({"tags": [{"anything-but": ["a"]}]}, True),
        ({"ip": [{"cidr": "10.0.0.0/16"}]}, True),
        ({"ip": [{"cidr": "10.1.0.0/16"}]}, False),
        ({"items": {"kind": ["x"], "size": [1]}}, True),
        ({"items": {"kind": ["x"], "size": [2]}}, False),
        ({"$or": [{"name": ["no"]}, {"count": [12]}]}, True),
        ({"$or": [{"name": ["no"]}, {"count": [13]}], "flag": [True]}, False),
        ({"flag": [True], "$or": [{"name": ["no"]}, {"data": {"asset": {"typeName": ["MskTopicAssetType"]}}}]}, True),
    ],
)
def test_operators(detail: Any, expected: bool) -> None:
    assert matched(detail) is expected


def test_top_level_fields() -> None:
    pattern = parse_pattern(json.dumps({"source": ["aws.datazone"], "detail-type": [{"prefix": "Subscription Grant"}]}))
    assert matches(pattern, EVENT)
    assert not matches(pattern, {**EVENT, "source": "aws.glue"})


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "{}",
        '{"source": "aws.datazone"}',
        '{"source": []}',
        '{"detail": {}}',
        '{"source": [{"prefix": 1}]}',
        '{"source": [{"prefix": "a", "suffix": "b"}]}',
        '{"source": [{"startsWith": "a"}]}',
        '{"source": [["a"]]}',
        '{"source": [{"exists": "yes"}]}',
        '{"source": [{"numeric": ["~", 1]}]}',
        '{"source": [{"numeric": [">", "1"]}]}',
        '{"source": [{"cidr": "10.0.0.0/99"}]}',
        '{"source": [{"wildcard": "a**b"}]}',
        '{"source": [{"anything-but": {"exists": true}}]}',
        '{"source": [{"anything-but": []}]}',
        '{"$or": [{"source": ["a"]}]}',
    ],
)
def test_bad_patterns_are_refused(text: str) -> None:
    with pytest.raises(PatternError):
        parse_pattern(text)
