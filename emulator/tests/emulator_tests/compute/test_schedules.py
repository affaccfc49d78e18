"""Scheduled rules and EventBridge Scheduler, on a clock that runs faster."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from emulator_tests.compute.conftest import REGION, Account, allow, unique
from emulator_tests.compute.test_asynchronous import messages, queue
from emulator_tests.compute.test_events import open_queue, target
from emulator_tests.compute.test_states_flow import END, one
from emulator_tests.compute.test_states_tasks import code

Idle = Callable[[], None]


def wait_for(what: Callable[[], Any], seconds: float = 10.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.usefixtures("fast")
def test_rule_with_a_rate(domain: Account) -> None:
    events, name = domain.client("events"), unique("rule")
    arn = events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")["RuleArn"]
    url, queue_arn = open_queue(domain, "events.amazonaws.com")
    target(domain, name, queue_arn)
    event = json.loads(wait_for(lambda: messages(domain, url))[0]["Body"])
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.events", "Scheduled Event", [arn])
    assert wait_for(lambda: messages(domain, url))
    events.disable_rule(Name=name)
    time.sleep(0.3)
    messages(domain, url)
    time.sleep(0.6)
    assert messages(domain, url) == []
    assert arn not in [entry["arn"] for entry in domain.emulator.admin("GET", "schedules")["schedules"]]


def test_a_schedule_can_be_fired_at_once(domain: Account, idle: Idle) -> None:
    machine = domain.machine(one(END), [])
    events, name = domain.client("events"), unique("rule")
    arn = events.put_rule(Name=name, ScheduleExpression="cron(0 3 * * ? *)")["RuleArn"]
    role = domain.role("events.amazonaws.com", [allow("states:StartExecution", machine)])
    target(domain, name, machine, RoleArn=role, Input='{"action": "reconcile"}')
    domain.emulator.admin("POST", "schedules", {"arn": arn})
    idle()
    (execution,) = domain.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert json.loads(domain.ended(execution["executionArn"])["input"]) == {"action": "reconcile"}
    events.disable_rule(Name=name)


def schedule(owner: Account, arn: str, role: str, **fields: Any) -> tuple[str, str]:
    name = unique("schedule")
    settings = {"ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}, **fields}
    target = {"Arn": arn, "RoleArn": role, **settings.pop("Target", {})}
    return name, owner.client("scheduler").create_schedule(Name=name, Target=target, **settings)["ScheduleArn"]


def test_schedule_invokes_a_function_as_its_role(domain: Account, idle: Idle) -> None:
    function = domain.function()
    allowed = domain.role("scheduler.amazonaws.com", [allow("lambda:InvokeFunction", function)])
    refused = domain.role("scheduler.amazonaws.com", [])
    _, good = schedule(domain, function, allowed, Target={"Input": '{"at": "<aws.scheduler.schedule-arn>"}'})
    _, bad = schedule(domain, function, refused)
    for arn in (good, bad):
        domain.emulator.admin("POST", "schedules", {"arn": arn})
    idle()
    logs = domain.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function.split(':')[-1]}")["events"]
    assert [event["message"] for event in logs if event["message"].startswith("received")] == [
        f'received {{"at": "{good}"}}'
    ]
    fired = {event["schedule"]: event for event in domain.emulator.admin("GET", "events?bus=schedule")["events"]}
    assert fired[bad]["deliveries"][0]["status"] == "FAILED"


def test_universal_target_and_dead_letters(domain: Account, idle: Idle) -> None:
    machine = domain.machine(one(END), [])
    url, dead = queue(domain)
    role = domain.role(
        "scheduler.amazonaws.com", [allow("states:StartExecution", machine), allow("sqs:SendMessage", dead)]
    )
    universal = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
    body = json.dumps({"StateMachineArn": machine, "Name": "by-schedule", "Input": {"a": 1}})
    _, arn = schedule(domain, universal, role, Target={"Input": body, "DeadLetterConfig": {"Arn": dead}})
    domain.emulator.admin("POST", "schedules", {"arn": arn})
    idle()
    execution = f"{machine.replace('stateMachine', 'execution')}:by-schedule"
    assert json.loads(domain.ended(execution)["input"]) == {"a": 1}
    domain.emulator.admin("POST", "schedules", {"arn": arn})
    idle()
    (message,) = messages(domain, url)
    assert json.loads(message["Body"])["Name"] == "by-schedule"
    assert message["MessageAttributes"]["SCHEDULE_ARN"]["StringValue"] == arn
    assert "already" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"].lower()


def test_role_that_trusts_the_schedules_group(domain: Account, idle: Idle) -> None:
    machine = domain.machine(one(END), [])
    for group, count in (("other", 0), ("default", 1)):
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceArn": f"arn:aws:scheduler:{REGION}:{domain.id}:schedule-group/{group}"}
            },
        }
        _, arn = schedule(domain, machine, domain.role(None, [allow("states:StartExecution", machine)], trust))
        domain.emulator.admin("POST", "schedules", {"arn": arn})
        idle()
        assert len(domain.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]) == count


@pytest.mark.usefixtures("fast")
def test_one_time_schedule_goes_when_it_is_done(domain: Account) -> None:
    machine = domain.machine(one(END), [])
    role = domain.role("scheduler.amazonaws.com", [allow("states:StartExecution", machine)])
    now = domain.emulator.admin("GET", "schedules")["now"]
    from datetime import datetime, timedelta

    at = (datetime.fromisoformat(now) + timedelta(seconds=200)).strftime("%Y-%m-%dT%H:%M:%S")
    name, _ = schedule(domain, machine, role, ScheduleExpression=f"at({at})", ActionAfterCompletion="DELETE")
    wait_for(lambda: domain.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"])
    wait_for(lambda: name not in [s["Name"] for s in domain.client("scheduler").list_schedules()["Schedules"]])


def test_bad_schedules_are_refused(domain: Account) -> None:
    create = domain.client("scheduler").create_schedule
    role = domain.role("scheduler.amazonaws.com", [])
    target = {"Arn": f"arn:aws:lambda:{REGION}:{domain.id}:function:f", "RoleArn": role}
    fields = {"Name": unique("schedule"), "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    assert code(create, ScheduleExpression="every day", **fields) == "ValidationException"
    assert code(create, ScheduleExpression="rate(1 day)", ScheduleExpressionTimezone="Nowhere/City", **fields) == (
        "ValidationException"
    )
