"""The branch of the central machine that reconciles: the same machine, the same steps in the member accounts.

Its input is ``{"action": "reconcile", "dryRun": true | false}``. A large ledger is worked through in portions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamgov_core.model.naming import Names

State = dict[str, Any]

RECONCILE_TIMEOUT = 600
"""Seconds of the reconcile function: lists are read slower than the rates that DataZone documents."""


def reconcile_states(
    names: Names, domain_account: str, stage: Callable[[str, str, str, str, str], State], task: Callable[..., State]
) -> dict[str, State]:
    """The states, which begin with ``ReconcileBegin`` and end with ``ReconcileDone`` or ``ReconcileFailed``.

    Args:
        names: of the deployment.
        domain_account: where the machine runs.
        stage: makes the states of a stage of member steps: (name, items, result, next, caught).
        task: makes a task of a function: (arn, payload, timeout=…), retries included.
    """
    arn = names.function_arn(domain_account, "reconcile")

    def phase(payload: State, result: str, following: str) -> State:
        return {
            **task(arn, payload, timeout=RECONCILE_TIMEOUT + 60),
            "ResultSelector": {f"{result}.$": "$.Payload"},
            "ResultPath": "$.portion",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "ReconcileFailed"}],
            "Next": following,
        }

    return {
        "ReconcileBegin": {
            "Type": "Pass",
            "Parameters": {"order.$": "$", "portion": {"reported": {"next": ""}}},
            "Next": "ReconcilePlan",
        },
        "ReconcilePlan": phase(
            {
                "phase": "plan",
                "order.$": "$.order",
                "execution.$": "$$.Execution.Id",
                "cursor.$": "$.portion.reported.next",
            },
            "plan",
            "ReconcileMembers",
        ),
        "ReconcileMembers": stage(
            "ReconcileMembers", "$.portion.plan.members", "$.portion.answers", "ReconcileConclude", "ReconcileFailed"
        ),
        "ReconcileConclude": phase(
            {"phase": "conclude", "plan.$": "$.portion.plan", "answers.$": "$.portion.answers"},
            "concluded",
            "ReconcileFirst",
        ),
        "ReconcileFirst": stage(
            "ReconcileFirst", "$.portion.concluded.first", "$.portion.firstDone", "ReconcileSecond", "ReconcileFailed"
        ),
        "ReconcileSecond": stage(
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
        "ReconcileFailed": {
            "Type": "Fail",
            "Error": "ReconcileFailed",
            "Cause": "The reconciler could not finish; its function's log says why. The next run begins anew",
        },
    }
