"""Event buses: PutEvents, rules, and events of AWS services.

Source of the rules: EventBridge API reference "PutEvents", "PutRule", "PutTargets"; user guide, "AWS service events".
moto keeps buses, rules and targets.
"""

from __future__ import annotations

import copy
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.events.models import events_backends

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.compute.events.delivery import Deliveries, EventRecord
from aws_emulator.compute.events.inputs import payload_for
from aws_emulator.compute.events.patterns import PatternError, matches, parse_pattern
from aws_emulator.compute.events.schedule_expressions import ExpressionError, parse_expression
from aws_emulator.compute.events.targets import EVENTS, Source
from aws_emulator.compute.traces import passed_header

ENTRY_LIMIT = 262_144
TARGET_LIMIT = 5
RULE_LIMIT = 300
LIMIT_MESSAGE = "The requested resource exceeds the maximum number allowed."


@dataclass
class Switch:
    """Makes events unreliable on purpose: those that match are dropped or duplicated.

    Attributes:
        action: ``drop`` or ``duplicate``.
        pattern: an event pattern; ``{}`` matches all.
        times: how many more events it hits; None means every one.
    """

    action: str
    pattern: Mapping[str, Any]
    times: int | None
    hits: int = 0


class Buses:
    """The event buses of all accounts and regions."""

    def __init__(self, emulator: Emulator, deliveries: Deliveries) -> None:
        self._emulator = emulator
        self._deliveries = deliveries
        self._lock = threading.Lock()
        self._switches: list[Switch] = []
        self.record = EventRecord()

    # Events

    def put(self, account: str, region: str, entry: Mapping[str, Any], bus: str = "default") -> str:
        """Put an event of a service (or of a user, checked before) on a bus.

        Args:
            account: whose bus.
            region: where.
            entry: an entry of PutEvents: ``Source``, ``DetailType``, ``Detail`` (JSON text or an object),
                ``Resources``, ``Time``, ``TraceHeader``, which the targets get.
            bus: the bus's name.

        Returns:
            the event's id.
        """
        detail = entry.get("Detail") or {}
        moment = entry.get("Time") or datetime.now(UTC)
        if isinstance(moment, int | float):
            moment = datetime.fromtimestamp(moment, UTC)
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": str(entry["DetailType"]),
            "source": str(entry["Source"]),
            "account": account,
            "time": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": list(entry.get("Resources") or []),
            "detail": json.loads(detail) if isinstance(detail, str | bytes) else copy.deepcopy(dict(detail)),
        }
        self._accept(account, region, bus, event, entry.get("TraceHeader"))
        return str(event["id"])

    def forward(self, bus_arn: str, event: Mapping[str, Any]) -> None:
        """Put an event that came from another bus on this one, as it is."""
        region, account, resource = bus_arn.split(":", 5)[3:6]
        self._accept(account, region, resource.removeprefix("event-bus/"), dict(event))

    def _accept(self, account: str, region: str, bus: str, event: dict[str, Any], trace: str | None = None) -> None:
        entry = {
            "id": event["id"],
            "account": account,
            "region": region,
            "bus": bus,
            "source": event["source"],
            "detailType": event["detail-type"],
            "time": event["time"],
            "event": event,
            "deliveries": [],
        }
        action = self._switch(event)
        if action:
            entry[{"drop": "dropped", "duplicate": "duplicated"}[action]] = True
        self.record.add(entry)
        if action == "drop" or account not in events_backends:
            return
        found = events_backends[account][region].event_buses.get(bus)
        for rule in list(found.rules.values()) if found else []:
            # A rule in this state sees management events of CloudTrail as well; only those with both are left out.
            if not str(rule.state).startswith("ENABLED"):
                continue
            text = rule.event_pattern.dump()
            if not text or not matches(parse_pattern(text), event):
                continue
            source = Source(EVENTS, rule.arn, rule.name, account, region)
            for _ in range(2 if action == "duplicate" else 1):
                entry["deliveries"] += self.send(source, list(rule.targets), event, trace)

    def send(
        self, source: Source, targets: list[dict[str, Any]], event: Mapping[str, Any], trace: str | None = None
    ) -> list[dict[str, Any]]:
        """Send an event to a rule's targets; the records of the deliveries."""
        return [
            self._deliveries.submit(source, target, payload_for(target, event, source.arn, source.name), event, trace)
            for target in targets
        ]

    # Switches

    def _switch(self, event: Mapping[str, Any]) -> str | None:
        with self._lock:
            for switch in self._switches:
                if switch.times == 0 or (switch.pattern and not matches(switch.pattern, event)):
                    continue
                switch.hits += 1
                if switch.times is not None:
                    switch.times -= 1
                return switch.action
        return None

    def route(self, method: str, query: Mapping[str, str], body: bytes) -> Any:
        """``/_emulator/events``: GET shows events (filtered by ``account``, ``detailType`` …), POST sets a switch.

        POST takes ``{"action": "drop" | "duplicate", "pattern": {…}, "times": 1}``; ``times`` absent means every event.
        DELETE clears the record and the switches.

        Raises:
            ValueError: a switch that cannot be understood.
        """
        if method == "DELETE":
            with self._lock:
                self._switches.clear()
            self.record.clear()
        elif method == "POST":
            wanted = json.loads(body)
            if wanted.get("action") not in ("drop", "duplicate"):
                raise ValueError("action must be drop or duplicate")
            pattern = wanted.get("pattern") or {}
            checked = parse_pattern(json.dumps(pattern)) if pattern else {}
            with self._lock:
                self._switches.append(Switch(wanted["action"], checked, wanted.get("times")))
        with self._lock:
            switches = [vars(switch) | {"pattern": dict(switch.pattern)} for switch in self._switches]
        return {"events": self.record.find(query), "switches": switches}


def bus_of(name: str | None, call: ApiCall) -> tuple[str, str, str]:
    """Account, region and name of the bus that a call names by its name or ARN."""
    if name and name.startswith("arn:"):
        region, account, resource = name.split(":", 5)[3:6]
        return account, region, resource.removeprefix("event-bus/")
    return call.caller.account, call.region, name or "default"


class BusOperations:
    """The operations of EventBridge that are ours."""

    def __init__(self, buses: Buses) -> None:
        self._buses = buses

    def install(self, emulator: Emulator) -> None:
        """Register the operations."""
        emulator.operation("events", "PutEvents")(self.put_events)
        emulator.operation("events", "PutRule")(self.put_rule)
        emulator.operation("events", "PutTargets")(self.put_targets)
        emulator.operation("events", "TestEventPattern")(self.test_event_pattern)

    def put_events(self, call: ApiCall) -> dict[str, Any]:
        """``PutEvents``: each entry succeeds or fails on its own."""
        entries = call.params["Entries"]
        size = sum(_entry_size(entry) for entry in entries)
        if size > ENTRY_LIMIT:
            raise ApiError("ValidationException", "Total size of the entries in the request is over the limit.", 400)
        results = [self._put_entry(entry, call) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _put_entry(self, entry: Mapping[str, Any], call: ApiCall) -> dict[str, str]:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
        if str(entry["Source"]).startswith("aws."):
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        account, region, bus = bus_of(entry.get("EventBusName"), call)
        known = account in events_backends and bus in events_backends[account][region].event_buses
        if not known and bus != "default":
            # AWS accepts events for a bus that does not exist and drops them.
            return {"EventId": str(uuid.uuid4())}
        traced = {"TraceHeader": passed_header(call.headers), **entry}
        return {"EventId": self._buses.put(account, region, traced, bus)}

    def put_rule(self, call: ApiCall) -> dict[str, Any]:
        """``PutRule``: the pattern and the schedule are checked, moto keeps the rule."""
        params = call.params
        pattern, schedule = params.get("EventPattern"), params.get("ScheduleExpression")
        if pattern:
            try:
                parse_pattern(pattern)
            except PatternError as error:
                message = f"Event pattern is not valid. Reason: {error}"
                raise ApiError("InvalidEventPatternException", message, 400) from error
        if schedule:
            try:
                parse_expression(schedule, at_allowed=False)
            except ExpressionError as error:
                raise ApiError("ValidationException", "Parameter ScheduleExpression is not valid.", 400) from error
        account, region, bus = bus_of(params.get("EventBusName"), call)
        backend = events_backends[account][region]
        present = backend.event_buses[bus].rules if bus in backend.event_buses else {}
        if params["Name"] not in present and len(present) >= RULE_LIMIT:
            raise ApiError("LimitExceededException", LIMIT_MESSAGE, 400)
        try:
            rule = backend.put_rule(
                params["Name"],
                description=params.get("Description"),
                event_bus_arn=bus,
                event_pattern=pattern,
                role_arn=params.get("RoleArn"),
                scheduled_expression=schedule,
                state=params.get("State"),
                tags=params.get("Tags"),
            )
        except (ServiceException, JsonRESTError) as error:
            raise from_moto(error) from error
        return {"RuleArn": rule.arn}

    def put_targets(self, call: ApiCall) -> dict[str, Any]:
        """``PutTargets``: at most five targets; a target that needs a role has one."""
        params = call.params
        account, region, bus = bus_of(params.get("EventBusName"), call)
        backend = events_backends[account][region]
        found = backend.event_buses.get(bus)
        rule = found.rules.get(params["Rule"]) if found else None
        if rule is None:
            message = f"Rule {params['Rule']} does not exist on EventBus {bus}."
            raise ApiError("ResourceNotFoundException", message, 400)
        for target in params["Targets"]:
            parts = str(target["Arn"]).split(":")
            if len(parts) < 6 or parts[0] != "arn":
                message = f"Parameter {target['Arn']} is not valid. Reason: Provided Arn is not in correct format."
                raise ApiError("ValidationException", message, 400)
            if parts[2] == "states" and not target.get("RoleArn"):
                raise ApiError("ValidationException", f"RoleArn is required for target {target['Arn']}.", 400)
        ids = {target["Id"] for target in rule.targets} | {target["Id"] for target in params["Targets"]}
        if len(ids) > TARGET_LIMIT:
            raise ApiError("LimitExceededException", LIMIT_MESSAGE, 400)
        try:
            backend.put_targets(name=params["Rule"], event_bus_arn=bus, targets=copy.deepcopy(params["Targets"]))
        except (ServiceException, JsonRESTError) as error:
            raise from_moto(error) from error
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def test_event_pattern(self, call: ApiCall) -> dict[str, Any]:
        """``TestEventPattern``."""
        try:
            pattern = parse_pattern(call.params["EventPattern"])
        except PatternError as error:
            message = f"Event pattern is not valid. Reason: {error}"
            raise ApiError("InvalidEventPatternException", message, 400) from error
        try:
            event = json.loads(call.params["Event"])
        except ValueError as error:
            raise ApiError("ValidationException", "Parameter Event is not valid.", 400) from error
        return {"Result": matches(pattern, event)}


def from_moto(failure: Exception) -> ApiError:
    """An error of moto's backend as ours."""
    found = failure.error_type if isinstance(failure, JsonRESTError) else getattr(failure, "code", "")
    return ApiError(str(found or "ValidationException"), str(getattr(failure, "message", failure)), 400)


def _entry_size(entry: Mapping[str, Any]) -> int:
    """The size of an entry (user guide, "Calculating Amazon EventBridge PutEvents event entry size")."""
    size = 14 if entry.get("Time") else 0
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or [])]
    return size + sum(len(str(text).encode()) for text in texts if text)
