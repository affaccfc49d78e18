"""The Invoke operation: from a request to a worker and back, synchronous and asynchronous.

Source of the rules: Lambda API reference "Invoke"; developer guide "How Lambda handles errors and retries with
asynchronous invocation".
"""

from __future__ import annotations

import base64
import json
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.compute.functions.bundles import BundleError, Bundles
from aws_emulator.compute.functions.logs import FunctionLogs, lines_of
from aws_emulator.compute.functions.pool import Pool
from aws_emulator.compute.functions.runtime_api import Invocation
from aws_emulator.compute.functions.store import find_function, split_name
from aws_emulator.compute.functions.versions import check_ready, has_snapshots
from aws_emulator.compute.functions.worker import Outcome, Worker, WorkerSpec
from aws_emulator.compute.principals import Principals
from aws_emulator.compute.timing import WorkInProgress
from aws_emulator.compute.traces import Trace, new_trace, parse_trace, passed_header
from aws_emulator.iam.state import Identity

SYNCHRONOUS_LIMIT = 6_291_456
"""Payload of a synchronous invocation, request and response."""

ASYNCHRONOUS_LIMIT = 1_048_576
"""Payload of an asynchronous invocation (1 MB since October 2025)."""

LOG_TAIL = 4096
"""``LogResult`` holds the last 4 KB."""


@dataclass(frozen=True)
class Target:
    """A function as addressed by one call: its moto object, and the ARN as it was invoked."""

    function: Any
    account: str
    region: str
    arn: str
    version: str


@dataclass(frozen=True)
class Result:
    """The answer of one synchronous run."""

    payload: bytes
    function_error: str | None
    log: str
    version: str
    request_id: str


SubmitAsync = Callable[[Target, bytes, str | None], str]
"""(target, payload, trace header of the caller) → the request id of an asynchronous invocation."""


class Functions:
    """Runs functions.

    Args:
        emulator: the registry.
        principals: credentials of roles.
        work: told of functions that run.
        root: a directory for bundles, compiled modules and scratch space.
    """

    def __init__(self, emulator: Emulator, principals: Principals, work: WorkInProgress, root: Path) -> None:
        self.emulator = emulator
        self._work = work
        self.principals = principals
        self.bundles = Bundles(root)
        self._scratch = root / "scratch"
        self.pool = Pool(start=self._start_worker)
        self.logs = FunctionLogs(emulator, principals)
        self.handler_speed = 1.0
        """Handlers do real work and read the real clock (remaining time, leases), so their time-out is in real
        seconds unless a test sets this; waits of the services run on the emulator's clock."""
        self.failures: list[str] = []
        """Why logs could not be written, for ``/_emulator/functions``."""
        self.on_finished: list[Callable[[Target, Result], None]] = []

    # Addressing

    def target(self, name: str, account: str, region: str, qualifier: str | None) -> Target:
        """Find the function that a call addresses.

        Raises:
            ApiError: ``ResourceNotFoundException``, ``InvalidParameterValueException``.
        """
        account, region, bare, qualifier = split_name(name, account, region, qualifier)
        function = find_function(account, region, bare, qualifier)
        arn = f"arn:aws:lambda:{region}:{account}:function:{bare}" + (f":{qualifier}" if qualifier else "")
        return Target(function, account, region, arn, str(function.version))

    def check_service_permission(self, target: Target, service: str, source_arn: str, source_account: str) -> None:
        """Whether the function's resource policy lets a service of AWS invoke it.

        Raises:
            ApiError: ``AccessDeniedException``.
        """
        action = "lambda:InvokeFunction"
        if not self.principals.service_may(service, action, target.arn, source_arn, source_account):
            raise ApiError(
                "AccessDeniedException",
                f"User: {service} is not authorized to perform: lambda:InvokeFunction on resource: {target.arn} "
                "because no resource-based policy allows the lambda:InvokeFunction action",
                403,
            )

    # Running

    def _role(self, target: Target) -> Identity:
        """The function's role, if Lambda may assume it (UNVERIFIED[lambda-role-not-assumable]: the code of the refusal
        at run time).
        """
        role = self.principals.assumable(str(target.function.role), "lambda.amazonaws.com", target.arn)
        if role is None:
            raise ApiError(
                "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.", 403
            )
        return role

    def _spec(self, target: Target) -> WorkerSpec:
        function = target.function
        runtime = str(function.run_time or "")
        if not runtime.startswith("python3") or function.package_type != "Zip":
            raise ApiError(
                "InvalidRuntimeException", f"the emulator runs Python bundles only, not {runtime or 'images'}", 502
            )
        role = self._role(target)
        try:
            bundle = self.bundles.unpack(str(function.code_sha_256), lambda: bytes(function.code_bytes))
            layers = tuple(
                self.bundles.unpack(str(layer.code_sha_256), partial(bytes, layer.code_bytes))
                for layer in function.emulator_layers
            )
        except BundleError as error:
            raise ApiError("InvalidZipFileException", str(error), 502) from error
        logging = function.get_configuration()["LoggingConfig"]
        return WorkerSpec(
            function_arn=f"arn:aws:lambda:{target.region}:{target.account}:function:{function.function_name}",
            function_name=str(function.function_name),
            version=target.version,
            account=target.account,
            region=target.region,
            handler=str(function.handler),
            runtime=runtime,
            memory=int(function.memory_size),
            timeout=float(function.timeout),
            bundle=bundle,
            layers=layers,
            code_digest=str(function.code_sha_256),
            role_arn=role.arn,
            role_id=role.unique_id,
            log_group=str(logging["LogGroup"]),
            log_format=str(logging["LogFormat"]),
            log_level=str(logging.get("ApplicationLogLevel", "INFO")),
            environment=tuple(sorted((str(k), str(v)) for k, v in dict(function.environment_vars or {}).items())),
            restored=has_snapshots(function),
        )

    def _start_worker(self, spec: WorkerSpec) -> Worker:
        session = self.principals.issue(spec.role_arn, spec.function_name)
        return Worker(
            spec=spec,
            session=session,
            endpoint=self.emulator.endpoint,
            runtime_directory=self.bundles.runtime_directory(),
            bytecode=self.bundles.bytecode_cache(spec.code_digest),
            scratch=self._scratch / uuid.uuid4().hex,
        )

    def run(
        self, target: Target, payload: bytes, *, client_context: str | None = None, trace: str | None = None
    ) -> Result:
        """Run a function and wait for its end.

        Args:
            target: the function.
            payload: JSON.
            client_context: the header of that name, base64.
            trace: the trace header of the caller; without a valid one the function begins a trace of its own.

        Raises:
            ApiError: the function could not be run at all (throttled, no role, no such runtime).
        """
        with self._work.doing("functions"):
            return self._run(target, payload, client_context, trace)

    def _run(self, target: Target, payload: bytes, client_context: str | None, trace: str | None) -> Result:
        check_ready(target.function)
        spec = self._spec(target)
        request_id = str(uuid.uuid4())
        invocation = Invocation(
            request_id=request_id,
            payload=payload or b"{}",
            function_arn=target.arn,
            seconds=spec.timeout / self.handler_speed,
            trace_id=_trace_of(target.function, trace).header(),
            client_context=base64.b64decode(client_context).decode() if client_context else None,
        )
        # Concurrency is reserved for a function, with all of its versions.
        reserved = find_function(target.account, target.region, spec.function_name, None).reserved_concurrency
        outcome = self.pool.run(spec, invocation, None if reserved is None else int(reserved))
        outcome = _limit_response(outcome)
        lines = lines_of(spec, outcome, request_id, math.ceil(outcome.duration_ms))
        refused = self.logs.write(spec, outcome.log_stream, lines)
        if refused:
            self.failures = [*self.failures[-99:], f"{target.arn}: {refused}"]
        result = Result(outcome.payload, outcome.function_error, "\n".join(lines) + "\n", target.version, request_id)
        for told in self.on_finished:
            told(target, result)
        return result

    def run_for_moto(self, function: Any, payload: bytes) -> tuple[str, bool, str]:
        """Run a function for moto's own integrations (SNS subscriptions, event source mappings)."""
        arn = ":".join(str(function.function_arn).split(":")[:7])
        target = Target(function, str(function.account_id), str(function.region), arn, str(function.version))
        try:
            result = self.run(target, payload)
        except ApiError as error:
            return json.dumps({"errorType": error.code, "errorMessage": error.message}), True, ""
        return result.payload.decode("utf-8", "replace"), result.function_error is not None, result.log

    def answer(self, result: Result, log_type: str | None) -> dict[str, Any]:
        """Invoke's response for a synchronous run."""
        response: dict[str, Any] = {
            "StatusCode": 200,
            "Payload": result.payload,
            "ExecutedVersion": result.version,
        }
        if result.function_error:
            response["FunctionError"] = result.function_error
        if log_type == "Tail":
            tail = result.log.encode()[-LOG_TAIL:]
            response["LogResult"] = base64.b64encode(tail).decode()
        return response


def _trace_of(function: Any, header: str | None) -> Trace:
    """The trace of one run: the caller's, or one of its own; a function with active tracing samples it."""
    active = dict(function.tracing_config or {}).get("Mode") == "Active"
    passed = parse_trace(header)
    return new_trace(active=active) if passed is None else passed.decided(active=active)


def _limit_response(outcome: Outcome) -> Outcome:
    """A response that is too large is the function's error."""
    if len(outcome.payload) <= SYNCHRONOUS_LIMIT:
        return outcome
    message = f"Response payload size ({len(outcome.payload)} bytes) exceeded maximum allowed payload size "
    body = {"errorMessage": f"{message}({SYNCHRONOUS_LIMIT} bytes).", "errorType": "Function.ResponseSizeTooLarge"}
    return Outcome(json.dumps(body).encode(), "Unhandled", outcome.log, outcome.duration_ms, outcome.log_stream)


def payload_of(params: Mapping[str, Any]) -> bytes:
    """The request's payload as bytes, checked to be JSON.

    Raises:
        ApiError: ``InvalidRequestContentException``, ``RequestTooLargeException``.
    """
    payload = params.get("Payload") or b""
    if hasattr(payload, "read"):
        payload = payload.read()
    payload = payload.encode() if isinstance(payload, str) else bytes(payload)
    limit = ASYNCHRONOUS_LIMIT if params.get("InvocationType") == "Event" else SYNCHRONOUS_LIMIT
    if len(payload) > limit:
        raise ApiError(
            "RequestTooLargeException", f"{len(payload)} byte payload is too large (limit {limit} bytes)", 413
        )
    if payload:
        try:
            json.loads(payload)
        except ValueError as error:
            raise ApiError(
                "InvalidRequestContentException",
                f"Could not parse request body into json: {error}",
                400,
                {"Type": "User"},
            ) from error
    return payload


def install_invoke(emulator: Emulator, functions: Functions, submit_async: SubmitAsync) -> None:
    """Register the operation ``lambda:Invoke``."""

    @emulator.operation("lambda", "Invoke")
    def invoke(call: ApiCall) -> dict[str, Any]:
        params = call.params
        target = functions.target(params["FunctionName"], call.caller.account, call.region, params.get("Qualifier"))
        payload = payload_of(params)
        kind = params.get("InvocationType") or "RequestResponse"
        trace = passed_header(call.headers)
        if kind == "DryRun":
            return {"StatusCode": 204, "Payload": b""}
        if kind == "Event":
            submit_async(target, payload, trace)
            return {"StatusCode": 202, "Payload": b""}
        if kind != "RequestResponse":
            raise ApiError("InvalidParameterValueException", f"Invalid InvocationType {kind}", 400)
        result = functions.run(target, payload, client_context=params.get("ClientContext"), trace=trace)
        return functions.answer(result, params.get("LogType"))
