"""A Flink job's run as it was recorded from one, posted to DataZone: no Flink needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator_tests.datazone.conftest import CONSUMER, PRODUCER, PreparedDomain, role

EVENTS = Path(__file__).with_name("events")
SOURCE, SINK = "kafka://orders-sandbox/producer-data-product", "kafka://orders-sandbox/order-totals"
JOB = f"flink://{CONSUMER}/us-east-1.order-totals-job"


def recorded(name: str) -> bytes:
    return (EVENTS / f"flink-{name}.json").read_bytes()


def post(prepared: PreparedDomain, name: str) -> None:
    prepared.call("PostLineageEvent", role("emitter", PRODUCER), event=recorded(name))


def node(prepared: PreparedDomain, identifier: str) -> dict[str, Any]:
    return prepared.call("GetLineageNode", identifier=identifier)


def columns(found: dict[str, Any]) -> list[str]:
    (schema,) = [json.loads(form["content"]) for form in found["formsOutput"] if form["formName"] == "SchemaForm"]
    return [item["name"] for item in schema["fields"]]


def asset(prepared: PreparedDomain, source: str) -> str:
    common = {"formName": "AssetCommonDetailsForm", "content": json.dumps({"sourceIdentifier": source})}
    return str(prepared.asset(source.rsplit("/", 1)[1], formsInput=[*prepared.forms(), common])["id"])


def test_start_alone_joins_both_topics_assets_with_the_job(prepared: PreparedDomain) -> None:
    source, sink = asset(prepared, SOURCE), asset(prepared, SINK)
    post(prepared, "start")
    read, written = (node(prepared, f"amazon.datazone.asset/{one}") for one in (source, sink))
    assert (read["sourceIdentifier"], written["sourceIdentifier"]) == (SOURCE, SINK)
    assert columns(read) == ["order_id", "placed_at", "customer", "items"]
    assert columns(written) == ["order_id", "placed_at", "country", "pieces", "total"]
    job = node(prepared, JOB)
    assert [one["id"] for one in job["upstreamNodes"]] == [read["id"]]
    assert [one["id"] for one in job["downstreamNodes"]] == [written["id"]]
    assert [one["id"] for one in read["downstreamNodes"]] == [one["id"] for one in written["upstreamNodes"]]


def test_later_events_name_no_datasets_and_join_by_the_run(prepared: PreparedDomain) -> None:
    for name in ("start", "running", "complete"):
        post(prepared, name)
    for name in ("running", "complete", "fail", "abort"):
        body = json.loads(recorded(name))
        assert not body.get("inputs")
        assert not body.get("outputs")
    job = node(prepared, JOB)
    assert ended(job) == ("COMPLETE", json.loads(recorded("start"))["run"]["runId"])
    assert len(job["upstreamNodes"]) == len(job["downstreamNodes"]) == 1
    assert len(prepared.call("ListLineageNodeHistory", identifier=job["id"])["nodes"]) == 3


@pytest.mark.parametrize("end", ["abort", "fail"])
def test_a_run_may_end_otherwise(prepared: PreparedDomain, end: str) -> None:
    """Recorded from other runs: of a job that was cancelled, and of one that may not start again."""
    start = json.loads(recorded("start"))
    body = {**json.loads(recorded(end)), "run": {"runId": start["run"]["runId"]}, "eventTime": "2099-01-01T00:00:00Z"}
    assert body["job"] == json.loads(recorded("running"))["job"]
    post(prepared, "start")
    prepared.call("PostLineageEvent", role("emitter", PRODUCER), event=json.dumps(body).encode())
    job = node(prepared, JOB)
    assert ended(job) == (end.upper(), start["run"]["runId"])
    assert len(job["upstreamNodes"]) == len(job["downstreamNodes"]) == 1


def ended(job: dict[str, Any]) -> tuple[str, str]:
    (run,) = [json.loads(form["content"]) for form in job["formsOutput"] if form["formName"] == "OpenLineageRunForm"]
    return run["eventType"], run["runId"]
