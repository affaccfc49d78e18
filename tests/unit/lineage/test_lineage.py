"""Lineage events and the emitter."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from streamgov_core.lineage.run_events import MAX_EVENT_BYTES, Dataset, Emitter, Run
from streamgov_core.model.errors import ConfigError

TOPIC = ("kafka://main", "sales.orders.v1")
WHEN = datetime(2026, 5, 4, 12, 15, 30, 123456, tzinfo=timezone(timedelta(hours=2)))


def test_an_event_of_a_run() -> None:
    run = Run(
        "lambda://222222222222/eu-west-1",
        "producer",
        run_id="01941f29-7c00-7000-8000-000000000001",
        outputs=[Dataset(*TOPIC, [("id", "string", "The id"), ("note", "string", None)])],
        processing="BATCH",
    )
    event = run.event("COMPLETE", WHEN)
    assert event["eventType"] == "COMPLETE"
    assert event["eventTime"] == "2026-05-04T10:15:30.123Z"
    assert event["run"] == {"runId": "01941f29-7c00-7000-8000-000000000001"}
    assert event["job"]["namespace"] == "lambda://222222222222/eu-west-1"
    job_type = event["job"]["facets"]["jobType"]
    assert (job_type["processingType"], job_type["integration"]) == ("BATCH", "LAMBDA")
    assert event["inputs"] == []
    (output,) = event["outputs"]
    assert (output["namespace"], output["name"]) == ("kafka://main", "sales.orders.v1")
    assert output["facets"]["schema"]["fields"] == [
        {"name": "id", "type": "string", "description": "The id"},
        {"name": "note", "type": "string"},
    ]
    for facet in (job_type, output["facets"]["schema"]):
        assert facet["_schemaURL"].startswith("https://openlineage.io/spec/facets/")


def test_a_failure_says_why_and_runs_are_distinct() -> None:
    run = Run("ns", "job")
    assert run.run_id != Run("ns", "job").run_id
    event = run.event("FAIL", WHEN, error="denied")
    assert event["run"]["facets"]["errorMessage"]["message"] == "denied"
    assert "facets" not in run.event("START", WHEN)["run"]


class Client:
    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def post_lineage_event(self, **kwargs: Any) -> dict[str, Any]:
        self.calls.append(kwargs)
        return {"id": "abcdefghij0123"}


def test_an_event_is_sent_with_a_token_that_tells_it_from_others() -> None:
    client: Any = Client()
    emitter = Emitter(client, "dzd-1")
    run = Run("ns", "job", outputs=[Dataset(*TOPIC)])
    assert emitter.emit(run.event("START", WHEN)) == "abcdefghij0123"
    emitter.emit(run.event("START", WHEN))
    emitter.emit(run.event("RUNNING", WHEN))
    tokens = [call["clientToken"] for call in client.calls]
    assert tokens[0] == tokens[1] != tokens[2]
    assert all(1 <= len(token) <= 128 for token in tokens)
    assert json.loads(client.calls[0]["event"])["eventType"] == "START"
    assert client.calls[0]["domainIdentifier"] == "dzd-1"


def test_a_large_schema_is_left_out_rather_than_the_event() -> None:
    client: Any = Client()
    fields = [(f"column_{number}", "string", "words " * 10) for number in range(5000)]
    Emitter(client, "d").emit(Run("ns", "job", outputs=[Dataset(*TOPIC, fields)]).event("START", WHEN))
    sent = client.calls[0]["event"]
    assert len(sent) < MAX_EVENT_BYTES
    assert json.loads(sent)["outputs"] == [{"namespace": "kafka://main", "name": "sales.orders.v1"}]


def test_an_event_that_is_too_large_in_itself_is_an_error() -> None:
    run = Run("ns", "job", inputs=[Dataset("n", f"{'x' * 1000}{number}") for number in range(400)])
    client: Any = Client()
    emitter = Emitter(client, "d")
    with pytest.raises(ConfigError, match="passes DataZone's limit"):
        emitter.emit(run.event("START", datetime.now(UTC)))
