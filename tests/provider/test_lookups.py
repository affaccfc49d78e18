"""A trail that tells of schema changes is found, or why there is none."""

from __future__ import annotations

import json

import pytest

from streamgov_pulumi.lookups import find_trail
from streamgov_pulumi.providers import session
from streamgov_pulumi.providers.session import SessionSettings
from tests.sandbox import PRODUCER, Client, EmulatorProcess

pytestmark = pytest.mark.emulator
SETTINGS = SessionSettings("us-east-1", f"arn:aws:iam::{PRODUCER}:role/Admin")


@pytest.fixture(autouse=True)
def endpoint(emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setattr(session, "_CLIENTS", {})


def test_a_trail_counts_once_it_logs(client: Client) -> None:
    none = find_trail(SETTINGS)
    assert none.trail_arn is None
    assert none.reason == "No CloudTrail trail records management events in us-east-1"
    client("s3", PRODUCER).create_bucket(Bucket="lookup-trail")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": ["arn:aws:s3:::lookup-trail", "arn:aws:s3:::lookup-trail/*"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("s3", PRODUCER).put_bucket_policy(Bucket="lookup-trail", Policy=document)
    trail = client("cloudtrail", PRODUCER).create_trail(Name="lookup", S3BucketName="lookup-trail")["TrailARN"]
    assert find_trail(SETTINGS).trail_arn is None
    client("cloudtrail", PRODUCER).start_logging(Name=trail)
    assert find_trail(SETTINGS).trail_arn == trail
    selectors = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]
    client("cloudtrail", PRODUCER).put_event_selectors(TrailName=trail, EventSelectors=selectors)
    assert find_trail(SETTINGS).trail_arn is None
    client("cloudtrail", PRODUCER).delete_trail(Name=trail)


def test_an_account_that_may_not_be_asked() -> None:
    answer = find_trail(SessionSettings("us-east-1", f"arn:aws:iam::{PRODUCER}:role/nobody"))
    assert answer.trail_arn is None
    assert answer.reason.startswith("No CloudTrail trail could be looked for: cloudtrail:DescribeTrails failed with")
