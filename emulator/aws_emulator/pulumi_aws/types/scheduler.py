"""aws:scheduler/scheduleGroup."""

from __future__ import annotations

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    delete_quietly,
    pairs,
    read_or_none,
    tag_changes,
    tag_list,
)


def _create(context: Context, inputs: State) -> tuple[str, State]:
    context.client("scheduler").create_schedule_group(Name=inputs["name"], Tags=tag_list(context, inputs))
    with after_creation(inputs["name"]):
        return inputs["name"], _live(context, inputs["name"])


def _live(context: Context, name: str) -> State:
    scheduler = context.client("scheduler")
    arn = scheduler.get_schedule_group(Name=name)["Arn"]
    return {
        "name": name,
        "arn": arn,
        **all_tags(pairs(scheduler.list_tags_for_resource(ResourceArn=arn).get("Tags"))),
    }


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    scheduler = context.client("scheduler")
    removed, added = tag_changes(context, old, new)
    if removed:
        scheduler.untag_resource(ResourceArn=last["arn"], TagKeys=removed)
    if added:
        tags = [{"Key": key, "Value": value} for key, value in added.items()]
        scheduler.tag_resource(ResourceArn=last["arn"], Tags=tags)
    return _live(context, identifier)


def register(registry: Registry) -> None:
    """Add the type of this module."""
    registry.add(
        ResourceType(
            "aws:scheduler/scheduleGroup:ScheduleGroup",
            {"name": Prop(replace=True), **TAGS},
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier)),
            update=_update,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("scheduler").delete_schedule_group(Name=identifier)
            ),
            autoname=Autoname("name", 64),
        ),
    )
