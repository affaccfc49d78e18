"""A full run of a data source, as the schedule starts it, to its end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.integration.polling import eventually

SECONDS = 240


def full_run(states: Any, machine_arn: str, request: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Start an execution and wait for its end.

    Args:
        states: a Step Functions client of the data source's account.
        machine_arn: its state machine.
        request: the execution's input.

    Returns:
        DescribeExecution's answer.
    """
    arn = states.start_execution(stateMachineArn=machine_arn, input=json.dumps(dict(request or {})))["executionArn"]
    return ended(states, arn)


def ended(states: Any, arn: str) -> dict[str, Any]:
    """Wait for an execution; DescribeExecution's answer."""
    return dict(
        eventually(
            lambda: states.describe_execution(executionArn=arn), lambda found: found["status"] != "RUNNING", SECONDS
        )
    )


def outcome(execution: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """An execution's result, or of one that failed what its function's error says, and the error's name."""
    if execution["status"] == "SUCCEEDED":
        return json.loads(execution["output"]), None
    cause = json.loads(execution["cause"])
    return json.loads(cause["errorMessage"]), str(execution["error"])
