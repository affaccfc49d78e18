"""Published versions, aliases, and SnapStart."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.compute.conftest import Account, allow
from emulator_tests.made import archive

pytestmark = pytest.mark.emulator

RESTORED = """
import json, os
from snapshot_restore_py import register_after_restore, register_before_snapshot

order = ["loaded"]
register_before_snapshot(order.append, "before")
register_after_restore(order.append, "after")

def handler(event, context):
    from urllib.request import urlopen
    where = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    return {
        "order": order, "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "version": context.function_version,
        "arn": context.invoked_function_arn, "key": "AWS_ACCESS_KEY_ID" in os.environ,
        "told": sorted(json.loads(urlopen(where).read())) if where else [],
    }
"""
SNAPSHOTS = {"ApplyOn": "PublishedVersions"}


def active(client: Any, arn: str) -> dict[str, Any]:
    """The configuration of a version when it can be invoked."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found: dict[str, Any] = client.get_function_configuration(FunctionName=arn)
        if found["State"] == "Active":
            return found
        time.sleep(0.1)
    raise AssertionError(f"{arn} is not Active")


def test_a_version_with_snapstart_is_initialised_and_then_restored(domain: Account) -> None:
    client, arn = domain.client("lambda"), domain.function(RESTORED, SnapStart=SNAPSHOTS)
    assert client.get_function_configuration(FunctionName=arn)["SnapStart"] == {
        **SNAPSHOTS,
        "OptimizationStatus": "Off",
    }
    published = client.publish_version(FunctionName=arn, Description="first")
    assert (published["Version"], published["State"], published["FunctionArn"]) == ("1", "Pending", f"{arn}:1")
    with pytest.raises(client.exceptions.SnapStartNotReadyException):
        client.invoke(FunctionName=f"{arn}:1")
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    ready = active(client, f"{arn}:1")
    assert ready["SnapStart"] == {**SNAPSHOTS, "OptimizationStatus": "On"}
    client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    told = domain.invoke(f"{arn}:live")["Payload"]
    assert told == {
        "order": ["loaded", "before", "after"],
        "kind": "snap-start",
        "version": "1",
        "arn": f"{arn}:live",
        "key": False,
        "told": ["AccessKeyId", "Expiration", "SecretAccessKey", "Token"],
    }
    assert domain.invoke(arn)["Payload"] == {
        "order": ["loaded"],
        "kind": "on-demand",
        "version": "$LATEST",
        "arn": arn,
        "key": True,
        "told": [],
    }


def test_a_version_keeps_what_it_was_and_nothing_unchanged_is_published(domain: Account) -> None:
    client, arn = domain.client("lambda"), domain.function("def handler(event, context):\n    return 1\n")

    def publish() -> str:
        return str(client.publish_version(FunctionName=arn)["Version"])

    assert [publish(), publish()] == ["1", "1"]
    client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    client.update_function_code(
        FunctionName=arn, ZipFile=archive({"main.py": "def handler(event, context):\n    return 2\n"})
    )
    client.update_function_configuration(
        FunctionName=arn, Timeout=20, LoggingConfig={"LogFormat": "JSON"}, Environment={"Variables": {"ONE": "1"}}
    )
    former = client.get_function_configuration(FunctionName=arn, Qualifier="1")
    assert (former["Timeout"], former["LoggingConfig"]["LogFormat"]) == (10, "Text")
    assert "Environment" not in former
    assert [domain.invoke(f"{arn}:live")["Payload"], domain.invoke(arn)["Payload"]] == [1, 2]
    assert [publish(), publish()] == ["2", "2"]
    client.update_alias(FunctionName=arn, Name="live", FunctionVersion="2")
    assert domain.invoke(f"{arn}:live")["Payload"] == 2
    assert client.update_alias(FunctionName=arn, Name="live", Description="told")["FunctionVersion"] == "2"


def test_what_somebody_else_has_changed_is_not_published_or_changed(domain: Account) -> None:
    client, arn = domain.client("lambda"), domain.function("def handler(event, context):\n    return 1\n")
    seen = client.get_function_configuration(FunctionName=arn)
    client.publish_version(FunctionName=arn, RevisionId=seen["RevisionId"], CodeSha256=seen["CodeSha256"])
    alias = client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    client.update_alias(FunctionName=arn, Name="live", Description="mine", RevisionId=alias["RevisionId"])
    code = archive({"main.py": "def handler(event, context):\n    return 2\n"})
    client.update_function_code(FunctionName=arn, ZipFile=code, RevisionId=seen["RevisionId"])
    late: list[tuple[Any, dict[str, Any]]] = [
        (client.publish_version, {"RevisionId": seen["RevisionId"]}),
        (client.update_function_code, {"ZipFile": code, "RevisionId": seen["RevisionId"]}),
        (client.update_function_configuration, {"Timeout": 9, "RevisionId": seen["RevisionId"]}),
        (client.update_alias, {"Name": "live", "Description": "x", "RevisionId": alias["RevisionId"]}),
    ]
    for change, fields in late:
        with pytest.raises(client.exceptions.PreconditionFailedException):
            change(FunctionName=arn, **fields)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="is different from current CodeSHA256"):
        client.publish_version(FunctionName=arn, CodeSha256=seen["CodeSha256"])
    assert client.get_alias(FunctionName=arn, Name="live")["Description"] == "mine"


def test_a_number_is_not_used_again_and_what_an_alias_names_stays(domain: Account) -> None:
    client, arn = domain.client("lambda"), domain.function()
    client.publish_version(FunctionName=arn)
    client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
    with pytest.raises(client.exceptions.ResourceConflictException, match="live"):
        client.delete_function(FunctionName=arn, Qualifier="1")
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.delete_function(FunctionName=arn, Qualifier="$LATEST")
    client.update_alias(FunctionName=arn, Name="live", FunctionVersion="$LATEST")
    client.delete_function(FunctionName=arn, Qualifier="1")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function_configuration(FunctionName=arn, Qualifier="1")
    assert domain.invoke(f"{arn}:live")["ExecutedVersion"] == "$LATEST"
    assert client.publish_version(FunctionName=arn)["Version"] == "2"
    client.delete_function(FunctionName=arn)
    with pytest.raises(ClientError, match="not found"):
        client.invoke(FunctionName=f"{arn}:live")


def test_concurrency_is_reserved_for_a_function_with_its_versions(domain: Account) -> None:
    client, arn = domain.client("lambda"), domain.function()
    client.publish_version(FunctionName=arn)
    client.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.invoke(FunctionName=f"{arn}:1")


def test_an_alias_is_a_resource_of_its_own_to_whoever_invokes(domain: Account) -> None:
    client, arn = domain.client("lambda"), domain.function()
    client.publish_version(FunctionName=arn)
    client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")

    def run(*resources: str) -> str:
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": f"{arn}:live"},
            "End": True,
        }
        machine = domain.machine(
            {"StartAt": "Only", "States": {"Only": task}}, [allow("lambda:InvokeFunction", list(resources))]
        )
        states = domain.client("stepfunctions")
        started = states.start_execution(stateMachineArn=machine)["executionArn"]
        end = time.monotonic() + 30
        while (status := states.describe_execution(executionArn=started)["status"]) == "RUNNING":
            assert time.monotonic() < end
            time.sleep(0.1)
        return str(status)

    assert run(arn) == "FAILED"
    assert run(arn, f"{arn}:live") == "SUCCEEDED"


def test_a_permission_is_of_the_function_or_of_its_alias(domain: Account) -> None:
    client, arn = domain.client("lambda"), domain.function()
    client.publish_version(FunctionName=arn)
    client.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")

    def add(statement: str, **more: str) -> dict[str, Any]:
        answer = client.add_permission(
            FunctionName=arn, StatementId=statement, Action="lambda:InvokeFunction", Principal="333333333333", **more
        )
        found: dict[str, Any] = json.loads(answer["Statement"])
        return found

    assert add("function")["Resource"] == arn
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName=arn, Qualifier="live")
    assert add("alias", Qualifier="live")["Resource"] == f"{arn}:live"
    [statement] = json.loads(client.get_policy(FunctionName=arn, Qualifier="live")["Policy"])["Statement"]
    assert statement["Sid"] == "alias"
    [statement] = json.loads(client.get_policy(FunctionName=arn)["Policy"])["Statement"]
    assert statement["Sid"] == "function"
    client.remove_permission(FunctionName=arn, StatementId="alias", Qualifier="live")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName=arn, Qualifier="live")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        add("nowhere", Qualifier="missing")
