"""Which permission of IAM an operation of Kafka needs.

Source: "Actions, resources, and condition keys for Apache Kafka APIs for Amazon MSK clusters" (prefix kafka-cluster)
beside Kafka's own table of protocols and ACL operations. What MSK has no action for is refused, which for
CLUSTER/CREATE makes Kafka ask for the topic itself.
"""

from __future__ import annotations

ACTIONS: dict[tuple[str, str], str] = {
    ("CLUSTER", "ALTER"): "AlterCluster",
    ("CLUSTER", "ALTER_CONFIGS"): "AlterClusterDynamicConfiguration",
    ("CLUSTER", "DESCRIBE"): "DescribeCluster",
    ("CLUSTER", "DESCRIBE_CONFIGS"): "DescribeClusterDynamicConfiguration",
    ("CLUSTER", "IDEMPOTENT_WRITE"): "WriteDataIdempotently",
    ("TOPIC", "ALTER"): "AlterTopic",
    ("TOPIC", "ALTER_CONFIGS"): "AlterTopicDynamicConfiguration",
    ("TOPIC", "CREATE"): "CreateTopic",
    ("TOPIC", "DELETE"): "DeleteTopic",
    ("TOPIC", "DESCRIBE"): "DescribeTopic",
    ("TOPIC", "DESCRIBE_CONFIGS"): "DescribeTopicDynamicConfiguration",
    ("TOPIC", "READ"): "ReadData",
    ("TOPIC", "WRITE"): "WriteData",
    ("GROUP", "DELETE"): "DeleteGroup",
    ("GROUP", "DESCRIBE"): "DescribeGroup",
    ("GROUP", "READ"): "AlterGroup",
    ("TRANSACTIONAL_ID", "DESCRIBE"): "DescribeTransactionalId",
    ("TRANSACTIONAL_ID", "WRITE"): "AlterTransactionalId",
}
"""(Kafka's resource type, Kafka's ACL operation) to the action's name without its prefix."""

CONNECT = "kafka-cluster:Connect"
_KINDS = {"TOPIC": "topic", "GROUP": "group", "TRANSACTIONAL_ID": "transactional-id"}


def permission(cluster_arn: str, resource_type: str, operation: str, name: str) -> tuple[str, str] | None:
    """The action and the ARN that an operation needs, or None if MSK has no action for it.

    Args:
        cluster_arn: the broker's cluster.
        resource_type: ``CLUSTER``, ``TOPIC``, ``GROUP``, ``TRANSACTIONAL_ID`` …
        operation: of Kafka's AclOperation.
        name: of the topic, group or transactional id.
    """
    action = ACTIONS.get((resource_type, operation))
    if action is None:
        return None
    kind = _KINDS.get(resource_type)
    arn = cluster_arn if kind is None else f"{cluster_arn.replace(':cluster/', f':{kind}/', 1)}/{name}"
    return f"kafka-cluster:{action}", arn
