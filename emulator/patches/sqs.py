"""Queues: attributes as SQS answers them (API reference, GetQueueAttributes)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.api import ApiCall, Emulator


def install(emulator: Emulator) -> None:
    """Correct moto's GetQueueAttributes."""

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
