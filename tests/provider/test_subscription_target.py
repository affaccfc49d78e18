from __future__ import annotations

from typing import Any

import pytest

from streamgov_pulumi.providers import SubscriptionTargetProvider
from tests.provider.conftest import CONSUMER, UNKNOWN, Driver, Failed, Process, World, session
from tests.sandbox import Client

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def target(stub: Process, client: Client, world: World) -> Driver:
    for name in ("TargetA", "TargetB", "TargetC", "TargetD"):
        client("datazone").create_asset_type(
            domainIdentifier=world.domain, name=name, owningProjectIdentifier=world.producer, formsInput={}
        )
    return Driver(stub, SubscriptionTargetProvider())


def wanted(world: World, name: str, asset_type: str = "TargetA", **more: Any) -> dict[str, Any]:
    return {
        "domain_id": world.domain,
        "environment_id": world.environment,
        "name": name,
        "authorized_principals": [world.roles[0]],
        "applicable_asset_types": [asset_type],
        "manage_access_role": world.manage_role,
        **session(CONSUMER),
        **more,
    }


def live(client: Client, world: World, target_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client("datazone", CONSUMER).get_subscription_target(
        domainIdentifier=world.domain, environmentIdentifier=world.environment, identifier=target_id
    )
    return found


def test_life(target: Driver, client: Client, world: World) -> None:
    inputs = target.inputs(wanted(world, "life"))
    assert inputs["type"] == "StreamSubscriptionTargetType"
    id_, state = target.create(inputs)
    assert id_ == f"{world.domain}|{world.environment}|{state['target_id']}"
    target.settled(id_, state, inputs)

    changed = target.inputs(wanted(world, "life", authorized_principals=list(reversed(world.roles))))
    assert target.diff(id_, state, changed) == ("DIFF_SOME", [], False)
    state = target.update(id_, state, changed)
    assert sorted(live(client, world, state["target_id"])["authorizedPrincipals"]) == sorted(world.roles)
    target.settled(id_, state, changed)
    # The order of the principals means nothing.
    reordered = target.inputs(wanted(world, "life", authorized_principals=list(world.roles)))
    assert target.diff(id_, state, reordered) == ("DIFF_NONE", [], False)

    target.delete(id_, state)
    target.delete(id_, state)
    assert target.read(id_, state)[0] == ""


def test_the_call_must_come_from_the_environments_account(target: Driver, world: World) -> None:
    inputs = target.inputs(wanted(world, "foreign", "TargetB"))
    inputs.pop("assume_role_arn")
    with pytest.raises(Failed, match="AccessDenied"):
        target.create(inputs)


def test_existing_name_and_second_target_for_a_type(target: Driver, client: Client, world: World) -> None:
    id_, state = target.create(target.inputs(wanted(world, "first", "TargetC")))
    with pytest.raises(Failed, match=r"(?s)already has a subscription target named first.*adopt_existing"):
        target.create(target.inputs(wanted(world, "first", "TargetC")))
    with pytest.raises(Failed, match=r"already has the subscription target first .* for TargetC"):
        target.create(target.inputs(wanted(world, "second", "TargetC")))
    adopting = target.inputs(
        wanted(world, "first", "TargetC", authorized_principals=[world.roles[1]], adopt_existing=True)
    )
    adopted_id, adopted = target.create(adopting)
    assert adopted_id == id_
    assert live(client, world, state["target_id"])["authorizedPrincipals"] == [world.roles[1]]
    target.settled(adopted_id, adopted, adopting)
    target.delete(id_, state)


def test_drift_is_seen_and_repaired(target: Driver, client: Client, world: World) -> None:
    inputs = target.inputs(wanted(world, "drift", "TargetD"))
    id_, state = target.create(inputs)
    client("datazone", CONSUMER).update_subscription_target(
        domainIdentifier=world.domain,
        environmentIdentifier=world.environment,
        identifier=state["target_id"],
        authorizedPrincipals=[world.roles[1]],
    )
    _, outs, read_inputs = target.read(id_, state)
    assert outs["authorized_principals"] == read_inputs["authorized_principals"] == [world.roles[1]]
    assert target.diff(id_, outs, inputs) == ("DIFF_SOME", [], False)
    target.settled(id_, target.update(id_, outs, inputs), inputs)
    target.delete(id_, state)


@pytest.mark.parametrize("key", ["domain_id", "environment_id", "type"])
def test_what_cannot_change_in_place_replaces(target: Driver, world: World, key: str) -> None:
    old = {**target.inputs(wanted(world, "fixed")), "target_id": "t1"}
    new = {**{k: v for k, v in old.items() if k != "target_id"}, key: UNKNOWN}
    assert target.diff("x", old, new) == ("DIFF_SOME", [key], True)


ROLE = f"arn:aws:iam::{CONSUMER}:role"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"authorized_principals": []}, "1 to 20 IAM roles (DataZone's limit for a target), got 0"),
        ({"authorized_principals": [f"{ROLE}/r{n}" for n in range(21)]}, "1 to 20 IAM roles"),
        ({"authorized_principals": [f"{ROLE}/a", f"{ROLE}/a"]}, f"names {ROLE}/a twice"),
        ({"authorized_principals": [f"{ROLE}/team+one"]}, "use a role without them"),
        ({"authorized_principals": [f"arn:aws:iam::{CONSUMER}:root"]}, "ARNs of IAM roles only"),
        ({"authorized_principals": [f"arn:aws:iam::{CONSUMER}:user/me"]}, "ARNs of IAM roles only"),
        ({"authorized_principals": [f"arn:aws:sts::{CONSUMER}:assumed-role/r/s"]}, "ARNs of IAM roles only"),
        ({"authorized_principals": ["arn:aws:iam::33333333333:role/r"]}, "ARNs of IAM roles only"),
        ({"authorized_principals": f"{ROLE}/a"}, "must be a list of IAM role ARNs"),
        ({"manage_access_role": f"{ROLE}/deep/path/r"}, "path is '/' or '/service-role/'"),
        ({"applicable_asset_types": []}, "at least one asset type"),
        ({"applicable_asset_types": ["a-b"]}, "no name of an asset type"),
        ({"name": "x" * 257}, "name must be 1 to 256 characters"),
        ({"subscription_grant_creation_mode": "LATER"}, "must be one of AUTOMATIC, MANUAL"),
        ({"subscription_target_config": [{"form_name": "F"}]}, "maps of form_name and content"),
        ({"subscription_target_config": [{"form_name": "F", "content": "x"}]}, "needs a JSON object"),
    ],
)
def test_check_tells_what_is_wrong(target: Driver, world: World, change: dict[str, Any], reason: str) -> None:
    _, failures = target.check({**wanted(world, "bad"), **change})
    assert len(failures) == 1, failures
    assert reason in failures[0]


def test_check_lets_unknowns_pass(target: Driver, world: World) -> None:
    news = wanted(world, "later", authorized_principals=[UNKNOWN], applicable_asset_types=UNKNOWN)
    inputs, failures = target.check({**news, "manage_access_role": UNKNOWN, "environment_id": UNKNOWN})
    assert failures == []
    assert inputs["authorized_principals"] == [UNKNOWN]
