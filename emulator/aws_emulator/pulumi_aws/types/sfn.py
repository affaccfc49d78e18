"""aws:sfn/stateMachine."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    delete_quietly,
    pairs,
    read_or_none,
    retry_propagation,
    tag_changes,
    tag_list,
    wait_for,
)


def _logging(inputs: State) -> dict[str, Any] | None:
    given = inputs.get("loggingConfiguration")
    if not given:
        return None
    out: dict[str, Any] = {
        "level": given.get("level") or "OFF",
        "includeExecutionData": bool(given.get("includeExecutionData", False)),
    }
    if given.get("logDestination"):
        out["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": given["logDestination"]}}]
    return out


def _create(context: Context, inputs: State) -> tuple[str, State]:
    arguments: dict[str, Any] = {
        "name": inputs["name"],
        "definition": inputs["definition"],
        "roleArn": inputs["roleArn"],
        "type": inputs["type"],
        "tags": tag_list(context, inputs, "key", "value"),
        "tracingConfiguration": {"enabled": bool((inputs.get("tracingConfiguration") or {}).get("enabled", False))},
    }
    if inputs.get("publish"):
        arguments["publish"] = True
    logging = _logging(inputs)
    if logging:
        arguments["loggingConfiguration"] = logging
    client = context.client("stepfunctions")
    arn = retry_propagation(lambda: client.create_state_machine(**arguments))["stateMachineArn"]
    with after_creation(arn):
        return arn, _live(context, arn) or {}


def _live(context: Context, arn: str) -> State | None:
    client = context.client("stepfunctions")
    found = client.describe_state_machine(stateMachineArn=arn)
    if found.get("status") == "DELETING":
        return None
    state: State = {
        "name": found["name"],
        "type": found["type"],
        "definition": found["definition"],
        "roleArn": found["roleArn"],
        "arn": arn,
        "status": found.get("status", "ACTIVE"),
        "creationDate": found["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        **all_tags(pairs(client.list_tags_for_resource(resourceArn=arn).get("tags"), "key", "value")),
    }
    state["tracingConfiguration"] = {"enabled": bool((found.get("tracingConfiguration") or {}).get("enabled", False))}
    logging = found.get("loggingConfiguration")
    state["loggingConfiguration"] = None
    if logging:
        destinations = logging.get("destinations") or [{}]
        state["loggingConfiguration"] = {
            "level": logging.get("level"),
            "includeExecutionData": bool(logging.get("includeExecutionData", False)),
            "logDestination": destinations[0].get("cloudWatchLogsLogGroup", {}).get("logGroupArn"),
        }
    return state


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    client = context.client("stepfunctions")
    arguments: dict[str, Any] = {
        "stateMachineArn": identifier,
        "definition": new["definition"],
        "roleArn": new["roleArn"],
        "tracingConfiguration": {"enabled": bool((new.get("tracingConfiguration") or {}).get("enabled", False))},
    }
    if new.get("publish"):
        arguments["publish"] = True
    logging = _logging(new)
    if logging:
        arguments["loggingConfiguration"] = logging
    retry_propagation(lambda: client.update_state_machine(**arguments))
    removed, added = tag_changes(context, old, new)
    if removed:
        client.untag_resource(resourceArn=identifier, tagKeys=removed)
    if added:
        client.tag_resource(resourceArn=identifier, tags=[{"key": k, "value": v} for k, v in added.items()])
    return _live(context, identifier) or {}


def _delete(context: Context, identifier: str, state: State) -> None:
    delete_quietly(lambda: context.client("stepfunctions").delete_state_machine(stateMachineArn=identifier))
    wait_for(f"{identifier} to be deleted", lambda: read_or_none(lambda: _live(context, identifier)) is None)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:sfn/stateMachine:StateMachine",
            {
                "name": Prop(replace=True),
                "type": Prop(replace=True, default="STANDARD"),
                "roleArn": Prop(required=True),
                "definition": Prop("json", required=True),
                "loggingConfiguration": Prop(
                    "object",
                    computed=True,
                    members={
                        "level": Prop(default="OFF"),
                        "includeExecutionData": Prop("bool", default=False),
                        "logDestination": Prop(),
                    },
                ),
                "tracingConfiguration": Prop("object", computed=True, members={"enabled": Prop("bool", default=False)}),
                "publish": Prop("bool", default=False, local=True),
                **TAGS,
            },
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier)),
            update=_update,
            delete=_delete,
            autoname=Autoname("name", 80),
        ),
    )
