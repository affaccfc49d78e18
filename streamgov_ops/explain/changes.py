"""What a grant's executions changed in policies: each document before and after, from CloudTrail's event history."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from streamgov_ops.accounts import Accounts
from streamgov_ops.session import reporting

HISTORY = timedelta(days=90)
"""CloudTrail's event history reaches no further back (user guide, "Working with CloudTrail event history")."""
MAX_EVENTS = 1_000
"""Of one account that are looked at, newest first: twenty calls, of which AWS allows two a second."""
GLOBAL_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-us-gov": "us-gov-west-1",
}
"""Where IAM's events are, by partition."""

POLICIES = {
    "PutClusterPolicy": ("clusterArn", "policy"),
    "DeleteClusterPolicy": ("clusterArn", ""),
    "PutResourcePolicy": ("resourceARN", "policy"),
    "DeleteResourcePolicy": ("resourceARN", ""),
    "PutRolePolicy": ("roleName", "policyDocument"),
    "DeleteRolePolicy": ("roleName", ""),
    "CreatePolicy": ("policyName", "policyDocument"),
    "CreatePolicyVersion": ("policyArn", "policyDocument"),
    "DeletePolicy": ("policyArn", ""),
    "UpdateAssumeRolePolicy": ("roleName", "policyDocument"),
}
"""Calls that replace a document: the members that name it and hold its text ('' for a call that takes it away).

UNVERIFIED[cloudtrail-policy-text]: that the recorded request holds the policy's text. Where it does not, the change is
shown without its text.
"""
OTHERS = {
    "AttachRolePolicy": ("roleName", "policyArn"),
    "DetachRolePolicy": ("roleName", "policyArn"),
    "CreateGrant": ("keyId", "granteePrincipal"),
    "RevokeGrant": ("keyId", "grantId"),
}
"""Calls that change access without a document: the members that name the thing, and what of it."""


@dataclass(frozen=True)
class PolicyChange:
    """One write of one document.

    Attributes:
        at: when, ISO 8601 in UTC.
        account: where.
        call: the API call.
        document: what was written: a cluster's or stream's ARN, a role with its policy, a key.
        before: the text before it, as far as the history knows; None if nothing is known.
        after: the text it wrote; '' for a document that was taken away, None if it is not recorded.
        error: the error code of a call that AWS refused.
    """

    at: str
    account: str
    call: str
    document: str
    before: str | None = None
    after: str | None = None
    error: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What differs, line by line as ``diff -u`` shows it; empty if either text is not known."""
        if self.after is None or self.before is None:
            return ()
        before, after = _pretty(self.before), _pretty(self.after)
        return tuple(difflib.unified_diff(before, after, lineterm="", n=1))[2:]

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {**vars(self), "lines": list(self.lines)}


class ChangeReader:
    """Reads the writes of the function that applies grants.

    Args:
        accounts: of the deployment.
        now: the time.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._accounts, self._now = accounts, now

    def read(self, account: str, begin: datetime, end: datetime, names: Sequence[str]) -> Iterator[PolicyChange]:
        """Writes of an account within a time, oldest first.

        Args:
            account: the account.
            begin: from when; what is older than the history is not found.
            end: until when.
            names: ARNs and names of which a write must name one: the grant's resource, its roles, its key.
        """
        regions = {self._accounts.names.region, GLOBAL_REGIONS[self._accounts.names.partition]}
        found = [event for region in sorted(regions) for event in self._events(account, region, end)]
        found.sort(key=lambda event: str(event["eventTime"]))
        texts: dict[str, str] = {}
        for event in found:
            change = _change(event, account)
            if change is None:
                continue
            known = texts.get(change.document)
            if change.after is not None and not change.error:
                texts[change.document] = change.after
            within = begin <= datetime.fromisoformat(change.at) <= end
            if within and any(name in f"{change.document} {change.after}" for name in names):
                yield replace(change, before=known)

    def _events(self, account: str, region: str, end: datetime) -> list[dict[str, Any]]:
        accounts = self._accounts
        if region != accounts.names.region:
            accounts = replace(accounts, settings=replace(accounts.settings, region=region), _made={})
        # A function's session is named after the function.
        attribute = {"AttributeKey": "Username", "AttributeValue": accounts.names.function_name("apply")}
        with reporting("cloudtrail:LookupEvents"):
            pages = accounts.client("cloudtrail", account).get_paginator("lookup_events").paginate(
                LookupAttributes=[attribute], StartTime=self._now() - HISTORY, EndTime=end,
                PaginationConfig={"MaxItems": MAX_EVENTS},
            )  # fmt: skip
            texts = [item["CloudTrailEvent"] for page in pages for item in page["Events"]]
        return [event for event in map(json.loads, texts) if event["eventName"] in {**POLICIES, **OTHERS}]


def _change(event: Mapping[str, Any], account: str) -> PolicyChange | None:
    call = str(event["eventName"])
    request = event.get("requestParameters") or {}
    name, text = POLICIES.get(call) or OTHERS[call]
    if not request.get(name):
        return None
    document = str(request[name])
    if call in ("PutRolePolicy", "DeleteRolePolicy"):
        document = f"policy {request.get('policyName')} of role {document}"
    elif call == "UpdateAssumeRolePolicy":
        document = f"trust policy of role {document}"
    elif call in OTHERS and name == "roleName":
        document = f"policies of role {document}"
    at = datetime.fromisoformat(str(event["eventTime"]).replace("Z", "+00:00"))
    after = str(request[text]) if request.get(text) else None
    return PolicyChange(
        at.isoformat(), account, call, document, None, after if text else "", event.get("errorCode", "")
    )


def _pretty(text: str) -> list[str]:
    """A document with each statement's members on lines of their own; any other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=1, sort_keys=True).splitlines()
    except ValueError:
        return text.splitlines()
