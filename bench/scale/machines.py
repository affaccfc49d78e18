"""The product's state machines on the virtual clock: the sandbox's interpreter, its waits and branches replaced."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from aws_emulator.compute.states import interpreter, intrinsics
from aws_emulator.compute.states.execution import Execution, Machine, Scope
from aws_emulator.compute.states.failures import TASK_FAILED, TIMEOUT, StateFailure
from aws_emulator.compute.states.interpreter import Frame, Interpreter
from aws_emulator.compute.states.templates import fill, value_of
from bench.scale.calls import Calls
from bench.scale.virtual import VirtualFuture, VirtualPool, VirtualTime
from streamgov_core.model.errors import StreamgovError

TRANSITION = 0.02
"""Seconds from one state to the next. Not documented: assumed."""
STATE_ATTEMPTS = 3
"""How often Step Functions makes a call of an integration before the state's own Retry; assumed."""

Function = Callable[[str, str, Any], Any]
"""Invokes a function: account, short name, payload -> its answer. Raises StateFailure."""


class _VirtualScope(Scope):
    """Waits on the virtual clock."""

    def __init__(self, execution: Execution, time: VirtualTime, parent: Scope | None = None) -> None:
        super().__init__(execution, parent)
        self._time = time

    def wait(self, ready: Callable[[], bool], seconds: float | None) -> bool:
        """See Scope.wait; nothing is waited for but time."""
        assert seconds is not None, "only time is waited for here"
        self._time.sleep(seconds)
        return ready()


@dataclass
class _VirtualFrame(Frame):
    """Counts the states that are entered, and lets each take its time; no history is kept."""

    machines: Machines | None = None

    def record(self, kind: str, **details: Any) -> None:
        """See Frame.record."""
        if kind.endswith("StateEntered") and self.machines is not None:
            self.machines.enter(self.execution)

    def branch(self, extra: Mapping[str, Any] | None = None) -> Frame:
        """See Frame.branch."""
        return _VirtualFrame(
            self.execution, self.scope, {**self.context, **(extra or {})}, self.last_event, self.machines
        )


class _VirtualInterpreter(Interpreter):
    """Branches run on the virtual clock."""

    def __init__(self, machines: Machines) -> None:
        super().__init__(machines, machines, lambda seconds: seconds)
        self._machines = machines

    def outcome(self, execution: Execution) -> Any:
        """Run an execution: its output. Raises StateFailure."""
        definition = execution.machine.definition
        scope = _VirtualScope(execution, self._machines.time)
        frame = _VirtualFrame(execution, scope, self._context(execution), 0, self._machines)
        return self._states(frame, definition["States"], definition["StartAt"], execution.input, top=True)

    def child(self, frame: Frame, processor: Mapping[str, Any], given: Any) -> Any:
        """Run a child execution of a distributed map: its output. Raises StateFailure."""
        return self._states(frame, processor["States"], processor["StartAt"], given)

    def _together(
        self, frame: Frame, works: Sequence[tuple[Callable[[Frame], Any], Mapping[str, Any]]], limit: int
    ) -> list[Any]:
        with VirtualPool(self._machines.time, max(1, limit)) as pool:
            begun = [pool.submit(work, frame.branch(extra)) for work, extra in works]
        return [future.result() for future in begun]


@dataclass
class Machines:
    """Runs executions.

    Args:
        time: the clock.
        calls: of integrations.
        definitions: account and the machine's short name -> Amazon States Language.
        invoke: invokes a function.
    """

    time: VirtualTime
    calls: Calls
    definitions: Callable[[str, str], Mapping[str, Any]]
    invoke: Function
    transitions: int = 0
    inputs: dict[str, Any] = field(default_factory=dict)
    """Inputs of executions, by ARN."""
    ended: Counter[str] = field(default_factory=Counter)
    """Executions by how they ended: ``SUCCEEDED`` or the error's name."""
    _tokens: dict[str, VirtualFuture] = field(default_factory=dict)
    _count: int = 0

    def enter(self, execution: Execution) -> None:
        """A state is entered."""
        self.transitions += 1
        self.time.sleep(TRANSITION)
        while not self.calls.buckets.take("states:StateTransition", execution.machine.account):
            self.calls.refused["states:StateTransition"] += 1
            self.time.sleep(TRANSITION)

    def execute(self, account: str, name: str, given: Any) -> str:
        """Run an execution to its end.

        Args:
            account: it runs in.
            name: of the machine: ``central`` or ``member``.
            given: its input.

        Returns:
            ``SUCCEEDED``, or the error's name.
        """
        self._count += 1
        arn = f"arn:aws:states:us-east-1:{account}:execution:streamgov-{name}:e{self._count}"
        machine = Machine(
            arn.rsplit(":", 1)[0], name, account, "us-east-1", "role", dict(self.definitions(account, name))
        )
        self.inputs[arn] = given
        execution = Execution(machine, f"e{self._count}", arn, json.dumps(given), lambda changed: None)
        try:
            _VirtualInterpreter(self).outcome(execution)
            ended = "SUCCEEDED"
        except StateFailure as failure:
            ended = failure.error
        self.ended[f"{name}: {ended}"] += 1
        return ended

    def run(self, frame: Frame, state: Mapping[str, Any], data: Any) -> Any:
        """See TaskRunner.run and MapStateRunner.run."""
        if state["Type"] == "Map":
            return self._distributed(frame, state, data)
        resource = str(state["Resource"]).rsplit("arn:aws:states:::", 1)[-1]
        account = frame.execution.machine.account
        if resource == "aws-sdk:sfn:startExecution.waitForTaskToken":
            return self._start_and_wait(frame, state, data)
        given = fill(state["Parameters"], data, frame.context)
        if resource == "lambda:invoke":
            _, _, _, _, owner, _, name = str(given["FunctionName"]).split(":")[:7]
            return {"Payload": self.invoke(owner, name.rsplit("-", 1)[-1], given["Payload"])}
        if resource in ("aws-sdk:sfn:sendTaskSuccess", "aws-sdk:sfn:sendTaskFailure"):
            return self._answer(resource.rsplit(":", 1)[-1], given, account)
        raise NotImplementedError(resource)

    def _distributed(self, frame: Frame, state: Mapping[str, Any], data: Any) -> list[Any]:
        """A child execution for each item; those that fail are tolerated, as the product's state says."""
        items = value_of(state["ItemsPath"], data, frame.context, "ItemsPath")
        limit = value_of(state["MaxConcurrencyPath"], data, frame.context, "MaxConcurrencyPath")
        assert state["ToleratedFailurePercentage"] == 100, "what else happens is not simulated"
        processor, interpreter = state["ItemProcessor"], _VirtualInterpreter(self)

        def child(index: int, item: Any) -> None:
            inner = frame.branch({"Map": {"Item": {"Index": index, "Value": item}}})
            given = fill(state["ItemSelector"], data, inner.context)
            try:
                interpreter.child(inner, processor, given)
                self.ended["shard: SUCCEEDED"] += 1
            except StateFailure as failure:
                self.ended[f"shard: {failure.error}"] += 1

        with VirtualPool(self.time, max(1, limit)) as pool:
            for index, item in enumerate(items):
                pool.submit(child, index, item)
        return []

    def _answer(self, action: str, given: Mapping[str, Any], account: str) -> dict[str, Any]:
        token = self._tokens.get(given["TaskToken"])
        if token is None:
            raise StateFailure("Sfn.TaskTimedOutException", "the task waits no longer")
        operation = f"states:{action[0].upper()}{action[1:]}"

        def effect() -> None:
            if action == "sendTaskSuccess":
                token.set(json.loads(given["Output"]))
            else:
                token.set(error=StateFailure(given["Error"], given["Cause"]))

        self._called(operation, account, effect)
        return {}

    def _start_and_wait(self, frame: Frame, state: Mapping[str, Any], data: Any) -> Any:
        self._count += 1
        key, token = f"token{self._count}", VirtualFuture(self.time)
        self._tokens[key] = token
        frame.context["Task"] = {"Token": key}
        given = fill(state["Parameters"], data, frame.context)
        member = str(given["StateMachineArn"]).split(":")[4]
        self._called(
            "states:StartExecution",
            member,
            lambda: self.time.spawn(lambda: self.execute(member, "member", given["Input"])),
        )
        self.time.later(float(state["TimeoutSeconds"]), lambda: token.set(error=StateFailure(TIMEOUT, "")))
        try:
            return token.result()
        finally:
            del self._tokens[key]

    def _called(self, operation: str, account: str, effect: Callable[[], Any]) -> None:
        try:
            self.calls.make(operation, account, attempts=STATE_ATTEMPTS, effect=effect)
        except StreamgovError as error:
            raise StateFailure(TASK_FAILED, str(error)) from error


@contextmanager
def chance_of(chance: random.Random) -> Iterator[None]:
    """Let jitter and ``States.MathRandom`` come from one source, so that a run is the same each time.

    Args:
        chance: the source.
    """
    with patch.object(interpreter, "random", chance), patch.object(intrinsics, "random", chance):
        yield
