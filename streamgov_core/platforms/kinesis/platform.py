"""Amazon Kinesis Data Streams: a stream, read with shared throughput or enhanced fan-out, encrypted or not.

Actions and rules: "Controlling access", "Sharing a data stream with another account" and "Using server-side encryption"
of the Kinesis Data Streams developer guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.model.forms import (
    RELATIONAL_TABLE_FORM,
    RELATIONAL_TABLE_FORM_TYPE,
    AssetTypeModel,
    FormField,
    FormModel,
)
from streamgov_core.model.naming import PARTITION_PATTERN, short_hash
from streamgov_core.model.permission import Permission
from streamgov_core.platforms.platform import Claim, Forms, form_of, schema_ref, text
from streamgov_core.platforms.schema_form import SCHEMA_FIELDS

if TYPE_CHECKING:
    from streamgov_core.documents.policy_document import PolicyDocument
    from streamgov_core.model.command import GrantCommand
    from streamgov_core.model.naming import Names
    from streamgov_core.runtime.clients import Clients

SOURCE_FORM = "KinesisSourceReferenceFormType"
SCHEMA_FORM = "KinesisSchemaFormType"
KMS = "KMS"

_STREAM = re.compile(
    rf"arn:(?P<partition>{PARTITION_PATTERN}):kinesis:(?P<region>[a-z0-9-]+):(?P<account>\d{{12}}):"
    r"stream/(?P<name>[a-zA-Z0-9_.-]{1,128})"
)
_KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[a-zA-Z0-9-]{1,128}")

DESCRIBE = ("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards")
SHARED_READ = (*DESCRIBE, "kinesis:GetRecords", "kinesis:GetShardIterator")
WRITE = ("kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords")
FAN_OUT = ("kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard")


class Kinesis:
    """The Kinesis platform. Stateless."""

    name = "kinesis"
    asset_type_base = "KinesisStreamAssetType"

    def form_models(self, names: Names) -> tuple[FormModel, ...]:
        """``KinesisSourceReferenceFormType`` and ``KinesisSchemaFormType``."""
        source = FormModel(
            names.type_name(SOURCE_FORM),
            (
                FormField("stream_arn", required=True, display_name="Stream ARN", searchable=True),
                FormField(
                    "stream_capacity_mode",
                    required=True,
                    display_name="Capacity mode",
                    documentation="PROVISIONED or ON_DEMAND",
                ),
                FormField("stream_provisioned_shards", "Integer", display_name="Shards"),
                FormField("retention_hours", "Integer", display_name="Retention in hours"),
                FormField("encryption_type", display_name="Encryption", documentation="NONE or KMS"),
                FormField(
                    "key_arn",
                    display_name="Key ARN",
                    documentation="The customer-managed key; empty for the AWS-managed one",
                ),
            ),
            "Where a Kinesis stream lives",
        )
        schema = FormModel(
            names.type_name(SCHEMA_FORM),
            (
                FormField("stream_name", required=True, display_name="Stream", searchable=True),
                *SCHEMA_FIELDS,
            ),
            "The stream and its schema in the Glue Schema Registry",
        )
        return source, schema

    def asset_type(self, names: Names) -> AssetTypeModel:
        """``KinesisStreamAssetType``: both forms and the columns."""
        return AssetTypeModel(
            names.type_name(self.asset_type_base),
            {
                RELATIONAL_TABLE_FORM: (RELATIONAL_TABLE_FORM_TYPE, True),
                SOURCE_FORM: (names.type_name(SOURCE_FORM), True),
                SCHEMA_FORM: (names.type_name(SCHEMA_FORM), True),
            },
            "An Amazon Kinesis data stream",
        )

    def claim(self, forms: Forms) -> Claim:
        """Read stream, key and schema."""
        source, schema = form_of(forms, SOURCE_FORM), form_of(forms, SCHEMA_FORM)
        arn = text(source, "stream_arn", SOURCE_FORM)
        match = _STREAM.fullmatch(arn)
        if match is None:
            raise ClaimRefusedError(f"stream_arn is not the ARN of a Kinesis stream: {arn!r}")
        if text(schema, "stream_name", SCHEMA_FORM) != match["name"]:
            raise ClaimRefusedError(f"stream_name {schema['stream_name']!r} is not the stream of {arn}")
        encryption = text(source, "encryption_type", SOURCE_FORM, required=False) or "NONE"
        key = text(source, "key_arn", SOURCE_FORM, required=False)
        if encryption not in ("NONE", KMS):
            raise ClaimRefusedError(f"encryption_type must be NONE or {KMS}, got {encryption!r}")
        if key and not _KEY.fullmatch(key):
            raise ClaimRefusedError(f"key_arn is not the ARN of a KMS key: {key!r}")
        resource: dict[str, Any] = {"arn": arn, "stream": match["name"], "encryption": encryption}
        if encryption == KMS and key:
            resource["keyArn"] = key
        return Claim(match["account"], match["region"], resource, schema_ref(schema, SCHEMA_FORM))

    def review(self, command: GrantCommand) -> None:
        """A stream on the AWS-managed key cannot be shared: nobody can change that key's policy or grant on it."""
        if (
            command.grants
            and command.foreign_principals()
            and command.resource.get("encryption") == KMS
            and not command.resource.get("keyArn")
        ):
            raise PermanentGrantError(managed_key_refusal(str(command.resource["arn"])))

    def producer_contributions(self, names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
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
        if _fans_out(command):
            target = consumer_target(names, command)
            permissions = tuple(Permission("consumer", FAN_OUT, target, principal) for principal in foreign)
            contributions.append(PolicyContribution(f"fan-out#{target}", permissions))
        if command.resource.get("keyArn"):
            permissions = tuple(
                Permission("kms", item.actions, item.resource, principal, False, item.condition)
                for principal in command.consumer.principals
                for item in _key_permissions(command)
            )
            contributions.append(PolicyContribution(f"key#{command.resource['keyArn']}", permissions))
        return tuple(contributions)

    def consumer_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        """Data plane of the stream or of the fan-out consumer, and the key."""
        permissions = [*_stream_permissions(command), *_key_permissions(command)]
        if _fans_out(command):
            # The consumer's ARN ends in the second of its registration, which only the owner's side knows.
            permissions.append(Permission("consumer", FAN_OUT, f"{consumer_target(names, command)}:*"))
        return tuple(sorted(permissions))

    def connection(self, command: GrantCommand) -> dict[str, str]:
        """The stream; callers in other accounts pass its ARN."""
        return {
            "streamArn": str(command.resource["arn"]),
            "streamName": str(command.resource["stream"]),
            "consumption": command.request.consumption,
        }

    def policy_document(self, kind: str, arn: str, sid_prefix: str, clients: Clients) -> PolicyDocument | None:
        """Stream policies, fan-out consumers with their policies, and grants on keys."""
        from streamgov_core.documents.resource_policy import ResourcePolicyDocument
        from streamgov_core.platforms.kinesis.key_grants import KeyGrantDocument, KeyGrants
        from streamgov_core.platforms.kinesis.stream_policy import (
            FanOutConsumerDocument,
            StreamConsumers,
            StreamPolicies,
        )

        policies = StreamPolicies(lambda: clients.client("kinesis"))
        if kind == "stream":
            return ResourcePolicyDocument(policies, arn, sid_prefix)
        if kind == "fan-out":
            return FanOutConsumerDocument(StreamConsumers(lambda: clients.client("kinesis")), policies, arn, sid_prefix)
        if kind == "key":
            return KeyGrantDocument(KeyGrants(lambda: clients.client("kms")), arn, sid_prefix)
        return None

    def inspect(self, command: GrantCommand, clients: Clients) -> dict[str, Any]:
        """What the stream is and how it is encrypted."""
        from streamgov_core.platforms.kinesis.stream_policy import inspect_stream

        return inspect_stream(clients, command)

    def member_statements(self, names: Names, account: str) -> list[dict[str, Any]]:
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


def managed_key_refusal(arn: str) -> str:
    """Why a stream on the AWS-managed key is not granted across accounts, and what to do."""
    return (
        f"{arn} is encrypted with the AWS-managed key aws/kinesis, which cannot be shared with another account: "
        f"encrypt it with a customer-managed key (aws kinesis start-stream-encryption --stream-arn {arn} "
        "--encryption-type KMS --key-id <key ARN>), let the data source run, and ask again"
    )


def consumer_target(names: Names, command: GrantCommand) -> str:
    """The fan-out consumer of a project on a stream, its ARN without the time of its registration."""
    consumer = command.consumer
    name = f"{names.namespace}-{short_hash(consumer.account, consumer.project_id)}"
    return f"{command.resource['arn']}/consumer/{name}"


def _fans_out(command: GrantCommand) -> bool:
    return command.request.reads and command.request.consumption == "FAN_OUT"


def _stream_permissions(command: GrantCommand) -> Iterator[Permission]:
    actions: set[str] = set()
    if command.request.reads:
        actions |= set(DESCRIBE if _fans_out(command) else SHARED_READ)
    if command.request.writes:
        actions |= set(WRITE)
    yield Permission("stream", tuple(sorted(actions)), str(command.resource["arn"]))


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
