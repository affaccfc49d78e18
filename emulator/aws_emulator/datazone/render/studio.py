"""Groups of role sessions, designations, project profiles, account pools."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.models.base import compact, moment
from aws_emulator.datazone.models.entities import Domain
from aws_emulator.datazone.models.studio_entities import AccountPool, Designation, GroupProfile, ProjectProfile


def group(within: Domain, found: GroupProfile) -> dict[str, Any]:
    return {
        "domainId": within.id,
        "id": found.id,
        "status": found.status,
        "groupName": found.role_arn.rsplit("/", 1)[-1],
        "rolePrincipalArn": found.role_arn,
    }


def designation_summary(within: Domain, found: Designation) -> dict[str, Any]:
    return compact(
        domainId=within.id,
        id=found.id,
        name=found.name,
        description=found.description,
        designationType="USER_CREATED",
        deletionProtection=found.protected,
        createdBy=found.stamp.created_by,
        createdAt=moment(found.stamp.created_at),
        updatedAt=moment(found.stamp.updated_at),
    )


def designation(within: Domain, found: Designation) -> dict[str, Any]:
    shown = designation_summary(within, found) | {"policy": found.policy}
    return shown | {"lastUpdatedAt": shown.pop("updatedAt")}


def profile_summary(within: Domain, found: ProjectProfile) -> dict[str, Any]:
    return compact(
        domainId=within.id,
        id=found.id,
        name=found.name,
        description=found.description,
        status=found.status,
        createdBy=found.stamp.created_by,
        createdAt=moment(found.stamp.created_at),
        lastUpdatedAt=moment(found.stamp.updated_at),
        domainUnitId=found.domain_unit_id,
    )


def profile(within: Domain, found: ProjectProfile) -> dict[str, Any]:
    return profile_summary(within, found) | found.extras | {"environmentConfigurations": found.configurations}


def pool_summary(within: Domain, found: AccountPool) -> dict[str, Any]:
    return compact(
        domainId=within.id,
        id=found.id,
        name=found.name,
        domainUnitId=found.domain_unit_id,
        resolutionStrategy=found.strategy,
        createdBy=found.stamp.created_by,
        updatedBy=found.stamp.updated_by,
    )


def pool(within: Domain, found: AccountPool) -> dict[str, Any]:
    return pool_summary(within, found) | compact(
        description=found.description,
        accountSource=found.source,
        createdAt=moment(found.stamp.created_at),
        lastUpdatedAt=moment(found.stamp.updated_at),
    )
