"""All executions of the emulator: starting, stopping, redriving, and their task tokens."""

from __future__ import annotations

import contextlib
import json
import logging
import random
import re
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.stepfunctions.exceptions import ResourceNotFound, StateMachineDoesNotExist
from moto.stepfunctions.models import stepfunctions_backends

from aws_emulator.api import ApiError, Emulator
from aws_emulator.compute.principals import Principals
from aws_emulator.compute.states.execution import ABORTED, RUNNING, SUCCEEDED, Execution, Machine, Token, now
from aws_emulator.compute.states.interpreter import Interpreter
from aws_emulator.compute.states.map_runs import MapRun, MapRunner
from aws_emulator.compute.states.role_calls import RoleCalls
from aws_emulator.compute.states.tasks import Tasks
from aws_emulator.compute.timing import WorkInProgress, real_seconds

log = logging.getLogger("emulator.states")

NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,80}""")
"""Names of machines and executions."""

REDRIVE_PERIOD = timedelta(days=14)
KEPT_TOKENS = 20_000
KEPT_EXECUTIONS = 5000
KEPT_MAP_RUNS = 200
KEPT_BYTES = 64 * 2**20
"""Executions that are over are forgotten, the oldest first, beyond these (AWS: after 90 days)."""

StatusListener = Callable[[Execution], None]


def error(code: str, message: str) -> ApiError:
    """An error of the Step Functions API; all its modelled errors have status 400."""
    return ApiError(code, message, 400)


class Engine:
    """Runs and remembers executions.

    Args:
        emulator: serves the calls of tasks.
        principals: credentials of roles.
        work: told of executions under way.
    """

    def __init__(self, emulator: Emulator, principals: Principals, work: WorkInProgress) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._executions: dict[str, Execution] = {}
        self._over: dict[str, int] = {}
        """Executions that are over, in the order of their ends, with their weights."""
        self._weight = 0
        self._tokens: dict[str, Token] = {}
        self._map_runs: dict[str, MapRun] = {}
        self._closed: dict[str, tuple[str, str]] = {}
        """Tokens whose task is over: account and region."""
        self.listeners: list[StatusListener] = []

        def scaled(seconds: float) -> float:
            return real_seconds(emulator, seconds)

        roles = RoleCalls(emulator, principals)
        self._interpreter = Interpreter(Tasks(emulator, roles, self, scaled), MapRunner(self, roles), scaled)

    # Executions

    def find(self, arn: str) -> Execution | None:
        """The execution with this ARN."""
        with self._lock:
            return self._executions.get(arn)

    def of_machine(self, machine_arn: str) -> list[Execution]:
        """The executions of a state machine, the latest first."""
        with self._lock:
            found = [execution for execution in self._executions.values() if execution.machine.arn == machine_arn]
        return sorted(found, key=lambda execution: execution.start_date, reverse=True)

    def start(self, machine: Machine, name: str | None, text: str, trace_header: str | None = None) -> Execution:
        """Start an execution, or find the running one of the same name and input.

        Args:
            machine: what runs.
            name: of the execution; None for a name that nobody has.
            text: the input.
            trace_header: of X-Ray, as the caller passes it.

        Raises:
            ApiError: ``ExecutionAlreadyExists``, ``InvalidExecutionInput``.
        """
        try:
            json.loads(text)
        except ValueError as bad:
            message = f"Invalid State Machine Execution Input: '{bad}'"
            raise error("InvalidExecutionInput", message) from bad
        express = machine.kind == "EXPRESS"
        name = name or str(uuid.uuid4())
        kind = "express" if express else "execution"
        arn = f"arn:aws:states:{machine.region}:{machine.account}:{kind}:{machine.name}:{name}"
        if express:
            arn = f"{arn}:{uuid.uuid4()}"
        execution = Execution(machine, name, arn, text, self._changed, trace_header)
        with self._lock:
            known = self._executions.get(arn)
            if known is not None:
                if known.status == RUNNING and known.input_text == text:
                    return known
                raise error("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            self._executions[arn] = execution
        execution.record_start()
        self._begin(execution, None)
        return execution

    # Map runs

    def open_map_run(self, run: MapRun) -> None:
        """Make a map run known; the oldest that are over are forgotten."""
        with self._lock:
            self._map_runs[run.arn] = run
            over = [arn for arn, known in self._map_runs.items() if known.stop_date is not None]
            for arn in over[: max(len(self._map_runs) - KEPT_MAP_RUNS, 0)]:
                del self._map_runs[arn]

    def map_run(self, arn: str) -> MapRun | None:
        """The map run with this ARN."""
        with self._lock:
            return self._map_runs.get(arn)

    def map_runs_of(self, execution: Execution) -> list[MapRun]:
        """The map runs of an execution."""
        with self._lock:
            return [run for run in self._map_runs.values() if run.execution is execution]

    def run_child(self, child: Execution) -> None:
        """Run a child execution to its end, in the calling thread."""
        with self._lock:
            self._executions[child.arn] = child
        child.record_start()
        self._work.begin("executions")
        self._run(child, None)

    def _begin(self, execution: Execution, start: tuple[str, Any] | None) -> None:
        self._work.begin("executions")
        self._changed(execution)
        threading.Thread(
            target=self._run, args=(execution, start), name=f"states-{execution.name[:30]}", daemon=True
        ).start()

    def _run(self, execution: Execution, start: tuple[str, Any] | None) -> None:
        try:
            self._interpreter.run(execution, start)
        except Exception:
            log.exception("the execution %s met a bug", execution.arn)
        finally:
            self._keep(execution)
            self._work.end("executions")

    def _keep(self, execution: Execution) -> None:
        """Note an execution that is over, and forget the oldest of them if they are too many or too large."""
        with self._lock:
            self._weight -= self._over.pop(execution.arn, 0)
            self._over[execution.arn] = execution.weight
            self._weight += execution.weight
            while len(self._over) > KEPT_EXECUTIONS or (self._weight > KEPT_BYTES and len(self._over) > 1):
                arn = next(iter(self._over))
                self._weight -= self._over.pop(arn)
                if self._executions[arn].ended:
                    del self._executions[arn]

    def _changed(self, execution: Execution) -> None:
        for listener in self.listeners:
            try:
                listener(execution)
            except Exception:
                log.exception("a listener of execution status failed")

    def stop(self, execution: Execution, error_text: str | None, cause: str | None) -> None:
        """Abort an execution; nothing happens if it is over."""
        execution.finish(ABORTED, error=error_text, cause=cause)

    def redrive(self, execution: Execution) -> None:
        """Run an execution again from the top-level state that did not succeed.

        Unlike AWS, which re-runs only the branches that failed, a Parallel or Map state is run again as a whole.

        Raises:
            ApiError: ``ExecutionNotRedrivable``.
        """
        if reason := redrive_refusal(execution):
            raise error("ExecutionNotRedrivable", reason)
        execution.reopen()
        self._begin(execution, execution.failed_state)

    def close(self) -> None:
        """Abort what still runs, so that its threads end."""
        with self._lock:
            running = [execution for execution in self._executions.values() if not execution.ended]
        self.listeners.clear()
        for execution in running:
            self.stop(execution, None, "the emulator is shutting down")

    # Task tokens

    def open_token(self, token: Token) -> None:
        """Make a task token known."""
        with self._lock:
            self._tokens[token.value] = token

    def close_token(self, token: Token) -> None:
        """The task of a token is over."""
        machine = token.execution.machine
        with self._lock:
            self._tokens.pop(token.value, None)
            self._closed[token.value] = (machine.account, machine.region)
            while len(self._closed) > KEPT_TOKENS:
                self._closed.pop(next(iter(self._closed)))

    def token(self, value: str, account: str, region: str) -> Token:
        """The open token of this account and region.

        Raises:
            ApiError: ``InvalidToken`` for one that is unknown there, ``TaskTimedOut`` for one whose task is over
                (UNVERIFIED[sfn-closed-token]: AWS's choice between TaskTimedOut and TaskDoesNotExist for the latter).
        """
        with self._lock:
            token = self._tokens.get(value)
            closed = self._closed.get(value)
        if token is not None and (token.execution.machine.account, token.execution.machine.region) == (account, region):
            if not token.scope.cancelled:
                return token
            closed = (account, region)
        if closed == (account, region):
            raise error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        raise error("InvalidToken", "Invalid Token: 'Invalid token'")

    def settle_token(self, token: Token, outcome: tuple[str, str | None, str | None]) -> None:
        """Give a waiting task its outcome.

        Raises:
            ApiError: ``TaskTimedOut``, when it has one already or its execution has ended.
        """
        with token.execution.changed:
            if token.outcome is not None or token.scope.cancelled:
                raise error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            token.outcome = outcome
            token.execution.changed.notify_all()

    def beat(self, token: Token) -> None:
        """A waiting task is still worked on."""
        with token.execution.changed:
            token.heartbeat = time.monotonic()
            token.execution.changed.notify_all()


def redrive_refusal(execution: Execution) -> str | None:
    """Why an execution cannot be redriven, or None if it can."""
    if execution.machine.kind == "EXPRESS":
        return "Execution is of an Express workflow and cannot be redriven"
    if not execution.ended:
        return "Execution is RUNNING and cannot be redriven"
    if execution.status == SUCCEEDED:
        return "Execution is SUCCEEDED and cannot be redriven"
    if now() - execution.start_date > REDRIVE_PERIOD:
        return "Execution is older than 14 days and cannot be redriven"
    if execution.failed_state is None:
        return "Execution has not entered a state and cannot be redriven"
    return None


def find_machine(arn: str, account: str, region: str) -> Machine:
    """The state machine, version or alias with this ARN, as it is now.

    Raises:
        ApiError: ``InvalidArn``, ``StateMachineDoesNotExist``.
    """
    parts = arn.split(":")
    if len(parts) not in (7, 8) or parts[2] != "states" or parts[5] != "stateMachine":
        raise error("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    missing = error("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    if (parts[3], parts[4]) != (region, account):
        raise missing
    backend = stepfunctions_backends[account][region]
    alias_arn = version_arn = None
    if len(parts) == 8 and not parts[7].isdigit():
        with contextlib.suppress(ResourceNotFound, StateMachineDoesNotExist):
            alias = backend.describe_state_machine_alias(arn)
            routes = alias.routing_configuration
            weights = [int(route["weight"]) for route in routes]
            alias_arn, arn = arn, random.choices(routes, weights)[0]["stateMachineVersionArn"]
        if alias_arn is None:
            raise missing
    try:
        found = backend.describe_state_machine(arn)
    except StateMachineDoesNotExist:
        raise missing from None
    if found.arn.count(":") == 7:
        version_arn = found.arn
    return Machine(
        arn=":".join(found.arn.split(":")[:7]),
        name=str(found.name),
        account=account,
        region=region,
        role_arn=str(found.roleArn),
        definition=json.loads(found.definition),
        kind=str(found.type),
        version_arn=version_arn,
        alias_arn=alias_arn,
        traced=bool((found.tracingConfiguration or {}).get("enabled")),
    )
