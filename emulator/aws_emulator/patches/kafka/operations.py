"""Operations on clusters: what an update is known by after its call.

Source: MSK API reference, "Clusters operations". A change is done when its call returns; on MSK it takes minutes. So an
operation is complete as soon as it can be asked for. UNVERIFIED[msk-operation-types]: the names of the operations'
types; the developer guide shows some of them in examples.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page, parse_arn, random_id, utc
from aws_emulator.patches.kafka.store import Cluster, Operation, Store, bad_request

COMPLETE = "UPDATE_COMPLETE"
DEFAULT_PAGE = 100


def record(store: Store, cluster: Cluster, kind: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Remember an operation; answers what the update's call answers.

    Args:
        store: of the cluster.
        cluster: that was changed.
        kind: the operation's type.
        before: the members of ``MutableClusterInfo`` that the operation changed, as they were.
        after: the same, as they are now.
    """
    where = cluster.arn.replace(":cluster/", ":cluster-operation/", 1)
    arn = f"{where}/{random_id(32, '0123456789abcdef')}"
    cluster.operations.append(Operation(arn, kind, store.now(), str(uuid.uuid4()), before, after))
    return {"ClusterArn": cluster.arn, "ClusterOperationArn": arn}


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""

    @emulator.operation("kafka", "DescribeClusterOperation")
    def describe_cluster_operation(call: ApiCall) -> dict[str, Any]:
        cluster, operation = _find(store, call)
        return {"ClusterOperationInfo": _first(cluster, operation)}

    @emulator.operation("kafka", "DescribeClusterOperationV2")
    def describe_cluster_operation_v2(call: ApiCall) -> dict[str, Any]:
        cluster, operation = _find(store, call)
        changes = {"SourceClusterInfo": operation.before, "TargetClusterInfo": operation.after}
        return {
            "ClusterOperationInfo": {**_second(cluster, operation), "Provisioned": {"OperationSteps": [], **changes}}
        }

    @emulator.operation("kafka", "ListClusterOperations")
    def list_cluster_operations(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"], missing="BadRequestException")
        return _page(call, cluster, _first)

    @emulator.operation("kafka", "ListClusterOperationsV2")
    def list_cluster_operations_v2(call: ApiCall) -> dict[str, Any]:
        return _page(call, store.find(call, call.params["ClusterArn"]), _second)


def _find(store: Store, call: ApiCall) -> tuple[Cluster, Operation]:
    arn = str(call.params["ClusterOperationArn"])
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "kafka" or parsed.resource.count("/") != 3:
        raise bad_request("One or more of the parameters are not valid: clusterOperationArn.", "clusterOperationArn")
    cluster = store.find(call, arn.replace(":cluster-operation/", ":cluster/", 1).rpartition("/")[0])
    for operation in list(cluster.operations):
        if operation.arn == arn:
            return cluster, operation
    raise ApiError("NotFoundException", "The cluster operation does not exist.", 404)


def _first(cluster: Cluster, operation: Operation) -> dict[str, Any]:
    return {
        "ClientRequestId": operation.request_id,
        "ClusterArn": cluster.arn,
        "CreationTime": utc(operation.when),
        "EndTime": utc(operation.when),
        "OperationArn": operation.arn,
        "OperationState": COMPLETE,
        "OperationSteps": [],
        "OperationType": operation.kind,
        "SourceClusterInfo": operation.before,
        "TargetClusterInfo": operation.after,
    }


def _second(cluster: Cluster, operation: Operation) -> dict[str, Any]:
    return {
        "ClusterArn": cluster.arn,
        "ClusterType": cluster.cluster_type,
        "StartTime": utc(operation.when),
        "EndTime": utc(operation.when),
        "OperationArn": operation.arn,
        "OperationState": COMPLETE,
        "OperationType": operation.kind,
    }


def _page(call: ApiCall, cluster: Cluster, show: Callable[[Cluster, Operation], dict[str, Any]]) -> dict[str, Any]:
    found, token = page(
        list(reversed(cluster.operations)),
        call.params.get("NextToken"),
        call.params.get("MaxResults"),
        default=DEFAULT_PAGE,
        scope=(call.operation, cluster.arn),
        error=lambda message: bad_request(message, "nextToken"),
    )
    rows = [show(cluster, operation) for operation in found]
    return {"ClusterOperationInfoList": rows, **({"NextToken": token} if token else {})}
