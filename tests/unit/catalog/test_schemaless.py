"""Topic facts, and topics without schema."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.unit.catalog.fakes import SyncSetup, avro


def configs(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def setup_with(*topics: str, **settings: Any) -> SyncSetup:
    setup = SyncSetup(**settings)
    setup.kafka.topics = {name: {"partitions": 6} for name in topics}
    return setup


def form(setup: SyncSetup, name: str = "sales") -> dict[str, Any]:
    return setup.assets.form(setup.asset(name).asset_id, "KafkaSchemaFormType")


@pytest.mark.parametrize("text", ["retention.ms=604800000\ncleanup.policy=delete", '{"retention.ms": "604800000"}'])
def test_partitions_and_retention_are_in_the_form(text: str) -> None:
    setup = setup_with("sales", "a", "b", "c")
    assert setup.kafka.topics is not None
    setup.kafka.topics["sales"]["configs"] = configs(text)
    setup.registry.put("sales", avro("id"))
    setup.run()
    found = form(setup)
    assert (found["partitions"], found["replication_factor"], found["retention_ms"]) == (6, 3, 604_800_000)


@pytest.mark.parametrize("text", ["", "not base64!", configs("x"), configs("[]"), configs("retention.ms=soon")])
def test_settings_that_tell_no_retention_do_no_harm(text: str) -> None:
    setup = setup_with("sales")
    assert setup.kafka.topics is not None
    setup.kafka.topics["sales"]["configs"] = text
    setup.registry.put("sales", avro("id"))
    assert setup.run()["created"] == ["sales"]
    assert "retention_ms" not in form(setup)


def test_more_partitions_are_one_revision_and_no_call_each() -> None:
    setup = setup_with("sales", "orders")
    for name in ("sales", "orders"):
        setup.registry.put(name, avro("id"))
    setup.run()
    setup.kafka.topics["sales"]["partitions"] = 12
    assert setup.run()["revised"] == ["sales"]
    assert form(setup)["partitions"] == 12
    assert setup.run()["unchanged"] == 2


def test_one_event_lists_no_topics_and_agrees_with_a_full_run() -> None:
    setup = setup_with("sales", *(f"t{number}" for number in range(50)))
    for name in ("sales", "not-there-yet"):
        setup.registry.put(name, avro("id"))
        setup.one(name)
    assert setup.kafka.listed == 0
    assert form(setup)["partitions"] == 6
    assert "partitions" not in form(setup, "not-there-yet")
    assert setup.run()["unchanged"] == 2
    assert setup.one("sales")["unchanged"] == 1
    setup.kafka.topics = None
    assert setup.one("sales")["failed"] == []
    assert form(setup)["partitions"] == 6


def test_facts_survive_a_time_when_topics_cannot_be_listed() -> None:
    setup = setup_with("sales")
    setup.registry.put("sales", avro("id"))
    setup.run()
    setup.kafka.topics = None
    assert setup.run()["unchanged"] == 1
    assert form(setup)["partitions"] == 6
    assert setup.assets.calls["revise"] == 0


def test_topics_without_schema_become_assets_if_wanted() -> None:
    setup = setup_with("sales", "plain", "__consumer_offsets")
    setup.registry.put("sales", avro("id"))
    assert setup.run()["created"] == ["sales"]
    assert setup.plain_records.records == {}
    wanted = setup_with("sales", "plain", "__consumer_offsets", without_schema=True)
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
    assert wanted.assets.calls == {"search": 1, "asset_type": 2}, "once for schemas, once for topics"


@pytest.mark.parametrize("one", [True, False])
def test_a_topic_that_gets_a_schema_keeps_its_asset(one: bool) -> None:
    setup = setup_with("plain", without_schema=True)
    setup.run()
    record = setup.plain_records.load("plain")
    assert record is not None
    setup.assets.edit(record.asset_id, description="A person's words")
    setup.registry.put("plain", avro("id", doc="Machine words"))
    assert (setup.one("plain") if one else setup.run())["revised"] == ["plain"]
    asset = setup.asset("plain")
    assert (asset.asset_id, asset.description) == (record.asset_id, "A person's words")
    assert setup.assets.form(asset.asset_id, "KafkaSchemaFormType")["schema_version"] == 1
    assert setup.plain_records.records == {}
    assert setup.run()["unchanged"] == 1


def test_a_topic_that_is_gone_is_retired_and_not_when_topics_cannot_be_listed() -> None:
    setup = setup_with("a", "b", without_schema=True)
    setup.run()
    topics, setup.kafka.topics = setup.kafka.topics, None
    result = setup.run()
    assert "cannot be listed" in result["failed"][0]["cause"]
    assert len(setup.assets.assets) == 2
    setup.kafka.topics = {"a": topics["a"]}
    assert setup.run()["retired"] == ["b"]
    assert list(setup.plain_records.records) == ["a"]


def test_too_many_gone_topics_are_not_retired() -> None:
    setup = setup_with(*(f"t{number}" for number in range(20)), without_schema=True)
    setup.run()
    setup.kafka.topics = {"t1": {"partitions": 1}}
    assert "19 of 20 recorded assets would end: 19 topics or streams are gone" in setup.run()["failed"][0]["cause"]
    assert len(setup.run(allow_mass_retirement=True)["retired"]) == 19


def test_a_topic_of_another_registrys_schema_is_left_alone() -> None:
    other = setup_with("sales", without_schema=True)
    other.registry.put("sales", avro("id"))
    other.run()
    here = setup_with("sales", without_schema=True)
    here.assets = other.assets
    assert here.run()["failed"] == []
    assert here.plain_records.records == {}
    assert other.run()["unchanged"] == 1


def test_topics_that_do_not_fit_into_the_time_follow_in_the_next_portion() -> None:
    setup = setup_with(*(f"t{number}" for number in range(9)), without_schema=True, concurrency=2)
    setup.registry.put("t0", avro("id"))
    setup.enough_time = lambda: False
    machine = setup.machine()
    result = machine.run()
    assert (len(setup.assets.assets), result.counts["created"]) == (9, 9)
    assert machine.portions == 1 + 4, "a schema; eight topics, two at a time"
