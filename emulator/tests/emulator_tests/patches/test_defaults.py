"""Members that AWS fills in by itself, and calls that standard clients make on every read."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import PRODUCER, Client
from emulator_tests.made import archive


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


def test_a_bucket_is_encrypted_and_paid_for_by_its_owner(client: Client) -> None:
    s3, name = client("s3", account=PRODUCER), unique("bucket")
    s3.create_bucket(Bucket=name)

    def algorithm() -> str:
        (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        return str(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])

    assert algorithm() == "AES256"
    assert s3.get_bucket_request_payment(Bucket=name)["Payer"] == "BucketOwner"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert algorithm() == "aws:kms"
    with pytest.raises(ClientError) as refused:
        s3.get_bucket_encryption(Bucket=unique("none"))
    assert refused.value.response["Error"]["Code"] == "NoSuchBucket"


def test_a_log_group_has_a_class(client: Client) -> None:
    logs, name = client("logs", account=PRODUCER), unique("group")
    logs.create_log_group(logGroupName=name)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert (group["logGroupName"], group["logGroupClass"]) == (name, "STANDARD")


def test_a_stream_tells_the_largest_record(client: Client) -> None:
    kinesis, name = client("kinesis", account=PRODUCER), unique("stream")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    shown = {
        key: summary[key] for key in ("EncryptionType", "ConsumerCount", "MaxRecordSizeInKiB", "StreamModeDetails")
    }
    assert shown == {
        "EncryptionType": "NONE",
        "ConsumerCount": 0,
        "MaxRecordSizeInKiB": 1024,
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
    }


def test_what_clients_read_of_a_function(client: Client) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = client("iam", account=PRODUCER).create_role(
        RoleName=unique("role"), AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    functions: Any = client("lambda", account=PRODUCER)
    name = unique("function")
    made = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="main.handler",
        Code={"ZipFile": archive({"main.py": ""})},
    )
    # What a function does not have is left out, and not answered empty.
    for shown in (made, functions.get_function_configuration(FunctionName=name)):
        assert set(shown) & {"DeadLetterConfig", "KMSKeyArn", "FileSystemConfigs", "Layers"} == set()
    changed = functions.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in changed
    runtime = functions.get_runtime_management_config(FunctionName=name)
    assert (runtime["UpdateRuntimeOn"], runtime["FunctionArn"]) == ("Auto", made["FunctionArn"])
    assert functions.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    for read in (functions.get_runtime_management_config, functions.get_function_recursion_config):
        with pytest.raises(ClientError) as refused:
            read(FunctionName=unique("none"))
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
