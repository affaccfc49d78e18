"""What the dashboards' picture is recorded from, and how graphs read a recording."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamgov_core.model.naming import Names
from tools.docs.dashboard_series import STEPS, lines
from tools.docs.record_dashboards import OUT, Point, concurrency, document, embedded, of_execution

START = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
MACHINE = "arn:aws:states:us-east-1:111111111111:stateMachine:streamgov-us-east-1-central"


def test_a_log_line_in_the_embedded_format_is_points_of_each_set_of_dimensions() -> None:
    line = {
        "_aws": {
            "Timestamp": 1_000,
            "CloudWatchMetrics": [
                {"Namespace": "N", "Dimensions": [["A"], ["A", "B"]], "Metrics": [{"Name": "M", "Unit": "Count"}]}
            ],
        },
        "A": "a",
        "B": "b",
        "M": [1, 2],
    }
    found = [(point.metric, dict(point.dimensions), point.at, point.value) for point in embedded(json.dumps(line))]
    both = {"A": "a", "B": "b"}
    assert found == [("N M", {"A": "a"}, 1, 1), ("N M", {"A": "a"}, 1, 2), ("N M", both, 1, 1), ("N M", both, 1, 2)]
    assert [*embedded("START RequestId"), *embedded('{"message": "x"}'), *embedded("[1]")] == []


def event(number: int, previous: int, kind: str, seconds: float, **details: Any) -> dict[str, Any]:
    when = START + timedelta(seconds=seconds)
    return {"id": number, "previousEventId": previous, "type": kind, "timestamp": when, **details}


def test_an_execution_counts_itself_and_the_functions_that_it_invokes() -> None:
    scheduled = {
        "resourceType": "lambda",
        "parameters": json.dumps({"FunctionName": "arn:aws:lambda:r:1:function:demo-apply"}),
    }
    events = [
        event(1, 0, "ExecutionStarted", 0),
        event(2, 1, "TaskScheduled", 1, taskScheduledEventDetails=scheduled),
        event(3, 2, "TaskStarted", 1),
        event(4, 3, "TaskFailed", 3),
    ]
    execution = {"startDate": START, "stopDate": START + timedelta(seconds=4), "status": "FAILED"}
    found = {
        point.metric: (point.at - START.timestamp(), point.value) for point in of_execution(MACHINE, execution, events)
    }
    assert found == {
        "AWS/States ExecutionsStarted": (0, 1),
        "AWS/States ExecutionsFailed": (4, 1),
        "AWS/Lambda Invocations": (1, 1),
        "AWS/Lambda Duration": (1, 2000),
        "AWS/Lambda Errors": (1, 1),
    }


def test_concurrency_counts_what_runs_when_another_begins() -> None:
    named = {"FunctionName": "f"}
    points = [Point("AWS/Lambda Duration", named, at, 2000) for at in (0, 1, 5)]
    assert [point.value for point in concurrency(points)] == [1, 2, 1]


def test_a_recording_has_the_names_of_the_picture() -> None:
    made = document([Point("S M", {"Deployment": "demo", "F": "demo-us-east-1-x"}, 5, 1)], Names("demo", "us-east-1"))
    (series,) = made["series"]
    assert series["dimensions"] == {"Deployment": "streamgov", "F": "streamgov-eu-west-1-x"}


RECORDING = {
    "seconds": 40.0,
    "series": [
        {"metric": "S M", "dimensions": {"D": "d", "Cause": "A"}, "points": [[0.2, 1], [0.3, 5], [10, 2]]},
        {"metric": "S M", "dimensions": {"D": "d", "Cause": "B"}, "points": [[39.9, 3]]},
        {"metric": "T Started", "dimensions": {"X": "x"}, "points": [[0, 1], [2, 1]]},
        {"metric": "T Ended", "dimensions": {"X": "x"}, "points": [[10, 1]]},
    ],
}


@pytest.mark.parametrize(
    ("stat", "first"), [("Sum", 6), ("Maximum", 5), ("p50", 1), ("p95", 5)], ids=["sum", "maximum", "p50", "p95"]
)
def test_a_statistic_is_of_each_step(stat: str, first: float) -> None:
    (line,) = lines([["S", "M", "D", "d", "Cause", "A", {"stat": stat}]], RECORDING)
    assert line.values == [(0.5, first), (10.5, 2)] and STEPS == 40


def test_a_search_finds_a_line_for_each_value_of_the_other_dimensions() -> None:
    text = "SEARCH('{S,D,Cause} MetricName=\"M\" D=\"d\"', 'Sum', 300)"
    found = lines([[{"expression": text, "label": "M"}]], RECORDING)
    assert [line.label.split()[-1] for line in found] == ["A", "B"]
    (nothing,) = lines([[{"expression": text.replace('"M"', '"None"'), "label": "None"}]], RECORDING)
    assert nothing.values == []


def test_a_running_sum_is_what_began_and_has_not_ended() -> None:
    rows: list[list[Any]] = [
        [{"expression": "RUNNING_SUM(m0-m1)", "label": "in flight"}],
        ["T", "Started", "X", "x", {"id": "m0", "visible": False}],
        ["T", "Ended", "X", "x", {"id": "m1", "visible": False}],
    ]
    (line,) = lines(rows, RECORDING)
    shown = dict(line.values)
    assert (shown[0.5], shown[2.5], shown[9.5], shown[10.5], shown[39.5]) == (1, 2, 2, 1, 1)


def test_the_recording_holds_a_run_with_grants_failures_and_reconciler() -> None:
    names = {series["metric"] for series in json.loads(OUT.read_text())["series"]}
    assert {
        "Streamgov TimeToGrant", "Streamgov GrantsGranted", "Streamgov GrantsFailed", "Streamgov DocumentFill",
        "Streamgov Findings", "Streamgov SyncRuns", "AWS/States ExecutionsStarted", "AWS/Lambda Duration",
    } <= names  # fmt: skip
