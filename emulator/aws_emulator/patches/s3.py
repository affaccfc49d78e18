"""S3: what a bucket always has. Sources: S3 user guide, "Amazon S3 encrypts new object uploads by default" (January
2023: SSE-S3 for each bucket that names nothing else); API reference, GetBucketRequestPayment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator

DEFAULT_ENCRYPTION = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
}

Proceed = Callable[[], dict[str, Any]]


def install(emulator: Emulator) -> None:
    """Complete moto's answers."""

    @emulator.wrap("s3", "GetBucketEncryption")
    def get_bucket_encryption(call: ApiCall, proceed: Proceed) -> dict[str, Any] | None:
        try:
            proceed()
        except ApiError as error:
            if error.code != "ServerSideEncryptionConfigurationNotFoundError":
                raise
            return {"ServerSideEncryptionConfiguration": DEFAULT_ENCRYPTION}
        return None

    @emulator.wrap("s3", "GetBucketRequestPayment")
    def get_bucket_request_payment(call: ApiCall, proceed: Proceed) -> dict[str, Any]:
        return {"Payer": "BucketOwner", **proceed()}
