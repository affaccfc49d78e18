"""Grants and revokes through rules, machines, functions and roles."""

from __future__ import annotations

from tests.integration.access.conftest import CONSUMER, Deployment


def test_grant_and_revoke_across_accounts(deployment: Deployment) -> None:
    role = deployment.make_role(CONSUMER)
    target = deployment.make_target([role])
    _, listing = deployment.make_asset("orders")
    topic = deployment.cluster.replace(":cluster/", ":topic/") + "/orders"
    deployment.subscribe(listing)
    assert not deployment.may(role, "kafka-cluster:ReadData", topic)
    grant = deployment.grant(listing, target)
    done = deployment.settled(grant)
    assert done["status"] == "GRANTED", done
    assert deployment.may(role, "kafka-cluster:ReadData", topic)
    deployment.revoke(grant)
