"""What the parts of the emulator use of each other, in a process of its own: moto keeps its state globally."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import aws_emulator

ROOT = Path(aws_emulator.__file__).resolve().parents[1]


def run(tmp_path: Path, script: str) -> str:
    prelude = f"""
        import json
        from aws_emulator.api import ApiError
        from aws_emulator.kernel.config import Settings
        from aws_emulator.server import RunningEmulator
        running = RunningEmulator("127.0.0.1", 0, {str(tmp_path)!r}, Settings())
        running.start()
        emulator = running.emulator
        identities = emulator.parts["identities"]
        admin = identities.issue("arn:aws:iam::222222222222:role/Admin", "inside").caller
    """
    text = textwrap.dedent(prelude) + textwrap.dedent(script) + "\nrunning.stop()\n"
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_calls_in_process_reach_ours_and_motos(tmp_path: Path) -> None:
    out = run(
        tmp_path,
        """
        seen = []
        emulator.observers.append(lambda call, result, error: seen.append((call.operation, error and error.code)))
        made = emulator.call("glue", "CreateRegistry", {"RegistryName": "r"}, caller=admin, region="us-east-1")
        print(made["RegistryArn"])
        url = emulator.call("sqs", "CreateQueue", {"QueueName": "q"}, caller=admin, region="eu-west-1")["QueueUrl"]
        print(url.endswith("/222222222222/q"))
        emulator.call("s3", "CreateBucket", {"Bucket": "inside"}, caller=admin, region="us-east-1")
        emulator.call("s3", "PutObject", {"Bucket": "inside", "Key": "a b", "Body": b"x"}, caller=admin)
        table = {
            "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
        }
        emulator.call("dynamodb", "CreateTable", table, caller=admin)
        emulator.call("dynamodb", "PutItem", {"TableName": "table", "Item": {"a": {"S": "1"}}}, caller=admin)
        wanted = {"TableName": "table", "Key": {"a": {"S": "1"}}}
        print(emulator.call("dynamodb", "GetItem", wanted, caller=admin)["Item"])
        for service, operation, params in (
            ("sqs", "GetQueueUrl", {"QueueName": "none"}),
            ("glue", "GetRegistry", {"RegistryId": {"RegistryName": "none"}}),
            ("glue", "CreateRegistry", {"RegistryName": "a b"}),
            ("ram", "CreatePermission", {"name": "p", "resourceType": "x", "policyTemplate": "{}"}),
        ):
            try:
                emulator.call(service, operation, params, caller=admin)
            except ApiError as error:
                print(error.code)
        print(seen[-1])
        """,
    )
    assert out.splitlines() == [
        "arn:aws:glue:us-east-1:222222222222:registry/r",
        "True",
        "{'a': {'S': '1'}}",
        "AWS.SimpleQueueService.NonExistentQueue",
        "EntityNotFoundException",
        "ValidationException",
        "NotImplemented",
        "('CreatePermission', 'NotImplemented')",
    ]


def test_clients_act_as_roles(tmp_path: Path) -> None:
    out = run(
        tmp_path,
        """
        iam = emulator.admin_client("iam", account="333333333333")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                 "Principal": {"Service": "lambda.amazonaws.com"}}]}
        arn = iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        sts = emulator.client("sts", role_arn=arn, session_name="run-1")
        print(sts.get_caller_identity()["Arn"])
        try:
            emulator.client("sts", role_arn=arn + "x")
        except ApiError as error:
            print(error.code)
        """,
    )
    assert out.splitlines() == ["arn:aws:sts::333333333333:assumed-role/fn/run-1", "NoSuchEntity"]


def test_wrong_answers_of_ours_are_bugs_of_the_emulator(tmp_path: Path) -> None:
    out = run(
        tmp_path,
        """
        @emulator.operation("glue", "GetRegistry")
        def broken(call):
            return {"Status": "MAYBE"}

        @emulator.operation("glue", "ListRegistries")
        def crashing(call):
            return {"Registries": 1 / 0}

        for operation, params in (("GetRegistry", {"RegistryId": {}}), ("ListRegistries", {})):
            try:
                emulator.call("glue", operation, params, caller=admin)
            except ApiError as error:
                print(error.code, error.status, "bug in the emulator" in error.message)
        """,
    )
    assert out.splitlines() == ["InternalFailure 500 True"] * 2


def test_is_shared(tmp_path: Path) -> None:
    out = run(
        tmp_path,
        """
        domain = "arn:aws:datazone:us-east-1:111111111111:domain/dzd-1"
        shared = emulator.parts["ram.is_shared"]
        ram = emulator.admin_client("ram", account="111111111111")
        arn = ram.create_resource_share(name="s", resourceArns=[domain], principals=["222222222222"])["resourceShare"]
        print(shared(domain, "222222222222"))
        other = emulator.admin_client("ram", account="222222222222")
        invitation = other.get_resource_share_invitations()["resourceShareInvitations"][0]
        other.accept_resource_share_invitation(
            resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
        print(shared(domain, "222222222222"), shared(domain, "333333333333"), shared(domain + "2", "222222222222"))
        ram.delete_resource_share(resourceShareArn=arn["resourceShareArn"])
        print(shared(domain, "222222222222"))
        """,
    )
    assert out.splitlines() == ["False", "True False False", "False"]


def test_an_answer_that_does_not_fit_its_model_is_an_error_and_no_closed_connection(tmp_path: Path) -> None:
    out = run(
        tmp_path,
        """
        import boto3
        from botocore.config import Config
        from botocore.exceptions import ClientError
        emulator.wrap("logs", "DescribeLogGroups")(lambda call, proceed: {"logGroups": [{"creationTime": "never"}]})
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        config = Config(retries={"total_max_attempts": 1})
        try:
            boto3.client("logs", endpoint_url=emulator.endpoint, config=config, **keys).describe_log_groups()
        except ClientError as error:
            print(error.response["Error"]["Code"], error.response["Error"]["Message"])
        """,
    )
    assert out.startswith("InternalFailure bug in the emulator: ")
