"""Topics of MSK's topic API and topics of the broker are the same ones: each learns of the other's.

Kafka on one node keeps one replica of each partition; the replication factor that was asked for is remembered.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aws_emulator.kafka.broker import OWN_USER, Broker, BrokerRefuses
from aws_emulator.patches.kafka.store import Cluster, Topic

TIMEOUT_MS = 8_000


class TopicRefused(BrokerRefuses):
    """Kafka does not do it; the text is Kafka's."""


@contextmanager
def administration(broker: Broker) -> Iterator[Any]:
    """A Kafka admin client of the emulator's own user.

    Raises:
        TopicRefused: Kafka refuses what is asked in the block, or does not answer.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        client = KafkaAdminClient(
            bootstrap_servers=broker.internal_address,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_plain_username=OWN_USER,
            sasl_plain_password=broker.password,
            client_id="emulator",
            request_timeout_ms=TIMEOUT_MS,
            bootstrap_timeout_ms=TIMEOUT_MS,
        )
        try:
            yield client
        finally:
            client.close()
    except KafkaError as error:
        raise TopicRefused(str(error)) from error


def publish(broker: Broker, cluster: Cluster) -> None:
    """Make the topics that the topic API knows and Kafka does not (when the broker starts), then learn Kafka's."""
    with administration(broker) as client:
        there = set(client.list_topics())
        missing = [topic for topic in list(cluster.topics.values()) if topic.name not in there]
        if missing:
            client.create_topics({topic.name: _wanted(topic) for topic in missing}, wait_for_metadata=True)
        _learn(client, cluster)


def learn(broker: Broker, cluster: Cluster) -> None:
    """Take over what Kafka's clients have created, changed and deleted."""
    with administration(broker) as client:
        _learn(client, cluster)


def create(broker: Broker, topic: Topic) -> None:
    """Create a topic in Kafka."""
    with administration(broker) as client:
        client.create_topics({topic.name: _wanted(topic)}, wait_for_metadata=True)


def delete(broker: Broker, name: str) -> None:
    """Delete a topic in Kafka."""
    with administration(broker) as client:
        client.delete_topics([name])


def grow(broker: Broker, name: str, partitions: int) -> None:
    """More partitions for a topic in Kafka."""
    with administration(broker) as client:
        client.create_partitions({name: partitions})


def properties(configs: str | None) -> dict[str, str]:
    """``Configs`` of the topic API: base64 of ``name=value`` lines.

    Raises:
        TopicRefused: it is something else.
    """
    if not configs:
        return {}
    try:
        text = base64.b64decode(configs, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TopicRefused("Configs is not base64 of a properties text") from error
    lines = [line.strip() for line in text.splitlines()]
    return dict(_pair(line) for line in lines if line and not line.startswith(("#", "!")))


def _pair(line: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    if not equals:
        raise TopicRefused(f"Configs has a line without '=': {line!r}")
    return name.strip(), value.strip()


def _wanted(topic: Topic) -> Mapping[str, Any]:
    return {"num_partitions": topic.partitions, "replication_factor": 1, "configs": properties(topic.configs)}


def _learn(client: Any, cluster: Cluster) -> None:
    found = {
        str(item["name"]): len(item["partitions"])
        for item in client.describe_topics()
        if not item["is_internal"] and item["error_code"] == 0
    }
    with cluster.lock:
        for name in set(cluster.topics) - set(found):
            del cluster.topics[name]
        for name, partitions in found.items():
            known = cluster.topics.get(name)
            if known is None:
                cluster.topics[name] = Topic(name, partitions, 1)
            else:
                known.partitions = partitions
