"""Kinesis streams as a source of the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.catalog.source_parts import SourceParts
from streamgov_core.model.errors import CatalogError
from streamgov_core.model.naming import Names
from streamgov_core.platforms.kinesis.platform import Kinesis
from streamgov_core.platforms.kinesis.source import KinesisSource
from streamgov_core.runtime.clients import Clients
from tests.unit.catalog.fakes import ACCOUNT, REGION, FakeKafka, Paginated, SyncSetup, avro

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
STREAMS = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/"


class FakeKinesis(Paginated):
    service = "kinesis"
    exceptions = FakeKafka.exceptions

    def __init__(self) -> None:
        self.streams: dict[str, dict[str, Any]] = {}
        self.described = 0

    def describe_stream_summary(self, StreamName: str) -> dict[str, Any]:
        self.described += 1
        if StreamName not in self.streams:
            raise self.exceptions.ClientError("ResourceNotFoundException")
        summary = {
            "StreamName": StreamName,
            "StreamARN": STREAMS + StreamName,
            "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
            "OpenShardCount": 4,
            "RetentionPeriodHours": 24,
            **self.streams[StreamName],
        }
        return {"StreamDescriptionSummary": summary}

    def list_streams(self, Limit: int, NextToken: str = "") -> dict[str, Any]:
        names = [name for name in sorted(self.streams) if name > NextToken]
        more = {"NextToken": names[1]} if len(names) > 2 else {}
        return {"StreamNames": names[:2], "HasMoreStreams": bool(more), **more}


class FakeKms:
    exceptions = FakeKafka.exceptions

    def __init__(self) -> None:
        self.asked: list[str] = []

    def describe_key(self, KeyId: str) -> dict[str, Any]:
        self.asked.append(KeyId)
        if KeyId == "gone":
            raise self.exceptions.ClientError("NotFoundException")
        manager = "AWS" if KeyId == "managed" else "CUSTOMER"
        return {"KeyMetadata": {"Arn": KEY, "KeyManager": manager}}


class Streams(SyncSetup):
    """A data source whose resources are streams."""

    def __init__(self, pattern: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self.kinesis: Any = FakeKinesis()
        self.kms: Any = FakeKms()
        self.pattern = pattern

    def parts(self) -> SourceParts:
        source = KinesisSource(lambda: self.kinesis, lambda: self.kms, self.pattern)
        return SourceParts(
            self.settings,
            registry=self.registry,
            assets=self.assets,
            records=self.records,
            plain_records=self.plain_records,
            publisher=self.bus,
            source=source,
            drafts=AssetDrafts(Kinesis(), Names()),
            mapping=topic_mapping(self.mapping),
            sleep=self.slept.append,
        )

    def source_form(self, name: str) -> dict[str, Any]:
        return self.assets.form(self.asset(name).asset_id, "KinesisSourceReferenceFormType")


def clicks(**facts: Any) -> Streams:
    setup = Streams()
    setup.kinesis.streams["clicks"] = facts
    setup.registry.put("clicks", avro("id"))
    return setup


def test_a_stream_with_its_schema_becomes_an_asset() -> None:
    setup = clicks(EncryptionType="KMS", KeyId="alias/mine")
    assert setup.run()["created"] == ["clicks"]
    asset = setup.asset("clicks")
    assert (asset.type_name, asset.external_id) == ("KinesisStreamAssetType", STREAMS + "clicks")
    assert setup.source_form("clicks") == {
        "stream_arn": STREAMS + "clicks",
        "stream_capacity_mode": "ON_DEMAND",
        "stream_provisioned_shards": 4,
        "retention_hours": 24,
        "encryption_type": "KMS",
        "key_arn": KEY,
    }
    schema = setup.assets.form(asset.asset_id, "KinesisSchemaFormType")
    assert (schema["stream_name"], schema["schema_version"]) == ("clicks", 1)
    common = setup.assets.form(asset.asset_id, "AssetCommonDetailsForm")
    assert common["sourceIdentifier"] == f"kinesis://{REGION}/{ACCOUNT}/clicks"


@pytest.mark.parametrize(
    ("key", "arn", "asked"), [("alias/aws/kinesis", None, 0), ("managed", None, 1), (KEY, KEY, 1), ("", None, 0)]
)
def test_only_a_customers_key_is_named(key: str, arn: str | None, asked: int) -> None:
    setup = clicks(EncryptionType="KMS" if key else "NONE", KeyId=key)
    setup.run()
    assert setup.source_form("clicks").get("key_arn") == arn
    assert len(setup.kms.asked) == asked


def test_an_unchanged_stream_costs_one_call_of_its_own() -> None:
    setup = clicks()
    setup.run()
    setup.kinesis.described = 0
    setup.reset()
    assert setup.run()["unchanged"] == 1
    assert (setup.kinesis.described, setup.assets.writes, setup.records.calls["save"]) == (1, 0, 0)
    setup.kinesis.streams["clicks"]["RetentionPeriodHours"] = 48
    assert setup.run()["revised"] == ["clicks"]
    assert setup.source_form("clicks")["retention_hours"] == 48


def test_bad_streams_stop_only_themselves() -> None:
    setup = clicks()
    setup.pattern = "c*"
    setup.kinesis.streams["other"] = {}
    setup.kinesis.streams["cipher"] = {"EncryptionType": "KMS", "KeyId": "gone"}
    for name in ("other", "cipher", "c-missing", "c$odd", "c" * 129):
        setup.registry.put(name, avro("id"))
    result = setup.run()
    assert result["created"] == ["clicks"]
    causes = {entry["schema"]: entry["cause"] for entry in result["skipped"]}
    assert "not one of those of this data source" in causes["other"]
    assert "cannot be described" in causes["cipher"]
    assert "there is no Kinesis stream" in causes["c-missing"]
    assert "not a legal name" in causes["c$odd"]
    assert "not a legal name" in causes["c" * 129]


def test_streams_without_schema() -> None:
    setup = Streams(without_schema=True)
    for name in ("a", "b", "c", "d", "e"):
        setup.kinesis.streams[name] = {}
    setup.registry.put("c", avro("id"))
    assert setup.run()["created"] == ["a", "b", "c", "d", "e"]
    del setup.kinesis.streams["a"]
    assert setup.run()["retired"] == ["a"]
    assert sorted(setup.plain_records.records) == ["b", "d", "e"]


def test_a_pattern_may_be_a_name_or_an_arn() -> None:
    for pattern in ("clicks", STREAMS + "clicks", STREAMS + "c*", "*", "", "click?"):
        setup = clicks()
        setup.pattern = pattern
        assert setup.run()["created"] == ["clicks"], pattern
    with pytest.raises(CatalogError, match="neither the name nor the ARN"):
        Kinesis().source(Clients("us-east-1"), "a/b")
