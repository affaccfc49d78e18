"""Kinesis data streams of one account and region."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING, Any

from streamgov_core.model.errors import CatalogError, NotGovernedError
from streamgov_core.model.resource import Resource
from streamgov_core.platforms.kinesis.arns import STREAM_PATTERN
from streamgov_core.platforms.kinesis.form_types import KMS
from streamgov_core.runtime.clients import error_code

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kms import KMSClient

AWS_KEY = "alias/aws/kinesis"
PAGE = 100
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")


class KinesisSource:
    """The streams of an account (ResourceSource).

    Nothing lists streams together with their encryption, which decides who may read: each costs a call at every run.

    Args:
        kinesis: gives a Kinesis client of the streams' account.
        kms: gives a KMS client of the same account.
        streams: name or ARN of a stream, or a pattern of either with ``*`` and ``?``; empty for all.

    Raises:
        CatalogError: it is none of these.
    """

    def __init__(self, kinesis: Callable[[], KinesisClient], kms: Callable[[], KMSClient], streams: str) -> None:
        match = STREAM_PATTERN.fullmatch(streams)
        self._pattern = match["name"] if match else streams or "*"
        if not re.fullmatch(r"[a-zA-Z0-9_.*?-]{1,128}", self._pattern):
            raise CatalogError(
                f"{streams!r} is neither the name nor the ARN of a Kinesis stream, nor a pattern of them"
            )
        self._kinesis = kinesis
        self._kms = kms
        self._lock = Lock()
        self._found: dict[str, Resource] = {}
        self._keys: dict[str, str | None] = {}

    def prepare(self, *, one: bool = False) -> None:
        """Streams share nothing."""

    def snapshot(self) -> Any:
        return None

    def restore(self, snapshot: Any) -> None:
        """Each stream is looked at in its turn."""

    def prefetch(self, name: str) -> None:
        self.resource(name)

    def resource(self, name: str) -> Resource:
        """API DescribeStreamSummary."""
        with self._lock:
            found = self._found.get(name)
        if found is None:
            found = self._describe(name)
            with self._lock:
                self._found[name] = found
        return found

    def _describe(self, name: str) -> Resource:
        if not _NAME.fullmatch(name):
            raise NotGovernedError(
                f"{name!r} is not a legal name of a Kinesis stream (1 to 128 of a-z, A-Z, 0-9, '.', '_', '-')"
            )
        if not fnmatchcase(name, self._pattern):
            raise NotGovernedError(f"stream {name!r} is not one of those of this data source ({self._pattern})")
        client = self._kinesis()
        try:
            summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        except client.exceptions.ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                raise CatalogError(f"there is no Kinesis stream named {name!r} in this account and region") from error
            raise
        encryption = summary.get("EncryptionType") or "NONE"
        return Resource(
            name,
            summary["StreamARN"],
            {
                "stream_arn": summary["StreamARN"],
                "stream_capacity_mode": summary.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED"),
                "stream_provisioned_shards": summary.get("OpenShardCount"),
                "retention_hours": summary.get("RetentionPeriodHours"),
                "encryption_type": encryption,
                "key_arn": self._key(summary["StreamARN"], summary.get("KeyId", "")) if encryption == KMS else None,
            },
        )

    def _key(self, stream_arn: str, key: str) -> str | None:
        """ARN of a customer's key; None for the AWS-managed one (API DescribeKey: KeyId is what its user wrote)."""
        if key == AWS_KEY or key.endswith(f":{AWS_KEY}"):
            return None
        with self._lock:
            if key in self._keys:
                return self._keys[key]
        client = self._kms()
        try:
            metadata = client.describe_key(KeyId=key)["KeyMetadata"]
        except client.exceptions.ClientError as error:
            raise CatalogError(f"the key {key} of {stream_arn} cannot be described: {error}") from error
        arn = None if metadata["KeyManager"] == "AWS" else str(metadata["Arn"])
        with self._lock:
            self._keys[key] = arn
        return arn

    def described(self, resource: Resource) -> Resource:
        """Everything is known already."""
        return resource

    def resources(self) -> list[str]:
        """API ListStreams."""
        pages = self._kinesis().get_paginator("list_streams").paginate(PaginationConfig={"PageSize": PAGE})
        return sorted(name for page in pages for name in page["StreamNames"] if fnmatchcase(name, self._pattern))
