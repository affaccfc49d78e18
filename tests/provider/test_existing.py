"""Ids that a resource names are looked up when it is checked: a typo costs nothing, a preview says it."""

from __future__ import annotations

import sys
import traceback
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.dynamic import ResourceProvider

from streamgov_core.model.errors import ResourceExistsError
from streamgov_pulumi import providers
from streamgov_pulumi.providers import failures
from tests.provider.conftest import CONSUMER, PRODUCER, UNKNOWN, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import Client

pytestmark = pytest.mark.emulator
NOWHERE = "0nowhere000000"
MODEL = "structure Looked { topic: String }"


def wanted(objects: DomainObjects) -> dict[str, tuple[type[ResourceProvider], str, dict[str, Any]]]:
    """For each kind: its provider, the input that names another object, and good inputs."""
    base = {"domain_id": objects.domain, **session()}
    owned = {**base, "owning_project_id": objects.producer}
    target = {
        **base,
        **session(CONSUMER),
        "environment_id": objects.environment,
        "name": "looked",
        "authorized_principals": [objects.roles[0]],
        "applicable_asset_types": ["Looked"],
        "manage_access_role": objects.manage_role,
    }
    rule = {**base, "name": "looked", "action": "CREATE_SUBSCRIPTION_REQUEST", "glossary_terms": ["t1"]}
    member = {**base, "project_id": objects.consumer, "user_identifier": objects.roles[0]}
    return {
        "form": (providers.FormTypeProvider, "owning_project_id", {**owned, "name": "Looked", "model": MODEL}),
        "assets": (providers.AssetTypeProvider, "owning_project_id", {**owned, "name": "Looked", "forms": {}}),
        "target": (providers.SubscriptionTargetProvider, "environment_id", target),
        "rule": (providers.RuleProvider, "domain_unit_id", rule),
        "member": (providers.ProjectMembershipProvider, "project_id", member),
    }


KINDS = ("form", "assets", "target", "rule", "member")


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_that_names_nothing_fails_the_check(stub: Process, objects: DomainObjects, kind: str) -> None:
    provider, key, good = wanted(objects)[kind]
    driver = Driver(stub, provider())
    inputs, failures_ = driver.check(good)
    assert failures_ == []
    _, [told] = driver.check({**good, key: NOWHERE})
    assert told.startswith(f"{key} is '{NOWHERE}', and domain {objects.domain} has no ")
    assert f"(aws datazone {'get-domain' if kind == 'rule' else 'list-'}" in told
    # The same for a change of what is there; but what stood there when it was made is not asked about again.
    assert driver.check({**good, key: NOWHERE}, inputs)[1] == [told]
    assert driver.check({**good, key: NOWHERE}, {**inputs, key: NOWHERE})[1] == []
    assert driver.check({**good, key: UNKNOWN})[1] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_move_to_a_domain_that_is_not_seen_fails_the_check(stub: Process, objects: DomainObjects, kind: str) -> None:
    """It would delete the old object first, and make no new one."""
    provider, _, good = wanted(objects)[kind]
    driver = Driver(stub, provider())
    inputs, _ = driver.check(good)
    nowhere = "dzd-nowhere000000"
    [told] = driver.check({**good, "domain_id": nowhere}, inputs)[1]
    assert told.startswith(
        f"domain_id is '{nowhere}', and DataZone shows no such domain to this account in this region"
    )
    assert "what is deployed stays as it is" in told
    # A new one deletes nothing, and the account may be associated by this very deployment.
    assert driver.check({**good, "domain_id": nowhere})[1] == []
    assert driver.check({**good, "domain_id": UNKNOWN}, inputs)[1] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_looked_at_passes(stub: Process, objects: DomainObjects, kind: str) -> None:
    """An account without association sees nothing: that proves nothing. The call itself will say what is wrong."""
    provider, key, good = wanted(objects)[kind]
    foreign = {**good, **session(PRODUCER), key: NOWHERE}
    assert Driver(stub, provider()).check(foreign)[1] == []


def test_an_environment_of_another_account_or_region_or_that_ended(
    stub: Process, client: Client, objects: DomainObjects
) -> None:
    provider, key, good = wanted(objects)["target"]
    driver = Driver(stub, provider())
    own = {name: value for name, value in good.items() if name != "assume_role_arn"}
    [told] = driver.check(own)[1]
    assert told == (
        f"{key} is '{objects.environment}', an environment of account {CONSUMER}, and this target is made by account "
        "111111111111"
    )
    datazone = client("datazone")
    blueprint = datazone.list_environment_blueprints(
        domainIdentifier=objects.domain, managed=True, name="CustomAwsService"
    )["items"][0]["id"]
    ended = datazone.create_environment(
        domainIdentifier=objects.domain,
        projectIdentifier=objects.consumer,
        name="ended",
        environmentBlueprintIdentifier=blueprint,
        environmentAccountIdentifier=CONSUMER,
        environmentAccountRegion="us-east-1",
    )["id"]
    datazone.delete_environment(domainIdentifier=objects.domain, identifier=ended)
    [told] = driver.check({**good, key: ended})[1]
    assert told.startswith(f"{key} is '{ended}', and ")


def test_an_expected_failure_is_its_sentence(stub: Process, objects: DomainObjects) -> None:
    provider, _, good = wanted(objects)["member"]
    driver = Driver(stub, provider())
    id_, state = driver.create(driver.inputs(good))
    with pytest.raises(Failed) as refused:
        driver.create(driver.inputs(good))
    assert str(refused.value).startswith(f"{objects.roles[0]} is already a member of project {objects.consumer}")
    driver.delete(id_, state)


def test_an_unexpected_failure_keeps_its_traceback(stub: Process, objects: DomainObjects) -> None:
    with pytest.raises(Failed, match="Traceback"):
        Driver(stub, providers.FormTypeProvider()).create({"region": "us-east-1"})


def test_only_the_sdks_process_is_told_otherwise() -> None:
    process: Any = SimpleNamespace(traceback=traceback)
    failures.tell_sentences(process)
    assert process.traceback is traceback
    process.DynamicResourceProviderServicer = object
    failures.tell_sentences(process)
    failures.tell_sentences(process)
    told = process.traceback
    assert told.extract_stack is traceback.extract_stack
    try:
        raise ResourceExistsError("there already")
    except ResourceExistsError:
        assert told.format_exc() == "there already"
    try:
        raise ValueError("a fault")
    except ValueError:
        assert told.format_exc().startswith("Traceback")
    failures.tell_sentences()
    assert getattr(sys.modules["__main__"], "traceback", traceback) is traceback


def test_models_and_maps_are_compared_field_by_field(stub: Any, client: Client, objects: DomainObjects) -> None:
    datazone = client("datazone")
    there = "structure LookedModel { topic: String, note: String }"
    datazone.create_form_type(
        domainIdentifier=objects.domain, name="LookedModel", model={"smithy": there}, status="ENABLED",
        owningProjectIdentifier=objects.producer, description="old",
    )  # fmt: skip
    driver = Driver(stub, providers.FormTypeProvider())
    model = "structure LookedModel { topic: Integer, more: String }"
    owned = {"domain_id": objects.domain, **session(), "owning_project_id": objects.producer}
    form = driver.inputs({**owned, "name": "LookedModel", "model": model, "description": "ours"})
    with pytest.raises(Failed) as refused:
        driver.create(form)
    assert str(refused.value).splitlines() == [
        f"form type LookedModel exists already in domain {objects.domain} (revision 1). Compared with this program:",
        "- model: LookedModel.note is removed (breaking)",
        "- model: LookedModel.topic changes its type from String to Integer (breaking)",
        "- model: LookedModel.more is added, optional",
        '- description: "old" there, "ours" wanted',
        "To take it over, set adopt_existing to true for one `pulumi up`.",
    ]
    datazone.create_asset_type(
        domainIdentifier=objects.domain, name="LookedType", owningProjectIdentifier=objects.producer,
        formsInput={"A": {"typeIdentifier": "LookedModel", "typeRevision": "1", "required": True}},
    )  # fmt: skip
    driver = Driver(stub, providers.AssetTypeProvider())
    forms = {"B": {"type_identifier": "LookedModel", "type_revision": "1", "required": True}}
    with pytest.raises(Failed) as refused:
        driver.create(driver.inputs({**owned, "name": "LookedType", "forms": forms}))
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines[1:-1]] == ["- forms.A", "- forms.B"]
    datazone.delete_asset_type(domainIdentifier=objects.domain, identifier="LookedType")


def test_what_another_resource_adopts_is_not_deleted_with_the_old_one(
    stub: Any, client: Client, objects: DomainObjects
) -> None:
    """A rename without an alias: the new resource adopts, then the engine deletes the old one with the same id."""
    provider, _, good = wanted(objects)["member"]
    driver = Driver(stub, provider())
    first_id, first = driver.create(driver.inputs(good))
    adopted_id, adopted = driver.create(driver.inputs({**good, "adopt_existing": True}))
    assert adopted_id == first_id
    driver.delete(first_id, first)
    assert driver.read(adopted_id, adopted)[0] == adopted_id
    driver.delete(adopted_id, adopted)
    assert driver.read(adopted_id, adopted)[0] == ""
