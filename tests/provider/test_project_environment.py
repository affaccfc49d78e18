"""The tooling of a V2 project: found with its role, wherever an account pool has put it."""

from __future__ import annotations

from typing import Any

import pytest

from streamgov_pulumi.providers import ProjectEnvironmentProvider
from tests.provider.conftest import UNKNOWN, Driver, Failed, session
from tests.sandbox import CONSUMER, DOMAIN, Client

pytestmark = pytest.mark.emulator
REGION = "us-east-1"
EXTENDED = "arn:aws:ram::aws:permission/AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceAccess"


@pytest.fixture(scope="module")
def environment(stub: Any) -> Driver:
    return Driver(stub, ProjectEnvironmentProvider())


class Studio:
    """A V2 domain whose projects lie in the consumer's account."""

    def __init__(self, client: Client) -> None:
        self.datazone = client("datazone")
        made = self.datazone.create_domain(
            name="tooling", domainVersion="V2", serviceRole=f"arn:aws:iam::{DOMAIN}:role/service"
        )
        self.domain = made["id"]
        client("ram").create_resource_share(
            name="tooling", resourceArns=[made["arn"]], principals=[CONSUMER], permissionArns=[EXTENDED]
        )
        ram = client("ram", CONSUMER)
        for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
            if invitation["status"] == "PENDING":
                arn = invitation["resourceShareInvitationArn"]
                ram.accept_resource_share_invitation(resourceShareInvitationArn=arn)
        self.member = client("datazone", CONSUMER)

    def project(self, *names: str) -> str:
        """A project with these tooling environments."""
        blueprints = self.datazone.list_environment_blueprints(
            domainIdentifier=self.domain, managed=True, name="Tooling"
        )
        blueprint = blueprints["items"][0]["id"]
        self.member.put_environment_blueprint_configuration(
            domainIdentifier=self.domain, environmentBlueprintIdentifier=blueprint, enabledRegions=[REGION]
        )
        profile = self.datazone.create_project_profile(
            domainIdentifier=self.domain,
            name="-".join(names),
            status="ENABLED",
            environmentConfigurations=[
                {
                    "name": name,
                    "environmentBlueprintId": blueprint,
                    "awsAccount": {"awsAccountId": CONSUMER},
                    "awsRegion": {"regionName": REGION},
                }
                for name in names
            ],
        )["id"]
        made = self.datazone.create_project(
            domainIdentifier=self.domain, name=f"p-{'-'.join(names)}", projectProfileId=profile
        )
        return str(made["id"])


@pytest.fixture(scope="module")
def studio(client: Client) -> Studio:
    return Studio(client)


def wanted(studio: Studio, project: str) -> dict[str, Any]:
    return {"domain_id": studio.domain, "project_id": project, **session()}


def test_the_tooling_is_found_and_stays(environment: Driver, studio: Studio) -> None:
    project = studio.project("Tooling")
    inputs = environment.inputs(wanted(studio, project))
    id_, state = environment.create(inputs)
    found = studio.datazone.list_environments(domainIdentifier=studio.domain, projectIdentifier=project)["items"][0]
    assert (state["environment_id"], state["account_id"]) == (found["id"], CONSUMER)
    assert state["role_arn"] == f"arn:aws:iam::{CONSUMER}:role/datazone_usr_role_{project}_{found['id']}"
    environment.settled(id_, state, inputs)
    assert environment.diff(id_, {**state, "environment_id": "gone"}, inputs) == ("DIFF_SOME", [], False)


def test_a_project_without_tooling_is_refused_at_preview(environment: Driver, studio: Studio) -> None:
    project = studio.datazone.create_project(domainIdentifier=studio.domain, name="bare")["id"]
    _, failures = environment.check(wanted(studio, project))
    assert [failure for failure in failures if "has no tooling environment with a role" in failure]
    assert environment.check(wanted(studio, UNKNOWN))[1] == []
    with pytest.raises(Failed, match="has no tooling environment"):
        environment.create(wanted(studio, project))


def test_several_toolings_must_be_told_apart(environment: Driver, studio: Studio) -> None:
    assert environment.check(wanted(studio, studio.project("Tooling", "Other")))[1] == []
    _, failures = environment.check(wanted(studio, studio.project("Tooling", "ToolingLite")))
    assert [failure for failure in failures if "has several tooling environments" in failure]
