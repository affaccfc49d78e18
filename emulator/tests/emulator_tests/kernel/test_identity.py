from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator_tests.conftest import Client, EmulatorProcess


def test_administrator_belongs_to_the_domain_account(client: Client) -> None:
    identity = client("sts").get_caller_identity()
    assert identity["Account"] == "111111111111"
    assert identity["Arn"].startswith("arn:aws:iam::111111111111:")


@pytest.mark.parametrize("account", ["111111111111", "222222222222", "333333333333"])
def test_admin_role_of_each_account_can_be_assumed(client: Client, account: str) -> None:
    identity = client("sts", account=account, role="Admin").get_caller_identity()
    assert identity["Account"] == account
    assert identity["Arn"] == f"arn:aws:sts::{account}:assumed-role/Admin/test"
    assert identity["UserId"].startswith("AROA")
    assert identity["UserId"].endswith(":test")


def test_resources_of_accounts_are_apart(client: Client) -> None:
    client("sqs", account="222222222222").create_queue(QueueName="mine")
    with pytest.raises(ClientError) as error:
        client("sqs", account="333333333333").get_queue_url(QueueName="mine")
    assert error.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def _with_keys(emulator: EmulatorProcess, service: str, **keys: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=emulator.endpoint,
        config=Config(retries={"total_max_attempts": 1}),
        **{"aws_access_key_id": "AKIAQQQQQQQQQQQQQQQQ", "aws_secret_access_key": "x", **keys},
    )


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("glue", "list_registries", "UnrecognizedClientException"),
        ("kafka", "list_clusters_v2", "UnrecognizedClientException"),
        ("iam", "list_roles", "InvalidClientTokenId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ],
)
def test_unknown_key_is_refused(emulator: EmulatorProcess, service: str, operation: str, code: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(_with_keys(emulator, service), operation)()
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_session_key_needs_its_own_token(emulator: EmulatorProcess, client: Client) -> None:
    issued = client("sts").assume_role(RoleArn="arn:aws:iam::222222222222:role/Admin", RoleSessionName="abc")
    keys = issued["Credentials"]
    stolen = _with_keys(
        emulator,
        "glue",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token="other",
    )
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        stolen.list_registries()


def test_unsigned_request_is_refused(emulator: EmulatorProcess) -> None:
    from botocore import UNSIGNED

    unsigned = boto3.client(
        "glue", region_name="us-east-1", endpoint_url=emulator.endpoint, config=Config(signature_version=UNSIGNED)
    )
    with pytest.raises(ClientError) as error:
        unsigned.list_registries()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_role_that_does_not_exist_is_access_denied(client: Client) -> None:
    with pytest.raises(ClientError) as error:
        client("sts").assume_role(RoleArn="arn:aws:iam::222222222222:role/Nobody", RoleSessionName="abc")
    assert error.value.response["Error"]["Code"] == "AccessDenied"


def test_session_longer_than_the_role_allows_is_refused(client: Client) -> None:
    client("iam").create_role(
        RoleName="OneHour",
        AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":'
        '"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}',
    )
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        client("sts").assume_role(
            RoleArn="arn:aws:iam::111111111111:role/OneHour", RoleSessionName="abc", DurationSeconds=7200
        )


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("glue", "list_registries", "InvalidSignatureException"),
        ("iam", "list_roles", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
    ],
)
def test_wrong_secret_is_refused(emulator: EmulatorProcess, service: str, operation: str, code: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(_with_keys(emulator, service, aws_access_key_id="test", aws_secret_access_key="other"), operation)()
    assert error.value.response["Error"]["Code"] == code


def test_signatures_hold_for_odd_paths_and_queries(client: Client) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="odd-paths")
    for key in ("a b/c+d&e=f", "ü/../x", "//double", "tilde~(paren)'quote"):
        s3.put_object(Bucket="odd-paths", Key=key, Body=b"x" * 70_000, Metadata={"a": "b  c"})
        assert len(s3.get_object(Bucket="odd-paths", Key=key)["Body"].read()) == 70_000
    listed = s3.list_objects_v2(Bucket="odd-paths", Prefix="a b", Delimiter="/")
    assert listed["KeyCount"] == 1
    client("iam").list_roles(PathPrefix="/a b*".replace(" ", "+").replace("*", "/"))


def test_user_key_works(client: Client, emulator: EmulatorProcess) -> None:
    iam = client("iam", account="333333333333")
    iam.create_user(UserName="ann")
    keys = iam.create_access_key(UserName="ann")["AccessKey"]
    identity = _with_keys(
        emulator, "sts", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"]
    ).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::333333333333:user/ann"
