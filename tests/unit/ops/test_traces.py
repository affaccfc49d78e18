"""The traces of a grant, as histories and log lines name them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgov_ops.explain.traces import FoundTrace, trace_of, traces_of_lines

ROOT, OTHER = "1-5759e988-bd862e3fe1be46a994272793", "1-5759e989-000000000000000000000001"
EXECUTION = "arn:aws:states:us-east-1:111111111111:execution:streamgov-central:one"


def scheduled(parameters: Any) -> dict[str, Any]:
    text = parameters if isinstance(parameters, str) else json.dumps(parameters)
    return {"type": "TaskScheduled", "taskScheduledEventDetails": {"parameters": text}}


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ([{"TraceHeader": f"Root={ROOT};Sampled=1"}], FoundTrace(ROOT, EXECUTION, True)),
        ([{"FunctionName": "f"}, {"TraceHeader": f"Root={ROOT};Sampled=0"}], FoundTrace(ROOT, EXECUTION, False)),
        ([{"TraceHeader": ""}], None),
        ([{"TraceHeader": None}, "{cut off", "[1]", "null"], None),
        ([], None),
    ],
)
def test_an_execution_names_its_trace_where_it_hands_it_on(parameters: list[Any], found: FoundTrace | None) -> None:
    assert trace_of(EXECUTION, [{"type": "ExecutionStarted"}, *map(scheduled, parameters)]) == found


def test_log_lines_add_what_no_execution_names() -> None:
    known = [FoundTrace(ROOT, EXECUTION, True)]
    lines = [{"xray_trace_id": ROOT}, {"xray_trace_id": OTHER}, {"message": "x"}, {"xray_trace_id": OTHER}]
    assert traces_of_lines(lines, known) == [FoundTrace(OTHER)]
    assert traces_of_lines(lines, [*known, FoundTrace(OTHER)]) == []


@given(st.lists(st.text()))
def test_whatever_a_history_holds_it_is_read(texts: list[str]) -> None:
    assert trace_of(EXECUTION, list(map(scheduled, texts))) is None
