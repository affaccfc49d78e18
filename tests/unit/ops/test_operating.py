"""Status, timelines, runs by hand, requests and recertification, against fakes of the services that they ask."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.entry import SyncConfig
from streamgov_core.catalog.sync_result import SyncOutcome, SyncResult
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT
from streamgov_core.model.asset_record import RECORD_ITEM, RECORD_KEY, RECORD_VALUE, AssetRecord
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn
from streamgov_ops.accounts import AccountNotReachableError, Accounts
from streamgov_ops.cli.status import print_status
from streamgov_ops.cli.sync import told_result
from streamgov_ops.explain.explanation import advice_for
from streamgov_ops.explain.timeline import Moment, machine_moments, member_executions
from streamgov_ops.requests.asking import Asked, Listing, ask, end_grant, find_listing
from streamgov_ops.requests.recertification import (
    DAY,
    RecordChangedError,
    decided_at,
    due,
    record_decision,
)
from streamgov_ops.runbook import CAUSES
from streamgov_ops.runs import DataSource, RunFailedError, drift_of, run_central
from streamgov_ops.session import SessionSettings
from streamgov_ops.status import health
from streamgov_ops.status.health import fill_of, grant_troubles, read_status
from tests.unit.ops.entries import CLUSTER, CONSUMER, NOW, ROLE, record, topic

NAMES = Names("streamgov", "eu-west-1")
DOMAIN = "dzd-4p9n6sw4qt9xgn"


def error(code: str, operation: str = "Operation") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "refused by the test"}}, operation)


def accounts(client: Any, **options: Any) -> Accounts:
    return Accounts(NAMES, SessionSettings("eu-west-1"), make=lambda service, where: client, **options)


class Caller:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": CONSUMER, "Arn": f"arn:aws:iam::{CONSUMER}:user/ann"}


# --- accounts ---------------------------------------------------------------------------------------------------------
def test_another_account_needs_a_role_that_can_be_assumed() -> None:
    with pytest.raises(AccountNotReachableError, match=r"name the role to assume there with --member-role"):
        accounts(Caller()).client("iam", "444444444444")
    assert accounts(Caller(), member_role="ops/read").role_arn("4") == "arn:aws:iam::4:role/ops/read"
    named = accounts(Caller(), member_role="arn:aws-cn:iam::{account}:role/read")
    assert named.role_arn("444444444444") == "arn:aws-cn:iam::444444444444:role/read"


def test_a_run_by_hand_tells_what_it_did() -> None:
    result = SyncResult()
    result.add("orders", SyncOutcome("created"))
    result.add("payments", SyncOutcome("created"))
    result.add("old", SyncOutcome("skipped", "it names another topic"))
    assert list(told_result(result.to_json())) == ["2 created, 1 skipped", "skipped old: it names another topic"]
    assert list(told_result(SyncResult().to_json())) == ["the registry holds no schema"]


class Empty(Caller):
    """Every service of an account in which nothing is."""

    def get_paginator(self, operation: str) -> Empty:
        return self

    def paginate(self, **parameters: Any) -> list[dict[str, Any]]:
        return [{"Items": []}]


def test_an_account_that_is_not_reached_is_said_once_and_nothing_is_said_to_be_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(health, "read_ledger", lambda where: [])
    found = read_status(accounts(Empty()), ["444444444444"], NOW, lambda *told: None)
    assert found.unread == ["444444444444"]
    [note] = found.notes
    assert note.startswith("nothing of account 444444444444 was read: account 444444444444 is not the caller's")
    print_status(found)
    told = capsys.readouterr()
    assert "nothing that is known needs a person; not looked at: account 444444444444" in told.out
    assert "nothing needs a person" not in told.out
    assert told.err.count("444444444444") == 2  # one note


# --- the timeline -----------------------------------------------------------------------------------------------------
def at(second: int) -> datetime:
    return datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)


HISTORY: list[dict[str, Any]] = [
    {"id": 1, "type": "TaskStateEntered", "timestamp": at(0), "stateEnteredEventDetails": {"name": "First"}},
    {"id": 2, "type": "TaskScheduled", "timestamp": at(0), "previousEventId": 1, "taskScheduledEventDetails": {
        "parameters": json.dumps({"StateMachineArn": f"arn:aws:states:eu-west-1:{CONSUMER}:stateMachine:m"})}},
    {"id": 3, "type": "TaskSubmitted", "timestamp": at(1), "previousEventId": 2, "taskSubmittedEventDetails": {
        "output": json.dumps({"ExecutionArn": f"arn:aws:states:eu-west-1:{CONSUMER}:execution:m:x"})}},
    {"id": 4, "type": "TaskSucceeded", "timestamp": at(3), "previousEventId": 3, "taskSucceededEventDetails": {
        "output": json.dumps({"status": "REJECTED", "cause": "no boundary", "details": {"documents": ["role#r"]}})}},
    {"id": 5, "type": "TaskStateEntered", "timestamp": at(4), "stateEnteredEventDetails": {"name": "Report"}},
    {"id": 6, "type": "TaskScheduled", "timestamp": at(4), "previousEventId": 5, "taskScheduledEventDetails": {
        "parameters": json.dumps({"FunctionName": "arn:aws:lambda:eu-west-1:1:function:streamgov-report"})}},
    {"id": 7, "type": "TaskFailed", "timestamp": at(5), "previousEventId": 6, "taskFailedEventDetails": {
        "error": "RemoteError", "cause": json.dumps({"errorMessage": "it broke", "errorType": "RemoteError"})}},
    {"id": 8, "type": "ExecutionFailed", "timestamp": at(6), "executionFailedEventDetails": {
        "error": "NotReported", "cause": "not told"}},
]  # fmt: skip


def test_a_history_becomes_moments_with_place_duration_and_cause() -> None:
    first, report, end = machine_moments(HISTORY, "1")
    assert (first.what, first.detail, first.bad) == (
        f"First: account {CONSUMER} (3.0 s)", "REJECTED, no boundary, role#r", True,
    )  # fmt: skip
    assert report.what == "Report: function streamgov-report (1.0 s)"
    assert report.detail == "TaskFailed: it broke" and report.bad
    assert (end.what, end.detail) == ("execution failed", "NotReported: not told")
    assert member_executions(HISTORY) == [f"arn:aws:states:eu-west-1:{CONSUMER}:execution:m:x"]


@pytest.mark.parametrize(
    ("cause", "detail", "named"),
    [
        ("DocumentFullError: no room", "", "DocumentFullError"),
        ("no boundary", "REJECTED, no boundary", "Rejected"),
        ("States.Timeout", "", "States.Timeout"),
        ("something else", "", "Other"),
    ],
)
def test_a_failure_has_the_runbooks_advice(cause: str, detail: str, named: str) -> None:
    failed = record(state="GRANT_FAILED", cause=cause)
    assert advice_for(failed, [Moment("", "", "", detail, bad=True)]) == CAUSES[named]
    assert advice_for(record(), []) is None


# --- status -----------------------------------------------------------------------------------------------------------
def test_what_failed_or_hangs_needs_a_person() -> None:
    hanging = record("g2", state="IN_PROGRESS")
    late = hanging.updated_at + CENTRAL_TIMEOUT + 1
    found = [
        item.what for item in grant_troubles([record(), record("g1", state="REVOKE_FAILED", cause="x"), hanging], late)
    ]
    assert len(found) == 2 and found[0].startswith("grant g1 of asset asset-orders is REVOKE_FAILED")
    assert "no execution lasts so long" in found[1]
    assert list(grant_troubles([hanging], hanging.updated_at + 60)) == []


def test_how_full_a_document_is() -> None:
    permission = Permission("topic", ("kafka-cluster:ReadData",), topic("orders"), RoleArn.parse(ROLE))

    def filled(count: int) -> float:
        records = [
            ContributionRecord.of(f"g{n}#a", 1, True, PolicyContribution("", (permission,)), 0.0) for n in range(count)
        ]
        found = fill_of(f"cluster#{CLUSTER}", [*records, ContributionRecord("x", 1, "REMOVED")], NAMES)
        assert found is not None and found[1] == count
        return found[0]

    assert 0 < filled(1) == filled(5) < 5, "the same permission of several grants counts once"
    assert fill_of("connection#/x", [], NAMES) is fill_of(f"cluster#{CLUSTER}", [], NAMES) is None


# --- runs by hand -----------------------------------------------------------------------------------------------------
class States(Caller):
    def __init__(self, *states: dict[str, Any], missing: bool = False) -> None:
        self.states, self.missing, self.input = list(states), missing, ""

    def start_execution(self, stateMachineArn: str, input: str) -> dict[str, str]:
        if self.missing:
            raise error("StateMachineDoesNotExist")
        self.input = input
        return {"executionArn": "arn:x"}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        return self.states.pop(0)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def run(states: States) -> dict[str, Any]:
    clock = Clock()
    return run_central(accounts(states), {"action": "reconcile"}, clock, clock.sleep, lambda what, done, total: None)


def test_an_execution_is_waited_for() -> None:
    states = States({"status": "RUNNING"}, {"status": "RUNNING"}, {"status": "SUCCEEDED", "output": '{"checked": 1}'})
    assert run(states) == {"checked": 1} and json.loads(states.input) == {"action": "reconcile"}
    with pytest.raises(RunFailedError, match="is FAILED: it broke"):
        run(States({"status": "FAILED", "cause": "it broke"}))
    with pytest.raises(RunFailedError, match="still runs after 120 minutes"):
        run(States(*({"status": "RUNNING"} for _ in range(4000))))
    with pytest.raises(ConfigError, match="there is no state machine"):
        run(States(missing=True))


class Source(Caller):
    """Glue, DynamoDB and Lambda of a data source."""

    def __init__(self, schemas: list[str], recorded: list[str], answer: dict[str, Any] | None = None) -> None:
        self.schemas, self.recorded, self.answer = schemas, recorded, answer or {}
        self.asked: dict[str, Any] = {}

    def get_paginator(self, operation: str) -> Source:
        self.operation = operation
        return self

    def paginate(self, **parameters: Any) -> list[dict[str, Any]]:
        if self.operation == "list_schemas":
            return [{"Schemas": [{"SchemaName": name} for name in self.schemas]}]
        assert parameters["ExpressionAttributeValues"] == {":key": {"S": f"{DOMAIN}#registry/streams"}}
        records = [AssetRecord("a", topic(name), f"arn:{name}", name, "hash") for name in self.recorded]
        records.append(AssetRecord("b", topic("bare"), None, "bare", "hash"))
        return [{"Items": [_item(record) for record in records]}]

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.asked = {"function": FunctionName, **json.loads(Payload)}
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in self.answer else {}
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode()), **failed}


def _item(record: AssetRecord) -> dict[str, Any]:
    keys = {RECORD_KEY: {"S": f"{DOMAIN}#registry/streams"}, RECORD_ITEM: {"S": record.schema_name}}
    return {**keys, RECORD_VALUE: {"S": record.to_json()}}


SOURCE = DataSource(
    CONSUMER, "sync-msk", SyncConfig(NAMES, DOMAIN, "streams", "msk", "prod", "same", SyncSettings("p1"))
)


def test_what_a_run_would_find_is_told_by_names() -> None:
    drift = drift_of(accounts(Source(["orders", "new"], ["orders", "gone"])), SOURCE)
    assert (drift.new, drift.gone, drift.known) == (("new",), ("gone",), 1)


# --- requests ---------------------------------------------------------------------------------------------------------
class Portal:
    """DataZone's search and requests."""

    def __init__(self, *listings: tuple[str, str, str]) -> None:
        self.listings = listings
        self.made: dict[str, Any] = {}

    def get_paginator(self, operation: str) -> Portal:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        keys = ("listingId", "entityId", "name")
        items = [{"assetListing": {**dict(zip(keys, item, strict=True)), "entityType": "T"}} for item in self.listings]
        return [{"items": [{"dataProductListing": {}}, *items]}]

    def get_asset(self, domainIdentifier: str, identifier: str) -> dict[str, Any]:
        found = [item for item in self.listings if item[1] == identifier]
        if not found:
            raise error("ResourceNotFoundException")
        return {"listing": {"listingId": found[0][0]}}

    def get_listing(self, domainIdentifier: str, identifier: str) -> dict[str, Any]:
        found = [item for item in self.listings if item[0] == identifier]
        if not found:
            raise error("ResourceNotFoundException")
        return {"name": found[0][2], "item": {"assetListing": {"assetId": found[0][1], "assetType": "T"}}}

    def create_subscription_request(self, **parameters: Any) -> dict[str, str]:
        self.made = parameters
        return {"id": "req1"}

    def delete_subscription_grant(self, domainIdentifier: str, identifier: str) -> None:
        raise error("ResourceNotFoundException" if identifier == "gone" else "AccessDeniedException")


def test_an_asset_is_found_by_name_asset_or_listing() -> None:
    portal = Portal(("l1", "a1", "orders"), ("l2", "a2", "orders.eu"))
    expected = Listing("l1", "a1", "orders", "T")
    assert [find_listing(portal, DOMAIN, wanted) for wanted in ("orders", "a1", "l1")] == [expected] * 3
    with pytest.raises(ConfigError, match="no published asset 'order'"):
        find_listing(portal, DOMAIN, "order")
    with pytest.raises(ConfigError, match=r"'orders' is ambiguous: a1 \(T\), a3 \(T\). Give the asset's id"):
        find_listing(Portal(("l1", "a1", "orders"), ("l3", "a3", "orders")), DOMAIN, "orders")


def test_a_request_carries_the_form() -> None:
    portal = Portal()
    listing = Listing("l1", "a1", "orders", "T")
    asked = ask(portal, NAMES, DOMAIN, "p1", listing, Asked("WRITE", "SHARED", "2027-01-31"), "why", NOW)
    assert asked == "req1" and portal.made["subscribedListings"] == [{"identifier": "l1"}]
    (form,) = portal.made["metadataForms"]
    assert json.loads(form["content"]) == {"access": "WRITE", "consumption": "SHARED", "until": "2027-01-31"}
    with pytest.raises(ConfigError, match="has passed"):
        ask(portal, NAMES, DOMAIN, "p1", listing, Asked(until="2020-01-01"), "why", NOW)


def test_a_grant_that_datazone_does_not_show_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match="DataZone shows no grant gone"):
        end_grant(Portal(), DOMAIN, "gone")
    with pytest.raises(Exception, match="AccessDenied"):
        end_grant(Portal(), DOMAIN, "other")


# --- recertification --------------------------------------------------------------------------------------------------
class Table(Caller):
    def __init__(self, *, changed: bool = False) -> None:
        self.changed = changed
        self.written: dict[str, Any] = {}

    def update_item(self, **parameters: Any) -> None:
        if self.changed:
            raise error("ConditionalCheckFailedException")
        self.written = parameters


def test_grants_that_nobody_has_decided_about_for_long() -> None:
    old, confirmed, ended = record("g1"), record("g2"), record("g3", state="REVOKED")
    at_now = decided_at(old) + 10 * DAY
    audit = {**confirmed.audit, "recertified": [{"at": datetime.fromtimestamp(at_now - DAY, UTC).isoformat()}]}
    confirmed = type(confirmed)(**{**vars(confirmed), "audit": audit})
    assert [item.grant_id for item in due([old, confirmed, ended], 5, at_now)] == ["g1"]
    assert [item.grant_id for item in due([old, confirmed, ended], 0, at_now)] == ["g1", "g2"]
    assert due([old], 5, at_now, "another-project") == [] and due([old], 5, at_now, "project-orders") == [old]


def test_a_decision_is_kept_with_who_took_it_and_nothing_else_changes() -> None:
    table = Table()
    made = record_decision(accounts(table), record(), "CONFIRMED", "needed", "arn:ann", NOW)
    assert (made.decision, made.by, made.comment) == ("CONFIRMED", "arn:ann", "needed")
    values = table.written["ExpressionAttributeValues"]
    written = json.loads(values[":audit"]["S"])
    assert written["approvedBy"] == "bob" and [item["by"] for item in written["recertified"]] == ["arn:ann"]
    assert json.loads(values[":before"]["S"]) == dict(record().audit)
    with pytest.raises(RecordChangedError, match="nothing was decided"):
        record_decision(accounts(Table(changed=True)), record(), "ENDED", "", "arn:ann", NOW)
