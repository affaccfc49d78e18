"""Queues: attributes as SQS answers them (API reference, GetQueueAttributes)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.sqs.models import sqs_backends

from aws_emulator.api import ApiCall, Emulator


def install(emulator: Emulator) -> None:
    """Correct moto's GetQueueAttributes and SetQueueAttributes."""

    @emulator.wrap("sqs", "GetQueueAttributes")
    def get_queue_attributes(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        result = proceed()
        attributes = result.get("Attributes", {})
        if attributes.get("KmsMasterKeyId") and "SqsManagedSseEnabled" in attributes:
            # "Only one server-side encryption option is supported per queue."
            attributes["SqsManagedSseEnabled"] = "false"
        for name in ("CreatedTimestamp", "LastModifiedTimestamp"):
            if name in attributes:
                attributes[name] = attributes[name].split(".")[0]
        return result

    @emulator.wrap("sqs", "SetQueueAttributes")
    def set_queue_attributes(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Attributes that are not named keep their value; moto forgets the policy at each call."""
        account, name = str(call.params["QueueUrl"]).rstrip("/").split("/")[-2:]
        backend = sqs_backends[account][call.region] if account in sqs_backends else None
        queue = backend.queues.get(name) if backend else None
        policy = queue.policy if queue is not None else None
        result = proceed()
        if queue is not None and "Policy" not in (call.params.get("Attributes") or {}):
            queue.policy = policy
        return result
