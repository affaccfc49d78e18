"""V2 domains (SageMaker Unified Studio): groups of role sessions, the member pool, designations, profiles, tooling."""

from __future__ import annotations

from typing import Any

import pytest

from aws_emulator.api import Caller
from emulator_tests.datazone.conftest import CONSUMER, DOMAIN, PRODUCER, REGION, UNASSOCIATED, Service, admin, role

WORKER = role("worker", CONSUMER)
POOL = {
    "policyType": "ADD_TO_PROJECT_MEMBER_POOL",
    "principal": {"user": {"allUsersGrantFilter": {}}},
    "detail": {"addToProjectMemberPool": {"includeChildDomainUnits": False}},
}


class Studio:
    """A V2 domain with its root's member pool open to everybody."""

    def __init__(self, service: Service) -> None:
        self.service = service
        made = service.call(
            "CreateDomain", name="studio", domainVersion="V2", serviceRole=f"arn:aws:iam::{DOMAIN}:role/s"
        )
        assert "domainExecutionRole" not in made
        self.domain, self.root = made["id"], made["rootDomainUnitId"]
        self.arn = made["arn"]

    def call(self, operation: str, caller: Caller | None = None, /, **params: Any) -> dict[str, Any]:
        return self.service.call(operation, caller, domainIdentifier=self.domain, **params)

    def refused(self, code: str, operation: str, caller: Caller | None = None, /, **params: Any) -> str:
        return self.service.refused(code, operation, caller, domainIdentifier=self.domain, **params)

    def open_pool(self, unit: str | None = None) -> None:
        self.call("AddPolicyGrant", entityType="DOMAIN_UNIT", entityIdentifier=unit or self.root, **POOL)

    def group(self, caller: Caller = WORKER) -> str:
        return str(self.call("CreateGroupProfile", rolePrincipalArn=caller.role_arn)["id"])

    def enable(self, name: str, account: str = CONSUMER) -> str:
        found = self.call("ListEnvironmentBlueprints", managed=True, name=name)["items"][0]["id"]
        self.call(
            "PutEnvironmentBlueprintConfiguration",
            admin(account),
            environmentBlueprintIdentifier=found,
            enabledRegions=[REGION],
        )
        return str(found)

    def profile(self, **configuration: Any) -> dict[str, Any]:
        entry = {"name": "Tooling", "environmentBlueprintId": self.enable("Tooling"), **configuration}
        return self.call("CreateProjectProfile", name="all", status="ENABLED", environmentConfigurations=[entry])


@pytest.fixture
def studio(service: Service) -> Studio:
    return Studio(service)


def test_a_role_is_a_member_as_the_group_of_its_sessions(studio: Studio) -> None:
    studio.open_pool()
    project = studio.call("CreateProject", name="p")["id"]
    member = {"projectIdentifier": project, "designation": "PROJECT_CONTRIBUTOR"}
    said = studio.refused(
        "AccessDeniedException", "CreateProjectMembership", member={"userIdentifier": WORKER.role_arn}, **member
    )
    assert said == "User is not permitted to perform operation: CreateProjectMembership"
    studio.refused("AccessDeniedException", "ListProjectMemberships", WORKER, projectIdentifier=project)
    group = studio.group()
    studio.call("CreateProjectMembership", member={"groupIdentifier": group}, **member)
    listed = studio.call("ListProjectMemberships", WORKER, projectIdentifier=project)["members"]
    assert {"memberDetails": {"group": {"groupId": group}}, "designation": "PROJECT_CONTRIBUTOR"} in listed
    # A session with another name is of the same group, and another user.
    other = Caller(WORKER.account, WORKER.arn.replace("/session", "/other"), WORKER.role_arn, "ASIA", False)
    assets = [
        studio.call("CreateGlossary", who, name=name, owningProjectIdentifier=project, status="ENABLED")["id"]
        for who, name in ((WORKER, "one"), (other, "two"))
    ]
    assert len(assets) == 2
    user = studio.call("GetUserProfile", userIdentifier=WORKER.role_arn, type="IAM", sessionName="session")
    assert user["details"]["iam"] == {"arn": WORKER.role_arn, "sessionName": "session", "groupProfileId": group}
    studio.call("DeleteProjectMembership", projectIdentifier=project, member={"groupIdentifier": group})
    studio.refused("AccessDeniedException", "ListProjectMemberships", WORKER, projectIdentifier=project)


def test_groups_are_found_by_their_role(studio: Studio) -> None:
    group = studio.group()
    found = studio.call("SearchGroupProfiles", groupType="IAM_ROLE_SESSION_GROUP", searchText="role/worker")["items"]
    assert [(item["id"], item["rolePrincipalArn"]) for item in found] == [(group, WORKER.role_arn)]
    assert studio.call("SearchGroupProfiles", groupType="SSO_GROUP")["items"] == []
    studio.refused("ValidationException", "CreateGroupProfile", rolePrincipalArn=WORKER.role_arn)
    studio.refused("ValidationException", "CreateGroupProfile", rolePrincipalArn="arn:aws:iam::333333333333:user/x")
    studio.refused("ValidationException", "CreateGroupProfile", groupIdentifier="people")
    studio.refused(
        "AccessDeniedException", "CreateGroupProfile", rolePrincipalArn=f"arn:aws:iam::{UNASSOCIATED}:role/x"
    )


def test_every_unit_up_to_the_root_must_open_its_member_pool(studio: Studio) -> None:
    unit = studio.call("CreateDomainUnit", name="unit", parentDomainUnitIdentifier=studio.root)["id"]
    project = studio.call("CreateProject", name="p", domainUnitId=unit)["id"]
    membership = {
        "projectIdentifier": project,
        "designation": "PROJECT_CONTRIBUTOR",
        "member": {"groupIdentifier": studio.group()},
    }
    studio.open_pool(unit)
    said = studio.refused("AccessDeniedException", "CreateProjectMembership", **membership)
    assert f"ADD_TO_PROJECT_MEMBER_POOL is not granted in domain unit {studio.root}" in said
    studio.open_pool()
    studio.call("CreateProjectMembership", **membership)
    said = studio.refused(
        "ValidationException", "CreateProjectMembership", **{**membership, "designation": "PROJECT_OWNER"}
    )
    assert "delete the membership first" in said


def test_a_designation_of_ones_own_needs_the_right_to_use_an_asset_type(studio: Studio) -> None:
    studio.open_pool()
    owner, project = (studio.call("CreateProject", name=name)["id"] for name in ("types", "producer"))
    studio.call("CreateAssetType", name="Topic", owningProjectIdentifier=owner, formsInput={})
    actions = 'permit(principal, action in [DataZone::Action::"CreateAsset"], resource);'
    made = studio.call("CreateDesignation", name="sync", policy=actions)["id"]
    held = {"designation": "USER_CREATED_DESIGNATION", "userCreatedDesignationId": made}
    studio.call(
        "CreateProjectMembership", projectIdentifier=project, member={"groupIdentifier": studio.group()}, **held
    )
    where = {"entityType": "ASSET_TYPE", "entityIdentifier": "Topic", "policyType": "USE_ASSET_TYPE"}
    detail = {"detail": {"useAssetType": {"domainUnitId": studio.root}}}
    asset = {"typeIdentifier": "Topic", "owningProjectIdentifier": project, "formsInput": []}
    unit = {"projectGrantFilter": {"domainUnitFilter": {"domainUnit": studio.root}}}
    managed = {"projectDesignation": "CONTRIBUTOR", **unit}
    own = {"projectDesignation": "USER_CREATED_DESIGNATION", "userCreatedDesignationId": made, **unit}
    for wrong in (
        {"projectDesignation": "CONTRIBUTOR", "userCreatedDesignationId": made, **unit},
        {"projectDesignation": "USER_CREATED_DESIGNATION", **unit},
        {**own, "userCreatedDesignationId": "absent"},
    ):
        studio.refused("ValidationException", "AddPolicyGrant", principal={"project": wrong}, **where, **detail)
    # Contributors may use the type, and the holder of the designation is none.
    studio.call("AddPolicyGrant", principal={"project": managed}, **where, **detail)
    said = studio.refused("AccessDeniedException", "CreateAsset", WORKER, name="orders", **asset)
    assert "no usage permission for asset type Topic" in said
    studio.call("AddPolicyGrant", principal={"project": own}, **where, **detail)
    studio.call("CreateAsset", WORKER, name="orders", **asset)
    # The grant is worth nothing where the designation does not name the operation.
    other = 'permit(principal, action in [DataZone::Action::"GetAsset"], resource);'
    studio.call("UpdateDesignation", identifier=made, policy=other)
    studio.refused("AccessDeniedException", "CreateAsset", WORKER, name="payments", **asset)
    studio.call("RemovePolicyGrant", principal={"project": own}, **where)
    studio.call("UpdateDesignation", identifier=made, policy=actions)
    studio.refused("AccessDeniedException", "CreateAsset", WORKER, name="payments", **asset)


def test_a_designation_of_ones_own_permits_what_it_names(studio: Studio) -> None:
    studio.open_pool()
    project = studio.call("CreateProject", name="p")["id"]
    policy = 'permit(principal, action in [DataZone::Action::"ListProjectMemberships"], resource);'
    made = studio.call("CreateDesignation", name="reader", policy=policy)
    assert (made["designationType"], made["deletionProtection"]) == ("USER_CREATED", True)
    membership = {"projectIdentifier": project, "member": {"groupIdentifier": studio.group()}}
    studio.refused(
        "ValidationException", "CreateProjectMembership", designation="USER_CREATED_DESIGNATION", **membership
    )
    studio.call(
        "CreateProjectMembership",
        designation="USER_CREATED_DESIGNATION",
        userCreatedDesignationId=made["id"],
        **membership,
    )
    listed = studio.call("ListProjectMemberships", WORKER, projectIdentifier=project)["members"]
    assert made["id"] in {item.get("userCreatedDesignationId") for item in listed}
    studio.refused("AccessDeniedException", "UpdateProject", WORKER, identifier=project, name="q")
    studio.call("UpdateDesignation", identifier=made["id"], policy="permit(principal, action, resource);")
    studio.call("UpdateProject", WORKER, identifier=project, name="q")
    studio.refused("ValidationException", "DeleteDesignation", identifier=made["id"])
    studio.refused("ConflictException", "CreateDesignation", name="reader", policy=policy)
    for wrong in ("forbid(principal, action, resource);", "permit(principal, action in [nonsense], resource);"):
        studio.refused("ValidationException", "CreateDesignation", name="wrong", policy=wrong)


def test_a_profile_makes_the_tooling_and_the_projects_role(studio: Studio) -> None:
    roles: list[tuple[str, str, dict[str, Any]]] = []

    def make(account: str, name: str, **how: Any) -> str:
        roles.append((account, name, how))
        return f"arn:aws:iam::{account}:role/{name}"

    studio.service.emulator.parts["iam.make_role"] = make
    profile = studio.profile(awsAccount={"awsAccountId": CONSUMER}, awsRegion={"regionName": REGION})
    project = studio.call("CreateProject", name="p", projectProfileId=profile["id"])
    [summary] = studio.call("ListEnvironments", projectIdentifier=project["id"])["items"]
    assert (summary["name"], summary["environmentConfigurationName"]) == ("Tooling", "Tooling")
    environment = studio.call("GetEnvironment", identifier=summary["id"])
    name = f"datazone_usr_role_{project['id']}_{summary['id']}"
    assert environment["provisionedResources"][0]["value"] == f"arn:aws:iam::{CONSUMER}:role/{name}"
    [(account, made, how)] = roles
    assert (account, made) == (CONSUMER, name)
    assert how["boundary"].endswith(":policy/SageMakerStudioProjectUserRolePermissionsBoundary")
    assert how["tags"]["AmazonDataZoneProject"] == project["id"]


def test_a_pool_resolves_the_account(studio: Studio) -> None:
    accounts = [{"awsAccountId": CONSUMER, "supportedRegions": [REGION]}]
    pool = studio.call(
        "CreateAccountPool", name="pool", resolutionStrategy="MANUAL", accountSource={"accounts": accounts}
    )["id"]
    assert studio.call("ListAccountsInAccountPool", identifier=pool)["items"] == accounts
    profile = studio.profile(accountPools=[pool])["id"]
    studio.refused("ValidationException", "CreateProject", name="p", projectProfileId=profile)

    def chosen(account: str) -> list[dict[str, Any]]:
        resolved = {"awsAccountId": account, "regionName": REGION, "sourceAccountPoolId": pool}
        return [{"environmentConfigurationName": "Tooling", "environmentResolvedAccount": resolved}]

    studio.refused(
        "AccessDeniedException", "CreateProject", name="p", projectProfileId=profile, userParameters=chosen(PRODUCER)
    )
    project = studio.call("CreateProject", name="p", projectProfileId=profile, userParameters=chosen(CONSUMER))["id"]
    [summary] = studio.call("ListEnvironments", projectIdentifier=project)["items"]
    assert summary["awsAccountId"] == CONSUMER
    studio.refused("ValidationException", "DeleteAccountPool", identifier=pool)


def test_an_account_needs_the_permission_for_the_domains_version(studio: Studio) -> None:
    permission = "arn:aws:ram::aws:permission/"
    given = [permission + "AWSRAMDefaultPermissionAmazonDataZoneDomain"]
    studio.service.emulator.parts["ram.permissions_of"] = lambda arn, account: given
    studio.service.refused("AccessDeniedException", "GetDomain", admin(CONSUMER), identifier=studio.domain)
    given[:] = [permission + "AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceAccess"]
    assert studio.service.call("GetDomain", admin(CONSUMER), identifier=studio.domain)["domainVersion"] == "V2"


def test_v1_knows_none_of_it(service: Service) -> None:
    domain = service.call("CreateDomain", name="d", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")["id"]
    for operation, params in (
        ("CreateGroupProfile", {"rolePrincipalArn": WORKER.role_arn}),
        ("CreateProjectProfile", {"name": "p"}),
        ("CreateDesignation", {"name": "d", "policy": "permit(principal, action, resource);"}),
    ):
        service.refused("ValidationException", operation, domainIdentifier=domain, **params)
