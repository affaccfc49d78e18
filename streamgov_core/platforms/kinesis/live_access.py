"""A stream's live access: its policy, those of its consumers and queues, and the key with its policy and grants.

Sources: "Controlling access", "Sharing a data stream with another account" and "Using server-side encryption" of the
Kinesis Data Streams developer guide; KMS developer guide, "Grants".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from streamgov_core.platforms.access_question import (
    AccessNeed,
    AccessWay,
    LiveAccess,
    LivePolicy,
    ServiceClients,
)

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kms import KMSClient

NEW_CONSUMER = "consumer/new:0"
"""Stands for a consumer that a reader would register itself."""


def live_access(stream: str, clients: ServiceClients) -> LiveAccess:
    """The access to a stream as it is now.

    Args:
        stream: ARN of the stream.
        clients: of the stream's account.
    """
    kinesis: KinesisClient = clients.client("kinesis")
    found = LiveAccess(stream)
    key = _key(found, stream, kinesis, clients)
    decrypt, encrypt = _key_needs(stream, key)
    queues, channels = _derived(found, stream, kinesis)
    consumers = found.listing("kinesis:ListStreamConsumers", lambda: _consumers(kinesis, stream))
    found.ways = (
        _way("read", "shared reads", decrypt, ("GetShardIterator", stream), ("GetRecords", stream)),
        *(_way("read", f"consumer {name}", decrypt, ("SubscribeToShard", arn)) for name, arn in consumers),
        _way("read", "a consumer that it registers", decrypt, ("RegisterStreamConsumer", stream),
             ("SubscribeToShard", f"{stream}/{NEW_CONSUMER}")),
        *(_way("read", f"queue {name}", (), ("ReceiveQueueRecords", arn)) for name, arn in queues),
        _way("write", "PutRecord", encrypt, ("PutRecord", stream)),
        _way("write", "PutRecords", encrypt, ("PutRecords", stream)),
    )  # fmt: skip
    for arn in (stream, *(arn for _, arn in consumers), *(arn for _, arn in queues)):
        _read_policy(found, kinesis, arn)
    found.bypasses = tuple(f"the channel {arn} copies the stream elsewhere" for _, arn in channels)
    return found


def _way(
    direction: Literal["read", "write"], name: str, key: tuple[AccessNeed, ...], *calls: tuple[str, str]
) -> AccessWay:
    needs = tuple(AccessNeed(f"kinesis:{action}", arn) for action, arn in calls)
    return AccessWay(direction, name, (*needs, *key))


def _read_policy(found: LiveAccess, kinesis: KinesisClient, arn: str) -> None:
    def read() -> tuple[LivePolicy, ...]:
        try:
            text = kinesis.get_resource_policy(ResourceARN=arn).get("Policy")
        except kinesis.exceptions.ResourceNotFoundException:
            return ()
        return (LivePolicy(f"policy of {arn}", json.loads(text)),) if text else ()

    found.read_policies(arn, "kinesis:GetResourcePolicy", read)


def _consumers(kinesis: KinesisClient, stream: str) -> list[tuple[str, str]]:
    pages = kinesis.get_paginator("list_stream_consumers").paginate(StreamARN=stream)
    return [(item["ConsumerName"], item["ConsumerARN"]) for page in pages for item in page["Consumers"]]


def _derived(found: LiveAccess, stream: str, kinesis: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The queues and channels that are fed by a stream, with their names.

    UNVERIFIED[kinesis-queue-reader]: that a queue's reader needs nothing on the stream or its key (API
    ReceiveQueueRecords names none).
    """
    wanted = [{"StreamARN": stream}]

    def pages(operation: str, result: str, noun: str) -> list[tuple[str, str]]:
        items: list[tuple[str, str]] = []
        token: dict[str, str] = {}
        while True:
            answer = getattr(kinesis, operation)(StreamFilter=wanted, **token)
            items += [(item[f"{noun}Name"], item[f"{noun}ARN"]) for item in answer.get(result, ())]
            if not answer.get("NextToken"):
                return items
            token = {"NextToken": answer["NextToken"]}

    return (
        found.listing("kinesis:ListQueues", lambda: pages("list_queues", "QueueSummaries", "Queue")),
        found.listing("kinesis:ListChannels", lambda: pages("list_channels", "ChannelSummaries", "Channel")),
    )


# --- the key ----------------------------------------------------------------------------------------------------------
def _key(found: LiveAccess, stream: str, kinesis: KinesisClient, clients: ServiceClients) -> str:
    """ARN of the key that encrypts the stream, its policies read; '' without encryption."""
    summaries = found.listing(
        "kinesis:DescribeStreamSummary",
        lambda: [kinesis.describe_stream_summary(StreamARN=stream)["StreamDescriptionSummary"]],
    )
    key_id = str(summaries[0].get("KeyId") or "") if summaries else ""
    if not key_id:
        return ""
    kms: KMSClient = clients.client("kms")
    described = found.listing("kms:DescribeKey", lambda: [kms.describe_key(KeyId=_in_account(stream, key_id))])
    arn = described[0]["KeyMetadata"]["Arn"] if described else _in_account(stream, key_id)
    found.read_policies(arn, "kms:GetKeyPolicy, kms:ListGrants", lambda: _key_policies(kms, arn))
    return str(arn)


def _key_needs(stream: str, key: str) -> tuple[tuple[AccessNeed, ...], tuple[AccessNeed, ...]]:
    """What reading and writing take of the key: Kinesis calls KMS for the caller, in the stream's context."""
    if not key:
        return (), ()
    context: dict[str, str | tuple[str, ...]] = {
        "kms:EncryptionContext:aws:kinesis:arn": stream,
        "kms:EncryptionContextKeys": ("aws:kinesis:arn",),
        "kms:ViaService": f"kinesis.{stream.split(':')[3]}.amazonaws.com",
        "aws:ViaAWSService": "true",
        "kms:GrantIsForAWSResource": "false",
    }
    return (
        (AccessNeed("kms:Decrypt", key, context, own_policy_decides=True),),
        (AccessNeed("kms:GenerateDataKey", key, context, own_policy_decides=True),),
    )


def _key_policies(kms: KMSClient, arn: str) -> tuple[LivePolicy, ...]:
    text = kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    grants = [
        LivePolicy(f"grant {grant['GrantId']} on {arn}", _as_policy(grant), "grant")
        for page in kms.get_paginator("list_grants").paginate(KeyId=arn)
        for grant in page["Grants"]
    ]
    return (LivePolicy(f"key policy of {arn}", json.loads(text)), *grants)


def _as_policy(grant: Any) -> dict[str, Any]:
    """A KMS grant as a policy: its grantee, its operations, the encryption context that it is bound to."""
    grantee = str(grant.get("GranteePrincipal", ""))
    constraints = grant.get("Constraints") or {}
    equal = constraints.get("EncryptionContextEquals") or {}
    context = {**(constraints.get("EncryptionContextSubset") or {}), **equal}
    condition: dict[str, Any] = {}
    if context:
        condition["StringEquals"] = {f"kms:EncryptionContext:{key}": value for key, value in context.items()}
    if equal:
        condition["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": sorted(equal)}
    statement = {
        "Sid": str(grant.get("Name") or "") or grant["GrantId"],
        "Effect": "Allow",
        "Principal": {"Service" if grantee.endswith(".amazonaws.com") else "AWS": grantee},
        "Action": [f"kms:{operation}" for operation in grant["Operations"]],
        "Resource": "*",
    }
    return {
        "Version": "2012-10-17",
        "Statement": [{**statement, "Condition": condition} if condition else statement],
    }


def _in_account(stream: str, key: str) -> str:
    """A key id or alias as an ARN of the stream's account."""
    if key.startswith("arn:"):
        return key
    partition, region, account = stream.split(":")[1], stream.split(":")[3], stream.split(":")[4]
    return f"arn:{partition}:kms:{region}:{account}:{key if key.startswith('alias/') else f'key/{key}'}"
