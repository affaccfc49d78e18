"""Partial failure: what fails half way is undone, or finished by the next run; nothing is believed gone by mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamgov_pulumi.providers import FormTypeProvider, SubscriptionTargetProvider
from tests.provider.conftest import DomainObjects, Driver, Failed, Process
from tests.provider.test_form_type import wanted as form_inputs
from tests.provider.test_subscription_target import wanted as target_inputs
from tests.sandbox import CONSUMER, Client, EmulatorProcess

pytestmark = pytest.mark.emulator
Arm = Callable[..., None]


@pytest.fixture
def fault(emulator: EmulatorProcess) -> Iterator[Arm]:
    def arm(operation: str, kind: str, **more: Any) -> None:
        emulator.admin("POST", "faults", {"service": "datazone", "operation": operation, "kind": kind, **more})

    yield arm
    emulator.admin("DELETE", "faults")


@pytest.fixture(scope="module")
def form(stub: Process) -> Driver:
    return Driver(stub, FormTypeProvider())


@pytest.fixture(scope="module")
def target(stub: Process, client: Client, objects: DomainObjects) -> Driver:
    for name in ("FaultA", "FaultB", "FaultC"):
        client("datazone").create_asset_type(
            domainIdentifier=objects.domain, name=name, owningProjectIdentifier=objects.producer, formsInput={}
        )
    return Driver(stub, SubscriptionTargetProvider())


def status(client: Client, objects: DomainObjects, name: str) -> str:
    found = client("datazone").get_form_type(domainIdentifier=objects.domain, formTypeIdentifier=name)
    return str(found["status"])


def test_a_deletion_that_fails_half_way_is_undone(
    form: Driver, fault: Arm, client: Client, objects: DomainObjects
) -> None:
    id_, state = form.create(form.inputs(form_inputs(objects, "HalfForm")))
    fault("DeleteFormType", "access_denied")
    with pytest.raises(Failed, match="datazone:DeleteFormType failed with AccessDenied"):
        form.delete(id_, state)
    assert status(client, objects, "HalfForm") == "ENABLED"
    form.delete(id_, state)
    assert form.read(id_, state)[0] == ""


def test_a_refused_read_is_not_taken_for_gone(form: Driver, fault: Arm, objects: DomainObjects) -> None:
    id_, state = form.create(form.inputs(form_inputs(objects, "HiddenForm")))
    fault("GetFormType", "access_denied")
    with pytest.raises(Failed, match="datazone:GetFormType failed with AccessDenied"):
        form.read(id_, state)
    assert form.read(id_, state)[0] == id_


def test_a_refused_read_of_what_the_list_lacks_is_gone(form: Driver, fault: Arm, objects: DomainObjects) -> None:
    id_, state = form.create(form.inputs(form_inputs(objects, "LostForm")))
    form.delete(id_, state)
    fault("GetFormType", "access_denied")
    assert form.read(id_, state)[0] == ""


def targets(client: Client, objects: DomainObjects, name: str) -> list[str]:
    found = client("datazone", CONSUMER).list_subscription_targets(
        domainIdentifier=objects.domain, environmentIdentifier=objects.environment
    )
    return [item["id"] for item in found["items"] if item["name"] == name]


@pytest.mark.parametrize(("kind", "asset_type"), [("timeout_after", "FaultA"), ("throttle", "FaultB")])
def test_a_lost_answer_makes_no_second_target(
    target: Driver, fault: Arm, client: Client, objects: DomainObjects, kind: str, asset_type: str
) -> None:
    fault("CreateSubscriptionTarget", kind, times=2)
    inputs = target.inputs(target_inputs(objects, kind, asset_type))
    id_, state = target.create(inputs)
    assert targets(client, objects, kind) == [state["target_id"]]
    target.settled(id_, state, inputs)
    target.delete(id_, state)


def test_an_update_that_failed_is_finished_by_the_next(target: Driver, fault: Arm, objects: DomainObjects) -> None:
    inputs = target.inputs(target_inputs(objects, "later", "FaultC"))
    id_, state = target.create(inputs)
    changed = target.inputs(target_inputs(objects, "later", "FaultC", authorized_principals=list(objects.roles)))
    fault("UpdateSubscriptionTarget", "access_denied")
    with pytest.raises(Failed, match="datazone:UpdateSubscriptionTarget failed with AccessDenied"):
        target.update(id_, state, changed)
    # The engine keeps the old state, so the difference is still there.
    assert target.diff(id_, state, changed) == ("DIFF_SOME", [], False)
    target.settled(id_, target.update(id_, state, changed), changed)
    target.delete(id_, state)
