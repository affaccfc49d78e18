"""Updates of a provisioned cluster: brokers, their type and storage, the Kafka version, monitoring, configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.patches.kafka import operations
from aws_emulator.patches.kafka.store import Cluster, Store, bad_request

Change = Callable[[Cluster, dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]
"""Makes a change; answers what it changed, before and after, as ``MutableClusterInfo``."""


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations. A change is done when its call returns; on MSK it takes minutes."""
    changes: dict[str, tuple[str, Change]] = {
        "UpdateBrokerCount": ("INCREASE_BROKER_COUNT", _count),
        "UpdateBrokerType": ("UPDATE_BROKER_TYPE", _type),
        "UpdateBrokerStorage": ("UPDATE_BROKER_STORAGE", _storage),
        "UpdateClusterKafkaVersion": ("UPDATE_CLUSTER_KAFKA_VERSION", _version),
        "UpdateMonitoring": ("UPDATE_MONITORING", _monitoring),
        "UpdateClusterConfiguration": ("UPDATE_CLUSTER_CONFIGURATION", _configuration),
    }
    for name, (kind, change) in changes.items():
        emulator.operation("kafka", name)(_operation(store, kind, change))


def _operation(store: Store, kind: str, change: Change) -> Callable[[ApiCall], dict[str, Any]]:
    def update(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"])
        store.check_version(cluster, call.params["CurrentVersion"])
        if not cluster.provisioned:
            raise bad_request("This operation cannot be performed on serverless clusters.", "clusterArn")
        with cluster.lock:
            before, after = change(cluster, call.params)
            cluster.changed()
            return operations.record(store, cluster, kind, before, after)

    return update


def _count(cluster: Cluster, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    wanted = params["TargetNumberOfBrokerNodes"]
    zones = len(cluster.settings["BrokerNodeGroupInfo"]["ClientSubnets"])
    if wanted % zones:
        raise bad_request("The number of broker nodes must be a multiple of the number of client subnets.", "count")
    present = cluster.settings["NumberOfBrokerNodes"]
    if wanted == present:
        raise bad_request("The cluster has that number of broker nodes already.", "targetNumberOfBrokerNodes")
    cluster.settings["NumberOfBrokerNodes"] = wanted
    return {"NumberOfBrokerNodes": present}, {"NumberOfBrokerNodes": wanted}


def _type(cluster: Cluster, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    wanted = params["TargetInstanceType"]
    if not wanted.startswith(("kafka.", "express.")):
        raise bad_request("Unsupported InstanceType.", "targetInstanceType")
    group = cluster.settings["BrokerNodeGroupInfo"]
    present, group["InstanceType"] = group["InstanceType"], wanted
    return {"InstanceType": present}, {"InstanceType": wanted}


def _storage(cluster: Cluster, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """MSK developer guide, "Scale up Apache Kafka broker storage": volumes only grow, all of them alike."""
    size = params["TargetBrokerEBSVolumeInfo"][0].get("VolumeSizeGB", 0)
    volume = cluster.settings["BrokerNodeGroupInfo"]["StorageInfo"]["EbsStorageInfo"]
    if size <= volume["VolumeSize"]:
        raise bad_request("The storage of a broker can be increased only.", "targetBrokerEBSVolumeInfo")
    present, volume["VolumeSize"] = volume["VolumeSize"], size
    return _volumes(present), _volumes(size)


def _volumes(size: int) -> dict[str, Any]:
    return {"BrokerEBSVolumeInfo": [{"KafkaBrokerNodeId": "All", "VolumeSizeGB": size}]}


def _version(cluster: Cluster, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    wanted = params["TargetKafkaVersion"]
    present = cluster.settings["KafkaVersion"]
    if wanted == present:
        raise bad_request("The cluster runs that version of Apache Kafka already.", "targetKafkaVersion")
    cluster.settings["KafkaVersion"] = wanted
    return {"KafkaVersion": present}, {"KafkaVersion": wanted}


def _monitoring(cluster: Cluster, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return _replaced(cluster, params, "EnhancedMonitoring", "OpenMonitoring", "LoggingInfo")


def _configuration(cluster: Cluster, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return _replaced(cluster, params, "ConfigurationInfo")


def _replaced(cluster: Cluster, params: dict[str, Any], *names: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings that a request names, put in place of those that the cluster has; the others stay."""
    given = {name: params[name] for name in names if name in params}
    if not given:
        raise bad_request("The request changes nothing.", names[0])
    before = {name: cluster.settings[name] for name in given if name in cluster.settings}
    cluster.settings.update(given)
    return before, given
