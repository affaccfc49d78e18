"""Shares: create, update, delete, associate, disassociate, tag."""

from __future__ import annotations

import uuid
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.ram import permissions
from aws_emulator.patches.ram.store import Share, Store, account_of, describe_association


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""
    _install_associations(emulator, store)

    @emulator.operation("ram", "CreateResourceShare")
    def create_resource_share(call: ApiCall) -> dict[str, Any]:
        return store.once(call, lambda: _create(call, store))

    @emulator.operation("ram", "UpdateResourceShare")
    def update_resource_share(call: ApiCall) -> dict[str, Any]:
        share = store.find(call, call.params["resourceShareArn"])
        share.name = call.params.get("name", share.name)
        share.allow_external = call.params.get("allowExternalPrincipals", share.allow_external)
        share.updated = store.now()
        return {"resourceShare": share.describe()}

    @emulator.operation("ram", "DeleteResourceShare")
    def delete_resource_share(call: ApiCall) -> dict[str, Any]:
        share = store.find(call, call.params["resourceShareArn"])
        with store.lock:
            for kind in ("PRINCIPAL", "RESOURCE"):
                store.disassociate(share, kind, [a.entity for a in share.current(kind)])
            # "The deleted resource share appears in list operations for some time"
            share.status = "DELETED"
        return {"returnValue": True}

    @emulator.operation("ram", "EnableSharingWithAwsOrganization")
    def enable_sharing_with_aws_organization(call: ApiCall) -> dict[str, Any]:
        if not store.members(call.caller.account):
            message = "Only the management account of an organization can enable sharing with it."
            raise ApiError("OperationNotPermittedException", message)
        store.sharing.add(call.caller.account)
        return {"returnValue": True}

    @emulator.operation("ram", "TagResource")
    def tag_resource(call: ApiCall) -> dict[str, Any]:
        _tagged(call, store).tags.update({tag["key"]: tag.get("value", "") for tag in call.params["tags"]})
        return {}

    @emulator.operation("ram", "UntagResource")
    def untag_resource(call: ApiCall) -> dict[str, Any]:
        share = _tagged(call, store)
        for key in call.params["tagKeys"]:
            share.tags.pop(key, None)
        return {}

    @emulator.operation("ram", "AssociateResourceSharePermission")
    def associate_resource_share_permission(call: ApiCall) -> dict[str, Any]:
        share = store.find(call, call.params["resourceShareArn"])
        permission = permissions.find(call.params["permissionArn"])
        if permission.resource_type in share.permissions and not call.params.get("replace"):
            message = "The resource share has a permission for this resource type; set replace to exchange it."
            raise ApiError("OperationNotPermittedException", message)
        share.permissions[permission.resource_type] = permission.arn
        share.updated = store.now()
        return {"returnValue": True}


def _tagged(call: ApiCall, store: Store) -> Share:
    arn = call.params.get("resourceShareArn") or call.params.get("resourceArn")
    if not arn:
        raise ApiError("InvalidParameterException", "A resource share ARN is required.")
    return store.find(call, arn)


def _create(call: ApiCall, store: Store) -> dict[str, Any]:
    params = call.params
    now = store.now()
    chosen = [permissions.find(arn) for arn in params.get("permissionArns", [])]
    if len({permission.resource_type for permission in chosen}) != len(chosen):
        raise ApiError("InvalidParameterException", "A resource share has one permission for each resource type.")
    share = Share(
        arn=f"arn:aws:ram:{call.region}:{call.caller.account}:resource-share/{uuid.uuid4()}",
        name=params["name"],
        owner=call.caller.account,
        region=call.region,
        allow_external=params.get("allowExternalPrincipals", True),
        created=now,
        updated=now,
        permissions={permission.resource_type: permission.arn for permission in chosen},
        tags={tag["key"]: tag.get("value", "") for tag in params.get("tags", [])},
    )
    with store.lock:
        _associate(store, share, params)
        store.shares(call.caller.account, call.region).append(share)
    return {"resourceShare": share.describe()}


def _associate(store: Store, share: Share, params: dict[str, Any]) -> list[dict[str, Any]]:
    for arn in params.get("resourceArns", []):
        kind = permissions.type_of(arn)
        share.permissions.setdefault(kind, permissions.default_of(kind).arn)
    changed = store.associate(share, "RESOURCE", params.get("resourceArns", []))
    changed += store.associate(share, "PRINCIPAL", params.get("principals", []))
    return [describe_association(share, association) for association in changed]


def _install_associations(emulator: Emulator, store: Store) -> None:
    @emulator.operation("ram", "AssociateResourceShare")
    def associate_resource_share(call: ApiCall) -> dict[str, Any]:
        def perform() -> dict[str, Any]:
            share = store.find(call, call.params["resourceShareArn"])
            if share.status != "ACTIVE":
                raise ApiError("InvalidStateTransitionException", f"The resource share is {share.status}.")
            with store.lock:
                return {"resourceShareAssociations": _associate(store, share, call.params)}

        return store.once(call, perform)

    @emulator.operation("ram", "DisassociateResourceShare")
    def disassociate_resource_share(call: ApiCall) -> dict[str, Any]:
        def perform() -> dict[str, Any]:
            share = store.find(call, call.params["resourceShareArn"], own=False)
            principals, resources = call.params.get("principals", []), call.params.get("resourceArns", [])
            if share.owner != call.caller.account and (
                resources or any(account_of(principal) != call.caller.account for principal in principals)
            ):
                # A consumer may leave a share, and do nothing else to it.
                raise ApiError("OperationNotPermittedException", "Only the owner can change the resource share.")
            with store.lock:
                ended = store.disassociate(share, "RESOURCE", resources)
                ended += store.disassociate(share, "PRINCIPAL", principals)
            rows = [{**describe_association(share, item), "status": "DISASSOCIATING"} for item in ended]
            return {"resourceShareAssociations": rows}

        return store.once(call, perform)
