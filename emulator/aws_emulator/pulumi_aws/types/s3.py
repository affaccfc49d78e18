"""aws:s3/*: what a trail needs."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    delete_quietly,
    gone,
    pairs,
    read_or_none,
)


def _create_bucket(context: Context, inputs: State) -> tuple[str, State]:
    s3 = context.client("s3")
    arguments: dict[str, Any] = {"Bucket": inputs["bucket"]}
    if context.region != "us-east-1":
        arguments["CreateBucketConfiguration"] = {"LocationConstraint": context.region}
    s3.create_bucket(**arguments)
    with after_creation(inputs["bucket"]):
        if context.tags(inputs):
            _tag_bucket(context, inputs["bucket"], inputs)
        return inputs["bucket"], _live_bucket(context, inputs["bucket"])


def _tag_bucket(context: Context, bucket: str, inputs: State) -> None:
    tags = context.tags(inputs)
    if tags:
        context.client("s3").put_bucket_tagging(
            Bucket=bucket, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in sorted(tags.items())]}
        )
    else:
        context.client("s3").delete_bucket_tagging(Bucket=bucket)


def _live_bucket(context: Context, bucket: str) -> State:
    s3 = context.client("s3")
    s3.head_bucket(Bucket=bucket)
    try:
        tags = pairs(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        tags = {}
    return {
        "bucket": bucket,
        "arn": f"arn:aws:s3:::{bucket}",
        "region": context.region,
        "bucketDomainName": f"{bucket}.s3.amazonaws.com",
        **all_tags(tags),
    }


def _update_bucket(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    if context.tags(old) != context.tags(new):
        _tag_bucket(context, identifier, new)
    return _live_bucket(context, identifier)


def _delete_bucket(context: Context, identifier: str, state: State) -> None:
    s3 = context.client("s3")

    def delete() -> None:
        if state.get("forceDestroy"):
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=identifier):
                for item in page.get("Contents") or []:
                    s3.delete_object(Bucket=identifier, Key=item["Key"])
        s3.delete_bucket(Bucket=identifier)

    delete_quietly(delete)


def _put_policy(context: Context, inputs: State) -> State:
    context.client("s3").put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])
    return {"bucket": inputs["bucket"], "policy": inputs["policy"]}


def _read_policy(context: Context, identifier: str, state: State) -> State | None:
    return read_or_none(
        lambda: {"bucket": identifier, "policy": context.client("s3").get_bucket_policy(Bucket=identifier)["Policy"]}
    )


_BLOCKS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


def _put_block(context: Context, inputs: State) -> State:
    context.client("s3").put_public_access_block(
        Bucket=inputs["bucket"],
        PublicAccessBlockConfiguration={theirs: bool(inputs.get(ours)) for ours, theirs in _BLOCKS.items()},
    )
    return {"bucket": inputs["bucket"], **{ours: bool(inputs.get(ours)) for ours in _BLOCKS}}


def _read_block(context: Context, identifier: str, state: State) -> State | None:
    def read() -> State:
        found = context.client("s3").get_public_access_block(Bucket=identifier)["PublicAccessBlockConfiguration"]
        return {"bucket": identifier, **{ours: found.get(theirs, False) for ours, theirs in _BLOCKS.items()}}

    return read_or_none(read)


def _put_lifecycle(context: Context, inputs: State) -> State:
    rules = []
    for item in inputs["rules"]:
        rule: dict[str, Any] = {
            "ID": item["id"],
            "Status": item["status"],
            "Filter": {"Prefix": (item.get("filter") or {}).get("prefix", "")},
        }
        if item.get("expiration"):
            rule["Expiration"] = {"Days": int(item["expiration"]["days"])}
        rules.append(rule)
    context.client("s3").put_bucket_lifecycle_configuration(
        Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules}
    )
    return {"bucket": inputs["bucket"], "rules": inputs["rules"]}


def _read_lifecycle(context: Context, identifier: str, state: State) -> State | None:
    def read() -> State | None:
        try:
            found = context.client("s3").get_bucket_lifecycle_configuration(Bucket=identifier)["Rules"]
        except ClientError as error:
            if gone(error):
                return None
            raise
        rules = []
        for item in found:
            rule: dict[str, Any] = {
                "id": item["ID"],
                "status": item["Status"],
                "filter": {"prefix": (item.get("Filter") or {}).get("Prefix", "")},
            }
            if item.get("Expiration"):
                rule["expiration"] = {"days": item["Expiration"]["Days"]}
            rules.append(rule)
        return {"bucket": identifier, "rules": rules}

    return read_or_none(read)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    bucket = Prop(required=True, replace=True)
    registry.add(
        ResourceType(
            "aws:s3/bucket:Bucket",
            {"bucket": Prop(replace=True), "forceDestroy": Prop("bool", default=False, local=True), **TAGS},
            create=_create_bucket,
            read=lambda context, identifier, state: read_or_none(lambda: _live_bucket(context, identifier)),
            update=_update_bucket,
            delete=_delete_bucket,
            autoname=Autoname("bucket", 63, lower=True),
        ),
        ResourceType(
            "aws:s3/bucketPolicy:BucketPolicy",
            {"bucket": bucket, "policy": Prop("policy", required=True)},
            create=lambda context, inputs: (inputs["bucket"], _put_policy(context, inputs)),
            read=_read_policy,
            update=lambda context, identifier, old, new, last: _put_policy(context, new),
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("s3").delete_bucket_policy(Bucket=identifier)
            ),
        ),
        ResourceType(
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            {"bucket": bucket, **{name: Prop("bool", default=False) for name in _BLOCKS}},
            create=lambda context, inputs: (inputs["bucket"], _put_block(context, inputs)),
            read=_read_block,
            update=lambda context, identifier, old, new, last: _put_block(context, new),
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("s3").delete_public_access_block(Bucket=identifier)
            ),
        ),
        ResourceType(
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {
                "bucket": bucket,
                "rules": Prop(
                    "list",
                    required=True,
                    element=Prop(
                        "object",
                        members={
                            "id": Prop(required=True),
                            "status": Prop(required=True),
                            "filter": Prop("object", members={"prefix": Prop(default="")}),
                            "expiration": Prop("object", members={"days": Prop("int")}),
                        },
                    ),
                ),
            },
            create=lambda context, inputs: (inputs["bucket"], _put_lifecycle(context, inputs)),
            read=_read_lifecycle,
            update=lambda context, identifier, old, new, last: _put_lifecycle(context, new),
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("s3").delete_bucket_lifecycle(Bucket=identifier)
            ),
        ),
    )
