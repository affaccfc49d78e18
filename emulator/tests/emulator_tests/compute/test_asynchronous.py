"""Asynchronous invocations: retries, destinations, dead letters."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from emulator_tests.compute.conftest import Account, allow, unique


def queue(owner: Account) -> tuple[str, str]:
    """URL and ARN of a new queue."""
    sqs = owner.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def messages(owner: Account, url: str) -> list[dict[str, Any]]:
    answer = owner.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return list(answer.get("Messages", []))


def test_event_is_accepted_and_run(domain: Account, idle: Callable[[], None]) -> None:
    arn = domain.function()
    assert domain.invoke(arn, {"n": 1}, InvocationType="Event")["StatusCode"] == 202
    idle()
    group = f"/aws/lambda/{arn.split(':')[-1]}"
    texts = [event["message"] for event in domain.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert 'received {"n": 1}' in texts


@pytest.mark.usefixtures("fast")
def test_two_retries_then_dead_letter(domain: Account, idle: Callable[[], None]) -> None:
    url, target = queue(domain)
    role = domain.role("lambda.amazonaws.com", [allow("logs:*", "*"), allow("sqs:SendMessage", target)])
    arn = domain.function(role=role, DeadLetterConfig={"TargetArn": target})
    assert domain.client("lambda").get_function_configuration(FunctionName=arn)["DeadLetterConfig"] == {
        "TargetArn": target
    }
    domain.invoke(arn, {"do": "raise", "message": "third time too"}, InvocationType="Event")
    idle()
    group = f"/aws/lambda/{arn.split(':')[-1]}"
    texts = [event["message"] for event in domain.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert sum(text.startswith("received") for text in texts) == 3
    (message,) = messages(domain, url)
    assert json.loads(message["Body"]) == {"do": "raise", "message": "third time too"}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "third time too"
    assert message["MessageAttributes"]["ErrorCode"]["StringValue"] == "200"


@pytest.mark.usefixtures("fast")
def test_destinations(domain: Account, idle: Callable[[], None]) -> None:
    good_url, good = queue(domain)
    bad_url, bad = queue(domain)
    role = domain.role("lambda.amazonaws.com", [allow("sqs:SendMessage", [good, bad])])
    arn = domain.function(role=role)
    config = {"OnSuccess": {"Destination": good}, "OnFailure": {"Destination": bad}}
    functions = domain.client("lambda")
    functions.put_function_event_invoke_config(FunctionName=arn, MaximumRetryAttempts=2)
    functions.put_function_event_invoke_config(FunctionName=arn, MaximumRetryAttempts=0, DestinationConfig=config)
    assert functions.get_function_event_invoke_config(FunctionName=arn)["MaximumRetryAttempts"] == 0
    domain.invoke(arn, {"fine": True}, InvocationType="Event")
    domain.invoke(arn, {"do": "raise"}, InvocationType="Event")
    idle()
    succeeded = json.loads(messages(domain, good_url)[0]["Body"])
    assert succeeded["requestContext"]["condition"] == "Success"
    assert succeeded["requestPayload"] == {"fine": True}
    assert succeeded["responsePayload"]["event"] == {"fine": True}
    failed = json.loads(messages(domain, bad_url)[0]["Body"])
    assert failed["requestContext"]["condition"] == "RetriesExhausted"
    assert failed["requestContext"]["approximateInvokeCount"] == 1
    assert failed["responseContext"]["functionError"] == "Unhandled"
    assert failed["responsePayload"]["errorType"] == "ValueError"


@pytest.mark.usefixtures("fast")
def test_dead_letter_without_permission_is_lost(domain: Account, idle: Callable[[], None]) -> None:
    url, target = queue(domain)
    arn = domain.function(role=domain.role("lambda.amazonaws.com", []), DeadLetterConfig={"TargetArn": target})
    domain.invoke(arn, {"do": "raise"}, InvocationType="Event")
    idle()
    assert messages(domain, url) == []
    lost = domain.emulator.admin("GET", "functions")["lostEvents"]
    assert any(entry["function"] == arn and "not authorized" in entry["reason"].lower() for entry in lost)


@pytest.mark.usefixtures("fast")
def test_throttled_events_are_tried_again(domain: Account, idle: Callable[[], None]) -> None:
    arn = domain.function()
    functions = domain.client("lambda")
    functions.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    domain.invoke(arn, {"n": 7}, InvocationType="Event")
    functions.delete_function_concurrency(FunctionName=arn)
    idle()
    group = f"/aws/lambda/{arn.split(':')[-1]}"
    texts = [event["message"] for event in domain.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert 'received {"n": 7}' in texts
