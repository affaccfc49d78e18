from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import PRODUCER, Client


def used(iam: Any, arn: str) -> dict[str, bool]:
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    answer = iam.get_service_last_accessed_details(JobId=job)
    assert answer["JobStatus"] == "COMPLETED"
    return {item["ServiceNamespace"]: "LastAuthenticated" in item for item in answer["ServicesLastAccessed"]}


def test_a_call_that_was_allowed_is_seen_and_one_that_was_denied_is_not(client: Client) -> None:
    iam, name = client("iam", account=PRODUCER), f"reader-{uuid.uuid4().hex[:6]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PRODUCER}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assert used(iam, arn)["kinesis"] is False
    as_role = client("kinesis", account=PRODUCER, role=name)
    with pytest.raises(ClientError):
        as_role.list_streams()
    assert used(iam, arn)["kinesis"] is False
    may = {"Effect": "Allow", "Action": "kinesis:ListStreams", "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="p",
                        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}))  # fmt: skip
    as_role.list_streams()
    assert used(iam, arn)["kinesis"] is True


def test_jobs_are_of_one_account_and_of_principals_there(client: Client) -> None:
    iam = client("iam", account=PRODUCER)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.generate_service_last_accessed_details(Arn="arn:aws:iam::999999999999:role/x")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_service_last_accessed_details(JobId=str(uuid.uuid4()))


def test_there_are_no_channels_and_queues(client: Client) -> None:
    kinesis, kafka = client("kinesis", account=PRODUCER), client("kafka", account=PRODUCER)
    assert kinesis.list_queues()["QueueSummaries"] == kinesis.list_channels()["ChannelSummaries"] == []
    cluster = f"arn:aws:kafka:us-east-1:{PRODUCER}:cluster/c/{uuid.uuid4()}-1"
    assert kafka.list_channels(ClusterArn=cluster)["Channels"] == []
