"""CloudWatch Logs: the key of a log group, which moto takes at creation only (API reference, AssociateKmsKey).

A group keeps its newest events only, as if it had a retention: an emulator that runs for days has a bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.logs.models import LogStream, logs_backends

from aws_emulator.api import ApiCall, ApiError, Emulator

GROUP_BYTES = 8 * 2**20
"""Of a log group's events, at most."""
EVENT_BYTES = 300
"""Of an event without its text."""


def install(emulator: Emulator) -> None:
    """Register the operations, and bound the groups."""
    _bound_groups()

    @emulator.wrap("logs", "DescribeLogGroups")
    def describe_log_groups(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        result = proceed()
        # Each group has a class, and the answer shows it; moto forgets it.
        groups = [{"logGroupClass": "STANDARD", **group} for group in result.get("logGroups") or []]
        return {**result, "logGroups": groups}

    @emulator.wrap("logs", "PutMetricFilter")
    def put_metric_filter(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        # "Creates or updates": moto adds a second one of the same name.
        kept = logs_backends[call.caller.account][call.region].filters.metric_filters
        same = ("filterName", "logGroupName")
        wanted = [call.params[name] for name in same]
        answer = proceed()
        made = [found for found in kept if [found[name] for name in same] == wanted]
        for older in made[:-1]:
            kept.remove(older)
        return answer

    @emulator.operation("logs", "AssociateKmsKey")
    def associate_kms_key(call: ApiCall) -> dict[str, Any]:
        _group(call).kms_key_id = call.params["kmsKeyId"]
        return {}

    @emulator.operation("logs", "DisassociateKmsKey")
    def disassociate_kms_key(call: ApiCall) -> dict[str, Any]:
        _group(call).kms_key_id = None
        return {}


def _group(call: ApiCall) -> Any:
    name = call.params.get("logGroupName")
    if name is None:
        raise ApiError("InvalidParameterException", "Only log groups by name are served.", 400)
    group = logs_backends[call.caller.account][call.region].groups.get(name)
    if group is None:
        raise ApiError("ResourceNotFoundException", "The specified log group does not exist.", 400)
    return group


def _bound_groups() -> None:
    if getattr(LogStream, "emulator_bounded", False):
        return
    original = LogStream.put_log_events

    def put(self: Any, log_events: list[dict[str, Any]]) -> str:
        answer = original(self, log_events)
        group = self.log_group
        weight = getattr(group, "emulator_weight", 0)
        weight += sum(len(event["message"]) + EVENT_BYTES for event in log_events)
        group.emulator_weight = weight if weight <= GROUP_BYTES else _forget(group, GROUP_BYTES // 2)
        return answer

    setattr(LogStream, "put_log_events", put)  # noqa: B010
    setattr(LogStream, "emulator_bounded", True)  # noqa: B010


def _forget(group: Any, target: int) -> int:
    """Take the oldest events away until the rest weighs no more than ``target``; a stream without events goes too.

    Returns:
        what the rest weighs.
    """
    streams = sorted(group.streams.items(), key=lambda item: item[1].last_ingestion_time or item[1].creation_time)
    weight = sum(len(event.message) + EVENT_BYTES for _, stream in streams for event in stream.events)
    for name, stream in streams:
        dropped = 0
        while dropped < len(stream.events) and weight > target:
            weight -= len(stream.events[dropped].message) + EVENT_BYTES
            dropped += 1
        stream.events = stream.events[dropped:]
        if dropped and not stream.events and stream is not streams[-1][1]:
            group.streams.pop(name, None)
    return weight
