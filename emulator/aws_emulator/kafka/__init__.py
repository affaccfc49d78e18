"""A real Kafka broker behind each provisioned MSK cluster with IAM authentication, where Java and Maven are present.

``EMULATOR_KAFKA``: ``off`` leaves clusters as they are without this part (names of brokers that nobody runs).
Addresses of the emulator: ``/_emulator/kafka`` shows the brokers, POST ``{"wait": seconds}`` starts them;
``kafka/token`` and ``kafka/access`` are for the broker's plugin.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator, Operation
from aws_emulator.kafka import jars, topics
from aws_emulator.kafka.access import Gate
from aws_emulator.kafka.broker import Broker
from aws_emulator.patches.kafka.store import Cluster, bad_request

log = logging.getLogger("aws_emulator.kafka")

VARIABLE = "EMULATOR_KAFKA"
CACHE_VARIABLE = "EMULATOR_KAFKA_CACHE_MS"
MOST_BROKERS = 3
IAM_ADDRESSES = ("BootstrapBrokerStringSaslIam", "BootstrapBrokerStringVpcConnectivitySaslIam")


class Brokers:
    """The brokers of all clusters.

    Args:
        emulator: where it is installed.
        enabled: False leaves clusters without a broker.
    """

    def __init__(self, emulator: Emulator, enabled: bool) -> None:
        self._emulator = emulator
        self._enabled = enabled
        self._lock = threading.Lock()
        self._brokers: dict[str, Broker] = {}
        self._skipped: str | None = None if enabled else f"{VARIABLE}=off"
        self._cache_ms = min(int(os.environ.get(CACHE_VARIABLE, "1000")), 1000)

    def of(self, cluster_arn: str) -> Broker | None:
        """The broker of a cluster, if it has one."""
        return self._brokers.get(cluster_arn)

    def added(self, cluster: Cluster) -> None:
        """Give a new cluster a broker, if it is of a kind that has one and this machine can run it."""
        if not self._enabled or not cluster.provisioned or not cluster.authentication("Iam"):
            return
        if len(self._brokers) >= MOST_BROKERS:
            log.info("cluster %s has no broker: at most %s run at once", cluster.cluster_name, MOST_BROKERS)
            return
        try:
            jars.java()
            if not jars.ready():
                jars.maven()
        except jars.KafkaUnavailable as error:
            self._skip(str(error))
            return
        directory = Path(self._emulator.data_dir) / "kafka" / cluster.arn.rsplit("/", 1)[1]
        broker = Broker(
            cluster.arn,
            self._emulator.endpoint,
            directory,
            lambda running: topics.publish(running, cluster),
            self._cache_ms,
        )
        with self._lock:
            self._brokers[cluster.arn] = broker
        if not jars.ready():
            threading.Thread(target=self._prepare, name="kafka-jars", daemon=True).start()

    def _prepare(self) -> None:
        """Resolve the jars early, so that the first client does not wait for it. A failure is told when one does."""
        try:
            jars.build(lambda line: log.info("%s", line))
        except jars.KafkaUnavailable as error:
            self._skip(str(error))

    def _skip(self, reason: str) -> None:
        if reason != self._skipped:
            log.info("no Kafka broker: %s", reason)
        self._skipped = reason

    def removed(self, cluster_arn: str) -> None:
        """Stop the broker of a deleted cluster and remove its data."""
        with self._lock:
            broker = self._brokers.pop(cluster_arn, None)
        if broker is not None:
            broker.stop()
            shutil.rmtree(broker.directory, ignore_errors=True)

    def stop(self) -> None:
        """Stop all of them."""
        for arn in list(self._brokers):
            self.removed(arn)

    def route(self, method: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Tell of the brokers; POST ``{"wait": seconds}`` starts them first."""
        brokers = dict(self._brokers)
        if method == "POST":
            seconds = float((json.loads(body) if body else {}).get("wait", 120))
            for broker in brokers.values():
                broker.wake(seconds)
        return {
            "enabled": self._enabled,
            "skipped": self._skipped,
            "brokers": {
                arn: {"address": broker.address, "log": str(broker.log), **asdict(broker.status)}
                for arn, broker in brokers.items()
            },
        }


def install(emulator: Emulator) -> None:
    """Wrap the operations of MSK that a broker makes a difference to, and register the addresses."""
    # The admin client tells at length how it connects, and warns that loopback has no TLS.
    logging.getLogger("kafka").setLevel(logging.ERROR)
    brokers = Brokers(emulator, os.environ.get(VARIABLE, "auto").lower() not in ("off", "0", "no"))
    gate = Gate(emulator)
    emulator.admin_routes["kafka"] = brokers.route
    emulator.admin_routes["kafka/token"] = gate.token
    emulator.admin_routes["kafka/access"] = gate.access
    emulator.shutdown_hooks.append(brokers.stop)
    emulator.parts["kafka.brokers"] = brokers
    for name in ("CreateCluster", "CreateClusterV2"):
        _after_creation(emulator, brokers, name)
    _around_deletion(emulator, brokers)
    _real_addresses(emulator, brokers)
    for name in ("ListTopics", "DescribeTopic", "DescribeTopicPartitions"):
        _fresh_topics(emulator, brokers, name)
    _topic_changes(emulator, brokers)


def _cluster(arn: str) -> Cluster | None:
    from moto.kafka.models import kafka_backends

    parts = arn.split(":")
    clusters: dict[str, Any] = kafka_backends[parts[4]][parts[3]].clusters
    return clusters.get(arn)


def _answer(operation: Operation, call: ApiCall) -> dict[str, Any]:
    return operation(call) or {}


def _after_creation(emulator: Emulator, brokers: Brokers, name: str) -> None:
    create = emulator.operations["kafka", name]

    @emulator.operation("kafka", name)
    def create_cluster(call: ApiCall) -> dict[str, Any]:
        answer = _answer(create, call)
        cluster = _cluster(answer["ClusterArn"])
        if cluster is not None:
            brokers.added(cluster)
        return answer


def _around_deletion(emulator: Emulator, brokers: Brokers) -> None:
    delete = emulator.operations["kafka", "DeleteCluster"]

    @emulator.operation("kafka", "DeleteCluster")
    def delete_cluster(call: ApiCall) -> dict[str, Any]:
        answer = _answer(delete, call)
        brokers.removed(call.params["ClusterArn"])
        return answer


def _real_addresses(emulator: Emulator, brokers: Brokers) -> None:
    ask = emulator.operations["kafka", "GetBootstrapBrokers"]

    @emulator.operation("kafka", "GetBootstrapBrokers")
    def get_bootstrap_brokers(call: ApiCall) -> dict[str, Any]:
        answer = _answer(ask, call)
        broker = brokers.of(call.params["ClusterArn"])
        if broker is None:
            return answer
        return {name: broker.address if name in IAM_ADDRESSES else value for name, value in answer.items()}


def _fresh_topics(emulator: Emulator, brokers: Brokers, name: str) -> None:
    ask = emulator.operations["kafka", name]

    @emulator.operation("kafka", name)
    def read_topics(call: ApiCall) -> dict[str, Any]:
        arn = call.params["ClusterArn"]
        broker, cluster = brokers.of(arn), _cluster(arn)
        if broker is not None and cluster is not None and broker.running:
            try:
                topics.learn(broker, cluster)
            except topics.TopicRefused as error:
                raise ApiError("ServiceUnavailableException", f"The brokers do not answer: {error}", 503) from error
        return _answer(ask, call)


def _topic_changes(emulator: Emulator, brokers: Brokers) -> None:
    create, update, delete = (emulator.operations["kafka", f"{verb}Topic"] for verb in ("Create", "Update", "Delete"))

    @emulator.operation("kafka", "CreateTopic")
    def create_topic(call: ApiCall) -> dict[str, Any]:
        cluster, broker = _running(brokers, call)
        answer = _answer(create, call)
        if cluster is not None and broker is not None:
            name = call.params["TopicName"]
            try:
                topics.create(broker, cluster.topics[name])
            except topics.TopicRefused as error:
                cluster.topics.pop(name, None)
                raise bad_request(str(error), "topicName") from error
        return answer

    @emulator.operation("kafka", "UpdateTopic")
    def update_topic(call: ApiCall) -> dict[str, Any]:
        cluster, broker = _running(brokers, call)
        name = call.params["TopicName"]
        before = cluster.topics[name].partitions if cluster is not None and name in cluster.topics else None
        answer = _answer(update, call)
        if cluster is not None and broker is not None and cluster.topics[name].partitions != before:
            topics.grow(broker, name, cluster.topics[name].partitions)
        return answer

    @emulator.operation("kafka", "DeleteTopic")
    def delete_topic(call: ApiCall) -> dict[str, Any]:
        cluster, broker = _running(brokers, call)
        answer = _answer(delete, call)
        if cluster is not None and broker is not None:
            topics.delete(broker, call.params["TopicName"])
        return answer


def _running(brokers: Brokers, call: ApiCall) -> tuple[Cluster | None, Broker | None]:
    """The cluster and its broker if that runs, with what clients have done to the topics since."""
    arn = call.params["ClusterArn"]
    cluster, broker = _cluster(arn), brokers.of(arn)
    if cluster is None or broker is None or not broker.running:
        return cluster, None
    topics.learn(broker, cluster)
    return cluster, broker
