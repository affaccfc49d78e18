"""What our functions, and jobs of the owner, may do with Kinesis."""

from __future__ import annotations

from streamgov_core.model.naming import Names
from streamgov_core.platforms.protocol import Statement, allow


def member_statements(names: Names, account: str) -> list[Statement]:
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
            "Sid": "StreamKeys",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": names.arn("kms", account, "key/*"),
            "Condition": {
                "StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"},
                "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "GenerateDataKey"]},
            },
        },
        {
            "Sid": "StreamKeyGrants",
            "Effect": "Allow",
            "Action": ["kms:DescribeKey", "kms:ListGrants", "kms:RevokeGrant"],
            "Resource": names.arn("kms", account, "key/*"),
        },
    ]


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
