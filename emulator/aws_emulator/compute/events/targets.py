"""Delivery of one payload to one target of a rule or a schedule.

Source of the rules: EventBridge user guide, "Amazon EventBridge targets" and "Using resource-based policies for Amazon
EventBridge": Lambda, SQS, SNS and CloudWatch Logs check their own policy for ``events.amazonaws.com``; for everything
else EventBridge assumes the target's role.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.logs.models import logs_backends

from aws_emulator.api import ApiCall, ApiError, Caller, Emulator
from aws_emulator.compute.events.queues import DeliveryError, Queues
from aws_emulator.compute.functions.invoke import Functions, SubmitAsync
from aws_emulator.compute.principals import Principals
from aws_emulator.compute.states.shapes import UnknownIntegration, operation_model, service_model, to_request
from aws_emulator.compute.traces import HEADER, parse_trace

EVENTS = "events.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"

_RETRYABLE = {"TooManyRequestsException", "ThrottlingException", "ServiceUnavailable", "InternalFailure",
              "ServiceException", "ConnectionClosed", "KMSThrottlingException", "ExecutionLimitExceeded"}  # fmt: skip
_DENIED = {"AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "NotAuthorizedForSourceException"}
_MISSING = {"ResourceNotFoundException", "StateMachineDoesNotExist", "QueueDoesNotExist", "NotFoundException"}


@dataclass(frozen=True)
class Source:
    """On whose behalf something is delivered.

    Attributes:
        service: ``events.amazonaws.com`` or ``scheduler.amazonaws.com``.
        arn: the rule or the schedule.
        name: its name.
        account: its account.
        region: its region.
        trust_arn: ``aws:SourceArn`` when the target's role is assumed, where it is not the ARN itself: a schedule's
            group (Scheduler user guide, "Confused deputy prevention").
    """

    service: str
    arn: str
    name: str
    account: str
    region: str
    trust_arn: str | None = None


def delivery_error(error: ApiError) -> DeliveryError:
    """A refused call as the reason of a failed delivery."""
    code = error.code.rsplit("#", 1)[-1]
    retryable = code in _RETRYABLE or error.status >= 500 or error.status == 429
    if "Thrott" in code or code == "TooManyRequestsException":
        kind = "THROTTLING"
    elif code in _DENIED:
        kind = "NO_PERMISSIONS"
    elif code in _MISSING:
        kind = "NO_RESOURCE"
    else:
        kind = "INTERNAL_ERROR" if retryable else "SDK_CLIENT_ERROR"
    return DeliveryError(kind, error.message or code, retryable=retryable)


class Targets:
    """Reaches targets.

    Args:
        emulator: serves the calls that are made as a role.
        principals: services and roles.
        functions: runs Lambda functions.
        submit: queues an asynchronous invocation.
    """

    def __init__(
        self,
        emulator: Emulator,
        principals: Principals,
        functions: Functions,
        submit: SubmitAsync,
    ) -> None:
        self._emulator = emulator
        self._principals = principals
        self._functions = functions
        self._submit = submit
        self.queues = Queues(principals)
        self.forward: Callable[[str, Mapping[str, Any]], None] | None = None
        """Puts an event on a bus, given by its ARN; set by the buses."""

    def deliver(
        self,
        source: Source,
        target: Mapping[str, Any],
        payload: str,
        event: Mapping[str, Any],
        trace: str | None = None,
    ) -> None:
        """Deliver a payload.

        Args:
            source: the rule or schedule.
            target: the target's settings (``Arn``, ``RoleArn`` …).
            payload: what the target is sent.
            event: the event, for buses.
            trace: its trace header, for functions and state machines; one that is not valid is dropped.

        Raises:
            DeliveryError: the target was not reached.
        """
        arn = str(target["Arn"])
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        trace = trace if parse_trace(trace) else None
        try:
            if ":::aws-sdk:" in arn:
                self._universal(source, target, payload)
            elif service == "states":
                params = {"stateMachineArn": arn, "input": payload}
                self._call(source, target, "stepfunctions", "StartExecution", params, trace)
            elif service == "lambda":
                self._lambda(source, target, payload, trace)
            elif service == "sqs":
                self._sqs(source, target, payload)
            elif service == "sns":
                self._sns(source, target, payload)
            elif service == "logs":
                self._logs(source, arn, payload)
            elif service == "events":
                self._bus(source, target, payload, event)
            else:
                raise DeliveryError("SDK_CLIENT_ERROR", f"this emulator has no targets of {service or arn}")
        except ApiError as error:
            raise delivery_error(error) from error

    def _caller(self, source: Source, target: Mapping[str, Any]) -> Caller:
        role = str(target.get("RoleArn") or "")
        caller = (
            self._principals.service_caller(role, source.service, source.trust_arn or source.arn, source.name[:64])
            if role
            else None
        )
        if caller is None:
            raise DeliveryError(
                "NO_PERMISSIONS", f"{source.service} cannot assume the target's role {role or '(none)'}."
            )
        return caller

    def _call(
        self,
        source: Source,
        target: Mapping[str, Any],
        service: str,
        operation: str,
        params: dict[str, Any],
        trace: str | None = None,
    ) -> dict[str, Any]:
        """Call an operation as the target's role, in the target's region."""
        region = str(target["Arn"]).split(":")[3] or source.region
        caller = self._caller(source, target)
        headers = {HEADER: trace} if trace else {}
        call = self._emulator.call
        answer = call(service, operation, params, caller=caller, region=region, source_arn=source.arn, headers=headers)
        return answer or {}

    def dead_letter(
        self, source: Source, target: Mapping[str, Any], queue_arn: str, body: str, attributes: Mapping[str, str]
    ) -> None:
        """Put what was not delivered into a queue: EventBridge in its own name, the Scheduler as the target's role.

        Raises:
            DeliveryError: the queue refused it.
        """
        if source.service != SCHEDULER:
            owner = {"source_arn": source.arn, "source_account": source.account}
            self.queues.send(source.service, queue_arn, body, attributes=attributes, **owner)
            return
        account, name = queue_arn.split(":")[4:6]
        params = {
            "QueueUrl": f"{self._emulator.endpoint}/{account}/{name}",
            "MessageBody": body,
            "MessageAttributes": {
                key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()
            },
        }
        try:
            self._call(source, {"Arn": queue_arn, "RoleArn": target.get("RoleArn")}, "sqs", "SendMessage", params)
        except ApiError as error:
            raise delivery_error(error) from error

    def _lambda(self, source: Source, target: Mapping[str, Any], payload: str, trace: str | None) -> None:
        arn = str(target["Arn"])
        if target.get("RoleArn"):
            params = {"FunctionName": arn, "InvocationType": "Event", "Payload": payload.encode()}
            self._call(source, target, "lambda", "Invoke", params, trace)
            return
        found = self._functions.target(arn, source.account, source.region, None)
        self._functions.check_service_permission(found, source.service, source.arn, source.account)
        self._submit(found, payload.encode(), trace)

    def _sqs(self, source: Source, target: Mapping[str, Any], payload: str) -> None:
        arn = str(target["Arn"])
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        if target.get("RoleArn"):
            account, name = arn.split(":")[4:6]
            params = {"QueueUrl": f"{self._emulator.endpoint}/{account}/{name}", "MessageBody": payload}
            self._call(source, target, "sqs", "SendMessage", {**params, **({"MessageGroupId": group} if group else {})})
            return
        self.queues.send(
            source.service, arn, payload, source_arn=source.arn, source_account=source.account, group=group
        )

    def _sns(self, source: Source, target: Mapping[str, Any], payload: str) -> None:
        arn = str(target["Arn"])
        if target.get("RoleArn"):
            self._call(source, target, "sns", "Publish", {"TopicArn": arn, "Message": payload})
            return
        self.queues.publish(source.service, arn, payload, source_arn=source.arn, source_account=source.account)

    def _logs(self, source: Source, arn: str, payload: str) -> None:
        region, account, _, group = arn.split(":")[3:7]
        if account not in logs_backends or group not in logs_backends[account][region].groups:
            raise DeliveryError("NO_RESOURCE", f"The log group {group} does not exist.")
        stream_arn = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{source.name}"
        if not self._principals.service_may(
            source.service, "logs:PutLogEvents", stream_arn, source.arn, source.account
        ):
            raise DeliveryError("NO_PERMISSIONS", f"No resource policy lets {source.service} write to {group}.")
        backend = logs_backends[account][region]
        stream = uuid.uuid4().hex
        backend.create_log_stream(group, stream)
        backend.put_log_events(group, stream, [{"timestamp": int(time.time() * 1000), "message": payload}])

    def _bus(self, source: Source, target: Mapping[str, Any], payload: str, event: Mapping[str, Any]) -> None:
        """Another bus gets the event itself, with its source, account and region; a schedule puts a new one."""
        arn = str(target["Arn"])
        parameters = target.get("EventBridgeParameters")
        if parameters:
            entry = {"EventBusName": arn, "Detail": payload, **parameters}
            answer = self._call(source, target, "events", "PutEvents", {"Entries": [entry]})
            if answer.get("FailedEntryCount"):
                failed = answer["Entries"][0]
                raise DeliveryError("SDK_CLIENT_ERROR", f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}")
            return
        if target.get("RoleArn"):
            caller = self._caller(source, target)
            entry = {"EventBusName": arn, "Source": event["source"], "DetailType": event["detail-type"], "Detail": "{}"}
            region = arn.split(":")[3]
            call = ApiCall("events", "PutEvents", {"Entries": [entry]}, region, caller, "", source_arn=source.arn)
            for authorize in self._emulator.authorizers:
                authorize(call)
        elif not self._account_may_put(source, arn):
            raise DeliveryError("NO_PERMISSIONS", f"The policy of {arn} does not allow the account {source.account}.")
        assert self.forward is not None
        self.forward(arn, event)

    def _account_may_put(self, source: Source, bus_arn: str) -> bool:
        """Whether the bus admits the rule's account (any bus of the same account does)."""
        oracle = self._emulator.parts["iam.oracle"]
        asking = oracle.administrator(f"arn:aws:iam::{source.account}:root", source.account)
        return bool(oracle.decide_for(*asking, "events:PutEvents", bus_arn, {"aws:SourceArn": source.arn}).allowed)

    def _universal(self, source: Source, target: Mapping[str, Any], payload: str) -> None:
        """A universal target of a schedule (``arn:aws:scheduler:::aws-sdk:service:apiAction``) with its JSON input."""
        _, _, rest = str(target["Arn"]).partition(":::aws-sdk:")
        service, _, action = rest.partition(":")
        try:
            model = operation_model(service, action)
        except UnknownIntegration as error:
            raise DeliveryError("SDK_CLIENT_ERROR", str(error)) from error
        params = to_request(model.input_shape, json.loads(payload or "{}"))
        name = str(service_model(service).service_name)
        self._call(source, target, name, model.name, dict(params))
