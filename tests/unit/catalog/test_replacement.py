"""A schema that comes to mean another topic: nothing that people wrote is lost, and nothing ends unannounced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.catalog.entities import Form
from tests.unit.catalog.fakes import CLUSTER, FakeKafka, SyncSetup, avro

AGAIN = CLUSTER[:-2] + "-9"
"""The same cluster by name, made again."""
OTHER = CLUSTER.replace("cluster/main/", "cluster/blue/")
COMMON = "AssetCommonDetailsForm"


def cluster(arn: str) -> FakeKafka:
    kafka = FakeKafka(
        {"ClusterName": arn.split("/")[1], "ClusterArn": arn, "ClusterType": "PROVISIONED", "State": "ACTIVE"}
    )
    kafka.topics = {"sales": {"partitions": 3}}
    return kafka


def setup_of(*schemas: str, **settings: Any) -> SyncSetup:
    """Schemas named with ``-value`` and their assets, made under the mapping ``same``."""
    setup = SyncSetup(**settings)
    for name in schemas:
        setup.registry.put(name, avro("id", doc=f"About {name}"))
    assert len(setup.run()["created"]) == len(schemas)
    setup.reset()
    return setup


def curate(setup: SyncSetup, schema: str) -> None:
    """What a person writes into an asset."""
    asset = setup.asset(schema)
    common = {**setup.assets.form(asset.asset_id, COMMON), "readMe": "Ask Ann first.", "summary": "Short"}
    setup.assets.edit(
        asset.asset_id,
        name="All our sales",
        description="A person's words",
        glossary_terms=("term1",),
        forms=(
            *setup.assets.with_form(
                asset.asset_id, Form(COMMON, "amazon.datazone.AssetCommonDetailsFormType", "1", common)
            ),
            Form("Team", "TeamForm", "4", {"contact": "Ann"}),
        ),
    )


def test_a_changed_mapping_carries_peoples_words_over_to_the_new_asset() -> None:
    setup = setup_of("sales-value", publish=True)
    curate(setup, "sales-value")
    former = setup.asset("sales-value").asset_id
    setup.mapping = "suffix:-value"
    result = setup.run()
    assert (result["replaced"], result["created"], result["retired"], result["failed"]) == (["sales-value"], [], [], [])
    asset = setup.asset("sales-value")
    assert asset.external_id is not None
    assert asset.external_id.endswith("/sales")
    assert (asset.name, asset.description, asset.glossary_terms) == ("All our sales", "A person's words", ("term1",))
    common = setup.assets.form(asset.asset_id, COMMON)
    assert (common["readMe"], common["summary"], common["sourceIdentifier"]) == (
        "Ask Ann first.",
        "Short",
        "kafka://main/sales",
    )
    assert next(form for form in asset.forms if form.name == "Team") == Form(
        "Team", "TeamForm", "4", {"contact": "Ann"}
    )
    assert setup.assets.form(asset.asset_id, "KafkaSchemaFormType")["kafka_topic"] == "sales"
    assert asset.listing_status == "ACTIVE"
    assert list(setup.assets.assets) == [asset.asset_id]
    (event,) = setup.bus.published
    assert (event["change"], event["assetId"], event["replaces"]) == ("REPLACED", asset.asset_id, former)
    assert setup.run()["unchanged"] == 1


def test_what_the_machine_wrote_is_written_anew() -> None:
    setup = setup_of("sales-value")
    setup.mapping = "suffix:-value"
    assert setup.run()["replaced"] == ["sales-value"]
    asset = setup.asset("sales-value")
    assert (asset.name, asset.description) == ("sales", "About sales-value")
    assert setup.assets.form(asset.asset_id, COMMON)["readMe"].startswith("# sales\n")
    setup.registry.put("sales-value", avro("id", doc="Better words"))
    setup.run()
    assert setup.asset("sales-value").description == "Better words", "it is ours still"


def test_a_readme_that_a_person_removed_stays_removed_and_what_is_unpublished_stays_so() -> None:
    setup = setup_of("sales-value", publish=True)
    asset = setup.asset("sales-value")
    common = {key: value for key, value in setup.assets.form(asset.asset_id, COMMON).items() if key != "readMe"}
    form = Form(COMMON, "amazon.datazone.AssetCommonDetailsFormType", "1", common)
    setup.assets.edit(asset.asset_id, forms=setup.assets.with_form(asset.asset_id, form))
    setup.assets.unpublish(asset.asset_id)
    setup.mapping = "suffix:-value"
    assert setup.run()["replaced"] == ["sales-value"]
    new = setup.asset("sales-value")
    assert "readMe" not in setup.assets.form(new.asset_id, COMMON)
    assert new.listing_status is None


def test_a_cluster_made_again_under_its_name_keeps_asset_and_subscriptions() -> None:
    setup = setup_of("sales", publish=True)
    curate(setup, "sales")
    before = setup.asset("sales")
    setup.assets.subscribed[f"listing-{before.asset_id}"] = ["sub1"]
    setup.kafka = cluster(AGAIN)
    result = setup.run()
    assert (result["revised"], result["kept"], result["failed"]) == (["sales"], [], [])
    after = setup.asset("sales")
    assert (after.asset_id, after.listing_id, after.name) == (before.asset_id, before.listing_id, "All our sales")
    assert setup.assets.form(after.asset_id, "MskSourceReferenceFormType")["cluster_arn"] == AGAIN
    record = setup.records.load("sales")
    assert record is not None
    assert record.resource_arn == AGAIN.replace(":cluster/", ":topic/") + "/sales"
    assert setup.run()["unchanged"] == 1


@pytest.mark.parametrize("change", ["mapping", "resource", "both"])
def test_many_that_would_end_are_counted_before_any_is_done(change: str) -> None:
    names = [f"t{number:02}-value" for number in range(40)]
    setup = setup_of(*names, publish=True)
    ids = set(setup.assets.assets)
    if change != "resource":
        setup.mapping = "suffix:-value"
    if change != "mapping":
        setup.kafka, setup.cluster = cluster(OTHER), "blue"
    result = setup.run()
    assert (result["replaced"], result["created"], result["retired"]) == ([], [], [])
    assert "40 of 40" in result["failed"][0]["cause"]
    assert "40 mean another topic" in result["failed"][0]["cause"]
    assert set(setup.assets.assets) == ids
    assert setup.assets.writes == 0
    allowed = setup.run(allow_mass_retirement=True)
    assert (len(allowed["replaced"]), allowed["failed"]) == (40, [])
    assert not ids & set(setup.assets.assets)


def test_gone_and_replaced_count_together() -> None:
    setup = setup_of(*(f"t{number}" for number in range(20)))
    for number in range(3):
        setup.registry.drop(f"t{number}")
    setup.mapping = "metadata:topic|same"
    for number in range(3, 6):
        setup.registry.tagged[f"t{number}"] = {"topic": f"new{number}"}
    result = setup.run(force=True)
    assert "6 of 20" in result["failed"][0]["cause"]
    assert len(setup.assets.assets) == 20
    setup.registry.tagged.clear()
    assert len(setup.run(force=True)["retired"]) == 3


def test_one_tag_replaces_one_asset_at_the_next_full_run_only() -> None:
    setup = setup_of("sales", "orders")
    setup.mapping = "metadata:topic|same"
    setup.registry.tagged["sales"] = {"topic": "revenue"}
    result = setup.one("sales", force=True)
    assert "the next full run replaces" in result["kept"][0]["cause"]
    assert setup.assets.writes == 0
    assert setup.run(force=True)["replaced"] == ["sales"]


def test_subscriptions_keep_an_asset_whose_schema_means_another_topic_and_fail_no_run() -> None:
    setup = setup_of("sales-value", publish=True)
    former = setup.asset("sales-value")
    setup.assets.subscribed[f"listing-{former.asset_id}"] = ["sub1"]
    setup.mapping = "suffix:-value"
    for _ in range(2):
        result = setup.run()
        assert (result["replaced"], result["failed"]) == ([], [])
        assert "sub1" in result["kept"][0]["cause"]
        assert list(setup.assets.assets) == [former.asset_id]
    assert setup.run(revoke=True)["replaced"] == ["sales-value"]


@pytest.mark.parametrize("publish", [True, False])
@pytest.mark.parametrize("step", ["create", "created", "publish", "unpublish", "delete", "save"])
def test_a_replacement_that_is_interrupted_is_completed_by_the_next_run(step: str, publish: bool) -> None:
    setup = setup_of("sales-value", publish=publish)
    setup.assets.publish(setup.asset("sales-value").asset_id, "1")
    curate(setup, "sales-value")
    setup.mapping = "suffix:-value"

    def crash(operation: str, subject: str) -> None:
        if operation == step:
            raise SystemError("killed")

    setup.assets.fail = setup.records.fail = crash
    # An asset that was made before the crash is found by the second round of the same run.
    assert len(setup.run()["failed"]) == (0 if step == "created" else 1)
    setup.assets.fail = setup.records.fail = lambda operation, subject: None
    assert setup.run()["failed"] == []
    (asset,) = setup.assets.assets.values()
    assert setup.asset("sales-value") == asset
    assert (asset.name, asset.description) == ("All our sales", "A person's words")
    assert asset.listing_status == "ACTIVE"
    assert setup.run()["unchanged"] == 1


def test_a_long_run_counts_what_would_end_over_all_its_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamgov_core.catalog.run_shards.PER_SHARD", 5)
    names = [f"t{number:02}-value" for number in range(12)]
    setup = setup_of(*names, concurrency=2)
    setup.mapping = "suffix:-value"
    setup.enough_time = lambda: False
    machine = setup.machine()
    result = machine.run()
    assert machine.portions == 12, "twelve schemas in three shards of four, one thread each"
    assert "12 of 12" in result.failed[0]["cause"]
    assert len(setup.assets.assets) == 12


def test_a_schema_that_the_mapping_names_no_topic_for_any_more_keeps_its_asset() -> None:
    setup = setup_of("sales", "orders-value")
    setup.mapping = "suffix:-value"
    for _ in range(2):
        result = setup.run()
        assert result["failed"] == []
        assert "does not end in '-value'" in next(item for item in result["kept"] if item["schema"] == "sales")["cause"]
    assert "sales" in setup.records.records
    assert setup.run(allow_mass_retirement=True)["retired"] == ["sales"]


def test_topics_that_a_data_source_may_not_speak_for_any_more_keep_their_assets() -> None:
    setup = SyncSetup(without_schema=True)
    setup.kafka.topics = {name: {"partitions": 1} for name in ("orders.eu", "sales", "gone")}
    setup.run()
    del setup.kafka.topics["gone"]
    setup.topics = ("orders.*", "gone")
    result = setup.run()
    assert (result["retired"], result["failed"]) == (["gone"], [])
    assert [item["schema"] for item in result["kept"]] == ["sales"]
    assert sorted(setup.plain_records.records) == ["orders.eu", "sales"]
    assert setup.run(allow_mass_retirement=True)["retired"] == ["sales"]


def test_a_schema_that_goes_while_it_waits_to_be_replaced_is_retired_once() -> None:
    setup = setup_of(*(f"t{number:02}-value" for number in range(12)), concurrency=2)
    setup.mapping = "metadata:topic|same"
    setup.registry.tagged["t00-value"] = {"topic": "other"}
    machine = setup.machine(force=True)
    assert machine.stage()["stage"] == "schemas"
    machine.shards()
    setup.registry.drop("t00-value")
    last = machine.run()
    assert (last.retired, last.replaced, last.failed) == (["t00-value"], [], [])
    assert last.counts["retired"] == 1


def test_topics_without_schema_of_another_cluster_count_too() -> None:
    setup = SyncSetup(without_schema=True)
    setup.kafka.topics = {f"t{number}": {"partitions": 1} for number in range(8)}
    assert len(setup.run()["created"]) == 8
    topics = setup.kafka.topics
    record = setup.plain_records.load("t0")
    assert record is not None
    setup.assets.edit(record.asset_id, description="A person's words")
    setup.kafka, setup.cluster = cluster(OTHER), "blue"
    setup.kafka.topics = topics
    result = setup.run()
    assert "8 of 8" in result["failed"][0]["cause"]
    assert setup.run(allow_mass_retirement=True)["replaced"] == [f"t{number}" for number in range(8)]
    record = setup.plain_records.load("t0")
    assert record is not None
    assert record.resource_arn.split("/")[1] == "blue"
    assert setup.asset_of(record.asset_id).description == "A person's words"
    assert len(setup.assets.assets) == 8


def test_a_former_asset_that_was_deleted_by_hand_is_no_obstacle() -> None:
    setup = setup_of("sales-value")
    setup.assets.assets.clear()
    setup.mapping = "suffix:-value"
    assert setup.run()["failed"] == []
    assert setup.asset("sales-value").name == "sales"


def test_an_asset_that_moved_to_another_project_is_left_alone_and_fails_no_run() -> None:
    setup = setup_of("sales", "orders", publish=True)
    asset = setup.asset("sales")
    setup.assets.assets[asset.asset_id] = replace(asset, project_id="producer2")
    setup.assets.hidden.add(asset.asset_id)
    setup.registry.put("sales", avro("id", "more"))
    for result in (setup.run(), setup.one("sales")):
        assert result["failed"] == []
        assert "belongs to project producer2 now" in result["kept"][0]["cause"]
    setup.registry.drop("sales")
    assert "belongs to project producer2 now" in setup.run()["kept"][0]["cause"]
    assert "sales" in setup.records.records, "the access that it gives stays"
    assert setup.assets.writes == 0


def test_an_asset_on_its_way_to_another_project_is_waited_for() -> None:
    setup = setup_of("sales", publish=True)
    asset = setup.asset("sales")
    setup.assets.assets[asset.asset_id] = replace(asset, moving=True)
    setup.registry.put("sales", avro("id", "more"))
    result = setup.run()
    assert (result["failed"], setup.assets.writes) == ([], 0)
    assert "is being moved" in result["kept"][0]["cause"]
    setup.assets.assets[asset.asset_id] = asset
    assert setup.run()["revised"] == ["sales"]
