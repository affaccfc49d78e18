"""The state machine of a data source's full runs, as a plain dictionary.

A run goes from stage to stage; a distributed map works on the shards of a stage side by side, each in as many portions
as it takes. So neither a function's time-out, nor the size of a state, nor the 25,000 events of an execution's history
(Step Functions quotas) limit how many schemas there may be. What has failed is done once more, after a pause; the
function that ends the run fails if schemas have failed then, so that a redriven execution looks at them again.
"""

from __future__ import annotations

from typing import Any

from streamgov_core.catalog.run_shards import ENDED, READ, SIDE_BY_SIDE
from streamgov_core.deploy.task_states import State, function_retries, function_task, retry

SYNC_TIMEOUT = 600
"""Time-out of the sync function in seconds; a shard that takes longer continues in a further portion."""
RUN_TIMEOUT = 4 * 3600
"""Seconds of a run: 100,000 schemas take an hour and a half at DataZone's documented 20 assets a second."""
MAP_LABEL = "shards"
"""Label of the distributed map, which its child executions' ARNs carry."""
_FINAL = ("CatalogError", "ConfigError", "SyncFailedError")
"""Errors of the function that no retry within the run would change."""


def sync_definition(function_arn: str) -> State:
    """The machine; its input is ``{"action": "sync", …}`` or empty.

    Args:
        function_arn: of the sync function.
    """
    stage = {"phase": "stage", "input.$": "$.input", "execution.$": "$$.Execution.Id", "at.$": "$.at.run"}
    return {
        "Comment": "Brings all schemas of a registry into the catalogue",
        "TimeoutSeconds": RUN_TIMEOUT,
        "StartAt": "SyncBegin",
        "States": {
            "SyncBegin": {
                "Type": "Pass",
                "Parameters": {"input.$": "$", "at": {"run": {"stage": READ}}},
                "Next": "SyncStage",
            },
            # Nothing is caught: the error of the function is the error of the execution, with its sentence.
            "SyncStage": {
                **_task(function_arn, stage),
                "ResultSelector": {"run.$": "$.Payload"},
                "ResultPath": "$.at",
                "Next": "SyncChoose",
            },
            "SyncChoose": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.at.run.stage", "StringEquals": ENDED, "Next": "SyncDone"},
                    {"Variable": "$.at.run.pause", "NumericGreaterThan": 0, "Next": "SyncPause"},
                ],
                "Default": "SyncShards",
            },
            "SyncPause": {"Type": "Wait", "SecondsPath": "$.at.run.pause", "Next": "SyncShards"},
            "SyncShards": {
                "Type": "Map",
                "Label": MAP_LABEL,
                "ItemsPath": "$.at.run.shards",
                "ItemSelector": {"shard.$": "$$.Map.Item.Value", "input.$": "$.input"},
                "MaxConcurrency": SIDE_BY_SIDE,
                # The next stage's function finds out which shards have failed, and has them done once more.
                "ToleratedFailurePercentage": 100,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "SyncShard",
                    "States": _shard_states(function_arn),
                },
                "ResultPath": None,
                "Next": "SyncStage",
            },
            "SyncDone": {"Type": "Pass", "InputPath": "$.at.run.result", "End": True},
        },
    }


def _shard_states(function_arn: str) -> dict[str, State]:
    """The child machine: a shard, in as many portions as it takes. Where it goes on stands in the table of runs."""
    shard = {"phase": "shard", "shard.$": "$.shard", "input.$": "$.input"}
    return {
        "SyncShard": {
            **_task(function_arn, shard),
            "ResultSelector": {"done.$": "$.Payload.done"},
            "ResultPath": "$.portion",
            "Next": "SyncMore",
        },
        "SyncMore": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.portion.done", "BooleanEquals": True, "Next": "ShardDone"}],
            "Default": "SyncShard",
        },
        # What came of it lies in the table of runs: the results of all shards would not fit the map's output.
        "ShardDone": {"Type": "Pass", "Result": {}, "End": True},
    }


def _task(function_arn: str, payload: dict[str, Any]) -> State:
    """One phase. Every effect is idempotent, so whatever is not final is tried again."""
    return {
        **function_task(function_arn, payload, timeout=SYNC_TIMEOUT + 60),
        "Retry": [
            {"ErrorEquals": list(_FINAL), "MaxAttempts": 0},
            *function_retries("RetryableGrantError", "RemoteError", attempts=4, interval=5, ceiling=60),
            retry(("States.TaskFailed",), attempts=3, interval=10, ceiling=60),
        ],
    }
