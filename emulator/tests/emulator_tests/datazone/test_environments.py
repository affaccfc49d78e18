"""Blueprints, environment profiles, environments and their role."""

from __future__ import annotations

from emulator_tests.datazone.conftest import (
    CONSUMER,
    DOMAIN,
    PRODUCER,
    REGION,
    UNASSOCIATED,
    Service,
    World,
    admin,
)


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
        environmentAccountIdentifier=UNASSOCIATED,
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
