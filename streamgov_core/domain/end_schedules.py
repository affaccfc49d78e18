"""A one-shot schedule for each end of access, so that it comes to the minute; the reconciler's sweep is its net.

Source of the rules: EventBridge Scheduler user guide, "Schedule types" (``at`` with one minute's precision) and
"Deletion after schedule completion".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from streamgov_core.model.access_request import ends_at
from streamgov_core.model.errors import GrantError, RemoteError
from streamgov_core.model.naming import short_hash
from streamgov_core.runtime.calls import calling
from streamgov_core.runtime.log import log

MAX_AGE = 3600
"""Seconds that EventBridge tries to start the execution; after that the sweep has come by."""
MAX_ATTEMPTS = 24


class EndSchedules(Protocol):
    """Where ends are scheduled."""

    def add(self, grant_id: str, until: str) -> None:
        """Have a grant's end looked at when it comes; a schedule that cannot be made is only logged."""


def schedule_name(grant_id: str) -> str:
    """Name of the schedule of a grant's end: the assets of a grant end together."""
    return f"end-{short_hash(grant_id, length=24)}"


def end_input(grant_id: str) -> str:
    """Input of the central machine with which a schedule has one grant's end looked at."""
    return json.dumps({"version": 1, "action": "reconcile", "dryRun": False, "grantId": grant_id})


class SchedulerEnds:
    """EventBridge Scheduler.

    Args:
        client: returns the ``scheduler`` client when it is first needed.
        group: the schedule group.
        machine_arn: the central machine.
        role_arn: with which EventBridge starts it.
    """

    def __init__(self, client: Callable[[], Any], group: str, machine_arn: str, role_arn: str) -> None:
        self._client = client
        self._group = group
        self._machine_arn = machine_arn
        self._role_arn = role_arn

    def add(self, grant_id: str, until: str) -> None:
        """API CreateSchedule; a schedule that is there already was made by an earlier try, or for another asset."""
        try:
            self._create(grant_id, datetime.fromtimestamp(int(ends_at(until)) + 1, UTC))
        except (GrantError, RemoteError) as error:
            log("end not scheduled: the sweep ends it", level=logging.WARNING, grantId=grant_id, cause=str(error))

    def _create(self, grant_id: str, moment: datetime) -> None:
        client = self._client()
        with calling("scheduler:CreateSchedule", f"grant {grant_id}"):
            try:
                client.create_schedule(
                    Name=schedule_name(grant_id),
                    GroupName=self._group,
                    ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
                    ScheduleExpressionTimezone="UTC",
                    FlexibleTimeWindow={"Mode": "OFF"},
                    ActionAfterCompletion="DELETE",
                    Target={
                        "Arn": self._machine_arn,
                        "RoleArn": self._role_arn,
                        "Input": end_input(grant_id),
                        "RetryPolicy": {"MaximumEventAgeInSeconds": MAX_AGE, "MaximumRetryAttempts": MAX_ATTEMPTS},
                    },
                )
            except client.exceptions.ConflictException:
                return
