"""Deployed roles that reach a resource of another account by its ARN, with IAM enforced."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import CONSUMER, PRODUCER, Client


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


@pytest.fixture
def role(client: Client) -> str:
    name = f"reader-{uuid.uuid4().hex[:8]}"
    trust = document({"Principal": {"AWS": f"arn:aws:iam::{CONSUMER}:root"}, "Action": "sts:AssumeRole"})
    client("iam", account=CONSUMER).create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return name


def allow(client: Client, role: str, *statements: dict[str, Any]) -> None:
    client("iam", account=CONSUMER).put_role_policy(
        RoleName=role, PolicyName=f"p{uuid.uuid4().hex[:6]}", PolicyDocument=document(*statements)
    )


def refused(call: Any) -> bool:
    try:
        call()
    except ClientError as error:
        assert "AccessDenied" in error.response["Error"]["Code"], error
        return True
    return False


def test_stream_needs_both_sides(client: Client, role: str) -> None:
    owner = client("kinesis", account=PRODUCER)
    name = f"s-{uuid.uuid4().hex[:8]}"
    owner.create_stream(StreamName=name, ShardCount=1)
    arn = f"arn:aws:kinesis:us-east-1:{PRODUCER}:stream/{name}"
    owner.put_record(StreamARN=arn, Data=b"hello", PartitionKey="k")
    reader = client("kinesis", account=CONSUMER, role=role)
    actions = ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"]

    assert refused(lambda: reader.list_shards(StreamARN=arn))
    allow(client, role, {"Action": actions, "Resource": arn})
    assert refused(lambda: reader.list_shards(StreamARN=arn))
    principal = {"AWS": f"arn:aws:iam::{CONSUMER}:role/{role}"}
    owner.put_resource_policy(
        ResourceARN=arn, Policy=document({"Sid": "a", "Principal": principal, "Action": actions, "Resource": arn})
    )
    shard = reader.list_shards(StreamARN=arn)["Shards"][0]["ShardId"]
    iterator = reader.get_shard_iterator(StreamARN=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = reader.get_records(StreamARN=arn, ShardIterator=iterator["ShardIterator"])["Records"]
    assert [record["Data"] for record in records] == [b"hello"]
    assert refused(lambda: reader.put_record(StreamARN=arn, Data=b"x", PartitionKey="k"))


def test_key_by_grant(client: Client, role: str) -> None:
    kms = client("kms", account=PRODUCER)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    cipher = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"stream": "a"})["CiphertextBlob"]
    reader = client("kms", account=CONSUMER, role=role)
    allow(client, role, {"Action": "kms:Decrypt", "Resource": key})

    def decrypt(context: str) -> Any:
        return reader.decrypt(CiphertextBlob=cipher, KeyId=key, EncryptionContext={"stream": context})["Plaintext"]

    assert refused(lambda: decrypt("a"))
    kms.create_grant(
        KeyId=key,
        GranteePrincipal=f"arn:aws:iam::{CONSUMER}:role/{role}",
        Operations=["Decrypt"],
        Constraints={"EncryptionContextEquals": {"stream": "a"}},
    )
    assert decrypt("a") == b"secret"
    assert refused(lambda: decrypt("b"))


def test_cluster_by_policy(client: Client, role: str) -> None:
    owner = client("kafka", account=PRODUCER)
    arn = owner.create_cluster_v2(
        ClusterName=f"c-{uuid.uuid4().hex[:8]}",
        Provisioned={
            "BrokerNodeGroupInfo": {"InstanceType": "kafka.m5.large", "ClientSubnets": ["a", "b", "c"]},
            "KafkaVersion": "3.6.0",
            "NumberOfBrokerNodes": 3,
            "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
        },
    )["ClusterArn"]
    deadline = time.monotonic() + 10
    while owner.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["State"] != "ACTIVE":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    reader = client("kafka", account=CONSUMER, role=role)
    allow(client, role, {"Action": ["kafka:GetBootstrapBrokers"], "Resource": arn})
    assert refused(lambda: reader.get_bootstrap_brokers(ClusterArn=arn))
    principal = {"AWS": f"arn:aws:iam::{CONSUMER}:role/{role}"}
    owner.put_cluster_policy(
        ClusterArn=arn,
        Policy=document({"Sid": "a", "Principal": principal, "Action": "kafka:GetBootstrapBrokers", "Resource": arn}),
    )
    assert reader.get_bootstrap_brokers(ClusterArn=arn)["BootstrapBrokerStringSaslIam"]
    client("iam", account=CONSUMER).delete_role_policy(
        RoleName=role,
        PolicyName=client("iam", account=CONSUMER).list_role_policies(RoleName=role)["PolicyNames"][0],
    )
    assert refused(lambda: reader.get_bootstrap_brokers(ClusterArn=arn))
