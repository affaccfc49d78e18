"""aws:cloudtrail/trail."""

from __future__ import annotations

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


def _create(context: Context, inputs: State) -> tuple[str, State]:
    client = context.client("cloudtrail")
    made = client.create_trail(
        Name=inputs["name"],
        S3BucketName=inputs["s3BucketName"],
        IncludeGlobalServiceEvents=bool(inputs["includeGlobalServiceEvents"]),
        IsMultiRegionTrail=bool(inputs["isMultiRegionTrail"]),
        EnableLogFileValidation=bool(inputs["enableLogFileValidation"]),
        TagsList=tag_list(context, inputs),
    )
    with after_creation(made["TrailARN"]):
        if inputs["enableLogging"]:
            client.start_logging(Name=made["TrailARN"])
        return made["TrailARN"], _live(context, made["TrailARN"])


def _live(context: Context, arn: str) -> State:
    client = context.client("cloudtrail")
    trail = client.get_trail(Name=arn)["Trail"]
    tags = client.list_tags(ResourceIdList=[arn]).get("ResourceTagList") or [{}]
    return {
        "name": trail["Name"],
        "s3BucketName": trail["S3BucketName"],
        "includeGlobalServiceEvents": trail["IncludeGlobalServiceEvents"],
        "isMultiRegionTrail": trail["IsMultiRegionTrail"],
        "enableLogFileValidation": trail["LogFileValidationEnabled"],
        "enableLogging": bool(client.get_trail_status(Name=arn)["IsLogging"]),
        "arn": arn,
        "homeRegion": trail.get("HomeRegion"),
        **all_tags(pairs(tags[0].get("TagsList"))),
    }


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    client = context.client("cloudtrail")
    client.update_trail(
        Name=identifier,
        S3BucketName=new["s3BucketName"],
        IncludeGlobalServiceEvents=bool(new["includeGlobalServiceEvents"]),
        IsMultiRegionTrail=bool(new["isMultiRegionTrail"]),
        EnableLogFileValidation=bool(new["enableLogFileValidation"]),
    )
    if changed(old, new, "enableLogging"):
        (client.start_logging if new["enableLogging"] else client.stop_logging)(Name=identifier)
    removed, added = tag_changes(context, old, new)
    if removed:
        client.remove_tags(ResourceId=identifier, TagsList=[{"Key": k} for k in removed])
    if added:
        client.add_tags(ResourceId=identifier, TagsList=[{"Key": k, "Value": v} for k, v in added.items()])
    return _live(context, identifier)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:cloudtrail/trail:Trail",
            {
                "name": Prop(replace=True),
                "s3BucketName": Prop(required=True),
                "isMultiRegionTrail": Prop("bool", default=False),
                "includeGlobalServiceEvents": Prop("bool", default=True),
                "enableLogFileValidation": Prop("bool", default=False),
                "enableLogging": Prop("bool", default=True),
                **TAGS,
            },
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier)),
            update=_update,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("cloudtrail").delete_trail(Name=identifier)
            ),
            autoname=Autoname("name", 128),
        ),
    )
