"""Scheduled rules and EventBridge Scheduler: one thread that fires what is due.

The thread keeps a time of its own, which runs as fast as the emulator's clock, so that a schedule of an hour can be
seen to fire within seconds. Source of the rules: EventBridge Scheduler user guide.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.compute.events.buses import Buses
from aws_emulator.compute.events.delivery import Deliveries
from aws_emulator.compute.events.schedule_expressions import ExpressionError, parse_expression
from aws_emulator.compute.events.targets import EVENTS, SCHEDULER, Source
from aws_emulator.compute.timing import clock_speed

log = logging.getLogger("emulator.schedules")

TICK_SECONDS = 0.5


@dataclass
class Entry:
    """One rule or schedule that fires by time."""

    arn: str
    expression: str
    begin: datetime
    due: datetime | None


class Schedules:
    """Fires schedules.

    Args:
        emulator: its clock's speed counts.
        buses: sends the events of rules.
        deliveries: sends what schedules send.
    """

    def __init__(self, emulator: Emulator, buses: Buses, deliveries: Deliveries) -> None:
        self._emulator = emulator
        self._buses = buses
        self._deliveries = deliveries
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._now = datetime.now(UTC)
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="schedules", daemon=True).start()

    def close(self) -> None:
        """Stop firing."""
        self._stopped.set()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stopped.wait(min(TICK_SECONDS, 20.0 / clock_speed(self._emulator))):
            moment = time.monotonic()
            passed = (moment - last) * clock_speed(self._emulator)
            last = moment
            try:
                self.tick(passed)
            except Exception:
                log.exception("the schedules met a bug")

    def tick(self, seconds: float) -> None:
        """Let time pass, and fire what is due."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            present = self._present()
            for arn in set(self._entries) - set(present):
                del self._entries[arn]
            due = [item for arn, item in present.items() if self._due(arn, item)]
        for source, item in due:
            self._fire(source, item)

    def _present(self) -> dict[str, tuple[Source, Any]]:
        """Every enabled rule with a schedule and every enabled schedule, by ARN."""
        found: dict[str, tuple[Source, Any]] = {}
        for account in list(events_backends):
            for region, backend in list(events_backends[account].items()):
                bus = backend.event_buses.get("default")
                for rule in list(bus.rules.values()) if bus else []:
                    if rule.scheduled_expression and str(rule.state).startswith("ENABLED"):
                        found[rule.arn] = (Source(EVENTS, rule.arn, rule.name, account, region), rule)
        for account in list(scheduler_backends):
            for region, scheduler in list(scheduler_backends[account].items()):
                for group in list(scheduler.schedule_groups.values()):
                    for schedule in list(group.schedules.values()):
                        if schedule.state == "ENABLED":
                            source = Source(
                                SCHEDULER, schedule.arn, schedule.name, account, region, trust_arn=group.arn
                            )
                            found[schedule.arn] = (source, schedule)
        return found

    def _due(self, arn: str, item: tuple[Source, Any]) -> bool:
        source, what = item
        scheduled = source.service == SCHEDULER
        text = what.schedule_expression if scheduled else what.scheduled_expression
        zone = ZoneInfo(what.schedule_expression_timezone) if scheduled else UTC
        expression = parse_expression(text, at_allowed=scheduled, zone=zone)
        entry = self._entries.get(arn)
        if entry is None or entry.expression != text:
            begin = self._now
            if scheduled and what.start_date:
                begin = max(begin, datetime.fromtimestamp(float(what.start_date), UTC))
            entry = self._entries[arn] = Entry(arn, text, begin, expression.next(begin, begin))
        if entry.due is None or entry.due > self._now:
            return False
        if scheduled and what.end_date and self._now.timestamp() > float(what.end_date):
            return False
        entry.due = expression.next(entry.begin, self._now)
        return True

    def _fire(self, source: Source, what: Any) -> None:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if source.service == EVENTS:
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": source.account,
                "time": moment,
                "region": source.region,
                "resources": [source.arn],
                "detail": {},
            }
            deliveries = self._buses.send(source, list(what.targets), event)
        else:
            target = dict(what.target)
            payload = _filled(str(target.get("Input") or "{}"), source.arn, moment)
            deliveries = [self._deliveries.submit(source, target, payload, {})]
            event = {"id": str(uuid.uuid4()), "source": "scheduler", "detail-type": "Schedule", "time": moment}
            self._complete(source, what)
        self._buses.record.add(
            {
                "id": event["id"],
                "account": source.account,
                "region": source.region,
                "bus": "schedule",
                "source": event["source"],
                "detailType": event["detail-type"],
                "time": moment,
                "schedule": source.arn,
                "deliveries": deliveries,
            }
        )

    def _complete(self, source: Source, schedule: Any) -> None:
        """A schedule with ``ActionAfterCompletion: DELETE`` goes after its last time."""
        with self._lock:
            entry = self._entries.get(source.arn)
        if schedule.action_after_completion == "DELETE" and entry is not None and entry.due is None:
            scheduler_backends[source.account][source.region].delete_schedule(schedule.group_name, schedule.name)

    def route(self, method: str, query: Mapping[str, str], body: bytes) -> Any:
        """``/_emulator/schedules``: GET shows what fires when; POST ``{"arn": …}`` fires one now.

        Raises:
            ValueError: no enabled rule or schedule has this ARN.
        """
        if method == "POST":
            arn = json.loads(body)["arn"]
            with self._lock:
                found = self._present().get(arn)
            if found is None:
                raise ValueError(f"no enabled rule or schedule {arn}")
            self._fire(*found)
        with self._lock:
            entries = [vars(entry) for entry in self._entries.values()]
            return {"now": self._now.isoformat(), "schedules": entries}


class ScheduleOperations:
    """CreateSchedule, UpdateSchedule and DeleteScheduleGroup check what moto does not."""

    def check(self, call: ApiCall) -> None:
        """Refuse a schedule whose expression or time zone cannot be read; an authorizer of the pipeline.

        Raises:
            ApiError: ``ValidationException``; ``ResourceNotFoundException`` for a group that is not there.
        """
        if (call.service, call.operation) == ("scheduler", "DeleteScheduleGroup"):
            name = call.params.get("Name", "")
            if name not in scheduler_backends[call.caller.account][call.region].schedule_groups:
                raise ApiError("ResourceNotFoundException", f"Schedule group {name} does not exist.", 404)
        if call.service != "scheduler" or call.operation not in ("CreateSchedule", "UpdateSchedule"):
            return
        zone = call.params.get("ScheduleExpressionTimezone") or "UTC"
        try:
            parse_expression(call.params.get("ScheduleExpression", ""), zone=ZoneInfo(zone))
        except ExpressionError:
            message = f"Invalid Schedule Expression {call.params.get('ScheduleExpression')}."
            raise ApiError("ValidationException", message, 400) from None
        except (ValueError, OSError, KeyError):
            message = f"Invalid Schedule Expression Timezone {zone}."
            raise ApiError("ValidationException", message, 400) from None


def _filled(text: str, arn: str, moment: str) -> str:
    """The context attributes of a schedule's input."""
    values = {
        "<aws.scheduler.schedule-arn>": arn,
        "<aws.scheduler.scheduled-time>": moment,
        "<aws.scheduler.execution-id>": str(uuid.uuid4()),
        "<aws.scheduler.attempt-number>": "1",
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text
