"""aws:kms/*."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
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


def _create_key(context: Context, inputs: State) -> tuple[str, State]:
    kms = context.client("kms")
    arguments: dict[str, Any] = {
        "Description": inputs.get("description") or "",
        "Tags": tag_list(context, inputs, "TagKey", "TagValue"),
    }
    if inputs.get("policy"):
        arguments["Policy"] = inputs["policy"]
    arguments |= {
        "KeyUsage": inputs["keyUsage"],
        "KeySpec": inputs["customerMasterKeySpec"],
        "MultiRegion": bool(inputs.get("multiRegion")),
    }
    key_id = kms.create_key(**arguments)["KeyMetadata"]["KeyId"]
    with after_creation(key_id):
        if inputs.get("enableKeyRotation"):
            kms.enable_key_rotation(KeyId=key_id)
        if not inputs["isEnabled"]:
            kms.disable_key(KeyId=key_id)
        return key_id, _live_key(context, key_id)


def _live_key(context: Context, key_id: str) -> State:
    kms = context.client("kms")
    metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    return {
        "description": metadata.get("Description") or None,
        "policy": kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"],
        "enableKeyRotation": kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"],
        "isEnabled": metadata["Enabled"],
        "keyUsage": metadata["KeyUsage"],
        "customerMasterKeySpec": metadata["KeySpec"],
        "arn": metadata["Arn"],
        "keyId": key_id,
        "multiRegion": metadata.get("MultiRegion", False),
        **all_tags(pairs(kms.list_resource_tags(KeyId=key_id).get("Tags"), "TagKey", "TagValue")),
    }


def _read_key(context: Context, identifier: str, state: State) -> State | None:
    def read() -> State | None:
        metadata = context.client("kms").describe_key(KeyId=identifier)["KeyMetadata"]
        return None if metadata["KeyState"] == "PendingDeletion" else _live_key(context, identifier)

    return read_or_none(read)


def _update_key(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    kms = context.client("kms")
    if changed(old, new, "isEnabled") and new["isEnabled"]:
        kms.enable_key(KeyId=identifier)
    if changed(old, new, "description"):
        kms.update_key_description(KeyId=identifier, Description=new.get("description") or "")
    if changed(old, new, "policy") and new.get("policy"):
        kms.put_key_policy(KeyId=identifier, PolicyName="default", Policy=new["policy"])
    if changed(old, new, "enableKeyRotation"):
        (kms.enable_key_rotation if new.get("enableKeyRotation") else kms.disable_key_rotation)(KeyId=identifier)
    if changed(old, new, "isEnabled") and not new["isEnabled"]:
        # Last: a key that is disabled takes fewer changes.
        kms.disable_key(KeyId=identifier)
    removed, added = tag_changes(context, old, new)
    if removed:
        kms.untag_resource(KeyId=identifier, TagKeys=removed)
    if added:
        kms.tag_resource(KeyId=identifier, Tags=[{"TagKey": k, "TagValue": v} for k, v in added.items()])
    return _live_key(context, identifier)


def _delete_key(context: Context, identifier: str, state: State) -> None:
    window = int(state.get("deletionWindowInDays") or 30)
    if _read_key(context, identifier, state) is not None:
        context.client("kms").schedule_key_deletion(KeyId=identifier, PendingWindowInDays=window)


def _create_alias(context: Context, inputs: State) -> tuple[str, State]:
    context.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return inputs["name"], _live_alias(context, inputs["name"]) or {}


def _live_alias(context: Context, name: str) -> State | None:
    for page in context.client("kms").get_paginator("list_aliases").paginate():
        for item in page["Aliases"]:
            if item["AliasName"] == name:
                return {"name": name, "targetKeyId": item.get("TargetKeyId"), "arn": item["AliasArn"]}
    return None


def _update_alias(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    context.client("kms").update_alias(AliasName=identifier, TargetKeyId=new["targetKeyId"])
    return _live_alias(context, identifier) or {}


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:kms/key:Key",
            {
                "description": Prop(computed=True),
                "enableKeyRotation": Prop("bool", default=False),
                "deletionWindowInDays": Prop("int", local=True),
                "policy": Prop("policy", computed=True),
                "keyUsage": Prop(default="ENCRYPT_DECRYPT", replace=True),
                "customerMasterKeySpec": Prop(default="SYMMETRIC_DEFAULT", replace=True),
                "multiRegion": Prop("bool", computed=True, replace=True),
                "isEnabled": Prop("bool", default=True),
                **TAGS,
            },
            create=_create_key,
            read=_read_key,
            update=_update_key,
            delete=_delete_key,
        ),
        ResourceType(
            "aws:kms/alias:Alias",
            {"name": Prop(replace=True), "targetKeyId": Prop(required=True)},
            autoname=Autoname("name", 250, prefix="alias/"),
            create=_create_alias,
            read=lambda context, identifier, state: _live_alias(context, identifier),
            update=_update_alias,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("kms").delete_alias(AliasName=identifier)
            ),
        ),
    )
