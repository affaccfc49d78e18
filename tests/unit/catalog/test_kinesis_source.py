"""Kinesis streams as a source of the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.catalog.sync import Syncer
from streamgov_core.model.errors import CatalogError
from streamgov_core.model.naming import Names
from streamgov_core.platforms.kinesis.source import KinesisSource
from tests.unit.catalog.fakes import ACCOUNT, REGION, FakeKafka, World, avro

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
STREAMS = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/"


class FakeKinesis:
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

    def list_streams(self, Limit: int, ExclusiveStartStreamName: str = "") -> dict[str, Any]:
        names = [name for name in sorted(self.streams) if name > ExclusiveStartStreamName]
        return {"StreamNames": names[:2], "HasMoreStreams": len(names) > 2}


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


class Streams(World):
    """A world whose resources are streams."""

    def __init__(self, pattern: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self.kinesis, self.kms, self.pattern = FakeKinesis(), FakeKms(), pattern

    def syncer(self) -> Syncer:
        made = super().syncer()
        source = KinesisSource(lambda: self.kinesis, lambda: self.kms, Names(), self.pattern)
        return Syncer(
            self.settings,
            registry=self.registry,
            assets=self.assets,
            records=self.records,
            plain_records=self.plain_records,
            announcer=self.bus,
            source=source,
            mapping=topic_mapping(self.mapping),
            sleep=self.slept.append,
            enough_time=made._enough_time,
        )

    def source_form(self, name: str) -> dict[str, Any]:
        return self.assets.form(self.asset(name).asset_id, "KinesisSourceReferenceFormType")


def clicks(**facts: Any) -> Streams:
    world = Streams()
    world.kinesis.streams["clicks"] = facts
    world.registry.put("clicks", avro("id"))
    return world


def test_a_stream_with_its_schema_becomes_an_asset() -> None:
    world = clicks(EncryptionType="KMS", KeyId="alias/mine")
    assert world.run()["created"] == ["clicks"]
    asset = world.asset("clicks")
    assert (asset.type_name, asset.external_id) == ("KinesisStreamAssetType", STREAMS + "clicks")
    assert world.source_form("clicks") == {
        "stream_arn": STREAMS + "clicks",
        "stream_capacity_mode": "ON_DEMAND",
        "stream_provisioned_shards": 4,
        "retention_hours": 24,
        "encryption_type": "KMS",
        "key_arn": KEY,
    }
    schema = world.assets.form(asset.asset_id, "KinesisSchemaFormType")
    assert (schema["stream_name"], schema["schema_version"]) == ("clicks", 1)
    common = world.assets.form(asset.asset_id, "AssetCommonDetailsForm")
    assert common["sourceIdentifier"] == f"kinesis://{REGION}/{ACCOUNT}/clicks"


@pytest.mark.parametrize(
    ("key", "arn", "asked"), [("alias/aws/kinesis", None, 0), ("managed", None, 1), (KEY, KEY, 1), ("", None, 0)]
)
def test_only_a_customers_key_is_named(key: str, arn: str | None, asked: int) -> None:
    world = clicks(EncryptionType="KMS" if key else "NONE", KeyId=key)
    world.run()
    assert world.source_form("clicks").get("key_arn") == arn
    assert len(world.kms.asked) == asked


def test_an_unchanged_stream_costs_one_call_of_its_own() -> None:
    world = clicks()
    world.run()
    world.kinesis.described = 0
    world.reset()
    assert world.run()["unchanged"] == 1
    assert (world.kinesis.described, world.assets.writes, world.records.calls["save"]) == (1, 0, 0)
    world.kinesis.streams["clicks"]["RetentionPeriodHours"] = 48
    assert world.run()["revised"] == ["clicks"]
    assert world.source_form("clicks")["retention_hours"] == 48


def test_bad_streams_stop_only_themselves() -> None:
    world = clicks()
    world.pattern = "c*"
    world.kinesis.streams["other"] = {}
    world.kinesis.streams["cipher"] = {"EncryptionType": "KMS", "KeyId": "gone"}
    for name in ("other", "cipher", "c-missing", "c$odd", "c" * 129):
        world.registry.put(name, avro("id"))
    result = world.run()
    assert result["created"] == ["clicks"]
    causes = {entry["schema"]: entry["cause"] for entry in result["failed"]}
    assert "not one of those of this data source" in causes["other"]
    assert "cannot be described" in causes["cipher"]
    assert "there is no Kinesis stream" in causes["c-missing"]
    assert "not a legal name" in causes["c$odd"]
    assert "not a legal name" in causes["c" * 129]


def test_streams_without_schema() -> None:
    world = Streams(without_schema=True)
    for name in ("a", "b", "c", "d", "e"):
        world.kinesis.streams[name] = {}
    world.registry.put("c", avro("id"))
    assert world.run()["created"] == ["a", "b", "c", "d", "e"]
    del world.kinesis.streams["a"]
    assert world.run()["retired"] == ["a"]
    assert sorted(world.plain_records.records) == ["b", "d", "e"]


def test_a_pattern_may_be_a_name_or_an_arn() -> None:
    for pattern in ("clicks", STREAMS + "clicks", STREAMS + "c*", "*", "", "click?"):
        world = clicks()
        world.pattern = pattern
        assert world.run()["created"] == ["clicks"], pattern
    with pytest.raises(CatalogError, match="neither the name nor the ARN"):
        KinesisSource(FakeKinesis, FakeKms, Names(), "a/b")
