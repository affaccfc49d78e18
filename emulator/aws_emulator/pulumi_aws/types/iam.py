"""aws:iam/*."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    all_tags,
    changed,
    delete_quietly,
    pairs,
    read_or_none,
    tag_changes,
    tag_list,
)


def _document(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else unquote(str(value))


# --- Role ---
def _create_role(context: Context, inputs: State) -> tuple[str, State]:
    iam = context.client("iam")
    arguments: dict[str, Any] = {
        "RoleName": inputs["name"],
        "Path": inputs["path"],
        "AssumeRolePolicyDocument": inputs["assumeRolePolicy"],
        "MaxSessionDuration": int(inputs["maxSessionDuration"]),
        "Tags": tag_list(context, inputs),
    }
    if inputs.get("description"):
        arguments["Description"] = inputs["description"]
    if inputs.get("permissionsBoundary"):
        arguments["PermissionsBoundary"] = inputs["permissionsBoundary"]
    iam.create_role(**arguments)
    return inputs["name"], _live_role(context, inputs["name"])


def _live_role(context: Context, name: str) -> State:
    role = context.client("iam").get_role(RoleName=name)["Role"]
    return {
        "name": role["RoleName"],
        "path": role["Path"],
        "description": role.get("Description") or None,
        "assumeRolePolicy": _document(role["AssumeRolePolicyDocument"]),
        "maxSessionDuration": role["MaxSessionDuration"],
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "arn": role["Arn"],
        "uniqueId": role["RoleId"],
        "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        **all_tags(pairs(role.get("Tags"))),
    }


def _update_role(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    iam = context.client("iam")
    if changed(old, new, "assumeRolePolicy"):
        iam.update_assume_role_policy(RoleName=identifier, PolicyDocument=new["assumeRolePolicy"])
    if changed(old, new, "description", "maxSessionDuration"):
        iam.update_role(
            RoleName=identifier,
            Description=new.get("description") or "",
            MaxSessionDuration=int(new["maxSessionDuration"]),
        )
    if changed(old, new, "permissionsBoundary"):
        if new.get("permissionsBoundary"):
            iam.put_role_permissions_boundary(RoleName=identifier, PermissionsBoundary=new["permissionsBoundary"])
        else:
            iam.delete_role_permissions_boundary(RoleName=identifier)
    removed, added = tag_changes(context, old, new)
    if removed:
        iam.untag_role(RoleName=identifier, TagKeys=removed)
    if added:
        iam.tag_role(RoleName=identifier, Tags=[{"Key": k, "Value": v} for k, v in added.items()])
    return _live_role(context, identifier)


def _delete_role(context: Context, identifier: str, state: State) -> None:
    iam = context.client("iam")
    if state.get("forceDetachPolicies"):

        def strip() -> None:
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=identifier):
                for item in page["AttachedPolicies"]:
                    iam.detach_role_policy(RoleName=identifier, PolicyArn=item["PolicyArn"])
            for page in iam.get_paginator("list_role_policies").paginate(RoleName=identifier):
                for name in page["PolicyNames"]:
                    iam.delete_role_policy(RoleName=identifier, PolicyName=name)

        delete_quietly(strip)
    delete_quietly(lambda: iam.delete_role(RoleName=identifier))


# --- inline policy ---
def _put_role_policy(context: Context, inputs: State) -> State:
    context.client("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return {"name": inputs["name"], "role": inputs["role"], "policy": inputs["policy"]}


def _read_role_policy(context: Context, identifier: str, state: State) -> State | None:
    role, name = identifier.split(":", 1)

    def read() -> State:
        found = context.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": _document(found["PolicyDocument"])}

    return read_or_none(read)


def _delete_role_policy(context: Context, identifier: str, state: State) -> None:
    role, name = identifier.split(":", 1)
    delete_quietly(lambda: context.client("iam").delete_role_policy(RoleName=role, PolicyName=name))


# --- managed policy ---
def _create_policy(context: Context, inputs: State) -> tuple[str, State]:
    arguments: dict[str, Any] = {
        "PolicyName": inputs["name"],
        "Path": inputs["path"],
        "PolicyDocument": inputs["policy"],
        "Tags": tag_list(context, inputs),
    }
    if inputs.get("description"):
        arguments["Description"] = inputs["description"]
    arn = context.client("iam").create_policy(**arguments)["Policy"]["Arn"]
    return arn, _live_policy(context, arn)


def _live_policy(context: Context, arn: str) -> State:
    iam = context.client("iam")
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {
        "name": policy["PolicyName"],
        "path": policy["Path"],
        "description": policy.get("Description") or None,
        "policy": _document(version["Document"]),
        "arn": arn,
        "policyId": policy["PolicyId"],
        "attachmentCount": policy.get("AttachmentCount", 0),
        **all_tags(pairs(policy.get("Tags"))),
    }


def _update_policy(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    iam = context.client("iam")
    if changed(old, new, "policy"):
        versions = iam.list_policy_versions(PolicyArn=identifier)["Versions"]
        spare = [item for item in versions if not item["IsDefaultVersion"]]
        if len(versions) >= 5:
            oldest = min(spare, key=lambda item: item["CreateDate"])
            iam.delete_policy_version(PolicyArn=identifier, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=identifier, PolicyDocument=new["policy"], SetAsDefault=True)
    removed, added = tag_changes(context, old, new)
    if removed:
        iam.untag_policy(PolicyArn=identifier, TagKeys=removed)
    if added:
        iam.tag_policy(PolicyArn=identifier, Tags=[{"Key": k, "Value": v} for k, v in added.items()])
    return _live_policy(context, identifier)


def _delete_policy(context: Context, identifier: str, state: State) -> None:
    iam = context.client("iam")

    def delete() -> None:
        for item in iam.list_policy_versions(PolicyArn=identifier)["Versions"]:
            if not item["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=identifier, VersionId=item["VersionId"])
        iam.delete_policy(PolicyArn=identifier)

    delete_quietly(delete)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:iam/role:Role",
            {
                "name": Prop(replace=True),
                "path": Prop(replace=True, default="/"),
                "description": Prop(),
                "assumeRolePolicy": Prop("policy", required=True),
                "permissionsBoundary": Prop(),
                "maxSessionDuration": Prop("int", default=3600),
                "forceDetachPolicies": Prop("bool", default=False, local=True),
                **TAGS,
            },
            create=_create_role,
            read=lambda context, identifier, state: read_or_none(lambda: _live_role(context, identifier)),
            update=_update_role,
            delete=_delete_role,
            autoname=Autoname("name", 64),
        ),
        ResourceType(
            "aws:iam/rolePolicy:RolePolicy",
            {
                "name": Prop(replace=True),
                "role": Prop(required=True, replace=True),
                "policy": Prop("policy", required=True),
            },
            create=lambda context, inputs: (f"{inputs['role']}:{inputs['name']}", _put_role_policy(context, inputs)),
            read=_read_role_policy,
            update=lambda context, identifier, old, new, last: _put_role_policy(context, new),
            delete=_delete_role_policy,
            autoname=Autoname("name", 128),
        ),
        ResourceType(
            "aws:iam/policy:Policy",
            {
                "name": Prop(replace=True),
                "path": Prop(replace=True, default="/"),
                "description": Prop(replace=True),
                "policy": Prop("policy", required=True),
                **TAGS,
            },
            create=_create_policy,
            read=lambda context, identifier, state: read_or_none(lambda: _live_policy(context, identifier)),
            update=_update_policy,
            delete=_delete_policy,
            autoname=Autoname("name", 128),
        ),
    )
