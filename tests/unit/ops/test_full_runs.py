"""Full runs of data sources, started by hand and looked at, against fakes of the services that they ask."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.runtime.dynamodb import to_item
from streamgov_ops.runs import RunFailedError, RunNotes, run_data_source
from tests.unit.ops.entries import CONSUMER
from tests.unit.ops.test_operating import SOURCE, Source, accounts


def run(source: Any, request: dict[str, Any], told: list[str] | None = None) -> dict[str, Any]:
    """Run it; the clock goes on by the seconds that are slept."""
    times = [0.0]

    def sleep(seconds: float) -> None:
        times[0] += seconds

    def tell(text: str, done: int, of: int) -> None:
        (told if told is not None else []).append(text)

    return run_data_source(accounts(source), SOURCE, request, lambda: times[0], sleep, tell)


def test_one_schema_is_synced_by_the_function() -> None:
    source = Source([], [], {"created": 1})
    assert run(source, {"schema": "orders"}) == {"created": 1}
    assert source.asked == {"function": "streamgov-sync-msk", "action": "sync", "schema": "orders"}
    with pytest.raises(RunFailedError, match="streamgov-sync-msk of account 333333333333 failed: orders"):
        run(Source([], [], {"errorMessage": "orders is no schema"}), {"schema": "orders"})


class FullRuns:
    """Step Functions and DynamoDB of a data source's account: what an execution is, call after call."""

    class exceptions:
        ClientError = ClientError

    def __init__(self, *states: dict[str, Any], items: dict[str, dict[str, Any]] | None = None) -> None:
        self.states = list(states)
        self.items = items or {}
        self.asked: dict[str, Any] = {}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": CONSUMER}

    def start_execution(self, **parameters: Any) -> dict[str, str]:
        self.asked = parameters
        return {"executionArn": "arn:run"}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def get_item(self, TableName: str, Key: dict[str, Any], ConsistentRead: bool) -> dict[str, Any]:
        assert TableName == "streamgov-sync-msk-runs"
        found = self.items.get(Key["run"]["S"])
        return {"Item": to_item({"run": "x", "part": "x", **found})} if found else {}

    def get_paginator(self, operation: str) -> FullRuns:
        return self

    def paginate(self, **parameters: Any) -> list[dict[str, Any]]:
        assert parameters["ExpressionAttributeValues"] == {":run": {"S": "key#summary#schemas"}}
        row = {"round": 0, "portion": 0, "after": "x", "tally": {}, "failed": []}
        rows = [{**row, "shard": number, "is_done": number != 2} for number in (-1, 0, 1, 2)]
        return [{"Items": [to_item({"rows": zlib.compress(json.dumps(rows).encode())})]}]


UNDER_WAY = {"execution": "arn:run", "since": 1_790_000_000, "key": "key", "stage": "schemas", "shards": 7}


def test_a_full_run_is_started_waited_for_and_its_progress_told() -> None:
    source = FullRuns(
        {"status": "RUNNING"}, {"status": "SUCCEEDED", "output": '{"counts": {"created": 9}}'},
        items={"#current": UNDER_WAY},
    )  # fmt: skip
    told: list[str] = []
    assert run(source, {"force": True}, told) == {"counts": {"created": 9}}
    assert source.asked["stateMachineArn"] == "arn:aws:states:eu-west-1:333333333333:stateMachine:streamgov-sync-msk"
    assert json.loads(source.asked["input"]) == {"action": "sync", "force": True}
    assert told == ["running for 0 s: schemas, 2 of 7 shards"]


def test_a_full_run_that_fails_says_what_the_function_said() -> None:
    cause = json.dumps({"errorType": "SyncFailedError", "errorMessage": '{"counts": {"failed": 1}}'})
    with pytest.raises(RunFailedError, match=r'arn:run is FAILED: \{"counts": \{"failed": 1\}\}'):
        run(FullRuns({"status": "FAILED", "error": "SyncFailedError", "cause": cause}), {})


def test_a_full_run_beside_another_one_is_refused_with_a_sentence() -> None:
    output = json.dumps({"coalesced": "arn:other", "said": "another full run is under way"})
    with pytest.raises(RunFailedError, match="streamgov-sync-msk of account 333333333333: another full run"):
        run(FullRuns({"status": "SUCCEEDED", "output": output}), {})


@pytest.mark.parametrize(
    ("status", "items", "told"),
    [
        ("RUNNING", {"#current": UNDER_WAY}, "a full run since 2026-09-21T14:13:20+00:00: schemas, 2 of 7 shards"),
        ("ABORTED", {"#current": UNDER_WAY}, "a full run of 2026-09-21T14:13:20+00:00 was stopped (arn:run)"),
        ("", {}, ""),
        (
            "",
            {"#last": {"execution": "arn:run", "attempt": 0, "began": 1_789_999_990, "ended": 1_790_000_000,
                       "report": json.dumps({"counts": {"unchanged": 99, "failed": 1}})}},
            "2026-09-21T14:13:20+00:00 after 10 s: 99 unchanged, 1 failed",
        ),
    ],
    ids=["under way", "stopped", "never", "ended"],
)  # fmt: skip
def test_what_is_told_of_a_data_sources_full_runs(status: str, items: dict[str, Any], told: str) -> None:
    assert RunNotes(accounts(FullRuns({"status": status}, items=items)), CONSUMER, "sync-msk").told() == told
