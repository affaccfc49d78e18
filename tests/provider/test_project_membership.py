from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.deploy.iam_statements import function_trust
from streamgov_pulumi.providers import ProjectMembershipProvider
from tests.provider.conftest import UNKNOWN, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import CONSUMER, Client

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def member(stub: Process) -> Driver:
    return Driver(stub, ProjectMembershipProvider())


@pytest.fixture(scope="module")
def roles(client: Client, way: str) -> list[str]:
    iam = client("iam", CONSUMER)
    trust = json.dumps(function_trust())
    return [
        iam.create_role(RoleName=f"member-{way}-{n}", Path="/streamgov/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for n in range(4)
    ]


def wanted(objects: DomainObjects, role: str, **more: Any) -> dict[str, Any]:
    return {"domain_id": objects.domain, "project_id": objects.consumer, "user_identifier": role, **session(), **more}


def designations(client: Client, objects: DomainObjects) -> list[str]:
    found = client("datazone").list_project_memberships(
        domainIdentifier=objects.domain, projectIdentifier=objects.consumer
    )
    return sorted(item["designation"] for item in found["members"])


def test_life(member: Driver, client: Client, objects: DomainObjects, roles: list[str]) -> None:
    before = designations(client, objects)
    inputs = member.inputs(wanted(objects, roles[0]))
    assert inputs["designation"] == "PROJECT_CONTRIBUTOR"
    id_, state = member.create(inputs)
    assert state["member_id"]
    assert designations(client, objects) == sorted([*before, "PROJECT_CONTRIBUTOR"])
    member.settled(id_, state, inputs)
    member.delete(id_, state)
    assert designations(client, objects) == before
    member.delete(id_, state)
    assert member.read(id_, state)[0] == ""


def test_existing_is_refused_and_adopted(
    member: Driver, client: Client, objects: DomainObjects, roles: list[str]
) -> None:
    client("datazone").create_project_membership(
        domainIdentifier=objects.domain,
        projectIdentifier=objects.consumer,
        member={"userIdentifier": roles[1]},
        designation="PROJECT_CATALOG_VIEWER",
    )
    with pytest.raises(Failed, match=r"already a member .* as PROJECT_CATALOG_VIEWER; PROJECT_CONTRIBUTOR is wanted"):
        member.create(member.inputs(wanted(objects, roles[1])))
    inputs = member.inputs(wanted(objects, roles[1], adopt_existing=True))
    id_, state = member.create(inputs)
    member.settled(id_, state, inputs)
    assert "PROJECT_CATALOG_VIEWER" not in designations(client, objects)


def test_a_changed_designation_is_drift(
    member: Driver, client: Client, objects: DomainObjects, roles: list[str]
) -> None:
    inputs = member.inputs(wanted(objects, roles[2]))
    id_, state = member.create(inputs)
    client("datazone").create_project_membership(
        domainIdentifier=objects.domain,
        projectIdentifier=objects.consumer,
        member={"userIdentifier": roles[2]},
        designation="PROJECT_CATALOG_VIEWER",
    )
    _, outs, _ = member.read(id_, state)
    assert outs["designation"] == "PROJECT_CATALOG_VIEWER"
    assert member.diff(id_, outs, inputs) == ("DIFF_SOME", ["designation"], True)


def test_the_role_may_be_unknown(member: Driver, objects: DomainObjects) -> None:
    _, failures = member.check(wanted(objects, UNKNOWN))
    assert failures == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"user_identifier": "arn:aws:iam::1:role/x"}, "must be an IAM role's ARN"),
        ({"user_identifier": None}, "only one of the two"),
        ({"group_identifier": "g"}, "only one of the two"),
        ({"designation": "BOSS"}, "designation must be one of PROJECT_OWNER"),
        ({"project_id": "a/b"}, "project_id must be the id of the project"),
    ],
)
def test_check_tells_what_is_wrong(member: Driver, objects: DomainObjects, change: dict[str, Any], reason: str) -> None:
    inputs = {**wanted(objects, f"arn:aws:iam::{CONSUMER}:role/r"), **change}
    _, failures = member.check({key: value for key, value in inputs.items() if value is not None})
    assert len(failures) == 1, failures
    assert reason in failures[0]
