"""Cluster policies: who of other accounts may use a cluster.

Sources: MSK developer guide, "Resource-based policies" (20 KB), "Multi-VPC private connectivity: cluster owner's and
cross-account permissions" (CurrentVersion is needed to replace a policy; kafka:CreateVpcConnection needs connectivity
switched on); error messages as clients of MSK rely on them.
UNVERIFIED[msk-policy-size, msk-policy-version-without-policy, msk-policy-foreign-resource]: whether MSK counts bytes
before or after its own normalisation; what it answers to a ``CurrentVersion`` when there is no policy (refused here, so
that a stale writer notices a deletion); whether it refuses resources of other clusters (refused here).
"""

from __future__ import annotations

import json
import re
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches import policies
from aws_emulator.patches.common import random_id
from aws_emulator.patches.kafka.store import Cluster, Store, bad_request

MAX_BYTES = 20 * 1024
KINDS = ("cluster", "topic", "group", "transactional-id")


def install(emulator: Emulator, store: Store) -> None:
    """Register PutClusterPolicy, GetClusterPolicy and DeleteClusterPolicy."""
    principals = policies.Principals(emulator)

    @emulator.operation("kafka", "PutClusterPolicy")
    def put_cluster_policy(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"], missing="BadRequestException")
        text = call.params["Policy"]
        document = _checked(cluster, text)
        try:
            stored = principals.stored(document)
        except policies.PolicyError as error:
            raise bad_request(str(error), "policy") from None
        kept = store.backend(cluster.account, cluster.region).policies
        with cluster.lock:
            current = kept.get(cluster.arn)
            version = call.params.get("CurrentVersion")
            if current is not None and version is None:
                raise bad_request(
                    "The current version of the cluster policy is required to update it.", "currentVersion"
                )
            if version is not None and (current is None or version != current["current_version"]):
                raise bad_request("The version of the cluster policy isn't current.", "currentVersion")
            kept[cluster.arn] = {"policy": json.dumps(stored), "current_version": "K" + random_id(13)}
            return {"CurrentVersion": kept[cluster.arn]["current_version"]}

    @emulator.operation("kafka", "GetClusterPolicy")
    def get_cluster_policy(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"])
        with cluster.lock:
            current = store.backend(cluster.account, cluster.region).policies.get(cluster.arn)
        if current is None:
            raise _none(cluster)
        shown = principals.shown(json.loads(current["policy"]))
        return {"CurrentVersion": current["current_version"], "Policy": json.dumps(shown)}

    @emulator.operation("kafka", "DeleteClusterPolicy")
    def delete_cluster_policy(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"])
        with cluster.lock:
            if store.backend(cluster.account, cluster.region).policies.pop(cluster.arn, None) is None:
                raise _none(cluster)
        return {}


def _none(cluster: Cluster) -> ApiError:
    return ApiError("NotFoundException", f"The cluster {cluster.arn} has no cluster policy.", 404)


def _checked(cluster: Cluster, text: str) -> dict[str, Any]:
    if len(text.encode()) > MAX_BYTES:
        raise bad_request(f"The cluster policy is larger than {MAX_BYTES} bytes.", "policy")
    try:
        document = policies.load(text)
        policies.check_grammar(document, kind="resource")
        for statement in policies.statements(document):
            _check_statement(cluster, statement)
    except policies.PolicyError as error:
        raise bad_request(str(error), "policy") from None
    return document


def _check_statement(cluster: Cluster, statement: dict[str, Any]) -> None:
    actions = policies.as_list(statement.get("Action")) + policies.as_list(statement.get("NotAction"))
    for action in actions:
        if action != "*" and action.split(":")[0] not in ("kafka", "kafka-cluster"):
            raise policies.PolicyError(f"The action {action} does not belong to Amazon MSK.")
    if cluster.provisioned and not cluster.multi_vpc() and "kafka:CreateVpcConnection" in actions:
        raise policies.PolicyError(
            "The cluster policy allows kafka:CreateVpcConnection, but multi-VPC private connectivity is not turned on."
        )
    for kind, value in policies.principals(statement):
        if kind not in ("AWS", "Service"):
            raise policies.PolicyError(f'Invalid principal in policy: "{kind}":"{value}"')
    prefix = cluster.arn.split(":cluster/", 1)[0]
    name = cluster.arn.split(":cluster/", 1)[1]
    own = re.compile(rf"\*|{re.escape(prefix)}:({'|'.join(KINDS)})/({re.escape(name)}(/.*)?|\*.*)")
    for resource in policies.as_list(statement.get("Resource")) + policies.as_list(statement.get("NotResource")):
        if not own.fullmatch(resource):
            raise policies.PolicyError(f"The resource {resource} does not belong to the cluster {cluster.arn}.")
