"""What an asset and its event say of a schema's versions, tags and metadata."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.catalog.change_events import BATCH, EventBus, change
from streamgov_core.model.errors import CatalogError
from streamgov_core.model.naming import Names
from tests.unit.catalog.fakes import World, avro


def schema_form(world: World, name: str) -> dict[str, Any]:
    return world.assets.form(world.asset(name).asset_id, "KafkaSchemaFormType")


def synced(name: str = "sales", **settings: Any) -> World:
    world = World(**settings)
    world.registry.put(name, avro("id", "note"))
    assert world.run()["created"] == [name]
    return world


def test_the_verdict_on_a_new_version_is_in_the_form_and_in_the_event() -> None:
    world = synced()
    assert "compatibility_verdict" not in schema_form(world, "sales")
    assert world.bus.told[0]["change"] == "CREATED"
    world.reset()
    world.registry.put("sales", avro("id", "extra"))
    assert world.one("sales")["revised"] == ["sales"]
    form = schema_form(world, "sales")
    assert form["compatibility_verdict"] == "breaking"
    assert form["schema_changes"].startswith("Against version 1: added extra; removed note.")
    (told,) = world.bus.told
    assert (told["change"], told["assetRevision"], told["schema"]["version"]) == ("REVISED", "2", 2)
    assert told["resourceArn"].endswith("/sales")
    assert told["compatibility"]["breaking"] is True
    assert (told["compatibility"]["added"], told["compatibility"]["removed"]) == (["extra"], ["note"])


def test_the_verdict_stays_until_the_next_version() -> None:
    world = synced()
    world.registry.put("sales", avro("id"))
    world.run()
    world.registry.infos["sales"] = replace(world.registry.infos["sales"], description="New words")
    assert world.run()["revised"] == ["sales"]
    assert schema_form(world, "sales")["compatibility_verdict"] == "compatible"
    world.bus.told.clear()
    world.registry.put("sales", avro("id", "note"))
    world.run()
    assert world.bus.told[0]["compatibility"]["previousVersion"] == 2


def test_a_version_that_is_gone_gives_no_verdict() -> None:
    world = synced()
    world.registry.put("sales", avro("id"))
    del world.registry.versions["sales"][1]
    assert world.run()["revised"] == ["sales"]
    assert world.bus.told[-1]["compatibility"] is None


def test_the_history_lists_versions_newest_first_with_their_status() -> None:
    world = synced()
    world.registry.put("sales", avro("id"), status="FAILURE")
    world.registry.put("sales", avro("id", "b"))
    world.run()
    assert schema_form(world, "sales")["version_history"] == (
        "3 AVAILABLE 2026-01-03; 2 FAILURE 2026-01-02; 1 AVAILABLE 2026-01-01"
    )
    for number in range(40):
        world.registry.put("sales", avro("id", f"c{number}"))
    world.run()
    assert schema_form(world, "sales")["version_history"].endswith("and 13 older")


def test_owner_and_description_come_from_tags_and_metadata() -> None:
    world = World()
    world.registry.put("sales", avro("id", doc="From the schema"))
    world.registry.tags["sales"] = {"owner": "Team Ann", "description": "From a tag"}
    world.run()
    assert schema_form(world, "sales")["owner"] == "Team Ann"
    assert world.asset("sales").description == "From a tag"


def test_changed_tags_are_seen_by_a_deep_order_only() -> None:
    world = synced()
    world.registry.tags["sales"] = {"owner": "Ann"}
    assert world.run()["unchanged"] == 1
    assert world.run(deep=True)["revised"] == ["sales"]
    world.registry.tags["sales"] = {"owner": "Bob"}
    assert world.one("sales", deep=True)["revised"] == ["sales"]
    assert schema_form(world, "sales")["owner"] == "Bob"
    assert world.run(deep=True)["unchanged"] == 1


def test_metadata_names_the_topic() -> None:
    world = World()
    world.mapping = "metadata:topic|same"
    world.registry.put("sales-v2", avro("id"))
    world.registry.put("orders", avro("id"))
    world.registry.tags["sales-v2"] = {"topic": "sales"}
    assert world.run()["created"] == ["orders", "sales-v2"]
    assert world.asset("sales-v2").external_id.endswith("/sales")  # type: ignore[union-attr]
    world.reset()
    assert world.run()["unchanged"] == 2
    assert world.registry.calls == {"list": 1, "get_schema": 2}
    world.registry.tags["sales-v2"] = {"topic": "revenue"}
    assert world.run(deep=True)["created"] == ["sales-v2"]
    assert world.asset("sales-v2").name == "revenue"
    world.registry.put("thief", avro("id"))
    world.registry.tags["thief"] = {"topic": "revenue"}
    assert "more than one schema maps to 'revenue': sales-v2 too" in world.run()["failed"][0]["cause"]


@pytest.mark.parametrize("after", [1, 4])
def test_an_event_waits_a_little_for_a_pending_version(after: int) -> None:
    world = synced()
    world.registry.put("sales", avro("id", "b"), status="PENDING")
    versions = world.registry.versions["sales"]
    asked: list[str] = []

    def accept(operation: str, subject: str) -> None:
        if operation == "get_version":
            asked.append(subject)
            if len(asked) == after:
                versions[2] = replace(versions[2], status="AVAILABLE")

    world.registry.fail = accept
    assert world.one("sales")["revised"] == ["sales"]
    assert schema_form(world, "sales")["schema_version"] == 2
    assert len(world.slept) == max(0, after - 1)


def test_a_version_that_stays_pending_is_caught_up_with_later() -> None:
    world = synced()
    world.registry.put("sales", avro("id", "b"), status="PENDING")
    assert world.one("sales")["failed"] == []
    assert schema_form(world, "sales")["schema_version"] == 1
    versions = world.registry.versions["sales"]
    versions[2] = replace(versions[2], status="AVAILABLE")
    assert world.run()["revised"] == ["sales"]


def test_a_retired_asset_is_told_and_a_broken_bus_is_a_visible_failure() -> None:
    world = synced()
    world.reset()
    world.registry.drop("sales")
    world.run()
    assert [told["change"] for told in world.bus.told] == ["RETIRED"]
    world.bus.broken = True
    world.registry.put("sales", avro("id"))
    result = world.run()
    assert (result["created"], result["failed"][0]["schema"]) == (["sales"], "*")
    assert world.run()["unchanged"] == 1


class FakeEvents:
    """PutEvents that fails the entries of some assets, a number of times."""

    def __init__(self, failing: dict[str, int]) -> None:
        self.failing, self.batches, self.taken = failing, [], []  # type: ignore[var-annotated]

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert 1 <= len(Entries) <= BATCH
        self.batches.append(len(Entries))
        results = []
        for entry in Entries:
            asset = json.loads(entry["Detail"])["assetId"]
            if self.failing.get(asset, 0) > 0:
                self.failing[asset] -= 1
                results.append({"ErrorCode": "InternalFailure"})
            else:
                self.taken.append(entry)
                results.append({"EventId": "1"})
        return {"Entries": results}


def test_events_that_the_bus_did_not_take_are_sent_again() -> None:
    client = FakeEvents({"a3": 2})
    slept: list[float] = []
    EventBus(client, Names("team-a"), "dzd-1", "p1", slept.append).send(
        [change("CREATED", f"a{number}", "arn") for number in range(12)]
    )
    assert client.batches == [10, 2, 1, 1]
    assert len(slept) == 2
    assert {entry["Source"] for entry in client.taken} == {"team-a.catalog"}
    assert json.loads(client.taken[-1]["Detail"])["domainId"] == "dzd-1"
    with pytest.raises(CatalogError, match=r"1 change\(s\)"):
        EventBus(FakeEvents({"a": 99}), Names(), "dzd-1", "p1", slept.append).send([change("RETIRED", "a", "arn")])
