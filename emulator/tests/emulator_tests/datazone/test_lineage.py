"""Lineage events and the graph."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator_tests.datazone.conftest import PRODUCER, PreparedDomain, role
from emulator_tests.made import RUN, run_event

TOPIC = {"namespace": "kafka://orders-cluster", "name": "sales.orders"}


def post(prepared: PreparedDomain, body: Any, **more: Any) -> str:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return str(prepared.call("PostLineageEvent", role("emitter", PRODUCER), event=raw, **more)["id"])


def node(prepared: PreparedDomain, identifier: str, **more: Any) -> dict[str, Any]:
    return prepared.call("GetLineageNode", identifier=identifier, **more)


def test_producer_topic_consumer(prepared: PreparedDomain) -> None:
    schema = {"fields": [{"name": "id", "type": "string"}]}
    post(prepared, run_event(job="producer", outputs=[TOPIC | {"facets": {"schema": schema}}]))
    other = "5f5e83fa-3480-44ff-99c5-ff943904e5e8"
    post(prepared, run_event(other, minute=1, inputs=[TOPIC], outputs=[{"namespace": "s3://lake", "name": "orders"}]))
    topic = node(prepared, "kafka://orders-cluster/sales.orders")
    assert topic["typeName"] == "amazon.datazone.DatasetLineageNodeType"
    assert topic["name"] == "sales.orders"
    assert any(json.loads(form["content"]) == schema for form in topic["formsOutput"])
    (up,), (down,) = topic["upstreamNodes"], topic["downstreamNodes"]
    assert node(prepared, up["id"])["sourceIdentifier"] == f"msf.producer/{RUN}"
    consumer = node(prepared, down["id"])
    assert consumer["sourceIdentifier"] == f"msf.enricher/{other}"
    assert consumer["typeName"] == "amazon.datazone.JobRunLineageNodeType"
    assert [n["id"] for n in consumer["upstreamNodes"]] == [topic["id"]]
    lake = node(prepared, consumer["downstreamNodes"][0]["id"])
    assert lake["sourceIdentifier"] == "s3://lake/orders"
    assert node(prepared, "msf.enricher")["id"] == consumer["id"]


def test_an_asset_is_the_dataset_that_its_form_names(prepared: PreparedDomain) -> None:
    common = {
        "formName": "AssetCommonDetailsForm",
        "content": json.dumps({"sourceIdentifier": "kafka://orders-cluster/sales.orders"}),
    }
    asset = prepared.asset(formsInput=[*prepared.forms(), common])
    alone = node(prepared, f"amazon.datazone.asset/{asset['id']}")
    assert alone["upstreamNodes"] == alone["downstreamNodes"] == []
    post(prepared, run_event(inputs=[TOPIC]))
    listing = prepared.publish(asset["id"])["listingId"]
    topic = node(prepared, "kafka://orders-cluster/sales.orders")
    assert node(prepared, f"amazon.datazone.asset/{asset['id']}") == topic
    assert node(prepared, f"amazon.datazone.listing/{listing}") == topic
    assert {"assetId": asset["id"], "assetRevision": "1"} in [json.loads(f["content"]) for f in topic["formsOutput"]]
    prepared.refused("ResourceNotFoundException", "GetLineageNode", identifier="kafka://orders-cluster/other")
    # The external identifier is not documented to match.
    prepared.asset("twin", externalIdentifier="s3://lake/orders")
    post(prepared, run_event(outputs=[{"namespace": "s3://lake", "name": "orders"}]))
    assert not any("assetId" in f["content"] for f in node(prepared, "s3://lake/orders")["formsOutput"])


def test_a_symlink_with_an_arn_names_the_dataset(prepared: PreparedDomain) -> None:
    arn = "arn:aws:glue:us-east-1:222222222222:table/db/t"
    facets = {"symlinks": {"identifiers": [{"namespace": "glue", "name": arn, "type": "TABLE"}]}}
    post(prepared, run_event(inputs=[{"namespace": "s3://x", "name": "y", "facets": facets}]))
    assert node(prepared, arn)["sourceIdentifier"] == arn


def test_history_and_time(prepared: PreparedDomain) -> None:
    post(prepared, run_event(minute=2, inputs=[TOPIC]))
    post(prepared, run_event("5f5e83fa-3480-44ff-99c5-ff943904e5e8", job="producer", minute=1, outputs=[TOPIC]))
    topic = node(prepared, "kafka://orders-cluster/sales.orders")
    assert (len(topic["upstreamNodes"]), len(topic["downstreamNodes"])) == (1, 1)
    early = datetime(2026, 5, 4, 10, 1, 45, tzinfo=UTC)
    then = node(prepared, topic["id"], eventTimestamp=early)
    assert (len(then["upstreamNodes"]), then["downstreamNodes"]) == (1, [])
    history = prepared.call("ListLineageNodeHistory", identifier=topic["id"])["nodes"]
    assert [n["eventTimestamp"].minute for n in history] == [2, 1]
    one = prepared.call("ListLineageNodeHistory", identifier=topic["id"], direction="UPSTREAM")["nodes"]
    assert [n["eventTimestamp"].minute for n in one] == [1]
    since = prepared.call("ListLineageNodeHistory", identifier=topic["id"], eventTimestampGTE=early)["nodes"]
    assert len(since) == 1


def test_events_are_read_listed_and_deleted(prepared: PreparedDomain) -> None:
    first, second = post(prepared, run_event(inputs=[TOPIC])), post(prepared, run_event(minute=5, eventType="COMPLETE"))
    shown = prepared.call("GetLineageEvent", identifier=first)
    assert shown["processingStatus"] == "SUCCESS"
    assert json.loads(shown["event"])["run"]["runId"] == RUN
    items = prepared.call("ListLineageEvents", sortOrder="DESCENDING")["items"]
    assert [item["id"] for item in items] == [second, first]
    assert items[0]["eventSummary"]["openLineageRunEventSummary"]["eventType"] == "COMPLETE"
    later = prepared.call("ListLineageEvents", timestampAfter=datetime(2026, 5, 4, 10, 3, tzinfo=UTC))["items"]
    assert [item["id"] for item in later] == [second]
    assert prepared.call("ListLineageEvents", processingStatus="FAILED")["items"] == []
    prepared.call("DeleteLineageEvent", identifier=first)
    prepared.refused("ResourceNotFoundException", "GetLineageEvent", identifier=first)
    prepared.refused("ResourceNotFoundException", "GetLineageNode", identifier="kafka://orders-cluster/sales.orders")


def test_a_client_token_makes_one_event(prepared: PreparedDomain) -> None:
    assert post(prepared, run_event(), clientToken="t") == post(prepared, run_event(), clientToken="t")
    assert len(prepared.call("ListLineageEvents")["items"]) == 1


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in run_event().items() if key != name}


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[]",
        b"{}",
        b"\xff",
        without("run"),
        without("job"),
        without("eventTime"),
        without("producer"),
        without("schemaURL"),
        run_event(run="no-uuid"),
        run_event(eventType="BEGIN"),
        run_event(eventTime="yesterday"),
        run_event(inputs={}),
        run_event(inputs=["x"]),
        run_event(outputs=[{"namespace": "a"}]),
        run_event(job=""),
        run_event(outputs=[{"namespace": "a", "name": "b", "facets": []}]),
        # A dataset event is no run event.
        {"eventTime": "2026-05-04T10:15:30Z", "producer": "p", "schemaURL": "s", "dataset": TOPIC},
        run_event(padding="x" * 300_000),
    ],
)
def test_events_that_are_refused(prepared: PreparedDomain, body: Any) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    prepared.refused("ValidationException", "PostLineageEvent", event=raw)
    assert prepared.call("ListLineageEvents")["items"] == []


def test_a_node_has_at_most_a_hundred_neighbours(prepared: PreparedDomain) -> None:
    for number in range(105):
        post(prepared, run_event(f"3f5e83fa-3480-44ff-99c5-{number:012}", inputs=[TOPIC]))
    assert len(node(prepared, "kafka://orders-cluster/sales.orders")["downstreamNodes"]) == 100
