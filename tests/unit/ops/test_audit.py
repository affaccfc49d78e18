"""The audit: entries of the ledger, what is added to them, table and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from streamgov_core.model.command import AccessRequest
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_ops.accounts import Accounts
from streamgov_ops.audit.entries import AccessEntry, entries_of
from streamgov_ops.audit.page import audit_page
from streamgov_ops.audit.reading import AuditReader
from streamgov_ops.audit.tables import as_csv, terminal_table
from streamgov_ops.session import SessionSettings
from tests.unit.ops.entries import BEGUN, CONSUMER, NOW, PRODUCER, ROLE, record, topic


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "refused by the test"}}, "Operation")


Dimensions = tuple[tuple[str, str], ...]
Metrics = Mapping[Dimensions, Mapping[datetime, float]]


def _pairs(dimensions: Dimensions) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions]


class Aws:
    """Answers what an audit asks, of one role.

    Args:
        role: what GetRole says, or the code it fails with.
        gone: grants that DataZone does not know.
        polls: looks at the access advisor's job until it is ready.
        metrics: points by the dimensions of their metric; None: they may not be read.
    """

    def __init__(
        self,
        role: dict[str, Any] | str,
        gone: tuple[str, ...] = (),
        polls: int = 2,
        metrics: Metrics | None = MappingProxyType({}),
    ) -> None:
        self.role, self.gone, self.polls = role, gone, polls
        self.metrics = metrics

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": CONSUMER}

    def get_role(self, RoleName: str) -> dict[str, Any]:
        assert RoleName == "fraud-job"
        if isinstance(self.role, str):
            raise refused(self.role)
        return {"Role": self.role}

    def generate_service_last_accessed_details(self, Arn: str) -> dict[str, str]:
        assert Arn == ROLE
        return {"JobId": "job"}

    def get_service_last_accessed_details(self, JobId: str, MaxItems: int) -> dict[str, Any]:
        self.polls -= 1
        if self.polls:
            return {"JobStatus": "IN_PROGRESS"}
        used = {"ServiceNamespace": "kafka-cluster", "LastAuthenticated": datetime(2026, 1, 3, tzinfo=UTC)}
        return {"JobStatus": "COMPLETED", "ServicesLastAccessed": [used, {"ServiceNamespace": "kinesis"}]}

    def get_project(self, domainIdentifier: str, identifier: str) -> dict[str, str]:
        if identifier == "project-orders":
            raise refused("AccessDeniedException")
        return {"name": "Fraud detection"}

    def get_user_profile(self, domainIdentifier: str, userIdentifier: str) -> dict[str, Any]:
        return {"details": {"sso": {"username": f"{userIdentifier}@example.com"}}}

    def get_paginator(self, name: str) -> Aws:
        assert name in ("list_metrics", "get_metric_data")
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        if self.metrics is None:
            raise refused("AccessDenied")
        if "MetricDataQueries" not in request:
            return [{"Metrics": [{"Dimensions": _pairs(item)} for item in self.metrics]}]
        asked = [query["MetricStat"]["Metric"]["Dimensions"] for query in request["MetricDataQueries"]]
        names = [tuple((pair["Name"], pair["Value"]) for pair in dimensions) for dimensions in asked]
        results = [self.metrics.get(name, {}) for name in names]
        return [{"MetricDataResults": [{"Timestamps": [*points], "Values": [*points.values()]} for points in results]}]

    def get_subscription_grant(self, domainIdentifier: str, identifier: str) -> dict[str, Any]:
        if identifier in self.gone:
            raise refused("ResourceNotFoundException")
        return {}


def reader(aws: Aws) -> AuditReader:
    settings = SessionSettings("eu-west-1")
    accounts = Accounts(Names("streamgov", "eu-west-1"), settings, "Auditor", make=lambda service, where: aws)
    return AuditReader(accounts, lambda seconds: None)


def completed(aws: Aws, *records: Any) -> tuple[list[AccessEntry], list[str]]:
    found = reader(aws)
    return found.complete(entries_of(records, NOW), records), found.notes


def test_an_entry_says_who_may_do_what_since_when_and_by_whose_decision() -> None:
    (entry,) = entries_of([record()], NOW)
    assert (entry.principal, entry.resource, entry.name) == (ROLE, topic("orders"), "orders")
    assert (entry.access, entry.since, entry.until) == ("READ", BEGUN, "")
    assert (entry.requested_by, entry.approved_by, entry.reason) == ("ann", "bob", "find fraud")
    assert entry.to_dict()["consumerAccount"] == CONSUMER and entry.warnings == ()


def test_ended_grants_appear_only_when_asked_for() -> None:
    records = [record(state="REVOKED"), record("g2", state="GRANT_FAILED"), record("g3", state="REVOKE_FAILED")]
    assert [entry.grant for entry in entries_of(records, NOW)] == ["g3"]
    assert [entry.grant for entry in entries_of(records, NOW, ended=True)] == ["g1", "g2", "g3"]


def test_a_reviewer_is_warned() -> None:
    late = record(
        request=AccessRequest(until="2026-01-03"),
        outcome={"warnings": ["the cluster also admits SASL/SCRAM, which no grant governs"], "undo": ["account 3"]},
    )
    (entry,) = entries_of([late], NOW)
    assert entry.warnings == (
        "the cluster also admits SASL/SCRAM, which no grant governs",
        "access may remain: account 3",
        "its end 2026-01-03 has passed, and it is GRANTED still",
    )
    (failed,) = entries_of([record(state="REVOKE_FAILED", cause="IAM refuses")], NOW)
    assert failed.warnings == ("the revoke failed, access remains: IAM refuses",)


def test_roles_and_names_are_added() -> None:
    entries, notes = completed(
        Aws({"PermissionsBoundary": {}}, gone=("g2",)), record(), record("g2", "stream-a", platform="kinesis")
    )
    kafka, kinesis = entries
    assert kafka.last_used == "2026-01-03T00:00:00+00:00" and kinesis.last_used == "never in the tracking period"
    assert kafka.warnings == ("the role has no permissions boundary",)
    assert kinesis.warnings[1].startswith("DataZone shows this grant no more")
    assert (kafka.consumer_project, kafka.owner_project) == ("Fraud detection", "project-orders")
    assert kafka.approved_by == "bob@example.com"
    assert len(notes) == 1 and notes[0].startswith("some names were not read, ids stand for them: datazone:GetProject")


def test_names_that_the_ledger_kept_outlive_the_profiles() -> None:
    session = "ann (session of arn:aws:iam::333333333333:role/datazone_usr_role_p_e)"
    kept = record(told={"requestedByName": session, "approvedByName": "Bob Miller (bob)"})
    (entry,), _ = completed(Aws({"PermissionsBoundary": {}}), kept)
    assert (entry.requested_by, entry.approved_by) == (session, "Bob Miller (bob)")


def test_an_entry_says_which_way_access_reaches_the_role() -> None:
    access_role = f"arn:aws:iam::{PRODUCER}:role/streamgov/streamgov/access/streamgov-eu-west-1-access-1a2b"
    assuming = {"role": ROLE, "roleId": "AROAX", "project": "project-fraud", "tagged": True}
    direct = record()
    assert direct.command is not None
    undecided = replace(direct.command, consumer=replace(direct.command.consumer, assuming=None))
    by_role = replace(
        direct, grant_id="g2", command=undecided, outcome={"assuming": [assuming], "awsRoleArn": access_role}
    )
    running = replace(direct, grant_id="g3", command=undecided, state="IN_PROGRESS")
    entries = entries_of([direct, by_role, running], NOW)
    assert [(entry.delivery, entry.access_role) for entry in entries] == [
        ("direct", ""),
        ("accessRole", access_role),
        ("", ""),
    ]
    assert entries[1].to_dict()["accessRole"] == access_role
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal_table(entries))
    assert console.export_text().count("READ, by access role") == 1
    page = audit_page(entries, title="t", made_at="now")
    assert page.count("by an access role") == 1 and page.count(access_role) == 2


@pytest.mark.parametrize(
    ("code", "warnings", "notes"),
    [("NoSuchEntity", ("the role does not exist",), 0), ("AccessDenied", (), 1)],
)
def test_a_role_that_is_gone_is_a_warning_and_one_that_may_not_be_read_a_note(
    code: str, warnings: tuple[str, ...], notes: int
) -> None:
    entries, told = completed(Aws(code), record(), record("g2"))
    assert [entry.warnings for entry in entries] == [warnings, warnings]
    assert len([note for note in told if "were not read" in note and CONSUMER in note]) == notes


def test_csv_holds_everything_and_starts_no_formula() -> None:
    (entry,) = entries_of([record()], NOW)
    cells = list(
        csv.DictReader(io.StringIO(as_csv([entry, AccessEntry(**{**vars(entry), "reason": "=cmd|' /C calc'!A0"})])))
    )
    assert cells[0]["principal"] == ROLE and cells[0]["approved_by"] == "bob"
    assert cells[1]["reason"] == "'=cmd|' /C calc'!A0"


def test_the_table_shows_what_most_readers_ask_for() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal_table(entries_of([record(request=AccessRequest("READ", "FAN_OUT", "2027-01-31"))], NOW)))
    text = console.export_text()
    assert all(
        word in text
        for word in ("orders", "333333333333 fraud-job", "READ, fan-out", "2026-01-02", "2027-01-31", "bob")
    )


HOUR = datetime(2026, 1, 3, 10, tzinfo=UTC)


def groups(*named: str) -> Metrics:
    base = (("Cluster Name", "prod"), ("Topic", "orders"))
    return {(*base, ("Consumer Group", name)): {HOUR.replace(hour=8 + at): 0.0} for at, name in enumerate(named)}


def test_a_topic_was_read_by_the_projects_own_groups() -> None:
    own = f"{CONSUMER}.project-fraud."
    aws = Aws({"PermissionsBoundary": {}}, metrics=groups(f"{own}a", f"{own}b", f"{CONSUMER}.project-other.a"))
    (entry,), notes = completed(aws, record())
    # The end of the newest hour; a lag of nothing is a point as well.
    assert (entry.last_read, entry.last_read_by) == ("2026-01-03T10:00:00+00:00", "a consumer group of the project")
    (foreign,), _ = completed(Aws({"PermissionsBoundary": {}}, metrics=groups("somebody.else")), record())
    assert foreign.last_read == "" and not [note for note in notes if "read is" in note]


def test_a_stream_is_read_where_records_were_handed_out() -> None:
    points = {HOUR: 0.0, HOUR.replace(hour=7): 3.0}
    shared = Aws({"PermissionsBoundary": {}}, metrics={(("StreamName", "stream-a"),): points})
    (entry,), _ = completed(shared, record("g2", "stream-a", platform="kinesis"))
    assert (entry.last_read, entry.last_read_by) == ("2026-01-03T08:00:00+00:00", "anybody who reads the stream")


def test_writers_leave_no_trace_by_topic_and_refusals_are_a_note() -> None:
    writes = record(request=AccessRequest(access="WRITE"))
    (entry,), notes = completed(Aws({"PermissionsBoundary": {}}, metrics=None), writes)
    assert entry.last_read_by == "" and not [note for note in notes if "cloudwatch" in note]
    (entry,), notes = completed(Aws({"PermissionsBoundary": {}}, metrics=None), record())
    (note,) = [note for note in notes if "cloudwatch:ListMetrics" in note]
    assert entry.last_read == "" and "were read is not known" in note


def test_the_fan_out_consumer_of_the_project_has_a_metric_of_its_own() -> None:
    command = record("g2", "s", platform="kinesis", request=AccessRequest(consumption="FAN_OUT")).command
    assert command is not None
    metric = PLATFORMS.named("kinesis").usage(Names("streamgov", "eu-west-1"), command)
    assert metric is not None and metric.name == "SubscribeToShardEvent.Records"
    assert dict(metric.dimensions)["ConsumerName"].startswith("streamgov-")
