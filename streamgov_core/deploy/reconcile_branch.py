"""The branch of the central machine that reconciles: the same machine, the same steps in the member accounts.

Its input is ``{"action": "reconcile", "dryRun": true | false}``. A large ledger is worked through in portions.
"""

from __future__ import annotations

from typing import Any

from streamgov_core.deploy.member_stages import member_stage
from streamgov_core.deploy.task_states import State, catch_all, function_retries, function_task
from streamgov_core.model.naming import Names

RECONCILE_TIMEOUT = 600
"""Time-out of the reconcile function in seconds: it lists DataZone below the rates that DataZone documents."""


def reconcile_states(names: Names, domain_account: str) -> dict[str, State]:
    """The states, which begin with ``ReconcileBegin`` and end with ``ReconcileDone`` or ``ReconcileFailed``.

    Args:
        names: of the deployment.
        domain_account: where the machine runs.
    """
    arn = names.function_arn(domain_account, "reconcile")

    def phase(payload: dict[str, Any], result: str, following: str) -> State:
        return {
            **function_task(arn, payload, timeout=RECONCILE_TIMEOUT + 60),
            "ResultSelector": {f"{result}.$": "$.Payload"},
            "ResultPath": "$.portion",
            "Retry": function_retries("RetryableGrantError", "RemoteError", attempts=4, interval=5, ceiling=60),
            "Catch": [
                # What a function of ours raises has a sentence, in the JSON text that Lambda makes of an error.
                {"ErrorEquals": ["EventRefusedError"], "ResultPath": "$.failure", "Next": "ReconcileRefused"},
                *catch_all("ReconcileFailed"),
            ],
            "Next": following,
        }

    return {
        "ReconcileBegin": {
            "Type": "Pass",
            "Parameters": {"input.$": "$", "portion": {"reported": {"next": "", "waiting": []}}},
            "Next": "ReconcilePlan",
        },
        "ReconcilePlan": phase(
            {
                "phase": "plan",
                "input.$": "$.input",
                "execution.$": "$$.Execution.Id",
                "cursor.$": "$.portion.reported.next",
                "waiting.$": "$.portion.reported.waiting",
            },
            "plan",
            "ReconcileMembers",
        ),
        "ReconcileMembers": member_stage(
            "ReconcileMembers", "$.portion.plan.members", "$.portion.answers", "ReconcileConclude", "ReconcileFailed"
        ),
        "ReconcileConclude": phase(
            {"phase": "conclude", "plan.$": "$.portion.plan", "answers.$": "$.portion.answers"},
            "concluded",
            "ReconcileFirst",
        ),
        "ReconcileFirst": member_stage(
            "ReconcileFirst", "$.portion.concluded.first", "$.portion.firstDone", "ReconcileSecond", "ReconcileFailed"
        ),
        "ReconcileSecond": member_stage(
            "ReconcileSecond",
            "$.portion.concluded.second",
            "$.portion.secondDone",
            "ReconcileReport",
            "ReconcileFailed",
        ),
        "ReconcileReport": phase(
            {
                "phase": "report",
                "concluded.$": "$.portion.concluded",
                "firstDone.$": "$.portion.firstDone",
                "secondDone.$": "$.portion.secondDone",
            },
            "reported",
            "ReconcileMore",
        ),
        "ReconcileMore": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.portion.reported.next", "StringEquals": "", "Next": "ReconcileDone"}],
            "Default": "ReconcilePlan",
        },
        "ReconcileDone": {"Type": "Pass", "InputPath": "$.portion.reported", "End": True},
        "ReconcileRefused": {
            "Type": "Pass",
            "Parameters": {"refused.$": "States.StringToJson($.failure.Cause)"},
            "Next": "ReconcileRejected",
        },
        "ReconcileRejected": {"Type": "Fail", "Error": "ReconcileFailed", "CausePath": "$.refused.errorMessage"},
        "ReconcileFailed": {
            "Type": "Fail",
            "Error": "ReconcileFailed",
            "Cause": "The reconciler could not finish; its function's log says why. The next run begins anew",
        },
    }
