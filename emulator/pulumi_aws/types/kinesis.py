"""aws:kinesis/stream."""

from __future__ import annotations

from typing import Any

from emulator.pulumi_aws.model import Context, Prop, Registry, ResourceType, State
from emulator.pulumi_aws.types.common import (
    TAGS,
    changed,
    delete_quietly,
    own_tags,
    pairs,
    read_or_none,
    tag_changes,
    tag_list,
    wait_for,
)


def _create(context: Context, inputs: State) -> tuple[str, State]:
    kinesis = context.client("kinesis")
    name = inputs["name"]
    mode = (inputs.get("streamModeDetails") or {}).get("streamMode", "PROVISIONED")
    arguments: dict[str, Any] = {"StreamName": name, "StreamModeDetails": {"StreamMode": mode}}
    if mode == "PROVISIONED":
        arguments["ShardCount"] = int(inputs.get("shardCount") or 1)
    kinesis.create_stream(**arguments)
    _wait(context, name)
    _apply(context, name, {"retentionPeriod": 24, "encryptionType": "NONE"}, inputs)
    tags = tag_list(context, inputs)
    if tags:
        kinesis.add_tags_to_stream(StreamName=name, Tags={item["Key"]: item["Value"] for item in tags})
    live = _live(context, name, inputs)
    return live["arn"], live


def _wait(context: Context, name: str) -> None:
    kinesis = context.client("kinesis")
    wait_for(
        f"stream {name} to be ACTIVE",
        lambda: (
            kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE"
        ),
    )


def _apply(context: Context, name: str, old: State, new: State) -> None:
    """Retention and encryption, which are calls of their own."""
    kinesis = context.client("kinesis")
    before, after = int(old.get("retentionPeriod") or 24), int(new.get("retentionPeriod") or 24)
    if after > before:
        kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=after)
    elif after < before:
        kinesis.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=after)
    if changed(old, new, "encryptionType", "kmsKeyId"):
        if new.get("encryptionType") == "KMS":
            kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=new["kmsKeyId"])
        elif old.get("encryptionType") == "KMS":
            kinesis.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=old["kmsKeyId"])
        _wait(context, name)


def _live(context: Context, name: str, last: State) -> State:
    kinesis = context.client("kinesis")
    found = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    state: State = {
        "name": name,
        "arn": found["StreamARN"],
        "retentionPeriod": found["RetentionPeriodHours"],
        "encryptionType": found.get("EncryptionType", "NONE"),
        "streamModeDetails": {"streamMode": found.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")},
        **own_tags(context, pairs(kinesis.list_tags_for_stream(StreamName=name).get("Tags"))),
    }
    if found.get("KeyId"):
        # The service may answer the key's ARN for what was given as id or alias: keep what was given.
        state["kmsKeyId"] = last.get("kmsKeyId") or found["KeyId"]
    if state["streamModeDetails"]["streamMode"] == "PROVISIONED":
        state["shardCount"] = found["OpenShardCount"]
    return state


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    kinesis = context.client("kinesis")
    name = new["name"]
    if changed(old, new, "streamModeDetails"):
        kinesis.update_stream_mode(
            StreamARN=identifier, StreamModeDetails={"StreamMode": new["streamModeDetails"]["streamMode"]}
        )
        _wait(context, name)
    if changed(old, new, "shardCount") and new.get("shardCount"):
        kinesis.update_shard_count(
            StreamName=name, TargetShardCount=int(new["shardCount"]), ScalingType="UNIFORM_SCALING"
        )
        _wait(context, name)
    _apply(context, name, old, new)
    removed, added = tag_changes(context, old, new)
    if removed:
        kinesis.remove_tags_from_stream(StreamName=name, TagKeys=removed)
    if added:
        kinesis.add_tags_to_stream(StreamName=name, Tags=added)
    return _live(context, name, new)


def _delete(context: Context, identifier: str, state: State) -> None:
    kinesis = context.client("kinesis")
    name = identifier.split("/", 1)[1]
    delete_quietly(lambda: kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True))
    wait_for(f"stream {name} to be gone", lambda: read_or_none(lambda: _live(context, name, state)) is None)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:kinesis/stream:Stream",
            {
                "name": Prop(replace=True),
                "streamModeDetails": Prop("object", computed=True, members={"streamMode": Prop(required=True)}),
                "shardCount": Prop("int", computed=True),
                "retentionPeriod": Prop("int", default=24),
                "encryptionType": Prop(default="NONE"),
                "kmsKeyId": Prop(),
                **TAGS,
            },
            create=_create,
            read=lambda context, identifier, state: read_or_none(
                lambda: _live(context, identifier.split("/", 1)[1], state)
            ),
            update=_update,
            delete=_delete,
            autoname=("name", 128),
        ),
    )
