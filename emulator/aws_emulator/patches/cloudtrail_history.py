"""CloudTrail's event history: LookupEvents over the management events that write, of the last 90 days.

Sources: API reference, LookupEvents (newest first, 50 a page, one attribute a call, two calls a second); user guide,
"Working with CloudTrail event history" (needs no trail; events of a global service are in us-east-1). A call shows at
once here, on AWS after some minutes. Kept is what changes who may do what: policies, trust, grants of keys, and the
schema registry's calls.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.kernel.bounded import History, weight_of
from aws_emulator.patches.cloudtrail import RECORDED, event
from aws_emulator.patches.common import page, utc

GLOBAL = {"iam": "us-east-1"}
"""Services whose events are in one region."""
KEPT = {
    **RECORDED,
    "iam": frozenset(
        f"{verb}{what}"
        for verb, what in (
            *(("Put", what) for what in ("RolePolicy", "RolePermissionsBoundary")),
            *(
                ("Delete", what)
                for what in ("RolePolicy", "RolePermissionsBoundary", "Role", "Policy", "PolicyVersion")
            ),
            *(("Create", what) for what in ("Role", "Policy", "PolicyVersion")),
            ("Attach", "RolePolicy"),
            ("Detach", "RolePolicy"),
            ("Update", "AssumeRolePolicy"),
        )
    ),
    "kafka": frozenset({"PutClusterPolicy", "DeleteClusterPolicy"}),
    "kinesis": frozenset({"PutResourcePolicy", "DeleteResourcePolicy"}),
    "kms": frozenset({"CreateGrant", "RevokeGrant", "RetireGrant", "PutKeyPolicy"}),
}
MAX_EVENTS, MAX_BYTES = 2_000, 16 * 2**20
"""Of one account and region."""
DEFAULT_PAGE = 50

Entry = dict[str, Any]
_MATCHES: dict[str, Callable[[Entry, str], bool]] = {
    "EventId": lambda entry, value: entry["EventId"] == value,
    "EventName": lambda entry, value: entry["EventName"] == value,
    "EventSource": lambda entry, value: entry["EventSource"] == value,
    "ReadOnly": lambda entry, value: entry["ReadOnly"] == value.lower(),
    "Username": lambda entry, value: entry["Username"] == value,
    "AccessKeyId": lambda entry, value: entry["AccessKeyId"] == value,
    "ResourceName": lambda entry, value: any(item["ResourceName"] == value for item in entry["Resources"]),
    "ResourceType": lambda entry, value: any(item["ResourceType"] == value for item in entry["Resources"]),
}


class EventHistory:
    """Remembers calls, and finds them again."""

    def __init__(self, emulator: Emulator) -> None:
        self._clock = emulator.clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], History[Entry]] = {}

    def observe(self, call: ApiCall, result: dict[str, Any] | None, error: ApiError | None) -> None:
        """Keep a call that is of interest, refused or not."""
        if call.operation not in KEPT.get(call.service, ()):
            return
        detail = event(call, result, error, utc(self._clock.now()))["Detail"]
        text = json.dumps(detail, default=str)
        entry = {
            "EventId": detail["eventID"],
            "EventName": detail["eventName"],
            "ReadOnly": "false",
            "AccessKeyId": call.caller.access_key,
            "EventTime": utc(self._clock.now()),
            "EventSource": detail["eventSource"],
            "Username": call.caller.arn.rsplit("/", 1)[-1],
            "Resources": [],
            "CloudTrailEvent": text,
        }
        with self._lock:
            key = (call.caller.account, GLOBAL.get(call.service, call.region))
            self._kept.setdefault(key, History(MAX_EVENTS, MAX_BYTES)).append(entry, weight_of(text))

    def lookup(self, call: ApiCall) -> dict[str, Any]:
        """API LookupEvents."""
        params = call.params
        begin, end = params.get("StartTime"), params.get("EndTime")
        if begin is not None and end is not None and begin > end:
            raise ApiError("InvalidTimeRangeException", "The start time is after the end time.")
        attributes = params.get("LookupAttributes") or []
        if len(attributes) > 1:
            raise ApiError("InvalidLookupAttributesException", "You can only specify one attribute at a time.")
        with self._lock:
            kept = list(self._kept.get((call.caller.account, call.region), ()))
        found = [entry for entry in reversed(kept) if _within(entry["EventTime"], begin, end)]
        for wanted in attributes:
            found = [entry for entry in found if _MATCHES[wanted["AttributeKey"]](entry, wanted["AttributeValue"])]
        shown, token = page(
            found,
            params.get("NextToken"),
            params.get("MaxResults"),
            default=DEFAULT_PAGE,
            scope=[attributes, str(begin), str(end)],
            error=lambda message: ApiError("InvalidNextTokenException", message),
        )
        return {"Events": shown, **({"NextToken": token} if token else {})}


def _within(when: datetime, begin: datetime | None, end: datetime | None) -> bool:
    at = when.replace(microsecond=0)  # the API's times are whole seconds
    return not (begin and at < begin.astimezone(UTC).replace(microsecond=0)) and not (end and at > end.astimezone(UTC))


def install(emulator: Emulator) -> None:
    """Register the operation, and watch calls."""
    history = EventHistory(emulator)
    emulator.observers.append(history.observe)
    emulator.operation("cloudtrail", "LookupEvents")(history.lookup)
