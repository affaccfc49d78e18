"""The two state machines and the rules that start the central one, as plain dictionaries.

Amazon States Language with JSONPath. A path that does not resolve cannot be caught, so states read only members that a
function always returns, or that a ``Catch`` with a ``ResultPath`` has just written. Every task has a time-out, jittered
retries and a catch of everything. What a machine cannot catch itself (its own time-out, an abort) reaches the settle
rule, which starts the same machine with action ``settle``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamgov_core.deploy.reconcile_branch import reconcile_states
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT
from streamgov_core.model.command import ACCESS_MAY_REMAIN
from streamgov_core.model.naming import Names

State = dict[str, Any]

MEMBER_TIMEOUT = 840
"""Seconds of a member machine; shorter than the central machine waits for it."""
INVOKE_TIMEOUT = 900
UNDO_RETRIES = 2
"""How often a member that could not undo is asked again, beside the retries of its own machine."""
UNDO_PAUSE = 60
"""Seconds until the settle rule may undo again: most outages are over by then."""
APPLY_TIMEOUT = 90
"""Seconds that the member machine waits for one invocation of ``apply`` (whose own time-out is shorter)."""

_LAMBDA_ERRORS = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
)
MEMBER_FAILED = "MemberFailed"
STEP_FAILED = "StepFailed"


def central_definition(names: Names, domain_account: str) -> State:
    """The central machine: collect, then each asset on its own: grant or revoke, undo on failure, report.

    The input is a DataZone event, or ``{"action": "settle" | "redrive", …}``; it is a hint that ``collect`` checks.
    With ``{"action": "reconcile", …}`` the machine takes the branch of ``reconcile.workflow``.
    """
    collect = names.function_arn(domain_account, "collect")
    report = names.function_arn(domain_account, "report")
    asset_states = {
        "First": _stage("First", "$.do.first", "$.firstDone", "Second", "UndoFirst"),
        "Second": _stage("Second", "$.do.second", "$.secondDone", "Report", "UndoFirst"),
        "UndoFirst": _undo_stage("UndoFirst", "$.undo.first", "$.undoFirstDone", "UndoSecond"),
        "UndoSecond": _undo_stage("UndoSecond", "$.undo.second", "$.undoSecondDone", "Report"),
        "Report": {
            **_function(report, {"kind": "outcome", "item.$": "$"}, timeout=120),
            "ResultSelector": {"reported.$": "$.Payload"},
            "Retry": _retries("RetryableGrantError", "RemoteError", attempts=6, interval=3, ceiling=60),
            "Catch": _catch("NotReported"),
            "End": True,
        },
        "NotReported": {
            "Type": "Fail",
            "Error": "NotReported",
            "Cause": "The outcome could not be reported to DataZone: the settle rule starts again from the ledger",
        },
    }
    return {
        "Comment": "Carries a DataZone subscription grant out in the accounts of producer and consumer",
        "TimeoutSeconds": CENTRAL_TIMEOUT,
        "StartAt": "Route",
        "States": {
            "Route": {
                "Type": "Choice",
                "Choices": [
                    {
                        "And": [
                            {"Variable": "$.action", "IsPresent": True},
                            {"Variable": "$.action", "StringEquals": "reconcile"},
                        ],
                        "Next": "ReconcileBegin",
                    }
                ],
                "Default": "Collect",
            },
            **reconcile_states(names, domain_account, _stage, _reconcile_task),
            "Collect": {
                **_function(
                    collect,
                    {"event.$": "$", "execution.$": "$$.Execution.Id", "startedAt.$": "$$.Execution.StartTime"},
                    timeout=120,
                ),
                "ResultSelector": {"items.$": "$.Payload.items"},
                "ResultPath": "$.plan",
                "Retry": _retries("RetryableGrantError", "RemoteError", attempts=5, interval=2, ceiling=30),
                "Catch": _catch("ReportCollectFailure", "$.failure"),
                "Next": "Assets",
            },
            "Assets": {
                "Type": "Map",
                "ItemsPath": "$.plan.items",
                "MaxConcurrency": 10,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "First",
                    "States": asset_states,
                },
                "ResultPath": "$.reported",
                "Catch": _catch("Unfinished", "$.failure"),
                "Next": "Outcomes",
            },
            # The reports as text: a Choice cannot look into a list.
            "Outcomes": {
                "Type": "Pass",
                "Parameters": {"reported.$": "$.reported", "text.$": "States.JsonToString($.reported)"},
                "Next": "Settled",
            },
            "Settled": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.text", "StringMatches": f'*"{ACCESS_MAY_REMAIN}"*', "Next": "BeforeAgain"}],
                "Default": "Done",
            },
            "Done": {"Type": "Succeed"},
            "BeforeAgain": {"Type": "Wait", "Seconds": UNDO_PAUSE, "Next": "AccessMayRemain"},
            "AccessMayRemain": {
                "Type": "Fail",
                "Error": "AccessMayRemain",
                "Cause": "A failed grant could not be undone everywhere: the settle rule starts the undoing again",
            },
            "ReportCollectFailure": {
                **_function(
                    report,
                    {"kind": "collect-failure", "event.$": "$", "execution.$": "$$.Execution.Id"},
                    timeout=120,
                ),
                "ResultPath": "$.reported",
                "Retry": _retries("RetryableGrantError", "RemoteError", attempts=6, interval=3, ceiling=60),
                "Catch": _catch("Unfinished", "$.failure"),
                "Next": "NotCollected",
            },
            "NotCollected": {
                "Type": "Fail",
                "Error": "NotCollected",
                "Cause": "The grant's metadata could not be collected; the cause stands in DataZone and in the log",
            },
            "Unfinished": {
                "Type": "Fail",
                "Error": "Unfinished",
                "Cause": "At least one asset was not reported: the settle rule starts again from the ledger",
            },
        },
    }


def member_definition(names: Names, account: str, domain_account: str) -> State:
    """The member machine: run ``apply``, answer the central machine's task through the callback role."""
    callback = {"RoleArn": names.role_arn(domain_account, "callback")}
    return {
        "Comment": "Carries one side of a grant out in this account",
        "TimeoutSeconds": MEMBER_TIMEOUT,
        "StartAt": "Apply",
        "States": {
            "Apply": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": names.function_arn(account, "apply"), "Payload.$": "$.command"},
                "ResultSelector": {"answer.$": "$.Payload"},
                "ResultPath": "$.result",
                "TimeoutSeconds": APPLY_TIMEOUT,
                "Retry": _retries("RetryableGrantError", "RemoteError", attempts=6, interval=2, ceiling=20),
                "Catch": _catch("AnswerFailure", "$.failure"),
                "Next": "AnswerSuccess",
            },
            "AnswerSuccess": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
                "Credentials": callback,
                "Parameters": {"TaskToken.$": "$.taskToken", "Output.$": "States.JsonToString($.result.answer)"},
                "ResultPath": "$.answered",
                "TimeoutSeconds": 60,
                "Retry": _answer_retries(),
                "Catch": _catch("AnswerLost", "$.failure"),
                "Next": "Done",
            },
            "Done": {"Type": "Succeed"},
            "AnswerFailure": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskFailure",
                "Credentials": callback,
                "Parameters": {
                    "TaskToken.$": "$.taskToken",
                    "Error": MEMBER_FAILED,
                    "Cause.$": "States.JsonToString($.failure)",
                },
                "ResultPath": "$.answered",
                "TimeoutSeconds": 60,
                "Retry": _answer_retries(),
                "Catch": _catch("AnswerLost", "$.failure"),
                "Next": "NotApplied",
            },
            "NotApplied": {
                "Type": "Fail",
                "Error": "NotApplied",
                "Cause": "apply failed after its retries; the central machine knows the cause",
            },
            "AnswerLost": {
                "Type": "Fail",
                "Error": "AnswerLost",
                "Cause": "The central machine could not be told; its task times out and it undoes the grant",
            },
        },
    }


def grant_event_pattern(names: Names, domain_id: str, asset_types: Sequence[str]) -> State:
    """The EventBridge pattern of the grant events that concern us.

    UNVERIFIED: what ``asset.typeName`` says in the event of a data product's grant. So events without a type and those
    of data products pass as well; the collector asks DataZone which assets are ours.
    """
    return {
        "source": ["aws.datazone"],
        "detail-type": ["Subscription Grant Requested", "Subscription Grant Revoke Requested"],
        "detail": {
            "metadata": {"domain": [domain_id]},
            "data": {
                "asset": {
                    "typeName": [
                        *sorted(asset_types),
                        {"exists": False},
                        {"prefix": "DataProduct"},
                        {"prefix": "amazon.datazone.DataProduct"},
                    ]
                }
            },
        },
    }


def settle_event_pattern(names: Names, domain_account: str) -> State:
    """The EventBridge pattern of central executions that ended in a way that nothing in them could handle."""
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [names.central_machine_arn(domain_account)],
            "status": ["FAILED", "TIMED_OUT", "ABORTED"],
        },
    }


def settle_input_transformer() -> dict[str, Any]:
    """The rule's input: which execution ended, and how. ``collect`` reads its input by DescribeExecution."""
    return {
        "input_paths": {"execution": "$.detail.executionArn", "status": "$.detail.status"},
        "input_template": '{"version":1,"action":"settle","executionArn":<execution>,"status":<status>}',
    }


def _undo_stage(name: str, items: str, result: str, following: str) -> State:
    """A stage that undoes: a member that failed is asked again, and the cause of the grant's failure is kept."""
    state = _stage(name, items, result, following, following)
    task = state["ItemProcessor"]["States"][f"{name}Invoke"]
    task["Retry"][0] = _retry((MEMBER_FAILED,), attempts=UNDO_RETRIES, interval=15, ceiling=60)
    state["Catch"] = _catch(following, "$.undoFailure")
    return state


def _stage(name: str, items: str, result: str, following: str, caught: str) -> State:
    """One stage: the same step for each account concerned, side by side."""
    return {
        "Type": "Map",
        "ItemsPath": items,
        "MaxConcurrency": 5,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": f"{name}Invoke",
            "States": _step_states(name),
        },
        "ResultPath": result,
        "Catch": _catch(caught, "$.failure"),
        "Next": following,
    }


def _step_states(stage: str) -> dict[str, State]:
    """Run one member machine and wait for its answer; a strict step fails unless the answer is APPLIED.

    A state's name is unique in the whole definition (Amazon States Language), so it carries its stage's.
    """
    return {
        f"{stage}Invoke": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken",
            "Credentials": {"RoleArn.$": "$.roleArn"},
            "Parameters": {
                "StateMachineArn.$": "$.machineArn",
                "Name.$": "States.Format('{}-{}', $.name, States.UUID())",
                "Input": {"command.$": "$.command", "taskToken.$": "$$.Task.Token"},
            },
            "ResultPath": "$.outcome",
            "TimeoutSeconds": INVOKE_TIMEOUT,
            "Retry": [
                {"ErrorEquals": [MEMBER_FAILED], "MaxAttempts": 0},
                _retry(("States.TaskFailed",), attempts=4, interval=2, ceiling=20),
            ],
            "Catch": _catch(f"{stage}Judge", "$.outcome"),
            "Next": f"{stage}Judge",
        },
        f"{stage}Judge": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.outcome.status", "IsPresent": True},
                        {"Variable": "$.outcome.status", "StringEquals": "APPLIED"},
                    ],
                    "Next": f"{stage}Settled",
                },
                {"Variable": "$.strict", "BooleanEquals": True, "Next": f"{stage}Failed"},
            ],
            "Default": f"{stage}Settled",
        },
        f"{stage}Settled": {
            "Type": "Pass",
            "Parameters": {"side.$": "$.command.side", "outcome.$": "$.outcome"},
            "End": True,
        },
        f"{stage}Failed": {"Type": "Fail", "Error": STEP_FAILED, "CausePath": "States.JsonToString($.outcome)"},
    }


def _function(arn: str, payload: dict[str, Any], timeout: int) -> State:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn, "Payload": payload},
        "TimeoutSeconds": timeout,
    }


def _reconcile_task(arn: str, payload: dict[str, Any], timeout: int) -> State:
    retries = _retries("RetryableGrantError", "RemoteError", attempts=4, interval=5, ceiling=60)
    return {**_function(arn, payload, timeout), "Retry": retries}


def _retry(errors: tuple[str, ...], *, attempts: int, interval: int, ceiling: int) -> State:
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": interval,
        "MaxAttempts": attempts,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": ceiling,
        "JitterStrategy": "FULL",
    }


def _retries(*own: str, attempts: int, interval: int, ceiling: int) -> list[State]:
    return [
        _retry(own, attempts=attempts, interval=interval, ceiling=ceiling),
        # An account's concurrency may be as low as 10 ("Lambda quotas"): a burst of grants waits for its turn.
        _retry(("Lambda.TooManyRequestsException",), attempts=10, interval=2, ceiling=60),
        # The others that "Handling transient Lambda service exceptions" names, and the client's own time-out.
        _retry(_LAMBDA_ERRORS, attempts=5, interval=1, ceiling=20),
        # A function that was killed or timed out: once more, since every effect is idempotent.
        _retry(
            ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"),
            attempts=2,
            interval=2,
            ceiling=10,
        ),
    ]


def _answer_retries() -> list[State]:
    return [
        {"ErrorEquals": ["Sfn.TaskTimedOutException", "Sfn.InvalidTokenException"], "MaxAttempts": 0},
        _retry(("States.TaskFailed", "States.Timeout"), attempts=6, interval=2, ceiling=30),
    ]


def _catch(following: str, path: str = "$.failure") -> list[State]:
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": path, "Next": following}]
