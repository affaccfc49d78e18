from __future__ import annotations

from typing import Any

import pytest

from streamgov_pulumi.providers import SubscriptionTargetProvider
from tests.provider.conftest import CONSUMER, UNKNOWN, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import Client

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def target(stub: Process, client: Client, objects: DomainObjects) -> Driver:
    for name in ("TargetA", "TargetB", "TargetC", "TargetD"):
        client("datazone").create_asset_type(
            domainIdentifier=objects.domain, name=name, owningProjectIdentifier=objects.producer, formsInput={}
        )
    return Driver(stub, SubscriptionTargetProvider())


def wanted(objects: DomainObjects, name: str, asset_type: str = "TargetA", **more: Any) -> dict[str, Any]:
    return {
        "domain_id": objects.domain,
        "environment_id": objects.environment,
        "name": name,
        "authorized_principals": [objects.roles[0]],
        "applicable_asset_types": [asset_type],
        "manage_access_role": objects.manage_role,
        **session(CONSUMER),
        **more,
    }


def live(client: Client, objects: DomainObjects, target_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client("datazone", CONSUMER).get_subscription_target(
        domainIdentifier=objects.domain, environmentIdentifier=objects.environment, identifier=target_id
    )
    return found


def test_life(target: Driver, client: Client, objects: DomainObjects) -> None:
    inputs = target.inputs(wanted(objects, "life"))
    assert inputs["type"] == "StreamSubscriptionTargetType"
    id_, state = target.create(inputs)
    assert id_ == f"{objects.domain}|{objects.environment}|{state['target_id']}"
    target.settled(id_, state, inputs)

    changed = target.inputs(wanted(objects, "life", authorized_principals=list(reversed(objects.roles))))
    assert target.diff(id_, state, changed) == ("DIFF_SOME", [], False)
    state = target.update(id_, state, changed)
    assert sorted(live(client, objects, state["target_id"])["authorizedPrincipals"]) == sorted(objects.roles)
    target.settled(id_, state, changed)
    # The order of the principals means nothing.
    reordered = target.inputs(wanted(objects, "life", authorized_principals=list(objects.roles)))
    assert target.diff(id_, state, reordered) == ("DIFF_NONE", [], False)

    target.delete(id_, state)
    target.delete(id_, state)
    assert target.read(id_, state)[0] == ""


def test_the_call_must_come_from_the_environments_account(target: Driver, objects: DomainObjects) -> None:
    inputs = target.inputs(wanted(objects, "foreign", "TargetB"))
    inputs.pop("assume_role_arn")
    with pytest.raises(Failed, match="AccessDenied"):
        target.create(inputs)


def test_existing_name_and_second_target_for_a_type(target: Driver, client: Client, objects: DomainObjects) -> None:
    id_, state = target.create(target.inputs(wanted(objects, "first", "TargetC")))
    with pytest.raises(Failed, match=r"(?s)already has a subscription target named first.*adopt_existing"):
        target.create(target.inputs(wanted(objects, "first", "TargetC")))
    with pytest.raises(Failed, match=r"already has the subscription target first .* for TargetC"):
        target.create(target.inputs(wanted(objects, "second", "TargetC")))
    adopting = target.inputs(
        wanted(objects, "first", "TargetC", authorized_principals=[objects.roles[1]], adopt_existing=True)
    )
    adopted_id, adopted = target.create(adopting)
    assert adopted_id == id_
    assert live(client, objects, state["target_id"])["authorizedPrincipals"] == [objects.roles[1]]
    target.settled(adopted_id, adopted, adopting)
    target.delete(id_, state)


def test_drift_is_seen_and_repaired(target: Driver, client: Client, objects: DomainObjects) -> None:
    inputs = target.inputs(wanted(objects, "drift", "TargetD"))
    id_, state = target.create(inputs)
    client("datazone", CONSUMER).update_subscription_target(
        domainIdentifier=objects.domain,
        environmentIdentifier=objects.environment,
        identifier=state["target_id"],
        authorizedPrincipals=[objects.roles[1]],
    )
    _, outs, read_inputs = target.read(id_, state)
    assert outs["authorized_principals"] == read_inputs["authorized_principals"] == [objects.roles[1]]
    assert target.diff(id_, outs, inputs) == ("DIFF_SOME", [], False)
    target.settled(id_, target.update(id_, outs, inputs), inputs)
    target.delete(id_, state)


@pytest.mark.parametrize("key", ["domain_id", "environment_id", "type"])
def test_what_cannot_change_in_place_replaces(target: Driver, objects: DomainObjects, key: str) -> None:
    old = {**target.inputs(wanted(objects, "fixed")), "target_id": "t1"}
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
def test_check_tells_what_is_wrong(target: Driver, objects: DomainObjects, change: dict[str, Any], reason: str) -> None:
    _, failures = target.check({**wanted(objects, "bad"), **change})
    assert len(failures) == 1, failures
    assert reason in failures[0]


def test_check_lets_unknowns_pass(target: Driver, objects: DomainObjects) -> None:
    news = wanted(objects, "later", authorized_principals=[UNKNOWN], applicable_asset_types=UNKNOWN)
    inputs, failures = target.check({**news, "manage_access_role": UNKNOWN, "environment_id": UNKNOWN})
    assert failures == []
    assert inputs["authorized_principals"] == [UNKNOWN]
