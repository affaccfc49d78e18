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
def world() -> MemoryDeployment:
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


def delivered(world: MemoryDeployment, **ways: str) -> None:
    """What the targets say now of roles, by their names."""
    deliveries = {f"*/{name}": way for name, way in ways.items()}
    world.consumer.apply._settings = replace(world.consumer.settings, deliveries=deliveries)


def readers(world: MemoryDeployment) -> list[str]:
    """The roles that may read by an access role: it has the permission, and trusts them."""
    iam = world.owner.gateway.iam
    info = iam.roles.get(ACCESS_ROLE.rsplit("/", 1)[1])
    if info is None or "kafka-cluster:ReadData" not in json.dumps(iam.statements(ACCESS_ROLE)):
        return []
    trust = json.dumps(info.trust)
    return [role for role in (ROLE, OTHER) if role in trust]


def told(world: MemoryDeployment) -> list[str]:
    """The access role in what the consumer's account was told."""
    values = world.consumer.gateway.parameter_store.values.values()
    return [json.loads(value).get("awsRoleArn", "") for value in values]


def watched(world: MemoryDeployment, role: str) -> list[bool]:
    """Whether a role could read, by either way, at each write of the change."""
    seen: list[bool] = []

    def look(_: Any) -> None:
        seen.append(world.reads(role=role) == BOTH or role in readers(world))

    for account in (world.owner, world.consumer):
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


def settled(world: MemoryDeployment) -> None:
    world.clock.value += HOUR
    assert kinds(world.reconcile("after")) == {}
    record = world.record()
    assert (record.state, record.former, record.cause) == ("GRANTED", (), "")


def test_all_roles_go_over_to_the_access_role_and_back_without_an_interruption(world: MemoryDeployment) -> None:
    delivered(world, consumer="accessRole", other="accessRole")
    seen = watched(world, ROLE)
    world.execute(redrive(), "over")
    assert seen and all(seen)
    assert readers(world) == [ROLE, OTHER] and told(world) == [ACCESS_ROLE]
    assert world.reads() == world.reads(role=OTHER) == NEITHER, "the old way is taken away"
    assert world.owner.gateway.policies.statements(CLUSTER) == []
    settled(world)
    delivered(world)
    seen.clear()
    world.execute(redrive(), "back")
    assert seen and all(seen)
    assert world.reads() == world.reads(role=OTHER) == BOTH
    assert readers(world) == [] and world.owner.gateway.iam.roles == {} and told(world) == [""]
    settled(world)


def test_one_of_the_roles_goes_over(world: MemoryDeployment) -> None:
    delivered(world, other="accessRole")
    seen = watched(world, OTHER)
    world.execute(redrive(), "over")
    assert seen and all(seen)
    assert (world.reads(), world.reads(role=OTHER)) == (BOTH, NEITHER)
    assert readers(world) == [OTHER]
    settled(world)


def test_a_change_of_way_that_is_refused_leaves_everything_as_it_was(world: MemoryDeployment) -> None:
    name = OTHER.rsplit("/", 1)[1]
    info = world.consumer.gateway.iam.roles[name]
    world.consumer.gateway.principals[name] = PrincipalPolicies(info)
    delivered(world, consumer="accessRole", other="accessRole")
    world.execute(redrive(), "over")
    assert world.reads() == world.reads(role=OTHER) == BOTH and readers(world) == []
    assert "cannot assume the access role" in world.record().cause


def test_a_change_of_way_that_fails_half_way_is_taken_back(world: MemoryDeployment) -> None:
    delivered(world, consumer="accessRole", other="accessRole")
    world.consumer.down, world.consumer.answers_only = True, "prepare"
    world.execute(redrive(), "over")
    world.consumer.down = False
    assert world.reads() == world.reads(role=OTHER) == BOTH and readers(world) == []
    assert world.record().state == "GRANTED"


def test_a_revoke_after_the_change_takes_both_ways(world: MemoryDeployment) -> None:
    delivered(world, consumer="accessRole", other="accessRole")
    world.execute(redrive(), "over", until="first")
    assert readers(world) == [ROLE, OTHER] and world.reads() == BOTH, "both ways at once"
    world.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    world.execute(redrive("REVOKE"), "revoke")
    assert world.status() == "REVOKED"
    assert readers(world) == [] and world.reads() == world.reads(role=OTHER) == NEITHER and told(world) == []
