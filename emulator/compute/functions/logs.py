"""What functions print goes to CloudWatch Logs, if their role may write there.

Source of the rule: AWS Lambda developer guide, "Using CloudWatch Logs with Lambda": the execution role needs
logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents. Without them the function runs and its log is lost.
"""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from emulator.compute.functions.worker import Outcome, WorkerSpec
from emulator.compute.principals import Session, Sessions


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
    """Writes log events as the function's role."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._streams: set[tuple[str, str, str, str]] = set()

    def write(self, spec: WorkerSpec, session: Session, stream: str, lines: list[str]) -> str | None:
        """Write lines to the function's log group.

        Returns:
            None, or why Lambda could not write (a missing permission, a deleted group).
        """
        if not lines:
            return None
        client = self._sessions.client("logs", session, spec.region)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        try:
            key = (spec.account, spec.region, spec.log_group, stream)
            if key not in self._streams:
                self._create_stream(client, spec.log_group, stream)
                self._streams.add(key)
            client.put_log_events(logGroupName=spec.log_group, logStreamName=stream, logEvents=events)
        except ClientError as error:
            return str(error)
        return None

    @staticmethod
    def _create_stream(client: Any, group: str, stream: str) -> None:
        try:
            client.create_log_stream(logGroupName=group, logStreamName=stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            client.create_log_group(logGroupName=group)
            client.create_log_stream(logGroupName=group, logStreamName=stream)
