"""A stream as the tests of the access workflow use it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.platforms.kinesis.form_types import SCHEMA_FORM, SOURCE_FORM
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from tests.integration.access.conftest import NAMES, REGION, Deployment
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, PRODUCER


class Stream:
    """A stream with its asset, a role, and a subscription."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        encrypted: bool = False,
        managed_key: bool = False,
        form: dict[str, str] | None = None,
        account: str = CONSUMER,
    ) -> None:
        self.account = account
        self.deployment = deployment
        self.kinesis, name = deployment.client("kinesis", PRODUCER), f"s-{uuid.uuid4().hex[:8]}"
        self.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
        self.arn = eventually(self._active(name), bool)
        self.key = ""
        source = {"stream_arn": self.arn, "stream_capacity_mode": "ON_DEMAND", "encryption_type": "NONE"}
        if encrypted:
            self.key = deployment.client("kms", PRODUCER).create_key()["KeyMetadata"]["Arn"]
            self.kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=self.key)
            eventually(self._active(name), bool)
            source |= {"encryption_type": "KMS", "key_arn": self.key}
        if managed_key:
            self.kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
            eventually(self._active(name), bool)
            source |= {"encryption_type": "KMS"}
        self.listing = self._publish(name, source)
        self.role = self.make_role()
        self.target = deployment.make_target([self.role], account)
        deployment.subscribe(self.listing, form=form, account=account)

    def make_role(self) -> str:
        """The consumer's role."""
        return self.deployment.make_role(self.account)

    def _active(self, name: str) -> Any:
        def arn() -> str:
            summary = self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
            return str(summary["StreamARN"]) if summary["StreamStatus"] == "ACTIVE" else ""

        return arn

    def _publish(self, name: str, source: dict[str, str]) -> str:
        datazone, domain = self.deployment.client("datazone"), self.deployment.domain
        columns = {"tableName": name, "columns": [{"columnName": "id", "dataType": "string"}]}
        asset = datazone.create_asset(
            domainIdentifier=domain,
            name=name,
            typeIdentifier=self.deployment.asset_types["kinesis"],
            owningProjectIdentifier=self.deployment.projects[PRODUCER],
            externalIdentifier=self.arn,
            formsInput=[
                {"formName": SOURCE_FORM, "content": json.dumps(source)},
                {"formName": SCHEMA_FORM, "content": json.dumps({"stream_name": name})},
                {"formName": "RelationalTableFormType", "content": json.dumps(columns)},
            ],
        )["id"]
        store = DynamoAssetRecordStore(self.deployment.client("dynamodb", PRODUCER), NAMES, domain, None)
        store.save(AssetRecord(asset, self.arn, None, name, "hash"))
        change = datazone.create_listing_change_set(
            domainIdentifier=domain, entityIdentifier=asset, entityType="ASSET", action="PUBLISH"
        )
        listing = str(change["listingId"])
        eventually(
            lambda: datazone.get_listing(domainIdentifier=domain, identifier=listing)["status"],
            lambda status: status == "ACTIVE",
        )
        return listing

    def as_consumer(self, service: str = "kinesis") -> Any:
        """A client as the consumer's role."""
        sts = self.deployment.client("sts", self.account)
        keys = sts.assume_role(RoleArn=self.role, RoleSessionName="reader")["Credentials"]
        session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)
        made: Any = session.client  # The service is a variable: no overload of the stubs fits.
        return made(service, endpoint_url=self.deployment.emulator.endpoint)

    def read(self) -> list[bytes]:
        client = self.as_consumer()
        shards = client.list_shards(StreamARN=self.arn)["Shards"]
        found = []
        for shard in shards:
            iterator = client.get_shard_iterator(
                StreamARN=self.arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found += client.get_records(StreamARN=self.arn, ShardIterator=iterator)["Records"]
        return [record["Data"] for record in found]

    def grant(self) -> str:
        grant = self.deployment.grant(self.listing, self.target, self.account)
        done = self.deployment.settled(grant)
        assert done["status"] == "GRANTED", done
        return grant

    def revoke(self, grant: str) -> None:
        self.deployment.revoke(grant)
        assert self.deployment.settled(grant)["status"] == "REVOKED"

    def has_policy(self) -> bool:
        try:
            return bool(self.kinesis.get_resource_policy(ResourceARN=self.arn).get("Policy"))
        except ClientError:
            return False

    def denied(self, action: Any) -> bool:
        with pytest.raises(ClientError) as caught:
            action()
        return str(caught.value.response["Error"]["Code"]).startswith("AccessDenied")
