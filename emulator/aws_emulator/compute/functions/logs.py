"""What functions print goes to CloudWatch Logs, if their role may write there.

Source of the rule: AWS Lambda developer guide, "Using CloudWatch Logs with Lambda": the execution role needs
logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents. Without them the function runs and its log is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from moto.logs.models import logs_backends

from aws_emulator.api import ApiCall, ApiError, Caller, Emulator
from aws_emulator.compute.functions.worker import Outcome, WorkerSpec
from aws_emulator.compute.principals import Principals
from aws_emulator.iam.state import find_role


def lines_of(spec: WorkerSpec, outcome: Outcome, request_id: str, billed_ms: int) -> list[str]:
    """The log events of one invocation, framed as Lambda frames them (text format)."""
    start = f"START RequestId: {request_id} Version: {spec.version}"
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {outcome.duration_ms:.2f} ms\t"
        f"Billed Duration: {billed_ms} ms\tMemory Size: {spec.memory} MB\tMax Memory Used: {spec.memory} MB\t"
    )
    printed = [line.replace("\r", "\n") for line in outcome.log.split("\n") if line.strip()]
    if spec.log_format == "JSON":
        return printed
    return [start, *printed, f"END RequestId: {request_id}", report]


class FunctionLogs:
    """Writes log events as the function's role.

    The role's permissions are asked of the same authorizers as for any call, but the events go straight to moto's
    backend: CloudTrail does not record them either, and the call log shall show what the function did.
    """

    def __init__(self, emulator: Emulator, principals: Principals) -> None:
        self._emulator = emulator
        self._principals = principals
        self._lock = threading.Lock()

    def write(self, spec: WorkerSpec, stream: str, lines: list[str]) -> str | None:
        """Write lines to the function's log group.

        Returns:
            None, or why Lambda could not write (a missing permission, a role that is gone).
        """
        role = find_role(spec.role_arn)
        if role is None:
            return "the function's role is gone"
        if not lines:
            return None
        caller = self._principals.caller(role, spec.function_name)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        group, names = spec.log_group, {"logGroupName": spec.log_group, "logStreamName": stream}
        backend = logs_backends[spec.account][spec.region]
        try:
            with self._lock:
                if group not in backend.groups:
                    self._authorize("CreateLogGroup", {"logGroupName": group}, caller, spec.region)
                    backend.create_log_group(group, {})
                if stream not in backend.groups[group].streams:
                    self._authorize("CreateLogStream", names, caller, spec.region)
                    backend.create_log_stream(group, stream)
                self._authorize("PutLogEvents", {**names, "logEvents": events}, caller, spec.region)
                backend.put_log_events(group, stream, events)
        except ApiError as error:
            return str(error)
        return None

    def _authorize(self, operation: str, params: Mapping[str, object], caller: Caller, region: str) -> None:
        call = ApiCall("logs", operation, dict(params), region, caller, request_id="")
        for authorizer in self._emulator.authorizers:
            authorizer(call)
