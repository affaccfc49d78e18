"""Asynchronous invocations: queued, retried twice, then to a destination or the dead-letter queue.

Source of the rules: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation" (one
minute before the second attempt, two before the third; throttles are retried for up to six hours with a back-off from
one second to five minutes) and "Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.api import ApiError, Emulator
from aws_emulator.compute.functions.invoke import Functions, Result, Target
from aws_emulator.compute.retrying import Retrying
from aws_emulator.compute.timing import WorkInProgress
from aws_emulator.iam.state import find_role

RETRY_SECONDS = (60.0, 120.0)
MAXIMUM_AGE = 21_600.0


@dataclass(frozen=True)
class Pending:
    """One asynchronous event between its attempts."""

    target: Target
    payload: bytes
    request_id: str
    accepted: float
    trace: str | None = None
    attempts: int = 0
    throttles: int = 0
    waited: float = 0.0


class AsynchronousInvocations:
    """The queue behind ``InvocationType: Event``."""

    def __init__(self, emulator: Emulator, functions: Functions, work: WorkInProgress) -> None:
        self._emulator = emulator
        self._functions = functions
        self._work = work
        self._retrying: Retrying[Pending] = Retrying(emulator, "lambda-async", self._attempt)
        self.undelivered: list[dict[str, Any]] = []
        """Events that ended without success and without a place to go to, or whose place refused them."""

    def submit(self, target: Target, payload: bytes, trace: str | None = None) -> str:
        """Accept an event.

        Args:
            target: the function.
            payload: JSON.
            trace: the trace header of the caller, which all attempts get.

        Returns:
            the request id, which stays the same over the retries.
        """
        pending = Pending(target, payload or b"{}", str(uuid.uuid4()), self._emulator.clock.now(), trace)
        self._work.begin("invocations")
        self._retrying.now(pending)
        return pending.request_id

    def close(self) -> None:
        """Stop: what is still queued is lost, as everything of the emulator is."""
        self._retrying.close()

    def _later(self, pending: Pending, seconds: float) -> None:
        self._retrying.later(replace(pending, waited=pending.waited + seconds), seconds)

    def _attempt(self, pending: Pending) -> None:
        over = True
        try:
            over = self._attempt_once(pending)
        except Exception as error:
            self._lost(pending, f"{type(error).__name__}: {error}")
        finally:
            if over:
                self._work.end("invocations")

    def _settings(self, target: Target) -> Mapping[str, Any]:
        configs = target.function.event_invoke_config
        return dict(configs[-1].config) if configs else {}

    def _attempt_once(self, pending: Pending) -> bool:
        """Run the function once; True when nothing more will happen to the event."""
        settings = self._settings(pending.target)
        maximum_age = float(settings.get("MaximumEventAgeInSeconds", MAXIMUM_AGE))
        retries = int(settings.get("MaximumRetryAttempts", len(RETRY_SECONDS)))
        try:
            result = self._functions.run(pending.target, pending.payload, trace=pending.trace)
        except ApiError as error:
            return self._refused(pending, error, maximum_age)
        pending = replace(pending, attempts=pending.attempts + 1)
        if result.function_error is None:
            self._finish(pending, settings, "OnSuccess", "Success", result)
            return True
        if pending.attempts > retries:
            self._finish(pending, settings, "OnFailure", "RetriesExhausted", result)
            return True
        delay = RETRY_SECONDS[min(pending.attempts, len(RETRY_SECONDS)) - 1]
        if pending.waited + delay > maximum_age:
            self._finish(pending, settings, "OnFailure", "EventAgeExceeded", result)
            return True
        self._later(pending, delay)
        return False

    def _refused(self, pending: Pending, error: ApiError, maximum_age: float) -> bool:
        """The service could not run the function (throttled, or its role is gone): try again, up to six hours."""
        delay = min(2.0**pending.throttles, 300.0)
        if pending.waited + delay > maximum_age or not self._exists(pending.target):
            self._finish(pending, self._settings(pending.target), "OnFailure", "EventAgeExceeded", None, str(error))
            return True
        self._later(replace(pending, throttles=pending.throttles + 1), delay)
        return False

    def _exists(self, target: Target) -> bool:
        """A function that was deleted meanwhile is not waited for."""
        try:
            self._functions.target(target.arn, target.account, target.region, None)
        except ApiError:
            return False
        return True

    def _finish(
        self,
        pending: Pending,
        settings: Mapping[str, Any],
        outcome: str,
        condition: str,
        result: Result | None,
        reason: str = "",
    ) -> None:
        """Send the record of the invocation where the function's configuration says."""
        destination = (dict(settings.get("DestinationConfig") or {}).get(outcome) or {}).get("Destination")
        queue = (pending.target.function.emulator_settings.get("DeadLetterConfig") or {}).get("TargetArn")
        if destination:
            self._send(pending, destination, json.dumps(_record(pending, condition, result)), {})
        if outcome == "OnFailure" and queue:
            message = reason or _error_message(result)
            attributes = {"RequestID": pending.request_id, "ErrorCode": "200", "ErrorMessage": message[:1024]}
            self._send(pending, queue, pending.payload.decode(), attributes)
        if outcome == "OnFailure" and not destination and not queue:
            self._lost(pending, reason or _error_message(result))

    def _lost(self, pending: Pending, reason: str) -> None:
        entry = {"function": pending.target.arn, "requestId": pending.request_id, "reason": reason}
        self.undelivered = [*self.undelivered[-199:], entry]

    def _send(self, pending: Pending, arn: str, body: str, attributes: Mapping[str, str]) -> None:
        """Send to a queue, topic, function or bus as the function's own role."""
        role = find_role(str(pending.target.function.role))
        if role is None:
            self._lost(pending, f"the function's role is gone; {arn} was not told")
            return
        try:
            self._send_as(role.arn, pending.target, arn, body, attributes)
        except ClientError as error:
            self._lost(pending, f"{arn}: {error}")

    def _send_as(self, role_arn: str, target: Target, arn: str, body: str, attributes: Mapping[str, str]) -> None:
        service, region, account, name = arn.split(":")[2:6]
        client_of = self._emulator.client
        options = {"role_arn": role_arn, "region": region, "session_name": str(target.function.function_name)}
        typed = {
            key: {"DataType": "Number" if key == "ErrorCode" else "String", "StringValue": value}
            for key, value in attributes.items()
        }
        if service == "sqs":
            url = f"{self._emulator.endpoint}/{account}/{name}"
            client_of("sqs", **options).send_message(QueueUrl=url, MessageBody=body, MessageAttributes=typed)
        elif service == "sns":
            client_of("sns", **options).publish(TopicArn=arn, Message=body, MessageAttributes=typed)
        elif service == "lambda":
            client_of("lambda", **options).invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
        else:
            entry = {
                "Source": "lambda",
                "DetailType": "Lambda Function Invocation Result",
                "Detail": body,
                "EventBusName": arn,
                "Resources": [target.arn],
            }
            client_of("events", **options).put_events(Entries=[entry])


def _error_message(result: Result | None) -> str:
    """The function's error in words."""
    if result is None:
        return ""
    try:
        return str(json.loads(result.payload).get("errorMessage", ""))
    except (ValueError, AttributeError):
        return result.payload.decode("utf-8", "replace")


def _record(pending: Pending, condition: str, result: Result | None) -> dict[str, Any]:
    """The invocation record, version 1.0."""
    target = pending.target
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "requestContext": {
            "requestId": pending.request_id,
            "functionArn": f"{target.function.function_arn}:{target.version}",
            "condition": condition,
            "approximateInvokeCount": pending.attempts,
        },
        "requestPayload": json.loads(pending.payload),
    }
    if result is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": result.version}
        if result.function_error:
            record["responseContext"]["functionError"] = result.function_error
        record["responsePayload"] = json.loads(result.payload or b"null")
    return record
