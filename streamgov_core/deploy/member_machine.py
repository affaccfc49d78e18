"""The state machine of a member account: it runs ``apply`` and answers the central machine's task.

Every task has a time-out, jittered retries and a catch of everything: the central machine gets an answer or times out.
"""

from __future__ import annotations

from streamgov_core.deploy.task_states import MEMBER_FAILED, State, answer_retries, catch_all, function_retries
from streamgov_core.model.naming import Names

MEMBER_TIMEOUT = 840
"""Seconds of a member machine; shorter than the central machine waits for it."""
APPLY_TIMEOUT = 90
"""Seconds that the member machine waits for one invocation of ``apply`` (whose own time-out is shorter)."""


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
                "Retry": function_retries("RetryableGrantError", "RemoteError", attempts=6, interval=2, ceiling=20),
                "Catch": catch_all("AnswerFailure", "$.failure"),
                "Next": "AnswerSuccess",
            },
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
                "Retry": answer_retries(),
                "Catch": catch_all("AnswerLost", "$.failure"),
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
