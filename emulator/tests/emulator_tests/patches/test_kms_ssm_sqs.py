from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import CONSUMER, PRODUCER, Client


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def kms(client: Client) -> Any:
    return client("kms", account=PRODUCER)


@pytest.fixture
def key(kms: Any) -> str:
    arn: str = kms.create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def role(client: Client) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": CONSUMER}, "Action": "sts:AssumeRole"}
    arn: str = client("iam", account=CONSUMER).create_role(
        RoleName=f"reader-{uuid.uuid4().hex[:8]}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]["Arn"]
    return arn


def test_grant(kms: Any, key: str, role: str) -> None:
    request = {
        "KeyId": key,
        "GranteePrincipal": role,
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextEquals": {"aws:kinesis:arn": "x"}},
        "Name": "one",
    }
    grant = kms.create_grant(**request)["GrantId"]
    assert kms.create_grant(**request)["GrantId"] == grant
    assert len(grant) == 64
    (listed,) = kms.list_grants(KeyId=key.rsplit("/", 1)[1], GrantId=grant)["Grants"]
    assert (listed["KeyId"], listed["GranteePrincipal"], listed["Name"]) == (key, role, "one")
    kms.revoke_grant(KeyId=key, GrantId=grant)
    assert kms.list_grants(KeyId=key)["Grants"] == []
    with pytest.raises(ClientError) as error:
        kms.revoke_grant(KeyId=key, GrantId=grant)
    assert code(error) == "NotFoundException"


def test_grantee_must_exist_and_is_kept_by_its_id(kms: Any, client: Client, key: str, role: str) -> None:
    with pytest.raises(ClientError) as error:
        kms.create_grant(KeyId=key, GranteePrincipal=role + "x", Operations=["Decrypt"])
    assert code(error) == "InvalidArnException"
    kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"])
    client("iam", account=CONSUMER).delete_role(RoleName=role.rsplit("/", 1)[1])
    assert kms.list_grants(KeyId=key)["Grants"][0]["GranteePrincipal"].startswith("AROA")


def test_grants_have_pages(kms: Any, key: str, role: str) -> None:
    for index in range(3):
        kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"], Name=f"g{index}")
    pages = list(kms.get_paginator("list_grants").paginate(KeyId=key, PaginationConfig={"PageSize": 2}))
    assert [len(page["Grants"]) for page in pages] == [2, 1]


def test_key_policy_names_principals_that_exist(kms: Any, key: str, role: str) -> None:
    def policy(principal: str) -> str:
        own = {"Effect": "Allow", "Principal": {"AWS": PRODUCER}, "Action": "kms:*", "Resource": "*"}
        other = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:Decrypt", "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": [own, other]})

    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(role))
    shown = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert [statement["Principal"]["AWS"] for statement in shown["Statement"]] == [
        f"arn:aws:iam::{PRODUCER}:root",
        role,
    ]
    with pytest.raises(ClientError) as error:
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(role + "x"))
    assert code(error) == "MalformedPolicyDocumentException"
    with pytest.raises(ClientError) as error:
        kms.create_key(Policy=policy(role + "x"))
    assert code(error) == "MalformedPolicyDocumentException"


@pytest.mark.parametrize("name", ["bad$name", "no/slash", "/a b", "/x/" + "/".join("abcdefghijklmnop")])
def test_parameter_names(client: Client, name: str) -> None:
    with pytest.raises(ClientError) as error:
        client("ssm").put_parameter(Name=name, Value="v", Type="String")
    assert code(error) in ("ValidationException", "HierarchyLevelLimitExceededException")


def test_parameter_sizes_and_pages(client: Client) -> None:
    ssm = client("ssm")
    path = f"/{uuid.uuid4().hex[:8]}"
    with pytest.raises(ClientError) as error:
        ssm.put_parameter(Name=f"{path}/big", Value="v" * 4097, Type="String")
    assert code(error) == "ValidationException"
    ssm.put_parameter(Name=f"{path}/big", Value="v" * 4097, Type="String", Tier="Advanced")
    for index in range(11):
        ssm.put_parameter(Name=f"{path}/p{index}", Value="v", Type="SecureString")
    first = ssm.get_parameters_by_path(Path=path)
    assert len(first["Parameters"]) == 10
    assert len(ssm.get_parameters_by_path(Path=path, NextToken=first["NextToken"])["Parameters"]) == 2
    with pytest.raises(ClientError) as error:
        ssm.get_parameters_by_path(Path=path, MaxResults=11)
    assert code(error) == "ValidationException"


def test_queue_has_one_kind_of_encryption(client: Client) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    attributes = sqs.get_queue_attributes(QueueUrl=url["QueueUrl"], AttributeNames=["All"])["Attributes"]
    assert attributes["SqsManagedSseEnabled"] == "false"
    assert attributes["CreatedTimestamp"].isdigit()


def test_a_key_shows_what_its_creation_left_out(client: Client) -> None:
    kms = client("kms", account="222222222222")
    made = kms.create_key()["KeyMetadata"]
    described = kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]
    defaults = {
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "MultiRegion": False,
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "KeyState": "Enabled",
        "Enabled": True,
        "Description": "",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
    }
    for shown in (made, described):
        assert {name: shown.get(name) for name in defaults} == defaults
        assert not {"SigningAlgorithms", "MultiRegionConfiguration", "DeletionDate"} & set(shown)
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]
    assert (signing["KeyUsage"], signing["SigningAlgorithms"]) == ("SIGN_VERIFY", ["ECDSA_SHA_256"])
    assert "EncryptionAlgorithms" not in signing
    assert (
        kms.create_key(MultiRegion=True)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    )


ATTRIBUTES = {
    "DelaySeconds": "1",
    "MaximumMessageSize": "2048",
    "MessageRetentionPeriod": "61",
    "ReceiveMessageWaitTimeSeconds": "2",
    "VisibilityTimeout": "33",
    "KmsMasterKeyId": "alias/aws/sqs",
    "KmsDataKeyReusePeriodSeconds": "600",
    "FifoQueue": "true",
    "ContentBasedDeduplication": "true",
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
    "RedriveAllowPolicy": '{"redrivePermission": "denyAll"}',
}


def test_a_queue_answers_every_attribute_that_it_was_made_with(client: Client) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=f"every-{uuid.uuid4().hex[:8]}.fifo", Attributes=ATTRIBUTES)["QueueUrl"]
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert {name: shown.get(name) for name in ATTRIBUTES} == ATTRIBUTES
    one = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedriveAllowPolicy"])["Attributes"]
    assert one == {"RedriveAllowPolicy": ATTRIBUTES["RedriveAllowPolicy"]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "44", "RedriveAllowPolicy": ""})
    changed = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    left = {
        name: value for name, value in ATTRIBUTES.items() if name not in ("VisibilityTimeout", "RedriveAllowPolicy")
    }
    assert {name: changed.get(name) for name in left} == left
    assert changed["VisibilityTimeout"] == "44" and "RedriveAllowPolicy" not in changed
