"""Members that AWS fills in by itself in every answer to a read, and moto leaves out.

Each was found by the walk over botocore's models in the tests (``emulator_tests/answers``), which names a reason for
each member that stays left out.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.patches.common import utc

Answer = dict[str, Any]
Fill = Callable[[ApiCall, Answer], None]
"""Completes an answer in place."""


def install(emulator: Emulator) -> None:
    """Put a completion around each read."""
    fills: dict[tuple[str, str], Fill] = {
        ("cloudtrail", "GetTrail"): _trail,
        ("cloudwatch", "DescribeAlarms"): _alarms,
        ("dynamodb", "CreateTable"): _table,
        ("dynamodb", "DescribeTable"): _table,
        ("events", "ListEventBuses"): _buses,
        ("iam", "GetPolicy"): _policy,
        ("iam", "ListInstanceProfilesForRole"): _untruncated,
        ("iam", "ListPolicies"): _policies,
        ("iam", "ListPolicyVersions"): _untruncated,
        ("kinesis", "DescribeStream"): _stream,
        ("kms", "GetKeyRotationStatus"): _rotation,
        ("kms", "ListAliases"): _aliases,
        ("lambda", "GetFunctionEventInvokeConfig"): _invoke_config,
        ("lambda", "PutFunctionEventInvokeConfig"): _invoke_config,
        ("logs", "DescribeMetricFilters"): _metric_filters,
        ("scheduler", "GetSchedule"): _schedule,
        ("scheduler", "ListScheduleGroups"): _schedule_groups,
        ("ssm", "DescribeParameters"): _parameters,
        ("ssm", "GetParameterHistory"): _history,
    }
    for (service, operation), fill in fills.items():
        emulator.wrap(service, operation)(_around(fill))


def _around(fill: Fill) -> Callable[[ApiCall, Callable[[], Answer]], Answer]:
    def wrapper(call: ApiCall, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        fill(call, answer)
        return answer

    return wrapper


def _trail(call: ApiCall, answer: Answer) -> None:
    answer["Trail"].setdefault("HomeRegion", answer["Trail"]["TrailARN"].split(":")[3])


def _alarms(call: ApiCall, answer: Answer) -> None:
    for alarm in answer.get("MetricAlarms") or []:
        alarm.setdefault("StateTransitionedTimestamp", alarm["StateUpdatedTimestamp"])


def _table(call: ApiCall, answer: Answer) -> None:
    table = answer.get("Table") or answer["TableDescription"]
    table.setdefault("TableId", str(uuid.uuid5(uuid.NAMESPACE_URL, f"{table['TableArn']}{table['CreationDateTime']}")))
    billing = table.get("BillingModeSummary") or {}
    if billing.get("BillingMode") == "PAY_PER_REQUEST":
        billing.setdefault("LastUpdateToPayPerRequestDateTime", table["CreationDateTime"])


def _buses(call: ApiCall, answer: Answer) -> None:
    from moto.events.models import events_backends

    kept = events_backends[call.caller.account][call.region].event_buses
    for shown in answer.get("EventBuses") or []:
        bus = kept[shown["Name"]]
        shown.setdefault("CreationTime", bus.creation_time)
        shown.setdefault("LastModifiedTime", bus.last_modified_time)


def _policy(call: ApiCall, answer: Answer) -> None:
    _count_boundaries(call, [answer["Policy"]])


def _policies(call: ApiCall, answer: Answer) -> None:
    _count_boundaries(call, answer.get("Policies") or [])


def _count_boundaries(call: ApiCall, shown: list[Answer]) -> None:
    """``PermissionsBoundaryUsageCount``: the users and roles whose boundary the policy is."""
    from moto.iam.models import iam_backends

    backend = iam_backends[call.caller.account]["aws"]
    used = [getattr(role, "permissions_boundary_arn", None) for role in list(backend.roles.values())]
    for policy in shown:
        policy["PermissionsBoundaryUsageCount"] = used.count(policy["Arn"])


def _untruncated(call: ApiCall, answer: Answer) -> None:
    answer.setdefault("IsTruncated", False)


def _stream(call: ApiCall, answer: Answer) -> None:
    from moto.kinesis.models import kinesis_backends

    shown = answer["StreamDescription"]
    account = shown["StreamARN"].split(":")[4]
    stream = kinesis_backends[account][call.region].streams[shown["StreamName"]]
    shown.setdefault("StreamModeDetails", stream.stream_mode)


def _rotation(call: ApiCall, answer: Answer) -> None:
    from moto.kms.models import kms_backends

    backend = kms_backends[call.caller.account][call.region]
    key = backend.keys.get(backend.any_id_to_key_id(call.params["KeyId"]))
    if key is not None:
        answer.setdefault("KeyId", key.arn)


def _aliases(call: ApiCall, answer: Answer) -> None:
    """Both dates are of aliases that somebody made; one of an AWS key has them with its first use.

    moto does not keep when an alias was made: its key's moment is shown.
    """
    from moto.kms.models import kms_backends

    keys = kms_backends[call.caller.account][call.region].keys
    for alias in answer.get("Aliases") or []:
        key = keys.get(alias.get("TargetKeyId"))
        if key is not None:
            alias.setdefault("CreationDate", utc(float(key.creation_date)))
            alias.setdefault("LastUpdatedDate", alias["CreationDate"])


def _invoke_config(call: ApiCall, answer: Answer) -> None:
    given = answer.get("DestinationConfig") or {}
    answer["DestinationConfig"] = {"OnSuccess": {}, "OnFailure": {}, **given}


def _metric_filters(call: ApiCall, answer: Answer) -> None:
    from moto.logs.models import logs_backends

    groups = logs_backends[call.caller.account][call.region].groups
    for shown in answer.get("metricFilters") or []:
        group = groups.get(shown["logGroupName"])
        if group is not None:
            shown.setdefault("creationTime", int(group.creation_time.timestamp() * 1000))


def _schedule(call: ApiCall, answer: Answer) -> None:
    answer["ActionAfterCompletion"] = answer.get("ActionAfterCompletion") or "NONE"


def _schedule_groups(call: ApiCall, answer: Answer) -> None:
    # The group ``default`` is AWS's own; moto gives it no dates.
    for group in answer.get("ScheduleGroups") or []:
        group["CreationDate"] = group.get("CreationDate") or utc(0)
        group["LastModificationDate"] = group.get("LastModificationDate") or group["CreationDate"]


def _parameters(call: ApiCall, answer: Answer) -> None:
    for shown in answer.get("Parameters") or []:
        name = shown["Name"].lstrip("/")
        shown.setdefault("ARN", f"arn:aws:ssm:{call.region}:{call.caller.account}:parameter/{name}")
        shown.setdefault("Policies", [])


def _history(call: ApiCall, answer: Answer) -> None:
    for shown in answer.get("Parameters") or []:
        shown.setdefault("Policies", [])
