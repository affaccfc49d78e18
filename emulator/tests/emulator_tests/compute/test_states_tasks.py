"""Tasks: whose role calls, how parameters and errors are named, task tokens, child executions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.compute.conftest import REGION, Account, allow, unique
from emulator_tests.compute.test_states_flow import END, LAMBDA, one

SDK = "arn:aws:states:::aws-sdk"


def sdk(action: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"{SDK}:{action}", "Parameters": parameters, "End": True, **fields}


def test_sdk_call_as_the_machines_role(domain: Account) -> None:
    ended = domain.run(one(sdk("sts:getCallerIdentity", {})))
    role = domain.client("stepfunctions").describe_state_machine(stateMachineArn=ended["stateMachineArn"])["roleArn"]
    assert ended["output"]["Account"] == domain.id
    assert f"assumed-role/{role.split('/')[-1]}/" in ended["output"]["Arn"]


def test_missing_permission_fails_the_task(domain: Account) -> None:
    name = unique("parameter")
    state = sdk("ssm:putParameter", {"Name": name, "Value": "v", "Type": "String"})
    refused = domain.run(one(state))
    assert refused["status"] == "FAILED"
    assert refused["error"] == "Ssm.SsmException"
    assert "not authorized to perform: ssm:PutParameter" in refused["cause"]
    arn = f"arn:aws:ssm:{REGION}:{domain.id}:parameter/{name}"
    assert domain.run(one(state), {}, [allow("ssm:PutParameter", arn)])["status"] == "SUCCEEDED"
    assert domain.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "v"


def test_names_are_pascal_case_whatever_the_service_says(domain: Account) -> None:
    """Step Functions' own members are in camelCase, DynamoDB's maps are left alone, times become texts."""
    inner = domain.machine(one(END), [])
    parameters = {"StateMachineArn": inner, "Name": "n1", "Input": {"a": 1}}
    ended = domain.run(one(sdk("sfn:startExecution", parameters)), {}, [allow("states:StartExecution", inner)])
    assert ended["output"]["ExecutionArn"].endswith(":n1")
    assert ended["output"]["StartDate"].endswith("Z")
    child = domain.ended(ended["output"]["ExecutionArn"])
    assert json.loads(child["input"]) == {"a": 1}

    table = unique("table")
    domain.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"pk": {"S.$": "$.key"}, "camelCase": {"M": {"inner": {"N": "1"}}}}
    put = sdk("dynamodb:putItem", {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"})
    put.pop("End")
    get = sdk("dynamodb:getItem", {"TableName": table, "Key": {"pk": {"S": "k"}}})
    machine = one({**put, "ResultPath": None, "Next": "B"}, B=get)
    statements = [allow(["dynamodb:PutItem", "dynamodb:GetItem"], "*")]
    stored = domain.run(machine, {"key": "k"}, statements)
    assert stored["output"]["Item"] == {"pk": {"S": "k"}, "camelCase": {"M": {"inner": {"N": "1"}}}}
    again = domain.run(machine, {"key": "k"}, statements)
    assert again["error"] == "DynamoDb.ConditionalCheckFailedException"


def test_error_names(domain: Account, emulator: Any) -> None:
    inner = domain.machine(one({"Type": "Wait", "Seconds": 60, "End": True}), [])
    statements = [allow("states:StartExecution", "*"), allow("lambda:InvokeFunction", "*"), allow("iam:GetRole", "*")]
    parameters = {"StateMachineArn": inner, "Name": "same", "Input": {"n.$": "$$.Execution.Name"}}
    assert domain.run(one(sdk("sfn:startExecution", parameters)), {}, statements)["status"] == "SUCCEEDED"
    assert domain.run(one(sdk("sfn:startExecution", parameters)), {}, statements)["error"] == (
        "Sfn.ExecutionAlreadyExistsException"
    )
    optimized = {**sdk("sfn:startExecution", parameters), "Resource": "arn:aws:states:::states:startExecution"}
    assert domain.run(one(optimized), {}, statements)["error"] == "StepFunctions.ExecutionAlreadyExistsException"
    assert domain.run(one(sdk("iam:getRole", {"RoleName": "none"})), {}, statements)["error"] == (
        "Iam.NoSuchEntityException"
    )
    missing = f"arn:aws:lambda:{REGION}:{domain.id}:function:none"
    call = {"Type": "Task", "Resource": LAMBDA, "Parameters": {"FunctionName": missing}, "End": True}
    assert domain.run(one(call), {}, statements)["error"] == "Lambda.ResourceNotFoundException"
    arn = domain.function()
    domain.client("lambda").put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    call["Parameters"] = {"FunctionName": arn}
    assert domain.run(one(call), {}, statements)["error"] == "Lambda.TooManyRequestsException"
    assert domain.run(one(call), {}, [])["error"] == "Lambda.AWSLambdaException"
    emulator.admin("POST", "faults", {"service": "iam", "operation": "GetRole", "kind": "timeout_before", "times": 1})
    dropped = domain.run(one(sdk("iam:getRole", {"RoleName": "none"})), {}, statements)
    emulator.admin("DELETE", "faults")
    assert dropped["error"] == "Iam.SdkClientException"


def test_function_result_of_the_optimized_integration(domain: Account) -> None:
    arn = domain.function()
    state = {"Type": "Task", "Resource": LAMBDA, "Parameters": {"FunctionName": arn, "Payload.$": "$"}, "End": True}
    output = domain.run(one(state), {"a": 1}, [allow("lambda:InvokeFunction", arn)])["output"]
    assert output["Payload"]["event"] == {"a": 1}
    assert (output["StatusCode"], output["ExecutedVersion"]) == (200, "$LATEST")
    direct = {"Type": "Task", "Resource": arn, "End": True}
    assert domain.run(one(direct), {"b": 2}, [allow("lambda:InvokeFunction", arn)])["output"]["event"] == {"b": 2}


def test_role_that_does_not_trust_step_functions(domain: Account) -> None:
    role = domain.role("lambda.amazonaws.com", [])
    with pytest.raises(ClientError) as refused:
        domain.machine(one(END), [], role)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    role = domain.role("states.amazonaws.com", [])
    machine = domain.machine(one(sdk("sts:getCallerIdentity", {})), [], role)
    domain.client("iam").update_assume_role_policy(
        RoleName=role.split("/")[-1],
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ],
            }
        ),
    )
    ended = domain.ended(domain.start(machine))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Permissions")


# Credentials


def foreign_role(other: Account, domain: Account, statements: list[dict[str, Any]], external_id: str) -> str:
    """A role of another account that the domain account's machines may assume with this external id."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": domain.id},
        "Action": "sts:AssumeRole",
        "Condition": {"StringLike": {"sts:ExternalId": external_id}},
    }
    return other.role(None, statements, trust)


def test_credentials_of_another_account(domain: Account, account: Callable[[str], Account]) -> None:
    role = foreign_role(account("222222222222"), domain, [], f"arn:aws:states:*:{domain.id}:stateMachine:*")
    state = sdk("sts:getCallerIdentity", {}, Credentials={"RoleArn.$": "$.role"})
    ended = domain.run(one(state), {"role": role}, [allow("sts:AssumeRole", role)])
    assert ended["output"]["Account"] == "222222222222"
    scheduled = next(e for e in domain.history(ended["executionArn"]) if e["type"] == "TaskScheduled")
    assert scheduled["taskScheduledEventDetails"]["taskCredentials"] == {"roleArn": role}


def test_credentials_need_permission_trust_and_external_id(domain: Account, account: Callable[[str], Account]) -> None:
    other = account("222222222222")
    good = foreign_role(other, domain, [], f"arn:aws:states:*:{domain.id}:stateMachine:*")
    bad = foreign_role(other, domain, [], "arn:aws:states:*:333333333333:stateMachine:*")
    for role, statements in ((good, []), (bad, [allow("sts:AssumeRole", bad)])):
        ended = domain.run(one(sdk("sts:getCallerIdentity", {}, Credentials={"RoleArn": role})), {}, statements)
        assert (ended["status"], ended["error"]) == ("FAILED", "States.Permissions")
        assert "not authorized to perform: sts:AssumeRole" in ended["cause"]


# Task tokens


def waiting(domain: Account, **fields: Any) -> tuple[str, str]:
    """An execution that waits for a token, and the token, which it has put into a queue."""
    url = domain.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    parameters = {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    state = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **fields}
    execution = domain.start(
        domain.machine(one(state, B=END) if "Catch" in fields else one(state), [allow("sqs:*", "*")])
    )
    deadline = time.monotonic() + 10
    while not (got := domain.client("sqs").receive_message(QueueUrl=url).get("Messages")):
        assert time.monotonic() < deadline
    return execution, json.loads(got[0]["Body"])["token"]


def code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])


def test_task_success(domain: Account) -> None:
    states = domain.client("stepfunctions")
    execution, token = waiting(domain)
    assert code(states.send_task_success, taskToken=token, output="{nonsense") == "InvalidOutput"
    states.send_task_success(taskToken=token, output='{"done": 1}')
    ended = domain.ended(execution)
    assert json.loads(ended["output"]) == {"done": 1}
    kinds = [event["type"] for event in domain.history(execution)]
    assert kinds[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert code(states.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"
    assert code(states.send_task_heartbeat, taskToken=token) == "TaskTimedOut"


def test_task_failure_is_caught(domain: Account) -> None:
    execution, token = waiting(domain, Catch=[{"ErrorEquals": ["Mine"], "Next": "B"}])
    domain.client("stepfunctions").send_task_failure(taskToken=token, error="Mine", cause="because")
    assert json.loads(domain.ended(execution)["output"]) == {"Error": "Mine", "Cause": "because"}


def test_token_of_another_account_or_of_nobody(domain: Account, account: Callable[[str], Account]) -> None:
    execution, token = waiting(domain)
    other = account("222222222222").client("stepfunctions")
    assert code(other.send_task_success, taskToken=token, output="{}") == "InvalidToken"
    assert code(other.send_task_failure, taskToken=token) == "InvalidToken"
    states = domain.client("stepfunctions")
    assert code(states.send_task_success, taskToken="nonsense", output="{}") == "InvalidToken"
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    states.stop_execution(executionArn=execution)
    assert code(states.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"


@pytest.mark.usefixtures("fast")
def test_token_that_is_never_answered(domain: Account) -> None:
    execution, token = waiting(domain, TimeoutSeconds=200)
    ended = domain.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    assert "TaskTimedOut" in [event["type"] for event in domain.history(execution)]
    assert code(domain.client("stepfunctions").send_task_success, taskToken=token, output="{}") == "TaskTimedOut"


@pytest.mark.usefixtures("fast")
def test_heartbeats(domain: Account) -> None:
    states = domain.client("stepfunctions")
    execution, token = waiting(domain, HeartbeatSeconds=100, TimeoutSeconds=9000)
    for _ in range(6):
        time.sleep(0.2)
        states.send_task_heartbeat(taskToken=token)
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    ended = domain.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    execution, _ = waiting(
        domain, HeartbeatSeconds=100, Catch=[{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "B"}]
    )
    assert domain.ended(execution)["status"] == "SUCCEEDED"


@pytest.mark.usefixtures("fast")
def test_retried_task_gets_a_new_token(domain: Account) -> None:
    url = domain.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
        "Retry": [{"ErrorEquals": ["Again"], "MaxAttempts": 1}],
        "End": True,
    }
    execution = domain.start(domain.machine(one(state), [allow("sqs:*", "*")]))
    tokens: list[str] = []
    while len(tokens) < 2:
        for message in domain.client("sqs").receive_message(QueueUrl=url).get("Messages", []):
            tokens.append(json.loads(message["Body"])["token"])
            if len(tokens) == 1:
                domain.client("stepfunctions").send_task_failure(taskToken=tokens[0], error="Again")
    assert tokens[0] != tokens[1]
    domain.client("stepfunctions").send_task_success(taskToken=tokens[1], output="2")
    assert domain.ended(execution)["output"] == "2"


def test_across_accounts_and_back(domain: Account, account: Callable[[str], Account]) -> None:
    """The way of a grant: start the member's machine with a token, which answers through a callback role."""
    other = account("222222222222")
    callback = domain.role(
        None,
        [allow(["states:SendTaskSuccess", "states:SendTaskFailure"], "*")],
        {"Effect": "Allow", "Principal": {"AWS": other.id}, "Action": "sts:AssumeRole"},
    )
    answer = sdk(
        "sfn:sendTaskSuccess",
        {"TaskToken.$": "$.token", "Output": {"done.$": "$.what"}},
        Credentials={"RoleArn": callback},
    )
    inner = other.machine(one(answer), [allow("sts:AssumeRole", callback)])
    starter = foreign_role(
        other, domain, [allow("states:StartExecution", inner)], f"arn:aws:states:{REGION}:{domain.id}:stateMachine:*"
    )
    start = sdk(
        "sfn:startExecution.waitForTaskToken",
        {"StateMachineArn": inner, "Input": {"token.$": "$$.Task.Token", "what.$": "$.what"}},
        Credentials={"RoleArn": starter},
        TimeoutSeconds=30,
    )
    ended = domain.run(one(start), {"what": "grant"}, [allow("sts:AssumeRole", starter)])
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", {"done": "grant"})


def test_machine_of_another_region_is_not_found(domain: Account) -> None:
    arn = f"arn:aws:states:eu-west-1:{domain.id}:stateMachine:m"
    ended = domain.run(
        one(sdk("sfn:startExecution", {"StateMachineArn": arn})), {}, [allow("states:StartExecution", "*")]
    )
    assert ended["error"] == "Sfn.StateMachineDoesNotExistException"


def test_child_execution(domain: Account) -> None:
    child = domain.machine(one({"Type": "Pass", "Result": {"x": 1}, "End": True}), [])
    failing = domain.machine(one({"Type": "Fail", "Error": "Inner", "Cause": "c"}), [])
    statements = [allow("states:StartExecution", [child, failing])]
    base = {"Type": "Task", "Parameters": {"StateMachineArn": child, "Input": {"a": 1}}, "End": True}
    text = domain.run(one({**base, "Resource": "arn:aws:states:::states:startExecution.sync"}), {}, statements)
    assert json.loads(text["output"]["Output"]) == {"x": 1}
    parsed = domain.run(one({**base, "Resource": "arn:aws:states:::states:startExecution.sync:2"}), {}, statements)
    assert parsed["output"]["Output"] == {"x": 1}
    assert parsed["output"]["Input"] == {"a": 1}
    base["Parameters"] = {"StateMachineArn": failing}
    failed = domain.run(one({**base, "Resource": "arn:aws:states:::states:startExecution.sync:2"}), {}, statements)
    assert failed["error"] == "States.TaskFailed"
    assert json.loads(failed["cause"])["Error"] == "Inner"
