"""Runs distributed maps: a map run starts a child execution for each item or batch, and counts how they end.

Source of the rules: Step Functions developer guide, "Using Map state in Distributed mode", "Setting failure thresholds
for Distributed Map states", "ResultWriter (Map)", "IAM policies for using Distributed Map states".
"""

from __future__ import annotations

import json
import math
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from aws_emulator.compute.states.execution import (
    ABORTED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    Execution,
    Machine,
    compact,
    limit_size,
    now,
)
from aws_emulator.compute.states.failures import PERMISSIONS, Cancelled, StateFailure
from aws_emulator.compute.states.interpreter import Frame
from aws_emulator.compute.states.map_items import batches, number, read_items, selected
from aws_emulator.compute.states.templates import fill

THREADS = 40
"""Child executions that this emulator runs at once; AWS runs ten thousand."""
DEFAULT_CONCURRENCY = 10_000
THRESHOLD = "States.ExceedToleratedFailureThreshold"
WRITER_FAILED = "States.ResultWriterFailed"
WRITER_ACTIONS = ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")
"""What the guide's policy for results in S3 holds: they are uploaded in parts."""
COUNTED = {SUCCEEDED: "succeeded", FAILED: "failed", TIMED_OUT: "timedOut", ABORTED: "aborted"}


@dataclass
class MapRun:
    """A map run, live or over.

    Args:
        arn: its ARN.
        execution: the execution that it belongs to.
        label: of the state, part of the children's ARNs.
        max_concurrency: child executions at once; 0 for as many as there can be.
        tolerated_count: failed items that do not fail the run.
        tolerated_percentage: the same as a share of all items.
    """

    arn: str
    execution: Execution
    label: str
    max_concurrency: int = 0
    tolerated_count: int = 0
    tolerated_percentage: float = 0.0
    status: str = RUNNING
    start_date: datetime = field(default_factory=now)
    stop_date: datetime | None = None
    children: list[tuple[Execution, int]] = field(default_factory=list)
    """Child executions, each with the number of its items."""
    total: tuple[int, int] = (0, 0)
    """All executions that there will be, and all items."""
    results_written: int = 0

    def counts(self, *, items: bool) -> dict[str, int]:
        """``MapRunItemCounts`` or ``MapRunExecutionCounts``."""
        found = dict.fromkeys(("pending", "running", "succeeded", "failed", "timedOut", "aborted"), 0)
        for child, weight in list(self.children):
            found[COUNTED.get(child.status, "running")] += weight if items else 1
        total = self.total[1 if items else 0]
        found["pending"] = total - sum(found.values())
        if self.status != RUNNING:
            found["aborted"] += found["pending"]
            found["pending"] = 0
        return {**found, "total": total, "resultsWritten": self.results_written if not items else 0}

    @property
    def failed_items(self) -> int:
        """Items in child executions that failed or timed out."""
        return sum(weight for child, weight in list(self.children) if child.status in (FAILED, TIMED_OUT))

    def exceeded(self) -> bool:
        """Whether more items have failed than is tolerated; the smaller threshold counts if both are given."""
        failed, total = self.failed_items, self.total[1]
        if not failed:
            return False
        limits = [self.tolerated_count] if self.tolerated_count else []
        if self.tolerated_percentage:
            limits.append(math.floor(total * self.tolerated_percentage / 100))
        return failed > (min(limits) if limits else 0)


class Children(Protocol):
    """What map runs need of the engine."""

    def open_map_run(self, run: MapRun) -> None:
        """Make a map run known."""

    def run_child(self, child: Execution) -> None:
        """Run a child execution to its end, in the calling thread."""

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        """Abort an execution."""


class RoleCalls(Protocol):
    """Calls in the name of a machine's role."""

    def service(self, frame: Frame, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of a call.

        Raises:
            ApiError: the service refused.
        """

    def may(self, frame: Frame, action: str, resource: str) -> bool:
        """Whether the machine's role may do something."""


class MapRunner:
    """Runs Map states whose processor is distributed.

    Args:
        children: knows and runs executions.
        calls: in the name of the machine's role.
    """

    def __init__(self, children: Children, calls: RoleCalls) -> None:
        self._children = children
        self._calls = calls

    def run(self, frame: Frame, state: Mapping[str, Any], data: Any) -> Any:
        """The state's result: the children's outputs in the order of the items, or where they were written.

        Raises:
            StateFailure: an item could not be read, too many children failed, the result is too large.
            Cancelled: the execution has ended meanwhile.
        """
        frame.record("MapStateStarted", length=0)
        try:
            return self._run(frame, state, data)
        except StateFailure:
            frame.record("MapStateFailed")
            raise

    def _run(self, frame: Frame, state: Mapping[str, Any], data: Any) -> Any:
        self._check_role(frame)

        def service(name: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
            return self._calls.service(frame, name, operation, request)

        items = read_items(state, data, frame.context, service)
        inputs = batches(state, selected(state, items, data, frame.context), data, frame.context)
        run = self._opened(frame, state, data, len(inputs), len(items))
        frame.record("MapRunStarted", mapRunArn=run.arn)
        try:
            result: Any = self._children_of(frame, state, run, inputs)
            if "ResultWriter" in state:
                result = self._written(frame, state["ResultWriter"], data, run)
            if not limit_size(result):
                raise StateFailure(
                    "States.DataLimitExceeded", "the results are larger than a state's output; write them to S3"
                )
        except StateFailure as failure:
            _close(run, FAILED)
            frame.record("MapRunFailed", error=failure.error, cause=failure.cause)
            raise
        except Cancelled:
            _close(run, ABORTED)
            raise
        _close(run, SUCCEEDED)
        frame.record("MapRunSucceeded")
        frame.record("MapStateSucceeded")
        return result

    def _check_role(self, frame: Frame) -> None:
        """The role starts, describes and stops child executions.

        UNVERIFIED[sfn-map-run]: on which ARN the latter two are checked, and whether before the first child. The
        guide's policy names ``execution:<machine>:*``; ARNs of children have the map run's label behind the machine.
        """
        machine = frame.execution.machine
        executions = machine.arn.replace(":stateMachine:", ":execution:")
        wanted = [
            ("states:StartExecution", (machine.arn,)),
            *(
                (action, (f"{executions}:child", f"{executions}/label:child"))
                for action in ("states:DescribeExecution", "states:StopExecution")
            ),
        ]
        for action, resources in wanted:
            if not any(self._calls.may(frame, action, resource) for resource in resources):
                raise StateFailure(PERMISSIONS, f"{machine.role_arn} may not {action} on {resources[0]}")

    def _opened(self, frame: Frame, state: Mapping[str, Any], data: Any, inputs: int, items: int) -> MapRun:
        machine, context = frame.execution.machine, frame.context
        # UNVERIFIED[sfn-map-run]: the label that AWS makes where a definition gives none; the guide shows the state's
        # name.
        label = str(state.get("Label") or "".join(c for c in str(context["State"]["Name"]) if c.isalnum())[:40])
        arn = f"arn:aws:states:{machine.region}:{machine.account}:mapRun:{machine.name}/{label}:{uuid.uuid4()}"
        run = MapRun(
            arn,
            frame.execution,
            label,
            int(number(state, "MaxConcurrency", data, context) or 0),
            int(number(state, "ToleratedFailureCount", data, context) or 0),
            float(number(state, "ToleratedFailurePercentage", data, context) or 0),
            total=(inputs, items),
        )
        self._children.open_map_run(run)
        return run

    def _children_of(
        self, frame: Frame, state: Mapping[str, Any], run: MapRun, inputs: list[tuple[Any, int]]
    ) -> list[Any]:
        processor = state["ItemProcessor"]
        machine = _child_machine(frame.execution.machine, run.label, processor)
        made: list[Execution | None] = [None] * len(inputs)
        pending = list(range(len(inputs)))[::-1]
        parent = frame.execution.changed
        running = threads = min(THREADS, run.max_concurrency or DEFAULT_CONCURRENCY, len(inputs))

        def worker() -> None:
            nonlocal running
            while True:
                with parent:
                    if not pending or frame.scope.cancelled or run.exceeded():
                        running -= 1
                        parent.notify_all()
                        return
                    index = pending.pop()
                    child = _child(machine, compact(inputs[index][0]))
                    made[index] = child
                    run.children.append((child, inputs[index][1]))
                self._children.run_child(child)

        for _ in range(threads):
            threading.Thread(target=worker, name=f"map-{frame.execution.name[:20]}", daemon=True).start()
        try:
            frame.scope.wait(lambda: running == 0 or run.exceeded(), None)
        finally:
            for child, _ in list(run.children):
                if not child.ended:
                    self._children.stop(child, None, "The map run has ended")
        if run.exceeded():
            raise StateFailure(THRESHOLD, "The specified tolerated failure threshold was exceeded")
        return [json.loads(child.output) for child in made if child is not None and child.output is not None]

    def _written(self, frame: Frame, writer: Mapping[str, Any], data: Any, run: MapRun) -> dict[str, Any]:
        """Write the results as the guide describes: a manifest and a file for each status that occurred."""
        where = fill(writer["Parameters"], data, frame.context)
        prefix = where.get("Prefix", "").strip("/")
        folder = "/".join(part for part in (prefix, run.arn.rsplit(":", 1)[1]) if part)
        for action in WRITER_ACTIONS:
            place = f"arn:aws:s3:::{where['Bucket']}/{folder}/manifest.json"
            if not self._calls.may(frame, action, place):
                raise StateFailure(WRITER_FAILED, f"{frame.execution.machine.role_arn} may not {action} on {place}")
        files: dict[str, list[dict[str, Any]]] = {}
        groups = (("SUCCEEDED", (SUCCEEDED,)), ("FAILED", (FAILED, TIMED_OUT, ABORTED)), ("PENDING", (RUNNING,)))
        for name, statuses in groups:
            entries = [_exported(child) for child, _ in run.children if child.status in statuses]
            files[name] = []
            if entries:
                key = f"{folder}/{name}_0.json"
                body = compact(entries).encode()
                self._put(frame, where["Bucket"], key, body)
                files[name].append({"Key": key, "Size": len(body)})
        manifest = {"DestinationBucket": where["Bucket"], "MapRunArn": run.arn, "ResultFiles": files}
        key = f"{folder}/manifest.json"
        self._put(frame, where["Bucket"], key, compact(manifest).encode())
        run.results_written = len(run.children)
        return {"MapRunArn": run.arn, "ResultWriterDetails": {"Bucket": where["Bucket"], "Key": key}}

    def _put(self, frame: Frame, bucket: str, key: str, body: bytes) -> None:
        try:
            self._calls.service(frame, "s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": body})
        except StateFailure as failure:
            raise StateFailure(WRITER_FAILED, failure.cause) from failure


def _close(run: MapRun, status: str) -> None:
    run.status = status
    run.stop_date = now()


def _child_machine(machine: Machine, label: str, processor: Mapping[str, Any]) -> Machine:
    kind = processor["ProcessorConfig"].get("ExecutionType", "STANDARD")
    definition = {"StartAt": processor["StartAt"], "States": processor["States"]}
    return replace(
        machine, arn=f"{machine.arn}/{label}", name=f"{machine.name}/{label}", definition=definition, kind=kind
    )


def _child(machine: Machine, text: str) -> Execution:
    name = str(uuid.uuid4())
    kind, end = ("express", f":{uuid.uuid4()}") if machine.kind == "EXPRESS" else ("execution", "")
    arn = f"arn:aws:states:{machine.region}:{machine.account}:{kind}:{machine.name}:{name}{end}"
    # UNVERIFIED[sfn-map-run]: whether EventBridge gets status events of child executions; here it gets none.
    return Execution(machine, name, arn, text, _untold)


def _untold(execution: Execution) -> None:
    """Nobody is told of a child's status."""


def _exported(child: Execution) -> dict[str, Any]:
    """A child execution as result files hold it."""
    found = {
        "ExecutionArn": child.arn,
        "Input": child.input_text,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "Output": child.output,
        "OutputDetails": {"Included": True} if child.output is not None else None,
        "RedriveCount": child.redrive_count,
        "RedriveStatus": "NOT_REDRIVABLE",
        "StartDate": child.start_date.isoformat(),
        "StateMachineArn": child.machine.arn,
        "Status": child.status,
        "StopDate": child.stop_date.isoformat() if child.stop_date else None,
        "Error": child.error,
        "Cause": child.cause,
    }
    return {name: value for name, value in found.items() if value is not None}


def describe_map_run(run: MapRun) -> dict[str, Any]:
    """DescribeMapRun's answer."""
    return {
        "mapRunArn": run.arn,
        "executionArn": run.execution.arn,
        "status": run.status,
        "startDate": run.start_date,
        **({"stopDate": run.stop_date} if run.stop_date else {}),
        "maxConcurrency": run.max_concurrency,
        "toleratedFailurePercentage": run.tolerated_percentage,
        "toleratedFailureCount": run.tolerated_count,
        "itemCounts": run.counts(items=True),
        "executionCounts": run.counts(items=False),
        "redriveCount": 0,
    }
