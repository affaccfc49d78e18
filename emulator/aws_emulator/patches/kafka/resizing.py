"""Updates of a cluster's size and version: brokers, their type and storage, the Kafka version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.patches.common import random_id
from aws_emulator.patches.kafka.store import Cluster, Store, bad_request

Change = Callable[[Cluster, dict[str, Any]], None]


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations. A change is done when its call returns; on MSK it takes minutes."""
    changes: dict[str, Change] = {
        "UpdateBrokerCount": _count,
        "UpdateBrokerType": _type,
        "UpdateBrokerStorage": _storage,
        "UpdateClusterKafkaVersion": _version,
    }
    for name, change in changes.items():
        emulator.operation("kafka", name)(_operation(store, change))


def _operation(store: Store, change: Change) -> Callable[[ApiCall], dict[str, Any]]:
    def update(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"])
        store.check_version(cluster, call.params["CurrentVersion"])
        if not cluster.provisioned:
            raise bad_request("This operation cannot be performed on serverless clusters.", "clusterArn")
        with cluster.lock:
            change(cluster, call.params)
            cluster.changed()
        suffix = random_id(32, "0123456789abcdef")
        operation = cluster.arn.replace(":cluster/", ":cluster-operation/", 1)
        return {"ClusterArn": cluster.arn, "ClusterOperationArn": f"{operation}/{suffix}"}

    return update


def _count(cluster: Cluster, params: dict[str, Any]) -> None:
    wanted = params["TargetNumberOfBrokerNodes"]
    zones = len(cluster.settings["BrokerNodeGroupInfo"]["ClientSubnets"])
    if wanted % zones:
        raise bad_request("The number of broker nodes must be a multiple of the number of client subnets.", "count")
    if wanted == cluster.settings["NumberOfBrokerNodes"]:
        raise bad_request("The cluster has that number of broker nodes already.", "targetNumberOfBrokerNodes")
    cluster.settings["NumberOfBrokerNodes"] = wanted


def _type(cluster: Cluster, params: dict[str, Any]) -> None:
    wanted = params["TargetInstanceType"]
    if not wanted.startswith(("kafka.", "express.")):
        raise bad_request("Unsupported InstanceType.", "targetInstanceType")
    cluster.settings["BrokerNodeGroupInfo"]["InstanceType"] = wanted


def _storage(cluster: Cluster, params: dict[str, Any]) -> None:
    """MSK developer guide, "Scale up Apache Kafka broker storage": volumes only grow, all of them alike."""
    size = params["TargetBrokerEBSVolumeInfo"][0].get("VolumeSizeGB", 0)
    volume = cluster.settings["BrokerNodeGroupInfo"]["StorageInfo"]["EbsStorageInfo"]
    if size <= volume["VolumeSize"]:
        raise bad_request("The storage of a broker can be increased only.", "targetBrokerEBSVolumeInfo")
    volume["VolumeSize"] = size


def _version(cluster: Cluster, params: dict[str, Any]) -> None:
    wanted = params["TargetKafkaVersion"]
    if wanted == cluster.settings["KafkaVersion"]:
        raise bad_request("The cluster runs that version of Apache Kafka already.", "targetKafkaVersion")
    cluster.settings["KafkaVersion"] = wanted
