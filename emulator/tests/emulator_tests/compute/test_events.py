"""EventBridge: what reaches a target, as whom, and what happens to what does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator_tests.compute.conftest import REGION, Account, allow, unique
from emulator_tests.compute.test_asynchronous import messages, queue
from emulator_tests.compute.test_states_flow import END, one
from emulator_tests.compute.test_states_tasks import code

Idle = Callable[[], None]


@pytest.fixture(autouse=True)
def _clean(domain: Account) -> Iterator[None]:
    yield
    domain.emulator.admin("DELETE", "events")
    domain.emulator.admin("DELETE", "faults")


def rule(owner: Account, pattern: dict[str, Any] | None = None, **fields: Any) -> tuple[str, str, str]:
    """Name, ARN and the source of events that match."""
    name, source = unique("rule"), unique("app")
    pattern = pattern or {"source": [source]}
    arn = owner.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern), **fields)["RuleArn"]
    return name, arn, source


def target(owner: Account, rule_name: str, arn: str, **fields: Any) -> None:
    answer = owner.client("events").put_targets(Rule=rule_name, Targets=[{"Id": unique("t"), "Arn": arn, **fields}])
    assert answer["FailedEntryCount"] == 0


def put(owner: Account, source: str, detail: Any = None, **fields: Any) -> dict[str, Any]:
    entry = {"Source": source, "DetailType": "Thing", "Detail": json.dumps(detail or {}), **fields}
    answer = owner.client("events").put_events(Entries=[entry])
    return dict(answer["Entries"][0])


def open_queue(owner: Account, *services: str) -> tuple[str, str]:
    """A queue that services may send to: URL and ARN."""
    url, arn = queue(owner)
    statement = {**allow("sqs:SendMessage", arn), "Principal": {"Service": list(services)}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    owner.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def deliveries(owner: Account, source: str) -> list[dict[str, Any]]:
    events = owner.emulator.admin("GET", f"events?source={source}")["events"]
    return [delivery for event in events for delivery in event["deliveries"]]


def test_event_starts_an_execution(domain: Account, idle: Idle) -> None:
    machine = domain.machine(one(END), [])
    name, arn, source = rule(domain)
    target(
        domain, name, machine, RoleArn=domain.role("events.amazonaws.com", [allow("states:StartExecution", machine)])
    )
    event_id = put(domain, source, {"a": 1}, Resources=["arn:r"])["EventId"]
    idle()
    (execution,) = domain.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    described = domain.ended(execution["executionArn"])
    event = json.loads(described["input"])
    assert event["id"] == event_id
    assert {
        key: event[key] for key in ("version", "source", "detail-type", "account", "region", "resources", "detail")
    } == {
        "version": "0",
        "source": source,
        "detail-type": "Thing",
        "account": domain.id,
        "region": REGION,
        "resources": ["arn:r"],
        "detail": {"a": 1},
    }
    assert deliveries(domain, source)[0]["rule"] == arn


@pytest.mark.parametrize("case", ["no permission", "no trust"])
def test_start_needs_the_targets_role(domain: Account, idle: Idle, case: str) -> None:
    machine = domain.machine(one(END), [])
    url, dead = open_queue(domain, "events.amazonaws.com")
    name, arn, source = rule(domain)
    role = domain.role("events.amazonaws.com", [] if case == "no permission" else [allow("states:*", "*")])
    if case == "no trust":
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        domain.client("iam").update_assume_role_policy(
            RoleName=role.split("/")[-1],
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
    target(domain, name, machine, RoleArn=role, DeadLetterConfig={"Arn": dead})
    put(domain, source, {"n": 1})
    idle()
    assert domain.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"] == []
    (message,) = messages(domain, url)
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert attributes["RULE_ARN"] == arn
    assert attributes["TARGET_ARN"] == machine
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes["RETRY_ATTEMPTS"] == "0"


def test_function_needs_its_permission_for_this_rule(domain: Account, idle: Idle) -> None:
    arn = domain.function()
    name, rule_arn, source = rule(domain)
    target(domain, name, arn)
    put(domain, source)
    idle()
    assert "NO_PERMISSIONS" in deliveries(domain, source)[0]["error"]
    add = domain.client("lambda").add_permission
    fields = {"FunctionName": arn, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    add(StatementId="other", SourceArn=rule_arn + "x", **fields)
    put(domain, source)
    idle()
    assert deliveries(domain, source)[1]["status"] == "FAILED"
    add(StatementId="mine", SourceArn=rule_arn, SourceAccount=domain.id, **fields)
    put(domain, source, {"hello": 1})
    idle()
    assert deliveries(domain, source)[2]["status"] == "DELIVERED"
    logs = domain.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{arn.split(':')[-1]}")["events"]
    assert any('"hello": 1' in event["message"] for event in logs)


def test_pattern_and_state_of_a_rule(domain: Account, idle: Idle) -> None:
    url, arn = open_queue(domain, "events.amazonaws.com")
    source = unique("app")
    pattern = {"source": [source], "detail-type": ["Thing"], "detail": {"n": [{"numeric": [">", 5]}]}}
    name, _, _ = rule(domain, pattern)
    target(domain, name, arn)
    put(domain, source, {"n": 1})
    put(domain, source, {"n": 6})
    domain.client("events").disable_rule(Name=name)
    put(domain, source, {"n": 7})
    idle()
    assert [json.loads(message["Body"])["detail"] for message in messages(domain, url)] == [{"n": 6}]
    assert domain.client("events").test_event_pattern(
        EventPattern=json.dumps({"source": ["x"]}),
        Event=json.dumps({"id": "1", "source": "x", "detail-type": "t", "account": "1", "time": "t", "region": "r"}),
    )["Result"]


def test_input_of_a_target(domain: Account, idle: Idle) -> None:
    url, arn = open_queue(domain, "events.amazonaws.com")
    name, _, source = rule(domain)
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>, "text": "n is <n>"}'}
    target(domain, name, arn, InputTransformer=transformer)
    target(domain, name, arn, InputPath="$.detail")
    target(domain, name, arn, Input='{"constant": true}')
    put(domain, source, {"n": 3})
    idle()
    bodies = [json.loads(message["Body"]) for message in messages(domain, url)]
    for body in ({"number": 3, "text": "n is 3"}, {"n": 3}, {"constant": True}):
        assert body in bodies


def test_queue_encrypted_with_a_key_that_services_may_not_use(domain: Account, idle: Idle) -> None:
    url, arn = open_queue(domain, "events.amazonaws.com")
    key = domain.client("kms").create_key()["KeyMetadata"]["Arn"]
    domain.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": key})
    name, _, source = rule(domain)
    target(domain, name, arn)
    put(domain, source)
    idle()
    assert "kms:GenerateDataKey" in deliveries(domain, source)[0]["error"]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{domain.id}:root"}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    domain.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    put(domain, source)
    idle()
    assert deliveries(domain, source)[1]["status"] == "DELIVERED"


@pytest.mark.usefixtures("fast")
def test_retries_until_the_target_answers(domain: Account, idle: Idle) -> None:
    machine = domain.machine(one(END), [])
    name, _, source = rule(domain)
    target(domain, name, machine, RoleArn=domain.role("events.amazonaws.com", [allow("states:*", machine)]))
    domain.emulator.admin(
        "POST", "faults", {"service": "stepfunctions", "operation": "StartExecution", "kind": "throttle", "times": 2}
    )
    put(domain, source)
    idle()
    (delivery,) = deliveries(domain, source)
    assert (delivery["status"], delivery["attempts"]) == ("DELIVERED", 3)


@pytest.mark.usefixtures("fast")
def test_retry_policy_is_kept(domain: Account, idle: Idle) -> None:
    machine = domain.machine(one(END), [])
    url, dead = open_queue(domain, "events.amazonaws.com")
    name, _, source = rule(domain)
    target(
        domain,
        name,
        machine,
        RoleArn=domain.role("events.amazonaws.com", [allow("states:*", machine)]),
        RetryPolicy={"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 3600},
        DeadLetterConfig={"Arn": dead},
    )
    domain.emulator.admin(
        "POST", "faults", {"service": "stepfunctions", "operation": "StartExecution", "kind": "throttle", "times": 9}
    )
    put(domain, source)
    idle()
    (message,) = messages(domain, url)
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]) == ("THROTTLING", "1")
    metrics = domain.client("cloudwatch").list_metrics(Namespace="AWS/Events", MetricName="InvocationsSentToDlq")
    assert {"Name": "RuleName", "Value": name} in [d for metric in metrics["Metrics"] for d in metric["Dimensions"]]


def test_bus_of_another_account(domain: Account, account: Callable[[str], Account], idle: Idle) -> None:
    other = account("222222222222")
    bus = f"arn:aws:events:{REGION}:{other.id}:event-bus/default"
    url, arn = open_queue(other, "events.amazonaws.com")
    name, _, source = rule(domain)
    target(domain, name, bus)
    there, _, _ = rule(other, {"source": [source], "account": [domain.id]})
    target(other, there, arn)
    put(domain, source, {"n": 1})
    idle()
    assert "NO_PERMISSIONS" in deliveries(domain, source)[0]["error"]
    other.client("events").put_permission(Action="events:PutEvents", Principal=domain.id, StatementId="domain")
    put(domain, source, {"n": 2})
    idle()
    (message,) = messages(other, url)
    event = json.loads(message["Body"])
    assert (event["detail"], event["account"]) == ({"n": 2}, domain.id)
    other.client("events").remove_permission(StatementId="domain")


def test_accounts_have_their_own_buses(domain: Account, account: Callable[[str], Account], idle: Idle) -> None:
    other = account("222222222222")
    url, arn = open_queue(other, "events.amazonaws.com")
    name, _, source = rule(other)
    target(other, name, arn)
    put(domain, source)
    idle()
    assert messages(other, url) == []


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"Source": "aws.datazone", "DetailType": "t", "Detail": "{}"}, "NotAuthorizedForSourceException"),
        ({"Source": "s", "DetailType": "t", "Detail": "nonsense"}, "MalformedDetail"),
        ({"Source": "s", "DetailType": "t", "Detail": "[1]"}, "MalformedDetail"),
        ({"Source": "s", "Detail": "{}"}, "InvalidArgument"),
    ],
)
def test_refused_entries(domain: Account, entry: dict[str, Any], error: str) -> None:
    good = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    answer = domain.client("events").put_events(Entries=[entry, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == error
    assert "EventId" in answer["Entries"][1]


def test_rules_are_checked(domain: Account) -> None:
    events = domain.client("events")
    name = unique("rule")
    assert code(events.put_rule, Name=name, EventPattern='{"source": "x"}') == "InvalidEventPatternException"
    assert code(events.put_rule, Name=name, ScheduleExpression="rate(1 hours)") == "ValidationException"
    assert code(events.put_targets, Rule=name, Targets=[{"Id": "1", "Arn": "arn:aws:sqs:r:1:q"}]) == (
        "ResourceNotFoundException"
    )
    name, _, _ = rule(domain)
    machine = f"arn:aws:states:{REGION}:{domain.id}:stateMachine:m"
    assert code(events.put_targets, Rule=name, Targets=[{"Id": "1", "Arn": machine}]) == "ValidationException"
    many = [{"Id": str(number), "Arn": f"arn:aws:sqs:{REGION}:{domain.id}:q"} for number in range(6)]
    assert code(events.put_targets, Rule=name, Targets=many) == "LimitExceededException"


def test_execution_status_events(domain: Account, idle: Idle) -> None:
    machine = domain.machine(one({"Type": "Fail", "Error": "Mine", "Cause": "c"}), [])
    url, arn = open_queue(domain, "events.amazonaws.com")
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [machine]},
    }
    name, _, _ = rule(domain, pattern)
    target(domain, name, arn)
    execution = domain.start(machine, {"a": 1})
    idle()
    events = sorted((json.loads(m["Body"]) for m in messages(domain, url)), key=lambda e: e["detail"]["status"])
    assert [event["detail"]["status"] for event in events] == ["FAILED", "RUNNING"]
    failed = events[0]
    assert failed["resources"] == [execution]
    detail = failed["detail"]
    assert (detail["executionArn"], detail["error"], detail["cause"]) == (execution, "Mine", "c")
    assert json.loads(detail["input"]) == {"a": 1}
    assert detail["stopDate"] >= detail["startDate"] > 1_600_000_000_000
    assert events[1]["detail"]["stopDate"] is None
    metrics = domain.client("cloudwatch").list_metrics(Namespace="AWS/States", MetricName="ExecutionsFailed")["Metrics"]
    assert {"Name": "StateMachineArn", "Value": machine} in [d for metric in metrics for d in metric["Dimensions"]]


def test_stopped_execution_tells(domain: Account, idle: Idle) -> None:
    machine = domain.machine(one({"Type": "Wait", "Seconds": 3600, "End": True}), [])
    execution = domain.start(machine)
    domain.client("stepfunctions").stop_execution(executionArn=execution)
    idle()
    events = domain.emulator.admin("GET", "events?source=aws.states")["events"]
    statuses = [e["event"]["detail"]["status"] for e in events if e["event"]["detail"]["executionArn"] == execution]
    assert statuses == ["RUNNING", "ABORTED"]


def test_events_can_be_dropped_and_duplicated(domain: Account, idle: Idle) -> None:
    url, arn = open_queue(domain, "events.amazonaws.com")
    name, _, source = rule(domain)
    target(domain, name, arn)
    domain.emulator.admin("POST", "events", {"action": "drop", "pattern": {"source": [source]}, "times": 1})
    domain.emulator.admin("POST", "events", {"action": "duplicate", "pattern": {"source": [source]}, "times": 1})
    for number in range(3):
        put(domain, source, {"n": number})
    idle()
    got = [json.loads(message["Body"])["detail"]["n"] for message in messages(domain, url)]
    assert sorted(got) == [1, 1, 2]
    events = domain.emulator.admin("GET", f"events?source={source}")["events"]
    assert [(event.get("dropped"), event.get("duplicated")) for event in events] == [
        (True, None),
        (None, True),
        (None, None),
    ]


def test_log_group_target(domain: Account, idle: Idle) -> None:
    group = f"/aws/events/{unique('group')}"
    domain.client("logs").create_log_group(logGroupName=group)
    name, _, source = rule(domain)
    target(domain, name, f"arn:aws:logs:{REGION}:{domain.id}:log-group:{group}")
    put(domain, source)
    idle()
    assert "NO_PERMISSIONS" in deliveries(domain, source)[0]["error"]
    statement = {
        **allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"arn:aws:logs:{REGION}:{domain.id}:log-group:/aws/events/*:*",
        )
    }
    statement["Principal"] = {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    domain.client("logs").put_resource_policy(policyName=unique("policy"), policyDocument=policy)
    put(domain, source, {"n": 5})
    idle()
    (event,) = domain.client("logs").filter_log_events(logGroupName=group)["events"]
    assert json.loads(event["message"])["detail"] == {"n": 5}


def test_topic_target(domain: Account, idle: Idle) -> None:
    sns = domain.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    url, arn = open_queue(domain, "sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    name, _, source = rule(domain)
    target(domain, name, topic, InputPath="$.detail")
    put(domain, source, {"n": 1})
    idle()
    assert "NO_PERMISSIONS" in deliveries(domain, source)[0]["error"]
    statement = {**allow("sns:Publish", topic), "Principal": {"Service": "events.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    put(domain, source, {"n": 2})
    idle()
    assert [json.loads(message["Body"]) for message in messages(domain, url)] == [{"n": 2}]
