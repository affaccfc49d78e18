"""The real engine: a program with every type through its whole life, and what only the engine can show."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .engine import Stack, cli_directory
from .harness import DOMAIN, PRODUCER, archive
from .needs import allow, document, trust

if TYPE_CHECKING:
    from ..conftest import EmulatorProcess

pytestmark = [pytest.mark.emulator, pytest.mark.engine]
ROLE, QUEUE, KEY = "aws:iam/role:Role", "aws:sqs/queue:Queue", "aws:kms/key:Key"
STEADY = (("preview", "--expect-no-changes"), ("refresh", "--yes", "--skip-preview", "--expect-no-changes"))
TRUST = {"assumeRolePolicy": trust("lambda.amazonaws.com")}


@pytest.fixture(scope="session")
def directory() -> Path:
    return cli_directory()


@pytest.fixture
def declared(tmp_path: Path, directory: Path, aws_environment: dict[str, str]) -> Iterator[Stack]:
    stack = Stack.start("declared_resources", tmp_path, directory, aws_environment)
    yield stack
    stack.run("destroy", "--yes", "--skip-preview", RESOURCES=json.dumps({"resources": []}))


def said(*resources: dict[str, Any], **provider: Any) -> str:
    return json.dumps({"provider": provider, "resources": list(resources)})


def resource(token: str, name: str, more: dict[str, Any] | None = None, /, **props: Any) -> dict[str, Any]:
    return {"type": token, "name": name, "props": props, **(more or {})}


def belongings(client: Callable[..., Any]) -> dict[str, list[str]]:
    """What there is in the accounts, by service."""
    found: dict[str, list[str]] = {}
    for account in (DOMAIN, PRODUCER):

        def ask(service: str, account: str = account) -> Any:
            return client(service, account=account)

        keys = [item["KeyId"] for item in ask("kms").list_keys()["Keys"]]
        alive = [key for key in keys if ask("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"]
        found |= {
            f"{account} aliases": [item["AliasName"] for item in ask("kms").list_aliases()["Aliases"]],
            f"{account} keys": alive,
            f"{account} roles": [item["RoleName"] for item in ask("iam").list_roles()["Roles"]],
            f"{account} policies": [item["Arn"] for item in ask("iam").list_policies(Scope="Local")["Policies"]],
            f"{account} groups": [item["logGroupName"] for item in ask("logs").describe_log_groups()["logGroups"]],
            f"{account} queues": ask("sqs").list_queues().get("QueueUrls", []),
            f"{account} tables": ask("dynamodb").list_tables()["TableNames"],
            f"{account} functions": [item["FunctionName"] for item in ask("lambda").list_functions()["Functions"]],
            f"{account} machines": [
                item["name"] for item in ask("stepfunctions").list_state_machines()["stateMachines"]
            ],
            f"{account} rules": [item["Name"] for item in ask("events").list_rules()["Rules"]],
            f"{account} alarms": [item["AlarmName"] for item in ask("cloudwatch").describe_alarms()["MetricAlarms"]],
            f"{account} buckets": [item["Name"] for item in ask("s3").list_buckets()["Buckets"]],
            f"{account} trails": [item["Name"] for item in ask("cloudtrail").list_trails()["Trails"]],
            f"{account} clusters": [item["ClusterName"] for item in ask("kafka").list_clusters_v2()["ClusterInfoList"]],
            f"{account} streams": ask("kinesis").list_streams()["StreamNames"],
            f"{account} registries": [item["RegistryName"] for item in ask("glue").list_registries()["Registries"]],
            f"{account} networks": [item["VpcId"] for item in ask("ec2").describe_vpcs()["Vpcs"]],
            f"{account} domains": [item["id"] for item in ask("datazone").list_domains()["items"]],
            f"{account} shares": [
                item["resourceShareArn"]
                for item in ask("ram").get_resource_shares(resourceOwner="SELF")["resourceShares"]
                if item["status"] not in {"DELETED", "DELETING"}
            ],
        }
    return {name: sorted(items) for name, items in found.items()}


def test_the_whole_life_of_a_program_with_every_type(
    tmp_path: Path, directory: Path, aws_environment: dict[str, str], client: Callable[..., Any]
) -> None:
    before = belongings(client)
    stack = Stack.start("program", tmp_path, directory, aws_environment)
    bundle = tmp_path / "bundle.zip"
    archive(tmp_path)
    stack.extra["BUNDLE"] = str(bundle)

    made = stack.up()
    assert made.code == 0, made.text
    for arguments in (
        ("preview", "--expect-no-changes"),
        ("refresh", "--yes", "--skip-preview", "--expect-no-changes"),
    ):
        run = stack.run(*arguments, "--diff")
        assert run.code == 0, run.text

    # Changed by hand, and deleted by hand: a refresh sees both, the next update repairs both. Moved without a change of
    # its bytes: nothing to do. Changed in the program: shown as it is.
    client("sqs").set_queue_attributes(
        QueueUrl=stack.state()["plain-queue"]["id"], Attributes={"MessageRetentionPeriod": "60"}
    )
    client("cloudwatch").delete_alarms(AlarmNames=["every-type"])
    stack.extra["BUNDLE"] = str(shutil.copy(bundle, tmp_path / "moved.zip"))
    assert stack.run("refresh", "--yes", "--skip-preview").code == 0
    variant = {
        "function": {"environment": {"variables": {"FIRST": "1"}}},
        "rule": {"event_pattern": json.dumps({"detail-type": ["B", "A"], "source": ["aws.datazone"]}, indent=2)},
        "role-policy": {"policy": document(allow(["sqs:*", "logs:*", "lambda:*"]))},
        "stream": {"name": "renamed"},
        "subnet-a": {"tags": None},
    }
    changed = {"VARIANT": json.dumps(variant)}
    assert stack.steps(**changed) == {
        "plain-queue": ("update", {"messageRetentionSeconds": "update"}),
        "alarm": ("create", {}),
        "function": ("update", {"environment.variables.SECOND": "delete"}),
        "rule": ("update", {"eventPattern": "update"}),
        "role-policy": ("update", {"policy": "update"}),
        "stream": ("replace", {"name": "update-replace"}),
        "subnet-a": ("update", {"tags": "delete", "tagsAll": "delete"}),
    }
    run = stack.up(**changed)
    assert run.code == 0, run.text
    run = stack.run("preview", "--expect-no-changes", "--diff", **changed)
    assert run.code == 0, run.text

    gone = stack.run("destroy", "--yes", "--skip-preview")
    assert gone.code == 0, gone.text
    assert belongings(client) == before


def test_a_secret_stays_one_in_the_state(declared: Stack, client: Callable[..., Any]) -> None:
    policy = document(allow("*"))
    declared.extra["RESOURCES"] = said(
        resource(
            ROLE,
            "role",
            name="secretive",
            description={"$secret": "hush-one"},
            tags={"a": {"$secret": "hush-two"}},
            **TRUST,
        ),
        resource(
            "aws:iam/rolePolicy:RolePolicy", "policy", role={"$output": ["role", "name"]}, policy={"$secret": policy}
        ),
    )
    run = declared.up()
    assert run.code == 0, run.text
    assert client("iam").get_role(RoleName="secretive")["Role"]["Description"] == "hush-one"
    for arguments in (
        ("preview", "--expect-no-changes"),
        ("refresh", "--yes", "--skip-preview", "--expect-no-changes"),
    ):
        run = declared.run(*arguments)
        assert run.code == 0, run.text
    for held in (declared.state()["role"][side] for side in ("inputs", "outputs")):
        assert "ciphertext" in held["description"]
        assert "hush" not in json.dumps(held)
    assert "ciphertext" in declared.state()["policy"]["outputs"]["policy"]


def test_what_the_sdk_lets_pass_the_stand_in_refuses(declared: Stack) -> None:
    run = declared.run(
        "preview", RESOURCES=said(resource(QUEUE, "queue", deduplicationScope="queue", messageRetentionSeconds=["a"]))
    )
    assert run.code != 0
    assert 'property "deduplicationScope" is not served by the stand-in for the aws plugin' in run.text
    assert '"messageRetentionSeconds": expected a whole number, got list' in run.text
    run = declared.run("preview", RESOURCES=said(resource("aws:sns/topic:Topic", "topic", name="t")))
    assert run.code != 0
    assert "aws:sns/topic:Topic is not served by the stand-in for the aws plugin" in run.text
    run = declared.run("preview", RESOURCES=said(resource(QUEUE, "queue"), allowed_account_ids=[PRODUCER]))
    assert run.code != 0
    assert f"belong to account {DOMAIN}; this provider allows {PRODUCER} only" in run.text


def test_an_existing_resource_is_imported(declared: Stack, client: Callable[..., Any]) -> None:
    client("iam").create_role(RoleName="from-before", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    url = client("sqs").create_queue(QueueName="from-before", tags={"a": "b"})["QueueUrl"]
    wanted = {"name": "from-before", "tags": {"a": "b"}}
    declared.extra["RESOURCES"] = said(
        resource(ROLE, "role", {"import": "from-before"}, name="from-before", **TRUST),
        resource(QUEUE, "queue", {"import": url}, **wanted),
    )
    run = declared.up()
    assert run.code == 0, run.text
    assert "2 imported" in run.text
    declared.extra["RESOURCES"] = said(
        resource(ROLE, "role", name="from-before", **TRUST), resource(QUEUE, "queue", **wanted)
    )
    run = declared.run("preview", "--expect-no-changes", "--diff")
    assert run.code == 0, run.text


def test_a_half_made_resource_is_kept_and_finished(
    declared: Stack, emulator: EmulatorProcess, client: Callable[..., Any]
) -> None:
    declared.extra["RESOURCES"] = said(
        resource(KEY, "key", description="d", enableKeyRotation=True, deletionWindowInDays=7)
    )
    emulator.admin("POST", "faults", {"service": "kms", "operation": "EnableKeyRotation", "kind": "access_denied"})
    try:
        run = declared.up()
    finally:
        emulator.admin("DELETE", "faults")
    assert run.code != 0
    assert "EnableKeyRotation" in run.text
    kept = declared.state()["key"]
    assert kept["initErrors"]

    run = declared.up()
    assert run.code == 0, run.text
    finished = declared.state()["key"]
    assert finished["id"] == kept["id"]
    assert not finished.get("initErrors")
    assert client("kms").get_key_rotation_status(KeyId=kept["id"])["KeyRotationEnabled"] is True


def test_another_region_replaces_the_provider_and_what_it_made(declared: Stack, client: Callable[..., Any]) -> None:
    queue = resource(QUEUE, "queue", name="moving")
    declared.extra["RESOURCES"] = said(queue)
    assert declared.up().code == 0
    declared.extra["RESOURCES"] = said(queue, region="eu-west-1")
    run = declared.up()
    assert run.code == 0, run.text
    assert "+-2 replaced" in run.text
    assert not client("sqs").list_queues(QueueNamePrefix="moving").get("QueueUrls")
    assert client("sqs", region="eu-west-1").list_queues(QueueNamePrefix="moving")["QueueUrls"]
