"""Domains, projects, environments, rules, subscription targets, requests, subscriptions, grants."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.models.base import compact, moment
from aws_emulator.datazone.models.entities import (
    Blueprint,
    BlueprintConfiguration,
    Domain,
    DomainUnit,
    Environment,
    EnvironmentProfile,
    Project,
    Rule,
    UserProfile,
)
from aws_emulator.datazone.models.environments import PROVIDER
from aws_emulator.datazone.models.grants import overall_status
from aws_emulator.datazone.models.rules import kind
from aws_emulator.datazone.models.stamp import Stamp
from aws_emulator.datazone.models.subscription_entities import (
    Subscription,
    SubscriptionGrant,
    SubscriptionRequest,
    SubscriptionTarget,
)
from aws_emulator.datazone.render.catalogue import forms, subscribed_listing


def domain(found: Domain) -> dict[str, Any]:
    return compact(
        id=found.id,
        rootDomainUnitId=found.root_unit,
        name=found.name,
        description=found.description,
        # Always there: a client that reads its type without asking ends otherwise.
        singleSignOn=found.single_sign_on or {"type": "DISABLED"},
        domainExecutionRole=found.execution_role,
        arn=found.arn,
        kmsKeyIdentifier=found.kms_key,
        status=found.status,
        portalUrl=found.portal_url,
        tags=dict(found.tags),
        domainVersion=found.version,
        serviceRole=found.service_role,
    )


def domain_times(found: Domain) -> dict[str, Any]:
    return {"createdAt": moment(found.stamp.created_at), "lastUpdatedAt": moment(found.stamp.updated_at)}


def domain_summary(found: Domain) -> dict[str, Any]:
    return compact(
        id=found.id,
        name=found.name,
        description=found.description,
        arn=found.arn,
        managedAccountId=found.account,
        status=found.status,
        portalUrl=found.portal_url,
        domainVersion=found.version,
        **domain_times(found),
    )


def unit(within: Domain, found: DomainUnit) -> dict[str, Any]:
    return compact(
        id=found.id,
        domainId=within.id,
        name=found.name,
        parentDomainUnitId=found.parent,
        description=found.description,
        owners=[{"user": {"userId": owner}} for owner in found.owners],
        createdAt=moment(found.stamp.created_at),
        createdBy=found.stamp.created_by,
    )


def unit_updates(found: DomainUnit) -> dict[str, Any]:
    return {"lastUpdatedAt": moment(found.stamp.updated_at), "lastUpdatedBy": found.stamp.updated_by}


def project(within: Domain, found: Project) -> dict[str, Any]:
    tags = [{"key": key, "value": value, "source": "PROJECT"} for key, value in sorted(found.resource_tags.items())]
    return compact(
        domainId=within.id,
        id=found.id,
        name=found.name,
        description=found.description,
        projectStatus="ACTIVE",
        createdBy=found.stamp.created_by,
        createdAt=moment(found.stamp.created_at),
        lastUpdatedAt=moment(found.stamp.updated_at),
        resourceTags=tags or None,
        glossaryTerms=found.glossary_terms,
        domainUnitId=found.domain_unit_id,
        projectCategory=found.category,
        projectProfileId=found.profile_id,
        userParameters=found.user_parameters or None,
        environmentDeploymentDetails={"overallDeploymentStatus": "SUCCESSFUL"} if found.profile_id else None,
    )


def project_summary(within: Domain, found: Project) -> dict[str, Any]:
    return compact(
        domainId=within.id,
        id=found.id,
        name=found.name,
        description=found.description,
        projectStatus="ACTIVE",
        createdBy=found.stamp.created_by,
        createdAt=moment(found.stamp.created_at),
        updatedAt=moment(found.stamp.updated_at),
        domainUnitId=found.domain_unit_id,
        projectCategory=found.category,
    )


def user(within: Domain, found: UserProfile) -> dict[str, Any]:
    details: dict[str, Any] = {"arn": found.role_arn or found.arn}
    if found.role_arn is not None:
        details["sessionName"] = found.arn.rsplit("/", 1)[-1]
        group = next((group.id for group in within.groups.values() if group.role_arn == found.role_arn), None)
        details |= compact(groupProfileId=group)
    return {
        "domainId": within.id,
        "id": found.id,
        "type": "IAM",
        "status": found.status,
        "details": {"iam": details},
    }


def member(within: Domain, identifier: str, role: str) -> dict[str, Any]:
    is_group = identifier in within.groups
    details = {"group": {"groupId": identifier}} if is_group else {"user": {"userId": identifier}}
    if role in within.designations:
        shown = {"designation": "USER_CREATED_DESIGNATION", "userCreatedDesignationId": role}
        return {"memberDetails": details, **shown}
    return {"memberDetails": details, "designation": role}


def blueprint(found: Blueprint) -> dict[str, Any]:
    # The template's address of a managed blueprint is DataZone's own; the member is required by the model.
    return compact(
        id=found.id,
        name=found.name,
        description=found.description,
        provider=PROVIDER,
        provisioningProperties={"cloudFormation": {"templateUrl": ""}},
        createdAt=moment(found.created_at),
        updatedAt=moment(found.created_at),
    )


def configuration(within: Domain, found: BlueprintConfiguration) -> dict[str, Any]:
    return {
        "domainId": within.id,
        "environmentBlueprintId": found.blueprint_id,
        **found.values,
        "createdAt": moment(found.created_at),
        "updatedAt": moment(found.updated_at),
    }


def _parameters(given: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [
        compact(keyName=parameter.get("name", ""), fieldType="string", defaultValue=parameter.get("value"))
        for parameter in given
    ]


def profile(within: Domain, found: EnvironmentProfile) -> dict[str, Any]:
    return profile_summary(within, found) | {"userParameters": _parameters(found.user_parameters)}


def profile_summary(within: Domain, found: EnvironmentProfile) -> dict[str, Any]:
    return compact(
        id=found.id,
        domainId=within.id,
        awsAccountId=found.account,
        awsAccountRegion=found.region,
        createdBy=found.stamp.created_by,
        createdAt=moment(found.stamp.created_at),
        updatedAt=moment(found.stamp.updated_at),
        name=found.name,
        description=found.description,
        environmentBlueprintId=found.blueprint_id,
        projectId=found.project_id,
    )


def environment_summary(within: Domain, found: Environment) -> dict[str, Any]:
    return compact(
        projectId=found.project_id,
        id=found.id,
        domainId=within.id,
        createdBy=found.stamp.created_by,
        createdAt=moment(found.stamp.created_at),
        updatedAt=moment(found.stamp.updated_at),
        name=found.name,
        description=found.description,
        environmentProfileId=found.profile_id,
        awsAccountId=found.account,
        awsAccountRegion=found.region,
        provider=PROVIDER,
        status=found.status,
        environmentConfigurationId=found.configuration_id,
        environmentConfigurationName=found.configuration_name,
    )


def environment(within: Domain, found: Environment) -> dict[str, Any]:
    return environment_summary(within, found) | compact(
        provisionedResources=[dict(resource) for resource in found.resources],
        environmentActions=[],
        glossaryTerms=found.glossary_terms,
        userParameters=_parameters(found.user_parameters),
        lastDeployment=dict(found.deployment),
        environmentBlueprintId=found.blueprint_id,
    )


def rule_summary(found: Rule) -> dict[str, Any]:
    return {
        "identifier": found.id,
        "revision": str(found.revision),
        "ruleType": kind(found),
        "name": found.name,
        "targetType": "DOMAIN_UNIT",
        "target": found.target,
        "action": found.action,
        "scope": found.scope,
        "updatedAt": moment(found.stamp.updated_at),
        "lastUpdatedBy": found.stamp.updated_by,
    }


def rule_created(found: Rule) -> dict[str, Any]:
    return compact(
        identifier=found.id,
        name=found.name,
        ruleType=kind(found),
        target=found.target,
        action=found.action,
        scope=found.scope,
        detail=found.detail,
        targetType="DOMAIN_UNIT",
        description=found.description,
        createdAt=moment(found.stamp.created_at),
        createdBy=found.stamp.created_by,
    )


def rule_updated(found: Rule) -> dict[str, Any]:
    shown = rule_created(found) | {
        "revision": str(found.revision),
        "updatedAt": moment(found.stamp.updated_at),
        "lastUpdatedBy": found.stamp.updated_by,
    }
    shown.pop("targetType")
    return shown


def _stamped(stamp: Stamp) -> dict[str, Any]:
    return {
        "createdBy": stamp.created_by,
        "updatedBy": stamp.updated_by,
        "createdAt": moment(stamp.created_at),
        "updatedAt": moment(stamp.updated_at),
    }


def target(within: Domain, found: SubscriptionTarget) -> dict[str, Any]:
    return compact(
        id=found.id,
        authorizedPrincipals=list(found.principals),
        domainId=within.id,
        projectId=found.project_id,
        environmentId=found.environment_id,
        name=found.name,
        type=found.type,
        manageAccessRole=found.manage_access_role,
        applicableAssetTypes=list(found.asset_types),
        subscriptionTargetConfig=[dict(form) for form in found.config],
        provider=found.provider,
        subscriptionGrantCreationMode=found.creation_mode,
        **_stamped(found.stamp),
    )


def _principal(within: Domain, principal: tuple[str, str]) -> dict[str, Any]:
    kind_, identifier = principal
    if kind_ == "PROJECT":
        known = within.projects.get(identifier)
        return {"project": compact(id=identifier, name=known.name if known else None)}
    if kind_ == "USER":
        known_user = within.users.get(identifier)
        return {"user": compact(id=identifier, details={"iam": {"arn": known_user.arn}} if known_user else None)}
    return {"iam": {"principalArn": identifier}}


def request_summary(within: Domain, found: SubscriptionRequest) -> dict[str, Any]:
    return compact(
        id=found.id,
        domainId=within.id,
        status=found.status,
        requestReason=found.reason,
        subscribedPrincipals=[_principal(within, found.principal)],
        subscribedListings=[subscribed_listing(within, found.listing_id, found.listing_revision)],
        reviewerId=found.reviewer,
        decisionComment=found.comment,
        existingSubscriptionId=found.existing_subscription,
        metadataFormsSummary=[
            {"formName": f.name, "typeName": f.type_name, "typeRevision": f.type_revision} for f in found.forms
        ]
        or None,
        **_stamped(found.stamp),
    )


def request(within: Domain, found: SubscriptionRequest) -> dict[str, Any]:
    shown = request_summary(within, found)
    shown.pop("metadataFormsSummary", None)
    return shown | compact(metadataForms=forms(found.forms) or None)


def subscription(within: Domain, found: Subscription) -> dict[str, Any]:
    return compact(
        id=found.id,
        domainId=within.id,
        status=found.status,
        subscribedPrincipal=_principal(within, found.principal),
        subscribedListing=subscribed_listing(within, found.listing_id, found.listing_revision),
        subscriptionRequestId=found.request_id,
        retainPermissions=found.retain_permissions,
        **_stamped(found.stamp),
    )


def grant(within: Domain, found: SubscriptionGrant) -> dict[str, Any]:
    assets = [
        compact(
            assetId=asset.asset_id,
            assetRevision=asset.asset_revision,
            status=asset.status,
            targetName=asset.target_name,
            failureCause={"message": asset.failure} if asset.failure is not None else None,
            grantedTimestamp=None if asset.granted_at is None else moment(asset.granted_at),
            failureTimestamp=None if asset.failed_at is None else moment(asset.failed_at),
        )
        for asset in found.assets.values()
    ]
    return {
        "id": found.id,
        "domainId": within.id,
        "environmentId": found.environment_id,
        "subscriptionTargetId": found.target_id,
        "grantedEntity": {"listing": {"id": found.listing_id, "revision": found.listing_revision}},
        "status": overall_status(within, found),
        "assets": assets,
        "subscriptionId": found.subscription_id,
        **_stamped(found.stamp),
    }
