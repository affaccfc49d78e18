"""What was written into policies, from CloudTrail's events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamgov_core.model.errors import RemoteError
from streamgov_core.model.naming import PARTITIONS, Names
from streamgov_ops.accounts import Accounts
from streamgov_ops.explain.changes import GLOBAL_REGIONS, ChangeReader, PolicyChange
from streamgov_ops.session import SessionSettings

ACCOUNT, REGION = "222222222222", "eu-west-1"
CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/a/b-1"
BEGIN = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


def event(minute: int, name: str, error: str = "", **request: Any) -> dict[str, Any]:
    when = (BEGIN + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"eventTime": when, "eventName": name, "requestParameters": request or None}
    return {**told, "errorCode": error} if error else told


def policy(*sids: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": sid} for sid in sids]})


class Trail:
    """CloudTrail of one region: answers newest first, and remembers what it was asked."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events, self.asked = events, []  # type: ignore[var-annotated]

    def get_paginator(self, name: str) -> Trail:
        assert name == "lookup_events"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(request)
        for item in reversed(self.events):
            yield {"Events": [{"CloudTrailEvent": json.dumps(item)}]}


def read(regional: list[dict[str, Any]], of_iam: list[dict[str, Any]] = [], **between: Any) -> list[PolicyChange]:  # noqa: B006
    trails = {REGION: Trail(regional), "us-east-1": Trail(of_iam)}

    def make(service: str, settings: SessionSettings) -> Any:
        assert service == "cloudtrail"
        return trails[settings.region]

    accounts = Accounts(Names("demo", REGION), SessionSettings(REGION), make=make, _own=ACCOUNT)
    reader = ChangeReader(accounts, lambda: BEGIN + timedelta(days=1))
    begin, end = between.get("begin", BEGIN), between.get("end", BEGIN + timedelta(hours=1))
    found = list(reader.read(ACCOUNT, begin, end, between.get("names", [CLUSTER, "reader"])))
    for trail in trails.values():
        (asked,) = trail.asked
        assert asked["LookupAttributes"] == [
            {"AttributeKey": "Username", "AttributeValue": Names("demo", REGION).function_name("apply")}
        ]
    return found


def test_a_document_before_and_after() -> None:
    first, second = (
        event(minute, "PutClusterPolicy", clusterArn=CLUSTER, policy=policy(*sids))
        for minute, sids in ((-30, ("Theirs",)), (5, ("Theirs", "Ours")))
    )
    (change,) = read([first, second])
    assert (change.document, change.before, change.after) == (CLUSTER, policy("Theirs"), policy("Theirs", "Ours"))
    assert [line for line in change.lines if "Ours" in line] == ['+   "Sid": "Ours"']
    assert not [line for line in change.lines if line.startswith(("+", "-")) and "Theirs" in line]


def test_a_first_write_says_that_nothing_is_known_before_it() -> None:
    (change,) = read([event(5, "PutClusterPolicy", clusterArn=CLUSTER, policy=policy("Ours"))])
    assert (change.before, change.lines) == (None, ())


def test_a_document_that_is_taken_away_ends_empty() -> None:
    written, ended = (
        event(5, "PutRolePolicy", roleName="reader", policyName="p", policyDocument=policy("Ours")),
        event(6, "DeleteRolePolicy", roleName="reader", policyName="p"),
    )
    changes = read([], [written, ended])
    assert [change.document for change in changes] == ["policy p of role reader"] * 2
    assert (changes[1].before, changes[1].after) == (policy("Ours"), "")
    assert changes[1].lines and all(not line.startswith("+") for line in changes[1].lines)


def test_a_refused_write_changes_nothing() -> None:
    calls = [
        event(1, "PutClusterPolicy", clusterArn=CLUSTER, policy=policy("A")),
        event(2, "PutClusterPolicy", "BadRequestException", clusterArn=CLUSTER, policy=policy("B")),
        event(3, "PutClusterPolicy", clusterArn=CLUSTER, policy=policy("C")),
    ]
    changes = read(calls)
    assert [change.error for change in changes] == ["", "BadRequestException", ""]
    assert changes[2].before == policy("A")


def test_a_text_that_is_not_recorded_is_not_made_up() -> None:
    (change,) = read([event(5, "PutClusterPolicy", clusterArn=CLUSTER)])
    assert (change.before, change.after, change.lines) == (None, None, ())


def test_only_the_grants_own_documents_in_its_time() -> None:
    other = CLUSTER.replace("/a/", "/c/")
    calls = [
        event(-60, "PutClusterPolicy", clusterArn=CLUSTER, policy=policy("Early")),
        event(5, "PutClusterPolicy", clusterArn=other, policy=policy("Other")),
        event(6, "GetClusterPolicy", clusterArn=CLUSTER),
        event(7, "CreatePolicyVersion", policyArn="arn:aws:iam::1:policy/x", policyDocument=f'{{"on": "{CLUSTER}"}}'),
        event(8, "AttachRolePolicy", roleName="reader", policyArn="arn:aws:iam::1:policy/x"),
    ]
    assert [change.call for change in read(calls)] == ["CreatePolicyVersion", "AttachRolePolicy"]


def test_a_refusal_is_an_error_with_the_calls_name() -> None:
    def make(service: str, settings: SessionSettings) -> Any:
        raise RemoteError("cloudtrail:LookupEvents", "AccessDenied", "no")

    accounts = Accounts(Names("demo", REGION), SessionSettings(REGION), make=make, _own=ACCOUNT)
    with pytest.raises(RemoteError, match="LookupEvents"):
        list(ChangeReader(accounts).read(ACCOUNT, BEGIN, BEGIN, []))


def test_every_partition_has_a_region_of_iams_events() -> None:
    assert set(GLOBAL_REGIONS) == set(PARTITIONS)
