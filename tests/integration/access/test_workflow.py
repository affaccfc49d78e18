"""Grants and revokes through rules, machines, functions and roles."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.integration.access.conftest import CONSUMER, DOMAIN, NAMES, PRODUCER, REGION, Deployment, eventually


def topic_of(deployment: Deployment, name: str, cluster: str | None = None) -> str:
    return (cluster or deployment.cluster).replace(":cluster/", ":topic/") + f"/{name}"


def policy_of(deployment: Deployment, cluster: str | None = None) -> dict[str, Any] | None:
    kafka = deployment.client("kafka", PRODUCER)
    try:
        return dict(json.loads(kafka.get_cluster_policy(ClusterArn=cluster or deployment.cluster)["Policy"]))
    except kafka.exceptions.NotFoundException:
        return None


def granted_calls(deployment: Deployment) -> dict[str, int]:
    """Calls of our functions since the log was cleared, by caller."""
    calls = deployment.emulator.admin("GET", "calls")["calls"]
    found: dict[str, int] = {}
    for call in calls:
        for what in ("collect", "report", "apply"):
            if f"-{what}" in call["caller"]:
                key = f"{what} {call['service']}:{call['operation']}"
                found[key] = found.get(key, 0) + call["count"]
    return found


def test_grant_and_revoke_across_accounts(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    role = deployment.make_role(CONSUMER)
    target = deployment.make_target([role])
    _, listing = deployment.make_asset("orders", cluster=cluster)
    topic = topic_of(deployment, "orders", cluster)
    deployment.subscribe(listing)
    assert not deployment.may(role, "kafka-cluster:ReadData", topic)
    deployment.emulator.admin("DELETE", "calls")
    began = time.monotonic()
    grant = deployment.grant(listing, target)
    done = deployment.settled(grant)
    took = time.monotonic() - began
    assert done["status"] == "GRANTED", done
    calls = granted_calls(deployment)
    print(f"grant: {took:.1f} s", sum(calls.values()), json.dumps(calls, indent=1))
    assert deployment.may(role, "kafka-cluster:ReadData", topic)
    assert not deployment.may(role, "kafka-cluster:WriteData", topic)
    assert not deployment.may(role, "kafka-cluster:ReadData", topic + "2")
    groups = cluster.replace(":cluster/", ":group/")
    assert deployment.may(
        role, "kafka-cluster:AlterGroup", f"{groups}/{CONSUMER}.{deployment.projects[CONSUMER]}.app"
    )
    assert not deployment.may(role, "kafka-cluster:AlterGroup", f"{groups}/{CONSUMER}.other.app")
    deployment.emulator.admin("DELETE", "calls")
    deployment.revoke(grant)
    assert deployment.settled(grant)["status"] == "REVOKED"
    calls = granted_calls(deployment)
    print("revoke:", sum(calls.values()), json.dumps(calls, indent=1))
    assert not deployment.may(role, "kafka-cluster:ReadData", topic)
    assert policy_of(deployment, cluster) is None
    iam = deployment.client("iam", CONSUMER)
    assert iam.list_role_policies(RoleName=role.rsplit("/", 1)[1])["PolicyNames"] == []
