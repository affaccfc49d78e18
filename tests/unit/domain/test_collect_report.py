"""From an event to a plan, and from an outcome to a status."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from streamgov_core.deploy.member_stages import STEP_MEMBERS
from streamgov_core.domain.announcement import Announcer
from streamgov_core.domain.collect import Collect
from streamgov_core.domain.failure_class import readable
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.plan import stages
from streamgov_core.domain.report import Report, failure_of
from streamgov_core.domain.settings import CollectSettings
from streamgov_core.domain.workflow_input import MAX_SETTLES
from streamgov_core.model.command import ACCESS_MAY_REMAIN, AccessRequest
from streamgov_core.model.errors import EventRefusedError, PermanentGrantError, RetryableGrantError
from streamgov_core.runtime.metrics import FunctionMetrics
from tests.unit.grants.fakes import (
    CONSUMER,
    DOMAIN,
    NAMES,
    OWNER,
    ROLE,
    THIRD,
    Clock,
    MemoryDomain,
    MemoryGrants,
    grant_event,
)

CENTRAL = "arn:aws:states:us-east-1:111111111111:execution:streamgov-central:"


class Central:
    """The domain account's two functions over fakes."""

    def __init__(self, **settings: Any) -> None:
        self.domain = MemoryDomain()
        self.grants = MemoryGrants()
        self.clock = Clock()
        self.inputs: dict[str, dict[str, Any]] = {}
        types = ("MskTopicAssetType",)
        self.settings = CollectSettings(NAMES, DOMAIN, (OWNER, CONSUMER), types, **settings)
        parts = (self.settings, self.domain, self.grants, self.inputs.__getitem__, self.clock.now)
        self.collector = Collect(*parts)
        self.metrics: list[dict[str, Any]] = []
        emitted = FunctionMetrics(NAMES.namespace, "report", lambda line: self.metrics.append(json.loads(line)))
        self._reporting = partial(Report, *parts, metrics=emitted)
        self.reporter = self._reporting()

    def announce(self, announcer: Announcer) -> None:
        """Let outcomes be told to somebody."""
        self.reporter = self._reporting(announcer=announcer)

    def collect(self, workflow_input: dict[str, Any] | None = None, execution: str = "one") -> list[dict[str, Any]]:
        event = {"event": workflow_input or grant_event(), "execution": CENTRAL + execution, "startedAt": "2026-01-01"}
        answer = self.collector.run(json.loads(json.dumps(event)))
        return list(json.loads(json.dumps(answer))["items"])

    def report(self, item: dict[str, Any], **added: Any) -> dict[str, Any]:
        return self.reporter.run({"kind": "outcome", "item": {"told": {"prepared": []}, **item, **added}})

    def metric(self, name: str) -> list[tuple[float, str | None]]:
        """Values of a metric, with their cause."""
        return [(line[name][0], line.get("Cause")) for line in self.metrics if name in line]

    def record(self) -> GrantRecord:
        return self.grants.records[("grant1", "asset1")]

    def status(self) -> str:
        return str(self.domain.grants["grant1"]["assets"][0]["status"])


def done(item: dict[str, Any]) -> dict[str, Any]:
    """What the states add when every step was applied."""
    applied: dict[str, Any] = {"status": "APPLIED", "cause": None, "details": {"warnings": []}}
    return {
        f"{stage}Done": [{"side": s["command"]["side"], "outcome": applied} for s in item["do"][stage]]
        for stage in ("first", "second")
    }


def sides(item: dict[str, Any], plan: str = "do") -> list[tuple[str, str, str, int]]:
    return [
        (s["command"]["side"], s["command"]["account"], s["command"]["requestType"], s["command"]["generation"])
        for stage in ("first", "second")
        for s in item[plan][stage]
    ]


@pytest.fixture
def central() -> Central:
    made = Central()
    made.domain.add_grant()
    return made


def test_a_grant_gives_the_producer_first_and_can_be_undone_the_other_way_round(central: Central) -> None:
    (item,) = central.collect()
    assert sides(item) == [("producer", OWNER, "GRANT", 1), ("consumer", CONSUMER, "GRANT", 1)]
    assert sides(item, "undo") == [("consumer", CONSUMER, "REVOKE", 2), ("producer", OWNER, "REVOKE", 2)]
    assert all(step["strict"] for step in item["do"]["first"] + item["do"]["second"])
    assert not any(step["strict"] for step in item["undo"]["first"] + item["undo"]["second"])
    assert central.status() == "GRANT_IN_PROGRESS"
    record = central.record()
    assert (record.generation, record.state, record.desired) == (1, "IN_PROGRESS", "GRANT")
    assert record.audit["connection"]["groupPrefix"] == f"{CONSUMER}.consumerproj01."
    assert record.audit["requestedBy"] == "user-asking" and record.audit["approvedBy"] == "user-approving"
    assert central.report(item, **done(item))["status"] == "GRANTED"
    assert central.status() == "GRANTED" and central.record().state == "GRANTED"


def test_the_sides_of_a_grant_are_carried_out_at_once_where_none_needs_what_the_other_makes(central: Central) -> None:
    (item,) = central.collect()
    assert [len(item["do"][stage]) for stage in ("first", "second")] == [2, 0]
    assert all(step["strict"] for step in item["do"]["prepare"]), "a claim that is refused ends it before that"
    record = central.record()
    assert record.command is not None
    stream = {"arn": f"arn:aws:kinesis:us-east-1:{OWNER}:stream/orders", "stream": "orders", "encryption": "NONE"}
    shared = replace(record.command, platform="kinesis", resource=stream)
    fan_out = replace(shared, request=AccessRequest("READ", "FAN_OUT"))
    decided = shared.decided(())
    for command, prepared, first in ((shared, 2, 2), (fan_out, 1, 1), (decided, 0, 1)):
        planned = stages(NAMES, command, "GRANT", 1, strict=True)
        assert (len(planned["prepare"]), len(planned["first"]), len(planned["second"])) == (prepared, first, 2 - first)


def test_names_of_people_and_sessions_stand_beside_their_ids(central: Central) -> None:
    asking = {"arn": "arn:aws:iam::333333333333:role/analysts", "sessionName": "somebody"}
    approving = {"username": "approver@example.com", "firstName": "First", "lastName": "Last"}
    central.domain.users["user-asking"] = {"details": {"iam": asking}}
    central.domain.users["user-approving"] = {"details": {"sso": approving}}
    (item,) = central.collect()
    assert central.report(item, **done(item))["status"] == "GRANTED"
    facts = central.record().audit
    assert facts["requestedByName"] == "somebody (session of arn:aws:iam::333333333333:role/analysts)"
    assert facts["approvedByName"] == "First Last (approver@example.com)"
    assert (facts["requestedBy"], facts["approvedBy"]) == ("user-asking", "user-approving")


@pytest.mark.parametrize("profile", [None, {"details": {}}, PermanentGrantError("not allowed")])
def test_a_name_that_cannot_be_seen_keeps_nobody_from_a_grant(central: Central, profile: Any) -> None:
    if isinstance(profile, Exception):
        central.domain.errors["user"] = profile
    elif profile is not None:
        central.domain.users["user-asking"] = profile
    (item,) = central.collect()
    assert central.report(item, **done(item))["status"] == "GRANTED"
    assert "requestedByName" not in central.record().audit


@pytest.mark.parametrize("failing", ["user", "keep_names"])
def test_names_that_cannot_be_kept_keep_nobody_from_being_told(central: Central, failing: str) -> None:
    central.domain.users["user-asking"] = {"details": {"sso": {"username": "asking@example.com"}}}
    (item,) = central.collect()

    def refuse(*_: Any) -> None:
        raise RetryableGrantError("no answer")

    if failing == "user":
        central.domain.errors["user"] = RetryableGrantError("no answer")
    else:
        central.grants.hooks[failing] = refuse
    assert central.report(item, **done(item))["status"] == "GRANTED" == central.status()
    assert "requestedByName" not in central.record().audit


def test_names_are_kept_once_and_stay_through_a_revoke(central: Central) -> None:
    central.domain.users["user-asking"] = {"details": {"sso": {"username": "asking@example.com"}}}
    (item,) = central.collect()
    central.report(item, **done(item))
    central.domain.users.clear()
    central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    (item,) = central.collect(grant_event(kind="Subscription Grant Revoke Requested"), "two")
    assert central.report(item, **done(item))["status"] == "REVOKED"
    assert central.record().audit["requestedByName"] == "asking@example.com"


def test_names_of_an_older_request_are_not_kept_in_a_newer_record(central: Central) -> None:
    central.domain.users["user-asking"] = {"details": {"sso": {"username": "asking@example.com"}}}
    (item,) = central.collect()
    newer = replace(central.record(), generation=99, state="IN_PROGRESS")
    central.grants.hooks["keep_names"] = lambda grant: central.grants.records.update({("grant1", "asset1"): newer})
    central.report(item, **done(item))
    assert central.record() == newer


def test_an_account_that_refuses_before_anything_is_written_leaves_nothing_behind(central: Central) -> None:
    (item,) = central.collect()
    assert [(step["command"]["side"], step["command"]["account"]) for step in item["do"]["prepare"]] == [
        ("prepare", OWNER),
        ("prepare", CONSUMER),
    ]
    refused = {"status": "REJECTED", "cause": "it can do neither", "details": {}}
    failure = {"Error": "StepFailed", "Cause": json.dumps(refused)}
    answer = central.reporter.run({"kind": "outcome", "item": {**item, "failure": failure}})
    assert answer == {"status": "GRANT_FAILED", "cause": "it can do neither", "open": ""}


def test_what_the_members_decided_stands_in_the_ledger(central: Central) -> None:
    (item,) = central.collect()
    record = central.record()
    assert record.command is not None and record.command.consumer.assuming is None
    told = {"role": ROLE, "roleId": "AROAX", "project": "consumerproj01", "tagged": False}
    steps = done(item)
    steps["firstDone"][0]["outcome"]["details"] = {"assuming": [told], "awsRoleArn": "arn:aws:iam::1:role/a"}
    central.report(item, **steps)
    record = central.record()
    assert record.outcome["awsRoleArn"] == "arn:aws:iam::1:role/a"
    assert record.command is not None and record.command.consumer.assuming is not None
    assert [role.role.arn for role in record.command.consumer.assuming] == [ROLE]
    assert record.command.consumer.direct == ()


def test_a_revoke_works_from_the_ledger_when_everything_else_is_gone(central: Central) -> None:
    (item,) = central.collect()
    central.report(item, **done(item))
    for things in (central.domain.listings, central.domain.environments, central.domain.targets):
        things.clear()
    central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    (item,) = central.collect(grant_event(kind="Subscription Grant Revoke Requested"), "two")
    assert sides(item) == [("consumer", CONSUMER, "REVOKE", 3), ("producer", OWNER, "REVOKE", 3)]
    assert item["do"]["first"][0]["command"]["consumer"]["principals"] == [ROLE]
    assert central.report(item, **done(item))["status"] == "REVOKED"
    assert central.record().audit["requestedBy"] == "user-asking"


def test_a_revoke_of_a_grant_that_datazone_has_forgotten_takes_away_what_was_given(central: Central) -> None:
    (item,) = central.collect()
    central.report(item, **done(item))
    kept = central.domain.grants.pop("grant1")
    central.domain.grants = {}
    central.domain.update_status = lambda *args: None  # type: ignore[method-assign]
    (item,) = central.collect(grant_event(kind="Subscription Grant Revoke Requested"), "two")
    assert [side[2] for side in sides(item)] == ["REVOKE", "REVOKE"] and kept["id"] == item["grantId"]


def test_principals_are_those_of_grant_time(central: Central) -> None:
    central.collect()
    central.domain.targets["target1"]["authorizedPrincipals"] = [f"arn:aws:iam::{CONSUMER}:role/streaming/new"]
    central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    (item,) = central.collect(grant_event(kind="Subscription Grant Revoke Requested"), "two")
    assert item["do"]["first"][0]["command"]["consumer"]["principals"] == [ROLE]


def test_a_revoke_of_what_was_never_granted_is_done_at_once() -> None:
    central = Central()
    central.domain.add_grant(status="REVOKE_PENDING")
    (item,) = central.collect(grant_event(kind="Subscription Grant Revoke Requested"))
    assert sides(item) == []
    assert central.report(item, firstDone=[], secondDone=[])["status"] == "REVOKED"


def test_within_one_account_one_step_does_both_sides() -> None:
    central = Central()
    local = f"arn:aws:iam::{OWNER}:role/streaming/local"
    central.domain.add_grant(principals=(local,))
    central.domain.environments["env1"]["awsAccountId"] = OWNER
    (item,) = central.collect()
    assert sides(item) == [("both", OWNER, "GRANT", 1)]


def test_each_account_of_the_principals_has_a_step() -> None:
    other = f"arn:aws:iam::{OWNER}:role/streaming/other"
    central = Central(principal_accounts={CONSUMER: (OWNER,)})
    central.domain.add_grant(principals=(ROLE, other))
    (item,) = central.collect()
    assert sides(item) == [("both", OWNER, "GRANT", 1), ("consumer", CONSUMER, "GRANT", 1)]


@pytest.mark.parametrize(
    ("principals", "reason"),
    [
        ((f"arn:aws:iam::{THIRD}:role/x",), "not a role of the environment's account"),
        ((f"arn:aws:iam::{CONSUMER}:user/bob",), "not the ARN of an IAM role"),
        ((f"arn:aws:iam::{CONSUMER}:root",), "not the ARN of an IAM role"),
        ((f"arn:aws-cn:iam::{CONSUMER}:role/x",), "not a role of the environment's account"),
        ((), "names no authorized principal"),
    ],
)
def test_principals_that_must_not_get_access(principals: tuple[str, ...], reason: str) -> None:
    central = Central()
    central.domain.add_grant(principals=principals)
    (item,) = central.collect()
    assert sides(item) == [] and reason in item["refusal"]
    answer = central.report(item, firstDone=[], secondDone=[])
    assert answer["status"] == "GRANT_FAILED" and reason in answer["cause"]
    assert central.domain.status_updates[-1][3] == answer["cause"]


@pytest.mark.parametrize(
    ("forms", "reason"),
    [
        ({}, "no form MskSourceReferenceFormType"),
        ({"MskSourceReferenceFormType": {"cluster_arn": "arn:x", "cluster_type": "PROVISIONED"}}, "no form Kafka"),
        ({"MskSourceReferenceFormType": "{not json"}, "not readable"),
    ],
)
def test_forms_that_cannot_be_read_fail_the_asset_with_the_reason(forms: dict[str, Any], reason: str) -> None:
    central = Central()
    central.domain.add_grant(forms=forms or {"Other": {}})
    (item,) = central.collect()
    assert reason in item["refusal"]


@pytest.mark.parametrize("way", ["grant", "revoke", "settle", "renewal"])
def test_every_step_goes_on_with_the_trace_of_the_collector(central: Central, way: str) -> None:
    if way != "grant":
        (granted,) = central.collect()
        if way != "settle":
            central.report({**granted, **done(granted)})
    if way == "settle":
        central.inputs[CENTRAL + "one"] = grant_event()
    asked = {
        "grant": grant_event(),
        "revoke": {"version": 1, "action": "redrive", "grantId": "grant1", "requestType": "REVOKE"},
        "settle": {"version": 1, "action": "settle", "executionArn": CENTRAL + "one", "status": "TIMED_OUT"},
        "renewal": {"version": 1, "action": "redrive", "grantId": "grant1", "requestType": "GRANT"},
    }[way]
    if way == "revoke":
        central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    central.collector.trace_header = header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    (item,) = central.collect(asked, "two")
    steps = [step for plan in ("do", "undo") for stage in item[plan].values() for step in stage]
    assert len(steps) >= 2
    for step in steps:
        assert set(step) == set(STEP_MEMBERS) and step["traceHeader"] == header, step


def test_an_account_that_is_no_member_is_named() -> None:
    central = Central()
    central.domain.add_grant()
    central.collector = Collect(
        replace(central.settings, members=(OWNER,)),
        central.domain,
        central.grants,
        central.inputs.__getitem__,
        central.clock.now,
    )
    (item,) = central.collect()
    assert f"{CONSUMER} is not a member" in item["refusal"]


@pytest.mark.parametrize(
    "workflow_input",
    [
        {},
        {"source": "aws.s3", "detail-type": "Object Created"},
        {"source": "aws.datazone", "detail-type": "Subscription Created", "detail": {}},
        {"source": "aws.datazone", "detail-type": "Subscription Grant Requested", "detail": {"metadata": {}}},
        grant_event(domain="dzd-other"),
        grant_event(grant_id="unknown"),
        {"action": "redrive", "grantId": "grant1", "requestType": "STEAL"},
    ],
)
def test_malformed_and_foreign_inputs_are_refused_and_mark_nothing(
    central: Central, workflow_input: dict[str, Any]
) -> None:
    with pytest.raises(EventRefusedError):
        central.collector.run({"event": workflow_input, "execution": CENTRAL + "x"})
    failure = {**workflow_input, "failure": {"Error": "EventRefusedError", "Cause": "{}"}}
    central.reporter.run({"kind": "collect-failure", "event": failure, "execution": CENTRAL + "x"})
    assert central.domain.status_updates == [] and central.grants.records == {}


def test_foreign_asset_types_are_left_alone() -> None:
    central = Central()
    central.domain.add_grant(asset_type="GlueTableAssetType")
    assert central.collect() == []
    assert central.domain.status_updates == [] and central.grants.records == {}


@pytest.mark.parametrize("status", ["GRANTED", "GRANT_FAILED", "REVOKED", "REVOKE_PENDING", "REVOKE_IN_PROGRESS"])
def test_a_replayed_event_finds_the_status_wrong_and_does_nothing(status: str) -> None:
    central = Central()
    central.domain.add_grant(status=status)
    assert central.collect() == []
    assert central.grants.records == {}


def test_the_same_event_twice_is_carried_out_once(central: Central) -> None:
    assert len(central.collect(execution="one")) == 1
    assert central.collect(execution="two") == []
    # The first execution, retried by the machine, gets the same plan.
    (again,) = central.collect(execution="one")
    assert again["generation"] == 1


def test_two_executions_that_begin_at_the_same_moment(central: Central) -> None:
    def other_first(record: GrantRecord) -> None:
        central.grants.hooks.clear()
        central.grants.begin(replace(record, execution=CENTRAL + "other"), None)

    central.grants.hooks["begin"] = other_first
    assert central.collect() == []
    assert central.record().execution == CENTRAL + "other"


def test_a_record_whose_answer_was_lost_is_our_own(central: Central) -> None:
    """The SDK makes the call again, and the condition fails on what the first try wrote."""

    def lost(record: GrantRecord) -> None:
        central.grants.hooks.clear()
        assert central.grants.begin(record, None)

    central.grants.hooks["begin"] = lost
    (item,) = central.collect()
    assert central.report(item, **done(item))["status"] == "GRANTED"


def test_a_duplicate_that_comes_after_the_end_leaves_the_outcome_as_it_was(central: Central) -> None:
    def other_is_done(record: GrantRecord) -> None:
        central.grants.hooks.clear()
        central.grants.begin(replace(record, execution=CENTRAL + "other", state="GRANTED"), None)
        central.domain.grants["grant1"]["assets"][0]["status"] = "GRANTED"

    central.grants.hooks["begin"] = other_is_done
    assert central.collect() == []
    assert central.status() == "GRANTED"


def test_a_data_product_is_granted_asset_by_asset() -> None:
    central = Central()
    central.domain.add_grant(assets={"asset1": "GRANT_PENDING", "asset2": "GRANT_PENDING", "table": "GRANT_PENDING"})
    one = central.domain.listings.pop("listing1")
    second = json.loads(json.dumps(one))
    second["item"]["assetListing"].update(assetId="asset2", forms="{}")
    table = json.loads(json.dumps(one))
    table["item"]["assetListing"].update(assetId="table", assetType="GlueTableAssetType")
    central.domain.listings |= {"l1": one, "l2": second, "l3": table}
    parts = [{"listingId": name, "listingRevision": "1"} for name in ("l1", "l2", "l3")]
    central.domain.listings["listing1"] = {"item": {"dataProductListing": {"items": parts}}}
    items = {item["assetId"]: item for item in central.collect()}
    assert set(items) == {"asset1", "asset2"}
    assert items["asset1"]["refusal"] is None and items["asset2"]["refusal"]
    # Assets are worked on side by side, so the order is free; the table of another type is left as it was.
    assert sorted(mark[1:3] for mark in central.domain.status_updates) == [
        ("asset1", "GRANT_IN_PROGRESS"),
        ("asset2", "GRANT_IN_PROGRESS"),
    ]


def test_what_was_asked_for_reaches_the_command() -> None:
    central = Central()
    form = {"formName": "f", "typeName": "StreamAccessRequestFormType", "content": '{"access":"WRITE"}'}
    central.domain.add_grant(metadata_forms=[form])
    (item,) = central.collect()
    assert item["do"]["first"][0]["command"]["request"]["access"] == "WRITE"


@pytest.mark.parametrize("content", ['{"access":"ALL"}', '{"until":"1969-01-01"}', '{"until":"soon"}', "[]", "{"])
def test_what_cannot_be_given_is_refused(content: str) -> None:
    central = Central()
    form = {"formName": "f", "typeName": "StreamAccessRequestFormType", "content": content}
    central.domain.add_grant(metadata_forms=[form])
    (item,) = central.collect()
    assert item["refusal"] and sides(item) == []


def test_a_request_that_may_not_be_read_means_the_defaults_and_a_warning(central: Central) -> None:
    central.domain.errors["request"] = PermanentGrantError("access denied")
    (item,) = central.collect()
    assert item["do"]["first"][0]["command"]["request"]["access"] == "READ"
    assert "access denied" in item["facts"]["warnings"][0]
    central.domain.errors["request"] = RetryableGrantError("throttled")
    with pytest.raises(RetryableGrantError):
        central.collect()


def test_where_the_form_is_required_a_request_that_may_not_be_read_is_refused() -> None:
    central = Central(request_required=True)
    central.domain.errors["request"] = PermanentGrantError("access denied")
    central.domain.add_grant()
    (item,) = central.collect()
    assert sides(item) == []
    assert item["refusal"] == (
        "the subscription request cannot be read, and this deployment requires the request form: let the role "
        "streamgov-us-east-1-collect read subscription requests. access denied"
    )


def test_where_the_form_is_required_a_revoke_needs_no_request() -> None:
    central = Central(request_required=True)
    central.domain.add_grant()
    (item,) = central.collect()
    central.report(item, **done(item))
    central.domain.errors["request"] = PermanentGrantError("access denied")
    central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    (item,) = central.collect(grant_event(kind="Subscription Grant Revoke Requested"), "two")
    assert item["refusal"] is None and sides(item) != []


# --- outcomes ---------------------------------------------------------------------------------------------------------
def test_a_failed_step_becomes_a_cause_without_a_stack_trace(central: Central) -> None:
    (item,) = central.collect()
    lambda_error = {
        "errorType": "RetryableGrantError",
        "errorMessage": "the role arn:x does not exist",
        "stackTrace": ["  File /var/task/secret.py line 1"],
    }
    member = {
        "Error": "MemberFailed",
        "Cause": json.dumps({"Error": "RetryableGrantError", "Cause": json.dumps(lambda_error)}),
    }
    failure = {"Error": "StepFailed", "Cause": json.dumps(member)}
    answer = central.report(item, failure=failure, **undone(item))
    assert answer == {"status": "GRANT_FAILED", "cause": "the role arn:x does not exist", "open": ""}
    assert central.record().cause == "the role arn:x does not exist"


# --- what could not be undone -----------------------------------------------------------------------------------------
OUTAGE = {
    "Error": "MemberFailed",
    "Cause": json.dumps({"errorMessage": "kafka is down", "errorType": "RemoteGrantError"}),
}
FAILED = {"Error": "StepFailed", "Cause": json.dumps({"status": "REJECTED", "cause": "no room in the role"})}


def undone(item: dict[str, Any], **outcomes: Any) -> dict[str, Any]:
    """What the states of the undoing add: every step applied, but for those named by their side."""
    applied: dict[str, Any] = {"status": "APPLIED", "cause": None, "details": {}}
    return {
        f"undo{stage.title()}Done": [
            {"side": s["command"]["side"], "outcome": outcomes.get(s["command"]["side"], applied)}
            for s in item["undo"][stage]
        ]
        for stage in ("first", "second")
    }


def test_an_undo_that_fails_says_where_access_may_remain_and_is_tried_again(central: Central) -> None:
    workflow_input = grant_event()
    central.inputs[CENTRAL + "one"] = workflow_input
    (item,) = central.collect(workflow_input, "one")
    answer = central.report(item, failure=FAILED, **undone(item, producer=OUTAGE))
    assert answer["open"] == ACCESS_MAY_REMAIN and answer["status"] == central.status() == "GRANT_FAILED"
    assert answer["cause"].startswith("no room in the role. Access may remain in account " + OWNER)
    assert "kafka is down" in answer["cause"] and "reconciler" in answer["cause"] and CONSUMER not in answer["cause"]

    # The execution ends as failed; the settle rule starts the next one, which does nothing but undo.
    (again,) = central.collect(settle("one"), "two")
    assert sides(again) == [("consumer", CONSUMER, "REVOKE", 2), ("producer", OWNER, "REVOKE", 2)]
    assert sides(again, "undo") == [] and central.status() == "GRANT_FAILED"
    bad = done(again)
    bad["secondDone"][0]["outcome"] = OUTAGE
    assert central.report(again, **bad)["open"] == ACCESS_MAY_REMAIN
    central.inputs[CENTRAL + "two"] = settle("one")
    (last,) = central.collect(settle("two"), "three")
    answer = central.report(last, **done(last))
    assert answer == {"status": "GRANT_FAILED", "cause": "no room in the role", "open": ""}
    assert central.record().cause == "no room in the role"
    central.inputs[CENTRAL + "three"] = settle("two")
    assert central.collect(settle("three"), "four") == [], "nothing is open any more"


def test_undoing_again_has_an_end_and_leaves_the_rest_to_the_reconciler(central: Central) -> None:
    central.inputs |= {CENTRAL + "0": grant_event(), **{CENTRAL + str(n): settle(str(n - 1)) for n in range(1, 9)}}
    (item,) = central.collect(execution="0")
    central.report(item, failure=FAILED, **undone(item, producer=OUTAGE))
    rounds = 0
    for number in range(8):
        items = central.collect(settle(str(number)), str(number + 1))
        if not items:
            break
        rounds += 1
        bad = done(items[0])
        bad["secondDone"][0]["outcome"] = OUTAGE
        central.report(items[0], **bad)
    assert rounds == MAX_SETTLES
    assert "Access may remain" in central.record().cause and central.record().outcome["undo"]


def test_an_undoing_that_a_new_request_has_overtaken_is_not_repeated(central: Central) -> None:
    central.domain.strict = False  # Only then can a failed grant be taken up again.
    central.inputs[CENTRAL + "one"] = grant_event()
    (item,) = central.collect(execution="one")
    central.report(item, failure=FAILED, **undone(item, producer=OUTAGE))
    redrive = {"version": 1, "action": "redrive", "grantId": "grant1", "requestType": "GRANT"}
    (new,) = central.collect(redrive, "by-hand")
    assert central.collect(settle("one"), "two") == []
    assert central.report(new, **done(new))["status"] == "GRANTED"


@pytest.mark.parametrize("what", ["stage cut off", "abort", "long causes"])
def test_undo_steps_of_which_nothing_is_known_count_as_open(central: Central, what: str) -> None:
    central.inputs[CENTRAL + "one"] = grant_event()
    (item,) = central.collect(execution="one")
    if what == "abort":
        (item,) = central.collect(settle("one", "ABORTED"), "two")
        answer = central.report(item, firstDone=done(item)["firstDone"], failure={"Error": "States.Timeout"})
        assert "aborted" in answer["cause"]
    elif what == "stage cut off":
        done_ = undone(item)
        del done_["undoSecondDone"]
        answer = central.report(item, failure=FAILED, undoFailure={"Error": "States.Timeout"}, **done_)
    else:
        long = {"Error": "MemberFailed", "Cause": "z" * 3000}
        answer = central.report(item, failure={"Error": "x", "Cause": "y" * 3000}, **undone(item, producer=long))
    assert answer["open"] == ACCESS_MAY_REMAIN and f"Access may remain in account {OWNER}" in answer["cause"]
    assert len(answer["cause"]) <= 1000 and "reconciler" in answer["cause"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"Error": "States.Timeout"}, "did not answer in time"),
        ({"status": "REJECTED", "cause": "no room"}, "no room"),
        ({"status": "SUPERSEDED", "cause": None}, "overtook"),
        ("plain words", "plain words"),
        ('{"errorMessage": "boom", "errorType": "KeyError"}', "KeyError: boom"),
        (None, "no cause was given"),
        ({"Error": "Lambda.Unknown", "Cause": ""}, "Lambda.Unknown"),
    ],
)
def test_readable_causes(error: Any, text: str) -> None:
    assert text in readable(error)


def test_a_cause_is_cut() -> None:
    central = Central()
    central.domain.add_grant()
    (item,) = central.collect()
    answer = central.report(item, failure={"Error": "x", "Cause": "y" * 5000}, **undone(item))
    assert len(answer["cause"]) == 1000


def test_a_revoke_with_a_failed_side_is_not_reported_as_done() -> None:
    item = {
        "requestType": "REVOKE",
        "firstDone": [{"side": "consumer", "outcome": {"Error": "States.Timeout"}}],
        "secondDone": [{"side": "producer", "outcome": {"status": "APPLIED"}}],
    }
    assert "consumer side failed" in str(failure_of(item))


def test_an_outcome_that_a_newer_request_overtook_is_not_marked(central: Central) -> None:
    (item,) = central.collect()
    central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    central.collect(grant_event(kind="Subscription Grant Revoke Requested"), "two")
    marks = len(central.domain.status_updates)
    assert central.report(item, failure={"Error": "x"})["status"] == "SUPERSEDED"
    assert len(central.domain.status_updates) == marks


def test_a_collector_that_fails_leaves_no_grant_open(central: Central) -> None:
    event = {**grant_event(), "failure": {"Error": "RemoteError", "Cause": '{"errorMessage":"the environment broke"}'}}
    answer = central.reporter.run({"kind": "collect-failure", "event": event, "execution": CENTRAL + "one"})
    assert answer["assets"] == ["asset1"]
    assert central.status() == "GRANT_FAILED"
    assert central.domain.status_updates[-1][3] == "the environment broke"


def test_a_collector_failure_does_not_disturb_another_execution(central: Central) -> None:
    central.collect(execution="one")
    event = {**grant_event(), "failure": {"Error": "x"}}
    central.reporter.run({"kind": "collect-failure", "event": event, "execution": CENTRAL + "two"})
    assert central.status() == "GRANT_IN_PROGRESS"


# --- settling ---------------------------------------------------------------------------------------------------------
def settle(execution: str, status: str = "FAILED") -> dict[str, Any]:
    return {"version": 1, "action": "settle", "executionArn": CENTRAL + execution, "status": status}


def test_an_execution_that_ended_badly_is_completed_from_the_ledger(central: Central) -> None:
    central.inputs[CENTRAL + "one"] = grant_event()
    central.collect(execution="one")
    central.domain.listings.clear()
    (item,) = central.collect(settle("one", "TIMED_OUT"), "settler")
    assert sides(item) == [("producer", OWNER, "GRANT", 3), ("consumer", CONSUMER, "GRANT", 3)]
    assert central.report(item, **done(item))["status"] == "GRANTED"


def test_a_grant_that_expired_before_it_was_completed_is_undone() -> None:
    central = Central()
    form = {"typeName": "StreamAccessRequestFormType", "content": json.dumps({"until": "1970-01-12"})}
    central.domain.add_grant(metadata_forms=[form])
    central.inputs[CENTRAL + "one"] = grant_event()
    central.collect(execution="one")
    central.clock.value += 86_400
    (item,) = central.collect(settle("one", "TIMED_OUT"), "settler")
    assert {side[2] for side in sides(item)} == {"REVOKE"} and "has passed" in item["refusal"]
    assert central.report(item, **done(item))["status"] == "GRANT_FAILED"


def test_an_aborted_execution_is_undone_and_fails(central: Central) -> None:
    central.inputs[CENTRAL + "one"] = grant_event()
    central.collect(execution="one")
    (item,) = central.collect(settle("one", "ABORTED"), "settler")
    assert sides(item) == [("consumer", CONSUMER, "REVOKE", 4), ("producer", OWNER, "REVOKE", 4)]
    answer = central.report(item, **done(item))
    assert answer["status"] == "GRANT_FAILED" and "aborted" in answer["cause"]


def test_what_ends_badly_again_is_undone_and_then_left_to_people(central: Central) -> None:
    central.inputs |= {
        CENTRAL + "0": grant_event(),
        **{CENTRAL + str(n): settle(str(n - 1)) for n in range(1, 5)},
    }
    central.collect(execution="0")
    (item,) = central.collect(settle("1"), "2")
    assert {side[2] for side in sides(item)} == {"REVOKE"}
    (item,) = central.collect(settle("3"), "4")
    assert sides(item) == [] and "by hand" in item["refusal"]
    assert central.collect(settle("4"), "5") == [], "or the settle rule would start one after the other for ever"


def test_settling_an_order_that_was_never_ours_ends_it(central: Central) -> None:
    central.inputs[CENTRAL + "odd"] = {"source": "aws.s3"}
    assert central.collect(settle("odd"), "settler") == []


def test_settling_takes_over_from_the_execution_that_ended_and_from_no_other(central: Central) -> None:
    """A duplicate dies while the first one works; or a person has begun it anew in the meantime."""
    central.inputs[CENTRAL + "duplicate"] = grant_event()
    central.collect(execution="one")
    assert central.collect(settle("duplicate"), "settler") == []
    assert central.record().execution == CENTRAL + "one"
    central.inputs[CENTRAL + "by-hand"] = {"action": "redrive", "grantId": "grant1", "requestType": "GRANT"}
    assert central.collect(settle("by-hand"), "settler") == [], "a redrive that died and had begun nothing"


def test_settling_what_was_reported_does_nothing(central: Central) -> None:
    central.inputs[CENTRAL + "one"] = grant_event()
    (item,) = central.collect(execution="one")
    central.report(item, **done(item))
    assert central.collect(settle("one"), "settler") == []


def asked_at(central: Central, seconds: float) -> dict[str, Any]:
    """A grant event that DataZone sent so many seconds ago."""
    sent = datetime.fromtimestamp(central.clock.now() - seconds, UTC)
    return {**grant_event(), "time": sent.strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_a_grant_is_counted_with_the_time_that_it_took(central: Central) -> None:
    (item,) = central.collect(asked_at(central, 42))
    central.report(item, **done(item))
    assert central.metric("GrantsGranted") == [(1, None)]
    assert central.metric("TimeToGrant") == [(42, None)]
    (line,) = [line for line in central.metrics if "TimeToGrant" in line]
    described = line["_aws"]["CloudWatchMetrics"][0]
    assert (line["Deployment"], line["Function"], described["Namespace"]) == ("streamgov", "report", "Streamgov")
    assert described["Dimensions"] == [["Deployment", "Function"]]
    assert [(metric["Name"], metric["Unit"]) for metric in described["Metrics"]] == [("TimeToGrant", "Seconds")]


@pytest.mark.parametrize("time", ["", "soon"])
def test_a_grant_whose_request_has_no_time_is_counted_all_the_same(central: Central, time: str) -> None:
    (item,) = central.collect({**grant_event(), "time": time})
    assert central.report(item, **done(item))["status"] == "GRANTED"
    assert central.metric("GrantsGranted") == [(1, None)] and central.metric("TimeToGrant") == []


def test_a_revoke_and_a_superseded_outcome_are_told_apart(central: Central) -> None:
    (first,) = central.collect(asked_at(central, 1))
    central.report(first, **done(first))
    central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    (item,) = central.collect(grant_event(kind="Subscription Grant Revoke Requested"), "two")
    central.report(first, **done(first))
    assert len(central.metrics) == 2, "what a newer request has overtaken is counted no more"
    central.report(item, **done(item))
    assert central.metric("GrantsRevoked") == [(1, None)] and len(central.metric("TimeToGrant")) == 1


def rejected(cause: str = "no room") -> dict[str, Any]:
    return {"status": "REJECTED", "cause": cause}


@pytest.mark.parametrize(
    ("failure", "counted"),
    [
        ({"Error": "States.Timeout", "Cause": "30 s"}, "States.Timeout"),
        ({"Error": "StepFailed", "Cause": json.dumps(rejected())}, "Rejected"),
        (
            {
                "Error": "StepFailed",
                "Cause": json.dumps(
                    {"Error": "MemberFailed", "Cause": json.dumps({"errorType": "RetryableGrantError"})}
                ),
            },
            "RetryableGrantError",
        ),
        ({"Error": "text that is no name: arn:aws:…"}, "Other"),
    ],
)
def test_failures_are_counted_by_class(central: Central, failure: dict[str, Any], counted: str) -> None:
    (item,) = central.collect(asked_at(central, 1))
    central.report(item, failure=failure)
    assert central.metric("GrantsFailed") == [(1, counted)]
    assert central.metric("GrantsGranted") == central.metric("TimeToGrant") == []


def test_a_revoke_that_failed_in_one_account_is_counted_by_its_class(central: Central) -> None:
    (item,) = central.collect()
    central.report(item, **done(item))
    central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    (item,) = central.collect(grant_event(kind="Subscription Grant Revoke Requested"), "two")
    states = done(item)
    states["secondDone"][0]["outcome"] = rejected()
    central.report(item, **states)
    assert central.metric("RevokesFailed") == [(1, "Rejected")]


def test_a_refusal_is_a_warning_and_a_failure_an_error(central: Central, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    central.domain.listings.clear()
    (item,) = central.collect()
    assert item["refusal"]
    central.report(item)
    assert central.metric("GrantsFailed") == [(1, "Refused")]
    assert [record.levelname for record in caplog.records if record.message == "outcome reported"] == ["WARNING"]


def test_a_failed_collector_is_counted_for_each_asset_that_it_left_open(central: Central) -> None:
    failure = {"Error": "RemoteError", "Cause": json.dumps({"errorType": "RemoteError", "errorMessage": "x"})}
    event = {**grant_event(), "failure": failure}
    central.reporter.run({"kind": "collect-failure", "event": event, "execution": CENTRAL + "one"})
    assert central.status() == "GRANT_FAILED" and central.metric("GrantsFailed") == [(1, "RemoteError")]
