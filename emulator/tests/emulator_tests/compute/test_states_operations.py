"""Step Functions' operations on machines and executions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.compute.conftest import REGION, Account, allow, unique
from emulator_tests.compute.test_states_flow import END, one
from emulator_tests.compute.test_states_tasks import code

WAIT = one({"Type": "Wait", "Seconds": 3600, "End": True})


def test_create_is_idempotent(domain: Account) -> None:
    states, role, name = domain.client("stepfunctions"), domain.role("states.amazonaws.com", []), unique("machine")
    arguments = {"name": name, "roleArn": role, "definition": json.dumps(one(END))}
    tags = [{"key": "team", "value": "x"}]
    first = states.create_state_machine(**arguments, tags=tags)
    assert states.create_state_machine(**arguments)["stateMachineArn"] == first["stateMachineArn"]
    assert (
        code(states.create_state_machine, **{**arguments, "definition": json.dumps(WAIT)})
        == "StateMachineAlreadyExists"
    )
    assert states.list_tags_for_resource(resourceArn=first["stateMachineArn"])["tags"] == tags
    states.delete_state_machine(stateMachineArn=first["stateMachineArn"])
    assert code(states.describe_state_machine, stateMachineArn=first["stateMachineArn"]) == "StateMachineDoesNotExist"
    again = states.create_state_machine(**arguments)
    assert states.list_tags_for_resource(resourceArn=again["stateMachineArn"])["tags"] == []


def test_settings_are_kept(domain: Account) -> None:
    states = domain.client("stepfunctions")
    group = f"arn:aws:logs:{REGION}:{domain.id}:log-group:{unique('group')}:*"
    logging = {
        "level": "ERROR",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
    }
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/mine", "kmsDataKeyReusePeriodSeconds": 300}
    arn = states.create_state_machine(
        name=unique("machine"),
        definition=json.dumps(one(END)),
        roleArn=domain.role("states.amazonaws.com", [allow("logs:*", "*")]),
        loggingConfiguration=logging,
        tracingConfiguration={"enabled": True},
        encryptionConfiguration=encryption,
    )["stateMachineArn"]
    described = states.describe_state_machine(stateMachineArn=arn)
    assert described["loggingConfiguration"] == logging
    assert described["tracingConfiguration"] == {"enabled": True}
    assert described["encryptionConfiguration"] == encryption
    states.update_state_machine(stateMachineArn=arn, tracingConfiguration={"enabled": False})
    assert states.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {"enabled": False}
    assert states.describe_state_machine(stateMachineArn=arn)["loggingConfiguration"] == logging


def test_bad_definitions_are_refused(domain: Account) -> None:
    states, role = domain.client("stepfunctions"), domain.role("states.amazonaws.com", [])
    bad = json.dumps(one({"Type": "Pass", "Next": "Nowhere"}))
    with pytest.raises(ClientError) as refused:
        states.create_state_machine(name=unique("machine"), definition=bad, roleArn=role)
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"
    assert "Missing 'Next' target: Nowhere" in refused.value.response["Error"]["Message"]
    arn = domain.machine(one(END), [], role)
    assert code(states.update_state_machine, stateMachineArn=arn, definition=bad) == "InvalidDefinition"
    assert code(states.update_state_machine, stateMachineArn=arn) == "MissingRequiredParameter"
    validated = states.validate_state_machine_definition(definition=bad)
    assert validated["result"] == "FAIL"
    assert validated["diagnostics"][0]["location"] == "/States/A/Next"
    assert states.validate_state_machine_definition(definition=json.dumps(one(END)))["result"] == "OK"


def test_update_counts_for_later_executions(domain: Account) -> None:
    states = domain.client("stepfunctions")
    machine = domain.machine(WAIT, [])
    running = domain.start(machine)
    states.update_state_machine(
        stateMachineArn=machine, definition=json.dumps(one({"Type": "Pass", "Result": "new", "End": True}))
    )
    assert json.loads(domain.ended(domain.start(machine))["output"]) == "new"
    assert states.describe_execution(executionArn=running)["status"] == "RUNNING"
    described = states.describe_state_machine_for_execution(executionArn=running)
    assert json.loads(described["definition"]) == WAIT
    states.stop_execution(executionArn=running)


def test_versions_and_aliases(domain: Account) -> None:
    states = domain.client("stepfunctions")
    arn = domain.machine(one({"Type": "Pass", "Result": 1, "End": True}), [])
    version = states.update_state_machine(
        stateMachineArn=arn, definition=json.dumps(one({"Type": "Pass", "Result": 2, "End": True})), publish=True
    )["stateMachineVersionArn"]
    states.update_state_machine(
        stateMachineArn=arn, definition=json.dumps(one({"Type": "Pass", "Result": 3, "End": True}))
    )
    alias = states.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
    )["stateMachineAliasArn"]
    assert [domain.ended(domain.start(each))["output"] for each in (arn, version, alias)] == ["3", "2", "2"]


def test_names(domain: Account) -> None:
    states, machine = domain.client("stepfunctions"), domain.machine(WAIT, [])
    first = domain.start(machine, {"a": 1}, name="same")
    assert first == f"{machine.replace('stateMachine', 'execution')}:same"
    assert domain.start(machine, {"a": 1}, name="same") == first
    assert (
        code(states.start_execution, stateMachineArn=machine, name="same", input='{"a": 2}') == "ExecutionAlreadyExists"
    )
    states.stop_execution(executionArn=first)
    assert (
        code(states.start_execution, stateMachineArn=machine, name="same", input='{"a": 1}') == "ExecutionAlreadyExists"
    )
    second, third = domain.start(machine), domain.start(machine)
    assert second != third
    for execution in (second, third):
        states.stop_execution(executionArn=execution)
    assert code(states.start_execution, stateMachineArn=machine, name="a b") == "InvalidName"
    assert code(states.start_execution, stateMachineArn=machine, input="{") == "InvalidExecutionInput"
    assert code(states.start_execution, stateMachineArn=machine + "x") == "StateMachineDoesNotExist"
    assert code(states.describe_execution, executionArn=first + "x") == "ExecutionDoesNotExist"


def test_executions_belong_to_their_account(domain: Account, account: Callable[[str], Account]) -> None:
    execution = domain.start(domain.machine(one(END), []))
    other = account("222222222222").client("stepfunctions")
    assert code(other.describe_execution, executionArn=execution) == "ExecutionDoesNotExist"


def test_stop(domain: Account) -> None:
    states = domain.client("stepfunctions")
    execution = domain.start(domain.machine(WAIT, []))
    states.stop_execution(executionArn=execution, error="Mine", cause="enough")
    described = states.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Mine", "enough")
    assert described["stopDate"] >= described["startDate"]
    assert domain.history(execution)[-1]["type"] == "ExecutionAborted"
    states.stop_execution(executionArn=execution)
    assert states.describe_execution(executionArn=execution)["cause"] == "enough"


def test_stop_while_a_function_runs(domain: Account) -> None:
    arn = domain.function()
    task = {"Type": "Task", "Resource": arn, "Parameters": {"do": "sleep", "seconds": 3}, "End": True}
    execution = domain.start(domain.machine(one(task), [allow("lambda:InvokeFunction", arn)]))
    time.sleep(0.2)
    domain.client("stepfunctions").stop_execution(executionArn=execution)
    assert domain.client("stepfunctions").describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_list_executions(domain: Account) -> None:
    states = domain.client("stepfunctions")
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.wait", "IsPresent": True, "Next": "W"}], "Default": "P"}
    machine = domain.machine(one(choice, W={"Type": "Wait", "Seconds": 3600, "End": True}, P=END), [])
    done = [domain.start(machine) for _ in range(3)]
    for execution in done:
        domain.ended(execution)
    waiting = domain.start(machine, {"wait": 1})
    running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    assert [item["executionArn"] for item in running] == [waiting]
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, PaginationConfig={"PageSize": 2})
    found = [item["executionArn"] for page in pages for item in page["executions"]]
    assert found[0] == waiting
    assert sorted(found) == sorted([*done, waiting])
    states.stop_execution(executionArn=waiting)


def test_redrive(domain: Account) -> None:
    states, name = domain.client("stepfunctions"), unique("parameter")
    read = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Parameters": {"Name": name},
        "OutputPath": "$.Parameter.Value",
        "End": True,
    }
    machine = domain.machine(one({"Type": "Pass", "Result": 1, "Next": "B"}, B=read), [allow("ssm:GetParameter", "*")])
    execution = domain.start(machine)
    failed = domain.ended(execution)
    assert (failed["error"], failed["redriveStatus"]) == ("Ssm.ParameterNotFoundException", "REDRIVABLE")
    domain.client("ssm").put_parameter(Name=name, Value="there", Type="String")
    states.redrive_execution(executionArn=execution)
    ended = domain.ended(execution)
    assert (ended["status"], json.loads(ended["output"]), ended["redriveCount"]) == ("SUCCEEDED", "there", 1)
    kinds = [event["type"] for event in domain.history(execution)]
    assert "ExecutionRedriven" in kinds
    assert kinds.count("PassStateEntered") == 1
    assert code(states.redrive_execution, executionArn=execution) == "ExecutionNotRedrivable"


def test_express_execution_in_one_call(domain: Account) -> None:
    states = domain.client("stepfunctions")
    arn = states.create_state_machine(
        name=unique("machine"),
        type="EXPRESS",
        definition=json.dumps(one({"Type": "Pass", "Parameters": {"x.$": "$.a"}, "End": True})),
        roleArn=domain.role("states.amazonaws.com", []),
    )["stateMachineArn"]
    standard = domain.machine(one(END), [])
    client = _without_prefix(domain)
    answer = client.start_sync_execution(stateMachineArn=arn, input='{"a": 5}')
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"x": 5})
    assert code(client.start_sync_execution, stateMachineArn=standard) == "StateMachineTypeNotSupported"


def _without_prefix(domain: Account) -> Any:
    """A client that does not put ``sync-`` before the host's name, which a loopback address cannot have."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "stepfunctions",
        region_name=REGION,
        endpoint_url=domain.emulator.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(inject_host_prefix=False),
    )


def test_fifty_executions_at_once(domain: Account) -> None:
    """Each waits on a fan-out of calls and a function; all end, and none has another's data."""
    arn = domain.function()
    call = {
        "Type": "Task",
        "Resource": arn,
        "Parameters": {"n.$": "$.n"},
        "ResultSelector": {"n.$": "$.event.n"},
        "End": True,
    }
    identity: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
        "Parameters": {},
        "ResultPath": None,
        "End": True,
    }
    branches = [{"StartAt": "B", "States": {"B": call}}, {"StartAt": "C", "States": {"C": identity}}]
    machine = domain.machine(
        one({"Type": "Parallel", "Branches": branches, "End": True}), [allow("lambda:InvokeFunction", arn)]
    )
    started: dict[int, str] = {}

    def start(number: int) -> None:
        started[number] = domain.start(machine, {"n": number})

    threads = [threading.Thread(target=start, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(started.values())) == 50
    for number, execution in started.items():
        ended = domain.ended(execution, 30)
        assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", [{"n": number}, {"n": number}])
