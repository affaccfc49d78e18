"""Lineage events and the graph."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator_tests.datazone.conftest import PRODUCER, World, role

RUN = "3f5e83fa-3480-44ff-99c5-ff943904e5e8"
TOPIC = {"namespace": "kafka://orders-cluster", "name": "sales.orders"}


def event(run: str = RUN, job: str = "enricher", minute: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "eventType": "RUNNING",
        "eventTime": f"2026-05-04T10:{minute:02}:30.000Z",
        "producer": "https://example.org/x",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run},
        "job": {"namespace": "msf", "name": job},
        "inputs": [],
        "outputs": [],
        **more,
    }


def post(world: World, body: Any, **more: Any) -> str:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return str(world.call("PostLineageEvent", role("emitter", PRODUCER), event=raw, **more)["id"])


def node(world: World, identifier: str, **more: Any) -> dict[str, Any]:
    return world.call("GetLineageNode", identifier=identifier, **more)


def test_producer_topic_consumer(world: World) -> None:
    schema = {"fields": [{"name": "id", "type": "string"}]}
    post(world, event(job="producer", outputs=[TOPIC | {"facets": {"schema": schema}}]))
    other = "5f5e83fa-3480-44ff-99c5-ff943904e5e8"
    post(world, event(other, minute=1, inputs=[TOPIC], outputs=[{"namespace": "s3://lake", "name": "orders"}]))
    topic = node(world, "kafka://orders-cluster/sales.orders")
    assert topic["typeName"] == "amazon.datazone.DatasetLineageNodeType"
    assert topic["name"] == "sales.orders"
    assert any(json.loads(form["content"]) == schema for form in topic["formsOutput"])
    (up,), (down,) = topic["upstreamNodes"], topic["downstreamNodes"]
    assert node(world, up["id"])["sourceIdentifier"] == f"msf.producer/{RUN}"
    consumer = node(world, down["id"])
    assert consumer["sourceIdentifier"] == f"msf.enricher/{other}"
    assert consumer["typeName"] == "amazon.datazone.JobRunLineageNodeType"
    assert [n["id"] for n in consumer["upstreamNodes"]] == [topic["id"]]
    lake = node(world, consumer["downstreamNodes"][0]["id"])
    assert lake["sourceIdentifier"] == "s3://lake/orders"
    assert node(world, "msf.enricher")["id"] == consumer["id"]


def test_an_asset_is_the_dataset_that_its_form_names(world: World) -> None:
    common = {
        "formName": "AssetCommonDetailsForm",
        "content": json.dumps({"sourceIdentifier": "kafka://orders-cluster/sales.orders"}),
    }
    asset = world.asset(formsInput=[*world.forms(), common])
    alone = node(world, f"amazon.datazone.asset/{asset['id']}")
    assert alone["upstreamNodes"] == alone["downstreamNodes"] == []
    post(world, event(inputs=[TOPIC]))
    listing = world.publish(asset["id"])["listingId"]
    topic = node(world, "kafka://orders-cluster/sales.orders")
    assert node(world, f"amazon.datazone.asset/{asset['id']}") == topic
    assert node(world, f"amazon.datazone.listing/{listing}") == topic
    assert {"assetId": asset["id"], "assetRevision": "1"} in [json.loads(f["content"]) for f in topic["formsOutput"]]
    world.refused("ResourceNotFoundException", "GetLineageNode", identifier="kafka://orders-cluster/other")
    # The external identifier is not documented to match.
    world.asset("twin", externalIdentifier="s3://lake/orders")
    post(world, event(outputs=[{"namespace": "s3://lake", "name": "orders"}]))
    assert not any("assetId" in f["content"] for f in node(world, "s3://lake/orders")["formsOutput"])


def test_a_symlink_with_an_arn_names_the_dataset(world: World) -> None:
    arn = "arn:aws:glue:us-east-1:222222222222:table/db/t"
    facets = {"symlinks": {"identifiers": [{"namespace": "glue", "name": arn, "type": "TABLE"}]}}
    post(world, event(inputs=[{"namespace": "s3://x", "name": "y", "facets": facets}]))
    assert node(world, arn)["sourceIdentifier"] == arn


def test_history_and_time(world: World) -> None:
    post(world, event(minute=2, inputs=[TOPIC]))
    post(world, event("5f5e83fa-3480-44ff-99c5-ff943904e5e8", job="producer", minute=1, outputs=[TOPIC]))
    topic = node(world, "kafka://orders-cluster/sales.orders")
    assert (len(topic["upstreamNodes"]), len(topic["downstreamNodes"])) == (1, 1)
    early = datetime(2026, 5, 4, 10, 1, 45, tzinfo=UTC)
    then = node(world, topic["id"], eventTimestamp=early)
    assert (len(then["upstreamNodes"]), then["downstreamNodes"]) == (1, [])
    history = world.call("ListLineageNodeHistory", identifier=topic["id"])["nodes"]
    assert [n["eventTimestamp"].minute for n in history] == [2, 1]
    one = world.call("ListLineageNodeHistory", identifier=topic["id"], direction="UPSTREAM")["nodes"]
    assert [n["eventTimestamp"].minute for n in one] == [1]
    since = world.call("ListLineageNodeHistory", identifier=topic["id"], eventTimestampGTE=early)["nodes"]
    assert len(since) == 1


def test_events_are_read_listed_and_deleted(world: World) -> None:
    first, second = post(world, event(inputs=[TOPIC])), post(world, event(minute=5, eventType="COMPLETE"))
    shown = world.call("GetLineageEvent", identifier=first)
    assert shown["processingStatus"] == "SUCCESS"
    assert json.loads(shown["event"])["run"]["runId"] == RUN
    items = world.call("ListLineageEvents", sortOrder="DESCENDING")["items"]
    assert [item["id"] for item in items] == [second, first]
    assert items[0]["eventSummary"]["openLineageRunEventSummary"]["eventType"] == "COMPLETE"
    later = world.call("ListLineageEvents", timestampAfter=datetime(2026, 5, 4, 10, 3, tzinfo=UTC))["items"]
    assert [item["id"] for item in later] == [second]
    assert world.call("ListLineageEvents", processingStatus="FAILED")["items"] == []
    world.call("DeleteLineageEvent", identifier=first)
    world.refused("ResourceNotFoundException", "GetLineageEvent", identifier=first)
    world.refused("ResourceNotFoundException", "GetLineageNode", identifier="kafka://orders-cluster/sales.orders")


def test_a_client_token_makes_one_event(world: World) -> None:
    assert post(world, event(), clientToken="t") == post(world, event(), clientToken="t")
    assert len(world.call("ListLineageEvents")["items"]) == 1


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in event().items() if key != name}


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
        event(run="no-uuid"),
        event(eventType="BEGIN"),
        event(eventTime="yesterday"),
        event(inputs={}),
        event(inputs=["x"]),
        event(outputs=[{"namespace": "a"}]),
        event(job=""),
        event(outputs=[{"namespace": "a", "name": "b", "facets": []}]),
        # A dataset event is no run event.
        {"eventTime": "2026-05-04T10:15:30Z", "producer": "p", "schemaURL": "s", "dataset": TOPIC},
        event(padding="x" * 300_000),
    ],
)
def test_events_that_are_refused(world: World, body: Any) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    world.refused("ValidationException", "PostLineageEvent", event=raw)
    assert world.call("ListLineageEvents")["items"] == []


def test_a_node_has_at_most_a_hundred_neighbours(world: World) -> None:
    for number in range(105):
        post(world, event(f"3f5e83fa-3480-44ff-99c5-{number:012}", inputs=[TOPIC]))
    assert len(node(world, "kafka://orders-cluster/sales.orders")["downstreamNodes"]) == 100
