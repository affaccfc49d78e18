"""CloudTrail: management events of the schema registry, delivered to EventBridge, where a trail records them.

Sources: EventBridge user guide, "AWS service events delivered via AWS CloudTrail" (a trail with logging switched on;
write calls only); CloudTrail user guide, "CloudTrail record contents" (member names in lower camel case, the request's
members as they were sent, parts of more than 100 KB left out; refused calls carry errorCode and no response);
CreateTrail (the bucket's policy must let CloudTrail write).
UNVERIFIED[cloudtrail-schema-definitions]: whether CloudTrail hides schema definitions.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Caller, Emulator
from aws_emulator.kernel.wire import operation_model
from aws_emulator.patches import policies
from aws_emulator.patches.common import utc

MAX_PART = 100 * 1024
DEFAULT_SELECTORS = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]
RECORDED = {
    "glue": frozenset(
        [
            "CreateRegistry",
            "UpdateRegistry",
            "DeleteRegistry",
            "CreateSchema",
            "UpdateSchema",
            "DeleteSchema",
            "RegisterSchemaVersion",
            "DeleteSchemaVersions",
            "PutSchemaVersionMetadata",
            "RemoveSchemaVersionMetadata",
            "TagResource",
            "UntagResource",
        ]
    ),
}

Proceed = Callable[[], dict[str, Any]]


def install(emulator: Emulator) -> None:
    """Watch calls, and complete moto's operations on trails."""

    def observe(call: ApiCall, result: dict[str, Any] | None, error: ApiError | None) -> None:
        if call.operation not in RECORDED.get(call.service, ()):
            return
        put = emulator.parts.get("events.put")
        account = call.caller.account
        if put is not None and records_writes(account, call.region):
            put(account, call.region, event(call, result, error, utc(emulator.clock.now())))

    emulator.observers.append(observe)

    @emulator.wrap("cloudtrail", "CreateTrail")
    def create_trail(call: ApiCall, proceed: Proceed) -> None:
        _check_bucket(call, call.params["S3BucketName"])
        name = call.params["Name"]
        if name in _backend(call.caller.account, call.region).trails:
            message = f"Trail {name} already exists for customer: {call.caller.account}"
            raise ApiError("TrailAlreadyExistsException", message)
        proceed()

    @emulator.wrap("cloudtrail", "UpdateTrail")
    def update_trail(call: ApiCall, proceed: Proceed) -> None:
        if "S3BucketName" in call.params:
            _check_bucket(call, call.params["S3BucketName"])
        proceed()

    @emulator.operation("cloudtrail", "DeleteTrail")
    def delete_trail(call: ApiCall) -> dict[str, Any]:
        # By name or ARN; moto knows the name only, and answers success for a trail that is not there.
        name = str(call.params["Name"]).rsplit("/", 1)[-1]
        trails = _backend(call.caller.account, call.region).trails
        if trails.pop(name, None) is None:
            message = f"Unknown trail: {call.params['Name']} for the user: {call.caller.account}"
            raise ApiError("TrailNotFoundException", message)
        return {}

    @emulator.wrap("cloudtrail", "GetEventSelectors")
    def get_event_selectors(call: ApiCall, proceed: Proceed) -> dict[str, Any] | None:
        result = proceed()
        if result.get("EventSelectors") or result.get("AdvancedEventSelectors"):
            return None
        return {"TrailARN": result["TrailARN"], "EventSelectors": DEFAULT_SELECTORS}


def _backend(account: str, region: str) -> Any:
    from moto.cloudtrail.models import cloudtrail_backends

    return cloudtrail_backends[account][region]


def _trails(account: str, region: str) -> Iterator[Any]:
    """The trails that record a region: its own, and those of all regions."""
    from moto.cloudtrail.models import cloudtrail_backends

    for home, backend in list(cloudtrail_backends[account].items()):
        for trail in list(backend.trails.values()):
            if home == region or trail.is_multi_region:
                yield trail


def records_writes(account: str, region: str) -> bool:
    """Whether a trail that is switched on records management events that write."""
    return any(trail.status.is_logging and _selects(trail) for trail in _trails(account, region))


def _selects(trail: Any) -> bool:
    if trail.advanced_event_selectors:
        return any(_advanced(selector) for selector in trail.advanced_event_selectors)
    selectors: list[dict[str, Any]] = trail.event_selectors or DEFAULT_SELECTORS
    return any(
        selector.get("IncludeManagementEvents", True) and selector.get("ReadWriteType", "All") in ("All", "WriteOnly")
        for selector in selectors
    )


def _advanced(selector: dict[str, Any]) -> bool:
    fields = {field["Field"]: field for field in selector.get("FieldSelectors", [])}
    if "Management" not in fields.get("eventCategory", {}).get("Equals", []):
        return False
    return "true" not in fields.get("readOnly", {}).get("Equals", [])


def _check_bucket(call: ApiCall, name: str) -> None:
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(name)
    bucket = s3_backends[owner[1]][owner[0]].buckets.get(name) if owner else None
    if bucket is None:
        raise ApiError("S3BucketDoesNotExistException", f"S3 bucket {name} does not exist!")
    allowed: set[str] = set()
    for statement in policies.statements(json.loads(bucket.policy or b"{}")):
        principal = statement.get("Principal")
        services = policies.as_list(principal.get("Service")) if isinstance(principal, dict) else [principal]
        if statement.get("Effect") == "Allow" and {"cloudtrail.amazonaws.com", "*"} & set(services):
            allowed.update(policies.as_list(statement.get("Action")))
    if not allowed & {"s3:*", "*"} and not {"s3:GetBucketAcl", "s3:PutObject"} <= allowed:
        message = f"Incorrect S3 bucket policy is detected for bucket: {name}"
        raise ApiError("InsufficientS3BucketPolicyException", message)


def event(call: ApiCall, result: dict[str, Any] | None, error: ApiError | None, now: datetime) -> dict[str, Any]:
    """The entry that EventBridge gets for a call."""
    model = operation_model(call.service, call.operation)
    detail: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(call.caller),
        "eventTime": _time(now),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.headers.get("user-agent", "AWS Internal"),
        "requestParameters": _part(model.input_shape, call.params, "request parameters"),
        "responseElements": None if error else _part(model.output_shape, result, "response elements"),
        "requestID": call.request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.caller.account,
        "eventCategory": "Management",
    }
    if error:
        detail |= {"errorCode": error.code, "errorMessage": error.message}
    return {
        "Source": f"aws.{call.service}",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": detail,
        "Resources": [],
        "Time": now,
    }


def _part(shape: Any, members: dict[str, Any] | None, what: str) -> Any:
    if not members:
        return None
    part = _camel(shape, members)
    size = len(json.dumps(part))
    if size > MAX_PART:
        return {"omitted": True, "originalSize": size, "reason": f"The {what} are larger than 100 KB."}
    return part


def _camel(shape: Any, value: Any) -> Any:
    """Members of structures in lower camel case; the keys of maps (tags) as they are."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _camel(shape.members[name], item) for name, item in value.items()}
    if kind == "map" and isinstance(value, dict):
        return {name: _camel(shape.value, item) for name, item in value.items()}
    if kind == "list" and isinstance(value, list | tuple):
        return [_camel(shape.member, item) for item in value]
    if isinstance(value, datetime):
        return _time(value)
    return value


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _identity(caller: Caller) -> dict[str, Any]:
    identity: dict[str, Any] = {
        "type": "AssumedRole" if ":assumed-role/" in caller.arn else "IAMUser",
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key,
    }
    if caller.role_arn:
        issuer = {
            "type": "Role",
            "arn": caller.role_arn,
            "accountId": caller.account,
            "userName": caller.role_arn.rsplit("/", 1)[-1],
        }
        context: dict[str, Any] = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
        if caller.source_identity:
            context["sourceIdentity"] = caller.source_identity
        identity["sessionContext"] = context
    return identity
