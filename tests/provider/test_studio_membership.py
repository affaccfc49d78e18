"""Memberships of V2 domains: a role is the group of its sessions, and domain units have member pools."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from streamgov_core.deploy.iam_statements import function_trust
from streamgov_pulumi.providers import ProjectMembershipProvider
from tests.provider.conftest import UNKNOWN, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import DOMAIN, Client, EmulatorProcess

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def member(stub: Process) -> Driver:
    return Driver(stub, ProjectMembershipProvider())


class Studio:
    """A V2 domain with one project in a unit below the root."""

    def __init__(self, client: Client) -> None:
        self.datazone = client("datazone")
        made = self.datazone.create_domain(
            name="studio", domainVersion="V2", serviceRole=f"arn:aws:iam::{DOMAIN}:role/service"
        )
        self.domain, self.root = made["id"], made["rootDomainUnitId"]
        self.unit = self.datazone.create_domain_unit(
            domainIdentifier=self.domain, name="unit", parentDomainUnitIdentifier=self.root
        )["id"]
        self.project = self.datazone.create_project(domainIdentifier=self.domain, name="p", domainUnitId=self.unit)[
            "id"
        ]
        self.role = client("iam").create_role(
            RoleName=f"studio-{self.project}", AssumeRolePolicyDocument=json.dumps(function_trust())
        )["Role"]["Arn"]

    def open_pool(self, unit: str, *, children: bool = False) -> None:
        self.datazone.add_policy_grant(
            domainIdentifier=self.domain,
            entityType="DOMAIN_UNIT",
            entityIdentifier=unit,
            policyType="ADD_TO_PROJECT_MEMBER_POOL",
            principal={"user": {"allUsersGrantFilter": {}}},
            detail={"addToProjectMemberPool": {"includeChildDomainUnits": children}},
        )

    def wanted(self, **more: Any) -> dict[str, Any]:
        names = {"domain_id": self.domain, "project_id": self.project, "user_identifier": self.role}
        return {**names, **session(), **more}

    def members(self) -> list[dict[str, Any]]:
        found = self.datazone.list_project_memberships(domainIdentifier=self.domain, projectIdentifier=self.project)
        return [item for item in found["members"] if "group" in item["memberDetails"]]


@pytest.fixture
def studio(client: Client) -> Studio:
    return Studio(client)


def test_a_role_becomes_a_member_as_a_group(member: Driver, studio: Studio) -> None:
    studio.open_pool(studio.root, children=True)
    inputs = member.inputs(studio.wanted())
    id_, state = member.create(inputs)
    assert state["domain_version"] == "V2"
    [held] = studio.members()
    assert held == {
        "memberDetails": {"group": {"groupId": state["member_id"]}},
        "designation": "PROJECT_CONTRIBUTOR",
    }
    member.settled(id_, state, inputs)
    member.delete(id_, state)
    assert studio.members() == []
    assert member.read(id_, state)[0] == ""
    # The group stays: the role may be a member elsewhere.
    assert member.create(inputs)[1]["member_id"] == state["member_id"]


@pytest.mark.parametrize("role_is_known", [True, False])
def test_a_closed_member_pool_is_said_at_preview(member: Driver, studio: Studio, role_is_known: bool) -> None:
    studio.open_pool(studio.unit)
    wanted = studio.wanted() if role_is_known else studio.wanted(user_identifier=UNKNOWN)
    _, [failure] = member.check(wanted)
    assert f"the domain unit {studio.root} does not grant ADD_TO_PROJECT_MEMBER_POOL" in failure
    studio.open_pool(studio.root)
    assert member.check(wanted)[1] == []


def test_both_units_are_named(member: Driver, studio: Studio) -> None:
    _, [failure] = member.check(studio.wanted())
    assert f"the domain units {studio.root}, {studio.unit} do not grant" in failure


def test_a_pool_may_hold_the_roles_group_alone(member: Driver, studio: Studio) -> None:
    group = studio.datazone.create_group_profile(domainIdentifier=studio.domain, rolePrincipalArn=studio.role)["id"]
    studio.datazone.add_policy_grant(
        domainIdentifier=studio.domain,
        entityType="DOMAIN_UNIT",
        entityIdentifier=studio.root,
        policyType="ADD_TO_PROJECT_MEMBER_POOL",
        principal={"group": {"groupIdentifier": group}},
        detail={"addToProjectMemberPool": {"includeChildDomainUnits": True}},
    )
    assert member.create(member.inputs(studio.wanted()))[1]["member_id"] == group


NAME = f"streamgov-sync {DOMAIN} eu-west-1"
OPERATIONS = ["CreateAsset", "GetAsset", "Search"]


def own(**more: Any) -> dict[str, Any]:
    return {"operations": OPERATIONS, "designation_name": NAME, **more}


def policies(studio: Studio) -> dict[str, str]:
    listed = studio.datazone.list_designations(domainIdentifier=studio.domain)["items"]
    read = studio.datazone.get_designation
    return {item["name"]: read(domainIdentifier=studio.domain, identifier=item["id"])["policy"] for item in listed}


def anew(inputs: dict[str, Any], state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The next `pulumi up` is another process, which asks anew; here it is another session that does."""
    role = {"assume_role_arn": f"arn:aws:iam::{DOMAIN}:role/Admin"}
    return {**inputs, **role}, {**state, **role}


def test_a_designation_of_its_own_permits_what_the_member_calls(member: Driver, studio: Studio) -> None:
    studio.open_pool(studio.root, children=True)
    inputs = member.inputs(studio.wanted(**own()))
    id_, state = member.create(inputs)
    [held] = studio.members()
    assert (held["designation"], held["userCreatedDesignationId"]) == (
        "USER_CREATED_DESIGNATION",
        state["held_designation"],
    )
    assert policies(studio) == {
        NAME: 'permit(principal, action in [DataZone::Action::"CreateAsset", DataZone::Action::"GetAsset", '
        'DataZone::Action::"Search"], resource);'
    }
    member.settled(id_, state, inputs)
    # An operation more is a change of the designation, not of the membership.
    more = {**inputs, "operations": [*OPERATIONS, "DeleteAsset"]}
    assert member.diff(id_, state, more)[:2] == ("DIFF_SOME", [])
    state = member.update(id_, state, more)
    assert 'Action::"DeleteAsset"' in policies(studio)[NAME]
    assert studio.members() == [held]
    member.delete(id_, state)
    assert (studio.members(), policies(studio)) == ([], {})


def test_members_of_one_name_share_a_designation(member: Driver, client: Client, studio: Studio) -> None:
    studio.open_pool(studio.root, children=True)
    second = client("datazone").create_project(domainIdentifier=studio.domain, name="q")["id"]
    made = [member.create(member.inputs(studio.wanted(**own(project_id=one)))) for one in (studio.project, second)]
    assert len({state["held_designation"] for _, state in made}) == 1
    member.delete(*made[0])
    assert list(policies(studio)) == [NAME]
    member.delete(*made[1])
    assert policies(studio) == {}


def test_a_contributor_gets_a_designation_of_its_own_and_back(member: Driver, studio: Studio) -> None:
    studio.open_pool(studio.root, children=True)
    inputs = member.inputs(studio.wanted())
    id_, state = member.create(inputs)
    least = member.inputs(studio.wanted(**own()))
    assert member.diff(id_, state, least)[:2] == ("DIFF_SOME", [])
    state = member.update(id_, state, least)
    assert [item["designation"] for item in studio.members()] == ["USER_CREATED_DESIGNATION"]
    state = member.update(id_, state, inputs)
    assert [item["designation"] for item in studio.members()] == ["PROJECT_CONTRIBUTOR"]
    assert policies(studio) == {}
    member.settled(id_, state, inputs)


def test_a_designation_that_lacks_an_operation_is_said_and_mended(member: Driver, studio: Studio) -> None:
    studio.open_pool(studio.root, children=True)
    inputs = member.inputs(studio.wanted(**own()))
    id_, state = member.create(inputs)
    studio.datazone.update_designation(
        domainIdentifier=studio.domain,
        identifier=state["held_designation"],
        policy='permit(principal, action == DataZone::Action::"Search", resource);',
    )
    inputs, state = anew(inputs, state)
    assert member.diff(id_, state, inputs)[:2] == ("DIFF_SOME", [])
    state = member.update(id_, state, inputs)
    assert 'Action::"CreateAsset"' in policies(studio)[NAME]
    assert member.diff(id_, state, inputs)[0] == "DIFF_NONE"
    # Somebody makes it a contributor by hand: a refresh sees that, and the next update takes it back.
    where = {"domainIdentifier": studio.domain, "projectIdentifier": studio.project}
    group = {"groupIdentifier": state["member_id"]}
    studio.datazone.delete_project_membership(**where, member=group)
    studio.datazone.create_project_membership(**where, member=group, designation="PROJECT_CONTRIBUTOR")
    _, seen, _ = member.read(id_, state)
    assert member.diff(id_, seen, inputs)[:2] == ("DIFF_SOME", [])
    member.update(id_, seen, inputs)
    assert [item["designation"] for item in studio.members()] == ["USER_CREATED_DESIGNATION"]


def test_a_member_stays_managed_where_no_designation_may_be_made(
    member: Driver, studio: Studio, emulator: EmulatorProcess
) -> None:
    studio.open_pool(studio.root, children=True)
    fault = {"service": "datazone", "operation": "CreateDesignation", "kind": "access_denied", "times": 2}
    emulator.admin("POST", "faults", fault)
    inputs = member.inputs(studio.wanted(**own()))
    id_, state = member.create(inputs)
    emulator.admin("DELETE", "faults")
    assert [item["designation"] for item in studio.members()] == ["PROJECT_CONTRIBUTOR"]
    member.settled(id_, state, inputs)
    assert member.read(id_, state)[1] == state


def test_a_designation_of_somebody_else_is_not_taken(member: Driver, studio: Studio) -> None:
    studio.open_pool(studio.root, children=True)
    studio.datazone.create_designation(
        domainIdentifier=studio.domain, name=NAME, policy="permit(principal, action, resource);"
    )
    with pytest.raises(Failed, match="that this deployment did not make"):
        member.create(member.inputs(studio.wanted(**own())))
    assert studio.members() == []


def test_a_v1_domain_has_the_managed_designations_alone(
    member: Driver, client: Client, objects: DomainObjects, way: str
) -> None:
    role = client("iam").create_role(
        RoleName=f"member-with-operations-{way}", AssumeRolePolicyDocument=json.dumps(function_trust())
    )["Role"]["Arn"]
    where = {"domain_id": objects.domain, "project_id": objects.consumer, "user_identifier": role}
    inputs = member.inputs({**where, **session(), **own()})
    id_, state = member.create(inputs)
    assert (state["domain_version"], state["held_designation"]) == ("V1", "PROJECT_CONTRIBUTOR")
    more = {**inputs, "operations": [*OPERATIONS, "DeleteAsset"]}
    assert member.diff(id_, state, more)[0] == "DIFF_NONE"
    member.settled(id_, member.update(id_, state, more), more)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"operations": OPERATIONS}, "operations and designation_name belong together"),
        ({"operations": [], "designation_name": NAME}, "must list operations of DataZone's API"),
        ({"operations": ["datazone:GetAsset"], "designation_name": NAME}, "must list operations of DataZone's API"),
        ({"operations": OPERATIONS, "designation_name": "a/b"}, "designation_name must be 1 to 64 letters"),
    ],
)
def test_what_is_wrong_with_operations_is_said(
    member: Driver, studio: Studio, given: dict[str, Any], sentence: str
) -> None:
    studio.open_pool(studio.root, children=True)
    _, [failure] = member.check(studio.wanted(**given))
    assert sentence in failure


def test_a_domain_that_becomes_v2_gets_its_members_anew(
    member: Driver, client: Client, emulator: EmulatorProcess
) -> None:
    datazone = client("datazone")
    domain = datazone.create_domain(name="upgraded", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")["id"]
    project = datazone.create_project(domainIdentifier=domain, name="p")["id"]
    role = client("iam").create_role(
        RoleName=f"upgraded-{domain}", AssumeRolePolicyDocument=json.dumps(function_trust())
    )
    inputs = member.inputs(
        {"domain_id": domain, "project_id": project, "user_identifier": role["Role"]["Arn"], **session()}
    )
    id_, state = member.create(inputs)
    body = json.dumps({"upgrade": domain}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{emulator.endpoint}/_emulator/datazone", body, method="POST")
    ).close()
    inputs, state = anew(inputs, state)
    changes, replaces, before = member.diff(id_, state, inputs)
    assert (changes, replaces, before) == ("DIFF_SOME", ["domain_id"], True)
