"""Domains, association, projects, members, user profiles, environments, policies, rules, the administrator's route."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from emulator.api import ApiError
from tests.emulator.datazone.conftest import (
    CONSUMER,
    DOMAIN,
    PRODUCER,
    REGION,
    STRANGER,
    Service,
    World,
    admin,
    role,
)


def root(world: World) -> str:
    return str(world.service.call("GetDomain", identifier=world.domain)["rootDomainUnitId"])


def test_domains(service: Service) -> None:
    service.refused("ValidationException", "CreateDomain", name="no role")
    made = service.call(
        "CreateDomain",
        name="d",
        domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz",
        tags={"team": "data"},
        clientToken="t",
    )
    assert made["id"].startswith("dzd-")
    assert made["arn"] == f"arn:aws:datazone:{REGION}:{DOMAIN}:domain/{made['id']}"
    assert service.call("GetDomain", identifier=made["id"])["status"] == "AVAILABLE"
    updated = service.call("UpdateDomain", identifier=made["id"], description="new")
    assert updated["description"] == "new"
    service.call("CreateProject", domainIdentifier=made["id"], name="p")
    service.refused("ConflictException", "DeleteDomain", identifier=made["id"])
    service.refused(
        "ValidationException", "DeleteDomain", identifier=made["id"], skipDeletionCheck=True, cascadeDelete=True
    )
    assert service.call("ListTagsForResource", resourceArn=made["arn"])["tags"] == {"team": "data"}
    service.call("DeleteDomain", identifier=made["id"], skipDeletionCheck=True)
    assert service.call("ListDomains")["items"] == []
    service.refused("ResourceNotFoundException", "GetDomain", identifier=made["id"])


def test_only_associated_accounts_reach_a_domain(world: World) -> None:
    service = world.service
    assert [d["id"] for d in service.call("ListDomains", admin(PRODUCER))["items"]] == [world.domain]
    assert service.call("ListDomains", admin(STRANGER))["items"] == []
    for caller in (admin(STRANGER), role("anything", STRANGER)):
        message = service.refused("AccessDeniedException", "GetDomain", caller, identifier=world.domain)
        assert f"account {STRANGER} is not associated" in message
    service.shared.discard(PRODUCER)
    world.refused("AccessDeniedException", "PostLineageEvent", role("emitter", PRODUCER), event=b"{}")
    world.refused(
        "AccessDeniedException",
        "CreateProjectMembership",
        projectIdentifier=world.producer,
        designation="PROJECT_OWNER",
        member={"userIdentifier": f"arn:aws:iam::{STRANGER}:role/x"},
    )


def test_a_domain_is_in_one_region(world: World) -> None:
    with pytest.raises(ApiError) as caught:
        world.service.call("GetDomain", region="eu-west-1", identifier=world.domain)
    assert caught.value.code == "ResourceNotFoundException"
    assert world.service.call("ListDomains", region="eu-west-1")["items"] == []


def test_without_resource_shares_nothing_is_associated(service: Service) -> None:
    del service.emulator.parts["ram.is_shared"]
    made = service.call("CreateDomain", name="d", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")["id"]
    service.refused("AccessDeniedException", "GetDomain", admin(PRODUCER), identifier=made)


def test_projects(world: World) -> None:
    world.refused("ConflictException", "CreateProject", name="PRODUCER")
    world.refused("ValidationException", "CreateProject", name="bad/name")
    made = world.call("CreateProject", name="more", description="d", resourceTags={"a": "b"})
    assert made["resourceTags"] == [{"key": "a", "value": "b", "source": "PROJECT"}]
    assert world.call("UpdateProject", identifier=made["id"], name="other")["name"] == "other"
    world.refused("ConflictException", "UpdateProject", identifier=made["id"], name="PRODUCER")
    assert [p["name"] for p in world.call("ListProjects", name="other")["items"]] == ["other"]
    world.call("DeleteProject", identifier=made["id"])
    world.refused("ResourceNotFoundException", "GetProject", identifier=made["id"])


def test_a_project_in_use_is_kept_unless_told_otherwise(world: World) -> None:
    asset, listing, _ = world.subscribed()
    assert "assets" in world.refused("ValidationException", "DeleteProject", identifier=world.producer)
    assert "environments" in world.refused("ValidationException", "DeleteProject", identifier=world.consumer)
    world.call("DeleteProject", identifier=world.consumer, skipDeletionCheck=True)
    assert world.grants() == []
    world.call("DeleteProject", identifier=world.producer, skipDeletionCheck=True)
    world.refused("ResourceNotFoundException", "GetListing", identifier=listing["listingId"])
    world.refused("ResourceNotFoundException", "GetAsset", identifier=asset["id"])
    world.refused("ResourceNotFoundException", "GetAssetType", identifier="MskTopicAssetType")
    assert world.call("SearchListings")["items"] == []


def test_the_creator_owns_a_project(world: World) -> None:
    creator = role("creator")
    made = world.call("CreateProject", creator, name="own")
    members = world.call("ListProjectMemberships", creator, projectIdentifier=made["id"])["members"]
    profile = world.call("GetUserProfile", creator, userIdentifier=creator.role_arn)
    assert members == [{"memberDetails": {"user": {"userId": profile["id"]}}, "designation": "PROJECT_OWNER"}]
    assert made["createdBy"] == profile["id"]
    world.call("DeleteProject", creator, identifier=made["id"])


def test_memberships(world: World) -> None:
    worker = world.member(world.producer, role("worker", PRODUCER), "PROJECT_CONTRIBUTOR")
    profile = world.call("GetUserProfile", userIdentifier=worker.role_arn)
    assert (profile["type"], profile["status"]) == ("IAM", "ACTIVATED")
    assert profile["details"]["iam"]["arn"] == worker.role_arn
    assert len(world.service.told("Project Member Addition Succeeded")) == 1
    world.member(world.producer, worker, "PROJECT_CONTRIBUTOR")
    world.member(world.producer, worker, "PROJECT_OWNER")
    assert len(world.service.told("Project Member Addition Succeeded")) == 1
    assert len(world.service.told("Project Member Role Change Succeeded")) == 1
    listed = world.call("ListProjectMemberships", projectIdentifier=world.producer, maxResults=1)
    assert (len(listed["members"]), "nextToken" in listed) == (1, True)
    member = {"userIdentifier": worker.role_arn}
    world.call("DeleteProjectMembership", projectIdentifier=world.producer, member=member)
    assert len(world.service.told("Project Member Removal Succeeded")) == 1
    world.refused(
        "ResourceNotFoundException", "DeleteProjectMembership", projectIdentifier=world.producer, member=member
    )
    world.refused(
        "AccessDeniedException",
        "CreateAsset",
        worker,
        name="a",
        formsInput=world.forms(),
        typeIdentifier="MskTopicAssetType",
        owningProjectIdentifier=world.producer,
    )


@pytest.mark.parametrize("member", [{"groupIdentifier": "g"}, {"userIdentifier": "somebody"}])
def test_members_are_iam_principals(world: World, member: dict[str, str]) -> None:
    world.refused(
        "ValidationException",
        "CreateProjectMembership",
        projectIdentifier=world.producer,
        member=member,
        designation="PROJECT_OWNER",
    )


def test_the_last_owner_stays(world: World) -> None:
    owner = role("owner")
    made = world.call("CreateProject", owner, name="own")["id"]
    params = {"projectIdentifier": made, "member": {"userIdentifier": owner.role_arn}}
    world.refused("ValidationException", "DeleteProjectMembership", owner, **params)
    world.refused("ValidationException", "CreateProjectMembership", owner, designation="PROJECT_CONTRIBUTOR", **params)


def test_members_manage_by_designation(world: World) -> None:
    contributor = world.member(world.producer, role("c"), "PROJECT_CONTRIBUTOR")
    world.refused(
        "AccessDeniedException",
        "CreateProjectMembership",
        contributor,
        projectIdentifier=world.producer,
        designation="PROJECT_OWNER",
        member={"userIdentifier": contributor.role_arn},
    )
    world.refused("AccessDeniedException", "UpdateProject", contributor, identifier=world.producer, name="x")


def test_a_member_quota(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.datazone.models.projects.MAX_MEMBERS", 1)
    world.refused(
        "ValidationException",
        "CreateProjectMembership",
        projectIdentifier=world.producer,
        designation="PROJECT_OWNER",
        member={"userIdentifier": f"arn:aws:iam::{DOMAIN}:role/x"},
    )


def test_user_profiles(world: World) -> None:
    arn = f"arn:aws:iam::{CONSUMER}:role/path/analyst"
    made = world.call("CreateUserProfile", userIdentifier=arn, userType="IAM_ROLE")
    world.refused("ValidationException", "CreateUserProfile", userIdentifier=arn, userType="IAM_ROLE")
    world.refused("ValidationException", "CreateUserProfile", userIdentifier="jane", userType="SSO_USER")
    found = world.call("SearchUserProfiles", userType="DATAZONE_IAM_USER", searchText="analyst")["items"]
    assert [user["id"] for user in found] == [made["id"]]
    world.refused("ResourceNotFoundException", "GetUserProfile", userIdentifier=f"arn:aws:iam::{CONSUMER}:role/none")
    # A profile makes a principal a user of the domain.
    assert world.call("SearchListings", role("path/analyst", CONSUMER))["items"] == []
    world.call("UpdateUserProfile", userIdentifier=arn, status="DEACTIVATED")
    world.refused("AccessDeniedException", "SearchListings", role("path/analyst", CONSUMER))


def test_posting_lineage_makes_nobody_a_user(world: World) -> None:
    emitter = role("emitter", PRODUCER)
    world.refused("ValidationException", "PostLineageEvent", emitter, event=b"{}")
    world.refused("AccessDeniedException", "ListProjects", emitter)


def blueprint(world: World, name: str = "CustomAwsService") -> str:
    return str(world.call("ListEnvironmentBlueprints", managed=True, name=name)["items"][0]["id"])


def test_blueprints_are_enabled_per_account_and_region(world: World) -> None:
    names = [item["name"] for item in world.call("ListEnvironmentBlueprints", managed=True)["items"]]
    assert {"CustomAwsService", "DefaultDataLake"} <= set(names)
    assert world.call("ListEnvironmentBlueprints", managed=False)["items"] == []
    identifier = blueprint(world)
    assert world.call("GetEnvironmentBlueprint", identifier=identifier)["name"] == "CustomAwsService"
    base = {"projectIdentifier": world.producer, "name": "e", "environmentBlueprintIdentifier": identifier}
    for account, region in ((PRODUCER, REGION), (CONSUMER, "eu-west-1")):
        assert "not enabled" in world.refused(
            "ValidationException",
            "CreateEnvironment",
            **base,
            environmentAccountIdentifier=account,
            environmentAccountRegion=region,
        )
    world.refused(
        "AccessDeniedException",
        "CreateEnvironment",
        **base,
        environmentAccountIdentifier=STRANGER,
        environmentAccountRegion=REGION,
    )
    world.refused(
        "ResourceNotFoundException",
        "GetEnvironmentBlueprintConfiguration",
        admin(PRODUCER),
        environmentBlueprintIdentifier=identifier,
    )
    put = world.call(
        "PutEnvironmentBlueprintConfiguration",
        admin(PRODUCER),
        enabledRegions=[REGION],
        environmentBlueprintIdentifier=identifier,
        provisioningRoleArn=f"arn:aws:iam::{PRODUCER}:role/provision",
    )
    assert put["provisioningRoleArn"].endswith("role/provision")
    assert len(world.call("ListEnvironmentBlueprintConfigurations", admin(PRODUCER))["items"]) == 1
    made = world.call(
        "CreateEnvironment", **base, environmentAccountIdentifier=PRODUCER, environmentAccountRegion=REGION
    )
    assert made["status"] == "ACTIVE"
    world.call("DeleteEnvironmentBlueprintConfiguration", admin(PRODUCER), environmentBlueprintIdentifier=identifier)
    assert world.call("ListEnvironmentBlueprintConfigurations", admin(PRODUCER))["items"] == []


def test_environments_from_profiles(world: World) -> None:
    identifier = blueprint(world, "DefaultDataLake")
    world.call(
        "PutEnvironmentBlueprintConfiguration",
        admin(CONSUMER),
        enabledRegions=[REGION],
        environmentBlueprintIdentifier=identifier,
    )
    profile = world.call(
        "CreateEnvironmentProfile",
        name="lake",
        environmentBlueprintIdentifier=identifier,
        projectIdentifier=world.consumer,
        awsAccountId=CONSUMER,
        awsAccountRegion=REGION,
        userParameters=[{"name": "k", "value": "v"}],
    )
    assert profile["userParameters"][0]["keyName"] == "k"
    made = world.call(
        "CreateEnvironment", name="lake", projectIdentifier=world.consumer, environmentProfileIdentifier=profile["id"]
    )
    assert (made["awsAccountId"], made["awsAccountRegion"], made["environmentBlueprintId"]) == (
        CONSUMER,
        REGION,
        identifier,
    )
    assert made["lastDeployment"]["deploymentStatus"] == "SUCCESSFUL"
    world.refused(
        "ConflictException",
        "CreateEnvironment",
        name="lake",
        projectIdentifier=world.consumer,
        environmentProfileIdentifier=profile["id"],
    )
    world.refused("ValidationException", "DeleteEnvironmentProfile", identifier=profile["id"])
    world.refused(
        "ValidationException",
        "AssociateEnvironmentRole",
        environmentIdentifier=made["id"],
        environmentRoleArn=f"arn:aws:iam::{CONSUMER}:role/r",
    )
    listed = world.call(
        "ListEnvironments", projectIdentifier=world.consumer, environmentProfileIdentifier=profile["id"]
    )
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    assert world.call("UpdateEnvironment", identifier=made["id"], description="d")["description"] == "d"
    world.call("DeleteEnvironment", identifier=made["id"])
    world.refused("ResourceNotFoundException", "GetEnvironment", identifier=made["id"])
    world.call("DeleteEnvironmentProfile", identifier=profile["id"])
    started = [e["detail-type"] for e in world.service.events if e["detail-type"].startswith("Environment D")]
    assert started[-4:] == [
        "Environment Deployment Started",
        "Environment Deployment Completed",
        "Environment Deletion Started",
        "Environment Deletion Completed",
    ]


def test_an_environment_without_a_source_is_refused(world: World) -> None:
    base = {"name": "e", "projectIdentifier": world.consumer}
    world.refused("ValidationException", "CreateEnvironment", **base)
    world.refused("ValidationException", "CreateEnvironment", **base, environmentBlueprintIdentifier=blueprint(world))
    world.refused("ResourceNotFoundException", "CreateEnvironment", **base, environmentProfileIdentifier="none")


def test_a_v2_domain_takes_no_blueprint(service: Service) -> None:
    arn = f"arn:aws:iam::{DOMAIN}:role/dz"
    service.refused("ValidationException", "CreateDomain", name="d", domainExecutionRole=arn, domainVersion="V2")
    domain = service.call("CreateDomain", name="d", domainExecutionRole=arn, serviceRole=arn, domainVersion="V2")["id"]
    project = service.call("CreateProject", domainIdentifier=domain, name="p")["id"]
    assert "V1" in service.refused(
        "ValidationException",
        "CreateEnvironment",
        domainIdentifier=domain,
        name="e",
        projectIdentifier=project,
        environmentBlueprintIdentifier="b",
    )


def test_an_environments_role(world: World) -> None:
    arn = f"arn:aws:iam::{CONSUMER}:role/team/worker"
    where = {"environmentIdentifier": world.environment}
    world.refused(
        "ValidationException",
        "AssociateEnvironmentRole",
        **where,
        environmentRoleArn=f"arn:aws:iam::{PRODUCER}:role/worker",
    )
    world.call("AssociateEnvironmentRole", **where, environmentRoleArn=arn)
    world.refused("ConflictException", "AssociateEnvironmentRole", **where, environmentRoleArn=f"{arn}2")
    (resource,) = world.call("GetEnvironment", identifier=world.environment)["provisionedResources"]
    assert (resource["name"], resource["value"]) == ("userRoleArn", arn)
    world.call("DisassociateEnvironmentRole", **where, environmentRoleArn=arn)
    assert world.call("GetEnvironment", identifier=world.environment)["provisionedResources"] == []


def test_domain_units_owners_and_policies(world: World) -> None:
    unit = world.call("CreateDomainUnit", name="unit", parentDomainUnitIdentifier=root(world))
    assert unit["ancestorDomainUnitIds"] == [root(world)]
    world.refused("ConflictException", "CreateDomainUnit", name="unit", parentDomainUnitIdentifier=root(world))
    listed = world.call("ListDomainUnitsForParent", parentDomainUnitIdentifier=root(world))["items"]
    assert listed == [{"id": unit["id"], "name": "unit"}]
    owner = role("unit-owner")
    world.call(
        "AddEntityOwner",
        entityType="DOMAIN_UNIT",
        entityIdentifier=unit["id"],
        owner={"user": {"userIdentifier": owner.role_arn}},
    )
    assert world.call("UpdateDomainUnit", owner, identifier=unit["id"], description="d")["description"] == "d"
    assert len(world.call("ListEntityOwners", entityType="DOMAIN_UNIT", entityIdentifier=unit["id"])["owners"]) == 2
    grants = {"entityType": "DOMAIN_UNIT", "entityIdentifier": root(world), "policyType": "CREATE_PROJECT"}
    world.refused(
        "AccessDeniedException",
        "AddPolicyGrant",
        role("nobody"),
        **grants,
        principal={"user": {"allUsersGrantFilter": {}}},
        detail={"createProject": {}},
    )
    world.refused(
        "ValidationException",
        "AddPolicyGrant",
        **grants,
        principal={"user": {"userIdentifier": "jane"}},
        detail={"createGlossary": {}},
    )
    world.call("RemovePolicyGrant", **grants, principal={"user": {"allUsersGrantFilter": {}}})
    world.refused("AccessDeniedException", "CreateProject", role("newcomer"), name="denied")
    world.call(
        "AddPolicyGrant",
        **grants,
        detail={"createProject": {"includeChildDomainUnits": False}},
        principal={"user": {"userIdentifier": role("newcomer").role_arn}},
    )
    world.call("CreateProject", role("newcomer"), name="allowed")
    world.refused("AccessDeniedException", "CreateProject", role("newcomer"), name="below", domainUnitId=unit["id"])
    world.call(
        "RemoveEntityOwner",
        entityType="DOMAIN_UNIT",
        entityIdentifier=unit["id"],
        owner={"user": {"userIdentifier": owner.role_arn}},
    )
    world.call("DeleteDomainUnit", identifier=unit["id"])
    world.refused("ResourceNotFoundException", "GetDomainUnit", identifier=unit["id"])


def test_a_policy_has_twenty_grants(world: World) -> None:
    grants = {
        "entityType": "ASSET_TYPE",
        "entityIdentifier": "MskTopicAssetType",
        "policyType": "USE_ASSET_TYPE",
        "detail": {"useAssetType": {}},
    }
    for number in range(20):
        world.call(
            "AddPolicyGrant",
            **grants,
            principal={"project": {"projectDesignation": "OWNER", "projectIdentifier": f"p{number}"}},
        )
    world.refused(
        "ServiceQuotaExceededException",
        "AddPolicyGrant",
        **grants,
        principal={"project": {"projectDesignation": "OWNER", "projectIdentifier": "p20"}},
    )


REQUEST_FORM = "structure StreamAccessRequestFormType { @required access: String }"


def rule(world: World, action: str, **scope: Any) -> dict[str, Any]:
    world.call(
        "CreateFormType",
        name="StreamAccessRequestFormType",
        model={"smithy": REQUEST_FORM},
        status="ENABLED",
        owningProjectIdentifier=world.producer,
    )
    return world.call(
        "CreateRule",
        name="ask",
        action=action,
        target={"domainUnitTarget": {"domainUnitId": root(world), "includeChildDomainUnits": True}},
        scope={
            "assetType": {"selectionMode": "SPECIFIC", "specificAssetTypes": ["MskTopicAssetType"]},
            "project": {"selectionMode": "ALL"},
            **scope,
        },
        detail={
            "metadataFormEnforcementDetail": {
                "requiredMetadataForms": [{"typeIdentifier": "StreamAccessRequestFormType", "typeRevision": "1"}]
            }
        },
    )


def test_a_rule_makes_requests_bring_a_form(world: World) -> None:
    made = rule(world, "CREATE_SUBSCRIPTION_REQUEST")
    assert made["ruleType"] == "METADATA_FORM_ENFORCEMENT"
    listing = world.publish(world.asset()["id"])["listingId"]
    params = {
        "requestReason": "r",
        "subscribedListings": [{"identifier": listing}],
        "subscribedPrincipals": [{"project": {"identifier": world.consumer}}],
    }
    assert "StreamAccessRequestFormType" in world.refused("ValidationException", "CreateSubscriptionRequest", **params)
    form = {"formName": "StreamAccessRequest", "typeIdentifier": "StreamAccessRequestFormType"}
    world.refused("ValidationException", "CreateSubscriptionRequest", **params, metadataForms=[form])
    form["content"] = json.dumps({"access": "READ"})
    request = world.call("CreateSubscriptionRequest", **params, metadataForms=[form])
    details = world.call("GetSubscriptionRequestDetails", identifier=request["id"])["metadataForms"]
    assert details == [
        {
            "formName": "StreamAccessRequest",
            "typeName": "StreamAccessRequestFormType",
            "typeRevision": "1",
            "content": '{"access": "READ"}',
        }
    ]
    (summary,) = world.call("ListSubscriptionRequests")["items"]
    assert summary["metadataFormsSummary"][0]["typeName"] == "StreamAccessRequestFormType"


def test_a_form_is_taken_without_a_rule_too(world: World) -> None:
    made = rule(world, "CREATE_SUBSCRIPTION_REQUEST")
    world.call("DeleteRule", identifier=made["identifier"])
    listing = world.publish(world.asset()["id"])["listingId"]
    request = world.request(
        listing,
        metadataForms=[
            {"formName": "A", "typeIdentifier": "StreamAccessRequestFormType", "content": '{"access": "WRITE"}'}
        ],
    )
    assert request["metadataForms"][0]["content"] == '{"access": "WRITE"}'


def test_a_rule_makes_publishing_need_a_form(world: World) -> None:
    made = rule(world, "CREATE_LISTING_CHANGE_SET")
    asset = world.asset()["id"]
    world.refused(
        "ValidationException", "CreateListingChangeSet", entityIdentifier=asset, entityType="ASSET", action="PUBLISH"
    )
    world.call(
        "UpdateRule",
        identifier=made["identifier"],
        scope={"assetType": {"selectionMode": "SPECIFIC", "specificAssetTypes": ["Other"]}},
    )
    assert world.call("GetRule", identifier=made["identifier"])["revision"] == "2"
    world.publish(asset)
    world.call(
        "CreateFormType",
        name="StreamAccessRequestFormType",
        model={"smithy": REQUEST_FORM},
        status="DISABLED",
        owningProjectIdentifier=world.producer,
    )
    assert f"rule {made['identifier']}" in world.refused(
        "ConflictException", "DeleteFormType", formTypeIdentifier="StreamAccessRequestFormType"
    )


def test_rules_are_listed(world: World) -> None:
    made = rule(world, "CREATE_SUBSCRIPTION_REQUEST")
    where = {"targetType": "DOMAIN_UNIT", "targetIdentifier": root(world)}
    assert [r["identifier"] for r in world.call("ListRules", **where)["items"]] == [made["identifier"]]
    assert world.call("ListRules", **where, action="CREATE_LISTING_CHANGE_SET")["items"] == []
    assert len(world.call("ListRules", **where, assetTypes=["MskTopicAssetType"])["items"]) == 1
    assert world.call("ListRules", **where, assetTypes=["Other"])["items"] == []
    unit = world.call("CreateDomainUnit", name="u", parentDomainUnitIdentifier=root(world))["id"]
    below = {"targetType": "DOMAIN_UNIT", "targetIdentifier": unit}
    assert world.call("ListRules", **below)["items"] == []
    assert len(world.call("ListRules", **below, includeCascaded=True)["items"]) == 1


def test_the_administrators_route(world: World) -> None:
    route = world.service.emulator.admin_routes["datazone"]
    world.subscribed()
    state = json.loads(json.dumps(route("GET", {"domain": world.domain}, b"")))
    (domain,) = state["domains"]
    assert len(domain["grants"]) == 1
    assert state["events"]["put"] > 0
    assert route("GET", {"domain": "dzd-none"}, b"")["domains"] == []
    assert route("POST", {}, b'{"listing_delay": 1.5}')["settings"]["listing_delay"] == 1.5
    for wrong in (
        b'{"nonsense": 1}',
        b'{"listing_delay": "x"}',
        b'{"listing_delay": -1}',
        b'{"strict_reads": 1}',
        b'{"default_grant_mode": "SOMETIMES"}',
    ):
        with pytest.raises(ApiError):
            route("POST", {}, wrong)


def test_events_without_a_bus_are_counted(service: Service) -> None:
    del service.emulator.parts["events.put"]
    service.call("CreateDomain", name="d", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")
    assert service.emulator.admin_routes["datazone"]("GET", {}, b"")["events"] == {"put": 0, "dropped": 1}


def test_a_target_that_calls_back_at_once_finds_the_lock_free(world: World) -> None:
    service, answered = world.service, threading.Event()

    def answer(account: str, region: str, entry: dict[str, Any]) -> None:
        if entry["DetailType"] == "Subscription Grant Requested":
            grant = entry["Detail"]["metadata"]["id"]
            asset = entry["Detail"]["data"]["asset"]["id"]

            def report() -> None:
                world.call("UpdateSubscriptionGrantStatus", identifier=grant, assetIdentifier=asset, status="GRANTED")
                answered.set()

            worker = threading.Thread(target=report)
            worker.start()
            worker.join(5)

    service.emulator.parts["events.put"] = answer
    world.subscribed()
    assert answered.is_set()
    assert world.grants()[0]["status"] == "COMPLETED"


def test_sixteen_threads_make_one_asset_of_an_identifier(world: World) -> None:
    outcomes: list[str] = []

    def create() -> None:
        try:
            outcomes.append(world.asset(externalIdentifier="arn:one")["id"])
        except ApiError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=create) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("ConflictException") == 15
