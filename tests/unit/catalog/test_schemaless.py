"""Topic facts, and topics without schema."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.unit.catalog.fakes import World, avro


def configs(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def world_with(*topics: str, **settings: Any) -> World:
    world = World(**settings)
    world.kafka.topics = {name: {"partitions": 6} for name in topics}
    return world


def form(world: World, name: str = "sales") -> dict[str, Any]:
    return world.assets.form(world.asset(name).asset_id, "KafkaSchemaFormType")


@pytest.mark.parametrize("text", ["retention.ms=604800000\ncleanup.policy=delete", '{"retention.ms": "604800000"}'])
def test_partitions_and_retention_are_in_the_form(text: str) -> None:
    world = world_with("sales", "a", "b", "c")
    assert world.kafka.topics is not None
    world.kafka.topics["sales"]["configs"] = configs(text)
    world.registry.put("sales", avro("id"))
    world.run()
    found = form(world)
    assert (found["partitions"], found["replication_factor"], found["retention_ms"]) == (6, 3, 604_800_000)


@pytest.mark.parametrize("text", ["", "not base64!", configs("x"), configs("[]"), configs("retention.ms=soon")])
def test_settings_that_tell_no_retention_do_no_harm(text: str) -> None:
    world = world_with("sales")
    assert world.kafka.topics is not None
    world.kafka.topics["sales"]["configs"] = text
    world.registry.put("sales", avro("id"))
    assert world.run()["created"] == ["sales"]
    assert "retention_ms" not in form(world)


def test_more_partitions_are_one_revision_and_no_call_each() -> None:
    world = world_with("sales", "orders")
    for name in ("sales", "orders"):
        world.registry.put(name, avro("id"))
    world.run()
    world.kafka.topics["sales"]["partitions"] = 12  # type: ignore[index]
    assert world.run()["revised"] == ["sales"]
    assert form(world)["partitions"] == 12
    assert world.run()["unchanged"] == 2


def test_one_event_lists_no_topics_and_agrees_with_a_full_run() -> None:
    world = world_with("sales", *(f"t{number}" for number in range(50)))
    for name in ("sales", "not-there-yet"):
        world.registry.put(name, avro("id"))
        world.one(name)
    assert world.kafka.listed == 0
    assert form(world)["partitions"] == 6
    assert "partitions" not in form(world, "not-there-yet")
    assert world.run()["unchanged"] == 2
    assert world.one("sales")["unchanged"] == 1
    world.kafka.topics = None
    assert world.one("sales")["failed"] == []
    assert form(world)["partitions"] == 6


def test_facts_survive_a_time_when_topics_cannot_be_listed() -> None:
    world = world_with("sales")
    world.registry.put("sales", avro("id"))
    world.run()
    world.kafka.topics = None
    assert world.run()["unchanged"] == 1
    assert form(world)["partitions"] == 6
    assert world.assets.calls["revise"] == 0


def test_topics_without_schema_become_assets_if_wanted() -> None:
    world = world_with("sales", "plain", "__consumer_offsets")
    world.registry.put("sales", avro("id"))
    assert world.run()["created"] == ["sales"]
    assert world.plain_records.records == {}
    wanted = world_with("sales", "plain", "__consumer_offsets", without_schema=True)
    wanted.registry.put("sales", avro("id"))
    assert wanted.run()["created"] == ["plain", "sales"]
    record = wanted.plain_records.load("plain")
    assert record is not None
    assert (record.schema_arn, record.resource_arn.rsplit("/", 1)[1]) == (None, "plain")
    assert wanted.assets.form(record.asset_id, "KafkaSchemaFormType") == {
        "kafka_topic": "plain",
        "partitions": 6,
        "replication_factor": 3,
    }
    wanted.reset()
    assert wanted.run()["unchanged"] == 2
    assert wanted.assets.calls == {"search": 1, "asset_type": 1}


@pytest.mark.parametrize("one", [True, False])
def test_a_topic_that_gets_a_schema_keeps_its_asset(one: bool) -> None:
    world = world_with("plain", without_schema=True)
    world.run()
    record = world.plain_records.load("plain")
    assert record is not None
    world.assets.edit(record.asset_id, description="A person's words")
    world.registry.put("plain", avro("id", doc="Machine words"))
    assert (world.one("plain") if one else world.run())["revised"] == ["plain"]
    asset = world.asset("plain")
    assert (asset.asset_id, asset.description) == (record.asset_id, "A person's words")
    assert world.assets.form(asset.asset_id, "KafkaSchemaFormType")["schema_version"] == 1
    assert world.plain_records.records == {}
    assert world.run()["unchanged"] == 1


def test_a_topic_that_is_gone_is_retired_and_not_when_topics_cannot_be_listed() -> None:
    world = world_with("a", "b", without_schema=True)
    world.run()
    topics, world.kafka.topics = world.kafka.topics, None
    with pytest.raises(Exception, match="cannot be listed"):
        world.run()
    assert len(world.assets.assets) == 2
    world.kafka.topics = {"a": topics["a"]}  # type: ignore[index]
    assert world.run()["retired"] == ["b"]
    assert list(world.plain_records.records) == ["a"]


def test_too_many_gone_topics_are_not_retired() -> None:
    world = world_with(*(f"t{number}" for number in range(20)), without_schema=True)
    world.run()
    world.kafka.topics = {"t1": {"partitions": 1}}
    assert "19 of 20 recorded topics or streams are gone" in world.run()["failed"][0]["cause"]
    assert len(world.run(retire_any=True)["retired"]) == 19


def test_a_topic_of_another_registrys_schema_is_left_alone() -> None:
    other = world_with("sales", without_schema=True)
    other.registry.put("sales", avro("id"))
    other.run()
    here = world_with("sales", without_schema=True)
    here.assets = other.assets
    assert here.run()["failed"] == []
    assert here.plain_records.records == {}
    assert other.run()["unchanged"] == 1


def test_topics_that_do_not_fit_into_the_time_follow_in_the_next_leg() -> None:
    world = world_with(*(f"t{number}" for number in range(9)), without_schema=True, concurrency=2)
    world.registry.put("t0", avro("id"))
    after, result, legs = None, None, 0
    while True:
        world.enough_time = lambda: False
        result = world.syncer().run_all(after=after, result=result)
        legs += 1
        if result.after is None:
            break
        after = result.after
        assert legs < 10
    assert len(world.assets.assets) == 9
    assert legs > 1
