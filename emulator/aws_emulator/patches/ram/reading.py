"""What an account shares and what is shared with it."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import utc
from aws_emulator.patches.ram import permissions
from aws_emulator.patches.ram.store import Share, Store, account_of, account_takes_part, describe_association, paged


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""
    _install_permissions(emulator, store)

    def seen(call: ApiCall) -> list[Share]:
        account = call.caller.account
        wanted = call.params.get("resourceShareArns")
        if call.params["resourceOwner"] == "SELF":
            found = list(store.shares(account, call.region))
        else:
            found = [share for share in store.all(call.region) if share.owner != account]
            found = [share for share in found if account_takes_part(share, account)]
        return [share for share in found if not wanted or share.arn in wanted]

    @emulator.operation("ram", "GetResourceShares")
    def get_resource_shares(call: ApiCall) -> dict[str, Any]:
        found = seen(call)
        wanted = call.params.get("resourceShareArns", [])
        if unknown := set(wanted) - {share.arn for share in found}:
            raise ApiError("UnknownResourceException", f"ResourceShare {sorted(unknown)[0]} could not be found.")
        rows = [share.describe() for share in found if _matches(share, call.params)]
        return paged(call, rows, "resourceShares")

    @emulator.operation("ram", "GetResourceShareAssociations")
    def get_resource_share_associations(call: ApiCall) -> dict[str, Any]:
        params = call.params
        kind = params["associationType"]
        entity = params.get("resourceArn") if kind == "RESOURCE" else params.get("principal")
        if params.get("resourceArn") and kind == "PRINCIPAL":
            message = "You cannot specify a resource ARN when the association type is PRINCIPAL."
            raise ApiError("InvalidParameterException", message)
        if params.get("principal") and kind == "RESOURCE":
            message = "You cannot specify a principal when the association type is RESOURCE."
            raise ApiError("InvalidParameterException", message)
        rows = [
            describe_association(share, association)
            for share in store.shares(call.caller.account, call.region)
            for association in share.associations
            if association.kind == kind
            and (not params.get("resourceShareArns") or share.arn in params["resourceShareArns"])
            and entity in (None, association.entity)
            and params.get("associationStatus") in (None, association.status)
        ]
        return paged(call, rows, "resourceShareAssociations")

    @emulator.operation("ram", "ListResources")
    def list_resources(call: ApiCall) -> dict[str, Any]:
        params = call.params
        rows = [
            {
                "arn": association.entity,
                "type": permissions.type_of(association.entity),
                "resourceShareArn": share.arn,
                "status": "AVAILABLE",
                "creationTime": utc(association.created),
                "lastUpdatedTime": utc(association.updated),
                "resourceRegionScope": "REGIONAL",
            }
            for share in seen(call)
            for association in share.current("RESOURCE")
            if (not params.get("resourceArns") or association.entity in params["resourceArns"])
            and params.get("resourceType") in (None, permissions.type_of(association.entity))
            and _concerns(share, params.get("principal"))
        ]
        return paged(call, rows, "resources")

    @emulator.operation("ram", "ListPrincipals")
    def list_principals(call: ApiCall) -> dict[str, Any]:
        params = call.params
        own = params["resourceOwner"] == "SELF"
        rows = [
            {
                "id": association.entity if own else share.owner,
                "resourceShareArn": share.arn,
                "creationTime": utc(association.created),
                "lastUpdatedTime": utc(association.updated),
                "external": association.external,
            }
            for share in seen(call)
            for association in share.current("PRINCIPAL")
            if (own or account_of(association.entity) == call.caller.account)
            and (not params.get("principals") or association.entity in params["principals"])
            and params.get("resourceArn") in (None, *share.resource_arns)
        ]
        return paged(call, rows, "principals")


def _matches(share: Share, params: dict[str, Any]) -> bool:
    filters = params.get("tagFilters", [])
    return (
        params.get("resourceShareStatus") in (None, share.status)
        and params.get("name") in (None, share.name)
        and params.get("permissionArn") in (None, *share.permissions.values())
        and all(
            item.get("tagKey") in share.tags
            and (not item.get("tagValues") or share.tags[item["tagKey"]] in item["tagValues"])
            for item in filters
        )
    )


def _concerns(share: Share, principal: str | None) -> bool:
    return principal is None or principal == share.owner or principal in share.principals


def _install_permissions(emulator: Emulator, store: Store) -> None:
    @emulator.operation("ram", "ListResourceSharePermissions")
    def list_resource_share_permissions(call: ApiCall) -> dict[str, Any]:
        share = store.find(call, call.params["resourceShareArn"], own=False)
        rows = [permissions.find(arn).describe() for arn in share.permissions.values()]
        return paged(call, rows, "permissions")

    @emulator.operation("ram", "ListPermissions")
    def list_permissions(call: ApiCall) -> dict[str, Any]:
        wanted = call.params.get("resourceType")
        rows = [
            permission.describe()
            for permission in permissions.every().values()
            if (not wanted or permission.resource_type.lower() == wanted.lower())
            and call.params.get("permissionType", "ALL") in ("ALL", "AWS_MANAGED")
        ]
        return paged(call, rows, "permissions")

    @emulator.operation("ram", "GetPermission")
    def get_permission(call: ApiCall) -> dict[str, Any]:
        found = permissions.find(call.params["permissionArn"])
        return {"permission": {**found.describe(), "permission": found.text}}
