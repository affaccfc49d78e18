from __future__ import annotations

from typing import Any

import pytest

from streamgov_pulumi.providers import RuleProvider
from streamgov_pulumi.providers.session import wait_for
from tests.provider.conftest import UNKNOWN, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import Client, EmulatorProcess

pytestmark = pytest.mark.emulator
ASK, PUBLISH = "CREATE_SUBSCRIPTION_REQUEST", "CREATE_LISTING_CHANGE_SET"


@pytest.fixture(scope="module")
def rule(stub: Process, client: Client, objects: DomainObjects) -> Driver:
    for name in ("RuleFormA", "RuleFormB"):
        client("datazone").create_form_type(
            domainIdentifier=objects.domain,
            name=name,
            model={"smithy": f"structure {name} {{ access: String }}"},
            owningProjectIdentifier=objects.producer,
            status="ENABLED",
        )
    return Driver(stub, RuleProvider())


def form(name: str = "RuleFormA", revision: str = "1") -> dict[str, str]:
    return {"type_identifier": name, "type_revision": revision}


def wanted(objects: DomainObjects, name: str, **more: Any) -> dict[str, Any]:
    made = {
        "domain_id": objects.domain,
        "name": name,
        "action": ASK,
        "asset_types": ["TypeA", "TypeB"],
        "metadata_forms": [form()],
        **session(),
        **more,
    }
    return {key: value for key, value in made.items() if value is not None}


def live(client: Client, objects: DomainObjects, state: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client("datazone").get_rule(domainIdentifier=objects.domain, identifier=state["rule_id"])
    return found


def root(client: Client, objects: DomainObjects) -> str:
    return str(client("datazone").get_domain(identifier=objects.domain)["rootDomainUnitId"])


def test_life(rule: Driver, client: Client, objects: DomainObjects) -> None:
    inputs = rule.inputs(wanted(objects, "life", description="why"))
    assert (inputs["include_child_domain_units"], inputs["data_products"]) == (True, False)
    id_, state = rule.create(inputs)
    assert id_ == f"{objects.domain}|rule|{state['rule_id']}"
    assert (state["unit_id"], state["is_root"]) == (root(client, objects), True)
    rule.settled(id_, state, inputs)
    made = live(client, objects, state)
    assert made["ruleType"] == "METADATA_FORM_ENFORCEMENT"
    assert made["target"]["domainUnitTarget"] == {"domainUnitId": state["unit_id"], "includeChildDomainUnits": True}
    assert made["scope"] == {
        "assetType": {"selectionMode": "SPECIFIC", "specificAssetTypes": ["TypeA", "TypeB"]},
        "project": {"selectionMode": "ALL"},
        "dataProduct": False,
    }

    changed = rule.inputs(
        wanted(
            objects,
            "life again",
            asset_types=None,
            projects=[objects.producer],
            data_products=True,
            include_child_domain_units=False,
            metadata_forms=[form("RuleFormB"), form()],
        )
    )
    assert rule.diff(id_, state, changed) == ("DIFF_SOME", [], False)
    state = rule.update(id_, state, changed)
    now = live(client, objects, state)
    assert (now["name"], now["revision"], now.get("description") or None) == ("life again", "2", None)
    assert now["scope"] == {
        "assetType": {"selectionMode": "ALL"},
        "project": {"selectionMode": "SPECIFIC", "specificProjects": [objects.producer]},
        "dataProduct": True,
    }
    assert now["target"]["domainUnitTarget"]["includeChildDomainUnits"] is False
    rule.settled(id_, state, changed)
    # The order of forms, types and projects means nothing.
    reordered = {**changed, "metadata_forms": [form(), form("RuleFormB")]}
    assert rule.diff(id_, state, reordered) == ("DIFF_NONE", [], False)

    rule.delete(id_, state)
    rule.delete(id_, state)
    assert rule.read(id_, state)[0] == ""


def test_a_form_is_demanded_of_requests(rule: Driver, client: Client, objects: DomainObjects) -> None:
    """What the rule is for: DataZone refuses a request that does not bring the form in the pinned revision."""
    datazone = client("datazone")
    where = {"domainIdentifier": objects.domain}
    datazone.create_asset_type(**where, name="RuleType", owningProjectIdentifier=objects.producer, formsInput={})
    asset = datazone.create_asset(
        **where, name="a", typeIdentifier="RuleType", owningProjectIdentifier=objects.producer, formsInput=[]
    )
    published = datazone.create_listing_change_set(
        **where, entityIdentifier=asset["id"], entityType="ASSET", action="PUBLISH"
    )
    listing = published["listingId"]
    wait_for("the listing", lambda: datazone.get_listing(**where, identifier=listing)["status"] == "ACTIVE", every=0.1)
    asking = {
        **where,
        "requestReason": "r",
        "subscribedListings": [{"identifier": listing}],
        "subscribedPrincipals": [{"project": {"identifier": objects.consumer}}],
    }
    id_, state = rule.create(rule.inputs(wanted(objects, "demand", asset_types=["RuleType"])))
    with pytest.raises(datazone.exceptions.ValidationException, match="RuleFormA"):
        datazone.create_subscription_request(**asking)
    rule.delete(id_, state)
    assert datazone.create_subscription_request(**asking)["status"] == "PENDING"


def test_the_root_unit_may_be_named_or_not(rule: Driver, client: Client, objects: DomainObjects) -> None:
    inputs = rule.inputs(wanted(objects, "root"))
    id_, state = rule.create(inputs)
    named = rule.inputs(wanted(objects, "root", domain_unit_id=root(client, objects)))
    assert rule.diff(id_, state, named) == ("DIFF_NONE", [], False)
    rule.delete(id_, state)
    id_, state = rule.create(named)
    assert rule.diff(id_, state, inputs) == ("DIFF_NONE", [], False)
    elsewhere = client("datazone").create_domain_unit(
        domainIdentifier=objects.domain, name="below", parentDomainUnitIdentifier=root(client, objects)
    )["id"]
    moved = rule.inputs(wanted(objects, "root", domain_unit_id=elsewhere))
    # A name is taken in its own unit only: the new rule is there before the old one goes.
    assert rule.diff(id_, state, moved) == ("DIFF_SOME", ["domain_unit_id"], False)
    rule.delete(id_, state)
    id_, state = rule.create(moved)
    assert (state["unit_id"], state["is_root"]) == (elsewhere, False)
    # Here the root is another place, and leaving the unit out means it.
    assert rule.diff(id_, state, inputs) == ("DIFF_SOME", ["domain_unit_id"], False)
    rule.settled(id_, state, moved)
    rule.delete(id_, state)


def test_what_cannot_change_in_place_replaces(rule: Driver, objects: DomainObjects) -> None:
    old = {**rule.inputs(wanted(objects, "fixed")), "rule_id": "r1", "unit_id": "u1", "is_root": True}
    same = rule.inputs(wanted(objects, "fixed"))
    for change, key, first in (
        ({"domain_id": UNKNOWN}, "domain_id", False),
        ({"action": PUBLISH}, "action", True),
        ({"domain_unit_id": UNKNOWN}, "domain_unit_id", False),
    ):
        assert rule.diff("x", old, {**same, **change}) == ("DIFF_SOME", [key], first)
    terms = rule.inputs(wanted(objects, "fixed", metadata_forms=None, glossary_terms=["term1"]))
    assert rule.diff("x", old, terms) == ("DIFF_SOME", ["metadata_forms"], True)
    # A form that is being revised is an update in place.
    revised = {**same, "metadata_forms": [{"type_identifier": "RuleFormA", "type_revision": UNKNOWN}]}
    assert rule.diff("x", old, revised) == ("DIFF_SOME", [], False)


def test_existing_is_refused_then_adopted(rule: Driver, client: Client, objects: DomainObjects) -> None:
    id_, state = rule.create(rule.inputs(wanted(objects, "mine", description="old")))
    with pytest.raises(Failed, match=r'(?s)already has a rule named mine .*description: "old" there.*adopt_existing'):
        rule.create(rule.inputs(wanted(objects, "mine")))
    with pytest.raises(Failed, match="its action and kind cannot be changed"):
        rule.create(rule.inputs(wanted(objects, "mine", action=PUBLISH, adopt_existing=True)))
    adopting = rule.inputs(wanted(objects, "mine", adopt_existing=True, asset_types=["TypeC"]))
    adopted_id, adopted = rule.create(adopting)
    assert adopted_id == id_
    assert live(client, objects, state)["scope"]["assetType"]["specificAssetTypes"] == ["TypeC"]
    assert live(client, objects, state).get("description") in (None, "")
    rule.settled(adopted_id, adopted, adopting)
    rule.delete(id_, state)


def test_drift_is_seen_and_repaired(rule: Driver, client: Client, objects: DomainObjects) -> None:
    inputs = rule.inputs(wanted(objects, "drift"))
    id_, state = rule.create(inputs)
    client("datazone").update_rule(
        domainIdentifier=objects.domain,
        identifier=state["rule_id"],
        description="by hand",
        scope={"assetType": {"selectionMode": "ALL"}},
    )
    _, outs, read_inputs = rule.read(id_, state)
    assert read_inputs["description"] == "by hand"
    assert "asset_types" not in read_inputs
    assert rule.diff(id_, outs, inputs) == ("DIFF_SOME", [], False)
    state = rule.update(id_, outs, inputs)
    rule.settled(id_, state, inputs)
    rule.delete(id_, state)


@pytest.mark.parametrize("kind", ["timeout_after", "throttle"])
def test_a_lost_answer_makes_no_second_rule(
    rule: Driver, emulator: EmulatorProcess, client: Client, objects: DomainObjects, kind: str
) -> None:
    emulator.admin(
        "POST", "faults", {"service": "datazone", "operation": "CreateRule", "kind": kind, "times": 2}
    )  # fmt: skip
    try:
        id_, state = rule.create(rule.inputs(wanted(objects, f"lost {kind}")))
    finally:
        emulator.admin("DELETE", "faults")
    listed = client("datazone").list_rules(
        domainIdentifier=objects.domain, targetType="DOMAIN_UNIT", targetIdentifier=state["unit_id"]
    )["items"]
    assert [item["identifier"] for item in listed if item["name"] == f"lost {kind}"] == [state["rule_id"]]
    rule.delete(id_, state)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "no/slash"}, "name must be 1 to 256 letters, digits, '_', '-' and spaces"),
        ({"name": None}, "name is required"),
        ({"action": None}, f"action is required: one of {PUBLISH}, {ASK}"),
        ({"action": "SUBSCRIBE"}, "action must be one of"),
        ({"domain_unit_id": "Upper"}, "domain_unit_id must be the id of a domain unit"),
        ({"asset_types": []}, "asset_types must be a list of at least one"),
        ({"asset_types": "TypeA"}, "asset_types must be a list of at least one"),
        ({"asset_types": ["a-b"]}, 'asset_types must hold asset type names, got "a-b"'),
        ({"asset_types": ["A", "A"]}, 'asset_types names "A" twice'),
        ({"projects": ["a b"]}, "projects must hold project ids"),
        ({"metadata_forms": None}, "metadata_forms or glossary_terms is required"),
        ({"glossary_terms": ["t"]}, "only one of the two"),
        (
            {"metadata_forms": [form(f"F{n}") for n in range(6)]},
            "may name at most 5 (DataZone's limit for a rule), got 6",
        ),
        ({"metadata_forms": ["RuleFormA"]}, "must hold maps of type_identifier and type_revision"),
        ({"metadata_forms": [{"type_identifier": "F"}]}, "must hold maps of type_identifier and type_revision"),
        ({"metadata_forms": [form(".x")]}, "must hold maps of type_identifier and type_revision"),
        ({"metadata_forms": [form(), form()]}, "twice"),
        ({"description": "x" * 2049}, "description must be text of at most 2048 characters"),
        ({"data_products": "yes"}, "data_products must be true or false"),
        ({"scope": {}}, "scope is not an input of this resource"),
    ],
)
def test_check_tells_what_is_wrong(rule: Driver, objects: DomainObjects, change: dict[str, Any], reason: str) -> None:
    _, failures = rule.check(
        wanted(objects, change.get("name", "bad"), **{k: v for k, v in change.items() if k != "name"})
    )
    assert len(failures) == 1, failures
    assert reason in failures[0]


def test_check_lets_unknowns_pass(rule: Driver, objects: DomainObjects) -> None:
    later = {"type_identifier": UNKNOWN, "type_revision": UNKNOWN}
    news = wanted(
        objects, "later", domain_unit_id=UNKNOWN, asset_types=UNKNOWN, projects=[UNKNOWN], metadata_forms=[later]
    )
    assert rule.check(news)[1] == []
    half = {"type_identifier": "a-b", "type_revision": UNKNOWN}
    assert len(rule.check(wanted(objects, "later", metadata_forms=[half]))[1]) == 1
