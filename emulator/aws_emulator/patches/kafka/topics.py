"""The topic API of MSK: topics without a Kafka client (MSK developer guide, "Topic operations").

Provisioned clusters only, Kafka 3.6.0 or newer, cluster ACTIVE. Topics are names with settings; there is no broker.
UNVERIFIED[msk-topic-messages]: the exact messages; Configs is base64 of a properties text, kept as it came.
"""

from __future__ import annotations

import re
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page
from aws_emulator.patches.kafka.store import Cluster, Store, Topic, bad_request

MINIMUM_VERSION = (3, 6)
DEFAULT_PAGE = 100


def install(emulator: Emulator, store: Store) -> None:
    """Register the topic operations."""

    @emulator.operation("kafka", "CreateTopic")
    def create_topic(call: ApiCall) -> dict[str, Any]:
        cluster = _cluster(store, call)
        params = call.params
        name = params["TopicName"]
        # Kafka's own rule for topic names.
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name) or name in (".", ".."):
            raise bad_request(f"The topic name {name} is not valid.", "topicName")
        if params["ReplicationFactor"] > cluster.settings.get("NumberOfBrokerNodes", 3):
            raise bad_request("The replication factor is larger than the number of brokers.", "replicationFactor")
        topic = Topic(name, params["PartitionCount"], params["ReplicationFactor"], params.get("Configs"))
        with cluster.lock:
            if name in cluster.topics:
                raise ApiError("TopicExistsException", f"Topic {name} already exists.", 409)
            cluster.topics[name] = topic
        return {**_names(cluster, topic), "Status": "CREATING"}

    @emulator.operation("kafka", "DescribeTopic")
    def describe_topic(call: ApiCall) -> dict[str, Any]:
        cluster = _cluster(store, call)
        topic = _topic(cluster, call)
        described = {
            **_names(cluster, topic),
            "PartitionCount": topic.partitions,
            "ReplicationFactor": topic.replication,
            "Status": "ACTIVE",
        }
        return described if topic.configs is None else {**described, "Configs": topic.configs}

    @emulator.operation("kafka", "DescribeTopicPartitions")
    def describe_topic_partitions(call: ApiCall) -> dict[str, Any]:
        cluster = _cluster(store, call)
        topic = _topic(cluster, call)
        brokers = cluster.settings.get("NumberOfBrokerNodes", 3)
        rows = []
        for number in range(topic.partitions):
            replicas = [(number + offset) % brokers + 1 for offset in range(topic.replication)]
            rows.append({"Partition": number, "Leader": replicas[0], "Replicas": replicas, "Isr": replicas})
        return _page(call, rows, "Partitions", (cluster.arn, topic.name))

    @emulator.operation("kafka", "UpdateTopic")
    def update_topic(call: ApiCall) -> dict[str, Any]:
        cluster = _cluster(store, call)
        topic = _topic(cluster, call)
        wanted = call.params.get("PartitionCount", topic.partitions)
        if wanted < topic.partitions:
            raise bad_request("The number of partitions can only grow.", "partitionCount")
        topic.partitions = wanted
        topic.configs = call.params.get("Configs", topic.configs)
        return {**_names(cluster, topic), "Status": "UPDATING"}

    @emulator.operation("kafka", "DeleteTopic")
    def delete_topic(call: ApiCall) -> dict[str, Any]:
        cluster = _cluster(store, call)
        topic = _topic(cluster, call)
        with cluster.lock:
            cluster.topics.pop(topic.name, None)
        return {**_names(cluster, topic), "Status": "DELETING"}

    @emulator.operation("kafka", "ListTopics")
    def list_topics(call: ApiCall) -> dict[str, Any]:
        cluster = _cluster(store, call)
        prefix = call.params.get("TopicNameFilter", "")
        with cluster.lock:
            topics = sorted(cluster.topics.values(), key=lambda topic: topic.name)
        rows = [
            {
                **_names(cluster, topic),
                "PartitionCount": topic.partitions,
                "ReplicationFactor": topic.replication,
                "OutOfSyncReplicaCount": 0,
            }
            for topic in topics
            if topic.name.startswith(prefix)
        ]
        return _page(call, rows, "Topics", (cluster.arn, prefix))


def _cluster(store: Store, call: ApiCall) -> Cluster:
    cluster = store.find(call, call.params["ClusterArn"], missing="BadRequestException")
    if not cluster.provisioned:
        raise bad_request("This operation is not supported for serverless clusters.", "clusterArn")
    version = [int(part) for part in re.findall(r"\d+", cluster.settings.get("KafkaVersion", ""))[:2]]
    if tuple(version) < MINIMUM_VERSION:
        raise bad_request("This operation needs Apache Kafka 3.6.0 or newer.", "clusterArn")
    if store.state(cluster) != "ACTIVE":
        raise bad_request("The cluster is not in the state ACTIVE.", "clusterArn")
    return cluster


def _topic(cluster: Cluster, call: ApiCall) -> Topic:
    topic = cluster.topics.get(call.params["TopicName"])
    if topic is None:
        raise ApiError("NotFoundException", f"Topic {call.params['TopicName']} does not exist.", 404)
    return topic


def _names(cluster: Cluster, topic: Topic) -> dict[str, Any]:
    return {"TopicArn": cluster.arn.replace(":cluster/", ":topic/", 1) + f"/{topic.name}", "TopicName": topic.name}


def _page(call: ApiCall, rows: list[dict[str, Any]], name: str, scope: object) -> dict[str, Any]:
    found, token = page(
        rows,
        call.params.get("NextToken"),
        call.params.get("MaxResults"),
        default=DEFAULT_PAGE,
        scope=(call.operation, scope),
        error=lambda message: bad_request(message, "nextToken"),
    )
    return {name: found, **({"NextToken": token} if token else {})}
