"""What a grant of a Kinesis stream permits, on the owner's side and on the consumer's.

Actions and rules: "Controlling access", "Sharing a data stream with another account" and "Using server-side encryption"
of the Kinesis Data Streams developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.usage import UsageMetric
from streamgov_core.platforms.kinesis.arns import STREAM, consumer_arns, consumer_name_arn
from streamgov_core.platforms.kinesis.form_types import KMS
from streamgov_core.platforms.protocol import IDENTITY_KINDS

DESCRIBE = ("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards")
SHARED_READ = (*DESCRIBE, "kinesis:GetRecords", "kinesis:GetShardIterator")
WRITE = ("kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords")
FAN_OUT = ("kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard")

KEY_ACTIONS = frozenset({"kms:Decrypt", "kms:GenerateDataKey"})
GRANTED_ACTIONS = frozenset({*SHARED_READ, *WRITE, *FAN_OUT})
"""Everything that a grant may ever ask for of a stream and its fan-out consumer."""

BOUNDARY_ACTIONS = (
    "kinesis:Describe*",
    "kinesis:Get*",
    "kinesis:List*",
    "kinesis:PutRecord*",
    "kinesis:SubscribeToShard",
    "kms:Decrypt",
    "kms:GenerateDataKey",
)


def review(command: GrantCommand) -> None:
    """A stream on the AWS-managed key cannot be shared: nobody can change that key's policy or grant on it.

    Raises:
        PermanentGrantError: such a stream, across accounts.
    """
    if (
        command.grants
        and command.foreign_principals()
        and command.resource.get("encryption") == KMS
        and not command.resource.get("keyArn")
    ):
        raise PermanentGrantError(managed_key_refusal(str(command.resource["arn"])))


def producer_contributions(names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
    """The stream's policy across accounts, the fan-out consumer, grants on the key."""
    arn, foreign = str(command.resource["arn"]), command.foreign_principals()
    contributions: list[PolicyContribution] = []
    if foreign:
        permissions = tuple(
            Permission(item.kind, item.actions, item.resource, principal)
            for principal in foreign
            for item in _stream_permissions(command)
        )
        contributions.append(PolicyContribution(f"stream#{arn}", permissions))
    if fans_out(command):
        consumer_arn = consumer_name_arn(names, command)
        permissions = tuple(Permission("consumer", FAN_OUT, consumer_arn, principal) for principal in foreign)
        contributions.append(PolicyContribution(f"fan-out#{consumer_arn}", permissions))
    if command.resource.get("keyArn"):
        permissions = tuple(
            Permission("kms", item.actions, item.resource, principal, False, item.condition)
            for principal in command.consumer.principals
            for item in _key_permissions(command)
        )
        contributions.append(PolicyContribution(f"key#{command.resource['keyArn']}", permissions))
    return tuple(contributions)


def consumer_permissions(names: Names, command: GrantCommand) -> tuple[Permission, ...]:
    """Data plane of the stream or of the fan-out consumer, and the key."""
    permissions = [*_stream_permissions(command), *_key_permissions(command)]
    if fans_out(command):
        permissions += [Permission("consumer", FAN_OUT, arn) for arn in consumer_arns(names, command)]
    return tuple(sorted(permissions))


def grants(kind: str, arn: str, permission: Permission) -> bool:
    """See ``Platform.grants``: a policy is about its own resource, a key about one stream's records."""
    actions, resource = permission.actions, permission.resource
    for_key = KEY_ACTIONS.issuperset(actions) and "kms:EncryptionContext:aws:kinesis:arn" in permission.condition
    if kind == "key":
        return for_key and resource == arn
    if not GRANTED_ACTIONS.issuperset(actions):
        return kind in IDENTITY_KINDS and for_key and ":kms:" in resource
    return resource == arn if kind in ("stream", "fan-out") else kind in IDENTITY_KINDS and ":kinesis:" in resource


def connection(command: GrantCommand) -> dict[str, str]:
    """The stream, its fan-out consumer and its key; callers in other accounts pass the ARNs."""
    consumer_arn = str(command.resource.get("consumerArn") or "")
    return {
        "streamArn": str(command.resource["arn"]),
        "streamName": str(command.resource["stream"]),
        "consumption": command.request.consumption if command.request.reads else "",
        "consumerArn": consumer_arn,
        "consumerName": consumer_arn.partition("/consumer/")[2].partition(":")[0],
        "keyArn": str(command.resource.get("keyArn") or ""),
    }


def managed_key_refusal(arn: str) -> str:
    """Why a stream on the AWS-managed key is not granted across accounts, and what to do."""
    return (
        f"{arn} is encrypted with the AWS-managed key aws/kinesis, which cannot be shared with another account: "
        f"encrypt it with a customer-managed key (aws kinesis start-stream-encryption --stream-arn {arn} "
        "--encryption-type KMS --key-id <key ARN>), let the data source run, and ask again"
    )


def fans_out(command: GrantCommand) -> bool:
    """Whether the grant reads by a fan-out consumer of its own."""
    return command.request.reads and command.request.consumption == "FAN_OUT"


def _stream_permissions(command: GrantCommand) -> Iterator[Permission]:
    actions: set[str] = set()
    if command.request.reads:
        actions |= set(DESCRIBE if fans_out(command) else SHARED_READ)
    if command.request.writes:
        actions |= set(WRITE)
    yield Permission("stream", tuple(sorted(actions)), _stream(command))


def _stream(command: GrantCommand) -> str:
    """The stream's ARN.

    Raises:
        ClaimRefusedError: it is not the ARN of one stream.
    """
    arn = str(command.resource["arn"])
    if not STREAM.fullmatch(arn):
        raise ClaimRefusedError(f"not the ARN of a Kinesis stream: {arn!r}")
    return arn


def _key_permissions(command: GrantCommand) -> Iterator[Permission]:
    key = command.resource.get("keyArn")
    if not key:
        return
    actions = [
        *(["kms:Decrypt"] if command.request.reads else []),
        *(["kms:GenerateDataKey"] if command.request.writes else []),
    ]
    context: Mapping[str, Any] = {
        "StringEquals": {"kms:EncryptionContext:aws:kinesis:arn": str(command.resource["arn"])}
    }
    yield Permission("kms", tuple(actions), str(key), condition=json.dumps(context, separators=(",", ":")))


def usage(names: Names, command: GrantCommand) -> UsageMetric | None:
    """Records of the project's fan-out consumer, or of everybody who reads with shared throughput.

    Kinesis developer guide, "Monitor the service with CloudWatch": ``SubscribeToShardEvent.Records`` is by consumer,
    ``GetRecords.Records`` by stream only. Which role calls GetRecords stands in CloudTrail only where a trail records
    data events of the stream.
    """
    if not command.request.reads:
        return None
    stream = ("StreamName", str(command.resource["stream"]))
    if not fans_out(command):
        return UsageMetric("AWS/Kinesis", "GetRecords.Records", (stream,), None, True, "anybody who reads the stream")
    name = consumer_name_arn(names, command).rpartition("/")[2]
    known = (stream, ("ConsumerName", name))
    return UsageMetric(
        "AWS/Kinesis", "SubscribeToShardEvent.Records", known, None, True, "the project's fan-out consumer"
    )
