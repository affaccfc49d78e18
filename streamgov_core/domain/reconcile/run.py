"""The reconciler, in the domain account: finds, publishes and finishes what no event or execution has finished.

It runs inside of the central machine, stage after stage. The phase ``stage`` divides each among shards: first it reads
the ledger, once. A distributed map works on the shards of a stage side by side, each in portions of three phases around
the steps of the member accounts:

* ``plan`` looks: at ends, at DataZone beside the grant ledger, at what each account should hold. Nothing is changed.
* ``conclude`` remediates, unless it is a dry run: each thing is read again first, and left alone if it has moved on.
* ``report`` says what came of it: to the ledger, and to the run.

A shard that fails keeps nobody else from being looked at. Behind the last stage the run is published: log, a metric and
an event for each kind of finding, and the heartbeat that an alarm waits for.

Two runs at once do no harm: the name of an execution can be used once, ledger writes are conditional on the
generation, members refuse a lower generation than they know, and documents are written under their leases only.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from streamgov_core.domain.datazone import DataZoneDomain, DataZoneReader
from streamgov_core.domain.failure_class import readable
from streamgov_core.domain.function_events import PlanEvent, ReconcileEvent
from streamgov_core.domain.grant_ledger import DynamoGrantLedger
from streamgov_core.domain.plan import traced_steps
from streamgov_core.domain.reconcile.detection_result import Remediation
from streamgov_core.domain.reconcile.expected import member_step
from streamgov_core.domain.reconcile.inventory import (
    CentralExecutions,
    DataZoneInventory,
    EventsPublisher,
    Executions,
    Inventory,
    Publisher,
    rate_limited,
)
from streamgov_core.domain.reconcile.ledger_reading import GrantOverview
from streamgov_core.domain.reconcile.pace import RateLimiter
from streamgov_core.domain.reconcile.planning import MAX_REMEDIATIONS, Portion, ShardPlanner
from streamgov_core.domain.reconcile.remediation import Remediator, Work
from streamgov_core.domain.reconcile.shards import ENDED, READING, Shard
from streamgov_core.domain.reconcile.stages import Stages, summary_name, summary_of, total_of
from streamgov_core.domain.settings import ReconcileSettings
from streamgov_core.model.errors import EventRefusedError, RemoteError, RetryableGrantError
from streamgov_core.model.findings import HEARTBEAT, RECONCILER, Finding, Tally, events, mode_of
from streamgov_core.model.findings import metrics as metrics_of
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log
from streamgov_core.runtime.metrics import FunctionMetrics
from streamgov_core.runtime.run_store import DynamoRunStore, RunStore
from streamgov_core.runtime.settings_layer import function_variables
from streamgov_core.runtime.tracing import trace_header

LISTED = 60
"""Findings that one portion of a shard lists; the others are counted."""
LISTED_IN_ALL = 100
"""Findings that the result of a run lists."""
MAX_WAITING = 100
"""Remediations that a portion leaves to the next one at most."""


@dataclass(frozen=True)
class _ReconcileInput:
    dry_run: bool
    force: bool
    grant_id: str

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> _ReconcileInput:
        """Read ``{"action": "reconcile", "dryRun": …, "force": …}``; by default it is a dry run.

        With ``grantId`` only that grant's end is looked at, as the schedule of an end asks for.
        """
        dry_run, force, grant_id = raw.get("dryRun", True), raw.get("force", False), raw.get("grantId", "")
        booleans = isinstance(dry_run, bool) and isinstance(force, bool)
        if raw.get("action") != "reconcile" or not booleans or not isinstance(grant_id, str):
            raise EventRefusedError(
                'the input looks like {"action": "reconcile", "dryRun": true, "force": false}; both are optional'
            )
        return cls(dry_run, force, grant_id)


@dataclass(frozen=True)
class _Position:
    """Where a shard goes on: the number of its next portion, and behind what that begins (None: behind all)."""

    portion: int = 0
    after: str | None = ""

    @classmethod
    def parse(cls, text: str) -> _Position:
        """Read what ``to_text`` wrote; an empty text begins a shard."""
        return cls(**json.loads(text)) if text else cls()

    def to_text(self) -> str:
        return json.dumps({"portion": self.portion, "after": self.after})


class Reconcile:
    """Reconciles.

    Args:
        settings: of the function.
        domain: single things of DataZone.
        inventory: lists of DataZone.
        ledger: the grant ledger.
        executions: of the central machine.
        publisher: where findings are published.
        store: what the shards work on.
        metrics: of the function; None for those that go to its log group.
        now: clock.
        set_rate: lets the calls to DataZone go on at another rate, in calls a second.
    """

    trace_header = ""
    """Of the invocation: executions in the members' accounts go on with its trace. They have no other, for Step
    Functions does not trace the children of a distributed map ("Trace Step Functions request data in AWS X-Ray")."""

    def __init__(
        self,
        settings: ReconcileSettings,
        domain: DataZoneReader,
        inventory: Inventory,
        ledger: GrantOverview,
        executions: Executions,
        publisher: Publisher,
        store: RunStore,
        *,
        metrics: FunctionMetrics | None = None,
        now: Callable[[], float] = time.time,
        set_rate: Callable[[float], None] = lambda rate: None,
    ) -> None:
        self._settings = settings
        self._names = settings.names
        self._domain = domain
        self._inventory = inventory
        self._ledger = ledger
        self._executions = executions
        self._publisher = publisher
        self._store = store
        self._metrics = metrics or FunctionMetrics(settings.names.namespace, RECONCILER)
        self._now = now
        self._set_rate = set_rate

    @classmethod
    def prepare(cls) -> None:
        """What can be made before the first event: settings are read, clients are there."""
        settings = ReconcileSettings.from_environment(function_variables())
        _clients(settings.names.region).prepare("datazone", "dynamodb", "events")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Reconcile:
        """The function as it is deployed."""
        settings = ReconcileSettings.from_environment(function_variables(env))
        names, domain_id = settings.names, settings.domain_id
        clients = _clients(names.region)
        rate_limiter = RateLimiter(time.time, time.sleep)
        made = cls(
            settings,
            DataZoneDomain(rate_limited(lambda: clients.client("datazone"), rate_limiter), domain_id),
            DataZoneInventory(lambda: clients.client("datazone"), domain_id, rate_limiter),
            DynamoGrantLedger(lambda: clients.client("dynamodb"), names.grant_table),
            CentralExecutions(lambda: clients.client("stepfunctions"), names.central_machine_arn(settings.account)),
            EventsPublisher(lambda: clients.client("events")),
            DynamoRunStore(lambda: clients.client("dynamodb"), names.run_table, time.time),
            set_rate=rate_limiter.set_rate,
        )
        made.trace_header = trace_header(os.environ if env is None else env)
        return made

    def run(self, event: ReconcileEvent, context: Any = None) -> dict[str, Any]:
        """Carry one phase out; every member that a state reads is in the answer.

        Raises:
            EventRefusedError: the input is no reconcile input.
            RetryableGrantError: trying again may help.
        """
        if event["phase"] == "stage":
            return self._stage(event["input"], event["execution"], event["run"])
        if event["phase"] == "plan":
            return self._plan(event)
        if event["phase"] == "conclude":
            return self._conclude(event["plan"], event["answers"])
        if event["phase"] == "report":
            return self._report(event["concluded"], [*event["firstDone"], *event["secondDone"]])
        raise EventRefusedError(f"the reconciler has the phases stage, plan, conclude, report, got {event['phase']!r}")

    def _stage(self, raw: Mapping[str, Any], execution: str, run: Mapping[str, Any]) -> dict[str, Any]:
        """Read a further portion of the ledger, or go on to the next stage."""
        asked = _ReconcileInput.parse(raw)
        stages = Stages(self._settings, self._ledger, self._inventory, self._store, self._now())
        following = stages.advance(run, execution, asked.grant_id, force=asked.force)
        log("reconcile run", execution=execution, stage=following["stage"], shards=len(following["shards"]),
            reading=following["reading"])  # fmt: skip
        self._tell_progress(run, following)
        if following["stage"] == ENDED:
            following["result"] = self._result(asked, execution, str(following["key"]))
        return following

    def _tell_progress(self, run: Mapping[str, Any], following: Mapping[str, Any]) -> None:
        """How far the run is: shards to do in the stage that begins."""
        if following["stage"] not in (READING, ENDED, run["stage"]):
            self._metrics.put({"ShardsBegun": len(following["shards"])}, unit="Count")

    # --- a portion of a shard: plan -----------------------------------------------------------------------------------
    def _plan(self, event: PlanEvent) -> dict[str, Any]:
        """One portion: what the one before has left, then what is found."""
        asked, shard = _ReconcileInput.parse(event["input"]), Shard.parse(event["shard"])
        position = _Position.parse(event.get("cursor", ""))
        self._set_rate(shard.rate)
        portion = Portion(Tally(LISTED), [Remediation(**item) for item in event.get("waiting", ())])
        portion.tally.extend(item.finding for item in portion.todo)
        if position.after is not None:
            planner = ShardPlanner(
                self._settings, self._domain, self._inventory, self._ledger, self._executions, self._store, self._now
            )
            planner.plan(shard, portion, position.after, position.portion, dry_run=asked.dry_run)
        now = [] if asked.dry_run else portion.todo[:MAX_REMEDIATIONS]
        waiting = [] if asked.dry_run else portion.todo[MAX_REMEDIATIONS : MAX_REMEDIATIONS + MAX_WAITING]
        later = [remediation.postponed(portion.tally) for remediation in waiting]
        more = bool(later) or portion.following is not None
        return {
            "version": 1,
            "dryRun": asked.dry_run,
            "execution": event["execution"],
            "shard": shard.to_message(),
            "portion": position.portion,
            "orphans": portion.orphans,
            "next": _Position(position.portion + 1, portion.following).to_text() if more else "",
            "tally": portion.tally.to_message(),
            "remediations": [remediation.to_message() for remediation in now],
            "waiting": [remediation.to_message() for remediation in later],
            "members": traced_steps(
                [member_step(self._names, command, number) for number, command in enumerate(portion.commands)],
                self.trace_header,
            ),
        }

    # --- conclude -----------------------------------------------------------------------------------------------------
    def _conclude(self, plan: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self._set_rate(Shard.parse(plan["shard"]).rate)
        tally = Tally.parse(plan["tally"], LISTED + 90)
        mismatches: list[tuple[str, list[Any]]] = []
        renewals: list[str] = []
        checked = busy = 0
        for step, answer in zip(plan["members"], answers, strict=True):
            account = step["command"]["account"]
            outcome = answer.get("outcome") or {}
            if outcome.get("status") != "APPLIED":
                text = f"account {account} did not answer: {readable(outcome)}"
                tally.add(Finding("Unchecked", account, text, "failed", account))
                continue
            details = outcome["details"]
            tally.merge(details["tally"])
            mismatches += [(account, item) for item in details["mismatches"]]
            renewals += details.get("renewals", [])
            checked, busy = checked + details["checked"], busy + details["busy"]
            if details["moreMismatches"]:
                text = f"{details['moreMismatches']} further differences of account {account} are for the next run"
                tally.add(Finding("Unchecked", account, text, account=account))
        remediator = self._remediator(plan["execution"])
        work = Work()
        remediator.compare(mismatches, tally, work, dry_run=plan["dryRun"])
        if not plan["dryRun"]:
            remediator.renew(renewals)
            for raw in plan["remediations"]:
                remediator.remediate(Remediation(**raw), tally, work)
        deferred = [remediation.postponed(tally) for remediation in remediator.deferred]
        waiting = [*(item.to_message() for item in deferred), *plan["waiting"]]
        return {
            "version": 1,
            "dryRun": plan["dryRun"],
            "execution": plan["execution"],
            "shard": plan["shard"],
            "portion": plan["portion"],
            "orphans": plan["orphans"],
            "next": plan["next"] or (_Position(plan["portion"] + 1, None).to_text() if waiting else ""),
            "waiting": waiting,
            "checked": checked,
            "busy": busy,
            "tally": tally.to_message(),
            **work.to_message(self.trace_header),
        }

    # --- report -------------------------------------------------------------------------------------------------------
    def _report(self, concluded: Mapping[str, Any], done: list[Mapping[str, Any]]) -> dict[str, Any]:
        shard = Shard.parse(concluded["shard"])
        self._set_rate(shard.rate)
        tally = Tally.parse(concluded["tally"], LISTED + 90)
        remediator = self._remediator(concluded["execution"])
        remediator.finish(concluded["work"], [*concluded["first"], *concluded["second"]], done, tally)
        summary = summary_of(
            tally,
            shard.number,
            is_done=not concluded["next"],
            checked=concluded["checked"],
            busy=concluded["busy"],
            orphans=concluded["orphans"],
        )
        self._store.put(
            shard.run, summary_name(shard.stage), f"{shard.number:05d}#{concluded['portion']:05d}", [summary]
        )
        level = logging.WARNING if tally.number("found", loud=True) else logging.INFO
        log("reconciled", level=level, execution=concluded["execution"], name=shard.name, **summary)
        if summary["isDone"]:
            self._metrics.put({"ShardsDone": 1}, unit="Count")
        return {"version": 1, "next": concluded["next"], "waiting": concluded["waiting"]}

    def _remediator(self, execution: str) -> Remediator:
        return Remediator(
            self._names, self._domain, self._inventory, self._ledger, self._executions, execution, self._now
        )

    # --- the run's result ---------------------------------------------------------------------------------------------
    def _result(self, asked: _ReconcileInput, execution: str, key: str) -> dict[str, Any]:
        """Publish what came of a run: log, a metric and an event for each kind of finding, and that it has ended."""
        total = total_of(self._store, key, LISTED_IN_ALL)
        tally = total.tally
        for values, dimensions in metrics_of(tally, asked.dry_run):
            self._metrics.put(values, unit="Count", **dimensions)
        published = True
        try:
            self._publisher.put(events(self._names, tally, asked.dry_run, execution))
        except (RemoteError, RetryableGrantError) as error:
            published = False  # What was done is done; the result and the metric say it as well.
            log("findings not published", level=logging.ERROR, cause=str(error))
        if not asked.grant_id:
            self._metrics.put({HEARTBEAT: 1}, unit="Count", Mode=mode_of(asked.dry_run))
        result = {
            "version": 1,
            "dryRun": asked.dry_run,
            "checked": total.checked,
            "busy": total.busy,
            "shards": total.shards,
            "published": published,
            **tally.to_message(),
        }
        level = logging.WARNING if tally.number("found", loud=True) else logging.INFO
        log("reconcile run ended", level=level, execution=execution, **result)
        return result


@cache
def _clients(region: str) -> Clients:
    """Clients live as long as the function's process; they slow down when a service throttles."""
    return Clients(region, retry_mode="adaptive")
