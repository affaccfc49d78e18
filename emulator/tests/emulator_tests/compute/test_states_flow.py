"""The flow of executions: every type of state, input and output, Retry and Catch."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from emulator_tests.compute.conftest import Account, allow

LAMBDA = "arn:aws:states:::lambda:invoke"


def one(state: dict[str, Any], **others: Any) -> dict[str, Any]:
    """A machine that begins with this state."""
    return {"StartAt": "A", "States": {"A": state, **others}}


END = {"Type": "Pass", "End": True}


@pytest.mark.parametrize(
    ("state", "data", "output"),
    [
        ({"Type": "Pass", "End": True}, {"a": 1}, {"a": 1}),
        ({"Type": "Pass", "Result": [1], "ResultPath": "$.r", "End": True}, {"a": 1}, {"a": 1, "r": [1]}),
        ({"Type": "Pass", "InputPath": "$.a", "ResultPath": "$.b", "End": True}, {"a": 1}, {"a": 1, "b": 1}),
        ({"Type": "Pass", "InputPath": None, "End": True}, {"a": 1}, {}),
        ({"Type": "Pass", "ResultPath": None, "Result": 5, "End": True}, {"a": 1}, {"a": 1}),
        ({"Type": "Pass", "OutputPath": "$.a", "End": True}, {"a": {"b": 2}}, {"b": 2}),
        ({"Type": "Pass", "OutputPath": None, "End": True}, {"a": 1}, {}),
        ({"Type": "Pass", "Parameters": {"x.$": "$.a", "y": "z"}, "End": True}, {"a": 1}, {"x": 1, "y": "z"}),
        ({"Type": "Succeed", "OutputPath": "$.a"}, {"a": 3}, 3),
        ({"Type": "Wait", "Seconds": 0, "End": True}, {"a": 1}, {"a": 1}),
        ({"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "End": True}, {"a": 1}, {"a": 1}),
        ({"Type": "Wait", "SecondsPath": "$.s", "End": True}, {"s": 0}, {"s": 0}),
    ],
)
def test_input_and_output(domain: Account, state: dict[str, Any], data: Any, output: Any) -> None:
    ended = domain.run(one(state), data)
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", output)


def test_context_object(domain: Account) -> None:
    template = {"name.$": "$$.Execution.Name", "state.$": "$$.State.Name", "input.$": "$$.Execution.Input.a"}
    ended = domain.run(one({"Type": "Pass", "Parameters": template, "End": True}), {"a": 1})
    assert ended["output"] == {"name": ended["name"], "state": "A", "input": 1}


@pytest.mark.parametrize(
    ("rule", "data", "taken"),
    [
        ({"Variable": "$.a", "StringEquals": "x"}, {"a": "x"}, True),
        ({"Variable": "$.a", "StringEquals": "x"}, {"a": 5}, False),
        ({"Variable": "$.a", "StringMatches": "msk-*-topic"}, {"a": "msk-1-topic"}, True),
        ({"Variable": "$.a", "StringMatches": "a\\*b"}, {"a": "axb"}, False),
        ({"Variable": "$.a", "StringLessThan": "b"}, {"a": "a"}, True),
        ({"Variable": "$.a", "NumericGreaterThanEquals": 3}, {"a": 3}, True),
        ({"Variable": "$.a", "NumericEqualsPath": "$.b"}, {"a": 3, "b": 3.0}, True),
        ({"Variable": "$.a", "BooleanEquals": True}, {"a": True}, True),
        ({"Variable": "$.a", "BooleanEquals": True}, {"a": "true"}, False),
        ({"Variable": "$.a", "TimestampLessThan": "2026-01-01T00:00:00Z"}, {"a": "2025-12-31T23:59:59+00:00"}, True),
        ({"Variable": "$.a", "IsPresent": True}, {"a": None}, True),
        ({"Variable": "$.a", "IsPresent": False}, {}, True),
        ({"Variable": "$.a", "IsNull": True}, {"a": None}, True),
        ({"Variable": "$.a", "IsNumeric": True}, {"a": True}, False),
        ({"Variable": "$.a", "IsTimestamp": True}, {"a": "2026-01-01"}, False),
        ({"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "IsString": True}]}, {"a": "s"}, True),
        ({"Or": [{"Variable": "$.a", "IsString": True}, {"Variable": "$.a", "IsBoolean": True}]}, {"a": 1}, False),
        ({"Not": {"Variable": "$.a", "NumericEquals": 1}}, {"a": 2}, True),
    ],
)
def test_choice(domain: Account, rule: dict[str, Any], data: Any, taken: bool) -> None:
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"}
    states = {
        "Yes": {"Type": "Pass", "Result": True, "End": True},
        "No": {"Type": "Pass", "Result": False, "End": True},
    }
    assert domain.run(one(choice, **states), data)["output"] is taken


def test_no_choice_matched(domain: Account) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "B"}]}
    ended = domain.run(one(choice, B=END), {"a": 1})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.NoChoiceMatched")


def test_choice_on_a_path_that_does_not_resolve_ends_the_execution(domain: Account) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.b", "IsNull": True, "Next": "B"}], "Default": "B"}
    ended = domain.run(one(choice, B=END), {"a": 1})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_fail(domain: Account) -> None:
    ended = domain.run(one({"Type": "Fail", "Error": "Mine", "Cause": "because"}))
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Mine", "because")
    ended = domain.run(
        one({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('is {}', $.c)"}), {"e": "E", "c": 1}
    )
    assert (ended["error"], ended["cause"]) == ("E", "is 1")


def test_parallel(domain: Account) -> None:
    branches = [
        {"StartAt": "B", "States": {"B": {"Type": "Pass", "Parameters": {"b.$": "$.a"}, "End": True}}},
        {"StartAt": "C", "States": {"C": {"Type": "Pass", "Result": "c", "End": True}}},
    ]
    parallel = {"Type": "Parallel", "Branches": branches, "ResultPath": "$.r", "End": True}
    assert domain.run(one(parallel), {"a": 1})["output"] == {"a": 1, "r": [{"b": 1}, "c"]}


@pytest.mark.usefixtures("fast")
def test_failing_branch_ends_the_others(domain: Account) -> None:
    branches = [
        {"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 90_000, "End": True}}},
        {"StartAt": "C", "States": {"C": {"Type": "Fail", "Error": "Mine", "Cause": "x"}}},
    ]
    catch = [{"ErrorEquals": ["Mine"], "ResultPath": "$.e", "Next": "End"}]
    parallel = {"Type": "Parallel", "Branches": branches, "Catch": catch, "End": True}
    ended = domain.run(one(parallel, End=END), {"a": 1})
    assert ended["output"] == {"a": 1, "e": {"Error": "Mine", "Cause": "x"}}


def test_map(domain: Account) -> None:
    selector = {"item.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "all.$": "$.name"}
    state = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemSelector": selector,
        "MaxConcurrency": 2,
        "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}},
        "End": True,
    }
    output = domain.run(one(state), {"items": ["x", "y", "z"], "name": "n"})["output"]
    assert output == [{"item": value, "index": index, "all": "n"} for index, value in enumerate("xyz")]
    assert domain.run(one(state), {"items": [], "name": "n"})["output"] == []


def test_map_over_what_is_no_array(domain: Account) -> None:
    processor = {"StartAt": "B", "States": {"B": END}}
    ended = domain.run(one({"Type": "Map", "ItemsPath": "$.a", "ItemProcessor": processor, "End": True}), {"a": 1})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_map_keeps_its_concurrency(domain: Account) -> None:
    arn = domain.function()
    task = {
        "Type": "Task",
        "Resource": LAMBDA,
        "Parameters": {"FunctionName": arn, "Payload": {"do": "sleep", "seconds": 0.3}},
        "ResultPath": None,
        "End": True,
    }
    state = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": {"StartAt": "B", "States": {"B": task}}, "End": True}
    began = time.monotonic()
    ended = domain.run(one(state), [1, 2, 3], [allow("lambda:InvokeFunction", arn)])
    assert ended["output"] == [1, 2, 3]
    assert time.monotonic() - began >= 0.9
    began = time.monotonic()
    domain.run(one({**state, "MaxConcurrency": 3}), [1, 2, 3], [allow("lambda:InvokeFunction", arn)])
    assert time.monotonic() - began < 3.0


@pytest.mark.usefixtures("fast")
def test_retry_counts_and_backs_off(domain: Account) -> None:
    arn = domain.function()
    retry = [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 10, "BackoffRate": 2.0, "MaxAttempts": 3}]
    task = {"Type": "Task", "Resource": arn, "Parameters": {"do": "raise"}, "Retry": retry, "End": True}
    began = time.monotonic()
    ended = domain.run(one(task), {}, [allow("lambda:InvokeFunction", arn)])
    assert time.monotonic() - began >= (10 + 20 + 40) / 200
    assert (ended["status"], ended["error"]) == ("FAILED", "ValueError")
    assert json.loads(ended["cause"])["errorMessage"] == "bad"
    kinds = [event["type"] for event in domain.history(ended["executionArn"])]
    assert kinds.count("LambdaFunctionScheduled") == 4
    assert kinds.count("LambdaFunctionFailed") == 4


def test_catch_by_name_and_state_of_the_input(domain: Account) -> None:
    arn = domain.function()
    catch = [
        {"ErrorEquals": ["Other"], "Next": "Wrong"},
        {"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "Right"},
    ]
    parameters = {"FunctionName": arn, "Payload": {"do": "raise", "message": "no"}}
    task = {"Type": "Task", "Resource": LAMBDA, "Parameters": parameters, "Catch": catch, "End": True}
    states = {"Wrong": {"Type": "Fail"}, "Right": END}
    ended = domain.run(one(task, **states), {"keep": 1}, [allow("lambda:InvokeFunction", arn)])
    assert ended["output"]["keep"] == 1
    assert ended["output"]["error"]["Error"] == "ValueError"
    assert json.loads(ended["output"]["error"]["Cause"])["errorMessage"] == "no"


def test_states_all_does_not_catch_a_path_that_does_not_resolve(domain: Account) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    arn = "arn:aws:lambda:us-east-1:111111111111:function:none"
    task = {"Type": "Task", "Resource": arn, "Parameters": {"x.$": "$.missing"}, "Catch": catch, "End": True}
    ended = domain.run(one(task, B=END), {"a": 1})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert "An error occurred while executing the state 'A' (entered at the event id #2)" in ended["cause"]
    assert "'$.missing' specified for the field 'x.$'" in ended["cause"]


def test_too_much_data_is_caught_by_its_own_name_only(domain: Account) -> None:
    arn = domain.function()
    parameters = {"do": "large", "size": 300_000}
    task = {"Type": "Task", "Resource": arn, "Parameters": parameters, "End": True}
    statements = [allow("lambda:InvokeFunction", arn)]
    caught = domain.run(one({**task, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]}, B=END), {}, statements)
    assert (caught["status"], caught["error"]) == ("FAILED", "States.DataLimitExceeded")
    named = domain.run(
        one({**task, "Catch": [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "B"}]}, B=END), {}, statements
    )
    assert named["status"] == "SUCCEEDED"


@pytest.mark.usefixtures("fast")
def test_task_time_out(domain: Account) -> None:
    arn = domain.function(Timeout=20)
    catch = [
        {"ErrorEquals": ["States.TaskFailed"], "Next": "Wrong"},
        {"ErrorEquals": ["States.Timeout"], "Next": "Right"},
    ]
    task = {
        "Type": "Task",
        "Resource": arn,
        "Parameters": {"do": "sleep", "seconds": 3},
        "TimeoutSeconds": 100,
        "Catch": catch,
        "End": True,
    }
    ended = domain.run(one(task, Wrong={"Type": "Fail"}, Right=END), {}, [allow("lambda:InvokeFunction", arn)])
    assert ended["status"] == "SUCCEEDED"
    assert ended["output"]["Error"] == "States.Timeout"
    assert "LambdaFunctionTimedOut" in [event["type"] for event in domain.history(ended["executionArn"])]


@pytest.mark.usefixtures("fast")
def test_machines_time_out_cannot_be_caught(domain: Account) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    branch = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 90_000, "End": True}}}
    machine = {
        **one({"Type": "Parallel", "Branches": [branch], "Catch": catch, "End": True}, B=END),
        "TimeoutSeconds": 20,
    }
    ended = domain.run(machine)
    assert ended["status"] == "TIMED_OUT"
    assert domain.history(ended["executionArn"])[-1]["type"] == "ExecutionTimedOut"


def test_history(domain: Account) -> None:
    ended = domain.run(one({"Type": "Pass", "Next": "B"}, B={"Type": "Succeed"}), {"a": 1})
    events = domain.history(ended["executionArn"])
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in events] == list(range(1, 7))
    assert events[0]["executionStartedEventDetails"]["roleArn"].startswith("arn:aws:iam::")
    assert events[1]["stateEnteredEventDetails"]["name"] == "A"
    reverse = domain.client("stepfunctions").get_execution_history(
        executionArn=ended["executionArn"], reverseOrder=True, maxResults=1
    )
    assert reverse["events"][0]["type"] == "ExecutionSucceeded"
    assert "nextToken" in reverse
