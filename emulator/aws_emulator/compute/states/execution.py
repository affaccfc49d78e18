"""One execution of a state machine: its status, its history, and what can end it from outside."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aws_emulator.compute.states.failures import Cancelled, runtime_failure
from aws_emulator.compute.traces import new_trace, parse_trace

HISTORY_LIMIT = 25_000
DATA_LIMIT_BYTES = 262_144
EVENT_BYTES = 500
"""Of a history event without its texts."""

RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"


def compact(value: Any) -> str:
    """JSON as Step Functions shows it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Machine:
    """A state machine as it was when the execution began."""

    arn: str
    name: str
    account: str
    region: str
    role_arn: str
    definition: dict[str, Any]
    kind: str = "STANDARD"
    version_arn: str | None = None
    alias_arn: str | None = None
    traced: bool = False
    """Whether X-Ray tracing is enabled."""


class Scope:
    """What belongs to one branch of an execution: cancelled with the branch, or with anything around it."""

    def __init__(self, execution: Execution, parent: Scope | None = None) -> None:
        self.execution = execution
        self._parent = parent
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether this work, or work around it, has ended."""
        return self._cancelled or self.execution.ended or (self._parent is not None and self._parent.cancelled)

    def cancel(self) -> None:
        """End the work of this scope."""
        with self.execution.changed:
            self._cancelled = True
            self.execution.changed.notify_all()

    def wait(self, ready: Callable[[], bool], seconds: float | None) -> bool:
        """Wait until something is ready.

        Args:
            ready: the condition, asked under the execution's lock after each change.
            seconds: real time at most; None waits for ever.

        Returns:
            False when the time is over.

        Raises:
            Cancelled: the work has ended meanwhile.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        changed = self.execution.changed
        with changed:
            while True:
                if self.cancelled:
                    raise Cancelled
                if ready():
                    return True
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    return False
                # Condition.wait takes no more than this (threading.TIMEOUT_MAX).
                changed.wait(None if remaining is None else min(remaining, 1_000_000.0))


@dataclass
class Token:
    """A task token: open until its task has its outcome or has ended."""

    value: str
    execution: Execution
    scope: Scope
    open: bool = True
    outcome: tuple[str, str | None, str | None] | None = None
    """("success", output, None) or ("failure", error, cause)."""
    heartbeat: float = field(default_factory=time.monotonic)


class Execution:
    """An execution, live or over.

    Args:
        machine: the state machine.
        name: its name.
        arn: its ARN.
        text: the input as it was given.
        on_change: told after each change of the status.
        trace_header: that was passed to it.
    """

    def __init__(
        self,
        machine: Machine,
        name: str,
        arn: str,
        text: str,
        on_change: Callable[[Execution], None],
        trace_header: str | None = None,
    ) -> None:
        self.machine = machine
        self.name = name
        self.arn = arn
        self.input_text = text
        self.input = json.loads(text)
        self.on_change = on_change
        self.trace_header = trace_header
        passed = parse_trace(trace_header)
        self.trace = passed.decided(active=machine.traced) if passed else None
        """What its tasks carry on: the trace that was passed, or one of its own if the machine traces."""
        if passed is None and machine.traced:
            self.trace = new_trace(active=True)
        self.changed = threading.Condition()
        self.status = RUNNING
        self.start_date = now()
        self.stop_date: datetime | None = None
        self.output: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.redrive_count = 0
        self.redrive_date: datetime | None = None
        self.failed_state: tuple[str, Any] | None = None
        """Name and input of the top-level state that did not succeed: where a redrive begins."""
        self._events: list[dict[str, Any]] = []
        self.weight = len(text)
        """About how many bytes input and history take."""

    @property
    def ended(self) -> bool:
        """Whether the execution is over."""
        return self.status != RUNNING

    def finish(
        self, status: str, *, output: str | None = None, error: str | None = None, cause: str | None = None
    ) -> bool:
        """End the execution once; later endings are ignored.

        Returns:
            whether this call ended it.
        """
        names = {SUCCEEDED: "ExecutionSucceeded", FAILED: "ExecutionFailed", TIMED_OUT: "ExecutionTimedOut"}
        with self.changed:
            if self.ended:
                return False
            details: dict[str, Any] = {}
            if output is not None:
                details = {"output": output, "outputDetails": {"truncated": False}}
            if error is not None:
                details["error"] = error
            if cause is not None:
                details["cause"] = cause
            self._append(names.get(status, "ExecutionAborted"), details, previous=len(self._events))
            self.status = status
            self.stop_date = now()
            self.output, self.error, self.cause = output, error, cause
            self.changed.notify_all()
        self.on_change(self)
        return True

    def reopen(self) -> None:
        """Make an ended execution run again (RedriveExecution)."""
        with self.changed:
            self.status = RUNNING
            self.stop_date = None
            self.output = self.error = self.cause = None
            self.redrive_count += 1
            self.redrive_date = now()
            self._append("ExecutionRedriven", {"redriveCount": self.redrive_count}, previous=len(self._events))

    def history(self) -> list[dict[str, Any]]:
        """The history events so far."""
        with self.changed:
            return list(self._events)

    def record_start(self) -> None:
        """Add the first history event."""
        role, details = self.machine.role_arn, {"truncated": False}
        self.record(
            None, "ExecutionStarted", {"input": self.input_text, "inputDetails": details, "roleArn": role}, previous=0
        )

    def record(self, scope: Scope | None, kind: str, details: dict[str, Any], previous: int) -> int:
        """Add a history event.

        Args:
            scope: whose work this is; nothing is recorded for work that has ended.
            kind: the event's type.
            details: the members of the type's own details structure.
            previous: id of the event before it in its branch.

        Returns:
            the event's id.

        Raises:
            Cancelled: the work has ended.
            StateFailure: there are 25,000 events.
        """
        with self.changed:
            if scope is not None and scope.cancelled:
                raise Cancelled
            if len(self._events) >= HISTORY_LIMIT - 1:
                raise runtime_failure(f"The execution reached the maximum number of history events ({HISTORY_LIMIT}).")
            return self._append(kind, details, previous)

    def _append(self, kind: str, details: dict[str, Any], previous: int) -> int:
        number = len(self._events) + 1
        event: dict[str, Any] = {"id": number, "previousEventId": previous, "timestamp": now(), "type": kind}
        if details:
            event[_details_member(kind)] = details
        self.weight += EVENT_BYTES + sum(len(value) for value in details.values() if isinstance(value, str))
        self._events.append(event)
        return number


def _details_member(kind: str) -> str:
    """The member of ``HistoryEvent`` that holds an event type's details."""
    for suffix, member in (("StateEntered", "stateEntered"), ("StateExited", "stateExited")):
        if kind.endswith(suffix):
            return f"{member}EventDetails"
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def limit_size(value: Any) -> bool:
    """Whether a state's input or output keeps the limit of 256 KiB."""
    return len(compact(value).encode()) <= DATA_LIMIT_BYTES
