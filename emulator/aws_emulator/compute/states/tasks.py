"""Runs Task states: calls a function or a service as the machine's own role, or as the task's role.

Source of the rules: Step Functions developer guide, "Integrating services", "Wait for a Callback with Task Token",
"Accessing resources in other AWS accounts in Step Functions".
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aws_emulator.api import ApiError, Emulator
from aws_emulator.compute.states.execution import SUCCEEDED, Execution, Scope, Token, compact
from aws_emulator.compute.states.failures import (
    TASK_FAILED,
    TIMEOUT,
    Cancelled,
    StateFailure,
    runtime_failure,
)
from aws_emulator.compute.states.interpreter import Frame
from aws_emulator.compute.states.resources import ERROR_PREFIXES, Resource, parse_resource
from aws_emulator.compute.states.role_calls import RoleCalls
from aws_emulator.compute.states.shapes import error_name, pascal, to_request, to_result
from aws_emulator.compute.states.templates import fill, value_of
from aws_emulator.compute.traces import HEADER


class Registry(Protocol):
    """What tasks need of the engine."""

    def open_token(self, token: Token) -> None:
        """Make a task token known."""

    def close_token(self, token: Token) -> None:
        """A task token's task is over."""

    def find(self, arn: str) -> Execution | None:
        """The execution with this ARN."""

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        """Abort an execution."""


@dataclass
class _Deadline:
    """The end of a task's time (``TimeoutSeconds``); None never ends."""

    at: float | None

    def left(self) -> float | None:
        return None if self.at is None else max(self.at - time.monotonic(), 0.0)


class Tasks:
    """Runs the work of Task states.

    Args:
        emulator: serves the calls.
        roles: make calls in the name of roles.
        registry: knows executions and task tokens.
        real_seconds: turns the services' seconds into real ones.
    """

    def __init__(
        self, emulator: Emulator, roles: RoleCalls, registry: Registry, real_seconds: Callable[[float], float]
    ) -> None:
        self._emulator = emulator
        self._roles = roles
        self._registry = registry
        self._real_seconds = real_seconds

    def run(self, frame: Frame, state: Mapping[str, Any], data: Any) -> Any:
        """The task's result, before ResultSelector.

        Raises:
            StateFailure: the task failed.
            Cancelled: the execution has ended meanwhile.
        """
        resource = parse_resource(state["Resource"])
        token: Token | None = None
        if resource.pattern == "waitForTaskToken":
            token = Token(secrets.token_urlsafe(256), frame.execution, frame.scope)
            self._registry.open_token(token)
            frame.context["Task"] = {"Token": token.value}
        try:
            return self._run(frame, state, data, resource, token)
        finally:
            if token is not None:
                self._registry.close_token(token)

    def _run(self, frame: Frame, state: Mapping[str, Any], data: Any, resource: Resource, token: Token | None) -> Any:
        if "Parameters" in state:
            parameters = fill(state["Parameters"], data, frame.context)
        else:
            # UNVERIFIED[sfn-task-without-parameters]: what a service task without Parameters passes on; here only a
            # function gets the input.
            parameters = data if resource.kind == "function" else {}
        timeout = self._seconds(frame, state, "TimeoutSeconds", data)
        heartbeat = self._seconds(frame, state, "HeartbeatSeconds", data)
        role = fill(state["Credentials"], data, frame.context)["RoleArn"] if "Credentials" in state else None
        self._record_scheduled(frame, resource, parameters, timeout, heartbeat, role)
        deadline = _Deadline(None if timeout is None else time.monotonic() + self._real_seconds(timeout))
        try:
            response = self._in_time(frame.scope, deadline, lambda: self._call(frame, resource, parameters, role))
            if resource.pattern:
                self._record_submitted(frame, resource, response)
            if token is not None:
                response = self._await_token(token, deadline, heartbeat)
            elif resource.pattern:
                response = self._await_child(frame, resource, response, deadline)
        except StateFailure as failure:
            self._record_failed(frame, resource, failure)
            raise
        self._record_succeeded(frame, resource, response)
        return response

    @staticmethod
    def _seconds(frame: Frame, state: Mapping[str, Any], field: str, data: Any) -> float | None:
        if field in state:
            return float(state[field])
        if f"{field}Path" not in state:
            return None
        value = value_of(state[f"{field}Path"], data, frame.context, f"{field}Path")
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise runtime_failure(f"The {field}Path field must select a positive integer")
        return float(value)

    # The call itself

    def _in_time(self, scope: Scope, deadline: _Deadline, work: Callable[[], Any]) -> Any:
        """Run a call; leave it behind when its time is over or the execution ends."""
        outcome: list[tuple[Any, BaseException | None]] = []
        changed = scope.execution.changed

        def run() -> None:
            result: tuple[Any, BaseException | None]
            try:
                result = (work(), None)
            except BaseException as error:
                result = (None, error)
            with changed:
                outcome.append(result)
                changed.notify_all()

        threading.Thread(target=run, name="states-task", daemon=True).start()
        if not scope.wait(lambda: bool(outcome), deadline.left()):
            raise StateFailure(TIMEOUT, "")
        value, error = outcome[0]
        if error is not None:
            raise error
        return value

    def _call(self, frame: Frame, resource: Resource, parameters: Any, role_arn: str | None) -> Any:
        machine = frame.execution.machine
        caller = self._roles.caller(frame, role_arn)
        operation = resource.operation
        request = self._request(resource, parameters)
        try:
            response = self._emulator.call(
                resource.botocore_service,
                operation.name,
                request,
                caller=caller,
                region=machine.region,
                headers=_headers(frame.execution, resource),
            )
        except ApiError as error:
            raise _service_failure(resource, error) from error
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            # The request does not fit the operation's model, which the SDK inside Step Functions would notice.
            raise runtime_failure(f"The Parameters of {resource.action} are not valid: {error}") from error
        if resource.service == "lambda" and resource.kind != "sdk":
            return _function_result(resource, response or {})
        return to_result(operation.output_shape, response or {})

    @staticmethod
    def _request(resource: Resource, parameters: Any) -> dict[str, Any]:
        if resource.kind == "function":
            return {"FunctionName": resource.function, "Payload": compact(parameters).encode()}
        request = to_request(resource.operation.input_shape, parameters)
        if resource.kind == "optimized" and resource.service == "lambda":
            payload = parameters.get("Payload", {})
            request["Payload"] = (
                payload if isinstance(payload, str) and _is_json(payload) else compact(payload)
            ).encode()
        if resource.action == "startExecution":
            request.setdefault("input", "{}")
        return dict(request)

    # Patterns that wait

    def _await_token(self, token: Token, deadline: _Deadline, heartbeat: float | None) -> Any:
        beat = None if heartbeat is None else self._real_seconds(heartbeat)
        token.heartbeat = time.monotonic()
        while token.outcome is None:
            left = deadline.left()
            quiet = None if beat is None else token.heartbeat + beat - time.monotonic()
            limits = [limit for limit in (left, quiet) if limit is not None]
            if token.scope.wait(lambda: token.outcome is not None, max(min(limits), 0.0) if limits else None):
                break
            if deadline.left() == 0.0:
                raise StateFailure(TIMEOUT, "")
            if beat is not None and time.monotonic() - token.heartbeat >= beat:
                raise StateFailure(TIMEOUT, "", heartbeat=True)
        assert token.outcome is not None
        kind, first, second = token.outcome
        if kind == "success":
            return json.loads(first or "null")
        raise StateFailure(first or "", second or "")

    def _await_child(self, frame: Frame, resource: Resource, response: Any, deadline: _Deadline) -> Any:
        """``startExecution.sync``: wait for the execution that was started."""
        child = self._registry.find(str(response["ExecutionArn"]))
        if child is None:
            raise StateFailure(TASK_FAILED, f"the execution {response['ExecutionArn']} is gone")
        over = threading.Event()

        def watch() -> None:
            with child.changed:
                child.changed.wait_for(lambda: child.ended)
            over.set()
            with frame.execution.changed:
                frame.execution.changed.notify_all()

        threading.Thread(target=watch, name="states-child", daemon=True).start()
        try:
            in_time = frame.scope.wait(over.is_set, deadline.left())
        except Cancelled:
            self._registry.stop(child, None, "The parent execution has ended")
            raise
        if not in_time:
            self._registry.stop(child, None, "The parent's task has timed out")
            raise StateFailure(TIMEOUT, "")
        described = describe_child(child, parsed=resource.pattern == "sync:2")
        if child.status != SUCCEEDED:
            raise StateFailure(TASK_FAILED, compact(described))
        return described

    # History

    def _record_scheduled(
        self,
        frame: Frame,
        resource: Resource,
        parameters: Any,
        timeout: float | None,
        heartbeat: float | None,
        role: str | None,
    ) -> None:
        details: dict[str, Any] = {} if timeout is None else {"timeoutInSeconds": int(timeout)}
        if role is not None:
            details["taskCredentials"] = {"roleArn": role}
        if resource.kind == "function":
            text = {"input": compact(parameters), "inputDetails": {"truncated": False}}
            frame.record("LambdaFunctionScheduled", resource=resource.function, **text, **details)
            frame.record("LambdaFunctionStarted")
            return
        if heartbeat is not None:
            details["heartbeatInSeconds"] = int(heartbeat)
        names = {"resourceType": resource.history_type, "resource": resource.history_name}
        region = frame.execution.machine.region
        frame.record("TaskScheduled", **names, region=region, parameters=compact(parameters), **details)
        frame.record("TaskStarted", **names)

    @staticmethod
    def _record_submitted(frame: Frame, resource: Resource, response: Any) -> None:
        names = {"resourceType": resource.history_type, "resource": resource.history_name}
        frame.record("TaskSubmitted", **names, output=compact(response), outputDetails={"truncated": False})

    @staticmethod
    def _record_succeeded(frame: Frame, resource: Resource, response: Any) -> None:
        output = {"output": compact(response)[:262_144], "outputDetails": {"truncated": False}}
        if resource.kind == "function":
            frame.record("LambdaFunctionSucceeded", **output)
        else:
            frame.record("TaskSucceeded", resourceType=resource.history_type, resource=resource.history_name, **output)

    @staticmethod
    def _record_failed(frame: Frame, resource: Resource, failure: StateFailure) -> None:
        kind = "TimedOut" if failure.error == TIMEOUT else "Failed"
        details = {"error": failure.error[:256]}
        if failure.cause:
            details["cause"] = failure.cause[:32_768]
        if resource.kind == "function":
            frame.record(f"LambdaFunction{kind}", **details)
        else:
            names = {"resourceType": resource.history_type, "resource": resource.history_name}
            frame.record(f"Task{kind}", **names, **details)


def _headers(execution: Execution, resource: Resource) -> dict[str, str]:
    """A function gets the execution's trace.

    UNVERIFIED[sfn-trace-to-execution]: whether an execution that a task starts gets it as well. The guide names Step
    Functions among the integrations "with native X-Ray support" and tells those who start executions to set
    ``traceHeader`` themselves. Here it does not, so a machine that relies on it breaks its trace.
    """
    if execution.trace is None or resource.service != "lambda":
        return {}
    return {HEADER: execution.trace.header()}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _function_result(resource: Resource, response: Mapping[str, Any]) -> Any:
    """What a function returned; its error as the task's failure."""
    body = response.get("Payload") or b""
    body = body.read() if hasattr(body, "read") else body
    text = body.decode() if isinstance(body, bytes) else str(body)
    if response.get("FunctionError"):
        try:
            error = str(json.loads(text).get("errorType") or "Error")
        except (ValueError, AttributeError):
            error = "Lambda.Unknown"
        raise StateFailure(error, text)
    payload = json.loads(text) if text else None
    if resource.kind == "function":
        return payload
    return {
        "ExecutedVersion": response.get("ExecutedVersion", "$LATEST"),
        "Payload": payload,
        "SdkHttpMetadata": {"HttpStatusCode": response.get("StatusCode", 200)},
        "StatusCode": response.get("StatusCode", 200),
    }


def _service_failure(resource: Resource, error: ApiError) -> StateFailure:
    """How a refused call is named: optimized integrations have names of their own."""
    code = error.code.rsplit("#", 1)[-1]
    if resource.kind == "sdk":
        prefix = error_name(resource.service, resource.operation, code)
        service = prefix.split(".")[0]
        return StateFailure(prefix, f"{error.message} (Service: {service}, Status Code: {error.status})")
    if resource.service == "lambda":
        known = {shape.name for shape in resource.operation.error_shapes}
        name = code if code in known else "SdkClientException" if code == "ConnectionClosed" else "AWSLambdaException"
        details = f"Service: AWSLambda; Status Code: {error.status}; Error Code: {code}; Proxy: null"
        return StateFailure(f"Lambda.{name}", f"{error.message} ({details})")
    prefix = ERROR_PREFIXES.get(resource.service, pascal(resource.service))
    name = "SdkClientException" if code == "ConnectionClosed" else code
    name = name if name.endswith("Exception") else f"{name}Exception"
    return StateFailure(f"{prefix}.{name}", f"{error.message} (Status Code: {error.status}; Error Code: {code})")


def describe_child(child: Execution, *, parsed: bool) -> dict[str, Any]:
    """The result of ``startExecution.sync``: DescribeExecution of the child, its output as JSON for ``sync:2``."""
    described: dict[str, Any] = {
        "ExecutionArn": child.arn,
        "Input": child.input if parsed else child.input_text,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "StartDate": int(child.start_date.timestamp() * 1000),
        "StateMachineArn": child.machine.arn,
        "Status": child.status,
    }
    if child.stop_date is not None:
        described["StopDate"] = int(child.stop_date.timestamp() * 1000)
    if child.output is not None:
        described["Output"] = json.loads(child.output) if parsed else child.output
        described["OutputDetails"] = {"Included": True}
    for field, value in (("Error", child.error), ("Cause", child.cause)):
        if value is not None:
            described[field] = value
    return described
