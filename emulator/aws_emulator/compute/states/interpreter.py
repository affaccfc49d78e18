"""Runs a state machine: flow, input and output processing, Retry and Catch, Parallel and Map.

Source of the rules: Amazon States Language specification; Step Functions developer guide, "Processing input and
output in Step Functions" and "Handling errors in Step Functions workflows".
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from aws_emulator.compute.states.choice import choose, timestamp
from aws_emulator.compute.states.execution import FAILED, SUCCEEDED, Execution, Scope, compact, limit_size
from aws_emulator.compute.states.failures import DATA_LIMIT, Cancelled, StateFailure, matches, runtime_failure
from aws_emulator.compute.states.paths import write
from aws_emulator.compute.states.templates import fill, value_of

INLINE_CONCURRENCY = 40
"""Inline maps run at most forty iterations at once."""


class TaskRunner(Protocol):
    """Runs the work of Task states."""

    def run(self, frame: Frame, state: Mapping[str, Any], data: Any) -> Any:
        """The task's result.

        Raises:
            StateFailure: the task failed.
            Cancelled: the execution has ended meanwhile.
        """


class MapStateRunner(Protocol):
    """Runs Map states whose processor is distributed."""

    def run(self, frame: Frame, state: Mapping[str, Any], data: Any) -> Any:
        """The state's result.

        Raises:
            StateFailure: the map failed.
            Cancelled: the execution has ended meanwhile.
        """


@dataclass
class Frame:
    """Where in an execution a branch is."""

    execution: Execution
    scope: Scope
    context: dict[str, Any]
    last_event: int = 0

    def record(self, kind: str, **details: Any) -> None:
        """Add an event to the history of this branch."""
        self.last_event = self.execution.record(self.scope, kind, details, self.last_event)

    def branch(self, extra: Mapping[str, Any] | None = None) -> Frame:
        """A frame for work inside this one, with a scope of its own."""
        scope = Scope(self.execution, self.scope)
        return Frame(self.execution, scope, {**self.context, **(extra or {})}, self.last_event)


class Interpreter:
    """Runs executions.

    Args:
        tasks: runs tasks.
        maps: runs distributed maps.
        real_seconds: turns the services' seconds into real ones.
    """

    def __init__(self, tasks: TaskRunner, maps: MapStateRunner, real_seconds: Callable[[float], float]) -> None:
        self._tasks = tasks
        self._maps = maps
        self._real_seconds = real_seconds

    # An execution as a whole

    def run(self, execution: Execution, start: tuple[str, Any] | None = None) -> None:
        """Run an execution to its end, in the calling thread.

        Args:
            execution: a new or a redriven one.
            start: state and input to begin with, instead of the definition's and the execution's own.
        """
        definition = execution.machine.definition
        frame = Frame(execution, Scope(execution), self._context(execution), len(execution.history()))
        timeout = definition.get("TimeoutSeconds")
        timer: threading.Timer | None = None
        if timeout is not None:
            # UNVERIFIED[sfn-timeout-error-name]: whether AWS gives an execution that timed out an error name; here it
            # has none.
            timer = threading.Timer(self._real_seconds(float(timeout)), execution.finish, ["TIMED_OUT"])
            timer.daemon = True
            timer.start()
        name, data = start or (definition["StartAt"], execution.input)
        try:
            output = self._states(frame, definition["States"], name, data, top=True)
            execution.finish(SUCCEEDED, output=compact(output))
        except StateFailure as failure:
            execution.finish(FAILED, error=failure.error, cause=failure.cause)
        except Cancelled:
            pass  # whatever cancelled the execution has set its status
        except Exception as error:
            execution.finish(
                FAILED, error="States.Runtime", cause=f"bug in the emulator: {type(error).__name__}: {error}"
            )
            raise
        finally:
            if timer is not None:
                timer.cancel()

    @staticmethod
    def _context(execution: Execution) -> dict[str, Any]:
        machine = execution.machine
        about = {
            "Id": execution.arn,
            "Input": execution.input,
            "Name": execution.name,
            "RoleArn": machine.role_arn,
            "StartTime": _text(execution.start_date),
            "RedriveCount": execution.redrive_count,
        }
        if execution.redrive_date:
            about["RedriveTime"] = _text(execution.redrive_date)
        return {"Execution": about, "StateMachine": {"Id": machine.arn, "Name": machine.name}}

    def _states(self, frame: Frame, states: Mapping[str, Any], name: str, data: Any, *, top: bool = False) -> Any:
        """Run states until one ends; the output of the last one."""
        while True:
            if top:
                frame.execution.failed_state = (name, data)
            data, following = self._state(frame, name, states[name], data)
            if following is None:
                return data
            name = following

    # One state

    def _state(self, frame: Frame, name: str, state: Mapping[str, Any], data: Any) -> tuple[Any, str | None]:
        kind = str(state["Type"])
        if not limit_size(data):
            raise _too_large(name)
        frame.record(f"{kind}StateEntered", name=name, input=compact(data), inputDetails={"truncated": False})
        entered = frame.last_event
        frame.context["State"] = {"EnteredTime": _text(datetime.now(UTC)), "Name": name, "RetryCount": 0}
        try:
            output, following = self._recovering(frame, name, state, data)
            if not limit_size(output):
                raise _too_large(name)
        except StateFailure as failure:
            if failure.error == "States.Runtime" and "An error occurred while executing" not in failure.cause:
                cause = f"An error occurred while executing the state '{name}' (entered at the event id #{entered}). "
                raise runtime_failure(cause + failure.cause) from failure
            raise
        finally:
            frame.context.pop("State", None)
        if kind != "Fail":
            frame.record(f"{kind}StateExited", name=name, output=compact(output), outputDetails={"truncated": False})
        return output, following

    def _recovering(self, frame: Frame, name: str, state: Mapping[str, Any], data: Any) -> tuple[Any, str | None]:
        """Run a state with its Retry and Catch."""
        attempts: dict[int, int] = {}
        while True:
            try:
                return self._attempt(frame, name, state, data)
            except StateFailure as failure:
                delay = _retry_delay(state.get("Retry", ()), failure, attempts)
                if delay is not None:
                    frame.scope.wait(lambda: False, self._real_seconds(delay))
                    frame.context["State"]["RetryCount"] += 1
                    continue
                for catcher in state.get("Catch", ()):
                    if matches(catcher["ErrorEquals"], failure):
                        caught = {"Error": failure.error, "Cause": failure.cause}
                        return write(catcher.get("ResultPath", "$"), data, caught), str(catcher["Next"])
                raise

    def _attempt(self, frame: Frame, name: str, state: Mapping[str, Any], data: Any) -> tuple[Any, str | None]:
        kind = state["Type"]
        following = None if state.get("End") or kind in ("Succeed", "Fail") else state.get("Next")
        effective = _select(state, "InputPath", data, frame.context)
        if kind == "Choice":
            following = choose(state, effective, frame.context)
        if kind in ("Choice", "Succeed"):
            return _select(state, "OutputPath", effective, frame.context), following
        if kind == "Fail":
            raise StateFailure(_fail_text(frame, state, "Error", data), _fail_text(frame, state, "Cause", data))
        if kind == "Wait":
            self._wait(frame, state, effective)
            return _select(state, "OutputPath", effective, frame.context), following
        if kind == "Pass":
            result = fill(state["Parameters"], effective, frame.context) if "Parameters" in state else effective
            result = state.get("Result", result)
        elif kind == "Task":
            result = self._task(frame, state, effective)
        elif kind == "Parallel":
            result = self._parallel(frame, state, effective)
        elif distributed(state):
            result = self._maps.run(frame, state, effective)
        else:
            result = self._map(frame, state, effective)
        if "ResultSelector" in state:
            result = fill(state["ResultSelector"], result, frame.context)
        combined = write(state.get("ResultPath", "$"), data, result)
        return _select(state, "OutputPath", combined, frame.context), following

    def _task(self, frame: Frame, state: Mapping[str, Any], data: Any) -> Any:
        try:
            result = self._tasks.run(frame, state, data)
        finally:
            frame.context.pop("Task", None)
        if not limit_size(result):
            raise _too_large(str(state["Resource"]))
        return result

    def _wait(self, frame: Frame, state: Mapping[str, Any], data: Any) -> None:
        field = next(name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in state)
        value = state[field]
        if field.endswith("Path"):
            value = value_of(value, data, frame.context, field)
        if field.startswith("Timestamp"):
            until = timestamp(value)
            if until is None:
                raise runtime_failure(f"The {field} parameter does not reference a valid timestamp: {value!r}")
            seconds = (until - datetime.now(UTC)).total_seconds()
        elif isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            seconds = float(value)
        else:
            raise runtime_failure(f"The {field} parameter does not reference a valid number of seconds: {value!r}")
        frame.scope.wait(lambda: False, self._real_seconds(seconds))

    # States that hold machines

    def _parallel(self, frame: Frame, state: Mapping[str, Any], data: Any) -> list[Any]:
        given = fill(state["Parameters"], data, frame.context) if "Parameters" in state else data
        frame.record("ParallelStateStarted")

        def work(branch: Mapping[str, Any]) -> Callable[[Frame], Any]:
            return lambda inner: self._states(inner, branch["States"], branch["StartAt"], given)

        try:
            results = self._together(
                frame, [(work(branch), {}) for branch in state["Branches"]], len(state["Branches"])
            )
        except StateFailure:
            frame.record("ParallelStateFailed")
            raise
        frame.record("ParallelStateSucceeded")
        return results

    def _map(self, frame: Frame, state: Mapping[str, Any], data: Any) -> list[Any]:
        items = value_of(state.get("ItemsPath", "$"), data, frame.context, "ItemsPath")
        if not isinstance(items, list):
            raise runtime_failure(f'Reference path "{state.get("ItemsPath", "$")}" must point to array.')
        limit = state.get("MaxConcurrency", 0)
        if "MaxConcurrencyPath" in state:
            limit = value_of(state["MaxConcurrencyPath"], data, frame.context, "MaxConcurrencyPath")
            if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
                raise runtime_failure("The MaxConcurrencyPath field must select an integer that is not negative")
        processor = state.get("ItemProcessor") or state["Iterator"]
        selector = state.get("ItemSelector", state.get("Parameters"))
        frame.record("MapStateStarted", length=len(items))
        name = str(frame.context["State"]["Name"])

        def work(index: int, item: Any) -> Callable[[Frame], Any]:
            def iterate(inner: Frame) -> Any:
                given = item if selector is None else fill(selector, data, inner.context)
                inner.record("MapIterationStarted", name=name, index=index)
                try:
                    output = self._states(inner, processor["States"], processor["StartAt"], given)
                except StateFailure:
                    inner.record("MapIterationFailed", name=name, index=index)
                    raise
                inner.record("MapIterationSucceeded", name=name, index=index)
                return output

            return iterate

        works = [
            (work(index, item), {"Map": {"Item": {"Index": index, "Value": item}}}) for index, item in enumerate(items)
        ]
        try:
            results = self._together(frame, works, min(limit or INLINE_CONCURRENCY, INLINE_CONCURRENCY))
        except StateFailure:
            frame.record("MapStateFailed")
            raise
        frame.record("MapStateSucceeded")
        return results

    def _together(
        self, frame: Frame, works: Sequence[tuple[Callable[[Frame], Any], Mapping[str, Any]]], limit: int
    ) -> list[Any]:
        """Run pieces of work at the same time; the first failure cancels the others."""
        execution = frame.execution
        group = Scope(execution, frame.scope)
        around = Frame(execution, group, frame.context, frame.last_event)
        results: list[Any] = [None] * len(works)
        failures: list[BaseException] = []
        pending = list(range(len(works)))[::-1]
        running = 0

        def worker() -> None:
            nonlocal running
            while True:
                with execution.changed:
                    if not pending or failures or group.cancelled:
                        running -= 1
                        execution.changed.notify_all()
                        return
                    index = pending.pop()
                try:
                    work, extra = works[index]
                    results[index] = work(around.branch(extra))
                except Cancelled:
                    continue
                except BaseException as error:
                    with execution.changed:
                        failures.append(error)
                        execution.changed.notify_all()

        count = max(min(limit, len(works)), 0)
        running = count
        for _ in range(count):
            threading.Thread(target=worker, name=f"states-{execution.name[:20]}", daemon=True).start()
        try:
            frame.scope.wait(lambda: running == 0 or bool(failures), None)
        finally:
            group.cancel()
        if failures:
            raise failures[0]
        frame.last_event = max(frame.last_event, len(execution.history()))
        return results


def distributed(state: Mapping[str, Any]) -> bool:
    """Whether a Map state starts child executions instead of iterations."""
    config = (state.get("ItemProcessor") or {}).get("ProcessorConfig") or {}
    return bool(config.get("Mode") == "DISTRIBUTED")


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _too_large(name: str) -> StateFailure:
    cause = (
        f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    )
    return StateFailure(DATA_LIMIT, cause)


def _select(state: Mapping[str, Any], field: str, data: Any, context: Any) -> Any:
    """InputPath and OutputPath: ``null`` selects nothing and leaves an empty object."""
    path = state.get(field, "$")
    return {} if path is None else value_of(path, data, context, field)


def _fail_text(frame: Frame, state: Mapping[str, Any], field: str, data: Any) -> str:
    """``Error`` or ``Cause`` of a Fail state, or what their paths select."""
    if f"{field}Path" not in state:
        return str(state.get(field, ""))
    value = value_of(state[f"{field}Path"], data, frame.context, f"{field}Path")
    if not isinstance(value, str):
        raise runtime_failure(f"The {field}Path field must select a string")
    return value


def _retry_delay(
    retriers: Sequence[Mapping[str, Any]], failure: StateFailure, attempts: dict[int, int]
) -> float | None:
    """Seconds until the next attempt, or None if there is none.

    Args:
        retriers: the state's ``Retry``.
        failure: how the attempt failed.
        attempts: how often each retrier was used; counted up here.
    """
    for index, retrier in enumerate(retriers):
        if not matches(retrier["ErrorEquals"], failure):
            continue
        used = attempts.get(index, 0)
        if used >= retrier.get("MaxAttempts", 3):
            return None
        attempts[index] = used + 1
        delay = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** used
        delay = min(delay, float(retrier.get("MaxDelaySeconds", 31_622_400)))
        return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay
    return None
