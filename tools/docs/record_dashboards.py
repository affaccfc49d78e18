"""Record docs/dashboards.json from a running sandbox: what CloudWatch would hold of the deployment's metrics.

Run ``python -m tools.docs.record_dashboards`` in a shell with the sandbox's environment (``eval "$(make -s env)"``), or
with that of any deployment in the emulator; then draw with ``python -m tools.docs.dashboard_picture``. The emulator
keeps logs and executions instead of metrics, so each point is taken from where CloudWatch takes it on AWS: the log
lines in the embedded metric format, and the histories of executions. Times are seconds since the first; names are
those of the picture.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamgov_core.model.naming import Names
from streamgov_ops.accounts import Accounts
from streamgov_ops.session import SessionSettings, region_of
from tools.docs import deployments as drawn

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "docs" / "dashboards.json"
ENDS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


@dataclass(frozen=True)
class Point:
    """One value of one metric.

    Attributes:
        metric: namespace and name.
        dimensions: by name.
        at: seconds since the epoch.
        value: the value.
    """

    metric: str
    dimensions: Mapping[str, str]
    at: float
    value: float


def embedded(line: str) -> Iterator[Point]:
    """The points of a log line in the embedded metric format (CloudWatch user guide); none of any other line."""
    try:
        document = json.loads(line)
    except ValueError:
        return
    if not isinstance(document, dict) or "_aws" not in document:
        return
    at = document["_aws"]["Timestamp"] / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            found = document[metric["Name"]]
            for names in directive["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                for value in found if isinstance(found, list) else [found]:
                    yield Point(f"{directive['Namespace']} {metric['Name']}", dimensions, at, float(value))


def of_execution(machine: str, execution: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> Iterator[Point]:
    """What AWS/States and AWS/Lambda count of one execution.

    Args:
        machine: ARN of the machine.
        execution: of ListExecutions.
        events: of GetExecutionHistory, oldest first.
    """
    whole = {"StateMachineArn": machine}
    yield Point("AWS/States ExecutionsStarted", whole, execution["startDate"].timestamp(), 1)
    if execution["status"] in ENDS:
        yield Point(f"AWS/States {ENDS[execution['status']]}", whole, execution["stopDate"].timestamp(), 1)
    running: dict[int, tuple[str, float]] = {}
    parents: dict[int, int] = {}
    for event in events:
        number, at = event["id"], event["timestamp"].timestamp()
        parents[number] = event.get("previousEventId", 0)
        scheduled = event.get("taskScheduledEventDetails") or {}
        if scheduled.get("resourceType") == "lambda":
            parameters = json.loads(scheduled["parameters"])
            running[number] = (str(parameters["FunctionName"]).rsplit(":", 1)[-1], at)
        elif event["type"] in ("TaskSucceeded", "TaskFailed", "TaskTimedOut"):
            while number and number not in running:
                number = parents.get(number, 0)
            if number:
                yield from _invocation(*running.pop(number), at, event["type"] == "TaskFailed")


def _invocation(function: str, begun: float, at: float, failed: bool) -> Iterator[Point]:
    named = {"FunctionName": function}
    yield Point("AWS/Lambda Invocations", named, begun, 1)
    yield Point("AWS/Lambda Duration", named, begun, (at - begun) * 1000)
    yield Point("AWS/Lambda Errors", named, begun, float(failed))


def concurrency(points: Iterable[Point]) -> Iterator[Point]:
    """ConcurrentExecutions at the beginning of each invocation, from the invocations' durations."""
    found = [point for point in points if point.metric == "AWS/Lambda Duration"]
    for point in found:
        running = [
            other
            for other in found
            if other.dimensions == point.dimensions and other.at <= point.at <= other.at + other.value / 1000
        ]
        yield Point("AWS/Lambda ConcurrentExecutions", point.dimensions, point.at, len(running))


class Recorder:
    """Reads a deployment's logs and executions.

    Args:
        accounts: of the deployment.
        members: the member accounts, the producer's first.
    """

    def __init__(self, accounts: Accounts, members: Iterable[str]) -> None:
        self._accounts, self._members = accounts, list(members)

    def points(self) -> Iterator[Point]:
        """Every point, in no order."""
        names = self._accounts.names
        own = self._accounts.own
        for account in dict.fromkeys([own, *self._members]):
            yield from self._logged(account)
        yield from self._executed(own, names.central_machine_arn(own))
        for account in self._members:
            yield from self._executed(account, names.member_machine_arn(account))
        sqs = self._accounts.client("sqs")
        url = sqs.get_queue_url(QueueName=names.regional("dead-letters", 80))["QueueUrl"]
        waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        dimensions = {"QueueName": names.regional("dead-letters", 80)}
        depth = float(waiting["ApproximateNumberOfMessages"])
        yield Point("AWS/SQS ApproximateNumberOfMessagesVisible", dimensions, 0, depth)

    def _logged(self, account: str) -> Iterator[Point]:
        logs = self._accounts.client("logs", account)
        prefix = self._accounts.names.log_group("")
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                lines = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
                for events in lines:
                    for event in events["events"]:
                        yield from embedded(event["message"])

    def _executed(self, account: str, machine: str) -> Iterator[Point]:
        states = self._accounts.client("stepfunctions", account)
        for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine):
            for execution in page["executions"]:
                history = states.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
                yield from of_execution(machine, execution, [event for part in history for event in part["events"]])


def document(points: Iterable[Point], names: Names) -> dict[str, Any]:
    """The recording: rows by metric and dimensions, with the names of the picture instead of the run's."""
    found = list(points)
    found.extend(concurrency(found))
    first = min(point.at for point in found if point.at)
    rows: dict[str, list[list[float]]] = {}
    for point in found:
        dimensions = {name: _as_drawn(value, names) for name, value in sorted(point.dimensions.items())}
        at = round(max(point.at - first, 0), 1)
        rows.setdefault(json.dumps([point.metric, dimensions]), []).append([at, round(point.value, 2)])
    series = [
        {"metric": json.loads(key)[0], "dimensions": json.loads(key)[1], "points": sorted(values)}
        for key, values in sorted(rows.items())
    ]
    return {"seconds": round(max(point.at - first for point in found), 1), "series": series}


def _as_drawn(value: str, names: Names) -> str:
    return value.replace(names.region, drawn.NAMES.region).replace(names.namespace, drawn.NAMES.namespace, 1)


def main() -> None:
    """Record."""
    names = Names(os.environ.get("STREAMGOV_NAMESPACE") or "streamgov", region_of())
    role = os.environ.get("STREAMGOV_MEMBER_ROLE") or "Admin"
    accounts = Accounts(names, SessionSettings(names.region), role)
    recorded = document(Recorder(accounts, [drawn.PRODUCER, drawn.CONSUMER]).points(), names)
    OUT.write_text(json.dumps(recorded, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {OUT.relative_to(ROOT)}: {len(recorded['series'])} series of {recorded['seconds']:.0f} seconds")


if __name__ == "__main__":
    main()
