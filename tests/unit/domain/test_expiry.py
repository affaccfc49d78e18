"""Ends of access: from the ledger, without DataZone's leave, first of all, and as many as there are in one run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from streamgov_core.domain.end_schedules import SchedulerEnds, end_input, schedule_name
from streamgov_core.domain.grant_ends import GrantEnds
from streamgov_core.domain.settings import CollectSettings
from streamgov_core.model.access_request import ends_at
from streamgov_core.model.errors import ConfigError, PermanentGrantError, RetryableGrantError
from tests.unit.domain.test_collect_report import Central, done
from tests.unit.domain.test_reconcile import BOTH, NEITHER, kinds, standing
from tests.unit.domain.test_redrive import redrive
from tests.unit.grants.fakes import DOMAIN, NAMES, PROJECT
from tests.unit.grants.reconcile_accounts import HOUR, MemoryDeployment

DAY = 24 * HOUR


def day(deployment: MemoryDeployment, number: int) -> str:
    return (datetime.fromtimestamp(deployment.clock.now(), UTC) + timedelta(days=number)).date().isoformat()


@pytest.fixture
def deployment() -> MemoryDeployment:
    """A grant whose end has come."""
    made = MemoryDeployment()
    made.granted(until=day(made, 1))
    made.clock.value += 3 * DAY
    return made


def refuse(*arguments: Any) -> bool:
    raise PermanentGrantError("datazone:DeleteSubscriptionGrant is not allowed (AccessDeniedException)")


def throttle(*arguments: Any) -> bool:
    raise RetryableGrantError("datazone:DeleteSubscriptionGrant was throttled")


def conflict(*arguments: Any) -> bool:
    return False


@pytest.mark.parametrize("answer", [refuse, throttle, conflict])
def test_an_end_needs_no_leave_of_datazone(deployment: MemoryDeployment, answer: Any) -> None:
    deployment.inventory.end = answer  # type: ignore[method-assign]
    assert kinds(deployment.reconcile()) == {"Expired": {"found": 1, "repaired": 1}}
    assert deployment.reads() == NEITHER and deployment.record().state == "REVOKED"
    assert kinds(deployment.reconcile("r2")) == {} and set(standing(deployment.reconcile("r3"))) == {"EndNotShown"}


@pytest.mark.parametrize("unreadable", ["list", "grant", "environment", "asset"])
def test_an_end_needs_nothing_to_be_readable(deployment: MemoryDeployment, unreadable: str) -> None:
    if unreadable == "list":
        deployment.inventory.denied.add(PROJECT)
    elif unreadable == "asset":
        deployment.domain.denied.add("orders-asset")
    else:
        deployment.domain.errors[unreadable] = PermanentGrantError("not allowed")
    deployment.reconcile()
    if deployment.inventory.ended:
        deployment.execute(redrive("REVOKE"), "revoke")
    assert deployment.reads() == NEITHER


def test_an_end_holds_where_nobody_knows_whether_permissions_are_retained(deployment: MemoryDeployment) -> None:
    def denied(project_id: str) -> set[str]:
        raise PermanentGrantError("ListSubscriptions is not allowed")

    deployment.inventory.retained_of = denied  # type: ignore[method-assign]
    deployment.reconcile()
    deployment.execute(redrive("REVOKE"), "revoke")
    assert deployment.reads() == NEITHER


def many(count: int, until: str | None = None) -> MemoryDeployment:
    made = MemoryDeployment()
    for number in range(count):
        made.granted(f"grant{number:03d}", f"topic-{number:03d}", until=until or day(made, 1))
    made.clock.value += 3 * DAY
    return made


@pytest.mark.slow
def test_a_quarter_ends_in_one_run() -> None:
    deployment = many(120)
    deployment.reconcile()
    assert len(deployment.inventory.ended) == 120
    assert sum(kinds(result).get("Expired", {}).get("repaired", 0) for result in deployment.results) == 120


@pytest.mark.slow
def test_as_many_as_there_are_end_in_one_run_without_datazones_leave() -> None:
    deployment = many(120)
    deployment.inventory.end = refuse  # type: ignore[assignment,method-assign]
    deployment.reconcile()
    assert {record.state for record in deployment.grants.records.values()} == {"REVOKED"}
    assert all(deployment.reads(f"topic-{number:03d}") == NEITHER for number in range(120))
    assert sum(kinds(result).get("Expired", {}).get("found", 0) for result in deployment.results) == 120


@pytest.mark.slow
def test_ends_that_cannot_be_carried_out_starve_nobody() -> None:
    """Sixty whose consumers' account does not answer come before the one that would work."""
    deployment = many(60)
    deployment.granted("last", "last", until=day(deployment, 1))
    deployment.clock.value += 3 * DAY
    deployment.inventory.end = refuse  # type: ignore[assignment,method-assign]
    down = {f"grant{number:03d}" for number in range(60)}
    step = deployment.step

    def answer(command: Any) -> dict[str, Any]:
        failed = command.get("grantId") in down and command["side"] == "consumer"
        return {"Error": "States.Timeout"} if failed else step(command)

    deployment.step = answer  # type: ignore[method-assign]
    deployment.reconcile()
    assert deployment.reads("last") == NEITHER
    assert {deployment.grants.records[(f"grant{n:03d}", f"topic-{n:03d}-asset")].state for n in range(60)} == {
        "REVOKE_FAILED"
    }
    deployment.step = step  # type: ignore[method-assign]
    deployment.clock.value += HOUR
    deployment.reconcile("r2")
    assert all(deployment.reads(f"topic-{number:03d}") == NEITHER for number in range(60))


def test_a_dry_run_counts_every_end_and_ends_none() -> None:
    deployment = many(60)
    deployment.reconcile(dry_run=True)
    assert sum(kinds(result).get("Expired", {}).get("found", 0) for result in deployment.results) == 60
    assert deployment.inventory.ended == [] and deployment.reads("topic-000") == BOTH


def test_the_end_of_one_grant_is_looked_at_alone(deployment: MemoryDeployment) -> None:
    deployment.granted("grant2", "payments", until=day(deployment, 1))
    deployment.clock.value += 3 * DAY
    workflow_input = {"action": "reconcile", "dryRun": False, "grantId": "grant2"}
    result = deployment.reconcile_input(workflow_input)
    assert kinds(result) == {"Expired": {"found": 1, "repaired": 1}} and result["checked"] == 0
    assert deployment.inventory.ended == ["grant2"] and [item["stage"] for item in deployment.results] == ["expired"]
    assert not [line for line in deployment.progress if "RunsEnded" in line], (
        "one grant's end is no run of the reconciler"
    )


def test_the_ledger_is_read_once_a_run() -> None:
    deployment = many(60)
    deployment.grants.page_size = 25
    deployment.reconcile()
    assert len(deployment.results) > 2 and deployment.grants.page_reads == 3
    deployment.reconcile("r2")
    assert deployment.grants.page_reads == 6


# --- what a deployment sets -------------------------------------------------------------------------------------------
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("longest", "default", "asked", "days"),
    [
        (None, None, None, None),
        (None, 30, None, 30),
        (90, None, None, 90),
        (90, 30, None, 30),
        (90, 30, 60, 60),
        (90, 30, 365, 90),
        (10, 30, None, 10),
    ],
)
def test_a_deployment_may_set_the_longest_end_and_a_default(
    longest: int | None, default: int | None, asked: int | None, days: int | None
) -> None:
    def after(number: int) -> str:
        return datetime.fromtimestamp(NOW + number * DAY, UTC).isoformat()

    until = GrantEnds(longest, default).until(None if asked is None else after(asked), NOW)
    assert (None if until is None else ends_at(until)) == (None if days is None else NOW + days * DAY)


def test_the_ends_of_a_deployment_reach_the_grant_and_the_settings() -> None:
    central = Central(ends=GrantEnds(longest_days=10, default_days=5))
    central.domain.add_grant()
    (item,) = central.collect()
    until = item["do"]["first"][0]["command"]["request"]["until"]
    assert ends_at(until) == int(central.clock.now()) + 5 * DAY
    settings = CollectSettings(NAMES, DOMAIN, ("222222222222",), ("MskTopicAssetType",), ends=GrantEnds(10, 5))
    assert CollectSettings.from_environment(settings.to_environment()) == settings
    assert CollectSettings.from_environment(replace(settings, ends=GrantEnds()).to_environment()).ends == GrantEnds()


def test_a_longer_end_than_the_longest_is_shortened_and_said() -> None:
    central = Central(ends=GrantEnds(longest_days=10))
    form = [{"typeName": "StreamAccessRequestFormType", "content": '{"until": "2999-01-01"}'}]
    central.domain.add_grant(metadata_forms=form)
    (item,) = central.collect()
    assert ends_at(item["do"]["first"][0]["command"]["request"]["until"]) == int(central.clock.now()) + 10 * DAY
    assert any("at most 10 days" in text for text in item["facts"]["warnings"])


# --- a schedule for each end ------------------------------------------------------------------------------------------
class MemoryEnds:
    """EndSchedules in memory."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, str]] = []

    def add(self, grant_id: str, until: str) -> None:
        self.ends.append((grant_id, until))


@pytest.mark.parametrize("until", ["2999-01-31", None])
def test_the_reporter_has_each_end_of_a_grant_scheduled(until: str | None) -> None:
    central, schedules = Central(), MemoryEnds()
    central.reporter._schedules = schedules
    form = [{"typeName": "StreamAccessRequestFormType", "content": json.dumps({"until": until})}]
    central.domain.add_grant(metadata_forms=form)
    (item,) = central.collect()
    assert schedules.ends == []
    assert central.report(item, **done(item))["status"] == "GRANTED"
    assert schedules.ends == ([] if until is None else [("grant1", until)])


def test_a_failed_grant_has_no_end() -> None:
    central, schedules = Central(), MemoryEnds()
    central.reporter._schedules = schedules
    form = [{"typeName": "StreamAccessRequestFormType", "content": json.dumps({"until": "2999-01-31"})}]
    central.domain.add_grant(metadata_forms=form)
    (item,) = central.collect()
    central.report(item, failure={"Error": "States.Timeout"})
    assert schedules.ends == []


def scheduler() -> tuple[Any, SchedulerEnds]:
    client = boto3.client("scheduler", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    return client, SchedulerEnds(lambda: client, "streamgov-ends", "arn:machine", "arn:aws:iam::111111111111:role/ends")


def test_an_end_is_a_schedule_of_its_own_that_goes_when_it_has_come() -> None:
    client, schedules = scheduler()
    expected = {
        "Name": schedule_name("grant1"),
        "GroupName": "streamgov-ends",
        "ScheduleExpression": "at(2027-02-01T00:00:00)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": "arn:machine",
            "RoleArn": "arn:aws:iam::111111111111:role/ends",
            "Input": end_input("grant1"),
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 24},
        },
    }
    with Stubber(client) as stub:
        stub.add_response("create_schedule", {"ScheduleArn": "arn:aws:scheduler:us-east-1:1:schedule/g/n"}, expected)
        schedules.add("grant1", "2027-01-31")
    assert json.loads(end_input("grant1"))["grantId"] == "grant1"


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException", "AccessDeniedException", "Throttling"])
def test_a_schedule_that_cannot_be_made_does_not_keep_a_grant_from_being_reported(code: str) -> None:
    client, schedules = scheduler()
    with Stubber(client) as stub:
        stub.add_client_error("create_schedule", code)
        schedules.add("grant1", "2027-01-31")


@pytest.mark.parametrize(("longest", "default"), [("90", None), ("0d", None), (None, "1y"), ("10d", "20d")])
def test_what_is_no_number_of_days_is_refused(longest: str | None, default: str | None) -> None:
    with pytest.raises(ConfigError, match="grants\\."):
        GrantEnds.of(longest, default)
