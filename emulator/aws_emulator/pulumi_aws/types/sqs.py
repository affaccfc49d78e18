"""aws:sqs/*."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    delete_quietly,
    read_or_none,
    tag_changes,
)

_ATTRIBUTES = {
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "delaySeconds": "DelaySeconds",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "maxMessageSize": "MaximumMessageSize",
    "redrivePolicy": "RedrivePolicy",
    "policy": "Policy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
}
_NUMBERS = {
    "messageRetentionSeconds", "kmsDataKeyReusePeriodSeconds", "delaySeconds", "visibilityTimeoutSeconds",
    "receiveWaitTimeSeconds", "maxMessageSize",
}  # fmt: skip
_FLAGS = {"sqsManagedSseEnabled", "contentBasedDeduplication"}
_TAKEN_AWAY = ("kmsMasterKeyId", "redrivePolicy", "policy")
"""What an update without it must set to nothing."""


def _attributes(inputs: State) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, attribute in _ATTRIBUTES.items():
        value = inputs.get(name)
        # Only queues of that kind know the attribute.
        known = name != "contentBasedDeduplication" or bool(inputs.get("fifoQueue"))
        if value is not None and known:
            out[attribute] = str(value).lower() if isinstance(value, bool) else str(value)
    return out


def _create(context: Context, inputs: State) -> tuple[str, State]:
    attributes = _attributes(inputs)
    if inputs.get("fifoQueue"):
        attributes["FifoQueue"] = "true"
    arguments: dict[str, Any] = {"QueueName": inputs["name"], "Attributes": attributes}
    tags = context.tags(inputs)
    if tags:
        arguments["tags"] = tags
    url = context.client("sqs").create_queue(**arguments)["QueueUrl"]
    with after_creation(url):
        return url, _live(context, url)


def _live(context: Context, url: str) -> State:
    sqs = context.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    fifo = found.get("FifoQueue") == "true"
    state: State = {"name": url.rsplit("/", 1)[1], "url": url, "arn": found["QueueArn"], "fifoQueue": fifo}
    for name, attribute in _ATTRIBUTES.items():
        value = found.get(attribute) or None
        if value is not None and name in _NUMBERS:
            state[name] = int(value)
        elif name in _FLAGS and (value is not None or name == "contentBasedDeduplication"):
            state[name] = value == "true"
        else:
            state[name] = value
    return state | all_tags(sqs.list_queue_tags(QueueUrl=url).get("Tags") or {})


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    sqs = context.client("sqs")
    wanted = _attributes(new)
    for name in _TAKEN_AWAY:
        if old.get(name) and not new.get(name):
            wanted[_ATTRIBUTES[name]] = ""
    if wanted != _attributes(old):
        sqs.set_queue_attributes(QueueUrl=identifier, Attributes=wanted)
    removed, added = tag_changes(context, old, new)
    if removed:
        sqs.untag_queue(QueueUrl=identifier, TagKeys=removed)
    if added:
        sqs.tag_queue(QueueUrl=identifier, Tags=added)
    return _live(context, identifier)


def _put_policy(context: Context, inputs: State) -> State:
    context.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})
    return {"queueUrl": inputs["queueUrl"], "policy": inputs["policy"]}


def _read_policy(context: Context, identifier: str, state: State) -> State | None:
    def read() -> State | None:
        found = context.client("sqs").get_queue_attributes(QueueUrl=identifier, AttributeNames=["Policy"])
        policy = found.get("Attributes", {}).get("Policy")
        return {"queueUrl": identifier, "policy": policy} if policy else None

    return read_or_none(read)


def _delete_policy(context: Context, identifier: str, state: State) -> None:
    delete_quietly(lambda: context.client("sqs").set_queue_attributes(QueueUrl=identifier, Attributes={"Policy": ""}))


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:sqs/queue:Queue",
            {
                "name": Prop(replace=True),
                "messageRetentionSeconds": Prop("int", default=345600),
                "kmsMasterKeyId": Prop(),
                "kmsDataKeyReusePeriodSeconds": Prop("int", computed=True),
                "sqsManagedSseEnabled": Prop("bool", computed=True),
                "delaySeconds": Prop("int", default=0),
                "visibilityTimeoutSeconds": Prop("int", default=30),
                "receiveWaitTimeSeconds": Prop("int", default=0),
                "maxMessageSize": Prop("int", computed=True),
                "redrivePolicy": Prop("json"),
                "policy": Prop("policy", computed=True),
                "fifoQueue": Prop("bool", default=False, replace=True),
                "contentBasedDeduplication": Prop("bool", default=False),
                **TAGS,
            },
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier)),
            update=_update,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("sqs").delete_queue(QueueUrl=identifier)
            ),
            autoname=Autoname("name", 80),
        ),
        ResourceType(
            "aws:sqs/queuePolicy:QueuePolicy",
            {"queueUrl": Prop(required=True, replace=True), "policy": Prop("policy", required=True)},
            create=lambda context, inputs: (inputs["queueUrl"], _put_policy(context, inputs)),
            read=_read_policy,
            update=lambda context, identifier, old, new, last: _put_policy(context, new),
            delete=_delete_policy,
        ),
    )
