"""The branch of the central machine that reconciles: the same machine, the same steps in the member accounts.

Its input is ``{"action": "reconcile", "dryRun": true | false}``. A run goes from stage to stage; a distributed map
works on the shards of a stage. So neither a function's time-out, nor the size of a state, nor the 25,000 events of an
execution's history (Step Functions quotas) limit how many grants there may be. A shard that fails fails alone.
"""

from __future__ import annotations

from typing import Any

from streamgov_core.deploy.member_stages import member_stage
from streamgov_core.deploy.task_states import State, catch_all, function_retries, function_task
from streamgov_core.domain.reconcile.shards import ENDED, READING
from streamgov_core.model.naming import Names

RECONCILE_TIMEOUT = 600
"""Time-out of the reconcile function in seconds: one portion of a shard, below the rates that DataZone documents."""
MEMBERS_AT_ONCE = 10
"""Commands of a shard that member accounts compare documents by side by side."""
MAP_LABEL = "shards"
"""Label of the distributed map, which its child executions' ARNs carry."""


def reconcile_states(names: Names, domain_account: str) -> dict[str, State]:
    """The states, which begin with ``ReconcileBegin`` and end with ``ReconcileDone`` or ``ReconcileFailed``.

    Args:
        names: of the deployment.
        domain_account: where the machine runs.
    """
    arn = names.function_arn(domain_account, "reconcile")
    stage = {"phase": "stage", "input.$": "$.input", "execution.$": "$$.Execution.Id", "run.$": "$.at.run"}
    return {
        "ReconcileBegin": {
            "Type": "Pass",
            "Parameters": {"input.$": "$", "at": {"run": {"stage": READING}}},
            "Next": "ReconcileStage",
        },
        "ReconcileStage": {
            **_phase(arn, stage, "run", "$.at", "ReconcileChoose"),
            "Catch": [
                # What a function of ours raises has a sentence, in the JSON text that Lambda makes of an error.
                {"ErrorEquals": ["EventRefusedError"], "ResultPath": "$.failure", "Next": "ReconcileRefused"},
                *catch_all("ReconcileFailed"),
            ],
        },
        "ReconcileChoose": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.at.run.stage", "StringEquals": READING, "Next": "ReconcileStage"},
                {"Variable": "$.at.run.stage", "StringEquals": ENDED, "Next": "ReconcileDone"},
            ],
            "Default": "ReconcileShards",
        },
        "ReconcileShards": {
            "Type": "Map",
            "Label": MAP_LABEL,
            "ItemsPath": "$.at.run.shards",
            "ItemSelector": {
                "shard.$": "$$.Map.Item.Value",
                "input.$": "$.input",
                "execution.$": "$$.Execution.Id",
                "portion": {"reported": {"next": "", "waiting": []}},
            },
            "MaxConcurrencyPath": "$.at.run.concurrency",
            # The next stage's function says which shards have failed; what they left is for the next run.
            "ToleratedFailurePercentage": 100,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "ReconcilePlan",
                "States": _shard_states(arn),
            },
            "ResultPath": None,
            "Catch": catch_all("ReconcileFailed"),
            "Next": "ReconcileStage",
        },
        "ReconcileDone": {"Type": "Pass", "InputPath": "$.at.run.result", "End": True},
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


def _phase(arn: str, payload: dict[str, Any], result: str, path: str, following: str) -> State:
    """One phase of the reconcile function."""
    return {
        **function_task(arn, payload, timeout=RECONCILE_TIMEOUT + 60),
        "ResultSelector": {f"{result}.$": "$.Payload"},
        "ResultPath": path,
        "Retry": function_retries("RetryableGrantError", "RemoteError", attempts=4, interval=5, ceiling=60),
        "Catch": catch_all("ShardFailed"),
        "Next": following,
    }


def _shard_states(arn: str) -> dict[str, State]:
    """The child machine: a shard, in as many portions as it takes."""
    plan = {
        "phase": "plan",
        "input.$": "$.input",
        "execution.$": "$.execution",
        "shard.$": "$.shard",
        "cursor.$": "$.portion.reported.next",
        "waiting.$": "$.portion.reported.waiting",
    }
    conclude = {"phase": "conclude", "plan.$": "$.portion.plan", "answers.$": "$.portion.answers"}
    report = {
        "phase": "report",
        "concluded.$": "$.portion.concluded",
        "firstDone.$": "$.portion.firstDone",
        "secondDone.$": "$.portion.secondDone",
    }
    return {
        "ReconcilePlan": _phase(arn, plan, "plan", "$.portion", "ReconcileMembers"),
        "ReconcileMembers": member_stage(
            "ReconcileMembers",
            "$.portion.plan.members",
            "$.portion.answers",
            "ReconcileConclude",
            "ShardFailed",
            at_once=MEMBERS_AT_ONCE,
        ),
        "ReconcileConclude": _phase(arn, conclude, "concluded", "$.portion", "ReconcileFirst"),
        "ReconcileFirst": member_stage(
            "ReconcileFirst", "$.portion.concluded.first", "$.portion.firstDone", "ReconcileSecond", "ShardFailed"
        ),
        "ReconcileSecond": member_stage(
            "ReconcileSecond", "$.portion.concluded.second", "$.portion.secondDone", "ReconcileReport", "ShardFailed"
        ),
        "ReconcileReport": _phase(arn, report, "reported", "$.portion", "ReconcileMore"),
        "ReconcileMore": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.portion.reported.next", "StringEquals": "", "Next": "ShardDone"}],
            "Default": "ReconcilePlan",
        },
        # What came of it lies in the table of runs: the results of all shards would not fit the map's output.
        "ShardDone": {"Type": "Pass", "Result": {}, "End": True},
        "ShardFailed": {
            "Type": "Fail",
            "Error": "ShardFailed",
            "Cause": "A shard could not be finished; the function's log says why. The next run begins it anew",
        },
    }
