"""A second opinion on policy documents, written apart from the compiler: who may do what on which kind of resource."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

KIND_OF_ACTION = {
    "kafka-cluster:Connect": "cluster",
    "kafka-cluster:DescribeClusterDynamicConfiguration": "cluster",
    "kafka-cluster:WriteDataIdempotently": "cluster",
    "kafka-cluster:DescribeTopic": "topic",
    "kafka-cluster:DescribeTopicDynamicConfiguration": "topic",
    "kafka-cluster:ReadData": "topic",
    "kafka-cluster:WriteData": "topic",
    "kafka-cluster:AlterGroup": "group",
    "kafka-cluster:DescribeGroup": "group",
    "kafka-cluster:AlterTransactionalId": "transactional-id",
    "kafka-cluster:DescribeTransactionalId": "transactional-id",
    "kafka:CreateVpcConnection": "cluster",
    "kafka:DescribeCluster": "cluster",
    "kafka:DescribeClusterV2": "cluster",
    "kafka:GetBootstrapBrokers": "cluster",
}


def many(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def kind_of_resource(arn: str) -> str:
    return arn.split(":", 5)[5].split("/", 1)[0]


def allowed(statements: Iterable[dict[str, Any]], principal: str, action: str, resource: str) -> bool:
    """Whether any statement allows it; an action counts on resources of its own kind only, as in IAM."""
    if KIND_OF_ACTION.get(action, kind_of_resource(resource)) != kind_of_resource(resource):
        return False
    return any(
        item["Effect"] == "Allow"
        and ("Principal" not in item or principal in many(item["Principal"]["AWS"]))
        and any(fnmatchcase(action, pattern) for pattern in many(item["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in many(item["Resource"]))
        for item in statements
    )
