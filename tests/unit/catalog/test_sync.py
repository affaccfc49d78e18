"""The data source's engine over in-memory gateways."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.catalog.model import AssetType, Form
from streamgov_core.model.errors import CatalogError
from tests.unit.catalog.fakes import CLUSTER, FakeKafka, World, avro

TOPIC_ARN = CLUSTER.replace(":cluster/", ":topic/")


def filled(*names: str, **settings: Any) -> World:
    world = World(**settings)
    for name in names:
        world.registry.put(name, avro("id", doc=f"About {name}"))
    assert world.run()["failed"] == []
    world.reset()
    return world


def test_a_new_schema_becomes_an_asset() -> None:
    world = World()
    world.registry.put("sales", avro("id", "amount", doc="All sales"))
    result = world.run()
    assert result == {
        "created": ["sales"],
        "revised": [],
        "unchanged": 0,
        "retired": [],
        "kept": [],
        "failed": [],
        "counts": {"created": 1},
    }
    asset = world.asset("sales")
    assert (asset.name, asset.external_id, asset.description) == ("sales", f"{TOPIC_ARN}/sales", "All sales")
    table = world.assets.form(asset.asset_id, "RelationalTableFormType")
    assert table["columns"] == [
        {"columnName": "id", "dataType": "string"},
        {"columnName": "amount", "dataType": "string"},
    ]
    common = world.assets.form(asset.asset_id, "AssetCommonDetailsForm")
    assert common["sourceIdentifier"] == "kafka://main/sales"
    assert "sales" in common["readMe"]
    source = world.assets.form(asset.asset_id, "MskSourceReferenceFormType")
    assert (source["cluster_arn"], source["cluster_type"]) == (CLUSTER, "PROVISIONED")
    assert source["bootstrap_brokers"] == "b-1.main:9098,b-2.main:9098"
    schema = world.assets.form(asset.asset_id, "KafkaSchemaFormType")
    assert (schema["kafka_topic"], schema["schema_version"], schema["compatibility_mode"]) == ("sales", 1, "BACKWARD")


def test_an_unchanged_run_writes_nothing_and_asks_once_for_each_schema() -> None:
    names = [f"t{number:03}" for number in range(100)]
    world = filled(*names)
    result = world.run()
    assert result["unchanged"] == 100
    assert world.assets.writes == 0
    assert world.records.calls["save"] == 0
    assert world.registry.calls == {"list": 1, "get_schema": 100}
    assert world.assets.calls == {"search": 1, "asset_type": 1}
    assert world.bus.told == []


def test_a_new_version_is_one_revision() -> None:
    world = filled("sales", "orders")
    world.registry.put("sales", avro("id", "note"))
    result = world.run()
    assert (result["revised"], result["unchanged"]) == (["sales"], 1)
    assert world.assets.calls["revise"] == 1
    columns = world.assets.form(world.asset("sales").asset_id, "RelationalTableFormType")["columns"]
    assert [column["columnName"] for column in columns] == ["id", "note"]


def test_what_people_wrote_survives() -> None:
    world = filled("sales")
    asset = world.asset("sales")
    common = dict(world.assets.form(asset.asset_id, "AssetCommonDetailsForm"), readMe="Mine", summary="Short")
    world.assets.edit(
        asset.asset_id,
        name="Sales, all of them",
        description="A person's words",
        glossary_terms=("term1", "term2"),
        forms=(
            *world.assets.with_form(
                asset.asset_id,
                Form("AssetCommonDetailsForm", "amazon.datazone.AssetCommonDetailsFormType", "6", common),
            ),
            Form("Extra", "ExtraFormType", "3", {"owner": "Ann"}),
        ),
    )
    world.registry.put("sales", avro("id", "more", doc="New machine words"))
    assert world.run()["revised"] == ["sales"]
    after = world.asset("sales")
    assert after.name == "Sales, all of them"
    assert after.description == "A person's words"
    assert after.glossary_terms == ("term1", "term2")
    assert world.assets.form(after.asset_id, "Extra") == {"owner": "Ann"}
    assert next(form.type_revision for form in after.forms if form.name == "Extra") == "3"
    kept = world.assets.form(after.asset_id, "AssetCommonDetailsForm")
    assert (kept["readMe"], kept["summary"]) == ("Mine", "Short")
    assert len(world.assets.form(after.asset_id, "RelationalTableFormType")["columns"]) == 2


def test_the_machines_own_description_follows_the_schema() -> None:
    world = filled("sales")
    world.registry.put("sales", avro("id", doc="Better words"))
    world.run()
    assert world.asset("sales").description == "Better words"


def test_a_person_who_cleared_the_description_gets_the_schemas_words_only_when_they_are_new() -> None:
    world = filled("sales")
    world.assets.edit(world.asset("sales").asset_id, description=None)
    assert world.run()["unchanged"] == 1
    assert world.asset("sales").description is None


def test_a_gone_schema_is_retired_in_order() -> None:
    world = filled("sales", "orders", publish=True)
    asset_id = world.asset("sales").asset_id
    world.registry.drop("sales")
    world.assets.log.clear()
    result = world.run()
    assert (result["retired"], result["unchanged"]) == (["sales"], 1)
    assert world.assets.log == [("unpublish", asset_id), ("delete", asset_id)]
    assert "sales" not in world.records.records


def test_a_listing_that_needs_a_moment_is_waited_for() -> None:
    world = filled("sales", publish=True)
    world.registry.drop("sales")
    world.assets.undeletable = 2
    assert world.run()["retired"] == ["sales"]
    assert len(world.slept) == 2


def test_an_asset_that_cannot_be_deleted_fails_and_keeps_its_record() -> None:
    world = filled("sales")
    world.registry.drop("sales")
    world.assets.undeletable = 99
    result = world.run()
    assert result["failed"][0]["schema"] == "sales"
    assert "sales" in world.records.records
    world.assets.undeletable = 0
    assert world.run()["retired"] == ["sales"]


def test_subscriptions_keep_an_asset_and_are_reported() -> None:
    world = filled("sales", publish=True)
    asset = world.asset("sales")
    world.assets.subscribed[f"listing-{asset.asset_id}"] = ["sub1"]
    world.registry.drop("sales")
    result = world.run()
    assert result["retired"] == []
    assert result["kept"][0]["schema"] == "sales"
    assert "sub1" in result["kept"][0]["cause"]
    assert world.assets.writes == 0
    assert len(result["failed"]) == 0


def test_a_schema_missing_from_the_list_only_is_not_retired() -> None:
    world = filled("sales", "orders")
    listed = world.registry.list_names
    world.registry.list_names = lambda: (name for name in listed() if name != "sales")  # type: ignore[method-assign]
    result = world.run()
    assert result["retired"] == []
    assert result["unchanged"] == 2


def test_too_many_gone_schemas_are_not_retired_unless_told() -> None:
    names = [f"t{number}" for number in range(20)]
    world = filled(*names)
    for name in names[:10]:
        world.registry.drop(name)
    result = world.run()
    assert result["retired"] == []
    assert "10 of 20" in result["failed"][0]["cause"]
    assert world.assets.calls["delete"] == 0
    assert len(world.run(retire_any=True)["retired"]) == 10


def test_a_registry_that_is_gone_retires_nothing() -> None:
    world = filled("sales")
    world.registry.there = False
    world.registry.drop("sales")
    with pytest.raises(CatalogError, match="no schema registry"):
        world.run()
    assert "registry itself is gone" in world.one("sales")["failed"][0]["cause"]
    assert len(world.assets.assets) == 1


def test_a_failing_call_about_a_schema_retires_nothing() -> None:
    world = filled("sales", "orders")

    def refuse(operation: str, subject: str) -> None:
        if operation == "get_schema" and subject == "sales":
            raise PermissionError("AccessDenied")

    world.registry.fail = refuse
    result = world.run()
    assert result["unchanged"] == 1
    assert result["failed"] == [{"schema": "sales", "cause": "PermissionError: AccessDenied"}]
    assert len(world.assets.assets) == 2


def test_a_crash_between_asset_and_record_makes_no_second_asset() -> None:
    world = World()
    world.registry.put("sales", avro("id"))

    def crash(operation: str, subject: str) -> None:
        if operation == "save":
            raise SystemError("killed")

    world.records.fail = crash
    assert len(world.run()["failed"]) == 1
    world.records.fail = lambda operation, subject: None
    result = world.run()
    assert (result["unchanged"], len(result["failed"])) == (1, 0)
    assert list(world.assets.assets) == ["asset1"]
    assert world.asset("sales").revision == "1"


@pytest.mark.parametrize("one", [True, False])
def test_an_orphan_that_the_index_does_not_show_yet_is_not_doubled(one: bool) -> None:
    world = filled("sales")
    world.records.records.clear()
    world.assets.hidden.add("asset1")
    world.assets.tokens.clear()
    result = world.one("sales") if one else world.run()
    assert "AssetExistsError" in result["failed"][0]["cause"]
    world.assets.hidden.clear()
    assert len(world.run()["failed"]) == 0
    assert len(world.assets.assets) == 1


def test_an_asset_of_another_tool_is_adopted_and_completed() -> None:
    world = filled("sales")
    world.records.records.clear()
    world.assets.edit("asset1", description="By hand", forms=world.assets.assets["asset1"].forms[:2])
    result = world.run()
    assert result["revised"] == ["sales"]
    asset = world.asset("sales")
    assert (asset.asset_id, asset.description, len(asset.forms)) == ("asset1", "By hand", 4)


def test_an_asset_of_another_type_is_a_finding() -> None:
    world = filled("sales")
    world.records.records.clear()
    world.assets.assets["asset1"] = replace(world.assets.assets["asset1"], type_name="GlueTableAssetType")
    assert "has the type GlueTableAssetType" in world.run()["failed"][0]["cause"]


def test_an_asset_deleted_by_hand_comes_back() -> None:
    world = filled("sales")
    world.assets.assets.clear()
    assert world.run()["created"] == ["sales"]
    assert world.asset("sales").asset_id == "asset2"


def test_bad_schemas_stop_only_themselves() -> None:
    world = World()
    world.registry.put("good", avro("id"))
    world.registry.put("broken", '{"type": "record", "name": "R", "fields": [{"name": "x", "type": "strin"}]}')
    world.registry.put("odd$name", avro("id"))
    world.registry.put("x" * 250, avro("id"))
    world.registry.put("pending", avro("id"), status="PENDING")
    world.registry.put("strange", "x", data_format="XML")
    result = world.run()
    assert result["created"] == ["good"]
    causes = {entry["schema"]: entry["cause"] for entry in result["failed"]}
    assert "at field x: Undefined type" not in causes
    assert "field x" in causes["broken"]
    assert "odd$name" in causes["odd$name"]
    assert "249" in causes["x" * 250]
    assert "1 is PENDING" in causes["pending"]
    assert "XML" in causes["strange"]
    assert list(world.records.records) == ["good"]


def test_a_failed_or_pending_version_falls_back_to_the_last_good_one() -> None:
    world = filled("sales")
    world.registry.put("sales", avro("id", "bad"), status="FAILURE")
    world.registry.put("sales", avro("id", "soon"), status="PENDING")
    world.run()
    asset_id = world.asset("sales").asset_id
    assert world.assets.form(asset_id, "KafkaSchemaFormType")["schema_version"] == 1
    versions = world.registry.versions["sales"]
    versions[3] = replace(versions[3], status="AVAILABLE")
    assert world.run()["revised"] == ["sales"]
    assert world.assets.form(asset_id, "KafkaSchemaFormType")["schema_version"] == 3


def test_two_schemas_of_one_topic_are_a_finding_and_the_first_keeps_it() -> None:
    world = World()
    world.mapping = "map:" + json.dumps({"a": "topic", "b": "topic", "c": "other"})
    for name in "abc":
        world.registry.put(name, avro("id"))
    result = world.run()
    assert result["created"] == ["c"]
    assert {entry["schema"] for entry in result["failed"]} == {"a", "b"}

    first = World()
    first.mapping = world.mapping
    first.registry.put("a", avro("id"))
    first.run()
    first.registry.put("b", avro("id"))
    result = first.run()
    assert result["unchanged"] == 1
    assert [entry["schema"] for entry in result["failed"]] == ["b"]
    assert "a too" in first.one("b")["failed"][0]["cause"]
    assert first.asset("a").name == "topic"


def test_one_event_costs_the_same_in_a_large_registry() -> None:
    small, large = filled("sales"), filled("sales", *(f"t{number}" for number in range(200)))
    counts = []
    for world in (small, large):
        world.registry.put("sales", avro("id", "new"))
        assert world.one("sales")["revised"] == ["sales"]
        counts.append((dict(world.registry.calls), dict(world.assets.calls), dict(world.records.calls)))
    assert counts[0] == counts[1]
    assert counts[0] == (
        {"get_schema": 1, "get_version": 2, "words": 1, "history": 1},
        {"get": 1, "asset_type": 1, "revise": 1},
        {"load": 1, "save": 1},
    )


def test_one_new_schema_by_event_is_created_once() -> None:
    world = World()
    world.registry.put("sales", avro("id"))
    assert world.one("sales")["created"] == ["sales"]
    assert world.one("sales")["unchanged"] == 1
    assert len(world.assets.assets) == 1


def test_a_deleted_schema_by_event_is_retired() -> None:
    world = filled("sales", "orders")
    world.registry.drop("sales")
    assert world.one("sales")["retired"] == ["sales"]
    assert len(world.one("never-there")["failed"]) == 0


def test_publishing() -> None:
    world = filled("sales", publish=True)
    assert world.asset("sales").listing_status == "ACTIVE"
    world.registry.put("sales", avro("id", "b"))
    world.run()
    assert world.assets.log[-2:] == [("revise", "asset1"), ("publish", "asset1")]
    world.assets.unpublish("asset1")
    world.registry.put("sales", avro("id", "c"))
    world.run()
    assert world.assets.log[-1] == ("revise", "asset1"), "what a person unpublished stays so"


def test_nothing_is_published_unless_configured() -> None:
    world = filled("sales")
    world.registry.put("sales", avro("id", "b"))
    world.run()
    assert world.assets.calls["publish"] == 0


def test_a_replaced_cluster_replaces_assets() -> None:
    world = filled("sales")
    new = CLUSTER[:-2] + "-9"
    world.kafka = FakeKafka({"ClusterName": "main", "ClusterArn": new, "ClusterType": "PROVISIONED", "State": "ACTIVE"})
    assert world.run()["created"] == ["sales"]
    assert world.asset("sales").external_id == new.replace(":cluster/", ":topic/") + "/sales"
    assert len(world.assets.assets) == 1


def test_a_replaced_cluster_does_not_take_an_asset_with_subscriptions() -> None:
    world = filled("sales", publish=True)
    world.assets.subscribed["listing-asset1"] = ["sub1"]
    world.kafka = FakeKafka(
        {"ClusterName": "main", "ClusterArn": CLUSTER[:-2] + "-9", "ClusterType": "PROVISIONED", "State": "ACTIVE"}
    )
    assert "which was replaced" in world.run()["failed"][0]["cause"]
    assert list(world.assets.assets) == ["asset1"]


def test_the_cluster_is_found_by_its_exact_name_on_a_later_page() -> None:
    world = World()
    world.registry.put("sales", avro("id"))
    near = [
        {"ClusterName": f"main-{n}", "ClusterArn": CLUSTER.replace("main", f"main-{n}"), "ClusterType": "PROVISIONED"}
        for n in range(5)
    ]
    world.kafka = FakeKafka(*near, {"ClusterName": "main", "ClusterArn": CLUSTER, "ClusterType": "SERVERLESS"})
    assert world.run()["created"] == ["sales"]
    assert world.assets.form("asset1", "MskSourceReferenceFormType")["cluster_type"] == "SERVERLESS"


def test_a_missing_cluster_is_a_clear_error() -> None:
    world = World()
    world.registry.put("sales", avro("id"))
    world.kafka = FakeKafka({"ClusterName": "main-2", "ClusterArn": CLUSTER, "ClusterType": "PROVISIONED"})
    with pytest.raises(CatalogError, match="no MSK cluster named 'main'"):
        world.run()
    assert "no MSK cluster" in world.one("sales")["failed"][0]["cause"]


def test_a_long_run_is_split_and_loses_nothing() -> None:
    world = World(concurrency=2)
    names = [f"t{number:02}" for number in range(25)]
    for name in names:
        world.registry.put(name, avro("id"))
    world.records.save(replace_record(world, "gone"))
    legs = 0
    result, after = None, None
    while True:
        budget = iter([True] * 4)
        world.enough_time = lambda budget=budget: next(budget, False)  # type: ignore[misc]
        legs += 1
        done = world.syncer().run_all(after=after, result=result)
        if done.after is None:
            break
        after, result = done.after, type(done).from_json(json.loads(json.dumps(done.to_json())))
        assert legs < 20
    assert done.to_json()["created"] == names
    assert len(world.assets.assets) == 25
    assert done.retired == ["gone"]


def replace_record(world: World, name: str) -> Any:
    from streamgov_core.model.asset_record import AssetRecord

    return AssetRecord("gone1", f"{TOPIC_ARN}/{name}", None, name, "x")


def test_nothing_unchanged_is_begun_twice_and_what_was_fetched_ahead_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr("streamgov_core.catalog.workers.AHEAD", 5)
    names = [f"t{number:02}" for number in range(30)]
    world = filled(*names, concurrency=2)
    result = world.run()
    assert (result["unchanged"], world.registry.calls["get_schema"]) == (30, 30)
    world.registry.put("t00", avro("id", "new"))
    world.reset()
    world.enough_time = lambda: False
    leg = world.syncer().run_all()
    assert leg.after == "t01"
    assert world.registry.calls["get_schema"] <= 2 + 5 + 1


def test_a_persons_edit_of_our_forms_is_repaired_at_the_next_full_run() -> None:
    world = filled("sales", "orders")
    asset_id = world.asset("sales").asset_id
    edited = {**world.assets.form(asset_id, "KafkaSchemaFormType"), "kafka_topic": "payroll"}
    form = Form("KafkaSchemaFormType", "KafkaSchemaFormType", "1", edited)
    world.assets.edit(asset_id, forms=world.assets.with_form(asset_id, form), glossary_terms=("term1",))
    assert world.run()["revised"] == ["sales"]
    assert world.assets.form(asset_id, "KafkaSchemaFormType")["kafka_topic"] == "sales"
    assert world.asset("sales").glossary_terms == ("term1",)
    world.reset()
    assert world.run()["unchanged"] == 2
    assert world.assets.calls == {"search": 1, "asset_type": 1}


def test_a_persons_edit_of_their_own_words_costs_one_look() -> None:
    world = filled("sales")
    world.assets.edit(world.asset("sales").asset_id, description="Mine")
    assert world.run()["unchanged"] == 1
    assert (world.assets.calls["get"], world.assets.writes) == (1, 0)
    world.reset()
    assert world.run()["unchanged"] == 1
    assert world.assets.calls["get"] == 0
    assert world.asset("sales").description == "Mine"


@pytest.mark.parametrize("one", [True, False])
def test_a_new_revision_of_the_asset_type_reaches_unchanged_assets(one: bool) -> None:
    world = filled("sales")
    world.assets.kind = AssetType("2", {"KafkaSchemaFormType": "7"})
    assert (world.one("sales") if one else world.run())["revised"] == ["sales"]
    asset = world.asset("sales")
    assert asset.type_revision == "2"
    revisions = {form.name: form.type_revision for form in asset.forms}
    assert revisions["KafkaSchemaFormType"] == "7"
    assert revisions["RelationalTableFormType"] == "1"
    assert (world.one("sales") if one else world.run())["unchanged"] == 1


def test_an_asset_type_that_cannot_be_read_is_left_to_datazone() -> None:
    world = World()
    world.assets.kind = None
    world.registry.put("sales", avro("id"))
    assert world.run()["created"] == ["sales"]
    assert world.run()["unchanged"] == 1


def test_an_asset_of_another_tool_is_adopted_by_its_forms() -> None:
    """Its external identifier is malformed, as other tools have made it; cluster and topic are in its forms."""
    world = filled("sales", "orders")
    record = world.records.load("sales")
    assert record is not None
    asset = world.assets.assets[record.asset_id]
    world.assets.assets[record.asset_id] = replace(asset, external_id="arn:undefined:kafka:x", name="Sales by hand")
    world.records.remove("sales")
    result = world.run()
    assert (result["created"], result["failed"], len(world.assets.assets)) == ([], [], 2)
    assert world.asset("sales").asset_id == record.asset_id
    world.records.remove("sales")
    world.assets.assets[record.asset_id] = replace(world.asset_of(record.asset_id), name="sales")
    assert world.one("sales")["failed"] == []
    assert world.asset("sales").asset_id == record.asset_id
    assert len(world.assets.assets) == 2


def test_an_asset_of_another_registrys_schema_is_left_alone() -> None:
    world = filled("sales")
    asset = world.asset("sales")
    world.records.remove("sales")
    content = {**world.assets.form(asset.asset_id, "KafkaSchemaFormType"), "registry_arn": "arn:other"}
    form = Form("KafkaSchemaFormType", "KafkaSchemaFormType", "1", content)
    world.assets.edit(asset.asset_id, forms=world.assets.with_form(asset.asset_id, form))
    assert "belongs to a schema of arn:other" in world.run()["failed"][0]["cause"]


@pytest.mark.parametrize("one", [True, False])
def test_subscriptions_are_ended_when_told_so(one: bool) -> None:
    world = filled("sales", publish=True)
    world.assets.subscribed[f"listing-{world.asset('sales').asset_id}"] = ["sub1"]
    world.registry.drop("sales")
    assert (world.one("sales") if one else world.run())["kept"] != []
    told = world.one("sales", revoke=True) if one else world.run(revoke=True)
    assert told["retired"] == ["sales"]
    assert world.assets.assets == {}


def test_two_runs_at_a_time_do_no_harm() -> None:
    from concurrent.futures import ThreadPoolExecutor

    world = World()
    for number in range(30):
        world.registry.put(f"t{number}", avro("id"))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: world.run(), range(2)))
    assert len(world.assets.assets) == 30
    assert sum(len(result["failed"]) for result in results) == 0
    assert world.run()["unchanged"] == 30
