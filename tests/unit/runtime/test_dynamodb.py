"""Values that go into DynamoDB come back as they were."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamgov_core.runtime.dynamodb import from_item, to_item
from tests.properties import examples

# DynamoDB holds 38 digits and magnitudes of 1e-130 to about 1e125; hypothesis stays within the floats that we write.
numbers = st.integers(-(10**38) + 1, 10**38 - 1) | st.floats(-1e15, 1e15).filter(lambda f: f == 0 or abs(f) > 1e-100)
scalars = st.text() | numbers | st.booleans() | st.none() | st.binary()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@settings(max_examples=examples(50), deadline=None)
@given(st.dictionaries(st.text(), values))
def test_an_item_reads_back_as_it_was_written(item: dict[str, object]) -> None:
    assert from_item(to_item(item)) == item


def test_the_wire_form_is_that_of_the_api() -> None:
    written = to_item({"name": "a", "generation": 3, "at": 1790000000.25, "open": True, "cause": None, "ids": {"x"}})
    assert written == {
        "name": {"S": "a"},
        "generation": {"N": "3"},
        "at": {"N": "1790000000.25"},
        "open": {"BOOL": True},
        "cause": {"NULL": True},
        "ids": {"SS": ["x"]},
    }


def test_whole_numbers_are_ints_and_others_floats() -> None:
    read = from_item({"whole": {"N": "5"}, "padded": {"N": "5.0"}, "half": {"N": "0.5"}, "set": {"NS": ["1", "2.5"]}})
    assert read == {"whole": 5, "padded": 5, "half": 0.5, "set": {1, 2.5}}
    assert [type(read[name]) for name in ("whole", "padded", "half")] == [int, int, float]


@pytest.mark.parametrize("value", [math.inf, math.nan, object()])
def test_what_dynamodb_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_item({"value": value})
