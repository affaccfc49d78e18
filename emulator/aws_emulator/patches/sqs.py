"""Queues: attributes as SQS answers them (API reference, GetQueueAttributes)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.sqs.models import sqs_backends

from aws_emulator.api import ApiCall, Emulator

_REDRIVE = "emulator_redrive_allow_policy"


def install(emulator: Emulator) -> None:
    """Correct moto's GetQueueAttributes and SetQueueAttributes."""

    @emulator.wrap("sqs", "GetQueueAttributes")
    def get_queue_attributes(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        queue, names = _queue(call), set(call.params.get("AttributeNames") or ())
        allowed = getattr(queue, _REDRIVE, "")
        shown = {"RedriveAllowPolicy": allowed} if allowed and names & {"All", "RedriveAllowPolicy"} else {}
        if queue is not None and "RedriveAllowPolicy" in names:
            # moto does not know this name, and refuses it.
            names.remove("RedriveAllowPolicy")
            if not names:
                return {"Attributes": shown} if shown else {}
            params = {**call.params, "AttributeNames": sorted(names)}
            result = emulator.call("sqs", "GetQueueAttributes", params, caller=call.caller, region=call.region) or {}
            return {**result, "Attributes": {**result.get("Attributes", {}), **shown}}
        result = proceed()
        attributes = result.get("Attributes", {})
        if attributes.get("KmsMasterKeyId") and "SqsManagedSseEnabled" in attributes:
            # "Only one server-side encryption option is supported per queue."
            attributes["SqsManagedSseEnabled"] = "false"
        for name in ("CreatedTimestamp", "LastModifiedTimestamp"):
            if name in attributes:
                attributes[name] = attributes[name].split(".")[0]
        attributes.update(shown)
        return result

    @emulator.wrap("sqs", "CreateQueue")
    def create_queue(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        result = proceed()
        backend = sqs_backends[call.caller.account][call.region]
        _remember(backend.queues.get(call.params["QueueName"]), call.params.get("Attributes") or {})
        return result

    @emulator.wrap("sqs", "SetQueueAttributes")
    def set_queue_attributes(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Attributes that are not named keep their value; moto forgets the policy at each call."""
        queue = _queue(call)
        policy = queue.policy if queue is not None else None
        result = proceed()
        given = call.params.get("Attributes") or {}
        if queue is not None and "Policy" not in given:
            queue.policy = policy
        _remember(queue, given)
        return result


def _queue(call: ApiCall) -> Any:
    """The queue that a call names; None if there is no such."""
    account, name = str(call.params["QueueUrl"]).rstrip("/").split("/")[-2:]
    backend = sqs_backends[account][call.region] if account in sqs_backends else None
    return backend.queues.get(name) if backend else None


def _remember(queue: Any, given: dict[str, str]) -> None:
    """Keep ``RedriveAllowPolicy``, which moto does not know; an empty text takes it away."""
    if queue is not None and "RedriveAllowPolicy" in given:
        text = given["RedriveAllowPolicy"]
        setattr(queue, _REDRIVE, json.dumps(json.loads(text)) if text else "")
