"""Memberships of V2 domains: a role is the group of its sessions, and domain units have member pools."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from streamgov_core.deploy.iam_statements import function_trust
from streamgov_pulumi.providers import ProjectMembershipProvider
from tests.provider.conftest import UNKNOWN, Driver, Process, session
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
    # The next `pulumi up` is another process, which asks anew; here it is another session that does.
    anew = {**inputs, "assume_role_arn": f"arn:aws:iam::{DOMAIN}:role/Admin"}
    state["assume_role_arn"] = anew["assume_role_arn"]
    changes, replaces, before = member.diff(id_, state, anew)
    assert (changes, replaces, before) == ("DIFF_SOME", ["domain_id"], True)
