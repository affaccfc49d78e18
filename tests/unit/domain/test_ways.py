"""A grant that goes over from policies on the roles to an access role, and back: the new way first, then the old."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.member.delivery import PrincipalPolicies
from tests.unit.domain.test_reconcile import BOTH, NEITHER, kinds
from tests.unit.domain.test_redrive import redrive
from tests.unit.grants.fakes import CLUSTER, CONSUMER, NAMES, OWNER, PROJECT, ROLE
from tests.unit.grants.questions import OWN_POLICY
from tests.unit.grants.reconcile_accounts import HOUR, MemoryDeployment

OTHER = f"arn:aws:iam::{CONSUMER}:role/streaming/other"
ACCESS_ROLE = NAMES.access_role_arn(OWNER, CONSUMER, PROJECT)


@pytest.fixture
def deployment() -> MemoryDeployment:
    """A topic is granted to two roles, which may assume others."""
    made = MemoryDeployment()
    iam = made.consumer.gateway.iam
    for role in (ROLE, OTHER):
        name = role.rsplit("/", 1)[1]
        iam.add(role, role_id=f"AROA{name}")
        made.consumer.gateway.principals[name] = PrincipalPolicies(iam.roles[name], [("own", OWN_POLICY)])
    made.ask()
    made.domain.targets["target1"]["authorizedPrincipals"] = [ROLE, OTHER]
    made.execute(redrive(), "first")
    assert made.reads() == made.reads(role=OTHER) == BOTH
    made.clock.value += HOUR
    return made


def delivered(deployment: MemoryDeployment, **ways: str) -> None:
    """What the targets say now of roles, by their names."""
    deliveries = {f"*/{name}": way for name, way in ways.items()}
    deployment.consumer.apply._settings = replace(deployment.consumer.settings, deliveries=deliveries)


def readers(deployment: MemoryDeployment) -> list[str]:
    """The roles that may read by an access role: it has the permission, and trusts them."""
    iam = deployment.owner.gateway.iam
    info = iam.roles.get(ACCESS_ROLE.rsplit("/", 1)[1])
    if info is None or "kafka-cluster:ReadData" not in json.dumps(iam.statements(ACCESS_ROLE)):
        return []
    trust = json.dumps(info.trust)
    return [role for role in (ROLE, OTHER) if role in trust]


def told(deployment: MemoryDeployment) -> list[str]:
    """The access role in what the consumer's account was told."""
    values = deployment.consumer.gateway.parameter_store.values.values()
    return [json.loads(value).get("awsRoleArn", "") for value in values]


def watched(deployment: MemoryDeployment, role: str) -> list[bool]:
    """Whether a role could read, by either way, at each write of the change."""
    seen: list[bool] = []

    def look(_: Any) -> None:
        seen.append(deployment.reads(role=role) == BOTH or role in readers(deployment))

    for account in (deployment.owner, deployment.consumer):
        gateway = account.gateway
        hooks: list[dict[str, Callable[[Any], None]]] = [gateway.iam.hooks, gateway.policies.hooks]
        for hook in hooks:
            for operation in (
                "put",
                "delete",
                "put_inline",
                "delete_inline",
                "create_role",
                "put_trust",
                "delete_role",
            ):
                hook[operation] = look
    return seen


def settled(deployment: MemoryDeployment) -> None:
    deployment.clock.value += HOUR
    assert kinds(deployment.reconcile("after")) == {}
    record = deployment.record()
    assert (record.state, record.former, record.cause) == ("GRANTED", (), "")


def test_all_roles_go_over_to_the_access_role_and_back_without_an_interruption(deployment: MemoryDeployment) -> None:
    delivered(deployment, consumer="accessRole", other="accessRole")
    seen = watched(deployment, ROLE)
    deployment.execute(redrive(), "over")
    assert seen and all(seen)
    assert readers(deployment) == [ROLE, OTHER] and told(deployment) == [ACCESS_ROLE]
    assert deployment.reads() == deployment.reads(role=OTHER) == NEITHER, "the old way is taken away"
    assert deployment.owner.gateway.policies.statements(CLUSTER) == []
    settled(deployment)
    delivered(deployment)
    seen.clear()
    deployment.execute(redrive(), "back")
    assert seen and all(seen)
    assert deployment.reads() == deployment.reads(role=OTHER) == BOTH
    assert readers(deployment) == [] and deployment.owner.gateway.iam.roles == {} and told(deployment) == [""]
    settled(deployment)


def test_one_of_the_roles_goes_over(deployment: MemoryDeployment) -> None:
    delivered(deployment, other="accessRole")
    seen = watched(deployment, OTHER)
    deployment.execute(redrive(), "over")
    assert seen and all(seen)
    assert (deployment.reads(), deployment.reads(role=OTHER)) == (BOTH, NEITHER)
    assert readers(deployment) == [OTHER]
    settled(deployment)


def test_a_change_of_way_that_is_refused_leaves_everything_as_it_was(deployment: MemoryDeployment) -> None:
    name = OTHER.rsplit("/", 1)[1]
    info = deployment.consumer.gateway.iam.roles[name]
    deployment.consumer.gateway.principals[name] = PrincipalPolicies(info)
    delivered(deployment, consumer="accessRole", other="accessRole")
    deployment.execute(redrive(), "over")
    assert deployment.reads() == deployment.reads(role=OTHER) == BOTH and readers(deployment) == []
    assert "cannot assume the access role" in deployment.record().cause


def test_a_change_of_way_that_fails_half_way_is_taken_back(deployment: MemoryDeployment) -> None:
    delivered(deployment, consumer="accessRole", other="accessRole")
    deployment.consumer.down, deployment.consumer.answers_only = True, "prepare"
    deployment.execute(redrive(), "over")
    deployment.consumer.down = False
    assert deployment.reads() == deployment.reads(role=OTHER) == BOTH and readers(deployment) == []
    assert deployment.record().state == "GRANTED"


def test_a_revoke_after_the_change_takes_both_ways(deployment: MemoryDeployment) -> None:
    delivered(deployment, consumer="accessRole", other="accessRole")
    deployment.execute(redrive(), "over", until="first")
    assert readers(deployment) == [ROLE, OTHER] and deployment.reads() == BOTH, "both ways at once"
    deployment.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    deployment.execute(redrive("REVOKE"), "revoke")
    assert deployment.status() == "REVOKED"
    assert (
        readers(deployment) == []
        and deployment.reads() == deployment.reads(role=OTHER) == NEITHER
        and told(deployment) == []
    )
