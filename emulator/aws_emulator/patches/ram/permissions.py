"""Managed permissions: those of moto's table, and the ones for DataZone domains.

The names of the domain permissions are those that AWS's managed policy AmazonDataZoneFullAccess lists.
UNVERIFIED[ram-domain-permissions]: the version numbers, and which actions each of them allows.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_emulator.api import ApiError
from aws_emulator.patches.common import parse_arn

PREFIX = "arn:aws:ram::aws:permission/"
DOMAIN_TYPE = "datazone:Domain"
DOMAIN_PERMISSIONS = (
    "AWSRAMDefaultPermissionAmazonDataZoneDomain",
    "AWSRAMPermissionAmazonDataZoneDomainFullAccessWithPortalAccess",
    "AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceAccess",
    "AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceWithPortalAccess",
)
_CREATED = datetime(2023, 9, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Permission:
    """A managed permission."""

    name: str
    resource_type: str
    version: str
    default: bool

    @property
    def arn(self) -> str:
        return PREFIX + self.name

    @property
    def text(self) -> str:
        """What it allows, as a policy's statement: here every action of the resource's service."""
        return json.dumps({"Effect": "Allow", "Action": [f"{self.resource_type.partition(':')[0].lower()}:*"]})

    def describe(self) -> dict[str, Any]:
        """The permission as the API shows it."""
        return {
            "arn": self.arn,
            "version": self.version,
            "defaultVersion": True,
            "name": self.name,
            "resourceType": self.resource_type,
            "status": "ATTACHABLE",
            "creationTime": _CREATED,
            "lastUpdatedTime": _CREATED,
            "isResourceTypeDefault": self.default,
            "permissionType": "AWS_MANAGED",
            "featureSet": "STANDARD",
        }


@functools.cache
def every() -> dict[str, Permission]:
    """All permissions by ARN."""
    from moto.ram.utils import AWS_MANAGED_PERMISSIONS

    known = [
        Permission(row["name"], row["resourceType"], str(row["version"]), bool(row["isResourceTypeDefault"]))
        for row in AWS_MANAGED_PERMISSIONS
    ]
    known += [Permission(name, DOMAIN_TYPE, "1", index == 0) for index, name in enumerate(DOMAIN_PERMISSIONS)]
    return {permission.arn: permission for permission in known}


def find(arn: str) -> Permission:
    """A permission by its ARN.

    Raises:
        ApiError: UnknownResourceException.
    """
    permission = every().get(arn)
    if permission is None:
        raise ApiError("UnknownResourceException", f"Permission {arn} could not be found.")
    return permission


def type_of(resource_arn: str) -> str:
    """The resource type of an ARN, for example ``datazone:Domain``.

    Raises:
        ApiError: MalformedArnException for an ARN of a type that cannot be shared.
    """
    parsed = parse_arn(resource_arn)
    if parsed is None:
        message = f"The specified resource ARN {resource_arn} is not valid. Verify the ARN and try again."
        raise ApiError("MalformedArnException", message)
    kind = parsed.resource.replace(":", "/").split("/")[0].replace("-", "").lower()
    for permission in every().values():
        service, _, name = permission.resource_type.partition(":")
        if service == parsed.service and name.lower() == kind:
            return permission.resource_type
    raise ApiError("MalformedArnException", "You cannot share the selected resource type.")


def default_of(resource_type: str) -> Permission:
    """The permission that a share takes when none is chosen."""
    of_type = [permission for permission in every().values() if permission.resource_type == resource_type]
    return next((permission for permission in of_type if permission.default), of_type[0])
