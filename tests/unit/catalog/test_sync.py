"""The data source's engine over in-memory gateways."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.catalog.entities import AssetType, Form
from streamgov_core.catalog.run_summary import summaries_of
from streamgov_core.model.errors import CatalogError
from tests.unit.catalog.fakes import CLUSTER, FakeKafka, SyncSetup, avro

TOPIC_ARN = CLUSTER.replace(":cluster/", ":topic/")


def filled(*names: str, **settings: Any) -> SyncSetup:
    setup = SyncSetup(**settings)
    for name in names:
        setup.registry.put(name, avro("id", doc=f"About {name}"))
    assert setup.run()["failed"] == []
    setup.reset()
    return setup


def test_a_new_schema_becomes_an_asset() -> None:
    setup = SyncSetup()
    setup.registry.put("sales", avro("id", "amount", doc="All sales"))
    result = setup.run()
    assert result == {
        "created": ["sales"],
        "revised": [],
        "replaced": [],
        "unchanged": 0,
        "retired": [],
        "kept": [],
        "skipped": [],
        "failed": [],
        "counts": {"created": 1},
    }
    asset = setup.asset("sales")
    assert (asset.name, asset.external_id, asset.description) == ("sales", f"{TOPIC_ARN}/sales", "All sales")
    table = setup.assets.form(asset.asset_id, "RelationalTableFormType")
    assert table["columns"] == [
        {"columnName": "id", "dataType": "string"},
        {"columnName": "amount", "dataType": "string"},
    ]
    common = setup.assets.form(asset.asset_id, "AssetCommonDetailsForm")
    assert common["sourceIdentifier"] == "kafka://main/sales"
    assert "sales" in common["readMe"]
    source = setup.assets.form(asset.asset_id, "MskSourceReferenceFormType")
    assert (source["cluster_arn"], source["cluster_type"]) == (CLUSTER, "PROVISIONED")
    assert source["bootstrap_brokers"] == "b-1.main:9098,b-2.main:9098"
    schema = setup.assets.form(asset.asset_id, "KafkaSchemaFormType")
    assert (schema["kafka_topic"], schema["schema_version"], schema["compatibility_mode"]) == ("sales", 1, "BACKWARD")


def test_an_unchanged_run_writes_nothing_and_asks_once_for_each_schema() -> None:
    names = [f"t{number:03}" for number in range(100)]
    setup = filled(*names)
    result = setup.run()
    assert result["unchanged"] == 100
    assert setup.assets.writes == 0
    assert setup.records.calls["save"] == 0
    assert setup.registry.calls == {"list": 1, "get_schema": 100}
    assert setup.assets.calls == {"search": 1, "asset_type": 1}
    assert setup.bus.published == []


def test_a_new_version_is_one_revision() -> None:
    setup = filled("sales", "orders")
    setup.registry.put("sales", avro("id", "note"))
    result = setup.run()
    assert (result["revised"], result["unchanged"]) == (["sales"], 1)
    assert setup.assets.calls["revise"] == 1
    columns = setup.assets.form(setup.asset("sales").asset_id, "RelationalTableFormType")["columns"]
    assert [column["columnName"] for column in columns] == ["id", "note"]


def test_what_people_wrote_survives() -> None:
    setup = filled("sales")
    asset = setup.asset("sales")
    common = dict(setup.assets.form(asset.asset_id, "AssetCommonDetailsForm"), readMe="Mine", summary="Short")
    setup.assets.edit(
        asset.asset_id,
        name="Sales, all of them",
        description="A person's words",
        glossary_terms=("term1", "term2"),
        forms=(
            *setup.assets.with_form(
                asset.asset_id,
                Form("AssetCommonDetailsForm", "amazon.datazone.AssetCommonDetailsFormType", "6", common),
            ),
            Form("Extra", "ExtraFormType", "3", {"owner": "Ann"}),
        ),
    )
    setup.registry.put("sales", avro("id", "more", doc="New machine words"))
    assert setup.run()["revised"] == ["sales"]
    after = setup.asset("sales")
    assert after.name == "Sales, all of them"
    assert after.description == "A person's words"
    assert after.glossary_terms == ("term1", "term2")
    assert setup.assets.form(after.asset_id, "Extra") == {"owner": "Ann"}
    assert next(form.type_revision for form in after.forms if form.name == "Extra") == "3"
    kept = setup.assets.form(after.asset_id, "AssetCommonDetailsForm")
    assert (kept["readMe"], kept["summary"]) == ("Mine", "Short")
    assert len(setup.assets.form(after.asset_id, "RelationalTableFormType")["columns"]) == 2


def test_the_machines_own_description_follows_the_schema() -> None:
    setup = filled("sales")
    setup.registry.put("sales", avro("id", doc="Better words"))
    setup.run()
    assert setup.asset("sales").description == "Better words"


def test_a_person_who_cleared_the_description_gets_the_schemas_words_only_when_they_are_new() -> None:
    setup = filled("sales")
    setup.assets.edit(setup.asset("sales").asset_id, description=None)
    assert setup.run()["unchanged"] == 1
    assert setup.asset("sales").description is None


def test_a_gone_schema_is_retired_in_order() -> None:
    setup = filled("sales", "orders", publish=True)
    asset_id = setup.asset("sales").asset_id
    setup.registry.drop("sales")
    setup.assets.log.clear()
    result = setup.run()
    assert (result["retired"], result["unchanged"]) == (["sales"], 1)
    assert setup.assets.log == [("unpublish", asset_id), ("delete", asset_id)]
    assert "sales" not in setup.records.records


def test_a_listing_that_needs_a_moment_is_waited_for() -> None:
    setup = filled("sales", publish=True)
    setup.registry.drop("sales")
    setup.assets.undeletable = 2
    assert setup.run()["retired"] == ["sales"]
    assert len(setup.slept) == 2


def test_an_asset_that_cannot_be_deleted_fails_and_keeps_its_record() -> None:
    setup = filled("sales")
    setup.registry.drop("sales")
    setup.assets.undeletable = 99
    result = setup.run()
    assert result["failed"][0]["schema"] == "sales"
    assert "sales" in setup.records.records
    setup.assets.undeletable = 0
    assert setup.run()["retired"] == ["sales"]


def test_subscriptions_keep_an_asset_and_are_reported() -> None:
    setup = filled("sales", publish=True)
    asset = setup.asset("sales")
    setup.assets.subscribed[f"listing-{asset.asset_id}"] = ["sub1"]
    setup.registry.drop("sales")
    result = setup.run()
    assert result["retired"] == []
    assert result["kept"][0]["schema"] == "sales"
    assert "sub1" in result["kept"][0]["cause"]
    assert setup.assets.writes == 0
    assert len(result["failed"]) == 0


def test_a_schema_missing_from_the_list_only_is_not_retired() -> None:
    setup = filled("sales", "orders")
    listed = setup.registry.list_names
    setup.registry.list_names = lambda: (name for name in listed() if name != "sales")  # type: ignore[method-assign]
    result = setup.run()
    assert result["retired"] == []
    assert result["unchanged"] == 2


def test_too_many_gone_schemas_are_not_retired_unless_told() -> None:
    names = [f"t{number}" for number in range(20)]
    setup = filled(*names)
    for name in names[:10]:
        setup.registry.drop(name)
    result = setup.run()
    assert result["retired"] == []
    assert "10 of 20" in result["failed"][0]["cause"]
    assert setup.assets.calls["delete"] == 0
    assert len(setup.run(allow_mass_retirement=True)["retired"]) == 10


def test_a_registry_that_is_gone_retires_nothing() -> None:
    setup = filled("sales")
    setup.registry.there = False
    setup.registry.drop("sales")
    with pytest.raises(CatalogError, match="no schema registry"):
        setup.run()
    assert "registry itself is gone" in setup.one("sales")["failed"][0]["cause"]
    assert len(setup.assets.assets) == 1


def test_a_failing_call_about_a_schema_retires_nothing() -> None:
    setup = filled("sales", "orders")

    def refuse(operation: str, subject: str) -> None:
        if operation == "get_schema" and subject == "sales":
            raise PermissionError("AccessDenied")

    setup.registry.fail = refuse
    result = setup.run()
    assert result["unchanged"] == 1
    assert result["failed"] == [{"schema": "sales", "cause": "PermissionError: AccessDenied"}]
    assert len(setup.assets.assets) == 2


def test_a_crash_between_asset_and_record_makes_no_second_asset() -> None:
    setup = SyncSetup()
    setup.registry.put("sales", avro("id"))

    def crash(operation: str, subject: str) -> None:
        if operation == "save":
            raise SystemError("killed")

    setup.records.fail = crash
    assert len(setup.run()["failed"]) == 1
    setup.records.fail = lambda operation, subject: None
    result = setup.run()
    assert (result["unchanged"], len(result["failed"])) == (1, 0)
    assert list(setup.assets.assets) == ["asset1"]
    assert setup.asset("sales").revision == "1"


@pytest.mark.parametrize("one", [True, False])
def test_an_orphan_that_the_index_does_not_show_yet_is_not_doubled(one: bool) -> None:
    setup = filled("sales")
    setup.records.records.clear()
    setup.assets.hidden.add("asset1")
    setup.assets.tokens.clear()
    result = setup.one("sales") if one else setup.run()
    assert "refuses a second asset" in result["skipped"][0]["cause"]
    setup.assets.hidden.clear()
    assert setup.run()["skipped"] == []
    assert len(setup.assets.assets) == 1


def test_an_asset_of_another_tool_is_adopted_and_completed() -> None:
    setup = filled("sales")
    setup.records.records.clear()
    setup.assets.edit("asset1", description="By hand", forms=setup.assets.assets["asset1"].forms[:2])
    result = setup.run()
    assert result["revised"] == ["sales"]
    asset = setup.asset("sales")
    assert (asset.asset_id, asset.description, len(asset.forms)) == ("asset1", "By hand", 4)


def test_an_asset_of_another_type_is_a_finding() -> None:
    setup = filled("sales")
    setup.records.records.clear()
    setup.assets.assets["asset1"] = replace(setup.assets.assets["asset1"], type_name="GlueTableAssetType")
    assert "has the type GlueTableAssetType" in setup.run()["skipped"][0]["cause"]


def test_an_asset_deleted_by_hand_comes_back() -> None:
    setup = filled("sales")
    setup.assets.assets.clear()
    assert setup.run()["created"] == ["sales"]
    assert setup.asset("sales").asset_id == "asset2"


def test_bad_schemas_stop_only_themselves() -> None:
    setup = SyncSetup()
    setup.registry.put("good", avro("id"))
    setup.registry.put("broken", '{"type": "record", "name": "R", "fields": [{"name": "x", "type": "strin"}]}')
    setup.registry.put("odd$name", avro("id"))
    setup.registry.put("x" * 250, avro("id"))
    setup.registry.put("pending", avro("id"), status="PENDING")
    setup.registry.put("strange", "x", data_format="XML")
    result = setup.run()
    assert sorted(result["created"]) == ["broken", "good", "strange"]
    assert [entry["schema"] for entry in result["failed"]] == ["pending"], "no retry would mend the others"
    causes = {entry["schema"]: entry["cause"] for entry in result["skipped"]}
    assert "odd$name" in causes["odd$name"]
    assert "249" in causes["x" * 250]
    assert "1 is PENDING" in result["failed"][0]["cause"]
    assert sorted(setup.records.records) == ["broken", "good", "strange"]


@pytest.mark.parametrize(
    ("definition", "data_format", "cause"),
    [
        ('{"type": "record", "name": "R", "fields": [{"name": "x", "type": "strin"}]}', "AVRO", "at field x"),
        ('{"type": "strin"}', "JSON", "no type of JSON Schema"),
        ("message M {", "PROTOBUF", "line 1"),
        ("x", "XML", "'XML'"),
    ],
)
def test_a_schema_that_cannot_be_read_has_an_asset_that_says_why(definition: str, data_format: str, cause: str) -> None:
    setup = SyncSetup()
    setup.registry.put("broken", definition, data_format=data_format)
    assert setup.run()["created"] == ["broken"]
    asset = setup.asset("broken").asset_id
    assert setup.assets.form(asset, "RelationalTableFormType")["columns"] == []
    remarks = setup.assets.form(asset, "KafkaSchemaFormType")["schema_remarks"]
    assert remarks.startswith("The columns are not shown: ")
    assert cause in remarks
    setup.registry.put("broken", avro("id"), data_format="AVRO")
    setup.run()
    assert [column["columnName"] for column in setup.assets.form(asset, "RelationalTableFormType")["columns"]] == ["id"]
    assert not setup.assets.form(asset, "KafkaSchemaFormType").get("schema_remarks")


def test_a_failed_or_pending_version_falls_back_to_the_last_good_one() -> None:
    setup = filled("sales")
    setup.registry.put("sales", avro("id", "bad"), status="FAILURE")
    setup.registry.put("sales", avro("id", "soon"), status="PENDING")
    setup.run()
    asset_id = setup.asset("sales").asset_id
    assert setup.assets.form(asset_id, "KafkaSchemaFormType")["schema_version"] == 1
    versions = setup.registry.versions["sales"]
    versions[3] = replace(versions[3], status="AVAILABLE")
    assert setup.run()["revised"] == ["sales"]
    assert setup.assets.form(asset_id, "KafkaSchemaFormType")["schema_version"] == 3


def test_two_schemas_of_one_topic_are_a_finding_and_the_first_keeps_it() -> None:
    setup = SyncSetup()
    setup.mapping = "map:" + json.dumps({"a": "topic", "b": "topic", "c": "other"})
    for name in "abc":
        setup.registry.put(name, avro("id"))
    result = setup.run()
    assert result["created"] == ["c"]
    assert {entry["schema"] for entry in result["skipped"]} == {"a", "b"}

    first = SyncSetup()
    first.mapping = setup.mapping
    first.registry.put("a", avro("id"))
    first.run()
    first.registry.put("b", avro("id"))
    result = first.run()
    assert result["unchanged"] == 1
    assert [entry["schema"] for entry in result["skipped"]] == ["b"]
    assert "a too" in first.one("b")["skipped"][0]["cause"]
    assert first.asset("a").name == "topic"


def test_one_event_costs_the_same_in_a_large_registry() -> None:
    small, large = filled("sales"), filled("sales", *(f"t{number}" for number in range(200)))
    counts = []
    for setup in (small, large):
        setup.registry.put("sales", avro("id", "new"))
        assert setup.one("sales")["revised"] == ["sales"]
        counts.append((dict(setup.registry.calls), dict(setup.assets.calls), dict(setup.records.calls)))
    assert counts[0] == counts[1]
    assert counts[0] == (
        {"get_schema": 1, "get_version": 2, "tags": 1, "history": 1},
        {"get": 2, "asset_type": 1, "revise": 1},
        {"load": 1, "save": 1},
    )


def test_one_new_schema_by_event_is_created_once() -> None:
    setup = SyncSetup()
    setup.registry.put("sales", avro("id"))
    assert setup.one("sales")["created"] == ["sales"]
    assert setup.one("sales")["unchanged"] == 1
    assert len(setup.assets.assets) == 1


def test_a_deleted_schema_by_event_is_retired() -> None:
    setup = filled("sales", "orders")
    setup.registry.drop("sales")
    assert setup.one("sales")["retired"] == ["sales"]
    assert len(setup.one("never-there")["failed"]) == 0


def test_publishing() -> None:
    setup = filled("sales", publish=True)
    assert setup.asset("sales").listing_status == "ACTIVE"
    setup.registry.put("sales", avro("id", "b"))
    setup.run()
    assert setup.assets.log[-2:] == [("revise", "asset1"), ("publish", "asset1")]
    setup.assets.unpublish("asset1")
    setup.registry.put("sales", avro("id", "c"))
    setup.run()
    assert setup.assets.log[-1] == ("revise", "asset1"), "what a person unpublished stays so"


def test_nothing_is_published_unless_configured() -> None:
    setup = filled("sales")
    setup.registry.put("sales", avro("id", "b"))
    setup.run()
    assert setup.assets.calls["publish"] == 0


def test_the_cluster_is_found_by_its_exact_name_on_a_later_page() -> None:
    setup = SyncSetup()
    setup.registry.put("sales", avro("id"))
    near = [
        {"ClusterName": f"main-{n}", "ClusterArn": CLUSTER.replace("main", f"main-{n}"), "ClusterType": "PROVISIONED"}
        for n in range(5)
    ]
    setup.kafka = FakeKafka(*near, {"ClusterName": "main", "ClusterArn": CLUSTER, "ClusterType": "SERVERLESS"})
    assert setup.run()["created"] == ["sales"]
    assert setup.assets.form("asset1", "MskSourceReferenceFormType")["cluster_type"] == "SERVERLESS"


def test_a_missing_cluster_is_a_clear_error() -> None:
    setup = SyncSetup()
    setup.registry.put("sales", avro("id"))
    setup.kafka = FakeKafka({"ClusterName": "main-2", "ClusterArn": CLUSTER, "ClusterType": "PROVISIONED"})
    with pytest.raises(CatalogError, match="no MSK cluster named 'main'"):
        setup.run()
    assert "no MSK cluster" in setup.one("sales")["failed"][0]["cause"]


def test_a_long_run_is_split_and_loses_nothing() -> None:
    setup = SyncSetup(concurrency=2)
    names = [f"t{number:02}" for number in range(25)]
    for name in names:
        setup.registry.put(name, avro("id"))
    setup.records.save(replace_record(setup, "gone"))
    setup.enough_time = lambda: False
    machine = setup.machine()
    done = machine.run()
    assert machine.portions == 13 + 1
    assert done.to_json()["created"] == names
    assert len(setup.assets.assets) == 25
    assert done.retired == ["gone"]


def replace_record(setup: SyncSetup, name: str) -> Any:
    from streamgov_core.model.asset_record import AssetRecord

    return AssetRecord("gone1", f"{TOPIC_ARN}/{name}", None, name, "x")


def test_nothing_unchanged_is_begun_twice_and_what_was_fetched_ahead_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr("streamgov_core.catalog.workers.MAX_PREFETCHED", 5)
    names = [f"t{number:02}" for number in range(30)]
    setup = filled(*names, concurrency=2)
    result = setup.run()
    assert (result["unchanged"], setup.registry.calls["get_schema"]) == (30, 30)
    setup.registry.put("t00", avro("id", "new"))
    setup.reset()
    setup.enough_time = lambda: False
    machine = setup.machine()
    machine.stage()
    machine.phase({"phase": "shard", "input": machine.input, "shard": machine.at["shards"][0]})
    (portion,) = summaries_of(setup.store, machine.at["key"], "schemas")
    assert (portion.after, portion.is_done) == ("t01", False)
    assert setup.registry.calls["get_schema"] <= 2 + 5 + 1


def test_a_persons_edit_of_our_forms_is_repaired_at_the_next_full_run() -> None:
    setup = filled("sales", "orders")
    asset_id = setup.asset("sales").asset_id
    edited = {**setup.assets.form(asset_id, "KafkaSchemaFormType"), "kafka_topic": "payroll"}
    form = Form("KafkaSchemaFormType", "KafkaSchemaFormType", "1", edited)
    setup.assets.edit(asset_id, forms=setup.assets.with_form(asset_id, form), glossary_terms=("term1",))
    assert setup.run()["revised"] == ["sales"]
    assert setup.assets.form(asset_id, "KafkaSchemaFormType")["kafka_topic"] == "sales"
    assert setup.asset("sales").glossary_terms == ("term1",)
    setup.reset()
    assert setup.run()["unchanged"] == 2
    assert setup.assets.calls == {"search": 1, "asset_type": 1}


def test_a_persons_edit_of_their_own_words_costs_one_look() -> None:
    setup = filled("sales")
    setup.assets.edit(setup.asset("sales").asset_id, description="Mine")
    assert setup.run()["unchanged"] == 1
    assert (setup.assets.calls["get"], setup.assets.writes) == (1, 0)
    setup.reset()
    assert setup.run()["unchanged"] == 1
    assert setup.assets.calls["get"] == 0
    assert setup.asset("sales").description == "Mine"


@pytest.mark.parametrize("one", [True, False])
def test_a_new_revision_of_the_asset_type_reaches_unchanged_assets(one: bool) -> None:
    setup = filled("sales")
    setup.assets.kind = AssetType("2", {"KafkaSchemaFormType": "7"})
    assert (setup.one("sales") if one else setup.run())["revised"] == ["sales"]
    asset = setup.asset("sales")
    assert asset.type_revision == "2"
    revisions = {form.name: form.type_revision for form in asset.forms}
    assert revisions["KafkaSchemaFormType"] == "7"
    assert revisions["RelationalTableFormType"] == "1"
    assert (setup.one("sales") if one else setup.run())["unchanged"] == 1


def test_an_asset_type_that_cannot_be_read_is_left_to_datazone() -> None:
    setup = SyncSetup()
    setup.assets.kind = None
    setup.registry.put("sales", avro("id"))
    assert setup.run()["created"] == ["sales"]
    assert setup.run()["unchanged"] == 1


def test_an_asset_of_another_tool_is_adopted_by_its_forms() -> None:
    """Its external identifier is malformed, as other tools have made it; cluster and topic are in its forms."""
    setup = filled("sales", "orders")
    record = setup.records.load("sales")
    assert record is not None
    asset = setup.assets.assets[record.asset_id]
    setup.assets.assets[record.asset_id] = replace(asset, external_id="arn:undefined:kafka:x", name="Sales by hand")
    setup.records.remove("sales")
    result = setup.run()
    assert (result["created"], result["failed"], len(setup.assets.assets)) == ([], [], 2)
    assert setup.asset("sales").asset_id == record.asset_id
    setup.records.remove("sales")
    setup.assets.assets[record.asset_id] = replace(setup.asset_of(record.asset_id), name="sales")
    assert setup.one("sales")["failed"] == []
    assert setup.asset("sales").asset_id == record.asset_id
    assert len(setup.assets.assets) == 2


def test_an_asset_of_another_registrys_schema_is_left_alone() -> None:
    setup = filled("sales")
    asset = setup.asset("sales")
    setup.records.remove("sales")
    content = {**setup.assets.form(asset.asset_id, "KafkaSchemaFormType"), "registry_arn": "arn:other"}
    form = Form("KafkaSchemaFormType", "KafkaSchemaFormType", "1", content)
    setup.assets.edit(asset.asset_id, forms=setup.assets.with_form(asset.asset_id, form))
    assert "belongs to a schema of arn:other" in setup.run()["skipped"][0]["cause"]


@pytest.mark.parametrize("one", [True, False])
def test_subscriptions_are_ended_when_told_so(one: bool) -> None:
    setup = filled("sales", publish=True)
    setup.assets.subscribed[f"listing-{setup.asset('sales').asset_id}"] = ["sub1"]
    setup.registry.drop("sales")
    assert (setup.one("sales") if one else setup.run())["kept"] != []
    event = setup.one("sales", revoke=True) if one else setup.run(revoke=True)
    assert event["retired"] == ["sales"]
    assert setup.assets.assets == {}


def test_two_runs_at_a_time_do_no_harm() -> None:
    from concurrent.futures import ThreadPoolExecutor

    setup = SyncSetup()
    for number in range(30):
        setup.registry.put(f"t{number}", avro("id"))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: setup.run(), range(2)))
    assert len(setup.assets.assets) == 30
    assert sum(len(result["failed"]) for result in results) == 0
    assert setup.run()["unchanged"] == 30
