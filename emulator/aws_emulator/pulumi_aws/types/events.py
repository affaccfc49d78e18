"""aws:cloudwatch/eventRule and eventTarget."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, PluginError, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    delete_quietly,
    pairs,
    read_or_none,
    split_id,
    tag_changes,
    tag_list,
)

_RETRIES, _AGE = 185, 86400
"""What EventBridge does when a target says nothing."""


def _put_rule(context: Context, inputs: State, with_tags: bool) -> None:
    arguments: dict[str, Any] = {
        "Name": inputs["name"],
        "State": inputs["state"],
        "Description": inputs.get("description") or "",
    }
    if inputs.get("eventPattern"):
        arguments["EventPattern"] = inputs["eventPattern"]
    if inputs.get("scheduleExpression"):
        arguments["ScheduleExpression"] = inputs["scheduleExpression"]
    if with_tags:
        arguments["Tags"] = tag_list(context, inputs)
    context.client("events").put_rule(**arguments)


def _create_rule(context: Context, inputs: State) -> tuple[str, State]:
    _put_rule(context, inputs, with_tags=True)
    with after_creation(inputs["name"]):
        return inputs["name"], _live_rule(context, inputs["name"])


def _live_rule(context: Context, name: str) -> State:
    events = context.client("events")
    found = events.describe_rule(Name=name)
    return {
        "name": name,
        "arn": found["Arn"],
        "description": found.get("Description") or None,
        "eventPattern": found.get("EventPattern") or None,
        "scheduleExpression": found.get("ScheduleExpression") or None,
        "state": found.get("State", "ENABLED"),
        **all_tags(pairs(events.list_tags_for_resource(ResourceARN=found["Arn"]).get("Tags"))),
    }


def _update_rule(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    _put_rule(context, new, with_tags=False)
    events = context.client("events")
    removed, added = tag_changes(context, old, new)
    if removed:
        events.untag_resource(ResourceARN=last["arn"], TagKeys=removed)
    if added:
        events.tag_resource(ResourceARN=last["arn"], Tags=[{"Key": k, "Value": v} for k, v in added.items()])
    return _live_rule(context, identifier)


def _put_target(context: Context, inputs: State) -> State:
    target: dict[str, Any] = {"Id": inputs["targetId"], "Arn": inputs["arn"]}
    if inputs.get("roleArn"):
        target["RoleArn"] = inputs["roleArn"]
    if inputs.get("input"):
        target["Input"] = inputs["input"]
    if inputs.get("inputPath"):
        target["InputPath"] = inputs["inputPath"]
    if inputs.get("sqsTarget"):
        target["SqsParameters"] = {"MessageGroupId": inputs["sqsTarget"].get("messageGroupId") or ""}
    transformer = inputs.get("inputTransformer")
    if transformer:
        target["InputTransformer"] = {
            "InputTemplate": transformer["inputTemplate"],
            "InputPathsMap": transformer.get("inputPaths") or {},
        }
    if inputs.get("deadLetterConfig"):
        target["DeadLetterConfig"] = {"Arn": inputs["deadLetterConfig"]["arn"]}
    retry = inputs.get("retryPolicy")
    if retry:
        target["RetryPolicy"] = {
            "MaximumRetryAttempts": int(retry.get("maximumRetryAttempts", _RETRIES)),
            "MaximumEventAgeInSeconds": int(retry.get("maximumEventAgeInSeconds", _AGE)),
        }
    answer = context.client("events").put_targets(Rule=inputs["rule"], Targets=[target])
    if answer.get("FailedEntryCount"):
        raise PluginError(f"PutTargets: {answer['FailedEntries']}")
    identifier = f"{inputs['rule']}-{inputs['targetId']}"
    return _read_target(context, identifier, inputs) or {}


def _read_target(context: Context, identifier: str, state: State) -> State | None:
    rule, target_id = state["rule"], state["targetId"]

    def read() -> State | None:
        pages = context.client("events").get_paginator("list_targets_by_rule").paginate(Rule=rule)
        for item in (item for page in pages for item in page["Targets"]):
            if item["Id"] == target_id:
                return _target_state(rule, item)
        return None

    return read_or_none(read)


def _target_state(rule: str, item: dict[str, Any]) -> State:
    transformer = item.get("InputTransformer")
    letters = (item.get("DeadLetterConfig") or {}).get("Arn")
    retry = item.get("RetryPolicy")
    return {
        "rule": rule,
        "targetId": item["Id"],
        "arn": item["Arn"],
        "roleArn": item.get("RoleArn"),
        "input": item.get("Input"),
        "inputPath": item.get("InputPath"),
        "sqsTarget": {"messageGroupId": item["SqsParameters"]["MessageGroupId"]} if item.get("SqsParameters") else None,
        "inputTransformer": {
            "inputTemplate": transformer["InputTemplate"],
            "inputPaths": transformer.get("InputPathsMap") or {},
        }
        if transformer
        else None,
        "deadLetterConfig": {"arn": letters} if letters else None,
        "retryPolicy": {
            "maximumRetryAttempts": retry.get("MaximumRetryAttempts", _RETRIES),
            "maximumEventAgeInSeconds": retry.get("MaximumEventAgeInSeconds", _AGE),
        }
        if retry
        else None,
    }


def _imported_target(context: Context, identifier: str) -> tuple[str, State]:
    rule, target_id = split_id(identifier, "/", "RULE/TARGET_ID")
    return f"{rule}-{target_id}", {"rule": rule, "targetId": target_id}


def _delete_target(context: Context, identifier: str, state: State) -> None:
    delete_quietly(
        lambda: context.client("events").remove_targets(Rule=state["rule"], Ids=[state["targetId"]], Force=True)
    )


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:cloudwatch/eventRule:EventRule",
            {
                "name": Prop(replace=True),
                "description": Prop(),
                "eventPattern": Prop("json"),
                "scheduleExpression": Prop(),
                "state": Prop(default="ENABLED"),
                **TAGS,
            },
            create=_create_rule,
            read=lambda context, identifier, state: read_or_none(lambda: _live_rule(context, identifier)),
            update=_update_rule,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("events").delete_rule(Name=identifier)
            ),
            autoname=Autoname("name", 64),
        ),
        ResourceType(
            "aws:cloudwatch/eventTarget:EventTarget",
            {
                "rule": Prop(required=True, replace=True),
                "targetId": Prop(replace=True),
                "arn": Prop(required=True),
                "roleArn": Prop(),
                "input": Prop("json"),
                "inputPath": Prop(),
                "sqsTarget": Prop("object", members={"messageGroupId": Prop()}),
                "inputTransformer": Prop(
                    "object", members={"inputPaths": Prop("map"), "inputTemplate": Prop(required=True)}
                ),
                "deadLetterConfig": Prop("object", members={"arn": Prop()}),
                "retryPolicy": Prop(
                    "object",
                    members={
                        "maximumEventAgeInSeconds": Prop("int", default=_AGE),
                        "maximumRetryAttempts": Prop("int", default=_RETRIES),
                    },
                ),
            },
            create=lambda context, inputs: (f"{inputs['rule']}-{inputs['targetId']}", _put_target(context, inputs)),
            read=_read_target,
            update=lambda context, identifier, old, new, last: _put_target(context, new),
            delete=_delete_target,
            imported=_imported_target,
            autoname=Autoname("targetId", 64),
        ),
    )
