"""The catalogue keeps running: schemas that are no topics, many failures, edits made meanwhile, what is denied."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.catalog.asset_errors import AssetHiddenError
from streamgov_core.catalog.glue import GlueRegistry
from streamgov_core.catalog.sync_result import SyncOutcome, SyncResult
from tests.unit.catalog.fakes import REGISTRY, SyncSetup, avro


def refusal(code: str, operation: str = "GetTags") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


# --- schemas that are no topics ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mapping", "cause"),
    [
        ("suffix:-value", "does not end in '-value'"),
        ('map:{"orders-value": "orders"}', "does not name this schema"),
        ("metadata:topic", "neither a tag nor metadata"),
    ],
)
def test_a_schema_that_is_no_topic_is_passed_over_with_a_remark(mapping: str, cause: str) -> None:
    setup = SyncSetup()
    setup.mapping = mapping
    setup.registry.put("orders-value", avro("id"))
    setup.registry.tagged["orders-value"] = {"topic": "orders"}
    setup.registry.put("orders-key", '"string"')
    for verdict in ("created", "unchanged"):
        result = setup.run()
        assert result["failed"] == []
        assert result["counts"] == {verdict: 1, "skipped": 1}
        assert result["skipped"][0]["schema"] == "orders-key"
        assert cause in result["skipped"][0]["cause"]
        assert cause in setup.one("orders-key")["skipped"][0]["cause"]
    assert setup.asset("orders-value").name == "orders"


def test_a_schema_that_is_no_topic_costs_one_call() -> None:
    setup = SyncSetup()
    setup.mapping = "suffix:-value"
    setup.registry.put("orders-key", '"string"')
    setup.run()
    assert setup.registry.calls == {"list": 1, "get_schema": 1}


@pytest.mark.parametrize("topic", ["payroll.secret", "__consumer_offsets", "__amazon_msk_canary"])
@pytest.mark.parametrize("mapping", ["same", "metadata:topic|same"])
def test_a_data_source_speaks_for_its_own_topics_only(topic: str, mapping: str) -> None:
    setup = SyncSetup()
    setup.topics = ("orders.*", "sales") if not topic.startswith("__") else ("*",)
    setup.mapping = mapping
    setup.registry.put("sales", avro("id"))
    setup.registry.put("orders.eu" if mapping != "same" else topic, avro("id"))
    setup.registry.tagged["orders.eu"] = {"topic": topic}
    for _ in range(2):
        result = setup.run()
        assert result["failed"] == []
        assert len(result["skipped"]) == 1
    assert [asset.name for asset in setup.assets.assets.values()] == ["sales"]
    assert list(setup.records.records) == ["sales"]


def test_topics_without_schema_of_others_are_none_of_ours() -> None:
    setup = SyncSetup(without_schema=True)
    setup.topics = ("orders.*",)
    setup.kafka.topics = {name: {"partitions": 1} for name in ("orders.eu", "payroll.secret", "__consumer_offsets")}
    assert setup.run()["created"] == ["orders.eu"]
    assert list(setup.plain_records.records) == ["orders.eu"]


@pytest.mark.parametrize("code", ["ValidationException", "InvalidInputException"])
def test_content_that_a_service_refuses_stops_only_its_schema(code: str) -> None:
    setup = SyncSetup()
    for name in ("bad", "good"):
        setup.registry.put(name, avro("id"))

    def refuse(operation: str, subject: str) -> None:
        if operation == "create" and subject == "bad":
            raise refusal(code, "CreateAsset")

    setup.assets.fail = refuse
    result = setup.run()
    assert (result["created"], result["failed"]) == (["good"], [])
    assert code in result["skipped"][0]["cause"]


def test_what_a_retry_may_mend_fails_the_run() -> None:
    setup = SyncSetup()
    setup.registry.put("sales", avro("id"))

    def refuse(operation: str, subject: str) -> None:
        if operation == "create":
            raise refusal("ThrottlingException", "CreateAsset")

    setup.assets.fail = refuse
    result = setup.run()
    assert (len(result["failed"]), result["skipped"]) == (1, [])


# --- a report of any run is bounded -----------------------------------------------------------------------------------
@pytest.mark.parametrize("limit", [SyncResult.MAX_REPORT, 8_000, 300])
def test_a_report_of_many_is_bounded_and_counts_all(limit: int) -> None:
    result = SyncResult()
    for number in range(10_000):
        name = f"schema-{number:05}-" + "x" * 240
        result.fail(name, "ü" * 4_000)
        result.add(name, SyncOutcome("skipped", "y" * 4_000))
        result.add(name, SyncOutcome("created"))
        result.add(name, SyncOutcome("unchanged"))
    report = result.to_json(limit)
    assert len(json.dumps(report)) <= max(limit, 300)
    assert report["counts"] == dict.fromkeys(("created", "failed", "skipped", "unchanged"), 10_000)
    assert SyncResult.from_json(json.loads(json.dumps(report))).counts == result.counts


# --- edits made meanwhile ---------------------------------------------------------------------------------------------
def synced(**settings: Any) -> SyncSetup:
    setup = SyncSetup(**settings)
    setup.registry.put("sales", avro("id"))
    setup.run()
    setup.reset()
    return setup


def test_an_edit_made_while_the_schema_was_read_is_kept() -> None:
    setup = synced()
    setup.registry.put("sales", avro("id", "more"))
    asset_id = setup.asset("sales").asset_id

    def meanwhile(operation: str, subject: str) -> None:
        if operation == "history":
            setup.assets.edit(asset_id, description="Mine", glossary_terms=("term1",))

    setup.registry.fail = meanwhile
    assert setup.run()["revised"] == ["sales"]
    asset = setup.asset("sales")
    assert (asset.description, asset.glossary_terms) == ("Mine", ("term1",))
    assert setup.assets.form(asset_id, "KafkaSchemaFormType")["schema_version"] == 2


@pytest.mark.parametrize("edits", [1, 3])
def test_an_edit_made_between_the_read_and_the_write_is_merged(edits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = synced()
    setup.registry.put("sales", avro("id", "more"))
    asset_id = setup.asset("sales").asset_id
    revise, left = setup.assets.revise, iter(range(edits))

    def late(identifier: str, revision: Any, token: str) -> Any:
        if next(left, None) is not None:
            setup.assets.revisions.setdefault(asset_id, []).append(setup.assets.assets[asset_id])
            number = len(setup.assets.revisions[asset_id])
            setup.assets.edit(asset_id, description=f"Mine {number}", glossary_terms=("term1",))
        return revise(identifier, revision, token)

    monkeypatch.setattr(setup.assets, "revise", late)
    assert setup.run()["revised"] == ["sales"]
    asset = setup.asset("sales")
    assert asset.description is not None
    assert asset.description.startswith("Mine")
    assert asset.glossary_terms == ("term1",)
    assert setup.assets.form(asset_id, "KafkaSchemaFormType")["schema_version"] == 2
    assert setup.run()["unchanged"] == 1


def test_somebody_who_never_stops_fails_the_schema_once(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = synced()
    setup.registry.put("sales", avro("id", "more"))
    asset_id = setup.asset("sales").asset_id
    revise = setup.assets.revise

    def always(identifier: str, revision: Any, token: str) -> Any:
        setup.assets.revisions.setdefault(asset_id, []).append(setup.assets.assets[asset_id])
        setup.assets.edit(asset_id, description="Mine")
        return revise(identifier, revision, token)

    monkeypatch.setattr(setup.assets, "revise", always)
    assert "all the time" in setup.one("sales")["failed"][0]["cause"]


# --- what may not be read ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("one", [True, False])
def test_an_asset_that_may_not_be_read_keeps_its_record_when_its_schema_goes(one: bool) -> None:
    setup = synced()
    setup.registry.drop("sales")

    def lost(operation: str, subject: str) -> None:
        if operation == "get":
            raise AssetHiddenError(subject, sees_others=False)

    setup.assets.fail = lost
    result = setup.one("sales") if one else setup.run()
    assert "no member any more" in result["kept"][0]["cause"]
    assert "sales" in setup.records.records
    setup.assets.fail = lambda operation, subject: None
    assert (setup.one("sales") if one else setup.run())["retired"] == ["sales"]


def test_an_asset_that_was_deleted_by_hand_goes_with_its_schema() -> None:
    setup = synced()
    setup.registry.drop("sales")

    def hidden(operation: str, subject: str) -> None:
        if operation == "get":
            raise AssetHiddenError(subject, sees_others=True)

    setup.assets.fail = hidden
    assert setup.run()["retired"] == ["sales"]


def test_an_asset_hidden_in_another_project_fails_no_run_and_gets_no_twin() -> None:
    setup = synced()
    asset = setup.asset("sales")
    setup.assets.assets[asset.asset_id] = replace(asset, project_id="producer2")
    setup.assets.hidden.add(asset.asset_id)

    def hidden(operation: str, subject: str) -> None:
        if operation == "get":
            raise AssetHiddenError(subject, sees_others=True)

    setup.assets.fail = hidden
    for _ in range(2):
        result = setup.run()
        assert result["failed"] == []
        assert "refuses a second asset" in result["skipped"][0]["cause"]
    assert len(setup.assets.assets) == 1
    assert "sales" in setup.records.records, "the access that it gives stays"


class TaggedGlue:
    """A Glue client of which only tags and metadata are asked."""

    class exceptions:
        ClientError = ClientError

    def __init__(self, code: str) -> None:
        self.code, self.asked = code, 0

    def get_tags(self, ResourceArn: str) -> dict[str, Any]:
        self.asked += 1
        raise refusal(self.code)

    def query_schema_version_metadata(self, **request: Any) -> dict[str, Any]:
        return {"MetadataInfoMap": {"owner": {"MetadataValue": "Ann"}}}


def test_tags_that_may_not_be_read_are_none_and_asked_for_once_a_run(caplog: pytest.LogCaptureFixture) -> None:
    setup = SyncSetup()
    setup.registry.put("sales", avro("id"))
    client: Any = TaggedGlue("AccessDeniedException")
    registry = GlueRegistry(client, REGISTRY)
    for _ in range(3):
        assert registry.tags(setup.registry.infos["sales"], 1) == {"owner": "Ann"}
    assert client.asked == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    with pytest.raises(ClientError):
        GlueRegistry(TaggedGlue("ThrottlingException"), REGISTRY).tags(  # type: ignore[arg-type]
            setup.registry.infos["sales"], 1
        )
