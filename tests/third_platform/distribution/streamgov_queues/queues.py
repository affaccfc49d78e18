"""What the platform asks of Amazon SQS: queues, and their policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamgov_core.documents.resource_policy import RejectedError, ResourceGoneError
from streamgov_core.model.errors import CatalogError
from streamgov_core.model.resource import Resource
from streamgov_core.runtime.calls import calling, error_message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class QueueSource:
    """The queues of an account whose names begin with a prefix (ResourceSource)."""

    def __init__(self, client: SQSClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def prepare(self, *, one: bool = False) -> None:
        """Queues share nothing."""

    def snapshot(self) -> Any:
        return None

    def restore(self, snapshot: Any) -> None:
        """Nothing was looked up for all of them."""

    def prefetch(self, name: str) -> None:
        """Each queue is asked for in its turn."""

    def resource(self, name: str) -> Resource:
        try:
            url = self._client.get_queue_url(QueueName=name)["QueueUrl"]
        except self._client.exceptions.QueueDoesNotExist as error:
            raise CatalogError(f"there is no queue named {name!r} in this account and region") from error
        found = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "VisibilityTimeout"])
        arn, timeout = found["Attributes"]["QueueArn"], int(found["Attributes"]["VisibilityTimeout"])
        return Resource(name, arn, {"queue_arn": arn, "visibility_timeout": timeout})

    def described(self, resource: Resource) -> Resource:
        return resource

    def resources(self) -> list[str]:
        pages = self._client.get_paginator("list_queues").paginate(QueueNamePrefix=self._prefix)
        return sorted(url.rsplit("/", 1)[1] for page in pages for url in page.get("QueueUrls", ()))


class QueuePolicies:
    """PolicyGateway of queues. There is no version: the lease alone serialises."""

    def __init__(self, client: SQSClient) -> None:
        self._client = client

    def get(self, arn: str) -> tuple[dict[str, Any] | None, str | None]:
        with calling("sqs:GetQueueAttributes", arn):
            found = self._client.get_queue_attributes(QueueUrl=self._url(arn), AttributeNames=["Policy"])
        policy = found.get("Attributes", {}).get("Policy")
        return (json.loads(policy) if policy else None), None

    def put(self, arn: str, text: str, token: str | None) -> str | None:
        with calling("sqs:SetQueueAttributes", arn):
            try:
                self._client.set_queue_attributes(QueueUrl=self._url(arn), Attributes={"Policy": text})
            except self._client.exceptions.InvalidAttributeValue as error:
                raise RejectedError(error_message(error)) from error
        return None

    def delete(self, arn: str, token: str | None) -> None:
        with calling("sqs:SetQueueAttributes", arn):
            self._client.set_queue_attributes(QueueUrl=self._url(arn), Attributes={"Policy": ""})

    def _url(self, arn: str) -> str:
        account, name = arn.split(":")[4:6]
        with calling("sqs:GetQueueUrl", arn):
            try:
                found = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            except self._client.exceptions.QueueDoesNotExist as error:
                raise ResourceGoneError(f"{arn} does not exist") from error
        return found["QueueUrl"]


def queue_exists(client: SQSClient, arn: str) -> bool:
    """Whether there is a queue of this ARN."""
    account, name = arn.split(":")[4:6]
    with calling("sqs:GetQueueUrl", arn):
        try:
            client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
        except client.exceptions.QueueDoesNotExist:
            return False
    return True
