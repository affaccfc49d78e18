from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import Client
from emulator_tests.made import open_to_trails

ACCOUNT = "333333333333"
REGION = "eu-central-1"
"""A region of its own, so that a trail here is no other test's trail."""


@pytest.fixture
def bucket(client: Client) -> str:
    s3 = client("s3", account=ACCOUNT)
    name = f"trail-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    open_to_trails(s3, name)
    return name


@pytest.fixture
def trail(client: Client, bucket: str) -> Iterator[Any]:
    cloudtrail = client("cloudtrail", account=ACCOUNT, region=REGION)
    name = f"trail-{uuid.uuid4().hex[:8]}"
    cloudtrail.create_trail(Name=name, S3BucketName=bucket)
    yield cloudtrail, name
    cloudtrail.delete_trail(Name=name)


@pytest.fixture
def events(client: Client) -> Iterator[Any]:
    """A queue behind a rule for the registry's calls; reading it answers the events."""
    sqs, rules = client("sqs", account=ACCOUNT, region=REGION), client("events", account=ACCOUNT, region=REGION)
    name = f"calls-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = {"source": ["aws.glue"], "detail-type": ["AWS API Call via CloudTrail"]}
    rules.put_rule(Name=name, EventPattern=json.dumps(pattern))
    rules.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])

    def read(count: int, seconds: float = 5.0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < deadline:
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            time.sleep(0.05)
        return found

    yield read
    rules.remove_targets(Rule=name, Ids=["1"])
    rules.delete_rule(Name=name)


def test_registry_calls_become_events_while_a_trail_logs(client: Client, trail: Any, events: Any) -> None:
    cloudtrail, name = trail
    glue = client("glue", account=ACCOUNT, region=REGION)
    registry = f"reg-{uuid.uuid4().hex[:8]}"
    glue.create_registry(RegistryName=registry, Tags={"Team": "A"})
    cloudtrail.start_logging(Name=name)
    assert cloudtrail.get_trail_status(Name=name)["IsLogging"] is True
    arn = glue.create_schema(
        RegistryId={"RegistryName": registry},
        SchemaName="orders",
        DataFormat="AVRO",
        Compatibility="NONE",
        SchemaDefinition='"string"',
        Tags={"Team": "A"},
    )["SchemaArn"]
    glue.register_schema_version(SchemaId={"SchemaArn": arn}, SchemaDefinition='"int"')
    glue.get_schema(SchemaId={"SchemaArn": arn})
    with pytest.raises(ClientError):
        glue.delete_schema(SchemaId={"RegistryName": registry, "SchemaName": "none"})
    cloudtrail.stop_logging(Name=name)
    glue.delete_registry(RegistryId={"RegistryName": registry})

    found = {event["detail"]["eventName"]: event for event in events(3)}
    assert sorted(found) == ["CreateSchema", "DeleteSchema", "RegisterSchemaVersion"]
    created = found["CreateSchema"]
    assert (created["source"], created["account"], created["region"]) == ("aws.glue", ACCOUNT, REGION)
    assert created["detail"]["requestParameters"]["registryId"] == {"registryName": registry}
    assert created["detail"]["requestParameters"]["tags"] == {"Team": "A"}
    assert created["detail"]["responseElements"]["registryName"] == registry
    registered = found["RegisterSchemaVersion"]["detail"]
    assert registered["requestParameters"]["schemaId"] == {"schemaArn": arn}
    assert set(registered["responseElements"]) == {"schemaVersionId", "versionNumber", "status"}
    assert registered["userIdentity"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/test"
    failed = found["DeleteSchema"]["detail"]
    assert (failed["errorCode"], failed["responseElements"]) == ("EntityNotFoundException", None)


def test_trail_without_management_events_delivers_nothing(client: Client, trail: Any, events: Any) -> None:
    cloudtrail, name = trail
    (default,) = cloudtrail.get_event_selectors(TrailName=name)["EventSelectors"]
    assert default["IncludeManagementEvents"] is True
    cloudtrail.put_event_selectors(
        TrailName=name, EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": False}]
    )
    cloudtrail.start_logging(Name=name)
    client("glue", account=ACCOUNT, region=REGION).create_registry(RegistryName=f"reg-{uuid.uuid4().hex[:8]}")
    assert events(1, seconds=0.5) == []


def test_trail_needs_a_bucket_that_it_may_write(client: Client, bucket: str, trail: Any) -> None:
    cloudtrail, _ = trail
    client("s3", account=ACCOUNT).delete_bucket_policy(Bucket=bucket)
    with pytest.raises(ClientError, match="InsufficientS3BucketPolicyException"):
        cloudtrail.create_trail(Name="another", S3BucketName=bucket)
    with pytest.raises(ClientError, match="S3BucketDoesNotExistException"):
        cloudtrail.create_trail(Name="another", S3BucketName="no-such-bucket-1")


def test_a_trail_is_deleted_by_its_arn(client: Client, bucket: str) -> None:
    cloudtrail = client("cloudtrail", account=ACCOUNT, region=REGION)
    arn = cloudtrail.create_trail(Name=f"gone-{bucket}", S3BucketName=bucket)["TrailARN"]
    cloudtrail.delete_trail(Name=arn)
    assert arn not in [trail["TrailARN"] for trail in cloudtrail.describe_trails()["trailList"]]
    with pytest.raises(ClientError, match="TrailNotFoundException"):
        cloudtrail.delete_trail(Name=arn)
