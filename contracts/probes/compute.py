"""Step Functions, Lambda and EventBridge."""

from __future__ import annotations

import json
from typing import Any

from contracts.probe import probe
from contracts.scene import Scene, answer_of, policy
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
def error_prefixes(scene: Scene) -> Any:
    """How do the optimized integrations of SQS, SNS and EventBridge name their service in errors?"""
    missing = f"{scene.region}:{scene.account}:contracts-missing"
    url = f"https://sqs.{scene.region}.amazonaws.com/{scene.account}/contracts-missing"
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
        found = run_state(scene, {"Type": "Task", "Resource": resource, "Parameters": parameters})
        if found["status"] == "FAILED":
            answer[name] = _kind(found.get("error", ""))
        else:
            answer[name] = f"a result with {' '.join(sorted(set(json.loads(found['output'])) & {'FailedEntryCount'}))}"
    return answer


@probe("sfn-timeout-error-name", expects={"status": "TIMED_OUT", "error": None}, uses=(machine_role,))
def timeout_error_name(scene: Scene) -> Any:
    """Has an execution that ran longer than its machine's TimeoutSeconds an error name?"""
    waiting = {"Type": "Wait", "Seconds": 60, "End": True}
    machine = make_machine(scene, {"StartAt": "Long", "TimeoutSeconds": 1, "States": {"Long": waiting}})
    found = ended(scene, start(scene, machine))
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
def closed_token(scene: Scene) -> Any:
    """What answers SendTaskSuccess for the token of a task that is over?"""
    url, _ = make_queue(scene, "tokens")
    machine = make_machine(scene, {"StartAt": "Task", "States": {"Task": _token_task(url)}})
    execution = start(scene, machine)
    log = EventLog(scene, url)
    token = log.find(lambda body: "token" in body, "the token")["token"]
    send = scene.client("stepfunctions").send_task_success
    first = answer_of(send, taskToken=token, output="{}")
    ended(scene, execution)
    return {"first": first, "second": answer_of(send, taskToken=token, output="{}")}


@probe("sfn-heartbeat-error", expects="States.Timeout", uses=(machine_role,))
def heartbeat_error(scene: Scene) -> Any:
    """Which error has a task whose heartbeat was missing?"""
    url, _ = make_queue(scene, "heartbeats")
    task = _token_task(url, HeartbeatSeconds=2)
    found = ended(scene, start(scene, make_machine(scene, {"StartAt": "Task", "States": {"Task": task}})))
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
def intrinsic_failures(scene: Scene) -> Any:
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
        answer[text] = ended(scene, start(scene, make_machine(scene, definition), {"list": [1]})).get("error")
    return answer


@probe("sfn-task-without-parameters", expects="States.Runtime or refused", uses=(machine_role,))
def task_without_parameters(scene: Scene) -> Any:
    """What does a service task without Parameters pass on: its input, or nothing?"""
    url, _ = make_queue(scene, "plain")
    state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    definition = {"StartAt": "Only", "States": {"Only": state}}
    made: list[str] = []
    if answer_of(lambda: made.append(make_machine(scene, definition))) != "accepted":
        return "States.Runtime or refused"
    found = ended(scene, start(scene, made[0], {"QueueUrl": url, "MessageBody": "x"}))
    return "its input" if found["status"] == "SUCCEEDED" else "States.Runtime or refused"


@probe("sfn-role-not-assumable", expects="States.Permissions", uses=(machine_role,))
def role_not_assumable(scene: Scene) -> Any:
    """Which error has a task whose Credentials name a role that cannot be assumed?"""
    closed = make_role(scene, "closed", trusted=trust(LAMBDA))
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
        "Parameters": {},
        "Credentials": {"RoleArn": closed},
    }
    return run_state(scene, state).get("error")


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
def logging_actions(scene: Scene) -> Any:
    """Which actions of a machine's role does CreateStateMachine with logging check?"""
    logs, name = scene.client("logs"), scene.name("logs")
    logs.create_log_group(logGroupName=name, tags=scene.tags)
    scene.later("logs", "delete_log_group", logGroupName=name)
    arn = f"arn:aws:logs:{scene.region}:{scene.account}:log-group:{name}:*"
    answer = {}
    for words, actions in (("none", []), ("the four", _LOGGING), ("CreateLogDelivery alone", _LOGGING[:1])):
        role = service_role(scene, "logging", STATES, *([{"Action": actions, "Resource": "*"}] if actions else []))

        def create(role: str = role) -> None:
            made = scene.client("stepfunctions").create_state_machine(
                name=scene.name("logging"),
                definition=json.dumps({"StartAt": "Only", "States": {"Only": {"Type": "Succeed"}}}),
                roleArn=role,
                loggingConfiguration={
                    "level": "ALL",
                    "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
                },
            )
            scene.later("stepfunctions", "delete_state_machine", stateMachineArn=made["stateMachineArn"])

        answer[words] = answer_of(create)
    return answer


@probe(
    "lambda-timeout-payload",
    expects={"FunctionError": "Unhandled", "members": ["errorMessage", "errorType"], "errorType": "Sandbox.Timedout"},
    uses=(function_role,),
)
def timeout_payload(scene: Scene) -> Any:
    """Which payload has the answer of a function that ran out of time?"""
    name = make_function(scene, "import time\n\ndef handler(event, context):\n    time.sleep(30)\n", timeout=1)
    answer = scene.client("lambda").invoke(FunctionName=name)
    payload = json.loads(answer["Payload"].read())
    return {
        "FunctionError": answer.get("FunctionError"),
        "members": sorted(payload),
        "errorType": payload.get("errorType"),
    }


@probe("lambda-role-not-assumable", expects="AccessDeniedException", uses=(function_role,), minutes=1)
def function_role_not_assumable(scene: Scene) -> Any:
    """What answers Invoke when Lambda can no longer assume the function's role?"""
    role = make_role(scene, "leaving", trusted=trust(LAMBDA))
    settle(scene)
    name = make_function(scene, "def handler(event, context):\n    return 1\n", role=role)
    scene.client("iam").update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=trust(STATES))
    settle(scene)
    return answer_of(scene.client("lambda").invoke, FunctionName=name)


def _publish(scene: Scene, name: str, **change: Any) -> str:
    """Change a function and publish it; the version's number."""
    client = scene.client("lambda")
    client.update_function_configuration(FunctionName=name, **change)
    scene.wait(
        "the function to be updated",
        lambda: client.get_function_configuration(FunctionName=name).get("LastUpdateStatus") != "InProgress",
        120,
    )
    return str(client.publish_version(FunctionName=name)["Version"])


@probe("lambda-moved-alias", expects=["2"], uses=(function_role,), minutes=1)
def moved_alias(scene: Scene) -> Any:
    """Does an alias that was moved a moment ago lead to its new version only, so that the former one may be deleted?"""
    client, name = scene.client("lambda"), make_function(scene, "def handler(event, context):\n    return 1\n")
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=_publish(scene, name, Description="one"))
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=_publish(scene, name, Description="two"))
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
def snapshot_pending(scene: Scene) -> Any:
    """What may be done with a version whose snapshot is being made, and does it become Active?"""
    client, name = scene.client("lambda"), make_function(scene, "def handler(event, context):\n    return 1\n")
    version = _publish(scene, name, SnapStart={"ApplyOn": "PublishedVersions"})
    answer = {
        "invoke": answer_of(client.invoke, FunctionName=name, Qualifier=version),
        "alias": answer_of(client.create_alias, FunctionName=name, Name="early", FunctionVersion=version),
    }

    def state() -> str:
        found = str(client.get_function_configuration(FunctionName=name, Qualifier=version)["State"])
        return "" if found == "Pending" else found

    return {**answer, "state": scene.wait("the snapshot", state, 600)}


@probe("events-dead-letter-body", expects="the event as it arrived", usd=0.01, minutes=2)
def dead_letter_body(scene: Scene) -> Any:
    """Which body has a dead letter of a target with an input transformer?"""
    url, dead = make_queue(scene, "dead", "events.amazonaws.com")
    _, closed = make_queue(scene, "closed")
    make_rule(
        scene,
        {"source": [f"contracts.{scene.run}"]},
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
    scene.pace.sleep(scene.pace.interval)
    scene.client("events").put_events(
        Entries=[{"Source": f"contracts.{scene.run}", "DetailType": "Contracts", "Detail": "{}"}]
    )
    body = EventLog(scene, url).find(lambda event: True, "the dead letter", 300)
    return "the transformed input" if "transformed" in body else "the event as it arrived"


@probe("sfn-failed-event", expects={"error": True, "cause": True}, uses=(machine_role,), minutes=1)
def failed_event(scene: Scene) -> Any:
    """Does the event of a failed execution carry its error and cause?"""
    machine = make_machine(
        scene,
        {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "Contracts", "Cause": "on purpose"}}},
    )
    log = make_log(scene, {"source": ["aws.states"], "detail": {"stateMachineArn": [machine], "status": ["FAILED"]}})
    scene.pace.sleep(scene.pace.interval)
    start(scene, machine)
    detail = log.find(lambda event: True, "the event", 300)["detail"]
    return {"error": detail.get("error") == "Contracts", "cause": detail.get("cause") == "on purpose"}


_MAP_ROLE = ("states:StartExecution", "states:DescribeExecution", "states:StopExecution", "states:RedriveExecution")


@probe(
    "sfn-map-run",
    expects={"label in the ARN": "Each", "events of child executions": 0},
    minutes=2,
)
def map_run(scene: Scene) -> Any:
    """Which label has a map run whose state gives none, and are its children's ends told to EventBridge?"""
    role = service_role(scene, "map", STATES, {"Action": list(_MAP_ROLE), "Resource": "*"})
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Pass",
        "States": {"Pass": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    machine = make_machine(scene, {"StartAt": "Each", "States": {"Each": state}}, role)
    log = make_log(scene, {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}})
    scene.pace.sleep(scene.pace.interval)
    execution = start(scene, machine, {"items": [1, 2]})
    ended(scene, execution)
    runs = scene.client("stepfunctions").list_map_runs(executionArn=execution)["mapRuns"]

    def own(event: dict[str, Any]) -> bool:
        return bool(event["detail"]["executionArn"] == execution)

    log.find(own, "the event of the execution", 300)
    scene.pace.sleep(3 * scene.pace.interval)
    name = machine.rpartition(":")[2]
    children = [event for event in log.drain() if name in event["detail"]["executionArn"] and not own(event)]
    label = runs[0]["mapRunArn"].rpartition(":")[0].rpartition("/")[2]
    return {"label in the ARN": label, "events of child executions": len(children)}


@probe("sfn-map-child-role", expects="the machine's ARN", uses=(machine_role,), minutes=1)
def map_child_role(scene: Scene) -> Any:
    """Which external id does a child execution of a distributed map pass when it assumes a role?"""
    assumes = {"Action": ["sts:AssumeRole"], "Resource": f"arn:aws:iam::{scene.account}:role/contracts-*"}
    role = service_role(scene, "map-child", STATES, {"Action": list(_MAP_ROLE), "Resource": "*"}, assumes)
    guarded = make_role(scene, "guarded", trusted=trust(principal=role))
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
    machine = make_machine(scene, {"StartAt": "Each", "States": {"Each": state}}, role)
    for told, external_id in (("the machine's ARN", machine), ("the child machine's ARN", f"{machine}/each")):
        guard = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}}
        document = policy({"Principal": {"AWS": role}, "Action": ["sts:AssumeRole"], **guard})
        scene.client("iam").update_assume_role_policy(
            RoleName=guarded.rpartition("/")[2], PolicyDocument=document
        )  # fmt: skip
        settle(scene)
        if ended(scene, start(scene, machine, {"items": [1]}))["status"] == "SUCCEEDED":
            return told
    return "neither"
