"""aws:cloudwatch/dashboard, logGroup, logStream and metricAlarm."""

from __future__ import annotations

import json
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
    split_id,
    tag_changes,
    tag_list,
)


# --- LogGroup ---
def _create_group(context: Context, inputs: State) -> tuple[str, State]:
    logs = context.client("logs")
    arguments: dict[str, Any] = {"logGroupName": inputs["name"]}
    tags = context.tags(inputs)
    if tags:
        arguments["tags"] = tags
    if inputs.get("kmsKeyId"):
        arguments["kmsKeyId"] = inputs["kmsKeyId"]
    logs.create_log_group(**arguments)
    with after_creation(inputs["name"]):
        if inputs.get("retentionInDays"):
            logs.put_retention_policy(logGroupName=inputs["name"], retentionInDays=int(inputs["retentionInDays"]))
        return inputs["name"], _live_group(context, inputs["name"]) or {}


def _live_group(context: Context, name: str) -> State | None:
    logs = context.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name):
        for group in page["logGroups"]:
            if group["logGroupName"] == name:
                arn = group["arn"].removesuffix(":*")
                return {
                    "name": name,
                    "arn": arn,
                    "retentionInDays": group.get("retentionInDays", 0),
                    "kmsKeyId": group.get("kmsKeyId"),
                    **all_tags(logs.list_tags_for_resource(resourceArn=arn).get("tags") or {}),
                }
    return None


def _update_group(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    logs = context.client("logs")
    if changed(old, new, "retentionInDays"):
        if new.get("retentionInDays"):
            logs.put_retention_policy(logGroupName=identifier, retentionInDays=int(new["retentionInDays"]))
        else:
            logs.delete_retention_policy(logGroupName=identifier)
    if changed(old, new, "kmsKeyId"):
        if new.get("kmsKeyId"):
            logs.associate_kms_key(logGroupName=identifier, kmsKeyId=new["kmsKeyId"])
        else:
            logs.disassociate_kms_key(logGroupName=identifier)
    removed, added = tag_changes(context, old, new)
    if removed:
        logs.untag_resource(resourceArn=last["arn"], tagKeys=removed)
    if added:
        logs.tag_resource(resourceArn=last["arn"], tags=added)
    return _live_group(context, identifier) or {}


def _delete_group(context: Context, identifier: str, state: State) -> None:
    if not state.get("skipDestroy"):
        delete_quietly(lambda: context.client("logs").delete_log_group(logGroupName=identifier))


# --- LogStream ---
def _create_stream(context: Context, inputs: State) -> tuple[str, State]:
    group, name = inputs["logGroupName"], inputs["name"]
    context.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
    return name, _live_stream(context, group, name) or {}


def _live_stream(context: Context, group: str, name: str) -> State | None:
    pages = context.client("logs").get_paginator("describe_log_streams")
    for page in pages.paginate(logGroupName=group, logStreamNamePrefix=name):
        for stream in page["logStreams"]:
            if stream["logStreamName"] == name:
                return {"name": name, "logGroupName": group, "arn": stream["arn"]}
    return None


def _read_stream(context: Context, identifier: str, state: State) -> State | None:
    return read_or_none(lambda: _live_stream(context, state["logGroupName"], identifier))


def _delete_stream(context: Context, identifier: str, state: State) -> None:
    logs = context.client("logs")
    delete_quietly(lambda: logs.delete_log_stream(logGroupName=state["logGroupName"], logStreamName=identifier))


def _imported_stream(context: Context, identifier: str) -> tuple[str, State]:
    group, name = split_id(identifier, ":", "LOG_GROUP_NAME:LOG_STREAM_NAME")
    return name, {"logGroupName": group}


# --- MetricAlarm ---
def _put_alarm(context: Context, inputs: State, with_tags: bool) -> State:
    arguments: dict[str, Any] = {
        "AlarmName": inputs["name"],
        "AlarmDescription": inputs.get("alarmDescription") or "",
        "Namespace": inputs["namespace"],
        "MetricName": inputs["metricName"],
        "Dimensions": [{"Name": k, "Value": v} for k, v in sorted((inputs.get("dimensions") or {}).items())],
        "Statistic": inputs["statistic"],
        "Period": int(inputs["period"]),
        "EvaluationPeriods": int(inputs["evaluationPeriods"]),
        "Threshold": float(inputs["threshold"]),
        "ComparisonOperator": inputs["comparisonOperator"],
        "TreatMissingData": inputs["treatMissingData"],
        "ActionsEnabled": bool(inputs["actionsEnabled"]),
        "AlarmActions": inputs.get("alarmActions") or [],
        "OKActions": inputs.get("okActions") or [],
        "InsufficientDataActions": inputs.get("insufficientDataActions") or [],
    }
    if inputs.get("datapointsToAlarm"):
        arguments["DatapointsToAlarm"] = int(inputs["datapointsToAlarm"])
    if inputs.get("unit"):
        arguments["Unit"] = inputs["unit"]
    if with_tags:
        arguments["Tags"] = tag_list(context, inputs)
    context.client("cloudwatch").put_metric_alarm(**arguments)
    return _live_alarm(context, inputs["name"]) or {}


def _live_alarm(context: Context, name: str) -> State | None:
    cloudwatch = context.client("cloudwatch")
    for alarm in cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
        arn = alarm["AlarmArn"]
        threshold = alarm["Threshold"]
        return {
            "name": name,
            "arn": arn,
            "alarmDescription": alarm.get("AlarmDescription") or None,
            "namespace": alarm["Namespace"],
            "metricName": alarm["MetricName"],
            "dimensions": pairs(alarm.get("Dimensions"), "Name") or None,
            "statistic": alarm.get("Statistic"),
            "period": alarm["Period"],
            "evaluationPeriods": alarm["EvaluationPeriods"],
            "threshold": int(threshold) if float(threshold).is_integer() else threshold,
            "comparisonOperator": alarm["ComparisonOperator"],
            "treatMissingData": alarm.get("TreatMissingData") or "missing",
            "alarmActions": alarm.get("AlarmActions") or None,
            "okActions": alarm.get("OKActions") or None,
            "insufficientDataActions": alarm.get("InsufficientDataActions") or None,
            "actionsEnabled": bool(alarm.get("ActionsEnabled", True)),
            "datapointsToAlarm": alarm.get("DatapointsToAlarm"),
            "unit": alarm.get("Unit"),
            **all_tags(pairs(cloudwatch.list_tags_for_resource(ResourceARN=arn).get("Tags"))),
        }
    return None


def _update_alarm(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    _put_alarm(context, new, with_tags=False)
    cloudwatch = context.client("cloudwatch")
    removed, added = tag_changes(context, old, new)
    if removed:
        cloudwatch.untag_resource(ResourceARN=last["arn"], TagKeys=removed)
    if added:
        cloudwatch.tag_resource(ResourceARN=last["arn"], Tags=[{"Key": k, "Value": v} for k, v in added.items()])
    return _live_alarm(context, identifier) or {}


# --- Dashboard ---
def _put_dashboard(context: Context, inputs: State) -> State:
    name, body = inputs["dashboardName"], inputs["dashboardBody"]
    context.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    return _live_dashboard(context, name, body) or {}


def _live_dashboard(context: Context, name: str, known: str) -> State | None:
    """What stands there; a body that means the same keeps its text, as the provider's own comparison has it."""
    cloudwatch = context.client("cloudwatch")
    found = cloudwatch.get_dashboard(DashboardName=name)
    body = found["DashboardBody"]
    same = bool(known) and json.loads(known) == json.loads(body)
    return {
        "dashboardName": name,
        "dashboardArn": found["DashboardArn"],
        "dashboardBody": known if same else body,
    }


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:cloudwatch/logStream:LogStream",
            {"name": Prop(replace=True), "logGroupName": Prop(required=True, replace=True)},
            create=_create_stream,
            read=_read_stream,
            delete=_delete_stream,
            autoname=Autoname("name", 512),
            imported=_imported_stream,
        ),
        ResourceType(
            "aws:cloudwatch/logGroup:LogGroup",
            {
                "name": Prop(replace=True),
                "retentionInDays": Prop("int", default=0),
                "skipDestroy": Prop("bool", default=False, local=True),
                "kmsKeyId": Prop(),
                **TAGS,
            },
            create=_create_group,
            read=lambda context, identifier, state: read_or_none(lambda: _live_group(context, identifier)),
            update=_update_group,
            delete=_delete_group,
            autoname=Autoname("name", 512),
        ),
        ResourceType(
            "aws:cloudwatch/dashboard:Dashboard",
            {"dashboardName": Prop(required=True, replace=True), "dashboardBody": Prop(required=True)},
            create=lambda context, inputs: (inputs["dashboardName"], _put_dashboard(context, inputs)),
            read=lambda context, identifier, state: read_or_none(
                lambda: _live_dashboard(context, identifier, str(state.get("dashboardBody") or ""))
            ),
            update=lambda context, identifier, old, new, last: _put_dashboard(context, new),
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("cloudwatch").delete_dashboards(DashboardNames=[identifier])
            ),
        ),
        ResourceType(
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {
                "name": Prop(replace=True),
                "alarmDescription": Prop(),
                "namespace": Prop(required=True),
                "metricName": Prop(required=True),
                "dimensions": Prop("map"),
                "statistic": Prop(required=True),
                "period": Prop("int", required=True),
                "evaluationPeriods": Prop("int", required=True),
                "threshold": Prop("number", required=True),
                "comparisonOperator": Prop(required=True),
                "treatMissingData": Prop(default="missing"),
                "alarmActions": Prop("list", unordered=True),
                "okActions": Prop("list", unordered=True),
                "insufficientDataActions": Prop("list", unordered=True),
                "actionsEnabled": Prop("bool", default=True),
                "datapointsToAlarm": Prop("int"),
                "unit": Prop(),
                **TAGS,
            },
            create=lambda context, inputs: (inputs["name"], _put_alarm(context, inputs, with_tags=True)),
            read=lambda context, identifier, state: _live_alarm(context, identifier),
            update=_update_alarm,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("cloudwatch").delete_alarms(AlarmNames=[identifier])
            ),
            autoname=Autoname("name", 255),
        ),
    )
