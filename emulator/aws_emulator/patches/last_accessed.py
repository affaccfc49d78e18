"""IAM's access advisor: which services a role or user last called (IAM User Guide, "last accessed information").

Known is what reached this emulator and was allowed; data-plane calls of Kafka clients do not come by here. AWS shows a
call after some hours; here it shows at once.
"""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator

PREFIXES = {"stepfunctions": "states", "kinesisanalyticsv2": "kinesisanalytics"}
"""Services whose IAM prefix is not botocore's name."""
ALWAYS_LISTED = ("kafka", "kafka-cluster", "kinesis", "glue")
"""Services that every answer lists, called or not. AWS lists all that the policies allow."""


class LastAccessed:
    """Remembers the last allowed call of each principal to each service."""

    def __init__(self, emulator: Emulator) -> None:
        self._clock = emulator.clock
        self._lock = threading.Lock()
        self._seen: dict[str, dict[str, float]] = {}
        self._jobs: dict[str, tuple[str, str]] = {}

    def observe(self, call: ApiCall, result: dict[str, Any] | None, error: ApiError | None) -> None:
        """Note a call that was allowed."""
        if error is not None and error.code.startswith(("AccessDenied", "NotImplemented")):
            return
        caller = call.caller.role_arn or call.caller.arn
        with self._lock:
            self._seen.setdefault(caller, {})[PREFIXES.get(call.service, call.service)] = self._clock.now()

    def generate(self, call: ApiCall) -> dict[str, Any]:
        """API GenerateServiceLastAccessedDetails."""
        arn = call.params["Arn"]
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[4] != call.caller.account:
            raise ApiError("NoSuchEntity", f"The ARN {arn} cannot be found.", 404)
        job = str(uuid.uuid4())
        with self._lock:
            self._jobs[job] = (call.caller.account, arn)
        return {"JobId": job}

    def get(self, call: ApiCall) -> dict[str, Any]:
        """API GetServiceLastAccessedDetails; a job is done at once."""
        with self._lock:
            account, arn = self._jobs.get(call.params["JobId"], ("", ""))
            seen = dict(self._seen.get(arn, {}))
        if account != call.caller.account:
            raise ApiError("NoSuchEntity", f"The job {call.params['JobId']} cannot be found.", 404)
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        return {
            "JobStatus": "COMPLETED",
            "JobType": "SERVICE_LEVEL",
            "JobCreationDate": now,
            "JobCompletionDate": now,
            "ServicesLastAccessed": [_service(name, seen.get(name), arn) for name in sorted({*seen, *ALWAYS_LISTED})],
            "IsTruncated": False,
        }


def _service(name: str, when: float | None, arn: str) -> dict[str, Any]:
    used = (
        {"LastAuthenticated": datetime.fromtimestamp(when, UTC), "LastAuthenticatedEntity": arn}
        if when is not None
        else {}
    )
    return {"ServiceName": name, "ServiceNamespace": name, "TotalAuthenticatedEntities": int(when is not None), **used}


def install(emulator: Emulator) -> None:
    """Register the operations."""
    advisor = LastAccessed(emulator)
    emulator.observers.append(advisor.observe)
    emulator.operation("iam", "GenerateServiceLastAccessedDetails")(advisor.generate)
    emulator.operation("iam", "GetServiceLastAccessedDetails")(advisor.get)
