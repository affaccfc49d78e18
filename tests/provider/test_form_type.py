from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_pulumi.providers import FormTypeProvider
from tests.provider.conftest import CONSUMER, UNKNOWN, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import DOMAIN, Client

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def form(stub: Process) -> Driver:
    return Driver(stub, FormTypeProvider())


def model(name: str, *members: str) -> str:
    return f"structure {name} {{\n" + "\n".join(members or ("@required", "topic: String")) + "\n}"


def wanted(objects: DomainObjects, name: str, **more: Any) -> dict[str, Any]:
    return {
        "domain_id": objects.domain,
        "name": name,
        "model": model(name),
        "owning_project_id": objects.producer,
        "description": "A form",
        **session(),
        **more,
    }


def live(client: Client, objects: DomainObjects, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client("datazone").get_form_type(domainIdentifier=objects.domain, formTypeIdentifier=name)
    return found


def test_life(form: Driver, client: Client, objects: DomainObjects) -> None:
    inputs = form.inputs(wanted(objects, "LifeForm"))
    assert inputs["status"] == "ENABLED"
    id_, state = form.create(inputs)
    assert id_ == f"{objects.domain}|form|LifeForm"
    assert state == {**inputs, "revision": "1"}
    form.settled(id_, state, inputs)

    changed = form.inputs(wanted(objects, "LifeForm", model=model("LifeForm", "topic: String", "note: String")))
    assert form.diff(id_, state, changed) == ("DIFF_SOME", [], False)
    state = form.update(id_, state, changed)
    assert state["revision"] == "2"
    assert "note" in live(client, objects, "LifeForm")["model"]["smithy"]
    form.settled(id_, state, changed)

    form.delete(id_, state)
    with pytest.raises(client("datazone").exceptions.ResourceNotFoundException):
        live(client, objects, "LifeForm")
    form.delete(id_, state)  # gone already: done
    assert form.read(id_, state)[0] == ""


def test_same_meaning_is_no_change(form: Driver, objects: DomainObjects) -> None:
    inputs = form.inputs(wanted(objects, "DressForm"))
    id_, state = form.create(inputs)
    text = '// spaced\n$version: "2"\nnamespace a.b\nstructure   DressForm { @required   topic: smithy.api#String, }'
    again = form.inputs(wanted(objects, "DressForm", model=text))
    assert form.diff(id_, state, again) == ("DIFF_NONE", [], False)


@pytest.mark.parametrize(
    ("key", "value"), [("name", "Other"), ("domain_id", "dzd-other12345678"), ("owning_project_id", "other")]
)
def test_what_cannot_change_in_place_replaces_after_deleting(
    form: Driver, objects: DomainObjects, key: str, value: str
) -> None:
    old = {**wanted(objects, "Fixed"), "status": "ENABLED", "adopt_existing": False, "revision": "1"}
    new = {k: v for k, v in old.items() if k != "revision"} | {key: value}
    assert form.diff("x", old, new) == ("DIFF_SOME", [key], True)


def test_unknown_is_a_change(form: Driver, objects: DomainObjects) -> None:
    old = {**wanted(objects, "Fixed"), "status": "ENABLED", "adopt_existing": False, "revision": "1"}
    new = {k: v for k, v in old.items() if k != "revision"} | {"domain_id": UNKNOWN}
    assert form.diff("x", old, new) == ("DIFF_SOME", ["domain_id"], True)


def test_existing_is_refused_and_adopted_on_request(form: Driver, client: Client, objects: DomainObjects) -> None:
    client("datazone").create_form_type(
        domainIdentifier=objects.domain,
        name="FoundForm",
        model={"smithy": model("FoundForm", "other: String")},
        owningProjectIdentifier=objects.producer,
        status="ENABLED",
        description="Somebody's",
    )
    with pytest.raises(Failed, match=r"(?s)exists already.*other is removed.*adopt_existing"):
        form.create(form.inputs(wanted(objects, "FoundForm")))
    assert live(client, objects, "FoundForm")["revision"] == "1"
    with pytest.raises(Failed, match=r"cannot follow: FoundForm.other is removed; FoundForm.topic is added and requir"):
        form.create(form.inputs(wanted(objects, "FoundForm", adopt_existing=True)))
    assert live(client, objects, "FoundForm")["revision"] == "1"
    inputs = form.inputs(wanted(objects, "FoundForm", adopt_existing=True, allow_breaking=True))
    id_, state = form.create(inputs)
    assert state["revision"] == "2"
    form.settled(id_, state, inputs)
    # Dropping the flags afterwards calls nothing.
    later = form.inputs(wanted(objects, "FoundForm"))
    assert form.diff(id_, state, later) == ("DIFF_SOME", [], False)
    assert form.update(id_, state, later)["revision"] == "2"


def test_adopting_what_is_equal_makes_no_revision(form: Driver, client: Client, objects: DomainObjects) -> None:
    form.create(form.inputs(wanted(objects, "EqualForm")))
    _, state = form.create(form.inputs(wanted(objects, "EqualForm", adopt_existing=True)))
    assert state["revision"] == "1"


def test_drift_is_seen_and_repaired(form: Driver, client: Client, objects: DomainObjects) -> None:
    inputs = form.inputs(wanted(objects, "DriftForm"))
    id_, state = form.create(inputs)
    client("datazone").create_form_type(
        domainIdentifier=objects.domain,
        name="DriftForm",
        model={"smithy": model("DriftForm", "hand: String")},
        owningProjectIdentifier=objects.producer,
        status="ENABLED",
    )
    _, outs, read_inputs = form.read(id_, state)
    assert "hand" in outs["model"]
    assert "description" not in outs
    assert read_inputs["model"] == outs["model"]
    assert form.diff(id_, outs, inputs) == ("DIFF_SOME", [], False)
    repaired = form.update(id_, outs, inputs)
    assert repaired["revision"] == "3"
    form.settled(id_, repaired, inputs)


def test_a_change_is_judged_before_any_call(form: Driver, client: Client, objects: DomainObjects) -> None:
    old = form.inputs(wanted(objects, "Judged"))
    id_, state = form.create(old)
    safe = wanted(objects, "Judged", model=model("Judged", "@required", "topic: String", "owner: String"))
    assert form.check(safe, old)[1] == []
    for member, told in (
        ("topic: Integer", "Judged.topic changes its type from String to Integer"),
        ("note: String", "Judged.topic is removed"),
        ("@required topic: String @required owner: String", "Judged.owner is added and required"),
    ):
        breaking = wanted(objects, "Judged", model=model("Judged", member))
        [failure] = form.check(breaking, old)[1]
        assert f"assets written so far cannot follow: {told}. Make new fields optional" in failure
        assert form.check({**breaking, "allow_breaking": True}, old)[1] == []
    # What is unknown, and another form type, cannot be judged.
    assert form.check({**safe, "model": UNKNOWN}, old)[1] == []
    assert form.check(wanted(objects, "Other"), old)[1] == []
    # The switch alone is no change.
    assert form.diff(id_, state, form.inputs({**wanted(objects, "Judged"), "allow_breaking": True}))[0] == "DIFF_NONE"
    assert live(client, objects, "Judged")["revision"] == "1"


def test_the_repair_of_drift_is_no_breaking_change(form: Driver, client: Client, objects: DomainObjects) -> None:
    inputs = form.inputs(wanted(objects, "ByHandForm"))
    id_, state = form.create(inputs)
    client("datazone").create_form_type(
        domainIdentifier=objects.domain,
        name="ByHandForm",
        model={"smithy": model("ByHandForm", "hand: String")},
        owningProjectIdentifier=objects.producer,
        status="ENABLED",
    )
    for _ in range(2):  # a second refresh remembers what the first did
        _, state, read_inputs = form.read(id_, state)
    assert "hand" in state["model"]
    assert form.check(inputs, read_inputs)[1] == []
    # A breaking change of the program stays one, however the live form looks.
    breaking = wanted(objects, "ByHandForm", model=model("ByHandForm", "hand: String"))
    assert "ByHandForm.topic is removed" in form.check(breaking, read_inputs)[1][0]
    repaired = form.update(id_, state, inputs)
    assert "declared_model" not in repaired
    form.settled(id_, repaired, inputs)


def test_a_permission_that_the_deployer_lacks_is_named(form: Driver, client: Client, objects: DomainObjects) -> None:
    iam = client("iam", CONSUMER)
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{DOMAIN}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=f"weak-deployer-{objects.producer}", AssumeRolePolicyDocument=document)["Role"][
        "Arn"
    ]
    inputs = form.inputs(wanted(objects, "WeakForm", assume_role_arn=role))
    with pytest.raises(Failed) as refused:
        form.create(inputs)
    told = str(refused.value).strip().splitlines()[-1]
    # A form type that may not be read is looked for in the list of types before it counts as there.
    assert told.startswith("datazone:SearchTypes failed with AccessDenied"), told
    assert "weak-deployer" in told
    assert "is not authorized to perform: datazone:" in told


def test_form_in_use_is_not_deleted_and_stays_enabled(form: Driver, client: Client, objects: DomainObjects) -> None:
    id_, state = form.create(form.inputs(wanted(objects, "UsedForm")))
    datazone = client("datazone")
    datazone.create_asset_type(
        domainIdentifier=objects.domain,
        name="UserOfForm",
        owningProjectIdentifier=objects.producer,
        formsInput={"UsedForm": {"typeIdentifier": "UsedForm", "typeRevision": "1", "required": True}},
    )
    with pytest.raises(Failed, match="UsedForm cannot be deleted: the asset types UserOfForm use it"):
        form.delete(id_, state)
    assert live(client, objects, "UsedForm")["status"] == "ENABLED"
    datazone.delete_asset_type(domainIdentifier=objects.domain, identifier="UserOfForm")
    form.delete(id_, state)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "With-Hyphen"}, "name must be 1 to 128 letters"),
        ({"name": "1st"}, "name must be 1 to 128 letters"),
        ({"domain_id": "dz-1"}, "domain_id must be the id of a DataZone domain"),
        ({"owning_project_id": "a b"}, "owning_project_id must be the id"),
        ({"status": "ON"}, "status must be one of ENABLED, DISABLED"),
        ({"model": "struct Form {}"}, "model is not Smithy: expected 'structure' but found 'struct' in line 1"),
        ({"model": "structure Form {\n a String\n}"}, "found 'String' in line 2"),
        ({"model": "structure Other { a: String }"}, "model must define 'structure Form'"),
        ({"model": ""}, "model must be Smithy text of 1 to 100000 characters"),
        ({"model": None}, "model is required"),
        ({"description": "x" * 2049}, "description must be text of at most 2048"),
        ({"region": "us-east"}, "region must be an AWS region"),
        ({"assume_role_arn": "arn:aws:iam::1:role/a"}, "assume_role_arn must be the ARN of an IAM role"),
        ({"colour": "red"}, "colour is not an input of this resource"),
        ({"adopt_existing": "yes"}, "adopt_existing must be true or false"),
    ],
)
def test_check_tells_what_is_wrong(form: Driver, objects: DomainObjects, change: dict[str, Any], reason: str) -> None:
    inputs = {**wanted(objects, "Form"), **change}
    _, failures = form.check({key: value for key, value in inputs.items() if value is not None})
    assert len(failures) == 1, failures
    assert reason in failures[0]


def test_check_lets_unknowns_pass(form: Driver) -> None:
    news = {
        "domain_id": UNKNOWN,
        "name": UNKNOWN,
        "model": UNKNOWN,
        "owning_project_id": UNKNOWN,
        "description": UNKNOWN,
        "region": UNKNOWN,
    }
    inputs, failures = form.check(news)
    assert failures == []
    assert inputs["domain_id"] == UNKNOWN
