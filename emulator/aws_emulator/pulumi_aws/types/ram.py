"""aws:ram/*."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, PluginError, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    changed,
    delete_quietly,
    pairs,
    read_or_none,
    tag_changes,
    tag_list,
)


def _create_share(context: Context, inputs: State) -> tuple[str, State]:
    arguments: dict[str, Any] = {
        "name": inputs["name"],
        "allowExternalPrincipals": bool(inputs.get("allowExternalPrincipals")),
        "tags": tag_list(context, inputs, "key", "value"),
    }
    if inputs.get("permissionArns"):
        arguments["permissionArns"] = inputs["permissionArns"]
    arn = context.client("ram").create_resource_share(**arguments)["resourceShare"]["resourceShareArn"]
    with after_creation(arn):
        return arn, _live_share(context, arn) or {}


def _live_share(context: Context, arn: str) -> State | None:
    ram = context.client("ram")
    found = ram.get_resource_shares(resourceOwner="SELF", resourceShareArns=[arn])["resourceShares"]
    if not found or found[0]["status"] in {"DELETED", "DELETING"}:
        return None
    state: State = {
        "name": found[0]["name"],
        "arn": arn,
        "allowExternalPrincipals": found[0]["allowExternalPrincipals"],
        **all_tags(pairs(found[0].get("tags"), "key", "value")),
    }
    permissions = ram.list_resource_share_permissions(resourceShareArn=arn)["permissions"]
    return {**state, "permissionArns": [item["arn"] for item in permissions]}


def _update_share(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    ram = context.client("ram")
    if changed(old, new, "name", "allowExternalPrincipals"):
        ram.update_resource_share(
            resourceShareArn=identifier,
            name=new["name"],
            allowExternalPrincipals=bool(new.get("allowExternalPrincipals")),
        )
    removed, added = tag_changes(context, old, new)
    if removed:
        ram.untag_resource(resourceShareArn=identifier, tagKeys=removed)
    if added:
        ram.tag_resource(resourceShareArn=identifier, tags=[{"key": k, "value": v} for k, v in added.items()])
    return _live_share(context, identifier) or {}


def _association(kind: str, prop: str) -> dict[str, Any]:
    """The functions of ResourceAssociation and PrincipalAssociation, which differ in one word."""
    argument = {"RESOURCE": "resourceArns", "PRINCIPAL": "principals"}[kind]

    def create(context: Context, inputs: State) -> tuple[str, State]:
        context.client("ram").associate_resource_share(
            resourceShareArn=inputs["resourceShareArn"], **{argument: [inputs[prop]]}
        )
        return f"{inputs['resourceShareArn']},{inputs[prop]}", {
            name: inputs[name] for name in ("resourceShareArn", prop)
        }

    def read(context: Context, identifier: str, state: State) -> State | None:
        share, entity = identifier.split(",", 1)

        def live() -> State | None:
            found = context.client("ram").get_resource_share_associations(
                associationType=kind, resourceShareArns=[share]
            )
            held = any(
                item["associatedEntity"] == entity and item["status"] in {"ASSOCIATED", "ASSOCIATING"}
                for item in found["resourceShareAssociations"]
            )
            return {"resourceShareArn": share, prop: entity} if held else None

        return read_or_none(live)

    def delete(context: Context, identifier: str, state: State) -> None:
        share, entity = identifier.split(",", 1)
        delete_quietly(
            lambda: context.client("ram").disassociate_resource_share(resourceShareArn=share, **{argument: [entity]})
        )

    return {"create": create, "read": read, "delete": delete}


def _accept(context: Context, inputs: State) -> tuple[str, State]:
    ram = context.client("ram")
    arn = inputs["shareArn"]
    for page in ram.get_paginator("get_resource_share_invitations").paginate(resourceShareArns=[arn]):
        for invitation in page["resourceShareInvitations"]:
            if invitation["status"] == "PENDING":
                ram.accept_resource_share_invitation(
                    resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
                )
    state = _live_accepted(context, arn)
    if state is None:
        raise PluginError(f"there is no invitation to the resource share {arn} for account {context.account}")
    return arn, state


def _live_accepted(context: Context, arn: str) -> State | None:
    found = context.client("ram").get_resource_shares(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[arn])
    shares = [item for item in found["resourceShares"] if item["status"] == "ACTIVE"]
    if not shares:
        return None
    share = shares[0]
    return {
        "shareArn": arn,
        "shareId": "rs-" + arn.rsplit("/", 1)[1],
        "shareName": share["name"],
        "senderAccountId": share["owningAccountId"],
        "receiverAccountId": context.account,
        "status": share["status"],
    }


def _leave(context: Context, identifier: str, state: State) -> None:
    delete_quietly(
        lambda: context.client("ram").disassociate_resource_share(
            resourceShareArn=identifier, principals=[context.account]
        )
    )


def register(registry: Registry) -> None:
    """Add the types of this module."""
    share_arn = Prop(required=True, replace=True)
    registry.add(
        ResourceType(
            "aws:ram/resourceShare:ResourceShare",
            {
                "name": Prop(),
                "allowExternalPrincipals": Prop("bool", default=False),
                "permissionArns": Prop("list", replace=True, computed=True, unordered=True),
                **TAGS,
            },
            create=_create_share,
            read=lambda context, identifier, state: read_or_none(lambda: _live_share(context, identifier)),
            update=_update_share,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("ram").delete_resource_share(resourceShareArn=identifier)
            ),
            autoname=Autoname("name", 255),
        ),
        ResourceType(
            "aws:ram/resourceAssociation:ResourceAssociation",
            {"resourceArn": Prop(required=True, replace=True), "resourceShareArn": share_arn},
            **_association("RESOURCE", "resourceArn"),
        ),
        ResourceType(
            "aws:ram/principalAssociation:PrincipalAssociation",
            {"principal": Prop(required=True, replace=True), "resourceShareArn": share_arn},
            **_association("PRINCIPAL", "principal"),
        ),
        ResourceType(
            "aws:ram/resourceShareAccepter:ResourceShareAccepter",
            {"shareArn": Prop(required=True, replace=True)},
            create=_accept,
            read=lambda context, identifier, state: read_or_none(lambda: _live_accepted(context, identifier)),
            delete=_leave,
        ),
    )
