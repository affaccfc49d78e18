"""What a Kinesis stream is, looked at before a grant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.platforms.kinesis.form_types import KMS
from streamgov_core.platforms.kinesis.grant_permissions import managed_key_refusal
from streamgov_core.runtime.calls import calling
from streamgov_core.runtime.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kms import KMSClient

MANY_SHARED_READERS = 3
"""Subscribers that share a stream's five reads a second and shard; more are worth a warning."""


def inspect_stream(clients: Clients, command: GrantCommand) -> dict[str, Any]:
    """Look at the stream before a grant (API DescribeStreamSummary).

    Returns:
        ``warnings``.

    Raises:
        ClaimRefusedError: it does not exist, or is encrypted otherwise than the asset says.
        PermanentGrantError: it is on the AWS-managed key, across accounts.
    """
    arn = str(command.resource["arn"])
    client: KinesisClient = clients.client("kinesis")
    with calling("kinesis:DescribeStreamSummary", arn):
        try:
            summary = client.describe_stream_summary(StreamARN=arn)["StreamDescriptionSummary"]
        except client.exceptions.ResourceNotFoundException as error:
            raise ClaimRefusedError(f"the stream {arn} that the asset names does not exist") from error
    key = ""
    if summary.get("EncryptionType", "NONE") == KMS:
        kms: KMSClient = clients.client("kms")
        with calling("kms:DescribeKey", str(summary["KeyId"])):
            described = kms.describe_key(KeyId=_in_account(arn, str(summary["KeyId"])))
        metadata = described["KeyMetadata"]
        if metadata["KeyManager"] == "AWS":
            if command.foreign_principals():
                raise PermanentGrantError(managed_key_refusal(arn))
        else:
            key = str(metadata["Arn"])
    if key != (command.resource.get("keyArn") or ""):
        raise ClaimRefusedError(
            f"{arn} is encrypted with {key or 'no customer-managed key'}, but the asset's form says "
            f"{command.resource.get('keyArn') or 'none'}: let the data source run, publish the asset, and ask again"
        )
    warnings = []
    if command.request.reads and command.request.consumption == "SHARED":
        warnings.append(
            f"readers of {arn} share five reads a second and shard; from about {MANY_SHARED_READERS} on, FAN_OUT is "
            "the better choice"
        )
    return {"warnings": warnings}


def _in_account(stream: str, key: str) -> str:
    """A key id or alias as an ARN of the stream's account; a bare one is looked up in the caller's."""
    if key.startswith("arn:"):
        return key
    partition, region, account = stream.split(":")[1], stream.split(":")[3], stream.split(":")[4]
    return f"arn:{partition}:kms:{region}:{account}:{key if key.startswith('alias/') else f'key/{key}'}"
