"""aws:glue/registry."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    changed,
    delete_quietly,
    read_or_none,
    tag_changes,
)


def _create(context: Context, inputs: State) -> tuple[str, State]:
    arguments: dict[str, Any] = {"RegistryName": inputs["registryName"]}
    if inputs.get("description"):
        arguments["Description"] = inputs["description"]
    tags = context.tags(inputs)
    if tags:
        arguments["Tags"] = tags
    arn = context.client("glue").create_registry(**arguments)["RegistryArn"]
    with after_creation(arn):
        return arn, _live(context, arn)


def _live(context: Context, arn: str) -> State:
    glue = context.client("glue")
    found = glue.get_registry(RegistryId={"RegistryArn": arn})
    return {
        "registryName": found["RegistryName"],
        "description": found.get("Description") or None,
        "arn": arn,
        **all_tags(glue.get_tags(ResourceArn=arn).get("Tags") or {}),
    }


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    glue = context.client("glue")
    if changed(old, new, "description"):
        glue.update_registry(RegistryId={"RegistryArn": identifier}, Description=new.get("description") or "")
    removed, added = tag_changes(context, old, new)
    if removed:
        glue.untag_resource(ResourceArn=identifier, TagsToRemove=removed)
    if added:
        glue.tag_resource(ResourceArn=identifier, TagsToAdd=added)
    return _live(context, identifier)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:glue/registry:Registry",
            {"registryName": Prop(required=True, replace=True), "description": Prop(), **TAGS},
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier)),
            update=_update,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("glue").delete_registry(RegistryId={"RegistryArn": identifier})
            ),
        ),
    )
