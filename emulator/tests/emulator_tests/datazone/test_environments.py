"""Blueprints, environment profiles, environments and their role."""

from __future__ import annotations

from emulator_tests.datazone.conftest import (
    CONSUMER,
    DOMAIN,
    PRODUCER,
    REGION,
    UNASSOCIATED,
    PreparedDomain,
    Service,
    admin,
)


def blueprint(prepared: PreparedDomain, name: str = "CustomAwsService") -> str:
    return str(prepared.call("ListEnvironmentBlueprints", managed=True, name=name)["items"][0]["id"])


def test_blueprints_are_enabled_per_account_and_region(prepared: PreparedDomain) -> None:
    names = [item["name"] for item in prepared.call("ListEnvironmentBlueprints", managed=True)["items"]]
    assert {"CustomAwsService", "DefaultDataLake"} <= set(names)
    assert prepared.call("ListEnvironmentBlueprints", managed=False)["items"] == []
    identifier = blueprint(prepared)
    assert prepared.call("GetEnvironmentBlueprint", identifier=identifier)["name"] == "CustomAwsService"
    base = {"projectIdentifier": prepared.producer, "name": "e", "environmentBlueprintIdentifier": identifier}
    for account, region in ((PRODUCER, REGION), (CONSUMER, "eu-west-1")):
        assert "not enabled" in prepared.refused(
            "ValidationException",
            "CreateEnvironment",
            **base,
            environmentAccountIdentifier=account,
            environmentAccountRegion=region,
        )
    prepared.refused(
        "AccessDeniedException",
        "CreateEnvironment",
        **base,
        environmentAccountIdentifier=UNASSOCIATED,
        environmentAccountRegion=REGION,
    )
    prepared.refused(
        "ResourceNotFoundException",
        "GetEnvironmentBlueprintConfiguration",
        admin(PRODUCER),
        environmentBlueprintIdentifier=identifier,
    )
    put = prepared.call(
        "PutEnvironmentBlueprintConfiguration",
        admin(PRODUCER),
        enabledRegions=[REGION],
        environmentBlueprintIdentifier=identifier,
        provisioningRoleArn=f"arn:aws:iam::{PRODUCER}:role/provision",
    )
    assert put["provisioningRoleArn"].endswith("role/provision")
    assert len(prepared.call("ListEnvironmentBlueprintConfigurations", admin(PRODUCER))["items"]) == 1
    made = prepared.call(
        "CreateEnvironment", **base, environmentAccountIdentifier=PRODUCER, environmentAccountRegion=REGION
    )
    assert made["status"] == "ACTIVE"
    prepared.call("DeleteEnvironmentBlueprintConfiguration", admin(PRODUCER), environmentBlueprintIdentifier=identifier)
    assert prepared.call("ListEnvironmentBlueprintConfigurations", admin(PRODUCER))["items"] == []


def test_environments_from_profiles(prepared: PreparedDomain) -> None:
    identifier = blueprint(prepared, "DefaultDataLake")
    prepared.call(
        "PutEnvironmentBlueprintConfiguration",
        admin(CONSUMER),
        enabledRegions=[REGION],
        environmentBlueprintIdentifier=identifier,
    )
    profile = prepared.call(
        "CreateEnvironmentProfile",
        name="lake",
        environmentBlueprintIdentifier=identifier,
        projectIdentifier=prepared.consumer,
        awsAccountId=CONSUMER,
        awsAccountRegion=REGION,
        userParameters=[{"name": "k", "value": "v"}],
    )
    assert profile["userParameters"][0]["keyName"] == "k"
    made = prepared.call(
        "CreateEnvironment",
        name="lake",
        projectIdentifier=prepared.consumer,
        environmentProfileIdentifier=profile["id"],
    )
    assert (made["awsAccountId"], made["awsAccountRegion"], made["environmentBlueprintId"]) == (
        CONSUMER,
        REGION,
        identifier,
    )
    assert made["lastDeployment"]["deploymentStatus"] == "SUCCESSFUL"
    prepared.refused(
        "ConflictException",
        "CreateEnvironment",
        name="lake",
        projectIdentifier=prepared.consumer,
        environmentProfileIdentifier=profile["id"],
    )
    prepared.refused("ValidationException", "DeleteEnvironmentProfile", identifier=profile["id"])
    prepared.refused(
        "ValidationException",
        "AssociateEnvironmentRole",
        environmentIdentifier=made["id"],
        environmentRoleArn=f"arn:aws:iam::{CONSUMER}:role/r",
    )
    listed = prepared.call(
        "ListEnvironments", projectIdentifier=prepared.consumer, environmentProfileIdentifier=profile["id"]
    )
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    assert prepared.call("UpdateEnvironment", identifier=made["id"], description="d")["description"] == "d"
    prepared.call("DeleteEnvironment", identifier=made["id"])
    prepared.refused("ResourceNotFoundException", "GetEnvironment", identifier=made["id"])
    prepared.call("DeleteEnvironmentProfile", identifier=profile["id"])
    started = [e["detail-type"] for e in prepared.service.events if e["detail-type"].startswith("Environment D")]
    assert started[-4:] == [
        "Environment Deployment Started",
        "Environment Deployment Completed",
        "Environment Deletion Started",
        "Environment Deletion Completed",
    ]


def test_an_environment_without_a_source_is_refused(prepared: PreparedDomain) -> None:
    base = {"name": "e", "projectIdentifier": prepared.consumer}
    prepared.refused("ValidationException", "CreateEnvironment", **base)
    prepared.refused(
        "ValidationException", "CreateEnvironment", **base, environmentBlueprintIdentifier=blueprint(prepared)
    )
    prepared.refused("ResourceNotFoundException", "CreateEnvironment", **base, environmentProfileIdentifier="none")


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


def test_an_environments_role(prepared: PreparedDomain) -> None:
    arn = f"arn:aws:iam::{CONSUMER}:role/team/worker"
    where = {"environmentIdentifier": prepared.environment}
    prepared.refused(
        "ValidationException",
        "AssociateEnvironmentRole",
        **where,
        environmentRoleArn=f"arn:aws:iam::{PRODUCER}:role/worker",
    )
    prepared.call("AssociateEnvironmentRole", **where, environmentRoleArn=arn)
    prepared.refused("ConflictException", "AssociateEnvironmentRole", **where, environmentRoleArn=f"{arn}2")
    (resource,) = prepared.call("GetEnvironment", identifier=prepared.environment)["provisionedResources"]
    assert (resource["name"], resource["value"]) == ("userRoleArn", arn)
    prepared.call("DisassociateEnvironmentRole", **where, environmentRoleArn=arn)
    assert prepared.call("GetEnvironment", identifier=prepared.environment)["provisionedResources"] == []
