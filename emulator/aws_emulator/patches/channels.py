"""Channels and queues of Kinesis and MSK: there are none here, and the lists say so."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, Emulator


def install(emulator: Emulator) -> None:
    """Register the lists."""
    for service, operation, result in (
        ("kinesis", "ListQueues", "QueueSummaries"),
        ("kinesis", "ListChannels", "ChannelSummaries"),
        ("kafka", "ListChannels", "Channels"),
    ):

        def empty(call: ApiCall, result: str = result) -> dict[str, Any]:
            return {result: []}

        emulator.operation(service, operation)(empty)
