"""Streams with their schemas on the emulator."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.model.naming import Names
from streamgov_core.platforms.kinesis.platform import Kinesis
from tests.integration.catalog.conftest import PRODUCER, Client, Place, publish_types
from tests.integration.polling import eventually

SCHEMA = '{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}'


@pytest.fixture
def streams(client: Client, governed: tuple[str, dict[str, str]], place: Place) -> Place:
    """A place whose resources are streams."""
    domain, projects = governed
    existing = client("datazone").search_types(
        domainIdentifier=domain, searchScope="ASSET_TYPE", managed=False, searchText="KinesisStreamAssetType"
    )["items"]
    if not existing:
        publish_types(client, domain, projects["governance"], Kinesis(), Names())
    return replace(place, platform="kinesis", resource="")


def test_a_stream_on_a_customers_key(streams: Place) -> None:
    kinesis, kms = streams.client("kinesis", PRODUCER), streams.client("kms", PRODUCER)
    name = f"clicks-{uuid.uuid4().hex[:6]}"
    kinesis.create_stream(StreamName=name, ShardCount=2)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    eventually(
        lambda: kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"],
        lambda status: status == "ACTIVE",
    )
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    streams.register(name, SCHEMA)
    streams.register("no-such-stream", SCHEMA)
    result = streams.run()
    assert result["created"] == [name]
    assert "there is no Kinesis stream" in result["skipped"][0]["cause"]
    (asset,) = streams.assets()
    forms: dict[str, Any] = {form["formName"]: json.loads(form["content"]) for form in asset["formsOutput"]}
    source = forms["KinesisSourceReferenceFormType"]
    assert (source["stream_provisioned_shards"], source["retention_hours"]) == (2, 24)
    assert (source["encryption_type"], source["key_arn"]) == ("KMS", key)
    assert forms["AssetCommonDetailsForm"]["sourceIdentifier"] == f"kinesis://us-east-1/{PRODUCER}/{name}"
    assert streams.run()["unchanged"] == 1
