"""Versions of state machines, and what clients read of a machine after they have made it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator_tests.compute.conftest import Account, unique
from emulator_tests.compute.test_states_flow import END, one
from emulator_tests.compute.test_states_tasks import code


@pytest.fixture
def machine(domain: Account) -> str:
    made = domain.client("stepfunctions").create_state_machine(
        name=unique("machine"), roleArn=domain.role("states.amazonaws.com", []), definition=json.dumps(one(END))
    )
    return str(made["stateMachineArn"])


def numbers(states: Any, machine: str, **more: Any) -> list[str]:
    found = states.list_state_machine_versions(stateMachineArn=machine, **more)["stateMachineVersions"]
    return [version["stateMachineVersionArn"].rpartition(":")[2] for version in found]


def test_a_machine_that_nobody_published_has_no_versions_and_no_aliases(domain: Account, machine: str) -> None:
    states = domain.client("stepfunctions")
    assert states.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"] == []
    assert states.list_state_machine_aliases(stateMachineArn=machine)["stateMachineAliases"] == []
    assert states.list_tags_for_resource(resourceArn=machine)["tags"] == []
    described = states.describe_state_machine(stateMachineArn=machine)
    shown = {name: described.get(name) for name in ("status", "type", "loggingConfiguration", "tracingConfiguration")}
    assert shown == {
        "status": "ACTIVE",
        "type": "STANDARD",
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
    }
    assert described["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    assert "revisionId" not in described


def test_versions_are_published_listed_and_deleted(domain: Account, machine: str) -> None:
    states = domain.client("stepfunctions")
    first = states.publish_state_machine_version(stateMachineArn=machine, revisionId="INITIAL")
    again = states.publish_state_machine_version(stateMachineArn=machine)
    assert (again["stateMachineVersionArn"], again["creationDate"]) == (
        first["stateMachineVersionArn"],
        first["creationDate"],
    )
    assert numbers(states, machine) == ["1"]
    revision = states.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": True})[
        "revisionId"
    ]
    assert states.describe_state_machine(stateMachineArn=machine)["revisionId"] == revision
    assert code(states.publish_state_machine_version, stateMachineArn=machine, revisionId="INITIAL") == (
        "ConflictException"
    )
    second = states.publish_state_machine_version(stateMachineArn=machine, revisionId=revision, description="second")
    version = second["stateMachineVersionArn"]
    assert numbers(states, machine) == ["2", "1"]
    described = states.describe_state_machine(stateMachineArn=version)
    assert (described["revisionId"], described["description"]) == (revision, "second")
    page = states.list_state_machine_versions(stateMachineArn=machine, maxResults=1)
    assert numbers(states, machine, nextToken=page["nextToken"]) == ["1"]
    assert code(states.list_state_machine_versions, stateMachineArn=machine, nextToken="eHg=") == "InvalidToken"
    states.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
    )
    assert code(states.delete_state_machine_version, stateMachineVersionArn=version) == "ConflictException"
    states.delete_state_machine_version(stateMachineVersionArn=first["stateMachineVersionArn"])
    states.delete_state_machine_version(stateMachineVersionArn=first["stateMachineVersionArn"])
    assert numbers(states, machine) == ["2"]
    states.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": False}, publish=True)
    assert numbers(states, machine) == ["3", "2"]


def test_no_machine_and_no_arn(domain: Account, machine: str) -> None:
    states = domain.client("stepfunctions")
    assert code(states.publish_state_machine_version, stateMachineArn=f"{machine}x") == "StateMachineDoesNotExist"
    assert numbers(states, f"{machine}x") == []
    assert code(states.list_state_machine_versions, stateMachineArn="orders") == "InvalidArn"
    assert code(states.delete_state_machine_version, stateMachineVersionArn=machine) == "InvalidArn"
    states.delete_state_machine_version(stateMachineVersionArn=f"{machine}x:1")
