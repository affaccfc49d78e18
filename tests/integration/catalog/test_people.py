"""What people and other tools do to assets, and what a data source makes of it, on the emulator."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from streamgov_core.catalog.asset_gateway import DataZoneAssets
from streamgov_core.model.naming import Names
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from streamgov_samples.functions.records import definition
from tests.integration.catalog.conftest import PRODUCER, Place
from tests.integration.catalog.test_sync import subscribe
from tests.integration.polling import eventually

PLAIN = '{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}'


def forms_of(asset: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {form["formName"]: json.loads(form["content"]) for form in asset["formsOutput"]}


def revise(place: Place, asset: dict[str, Any], contents: dict[str, dict[str, Any]], **more: Any) -> None:
    """A person's edit in the portal."""
    place.client("datazone").create_asset_revision(
        domainIdentifier=place.domain,
        identifier=asset["id"],
        name=asset["name"],
        formsInput=[
            {
                "formName": form["formName"],
                "typeIdentifier": form["typeName"],
                "typeRevision": form["typeRevision"],
                "content": json.dumps(contents[form["formName"]]),
            }
            for form in asset["formsOutput"]
        ],
        **more,
    )


def age_records(place: Place) -> None:
    """Let a minute pass since each asset was last seen right, without waiting: its record says an earlier time."""
    records = DynamoAssetRecordStore(place.client("dynamodb", PRODUCER), Names(), place.domain, place.registry)
    for record in list(records.load_all()):
        earlier = datetime.fromisoformat(record.seen) - timedelta(minutes=1)
        records.save(replace(record, seen=earlier.isoformat()))


def test_an_edit_of_our_forms_is_repaired_and_a_persons_words_stay(place: Place) -> None:
    place.register("orders", definition())
    place.run()
    assert place.run()["unchanged"] == 1
    (asset,) = place.assets()
    contents = forms_of(asset)
    contents["KafkaSchemaFormType"]["kafka_topic"] = "payroll"
    contents["AssetCommonDetailsForm"]["readMe"] = "# By hand"
    age_records(place)
    revise(place, asset, contents, description="A person's words")
    assert place.run()["revised"] == ["orders"]
    (after,) = place.assets()
    assert forms_of(after)["KafkaSchemaFormType"]["kafka_topic"] == "orders"
    assert (after["description"], forms_of(after)["AssetCommonDetailsForm"]["readMe"]) == (
        "A person's words",
        "# By hand",
    )
    assert place.run()["unchanged"] == 1


def test_a_new_revision_of_the_asset_type_reaches_unchanged_assets(place: Place) -> None:
    place.register("orders", definition())
    place.run()
    datazone, (before,) = place.client("datazone"), place.assets()
    kind = datazone.get_asset_type(domainIdentifier=place.domain, identifier=before["typeIdentifier"])
    new = datazone.create_asset_type(
        domainIdentifier=place.domain,
        name=kind["name"],
        owningProjectIdentifier=kind["owningProjectId"],
        formsInput={
            name: {
                "typeIdentifier": form["typeName"],
                "typeRevision": form["typeRevision"],
                "required": form.get("required", False),
            }
            for name, form in kind["formsOutput"].items()
            if not form["typeName"].startswith("amazon.datazone.AssetCommonDetails")
        },
    )
    assert place.run()["revised"] == ["orders"]
    (after,) = place.assets()
    assert (after["typeRevision"], after["revision"]) == (new["revision"], "2")
    assert place.run()["unchanged"] == 1


def test_an_asset_of_another_tool_is_adopted_by_its_forms(place: Place) -> None:
    """As DSF makes them: its external identifier is malformed, its forms tell cluster and topic."""
    clusters = place.client("kafka", PRODUCER).list_clusters_v2(ClusterNameFilter=place.resource)["ClusterInfoList"]
    place.register("orders", PLAIN)
    theirs = place.client("datazone", PRODUCER).create_asset(
        domainIdentifier=place.domain,
        owningProjectIdentifier=place.project,
        name="orders",
        typeIdentifier="MskTopicAssetType",
        externalIdentifier=f"arn:undefined:kafka:us-east-1:{PRODUCER}:topic/{place.resource}/orders/aws",
        description="Words of before",
        formsInput=[
            {
                "formName": name,
                "typeIdentifier": kind,
                "content": json.dumps(content),
            }
            for name, kind, content in (
                (
                    "MskSourceReferenceFormType",
                    "MskSourceReferenceFormType",
                    {"cluster_arn": clusters[0]["ClusterArn"], "cluster_type": "PROVISIONED"},
                ),
                ("KafkaSchemaFormType", "KafkaSchemaFormType", {"kafka_topic": "orders"}),
                (
                    "RelationalTableFormType",
                    "amazon.datazone.RelationalTableFormType",
                    {"tableName": "orders", "columns": []},
                ),
            )
        ],
    )["id"]
    assert place.run()["revised"] == ["orders"]
    (asset,) = place.assets()
    assert (asset["id"], asset["description"]) == (theirs, "Words of before")
    assert forms_of(asset)["KafkaSchemaFormType"]["schema_version"] == 1
    assert place.run()["unchanged"] == 1


def test_subscriptions_are_ended_when_told_so(place: Place) -> None:
    place.register("orders", PLAIN)
    place.run(publish=True)
    subscription = subscribe(place)
    place.client("glue", PRODUCER).delete_schema(SchemaId={"RegistryName": place.registry, "SchemaName": "orders"})
    assert place.run()["kept"] != []
    assert place.run(revoke=True)["retired"] == ["orders"]
    assert place.assets() == []
    found = place.client("datazone").get_subscription(domainIdentifier=place.domain, identifier=subscription)
    assert found["status"] == "REVOKED"


def test_a_changed_mapping_carries_peoples_words_over(place: Place) -> None:
    place.register("orders-value", definition())
    place.run(publish=True)
    (asset,) = place.assets()
    contents = forms_of(asset)
    contents["AssetCommonDetailsForm"]["readMe"] = "# By hand"
    revise(place, asset, contents, description="A person's words")
    after = replace(place, mapping="suffix:-value")
    result = after.run(publish=True)
    assert (result["replaced"], result["failed"]) == (["orders-value"], [])
    (new,) = after.assets()
    assert new["id"] != asset["id"]
    assert (new["name"], new["description"]) == ("orders", "A person's words")
    assert new["externalIdentifier"].endswith("/orders")
    assert forms_of(new)["AssetCommonDetailsForm"]["readMe"] == "# By hand"
    assert forms_of(new)["KafkaSchemaFormType"]["kafka_topic"] == "orders"
    assert new["listing"]["listingStatus"] in ("CREATING", "ACTIVE")
    assert after.run(publish=True)["unchanged"] == 1


def test_an_edit_between_read_and_write_is_merged(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.register("orders", PLAIN)
    place.run()
    glue = place.client("glue", PRODUCER)
    schema = {"RegistryName": place.registry, "SchemaName": "orders"}
    glue.register_schema_version(
        SchemaId=schema,
        SchemaDefinition=PLAIN.replace('"string"}', '"string"}, {"name": "more", "type": "string", "default": ""}'),
    )
    latest = {"LatestVersion": True}
    eventually(
        lambda: glue.get_schema_version(SchemaId=schema, SchemaVersionNumber=latest),
        lambda version: (version["VersionNumber"], version["Status"]) == (2, "AVAILABLE"),
    )
    written = DataZoneAssets.revise

    def late(self: DataZoneAssets, asset_id: str, revision: Any, token: str) -> Any:
        monkeypatch.setattr(DataZoneAssets, "revise", written)
        (asset,) = place.assets()
        revise(place, asset, forms_of(asset), description="Meanwhile")
        return written(self, asset_id, revision, token)

    monkeypatch.setattr(DataZoneAssets, "revise", late)
    assert place.run()["revised"] == ["orders"]
    (asset,) = place.assets()
    assert (asset["revision"], asset["description"]) == ("4", "Meanwhile")
    assert forms_of(asset)["KafkaSchemaFormType"]["schema_version"] == 2
