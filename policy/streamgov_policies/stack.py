"""Rules that need more than one resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .values import UNKNOWN, given, text

Finding = tuple[str, str]
"""What is wrong, and the URN of the resource that it is wrong with."""


@dataclass(frozen=True)
class Item:
    """One resource of the stack."""

    type: str
    urn: str
    props: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its physical name, or '' if it is not known yet."""
        return text(self.props, "name")


def _of(items: list[Item], type_: str) -> list[Item]:
    return [item for item in items if item.type == type_]


def _watched(items: list[Item], metric: str, dimension: str) -> list[Any]:
    """The values of a dimension for which an alarm on the metric exists."""
    return [
        (alarm.props.get("dimensions") or {}).get(dimension)
        for alarm in _of(items, "aws:cloudwatch/metricAlarm:MetricAlarm")
        if alarm.props.get("metricName") == metric and isinstance(alarm.props.get("dimensions"), Mapping)
    ]


def alarms(items: list[Item], config: Mapping[str, Any]) -> Iterator[Finding]:
    """Somebody is told when an execution fails or times out, a function fails, or an event becomes a dead letter."""
    for machine in _of(items, "aws:sfn/stateMachine:StateMachine"):
        for metric in ("ExecutionsFailed", "ExecutionsTimedOut"):
            seen = _watched(items, metric, "StateMachineArn")
            if not any(value is UNKNOWN or str(value).endswith(f":stateMachine:{machine.name}") for value in seen):
                yield f"no alarm on {metric} of the state machine {machine.name or '(name not known yet)'}", machine.urn
    for queue in _of(items, "aws:sqs/queue:Queue"):
        seen = _watched(items, "ApproximateNumberOfMessagesVisible", "QueueName")
        if queue.name not in seen and UNKNOWN not in seen:
            yield f"no alarm on ApproximateNumberOfMessagesVisible of the queue {queue.name}", queue.urn
    for function in _of(items, "aws:lambda/function:Function"):
        seen = _watched(items, "Errors", "FunctionName")
        if function.name not in seen and UNKNOWN not in seen:
            yield f"no alarm on Errors of the function {function.name}", function.urn
    for application in _of(items, "aws:kinesisanalyticsv2/application:Application"):
        seen = _watched(items, "downtime", "Application")
        if application.name not in seen and UNKNOWN not in seen:
            yield f"no alarm on downtime of the Flink application {application.name}", application.urn


def async_functions(items: list[Item], config: Mapping[str, Any]) -> Iterator[Finding]:
    """What a function that events start could not handle is kept."""
    callers = [
        str(item.props.get("function", "")).rsplit(":", 1)[-1]
        for item in _of(items, "aws:lambda/permission:Permission")
        if text(item.props, "principal").split(".")[0] in ("events", "sns", "s3", "scheduler")
    ]
    kept = [
        str(item.props.get("functionName", "")).rsplit(":", 1)[-1]
        for item in _of(items, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
        if given(item.props, "destinationConfig", "onFailure", "destination")
    ]
    for function in _of(items, "aws:lambda/function:Function"):
        if function.name in callers and function.name not in kept and not given(function.props, "deadLetterConfig"):
            yield (
                f"events that the function {function.name} fails to handle are lost: give it an onFailure destination",
                (function.urn),
            )


def boundaries(items: list[Item], config: Mapping[str, Any]) -> Iterator[Finding]:
    """Each role carries the organisation's boundary: the one that is configured, or that another role of ours has."""
    roles = _of(items, "aws:iam/role:Role")
    wanted = str(config.get("boundary") or "")
    some = any(given(role.props, "permissionsBoundary") for role in roles if "/streamgov/" in text(role.props, "path"))
    for role in roles:
        value = role.props.get("permissionsBoundary")
        if value is UNKNOWN or (not wanted and not some):
            continue
        if not value:
            yield f"the role {role.name} carries no permissions boundary", role.urn
        elif wanted and not str(value).endswith(f":policy/{wanted}"):
            yield f"the role {role.name} carries the permissions boundary {value} instead of {wanted}", role.urn


def public_access_blocks(items: list[Item], config: Mapping[str, Any]) -> Iterator[Finding]:
    """Each bucket has its block."""
    blocked = [
        item.props.get("bucket") for item in _of(items, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    ]
    for bucket in _of(items, "aws:s3/bucket:Bucket"):
        name = bucket.props.get("bucket")
        if UNKNOWN not in blocked and name is not UNKNOWN and name not in blocked:
            yield f"the bucket {name} has no public access block", bucket.urn
