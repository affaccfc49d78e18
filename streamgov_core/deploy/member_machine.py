"""The state machine of a member account: it runs ``apply`` and answers the central machine's task.

Every task has a time-out, jittered retries and a catch of everything: the central machine gets an answer or times out.
"""

from __future__ import annotations

from streamgov_core.deploy.task_states import (
    MEMBER_FAILED,
    MEMBER_NO_ROOM,
    State,
    answer_retries,
    catch_all,
    catch_no_room,
    function_retries,
)
from streamgov_core.model.command import WAITING
from streamgov_core.model.naming import Names

MEMBER_TIMEOUT = 840
"""Seconds of a member machine; shorter than the central machine waits for it."""
APPLY_TIMEOUT = 90
"""Seconds that the member machine waits for one invocation of ``apply`` (whose own time-out is shorter)."""


MAX_WAITS = 40
"""How often a command that must wait is asked again: five to nine minutes, the machine's own time-out aside."""
WAIT_FROM, WAIT_BELOW = 3, 12
"""Seconds between two questions, chosen at random so that many who wait do not come at once."""


def member_definition(names: Names, account: str, domain_account: str) -> State:
    """The member machine: run ``apply``, answer the central machine's task through the callback role."""
    callback = {"RoleArn": names.role_arn(domain_account, "callback")}
    return {
        "Comment": "Carries one side of a grant out in this account",
        "TimeoutSeconds": MEMBER_TIMEOUT,
        "StartAt": "Begin",
        "States": {
            "Begin": {
                "Type": "Pass",
                "Parameters": {"count": 0, "seconds": 0},
                "ResultPath": "$.waited",
                "Next": "Apply",
            },
            "Apply": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": names.function_arn(account, "apply"), "Payload.$": "$.command"},
                "ResultSelector": {"answer.$": "$.Payload"},
                "ResultPath": "$.result",
                "TimeoutSeconds": APPLY_TIMEOUT,
                "Retry": function_retries("RetryableGrantError", "RemoteError", attempts=6, interval=2, ceiling=20),
                "Catch": [catch_no_room("AnswerNoRoom", "$.failure"), *catch_all("AnswerFailure", "$.failure")],
                "Next": "CheckWaiting",
            },
            **_waiting_states(),
            "AnswerSuccess": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
                "Credentials": callback,
                "Parameters": {"TaskToken.$": "$.taskToken", "Output.$": "States.JsonToString($.result.answer)"},
                "ResultPath": "$.answered",
                "TimeoutSeconds": 60,
                "Retry": answer_retries(),
                "Catch": catch_all("AnswerLost", "$.failure"),
                "Next": "Done",
            },
            "Done": {"Type": "Succeed"},
            "AnswerFailure": _failing_answer(callback, MEMBER_FAILED, "NotApplied"),
            "AnswerNoRoom": _failing_answer(callback, MEMBER_NO_ROOM, "Done"),
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


def _failing_answer(callback: State, error: str, following: str) -> State:
    """Tell the central machine why it did not work."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskFailure",
        "Credentials": callback,
        "Parameters": {
            "TaskToken.$": "$.taskToken",
            "Error": error,
            "Cause.$": "States.JsonToString($.failure)",
        },
        "ResultPath": "$.answered",
        "TimeoutSeconds": 60,
        "Retry": answer_retries(),
        "Catch": catch_all("AnswerLost", "$.failure"),
        "Next": following,
    }


def _waiting_states() -> dict[str, State]:
    """Wait and ask again while the answer says so; a wait in the machine keeps no function busy."""
    waits: State = {"Variable": "$.result.answer.status", "StringEquals": WAITING}
    return {
        "CheckWaiting": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [waits, {"Variable": "$.waited.count", "NumericLessThan": MAX_WAITS}],
                    "Next": "CountWait",
                },
                {**waits, "Next": "WaitedTooLong"},
            ],
            "Default": "AnswerSuccess",
        },
        "CountWait": {
            "Type": "Pass",
            "Parameters": {
                "count.$": "States.MathAdd($.waited.count, 1)",
                "seconds.$": f"States.MathRandom({WAIT_FROM}, {WAIT_BELOW})",
            },
            "ResultPath": "$.waited",
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "SecondsPath": "$.waited.seconds", "Next": "Apply"},
        "WaitedTooLong": {
            "Type": "Pass",
            "Parameters": {"Error": "WaitingGrantError", "Cause.$": "$.result.answer.cause"},
            "ResultPath": "$.failure",
            "Next": "AnswerFailure",
        },
    }
