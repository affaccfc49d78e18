"""aws:kinesis/stream."""

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
    arn = f"arn:aws:kinesis:{context.region}:{context.account}:stream/{name}"
    with after_creation(arn):
        _wait(context, name)
        _apply(context, name, {"retentionPeriod": 24, "encryptionType": "NONE"}, inputs)
        _apply_metrics(context, name, {}, inputs)
        if context.tags(inputs):
            kinesis.add_tags_to_stream(StreamName=name, Tags=context.tags(inputs))
        return arn, _live(context, name)


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


def _apply_metrics(context: Context, name: str, old: State, new: State) -> None:
    kinesis = context.client("kinesis")
    before, after = set(old.get("shardLevelMetrics") or []), set(new.get("shardLevelMetrics") or [])
    if before - after:
        kinesis.disable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=sorted(before - after))
    if after - before:
        kinesis.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=sorted(after - before))


def _live(context: Context, name: str) -> State:
    kinesis = context.client("kinesis")
    found = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    mode = found.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    metrics = [metric for item in found.get("EnhancedMonitoring") or [] for metric in item["ShardLevelMetrics"]]
    state: State = {
        "name": name,
        "arn": found["StreamARN"],
        "shardCount": found["OpenShardCount"] if mode == "PROVISIONED" else None,
        "shardLevelMetrics": sorted(metrics) or None,
        "retentionPeriod": found["RetentionPeriodHours"],
        "encryptionType": found.get("EncryptionType", "NONE"),
        "kmsKeyId": found.get("KeyId"),
        "streamModeDetails": {"streamMode": mode},
        **all_tags(pairs(kinesis.list_tags_for_stream(StreamName=name).get("Tags"))),
    }
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
    _apply_metrics(context, name, old, new)
    removed, added = tag_changes(context, old, new)
    if removed:
        kinesis.remove_tags_from_stream(StreamName=name, TagKeys=removed)
    if added:
        kinesis.add_tags_to_stream(StreamName=name, Tags=added)
    return _live(context, name)


def _delete(context: Context, identifier: str, state: State) -> None:
    kinesis = context.client("kinesis")
    name = identifier.split("/", 1)[1]
    enforce = bool(state.get("enforceConsumerDeletion", False))
    delete_quietly(lambda: kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=enforce))
    wait_for(f"stream {name} to be gone", lambda: read_or_none(lambda: _live(context, name)) is None)


def _imported(context: Context, identifier: str) -> tuple[str, State]:
    """The real provider's import id is the stream's name; its resource id is the ARN."""
    return f"arn:aws:kinesis:{context.region}:{context.account}:stream/{identifier}", {}


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:kinesis/stream:Stream",
            {
                "name": Prop(replace=True),
                "shardCount": Prop("int", computed=True),
                "shardLevelMetrics": Prop("list", unordered=True),
                "enforceConsumerDeletion": Prop("bool", default=False, local=True),
                "streamModeDetails": Prop("object", computed=True, members={"streamMode": Prop(required=True)}),
                "retentionPeriod": Prop("int", default=24),
                "encryptionType": Prop(default="NONE"),
                "kmsKeyId": Prop(),
                **TAGS,
            },
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier.split("/", 1)[1])),
            update=_update,
            delete=_delete,
            imported=_imported,
            autoname=Autoname("name", 128),
        ),
    )
