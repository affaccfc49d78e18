"""The marker of a namespace: made once, told at the check, and never taken from its owner."""

from __future__ import annotations

from typing import Any

import pytest

from streamgov_core.model.naming import marker_parameter
from streamgov_pulumi.providers import DeploymentMarkerProvider
from tests.provider.conftest import CONSUMER, PRODUCER, UNKNOWN, Driver, Failed, session
from tests.sandbox import Client

pytestmark = pytest.mark.emulator
OWNER = "organization/streamgov/prod"


@pytest.fixture(scope="module")
def marker(stub: Any) -> Driver:
    return Driver(stub, DeploymentMarkerProvider())


def wanted(namespace: str, **more: Any) -> dict[str, Any]:
    base = {"namespace": namespace, "side": "member", "account": PRODUCER, "owner": OWNER, **session(PRODUCER)}
    return {**base, **more}


def test_life(marker: Driver, client: Client) -> None:
    inputs = marker.inputs(wanted("mark-a"))
    id_, state = marker.create(inputs)
    marker.settled(id_, state, inputs)
    assert marker.check(inputs, inputs)[1] == []
    ssm = client("ssm", PRODUCER)
    name = marker_parameter("mark-a", "member")
    assert OWNER in ssm.get_parameter(Name=name)["Parameter"]["Value"]
    # The stack is renamed.
    renamed = {**inputs, "owner": "organization/streamgov/production"}
    assert marker.check(renamed, inputs)[1] == []
    assert marker.diff(id_, state, renamed) == ("DIFF_SOME", [], False)
    state = marker.update(id_, state, renamed)
    marker.settled(id_, state, renamed)
    # Another namespace: a marker beside the old one, which goes last.
    for change in ({"namespace": "mark-b"}, {"side": "domain"}, {"account": CONSUMER}, {"region": "eu-west-1"}):
        assert marker.diff(id_, state, {**renamed, **change}) == ("DIFF_SOME", list(change), False)
    marker.delete(id_, state)
    assert marker.read(id_, state)[0] == ""
    marker.delete(id_, state)


def test_a_namespace_that_is_taken_is_told_by_the_check_with_its_owner(marker: Driver) -> None:
    inputs = marker.inputs(wanted("mark-taken"))
    id_, state = marker.create(inputs)
    other = {"owner": "organization/streamgov/second"}
    [told] = marker.check(wanted("mark-taken", **other))[1]
    assert told == (
        f'namespace "mark-taken" is deployed in account {PRODUCER} (us-east-1) already by stack {OWNER}. Choose '
        "another one; nothing was touched. If that stack is gone for "
        "good and so is what it made, delete its marker: aws ssm delete-parameter --name "
        "/streamgov/mark-taken/deployed/member"
    )
    # A stack that is deployed already and takes that name.
    assert marker.check(wanted("mark-taken", **other), wanted("mark-free", **other))[1] == [told]
    # The same stack without its state.
    [lost] = marker.check(wanted("mark-taken"))[1]
    assert f"already by a stack of this very name, {OWNER}, and this state does not know it" in lost
    with pytest.raises(Failed) as refused:
        marker.create({**inputs, **other})
    assert str(refused.value) == told
    # The other side, another account and another region are free.
    for free in ({"side": "domain"}, {"account": CONSUMER, **session(CONSUMER)}, {"region": "eu-west-1"}):
        assert marker.check(wanted("mark-taken", **other, **free))[1] == []
    marker.delete(id_, state)


def test_somebody_elses_marker_is_not_deleted(marker: Driver, client: Client) -> None:
    id_, state = marker.create(marker.inputs(wanted("mark-lost")))
    name = marker_parameter("mark-lost", "member")
    client("ssm", PRODUCER).put_parameter(Name=name, Value="by hand", Type="String", Overwrite=True)
    marker.delete(id_, state)
    [told] = marker.check(wanted("mark-lost"))[1]
    assert "already by stack somebody whose name cannot be read" in told
    client("ssm", PRODUCER).delete_parameter(Name=name)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"namespace": "X"}, "namespace must be a deployment's namespace"),
        ({"account": "1"}, "account must be the 12 digits of an AWS account id"),
        ({"side": "third"}, "side must be one of domain, member"),
        ({"owner": None}, "owner is required"),
    ],
)
def test_check_tells_what_is_wrong(marker: Driver, change: dict[str, Any], reason: str) -> None:
    given = {key: value for key, value in {**wanted("mark-bad"), **change}.items() if value is not None}
    _, [told] = marker.check(given)
    assert told.startswith(reason)


def test_unknowns_and_what_may_not_be_looked_at_pass(marker: Driver) -> None:
    assert marker.check(wanted("mark-a", owner=UNKNOWN))[1] == []
    nobody = {"assume_role_arn": f"arn:aws:iam::{PRODUCER}:role/nobody"}
    assert marker.check(wanted("mark-a", **nobody))[1] == []
