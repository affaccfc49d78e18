"""Cluster policies of Amazon MSK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from streamgov_core.documents.resource_policy import ConflictError, RejectedError, ResourceGoneError
from streamgov_core.platforms.msk.inspection import describe
from streamgov_core.runtime.calls import calling, error_message

if TYPE_CHECKING:
    from mypy_boto3_kafka import KafkaClient


class ClusterPolicies:
    """PolicyGateway of cluster policies.

    Args:
        client: returns the ``kafka`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], KafkaClient]) -> None:
        self._client = client

    def get(self, arn: str) -> tuple[dict[str, Any] | None, str | None]:
        """API GetClusterPolicy: NotFoundException where there is none, and where there is no cluster."""
        client = self._client()
        with calling("kafka:GetClusterPolicy", arn):
            try:
                answer = client.get_cluster_policy(ClusterArn=arn)
            except client.exceptions.NotFoundException:
                return None, None
        return json.loads(answer["Policy"]), answer["CurrentVersion"]

    def put(self, arn: str, text: str, token: str | None) -> str | None:
        """API PutClusterPolicy.

        A stale version, a bad principal and a cluster that is gone are all BadRequestException, with texts that are not
        documented: version and cluster, read afterwards, distinguish them.
        """
        client = self._client()
        version = {} if token is None else {"CurrentVersion": token}
        with calling("kafka:PutClusterPolicy", arn):
            try:
                answer = client.put_cluster_policy(ClusterArn=arn, Policy=text, **version)
            except client.exceptions.BadRequestException as error:
                if self.get(arn)[1] != token:
                    raise ConflictError(f"the policy of {arn} has been changed meanwhile") from error
                if describe(client, arn) is None:
                    raise ResourceGoneError(f"{arn} does not exist") from error
                raise RejectedError(error_message(error)) from error
        return str(answer["CurrentVersion"])

    def delete(self, arn: str, token: str | None) -> None:
        """API DeleteClusterPolicy, which takes no version: looks once more right before."""
        client = self._client()
        if self.get(arn)[1] != token:
            raise ConflictError(f"the policy of {arn} has been changed meanwhile")
        with calling("kafka:DeleteClusterPolicy", arn):
            try:
                client.delete_cluster_policy(ClusterArn=arn)
            except client.exceptions.NotFoundException:
                return
