"""A topic's live access: the cluster's policy, and the listeners that IAM does not govern.

Actions: "IAM access control" of the MSK developer guide. Connecting to the cluster and reading the topic's data are the
least that a reader needs: groups can be avoided by assigning partitions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from streamgov_core.platforms.access_question import AccessNeed, AccessWay, LiveAccess, LivePolicy, ServiceClients
from streamgov_core.platforms.msk.arns import ClusterArn
from streamgov_core.platforms.msk.inspection import bypasses

if TYPE_CHECKING:
    from mypy_boto3_kafka import KafkaClient


def live_access(topic: str, clients: ServiceClients) -> LiveAccess:
    """The access to a topic as it is now (API GetClusterPolicy, DescribeClusterV2, ListChannels).

    Args:
        topic: ARN of the topic.
        clients: of the cluster's account.
    """
    cluster = ClusterArn.of_topic(topic).arn
    kafka: KafkaClient = clients.client("kafka")
    connect = AccessNeed("kafka-cluster:Connect", cluster)
    found = LiveAccess(
        topic,
        (
            AccessWay("read", "Kafka", (connect, AccessNeed("kafka-cluster:ReadData", topic))),
            AccessWay("write", "Kafka", (connect, AccessNeed("kafka-cluster:WriteData", topic))),
        ),
    )
    found.read_policies(cluster, "kafka:GetClusterPolicy", lambda: _cluster_policy(kafka, cluster))
    found.policies[topic] = found.policies[cluster]
    if cluster in found.unread:
        found.unread[topic] = found.unread[cluster]
    open_listeners = found.listing("kafka:DescribeClusterV2", lambda: _open_listeners(kafka, cluster))
    channels = found.listing("kafka:ListChannels", lambda: _channels(kafka, cluster, topic.rsplit("/", 1)[1]))
    found.bypasses = (*open_listeners, *channels)
    return found


def _cluster_policy(kafka: KafkaClient, cluster: str) -> tuple[LivePolicy, ...]:
    try:
        text = kafka.get_cluster_policy(ClusterArn=cluster)["Policy"]
    except kafka.exceptions.NotFoundException:
        return ()
    return (LivePolicy(f"cluster policy of {cluster}", json.loads(text)),)


def _open_listeners(kafka: KafkaClient, cluster: str) -> list[str]:
    info = kafka.describe_cluster_v2(ClusterArn=cluster)["ClusterInfo"]
    provisioned: Mapping[str, Any] = info.get("Provisioned") or {}
    return bypasses(provisioned.get("ClientAuthentication") or {})


def _channels(kafka: Any, cluster: str, topic: str) -> list[str]:
    """Channels copy a topic into S3 or Iceberg tables, where other policies govern it."""
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = kafka.list_channels(ClusterArn=cluster, TopicNameFilter=topic, **token)
        found += [f"the channel {item['ChannelArn']} copies the topic elsewhere" for item in answer.get("Channels", ())]
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}
