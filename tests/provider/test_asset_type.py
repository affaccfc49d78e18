from __future__ import annotations

from typing import Any

import pytest

from streamgov_pulumi.providers import AssetTypeProvider, FormTypeProvider
from tests.provider.conftest import UNKNOWN, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import Client

pytestmark = pytest.mark.emulator
RELATIONAL = "amazon.datazone.RelationalTableFormType"


@pytest.fixture(scope="module")
def asset(stub: Process) -> Driver:
    return Driver(stub, AssetTypeProvider())


@pytest.fixture(scope="module")
def form(stub: Process, objects: DomainObjects) -> tuple[Driver, str, dict[str, Any]]:
    driver = Driver(stub, FormTypeProvider())
    inputs = driver.inputs(
        {
            "domain_id": objects.domain,
            "name": "AssetForm",
            "model": "structure AssetForm { topic: String }",
            "owning_project_id": objects.producer,
            **session(),
        }
    )
    return driver, *driver.create(inputs)


def wanted(objects: DomainObjects, name: str, revision: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "domain_id": objects.domain,
        "name": name,
        "owning_project_id": objects.producer,
        "description": "A type",
        "forms": {
            "AssetForm": {"type_identifier": "AssetForm", "type_revision": revision, "required": True},
            "RelationalTableFormType": {"type_identifier": RELATIONAL, "required": True},
        },
        **session(),
        **more,
    }


def test_life_with_forms_pinned(asset: Driver, form: Any, client: Client, objects: DomainObjects) -> None:
    inputs = asset.inputs(wanted(objects, "LifeType"))
    id_, state = asset.create(inputs)
    system = client("datazone").get_form_type(domainIdentifier=objects.domain, formTypeIdentifier=RELATIONAL)[
        "revision"
    ]
    assert state == {
        **inputs,
        "revision": "1",
        "form_revisions": {"AssetForm": "1", "RelationalTableFormType": system},
    }
    asset.settled(id_, state, inputs)

    driver, form_id, form_state = form
    form_inputs = {k: v for k, v in form_state.items() if k != "revision"}
    form_state = driver.update(
        form_id, form_state, {**form_inputs, "model": "structure AssetForm { topic: String, more: String }"}
    )
    # A preview does not know the form's new revision yet: the asset type will change, in place.
    preview = asset.inputs(wanted(objects, "LifeType", UNKNOWN))
    assert asset.diff(id_, state, preview) == ("DIFF_SOME", [], False)
    following = asset.inputs(wanted(objects, "LifeType", form_state["revision"]))
    assert asset.diff(id_, state, following) == ("DIFF_SOME", [], False)
    state = asset.update(id_, state, following)
    assert state["revision"] == "2"
    assert state["form_revisions"] == {"AssetForm": form_state["revision"], "RelationalTableFormType": system}
    shown = client("datazone").get_asset_type(domainIdentifier=objects.domain, identifier="LifeType")
    assert shown["formsOutput"]["AssetForm"]["typeRevision"] == form_state["revision"]
    asset.settled(id_, state, following)

    asset.delete(id_, state)
    asset.delete(id_, state)
    assert asset.read(id_, state)[0] == ""


def test_in_use_lists_the_assets(asset: Driver, form: Any, client: Client, objects: DomainObjects) -> None:
    forms = {"AssetForm": {"type_identifier": "AssetForm", "type_revision": "1", "required": False}}
    id_, state = asset.create(asset.inputs(wanted(objects, "UsedType", forms=forms)))
    datazone = client("datazone")
    made = datazone.create_asset(
        domainIdentifier=objects.domain,
        name="topic-1",
        typeIdentifier="UsedType",
        owningProjectIdentifier=objects.producer,
    )
    with pytest.raises(
        Failed, match=rf"UsedType cannot be deleted while 1 asset\(s\) use it: topic-1 \({made['id']}\)"
    ):
        asset.delete(id_, state)
    assert asset.read(id_, state)[0] == id_
    datazone.delete_asset(domainIdentifier=objects.domain, identifier=made["id"])
    asset.delete(id_, state)


def test_existing_is_refused_and_adopted(asset: Driver, form: Any, client: Client, objects: DomainObjects) -> None:
    client("datazone").create_asset_type(
        domainIdentifier=objects.domain, name="FoundType", owningProjectIdentifier=objects.producer, formsInput={}
    )
    with pytest.raises(Failed, match=r"(?s)FoundType exists already.*forms.*adopt_existing"):
        asset.create(asset.inputs(wanted(objects, "FoundType")))
    inputs = asset.inputs(wanted(objects, "FoundType", adopt_existing=True))
    id_, state = asset.create(inputs)
    assert state["revision"] == "2"
    asset.settled(id_, state, inputs)


def test_drift_of_forms_is_seen(asset: Driver, form: Any, client: Client, objects: DomainObjects) -> None:
    inputs = asset.inputs(wanted(objects, "DriftType"))
    id_, state = asset.create(inputs)
    client("datazone").create_asset_type(
        domainIdentifier=objects.domain, name="DriftType", owningProjectIdentifier=objects.producer, formsInput={}
    )
    _, outs, _ = asset.read(id_, state)
    assert outs.get("forms", {}) == {}
    assert asset.diff(id_, outs, inputs) == ("DIFF_SOME", [], False)
    repaired = asset.update(id_, outs, inputs)
    assert set(repaired["form_revisions"]) == {"AssetForm", "RelationalTableFormType"}
    asset.settled(id_, repaired, inputs)


def test_unknown_form_revision_is_a_clear_error(asset: Driver, form: Any, objects: DomainObjects) -> None:
    forms = {"AssetForm": {"type_identifier": "NoSuchForm", "required": True}}
    with pytest.raises(Failed, match="datazone:GetFormType failed with ResourceNotFoundException"):
        asset.create(asset.inputs(wanted(objects, "NoForm", forms=forms)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "Msk-Topic"}, "could not refer to any other name"),
        ({"forms": None}, "forms must be a map"),
        ({"forms": {f"F{n}": {"type_identifier": "F"} for n in range(11)}}, "at most 10 forms, got 11"),
        ({"forms": {"a.b": {"type_identifier": "F"}}}, "has the form name 'a.b'"),
        ({"forms": {"F": {"type_identifier": "a-b"}}}, "needs the name of a form type"),
        ({"forms": {"F": {"required": True}}}, "needs the name of a form type, got null"),
        ({"forms": {"F": {"type_identifier": "F", "revision": "1"}}}, "unknown key revision"),
        ({"forms": {"F": {"type_identifier": "F", "type_revision": "1.0"}}}, "no legal revision"),
        ({"owning_project_id": "x" * 37}, "owning_project_id must be the id"),
    ],
)
def test_check_tells_what_is_wrong(asset: Driver, objects: DomainObjects, change: dict[str, Any], reason: str) -> None:
    inputs = {**wanted(objects, "Type"), **change}
    _, failures = asset.check({key: value for key, value in inputs.items() if value is not None})
    assert len(failures) == 1, failures
    assert reason in failures[0]
