"""CloudWatch Logs, CloudWatch, RAM, CloudTrail, EC2, Organizations and resource tags."""

from __future__ import annotations

from collections.abc import Mapping

from aws_emulator.api import ApiCall
from aws_emulator.iam.actions.core import Check, Service, make_arn
from iam_evaluation.conditions import Value


def _log_group(call: ApiCall) -> list[str]:
    """A log group's ARN as requests carry it: with ``:log-stream:`` and nothing after it.

    Tag operations take the ARN without that end, given as ``resourceArn``. The service's refusals show both forms.
    """
    given = call.params.get("logGroupName") or call.params.get("logGroupIdentifier")
    arn = call.params.get("resourceArn")
    if not given and isinstance(arn, str):
        return [arn] if ":log-group:" in arn else []
    names = [given] if given else call.params.get("logGroupNames") or call.params.get("logGroupIdentifiers") or []
    found = []
    for name in names:
        text = str(name)
        if text.startswith("arn:"):
            found.append(text.removesuffix(":*") + ":log-stream:")
        else:
            found.append(make_arn(call, "logs", f"log-group:{text}:log-stream:"))
    return found


def _log_stream(call: ApiCall) -> list[str]:
    return [f"{group}{call.params.get('logStreamName', '')}" for group in _log_group(call)]


def _all_groups(call: ApiCall) -> list[Check]:
    """DescribeLogGroups is authorised on a log group without a name."""
    return [Check(f"logs:{call.operation}", make_arn(call, "logs", "log-group::log-stream:"))]


LOGS = Service(
    prefix="logs",
    arns={
        "log-group": (_log_group,),
        "log-stream": (_log_stream,),
        "destination": ("destination:{destinationName}",),
        "delivery-source": ("delivery-source:{name}",),
        "delivery-destination": ("delivery-destination:{name}",),
        "delivery": ("delivery:{id}",),
    },
    own_types={
        "PutSubscriptionFilter": ("log-group",),
        "GetQueryResults": (),
        **{name: ("log-group",) for name in ("TagResource", "UntagResource", "ListTagsForResource")},
    },
    special={"DescribeLogGroups": _all_groups},
)


def _cloudwatch_context(call: ApiCall) -> Mapping[str, Value]:
    if call.operation == "PutMetricData":
        return {"cloudwatch:namespace": call.params.get("Namespace")}
    if call.operation in ("PutMetricAlarm", "PutCompositeAlarm"):
        return {"cloudwatch:AlarmActions": list(call.params.get("AlarmActions") or ())}
    return {}


def _dashboards(call: ApiCall) -> list[str]:
    """Dashboards know no region."""
    names = [call.params.get("DashboardName"), *(call.params.get("DashboardNames") or ())]
    return [make_arn(call, "cloudwatch", f"dashboard/{name}", region="") for name in names if name]


CLOUDWATCH = Service(
    prefix="cloudwatch",
    arns={
        "alarm": ("{ResourceARN}", "alarm:{AlarmName}", "alarm:{AlarmNames}", "alarm:{AlarmName|*}"),
        "dashboard": (_dashboards,),
        "insight-rule": ("insight-rule/{RuleName}",),
        "metric-stream": ("metric-stream/{Name}",),
    },
    own_types={name: ("alarm",) for name in ("TagResource", "UntagResource", "ListTagsForResource")},
    context=_cloudwatch_context,
)


def _ram_context(call: ApiCall) -> Mapping[str, Value]:
    return {
        "ram:Principal": list(call.params.get("principals") or ()) or None,
        "ram:ResourceArn": list(call.params.get("resourceArns") or ()) or None,
        "ram:ResourceShareName": call.params.get("name"),
        "ram:AllowsExternalPrincipals": "true" if call.params.get("allowExternalPrincipals", True) else "false",
    }


RAM = Service(
    prefix="ram",
    arns={
        "resource-share": ("{resourceShareArn}",),
        "resource-share-invitation": ("{resourceShareInvitationArn}",),
        "permission": ("{permissionArn}",),
        "customer-managed-permission": ("{permissionArn}",),
    },
    context=_ram_context,
)

CLOUDTRAIL = Service(
    prefix="cloudtrail",
    arns={
        "trail": ("trail/{TrailName}", "trail/{Name}", "{ResourceId}", "{ResourceIdList}", "{ResourceArn}"),
        "eventdatastore": ("{EventDataStore}",),
        "channel": ("{Channel}",),
    },
    own_types={
        **{
            name: ("trail",)
            for name in ("AddTags", "RemoveTags", "ListTags", "GetInsightSelectors", "PutInsightSelectors")
        },
    },
)

EC2 = Service(prefix="ec2")
ORGANIZATIONS = Service(prefix="organizations")
TAGGING = Service(prefix="tag")
XRAY = Service(prefix="xray")
