"""CloudWatch metrics of what failed: the numbers that alarms watch.

Only failures are counted (``ExecutionsFailed``, ``Errors``, ``FailedInvocations`` …), so that a long-running emulator
does not fill its memory with successes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from aws_emulator.compute.functions.invoke import Result, Target
from aws_emulator.compute.states.execution import ABORTED, FAILED, TIMED_OUT, Execution

_EXECUTION_METRICS = {FAILED: "ExecutionsFailed", TIMED_OUT: "ExecutionsTimedOut", ABORTED: "ExecutionsAborted"}


class Metrics:
    """Counts failures in moto's CloudWatch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def count(self, account: str, region: str, namespace: str, name: str, dimensions: Mapping[str, str]) -> None:
        """Count one."""
        datum: dict[str, Any] = {
            "MetricName": name,
            "Value": 1.0,
            "Unit": "Count",
            "Timestamp": datetime.now(UTC),
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        with self._lock:
            cloudwatch_backends[account][region].put_metric_data(namespace, [datum])

    def execution(self, execution: Execution) -> None:
        """A listener of the status of executions."""
        name = _EXECUTION_METRICS.get(execution.status)
        if name:
            machine = execution.machine
            self.count(machine.account, machine.region, "AWS/States", name, {"StateMachineArn": machine.arn})

    def function(self, target: Target, result: Result) -> None:
        """A listener of the ends of invocations."""
        if result.function_error:
            name = {"FunctionName": str(target.function.function_name)}
            self.count(target.account, target.region, "AWS/Lambda", "Errors", name)

    def delivery(self, account: str, region: str, rule: str, name: str) -> None:
        """A listener of deliveries that failed (``FailedInvocations``, ``InvocationsSentToDlq`` …)."""
        self.count(account, region, "AWS/Events", name, {"RuleName": rule})
