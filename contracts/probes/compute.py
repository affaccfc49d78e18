"""Step Functions, Lambda and EventBridge."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from contracts.probe import probe
from contracts.probe_run import ProbeRun, answer_of, policy
from contracts.setup.events import EventLog, make_log, make_queue, make_rule
from contracts.setup.machines import (
    LAMBDA,
    STATES,
    ended,
    function_role,
    machine_role,
    make_function,
    make_machine,
    run_state,
    start,
)
from contracts.setup.roles import make_role, service_role, settle, trust


def _kind(error: str) -> str:
    return error.partition(".")[0]


@probe(
    "sfn-error-prefixes",
    expects={"sqs": "SQS", "sns": "SNS", "events": "a result with FailedEntryCount"},
    uses=(machine_role,),
)
def error_prefixes(probe_run: ProbeRun) -> Any:
    """How do the optimized integrations of SQS, SNS and EventBridge name their service in errors?"""
    missing = f"{probe_run.region}:{probe_run.account}:contracts-missing"
    url = f"https://sqs.{probe_run.region}.amazonaws.com/{probe_run.account}/contracts-missing"
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "sqs": ("arn:aws:states:::sqs:sendMessage", {"QueueUrl": url, "MessageBody": "x"}),
        "sns": ("arn:aws:states:::sns:publish", {"TopicArn": f"arn:aws:sns:{missing}", "Message": "x"}),
        "events": (
            "arn:aws:states:::events:putEvents",
            {
                "Entries": [
                    {"Source": "contracts", "DetailType": "x", "Detail": {}, "EventBusName": "contracts-missing"}
                ]
            },
        ),
    }
    answer = {}
    for name, (resource, parameters) in calls.items():
        found = run_state(probe_run, {"Type": "Task", "Resource": resource, "Parameters": parameters})
        if found["status"] == "FAILED":
            answer[name] = _kind(found.get("error", ""))
        else:
            answer[name] = f"a result with {' '.join(sorted(set(json.loads(found['output'])) & {'FailedEntryCount'}))}"
    return answer


@probe("sfn-timeout-error-name", expects={"status": "TIMED_OUT", "error": None}, uses=(machine_role,))
def timeout_error_name(probe_run: ProbeRun) -> Any:
    """Has an execution that ran longer than its machine's TimeoutSeconds an error name?"""
    waiting = {"Type": "Wait", "Seconds": 60, "End": True}
    machine = make_machine(probe_run, {"StartAt": "Long", "TimeoutSeconds": 1, "States": {"Long": waiting}})
    found = ended(probe_run, start(probe_run, machine))
    return {"status": found["status"], "error": found.get("error")}


def _token_task(queue_url: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue_url, "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
        **more,
    }


@probe("sfn-closed-token", expects={"first": "accepted", "second": "TaskTimedOut"}, uses=(machine_role,))
def closed_token(probe_run: ProbeRun) -> Any:
    """What answers SendTaskSuccess for the token of a task that is over?"""
    url, _ = make_queue(probe_run, "tokens")
    machine = make_machine(probe_run, {"StartAt": "Task", "States": {"Task": _token_task(url)}})
    execution = start(probe_run, machine)
    log = EventLog(probe_run, url)
    token = log.find(lambda body: "token" in body, "the token")["token"]
    send = probe_run.client("stepfunctions").send_task_success
    first = answer_of(send, taskToken=token, output="{}")
    ended(probe_run, execution)
    return {"first": first, "second": answer_of(send, taskToken=token, output="{}")}


@probe("sfn-heartbeat-error", expects="States.Timeout", uses=(machine_role,))
def heartbeat_error(probe_run: ProbeRun) -> Any:
    """Which error has a task whose heartbeat was missing?"""
    url, _ = make_queue(probe_run, "heartbeats")
    task = _token_task(url, HeartbeatSeconds=2)
    found = ended(probe_run, start(probe_run, make_machine(probe_run, {"StartAt": "Task", "States": {"Task": task}})))
    return found.get("error")


@probe(
    "sfn-intrinsic-failures",
    expects={
        "States.ArrayGetItem($.list, 9)": "States.IntrinsicFailure",
        "States.MathAdd('a', 1)": "States.IntrinsicFailure",
        "States.StringToJson('no JSON')": "States.IntrinsicFailure",
        "States.Format('{} {}', 'a')": "States.IntrinsicFailure",
    },
    uses=(machine_role,),
)
def intrinsic_failures(probe_run: ProbeRun) -> Any:
    """Which error has a state whose intrinsic function fails?"""
    answer = {}
    for text in (
        "States.ArrayGetItem($.list, 9)",
        "States.MathAdd('a', 1)",
        "States.StringToJson('no JSON')",
        "States.Format('{} {}', 'a')",
    ):
        state = {"Type": "Pass", "Parameters": {"value.$": text}, "End": True}
        definition = {"StartAt": "Only", "States": {"Only": state}}
        answer[text] = ended(probe_run, start(probe_run, make_machine(probe_run, definition), {"list": [1]})).get(
            "error"
        )
    return answer


@probe("sfn-task-without-parameters", expects="States.Runtime or refused", uses=(machine_role,))
def task_without_parameters(probe_run: ProbeRun) -> Any:
    """What does a service task without Parameters pass on: its input, or nothing?"""
    url, _ = make_queue(probe_run, "plain")
    state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    definition = {"StartAt": "Only", "States": {"Only": state}}
    made: list[str] = []
    if answer_of(lambda: made.append(make_machine(probe_run, definition))) != "accepted":
        return "States.Runtime or refused"
    found = ended(probe_run, start(probe_run, made[0], {"QueueUrl": url, "MessageBody": "x"}))
    return "its input" if found["status"] == "SUCCEEDED" else "States.Runtime or refused"


@probe("sfn-role-not-assumable", expects="States.Permissions", uses=(machine_role,))
def role_not_assumable(probe_run: ProbeRun) -> Any:
    """Which error has a task whose Credentials name a role that cannot be assumed?"""
    closed = make_role(probe_run, "closed", trusted=trust(LAMBDA))
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
        "Parameters": {},
        "Credentials": {"RoleArn": closed},
    }
    return run_state(probe_run, state).get("error")


@probe("sfn-trace-to-execution", expects="none", uses=(machine_role,))
def trace_to_execution(probe_run: ProbeRun) -> Any:
    """Which trace has an execution that a traced execution's task starts without a header: its parent's, or none?"""
    inner = make_machine(probe_run, {"StartAt": "Only", "States": {"Only": {"Type": "Succeed"}}})
    role = service_role(probe_run, "nesting", STATES, {"Action": "states:StartExecution", "Resource": inner})
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution",
        "Parameters": {"StateMachineArn": inner},
        "End": True,
    }
    outer = make_machine(probe_run, {"StartAt": "Only", "States": {"Only": state}}, role)
    root = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    answer = probe_run.client("stepfunctions").start_execution(
        stateMachineArn=outer, traceHeader=f"Root={root};Sampled=1"
    )
    parent = ended(probe_run, str(answer["executionArn"]))
    passed = ended(probe_run, json.loads(parent["output"])["ExecutionArn"]).get("traceHeader", "")
    return "its parent's" if root in passed else "another" if passed else "none"


_LOGGING = [
    "logs:CreateLogDelivery",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
]


@probe(
    "sfn-logging-actions",
    expects={
        "none": "AccessDeniedException",
        "the four": "accepted",
        "CreateLogDelivery alone": "AccessDeniedException",
    },
    minutes=1,
)
def logging_actions(probe_run: ProbeRun) -> Any:
    """Which actions of a machine's role does CreateStateMachine with logging check?"""
    logs, name = probe_run.client("logs"), probe_run.name("logs")
    logs.create_log_group(logGroupName=name, tags=probe_run.tags)
    probe_run.later("logs", "delete_log_group", logGroupName=name)
    arn = f"arn:aws:logs:{probe_run.region}:{probe_run.account}:log-group:{name}:*"
    answer = {}
    for words, actions in (("none", []), ("the four", _LOGGING), ("CreateLogDelivery alone", _LOGGING[:1])):
        role = service_role(probe_run, "logging", STATES, *([{"Action": actions, "Resource": "*"}] if actions else []))

        def create(role: str = role) -> None:
            made = probe_run.client("stepfunctions").create_state_machine(
                name=probe_run.name("logging"),
                definition=json.dumps({"StartAt": "Only", "States": {"Only": {"Type": "Succeed"}}}),
                roleArn=role,
                loggingConfiguration={
                    "level": "ALL",
                    "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
                },
            )
            probe_run.later("stepfunctions", "delete_state_machine", stateMachineArn=made["stateMachineArn"])

        answer[words] = answer_of(create)
    return answer


@probe(
    "lambda-timeout-payload",
    expects={"FunctionError": "Unhandled", "members": ["errorMessage", "errorType"], "errorType": "Sandbox.Timedout"},
    uses=(function_role,),
)
def timeout_payload(probe_run: ProbeRun) -> Any:
    """Which payload has the answer of a function that ran out of time?"""
    name = make_function(probe_run, "import time\n\ndef handler(event, context):\n    time.sleep(30)\n", timeout=1)
    answer = probe_run.client("lambda").invoke(FunctionName=name)
    payload = json.loads(answer["Payload"].read())
    return {
        "FunctionError": answer.get("FunctionError"),
        "members": sorted(payload),
        "errorType": payload.get("errorType"),
    }


@probe("lambda-role-not-assumable", expects="AccessDeniedException", uses=(function_role,), minutes=1)
def function_role_not_assumable(probe_run: ProbeRun) -> Any:
    """What answers Invoke when Lambda can no longer assume the function's role?"""
    role = make_role(probe_run, "leaving", trusted=trust(LAMBDA))
    settle(probe_run)
    name = make_function(probe_run, "def handler(event, context):\n    return 1\n", role=role)
    probe_run.client("iam").update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=trust(STATES))
    settle(probe_run)
    return answer_of(probe_run.client("lambda").invoke, FunctionName=name)


def _publish(probe_run: ProbeRun, name: str, **change: Any) -> str:
    """Change a function and publish it; the version's number."""
    client = probe_run.client("lambda")
    client.update_function_configuration(FunctionName=name, **change)
    probe_run.wait(
        "the function to be updated",
        lambda: client.get_function_configuration(FunctionName=name).get("LastUpdateStatus") != "InProgress",
        120,
    )
    return str(client.publish_version(FunctionName=name)["Version"])


@probe("lambda-moved-alias", expects=["2"], uses=(function_role,), minutes=1)
def moved_alias(probe_run: ProbeRun) -> Any:
    """Does an alias that was moved a moment ago lead to its new version only, so that the former one may be deleted?"""
    client, name = probe_run.client("lambda"), make_function(probe_run, "def handler(event, context):\n    return 1\n")
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=_publish(probe_run, name, Description="one"))
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=_publish(probe_run, name, Description="two"))
    client.delete_function(FunctionName=name, Qualifier="1")
    answers: set[str] = set()

    def invoke() -> None:
        answers.add(client.invoke(FunctionName=f"{name}:live")["ExecutedVersion"])

    refused = {answer_of(invoke) for _ in range(20)} - {"accepted"}
    return sorted(answers | refused)


@probe(
    "lambda-snapshot-pending",
    expects={"invoke": "SnapStartNotReadyException", "alias": "ResourceConflictException", "state": "Active"},
    uses=(function_role,),
    usd=0.01,
    minutes=5,
)
def snapshot_pending(probe_run: ProbeRun) -> Any:
    """What may be done with a version whose snapshot is being made, and does it become Active?"""
    client, name = probe_run.client("lambda"), make_function(probe_run, "def handler(event, context):\n    return 1\n")
    version = _publish(probe_run, name, SnapStart={"ApplyOn": "PublishedVersions"})
    answer = {
        "invoke": answer_of(client.invoke, FunctionName=name, Qualifier=version),
        "alias": answer_of(client.create_alias, FunctionName=name, Name="early", FunctionVersion=version),
    }

    def state() -> str:
        found = str(client.get_function_configuration(FunctionName=name, Qualifier=version)["State"])
        return "" if found == "Pending" else found

    return {**answer, "state": probe_run.wait("the snapshot", state, 600)}


@probe("events-dead-letter-body", expects="the event as it arrived", usd=0.01, minutes=2)
def dead_letter_body(probe_run: ProbeRun) -> Any:
    """Which body has a dead letter of a target with an input transformer?"""
    url, dead = make_queue(probe_run, "dead", "events.amazonaws.com")
    _, closed = make_queue(probe_run, "closed")
    make_rule(
        probe_run,
        {"source": [f"contracts.{probe_run.id}"]},
        {
            "Arn": closed,
            "InputTransformer": {
                "InputPathsMap": {"kind": "$.detail-type"},
                "InputTemplate": '{"transformed": <kind>}',
            },
            "DeadLetterConfig": {"Arn": dead},
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        },
    )
    probe_run.pace.sleep(probe_run.pace.interval)
    probe_run.client("events").put_events(
        Entries=[{"Source": f"contracts.{probe_run.id}", "DetailType": "Contracts", "Detail": "{}"}]
    )
    body = EventLog(probe_run, url).find(lambda event: True, "the dead letter", 300)
    return "the transformed input" if "transformed" in body else "the event as it arrived"


@probe("sfn-failed-event", expects={"error": True, "cause": True}, uses=(machine_role,), minutes=1)
def failed_event(probe_run: ProbeRun) -> Any:
    """Does the event of a failed execution carry its error and cause?"""
    machine = make_machine(
        probe_run,
        {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "Contracts", "Cause": "on purpose"}}},
    )
    log = make_log(
        probe_run, {"source": ["aws.states"], "detail": {"stateMachineArn": [machine], "status": ["FAILED"]}}
    )
    probe_run.pace.sleep(probe_run.pace.interval)
    start(probe_run, machine)
    detail = log.find(lambda event: True, "the event", 300)["detail"]
    return {"error": detail.get("error") == "Contracts", "cause": detail.get("cause") == "on purpose"}


_MAP_ROLE = ("states:StartExecution", "states:DescribeExecution", "states:StopExecution", "states:RedriveExecution")


@probe(
    "sfn-map-run",
    expects={"label in the ARN": "Each", "events of child executions": 0},
    minutes=2,
)
def map_run(probe_run: ProbeRun) -> Any:
    """Which label has a map run whose state gives none, and are its children's ends told to EventBridge?"""
    role = service_role(probe_run, "map", STATES, {"Action": list(_MAP_ROLE), "Resource": "*"})
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Pass",
        "States": {"Pass": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    machine = make_machine(probe_run, {"StartAt": "Each", "States": {"Each": state}}, role)
    log = make_log(probe_run, {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}})
    probe_run.pace.sleep(probe_run.pace.interval)
    execution = start(probe_run, machine, {"items": [1, 2]})
    ended(probe_run, execution)
    runs = probe_run.client("stepfunctions").list_map_runs(executionArn=execution)["mapRuns"]

    def own(event: dict[str, Any]) -> bool:
        return bool(event["detail"]["executionArn"] == execution)

    log.find(own, "the event of the execution", 300)
    probe_run.pace.sleep(3 * probe_run.pace.interval)
    name = machine.rpartition(":")[2]
    children = [event for event in log.drain() if name in event["detail"]["executionArn"] and not own(event)]
    label = runs[0]["mapRunArn"].rpartition(":")[0].rpartition("/")[2]
    return {"label in the ARN": label, "events of child executions": len(children)}


@probe("sfn-map-child-role", expects="the machine's ARN", uses=(machine_role,), minutes=1)
def map_child_role(probe_run: ProbeRun) -> Any:
    """Which external id does a child execution of a distributed map pass when it assumes a role?"""
    assumes = {"Action": ["sts:AssumeRole"], "Resource": f"arn:aws:iam::{probe_run.account}:role/contracts-*"}
    role = service_role(probe_run, "map-child", STATES, {"Action": list(_MAP_ROLE), "Resource": "*"}, assumes)
    guarded = make_role(probe_run, "guarded", trusted=trust(principal=role))
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
        "Parameters": {},
        "Credentials": {"RoleArn": guarded},
        "End": True,
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Ask",
        "States": {"Ask": task},
    }
    state = {"Type": "Map", "Label": "each", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    machine = make_machine(probe_run, {"StartAt": "Each", "States": {"Each": state}}, role)
    for told, external_id in (("the machine's ARN", machine), ("the child machine's ARN", f"{machine}/each")):
        guard = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}}
        document = policy({"Principal": {"AWS": role}, "Action": ["sts:AssumeRole"], **guard})
        probe_run.client("iam").update_assume_role_policy(
            RoleName=guarded.rpartition("/")[2], PolicyDocument=document
        )  # fmt: skip
        settle(probe_run)
        if ended(probe_run, start(probe_run, machine, {"items": [1]}))["status"] == "SUCCEEDED":
            return told
    return "neither"
