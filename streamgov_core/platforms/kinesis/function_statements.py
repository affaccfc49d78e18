"""What our functions, and jobs of the owner, may do with Kinesis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streamgov_core.model.naming import Names
from streamgov_core.platforms.protocol import Statement, allow


def member_statements(names: Names, account: str, keys: Sequence[str]) -> list[Statement]:
    """Policies and fan-out consumers of the account's own streams, and grants on its keys for streams."""
    streams = names.arn("kinesis", account, "stream/*")
    return [
        {
            "Sid": "StreamPolicies",
            "Effect": "Allow",
            "Action": [
                "kinesis:DeleteResourcePolicy",
                "kinesis:DeregisterStreamConsumer",
                "kinesis:DescribeStreamConsumer",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetResourcePolicy",
                "kinesis:PutResourcePolicy",
                "kinesis:RegisterStreamConsumer",
            ],
            # Which streams will be governed is not known when the function is deployed: those of this account.
            "Resource": streams,
        },
        {
            # Which key encrypts a stream is looked up before a grant.
            "Sid": "DescribeStreamKeys",
            "Effect": "Allow",
            "Action": "kms:DescribeKey",
            "Resource": names.arn("kms", account, "key/*"),
        },
        *_key_statements(names, account, keys),
    ]


def _key_statements(names: Names, account: str, keys: Sequence[str]) -> Iterator[Statement]:
    """Grants on keys: for decrypting and encrypting the account's streams, and on the configured keys alone.

    RevokeGrant has no condition key that says what a grant is for (service authorization reference): whoever may revoke
    on a key may revoke the grants of other services on it. So it matters that the keys are named.
    """
    streams = names.arn("kinesis", account, "stream/*")
    only_streams: Mapping[str, Any] = {
        "StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"},
        "ForAllValues:StringEquals": {
            "kms:GrantOperations": ["Decrypt", "GenerateDataKey"],
            "kms:EncryptionContextKeys": ["aws:kinesis:arn"],
        },
        # UNVERIFIED that the keys of the encryption context are known in CreateGrant, as the reference lists them:
        # where they are not, the statement allows what the other conditions allow.
        "StringLikeIfExists": {"kms:EncryptionContext:aws:kinesis:arn": streams},
    }
    for sid, resource, named in _named_keys(names, account, keys):
        create = {operator: dict(values) for operator, values in only_streams.items()}
        for operator, values in named.items():
            create[operator] = {**create.get(operator, {}), **values}
        yield {
            "Sid": f"Stream{sid}",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": resource,
            "Condition": create,
        }
        revoke: Statement = {
            "Sid": f"Stream{sid}Grants",
            "Effect": "Allow",
            "Action": ["kms:ListGrants", "kms:RevokeGrant"],
            "Resource": resource,
        }
        yield {**revoke, "Condition": named} if named else revoke


def _named_keys(
    names: Names, account: str, keys: Sequence[str]
) -> Iterator[tuple[str, str | list[str], dict[str, dict[str, Any]]]]:
    """Word of a Sid, resources and condition for keys by ARN and for keys by alias; without any, every key."""
    every = names.arn("kms", account, "key/*")
    arns, aliases = (
        sorted(key for key in keys if key.startswith("arn:")),
        sorted(k for k in keys if k.startswith("alias/")),
    )
    if not keys:
        yield "Keys", every, {}
    if arns:
        yield "Keys", arns, {}
    if aliases:
        yield "KeyAliases", every, {"ForAnyValue:StringLike": {"kms:ResourceAliases": aliases}}


def sync_statements(names: Names, account: str, resource: str) -> list[Statement]:
    """Describe the streams of a name, ARN or pattern, and the keys that encrypt them."""
    stream = resource if resource.startswith("arn:") else names.arn("kinesis", account, f"stream/{resource or '*'}")
    return [
        allow("DescribeStreams", ["kinesis:DescribeStreamSummary"], [stream]),
        # ListStreams has no resource type. Which keys encrypt the streams is not known when this is deployed.
        allow("ListStreams", ["kinesis:ListStreams"], ["*"]),
        allow("DescribeKeys", ["kms:DescribeKey"], [names.arn("kms", account, "key/*")]),
    ]


def write_statements(stream_arn: str, kms_key_arn: str | None) -> list[Statement]:
    """Write records to a stream (PutRecords calls GenerateDataKey)."""
    statements = [allow("Write", ["kinesis:PutRecords"], [stream_arn])]
    if kms_key_arn:
        statements.append(allow("Encrypt", ["kms:GenerateDataKey"], [kms_key_arn]))
    return statements
