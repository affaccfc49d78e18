"""Resource policies of streams and of their fan-out consumers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from streamgov_core.documents.resource_policy import RejectedError, ResourceGoneError
from streamgov_core.runtime.calls import calling, error_message

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


class StreamPolicies:
    """PolicyGateway of streams and of their fan-out consumers. There is no version: the lease alone serialises.

    Args:
        client: returns the ``kinesis`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], KinesisClient]) -> None:
        self._client = client

    def get(self, arn: str) -> tuple[dict[str, Any] | None, str | None]:
        """API GetResourcePolicy.

        UNVERIFIED[kinesis-no-policy]: without a policy an empty text or ResourceNotFoundException; both work.
        """
        client = self._client()
        with calling("kinesis:GetResourcePolicy", arn):
            try:
                policy = client.get_resource_policy(ResourceARN=arn).get("Policy")
            except client.exceptions.ResourceNotFoundException:
                return None, None
        return (json.loads(policy) if policy else None), None

    def put(self, arn: str, text: str, token: str | None) -> str | None:
        """API PutResourcePolicy."""
        client = self._client()
        with calling("kinesis:PutResourcePolicy", arn):
            try:
                client.put_resource_policy(ResourceARN=arn, Policy=text)
            except client.exceptions.ResourceNotFoundException as error:
                raise ResourceGoneError(f"{arn} does not exist") from error
            except (client.exceptions.InvalidArgumentException, client.exceptions.ValidationException) as error:
                raise RejectedError(error_message(error)) from error
        return None

    def delete(self, arn: str, token: str | None) -> None:
        """API DeleteResourcePolicy."""
        client = self._client()
        with calling("kinesis:DeleteResourcePolicy", arn):
            try:
                client.delete_resource_policy(ResourceARN=arn)
            except client.exceptions.ResourceNotFoundException:
                return
