"""The designation of data sources in a V2 domain: made with the asset type, held by members of many projects."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from streamgov_core.deploy.data_source_permissions import ASSET_OPERATIONS
from streamgov_core.deploy.iam_statements import function_trust
from streamgov_pulumi.providers import ProjectMembershipProvider, TypeDesignationProvider
from tests.provider.conftest import DomainObjects, Driver, Failed, Process, session
from tests.provider.test_studio_membership import Studio, anew, policies
from tests.sandbox import DOMAIN, Client, EmulatorProcess

pytestmark = pytest.mark.emulator
NAME, TYPE = "streamgov-sync-msk", "MskTopicAssetType"
USE = {"entityType": "ASSET_TYPE", "entityIdentifier": TYPE, "policyType": "USE_ASSET_TYPE"}


class Governed(Studio):
    """A V2 domain with an asset type, whose project is in the root unit; the data source's is in a unit below."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.open_pool(self.root, children=True)
        self.owner = self.datazone.create_project(domainIdentifier=self.domain, name="types")["id"]
        self.datazone.create_asset_type(
            domainIdentifier=self.domain, name=TYPE, owningProjectIdentifier=self.owner, formsInput={}
        )

    def designation(self, **more: Any) -> dict[str, Any]:
        return {
            "domain_id": self.domain,
            "name": NAME,
            "asset_type": TYPE,
            "owning_project_id": self.owner,
            "operations": list(ASSET_OPERATIONS),
            "domain_unit_id": self.root,
            **session(),
            **more,
        }

    def writing(self, **more: Any) -> dict[str, Any]:
        held = {"operations": list(ASSET_OPERATIONS), "designation_name": NAME, "asset_type": TYPE}
        return self.wanted(**held, **more)

    def grants(self) -> list[dict[str, Any]]:
        listed = self.datazone.list_policy_grants(domainIdentifier=self.domain, **USE)["grantList"]
        return [grant["principal"]["project"] for grant in listed]

    def held(self) -> list[str]:
        return [item.get("userCreatedDesignationId") or item["designation"] for item in self.members()]

    def take_out(self, identifier: str, operation: str) -> None:
        """Somebody edits the designation."""
        kept = ", ".join(f'DataZone::Action::"{one}"' for one in ASSET_OPERATIONS if one != operation)
        self.datazone.update_designation(
            domainIdentifier=self.domain,
            identifier=identifier,
            policy=f"permit(principal, action in [{kept}], resource);",
        )


@pytest.fixture
def governed(client: Client) -> Governed:
    return Governed(client)


@pytest.fixture(scope="module")
def writers(stub: Process) -> Driver:
    return Driver(stub, TypeDesignationProvider())


@pytest.fixture(scope="module")
def member(stub: Process) -> Driver:
    return Driver(stub, ProjectMembershipProvider())


def test_it_permits_what_data_sources_call_and_may_use_the_type(writers: Driver, governed: Governed) -> None:
    inputs = writers.inputs(governed.designation())
    id_, state = writers.create(inputs)
    assert (id_, state["domain_version"]) == (f"{governed.domain}|designation|{NAME}", "V2")
    actions = ", ".join(f'DataZone::Action::"{one}"' for one in sorted(ASSET_OPERATIONS))
    assert policies(governed) == {NAME: f"permit(principal, action in [{actions}], resource);"}
    held = {"projectDesignation": "USER_CREATED_DESIGNATION", "userCreatedDesignationId": state["designation_id"]}
    reach = {"domainUnitFilter": {"domainUnit": governed.root, "includeChildDomainUnits": True}}
    own, unit = {**held, "projectIdentifier": governed.owner}, {**held, "projectGrantFilter": reach}
    assert governed.grants() == [own, unit]
    writers.settled(id_, state, inputs)
    # Without the domain unit the type's own project may use it, and no other.
    closed = {key: value for key, value in inputs.items() if key != "domain_unit_id"}
    assert writers.diff(id_, state, closed)[:2] == ("DIFF_SOME", [])
    state = writers.update(id_, state, closed)
    assert governed.grants() == [own]
    writers.delete(id_, state)
    assert (policies(governed), governed.grants()) == ({}, [])
    writers.delete(id_, state)
    assert writers.read(id_, state)[1]["designation_id"] == ""


def test_members_of_many_projects_hold_the_one_designation(
    writers: Driver, member: Driver, client: Client, governed: Governed
) -> None:
    id_, state = writers.create(writers.inputs(governed.designation()))
    second = client("datazone").create_project(domainIdentifier=governed.domain, name="q")["id"]
    made = [member.create(member.inputs(governed.writing(project_id=one))) for one in (governed.project, second)]
    assert {found["held_designation"] for _, found in made} == {state["designation_id"]}
    member.settled(*made[0], member.inputs(governed.writing()))
    # It is the domain's stack's: it goes with neither, and stays while one holds it.
    member.delete(*made[0])
    writers.delete(id_, state)
    assert list(policies(governed)) == [NAME] and len(governed.grants()) == 2
    member.delete(*made[1])
    assert list(policies(governed)) == [NAME]
    writers.delete(id_, state)
    assert (policies(governed), governed.grants()) == ({}, [])


def test_a_stack_that_comes_first_has_a_contributor_until_the_domains_has_run(
    writers: Driver, member: Driver, governed: Governed
) -> None:
    inputs = member.inputs(governed.writing())
    id_, state = member.create(inputs)
    assert governed.held() == [state["held_designation"]] == ["PROJECT_CONTRIBUTOR"]
    member.settled(id_, state, inputs)
    assert f"has no designation '{NAME}' yet, which the domain's own stack makes" in member.told()
    _, made = writers.create(writers.inputs(governed.designation()))
    assert member.diff(id_, state, inputs)[:2] == ("DIFF_SOME", [])
    state = member.update(id_, state, inputs)
    assert governed.held() == [state["held_designation"]] == [made["designation_id"]]
    member.settled(id_, state, inputs)
    # ownDesignations: false
    managed = member.inputs(governed.wanted())
    assert member.diff(id_, state, managed)[:2] == ("DIFF_SOME", [])
    member.update(id_, state, managed)
    assert governed.held() == ["PROJECT_CONTRIBUTOR"]
    assert list(policies(governed)) == [NAME]


def test_what_the_designation_lacks_is_said_by_both_and_given_back_by_one(
    writers: Driver, member: Driver, governed: Governed
) -> None:
    inputs, membership = writers.inputs(governed.designation()), member.inputs(governed.writing())
    id_, state = writers.create(inputs)
    made = member.create(membership)
    governed.take_out(state["designation_id"], "CreateAssetRevision")
    lacking = f"the designation '{NAME}' of domain {governed.domain} does not permit CreateAssetRevision"
    writers.told()
    again, found = anew(membership, made[1])
    # The stack of the data source can change nothing there, and does not take away what still works.
    assert member.diff(made[0], found, again)[0] == "DIFF_NONE"
    told = writers.told()
    assert lacking in told and "`pulumi up` of the domain's own stack gives that back" in told
    assert member.update(made[0], found, again)["held_designation"] == state["designation_id"]
    inputs, state = anew(inputs, state)
    assert writers.diff(id_, state, inputs)[:2] == ("DIFF_SOME", [])
    assert lacking in writers.told()
    state = writers.update(id_, state, inputs)
    assert writers.diff(id_, state, inputs)[0] == "DIFF_NONE"
    # A grant of the asset type counts as well.
    principal = governed.grants()[1]
    governed.datazone.remove_policy_grant(domainIdentifier=governed.domain, principal={"project": principal}, **USE)
    writers.told()
    assert member.diff(made[0], found, again)[0] == "DIFF_NONE"
    assert f"project {governed.project} may not use asset type {TYPE}" in writers.told()
    assert writers.diff(id_, state, inputs)[:2] == ("DIFF_SOME", [])
    assert f"may not use asset type {TYPE} any more" in writers.told()
    writers.update(id_, state, inputs)
    assert principal in governed.grants()


def test_a_member_of_a_newer_release_works_before_the_domains_stack_is_upgraded(
    writers: Driver, member: Driver, governed: Governed
) -> None:
    fewer = {"operations": ["CreateAsset", "GetAsset"]}
    inputs = writers.inputs(governed.designation(**fewer))
    id_, state = writers.create(inputs)
    older = member.inputs({**governed.writing(), **fewer})
    made = member.create(older)
    newer = member.inputs(governed.writing())
    assert member.diff(*made, newer)[:2] == ("DIFF_SOME", [])
    found = member.update(*made, newer)
    assert governed.held() == [found["held_designation"]] == ["PROJECT_CONTRIBUTOR"]
    upgraded = writers.update(id_, state, writers.inputs(governed.designation()))
    newer, found = anew(newer, found)
    assert member.diff(made[0], found, newer)[:2] == ("DIFF_SOME", [])
    member.update(made[0], found, newer)
    assert governed.held() == [upgraded["designation_id"]]


def test_a_new_member_does_not_take_a_designation_that_would_stop_it(
    writers: Driver, member: Driver, governed: Governed
) -> None:
    _, state = writers.create(writers.inputs(governed.designation()))
    governed.take_out(state["designation_id"], "CreateAsset")
    member.create(member.inputs(governed.writing()))
    assert governed.held() == ["PROJECT_CONTRIBUTOR"]
    assert "does not permit CreateAsset" in writers.told()


@pytest.mark.parametrize("fault", ["CreateDesignation", "AddPolicyGrant"])
def test_where_it_may_not_be_made_members_are_contributors(
    writers: Driver,
    member: Driver,
    governed: Governed,
    emulator: EmulatorProcess,
    fault: str,
) -> None:
    emulator.admin("POST", "faults", {"service": "datazone", "operation": fault, "kind": "access_denied", "times": 2})
    inputs = writers.inputs(governed.designation())
    id_, state = writers.create(inputs)
    emulator.admin("DELETE", "faults")
    assert (state["designation_id"], policies(governed), governed.grants()) == ("", {}, [])
    assert fault in writers.told()
    assert writers.diff(id_, state, inputs)[0] == "DIFF_NONE"
    member.create(member.inputs(governed.writing()))
    assert governed.held() == ["PROJECT_CONTRIBUTOR"]
    # Once it may, a refresh lets the next update try again.
    _, seen, _ = writers.read(id_, state)
    assert writers.diff(id_, seen, inputs)[:2] == ("DIFF_SOME", [])
    assert writers.update(id_, seen, inputs)["designation_id"]


def test_who_may_not_look_at_designations_can_refresh_and_destroy(
    writers: Driver, governed: Governed, emulator: EmulatorProcess
) -> None:
    inputs = writers.inputs(governed.designation())
    id_, state = writers.create(inputs)
    emulator.admin(
        "POST", "faults", {"service": "datazone", "operation": "ListDesignations", "kind": "access_denied", "times": 9}
    )
    writers.told()
    assert writers.read(id_, state)[1] == state
    writers.delete(id_, state)
    assert f"the designation '{NAME}' stays in domain {governed.domain}" in writers.told()
    none = {**state, "designation_id": ""}
    writers.delete(id_, none)
    assert writers.told() == ""
    emulator.admin("DELETE", "faults")
    assert list(policies(governed)) == [NAME]


def test_a_full_asset_type_is_said(writers: Driver, governed: Governed) -> None:
    for number in range(20):
        governed.datazone.add_policy_grant(
            domainIdentifier=governed.domain,
            principal={"project": {"projectDesignation": "OWNER", "projectIdentifier": f"p{number}"}},
            detail={"useAssetType": {}},
            **USE,
        )
    _, state = writers.create(writers.inputs(governed.designation()))
    assert (state["designation_id"], policies(governed)) == ("", {})
    told = writers.told()
    assert f"asset type {TYPE} cannot be opened to the designation" in told and "a type takes 20 grants" in told


def test_a_designation_of_somebody_else_is_not_taken(writers: Driver, governed: Governed) -> None:
    governed.datazone.create_designation(
        domainIdentifier=governed.domain, name=NAME, policy="permit(principal, action, resource);"
    )
    with pytest.raises(Failed, match="that this deployment did not make"):
        writers.create(writers.inputs(governed.designation()))
    assert governed.grants() == []


def test_a_v1_domain_has_none_until_it_becomes_v2(
    writers: Driver, member: Driver, client: Client, emulator: EmulatorProcess
) -> None:
    datazone = client("datazone")
    made = datazone.create_domain(name="upgraded", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")
    domain = made["id"]
    project = datazone.create_project(domainIdentifier=domain, name="p")["id"]
    datazone.create_asset_type(domainIdentifier=domain, name=TYPE, owningProjectIdentifier=project, formsInput={})
    role = client("iam").create_role(
        RoleName=f"source-{domain}", AssumeRolePolicyDocument=json.dumps(function_trust())
    )["Role"]["Arn"]
    operations = {"operations": list(ASSET_OPERATIONS)}
    where = {"domain_id": domain, "name": NAME, "asset_type": TYPE, "owning_project_id": project, **session()}
    inputs = writers.inputs({**where, **operations})
    id_, state = writers.create(inputs)
    assert (state["domain_version"], state["designation_id"]) == ("V1", "")
    fewer = {**inputs, "operations": ["CreateAsset"]}
    assert writers.diff(id_, state, fewer)[0] == "DIFF_NONE"
    writers.settled(id_, state, inputs)
    held = {"user_identifier": role, "project_id": project, "designation_name": NAME, "asset_type": TYPE}
    membership = member.inputs({"domain_id": domain, **held, **operations, **session()})
    made_member = member.create(membership)
    assert made_member[1]["held_designation"] == "PROJECT_CONTRIBUTOR"
    member.settled(*made_member, membership)

    body = json.dumps({"upgrade": domain}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{emulator.endpoint}/_emulator/datazone", body, method="POST")
    ).close()
    datazone.add_policy_grant(
        domainIdentifier=domain,
        entityType="DOMAIN_UNIT",
        entityIdentifier=made["rootDomainUnitId"],
        policyType="ADD_TO_PROJECT_MEMBER_POOL",
        principal={"user": {"allUsersGrantFilter": {}}},
        detail={"addToProjectMemberPool": {"includeChildDomainUnits": True}},
    )
    inputs, state = anew(inputs, state)
    assert writers.diff(id_, state, inputs)[:2] == ("DIFF_SOME", [])
    state = writers.update(id_, state, inputs)
    assert state["designation_id"]
    membership, found = anew(membership, made_member[1])
    assert member.diff(made_member[0], found, membership)[1] == ["domain_id"]
    member.delete(made_member[0], found)
    assert member.create(member.inputs(membership))[1]["held_designation"] == state["designation_id"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"operations": []}, "must list operations of DataZone's API"),
        ({"operations": None}, "operations is required"),
        ({"name": "a/b"}, "name must be 1 to 64 letters"),
        ({"asset_type": "amazon.datazone.X"}, "asset_type must be the name of an asset type"),
        ({"domain_unit_id": "A B"}, "domain_unit_id must be the id of a domain unit"),
    ],
)
def test_what_is_wrong_is_said(writers: Driver, objects: DomainObjects, given: dict[str, Any], sentence: str) -> None:
    where = {"domain_id": objects.domain, "owning_project_id": objects.producer, **session()}
    wanted = {**where, "name": NAME, "asset_type": TYPE, "operations": ["CreateAsset"], **given}
    _, [failure] = writers.check(wanted)
    assert sentence in failure


def test_a_type_needs_the_designations_name(member: Driver, governed: Governed) -> None:
    _, [failure] = member.check(governed.wanted(asset_type=TYPE))
    assert failure == "asset_type needs operations and designation_name"
