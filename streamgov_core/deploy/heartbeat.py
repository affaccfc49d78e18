"""Alarms that go off when scheduled runs do not start, or do not come to their end: silence is what is wrong.

Source of the limits: CloudWatch API reference, PutMetricAlarm (a period of an hour or more, times the number of
periods, is seven days at most); EventBridge user guide, "Schedule types" (``rate``, and six fields of ``cron``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from streamgov_core.catalog.full_run import FUNCTION
from streamgov_core.catalog.full_run import HEARTBEAT as SYNC_HEARTBEAT
from streamgov_core.deploy.spec import AlarmSpec
from streamgov_core.model.findings import HEARTBEAT, RECONCILER, mode_of
from streamgov_core.model.naming import Names
from streamgov_core.runtime.metrics import METRIC_NAMESPACE

HOUR, DAY = 3600, 86_400
MISSED_RUNS = 3
"""Runs that may stay away before the alarm goes off: one may be slow, and a second one may have been throttled."""
LONGEST_WINDOW = 7 * DAY
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_UNITS = {"minute": 60, "hour": HOUR, "day": DAY}
_EVERY = ("*", "?")


def seconds_between(schedule: str) -> int | None:
    """Seconds between two runs at most, a whole number of minutes; None if that cannot be told, or is a month.

    Args:
        schedule: an EventBridge schedule expression.
    """
    rate = _RATE.fullmatch(schedule.strip())
    if rate is not None:
        return int(rate[1]) * _UNITS[rate[2]]
    cron = _CRON.fullmatch(schedule.strip())
    if cron is None or cron[4] != "*" or cron[6] != "*" or cron[3] not in _EVERY:
        return None
    if cron[5] not in _EVERY:
        return 7 * DAY
    return HOUR if cron[2] == "*" else DAY


def heartbeat_alarms(names: Names, schedule: str, *, dry_run: bool) -> tuple[AlarmSpec, ...]:
    """The alarm on the silence of the reconciler; none without a schedule, or if it runs less than twice a week.

    Args:
        names: of the deployment.
        schedule: of the reconciler; empty for none.
        dry_run: whether scheduled runs only report.
    """
    return _on_silence(
        names,
        "reconcile-heartbeat",
        schedule,
        metric=HEARTBEAT,
        dimensions={"Function": RECONCILER, "Mode": mode_of(dry_run)},
        description=(
            "No scheduled run of the reconciler has come to its end for {hours} hours: ends of access without a "
            f"schedule of their own, missed events and drift wait. Look at the rule {names.regional('reconcile')} "
            f"and at the latest executions of {names.central_machine}. After the first deployment it is silent "
            "until the first run has ended"
        ),
    )


def sync_heartbeat_alarms(names: Names, schedule: str, source: str) -> tuple[AlarmSpec, ...]:
    """The alarm on the silence of a data source's full runs; none if they are started less than twice a week.

    Args:
        names: of the deployment.
        schedule: of the full runs.
        source: the data source's name, ``sync-msk`` for example.
    """
    return _on_silence(
        names,
        f"{source}-heartbeat",
        schedule,
        metric=SYNC_HEARTBEAT,
        dimensions={"Function": FUNCTION, "Source": source},
        description=(
            "No full run of the data source has come to its end for {hours} hours: assets whose schemas are gone and "
            f"changes without an event wait. Look at the rule {names.regional(f'{source}-schedule')} and at the latest "
            f"executions of {names.regional(source)}. After the first deployment it is silent until the first run has "
            "ended"
        ),
    )


def _on_silence(
    names: Names, name: str, schedule: str, *, metric: str, dimensions: Mapping[str, str], description: str
) -> tuple[AlarmSpec, ...]:
    between = seconds_between(schedule) if schedule else None
    if between is None:
        return ()
    # The longest run takes most of an hour, however often it is started.
    period = max(between, HOUR)
    periods = min(MISSED_RUNS, LONGEST_WINDOW // period)
    if periods < 2:
        return ()
    return (
        AlarmSpec(
            key=name,
            name=names.regional(name, 255),
            description=description.format(hours=period * periods // HOUR),
            namespace=METRIC_NAMESPACE,
            metric=metric,
            dimensions={"Deployment": names.namespace, **dimensions},
            period=period,
            periods=periods,
            on_silence=True,
        ),
    )
