"""LookupEvents: who wrote which policy, newest first, page by page."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import PRODUCER, Client

pytestmark = pytest.mark.emulator
REGION = "eu-central-2"


def statement(arn: str, sid: str) -> str:
    principal = {"AWS": f"arn:aws:iam::{PRODUCER}:root"}
    one = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": "kinesis:GetRecords", "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [one]})


def lookup(trail: Any, key: str, value: str, **more: Any) -> list[dict[str, Any]]:
    pages = trail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}], PaginationConfig={"PageSize": 2}, **more
    )
    return [event for page in pages for event in page["Events"]]


def test_each_write_of_a_policy_is_found_with_its_text(client: Client) -> None:
    kinesis, name = client("kinesis", PRODUCER, region=REGION), f"told-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    for sid in ("One", "Two", "Three"):
        kinesis.put_resource_policy(ResourceARN=arn, Policy=statement(arn, sid))
    kinesis.get_resource_policy(ResourceARN=arn)
    kinesis.delete_resource_policy(ResourceARN=arn)
    with pytest.raises(ClientError):
        kinesis.put_resource_policy(ResourceARN=arn, Policy=statement(arn, "Bad").replace("GetRecords", "CreateStream"))
    found = [json.loads(event["CloudTrailEvent"]) for event in lookup(
        client("cloudtrail", PRODUCER, region=REGION), "Username", "test"
    )]  # fmt: skip
    mine = [event for event in found if event["requestParameters"]["resourceARN"] == arn]
    assert [event["eventName"] for event in mine] == [
        "PutResourcePolicy", "DeleteResourcePolicy", *["PutResourcePolicy"] * 3,
    ]  # fmt: skip
    assert "errorCode" in mine[0] and "errorCode" not in mine[2]
    assert mine[2]["requestParameters"]["policy"] == statement(arn, "Three")


def test_calls_of_iam_are_in_its_own_region_and_times_bound(client: Client) -> None:
    iam, name = client("iam", PRODUCER), f"told-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PRODUCER}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    home, elsewhere = (client("cloudtrail", PRODUCER, region=region) for region in ("us-east-1", REGION))

    def named(trail: Any, **more: Any) -> bool:
        return any(name in event["CloudTrailEvent"] for event in lookup(trail, "EventName", "CreateRole", **more))

    assert named(home) and not named(elsewhere)
    now = datetime.now(UTC)
    assert named(home, StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(seconds=1))
    assert not named(home, EndTime=now - timedelta(minutes=5))
    with pytest.raises(ClientError) as refused:
        home.lookup_events(StartTime=now, EndTime=now - timedelta(days=1))
    assert refused.value.response["Error"]["Code"] == "InvalidTimeRangeException"
