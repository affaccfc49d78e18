"""What an asset and its event say of a schema's versions, tags and metadata."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.catalog.change_events import BATCH, EventBusPublisher, change
from streamgov_core.model.errors import CatalogError
from streamgov_core.model.naming import Names
from tests.unit.catalog.fakes import SyncSetup, avro


def schema_form(setup: SyncSetup, name: str) -> dict[str, Any]:
    return setup.assets.form(setup.asset(name).asset_id, "KafkaSchemaFormType")


def synced(name: str = "sales", **settings: Any) -> SyncSetup:
    setup = SyncSetup(**settings)
    setup.registry.put(name, avro("id", "note"))
    assert setup.run()["created"] == [name]
    return setup


def test_the_verdict_on_a_new_version_is_in_the_form_and_in_the_event() -> None:
    setup = synced()
    assert "compatibility_verdict" not in schema_form(setup, "sales")
    assert setup.bus.published[0]["change"] == "CREATED"
    setup.reset()
    setup.registry.put("sales", avro("id", "extra"))
    assert setup.one("sales")["revised"] == ["sales"]
    form = schema_form(setup, "sales")
    assert form["compatibility_verdict"] == "breaking"
    assert form["schema_changes"].startswith("Against version 1: added extra; removed note.")
    (event,) = setup.bus.published
    assert (event["change"], event["assetRevision"], event["schema"]["version"]) == ("REVISED", "2", 2)
    assert event["resourceArn"].endswith("/sales")
    assert event["compatibility"]["breaking"] is True
    assert (event["compatibility"]["added"], event["compatibility"]["removed"]) == (["extra"], ["note"])


def test_a_breaking_verdict_names_the_consumers_that_it_hits() -> None:
    setup = synced(publish=True)
    setup.assets.subscribed[f"listing-{setup.asset('sales').asset_id}"] = ["sub1", "sub2"]
    setup.reset()
    setup.registry.put("sales", avro("id"))
    setup.run()
    assert "consumers" not in setup.bus.published[-1], "a compatible version hits nobody"
    setup.registry.put("sales", avro("id", "extra"))
    setup.run()
    assert setup.bus.published[-1]["consumers"] == ["project of sub1", "project of sub2"]


def test_the_verdict_stays_until_the_next_version() -> None:
    setup = synced()
    setup.registry.put("sales", avro("id"))
    setup.run()
    setup.registry.infos["sales"] = replace(setup.registry.infos["sales"], description="New words")
    assert setup.run()["revised"] == ["sales"]
    assert schema_form(setup, "sales")["compatibility_verdict"] == "compatible"
    setup.bus.published.clear()
    setup.registry.put("sales", avro("id", "note"))
    setup.run()
    assert setup.bus.published[0]["compatibility"]["previousVersion"] == 2


def test_a_version_that_is_gone_gives_no_verdict() -> None:
    setup = synced()
    setup.registry.put("sales", avro("id"))
    del setup.registry.versions["sales"][1]
    assert setup.run()["revised"] == ["sales"]
    assert setup.bus.published[-1]["compatibility"] is None


def test_the_history_lists_versions_newest_first_with_their_status() -> None:
    setup = synced()
    setup.registry.put("sales", avro("id"), status="FAILURE")
    setup.registry.put("sales", avro("id", "b"))
    setup.run()
    assert schema_form(setup, "sales")["version_history"] == (
        "3 AVAILABLE 2026-01-03; 2 FAILURE 2026-01-02; 1 AVAILABLE 2026-01-01"
    )
    for number in range(40):
        setup.registry.put("sales", avro("id", f"c{number}"))
    setup.run()
    assert schema_form(setup, "sales")["version_history"].endswith("and 13 older")


def test_owner_and_description_come_from_tags_and_metadata() -> None:
    setup = SyncSetup()
    setup.registry.put("sales", avro("id", doc="From the schema"))
    setup.registry.tagged["sales"] = {"owner": "Team Ann", "description": "From a tag"}
    setup.run()
    assert schema_form(setup, "sales")["owner"] == "Team Ann"
    assert setup.asset("sales").description == "From a tag"


def test_changed_tags_are_seen_by_a_deep_order_only() -> None:
    setup = synced()
    setup.registry.tagged["sales"] = {"owner": "Ann"}
    assert setup.run()["unchanged"] == 1
    assert setup.run(force=True)["revised"] == ["sales"]
    setup.registry.tagged["sales"] = {"owner": "Bob"}
    assert setup.one("sales", force=True)["revised"] == ["sales"]
    assert schema_form(setup, "sales")["owner"] == "Bob"
    assert setup.run(force=True)["unchanged"] == 1


def test_metadata_names_the_topic() -> None:
    setup = SyncSetup()
    setup.mapping = "metadata:topic|same"
    setup.registry.put("sales-v2", avro("id"))
    setup.registry.put("orders", avro("id"))
    setup.registry.tagged["sales-v2"] = {"topic": "sales"}
    assert setup.run()["created"] == ["orders", "sales-v2"]
    assert setup.asset("sales-v2").external_id.endswith("/sales")  # type: ignore[union-attr]
    setup.reset()
    assert setup.run()["unchanged"] == 2
    assert setup.registry.calls == {"list": 1, "get_schema": 2}
    setup.registry.tagged["sales-v2"] = {"topic": "revenue"}
    assert setup.run(force=True)["replaced"] == ["sales-v2"]
    assert setup.asset("sales-v2").name == "revenue"
    setup.registry.put("thief", avro("id"))
    setup.registry.tagged["thief"] = {"topic": "revenue"}
    assert "more than one schema maps to 'revenue': sales-v2 too" in setup.run()["skipped"][0]["cause"]


@pytest.mark.parametrize("after", [1, 4])
def test_an_event_waits_a_little_for_a_pending_version(after: int) -> None:
    setup = synced()
    setup.registry.put("sales", avro("id", "b"), status="PENDING")
    versions = setup.registry.versions["sales"]
    asked: list[str] = []

    def accept(operation: str, subject: str) -> None:
        if operation == "get_version":
            asked.append(subject)
            if len(asked) == after:
                versions[2] = replace(versions[2], status="AVAILABLE")

    setup.registry.fail = accept
    assert setup.one("sales")["revised"] == ["sales"]
    assert schema_form(setup, "sales")["schema_version"] == 2
    assert len(setup.slept) == max(0, after - 1)


def test_a_version_that_stays_pending_is_caught_up_with_later() -> None:
    setup = synced()
    setup.registry.put("sales", avro("id", "b"), status="PENDING")
    assert setup.one("sales")["failed"] == []
    assert schema_form(setup, "sales")["schema_version"] == 1
    versions = setup.registry.versions["sales"]
    versions[2] = replace(versions[2], status="AVAILABLE")
    assert setup.run()["revised"] == ["sales"]


def test_a_retired_asset_is_told_and_a_broken_bus_is_a_visible_failure() -> None:
    setup = synced()
    setup.reset()
    setup.registry.drop("sales")
    setup.run()
    assert [event["change"] for event in setup.bus.published] == ["RETIRED"]
    setup.bus.broken = True
    setup.registry.put("sales", avro("id"))
    result = setup.run()
    assert (result["created"], result["failed"][0]["schema"]) == (["sales"], "*")
    assert setup.run()["unchanged"] == 1


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
    client: Any = FakeEvents({"a3": 2})
    slept: list[float] = []
    EventBusPublisher(client, Names("team-a"), "dzd-1", "p1", slept.append).publish(
        [change("CREATED", f"a{number}", "arn") for number in range(12)]
    )
    assert client.batches == [10, 2, 1, 1]
    assert len(slept) == 2
    assert {entry["Source"] for entry in client.taken} == {"team-a.catalog"}
    assert json.loads(client.taken[-1]["Detail"])["domainId"] == "dzd-1"
    client = FakeEvents({"a": 99})
    with pytest.raises(CatalogError, match=r"1 change\(s\)"):
        EventBusPublisher(client, Names(), "dzd-1", "p1", slept.append).publish([change("RETIRED", "a", "arn")])


def test_a_transitive_mode_is_held_against_the_whole_history() -> None:
    setup = synced()
    setup.registry.put("sales", avro("id"), compatibility="BACKWARD_ALL")
    setup.run()
    assert schema_form(setup, "sales")["compatibility_verdict"] == "compatible"
    optional = '{"type": "record", "name": "R", "fields": [{"name": "note", "type": "int", "default": 0}]}'
    setup.registry.put("sales", optional.replace('"R"', json.dumps(json.loads(avro("id"))["name"])))
    setup.run()
    form = schema_form(setup, "sales")
    assert form["compatibility_verdict"] == "breaking", "version 2 has no note, version 1 has one of another type"
    assert "For records of version 1" in form["schema_changes"]
