"""The alarm on a reconciler that does not run or does not end: when it goes off, for every schedule."""

from __future__ import annotations

import pytest

from streamgov_core.deploy.domain_deployment import domain_account
from streamgov_core.deploy.heartbeat import heartbeat_alarms, seconds_between, sync_heartbeat_alarms
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.findings import HEARTBEAT
from tests.unit.grants.fakes import DOMAIN, NAMES

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("rate(1 hour)", HOUR),
        ("rate(10 minutes)", 600),
        ("rate(2 days)", 2 * DAY),
        ("cron(0 * * * ? *)", HOUR),
        ("cron(15 6,18 * * ? *)", DAY),
        ("cron(0 6 ? * MON-FRI *)", 7 * DAY),
        ("cron(0 6 1 * ? *)", None),
        ("cron(0 6 * JAN ? *)", None),
        ("at(2027-01-01T00:00:00)", None),
    ],
)
def test_the_seconds_between_two_runs_are_an_upper_bound(schedule: str, seconds: int | None) -> None:
    assert seconds_between(schedule) == seconds


@pytest.mark.parametrize(
    ("schedule", "period", "periods"),
    [
        ("rate(1 hour)", HOUR, 3),
        ("rate(5 minutes)", HOUR, 3),
        ("rate(12 hours)", 12 * HOUR, 3),
        ("rate(1 day)", DAY, 3),
        ("rate(3 days)", 3 * DAY, 2),
    ],
)
def test_silence_of_several_runs_sets_it_off_within_what_cloudwatch_takes(
    schedule: str, period: int, periods: int
) -> None:
    (alarm,) = heartbeat_alarms(NAMES, schedule, dry_run=False)
    assert (alarm.period, alarm.periods) == (period, periods) and alarm.on_silence and alarm.metric == HEARTBEAT
    assert alarm.period % 60 == 0 and alarm.period * alarm.periods <= 7 * DAY
    assert f"{period * periods // HOUR} hours" in alarm.description


@pytest.mark.parametrize("schedule", ["", "rate(7 days)", "cron(0 6 ? * MON *)", "cron(0 6 1 * ? *)"])
def test_there_is_none_where_silence_is_usual(schedule: str) -> None:
    assert heartbeat_alarms(NAMES, schedule, dry_run=False) == ()


@pytest.mark.parametrize(("repairs", "mode"), [(True, "repair"), (False, "dryRun")])
def test_it_hears_the_scheduled_runs_and_not_those_by_hand(repairs: bool, mode: str) -> None:
    """By hand a run is dry; where the schedule's are dry too, both show that the reconciler comes to its end."""
    deployed = domain_account(
        AccountScope(NAMES, "111111111111"),
        domain_id=DOMAIN,
        members=["222222222222"],
        asset_types=["MskTopicAssetType"],
        reconcile_repairs=repairs,
    )
    (alarm,) = deployed.heartbeats
    assert alarm.dimensions == {**deployed.open_findings.dimensions, "Mode": mode}


def test_each_data_source_is_heard_by_its_own_name() -> None:
    """Data sources of an account share the function's dimension: a silent one must not hide behind another."""
    (alarm,) = sync_heartbeat_alarms(NAMES, "rate(1 hour)", "sync-msk")
    assert (alarm.metric, alarm.on_silence, alarm.period, alarm.periods) == ("SyncRuns", True, HOUR, 3)
    assert alarm.dimensions == {"Deployment": NAMES.namespace, "Function": "sync", "Source": "sync-msk"}
    assert alarm.name == NAMES.regional("sync-msk-heartbeat") and "3 hours" in alarm.description
    assert sync_heartbeat_alarms(NAMES, "rate(7 days)", "sync-msk") == ()
