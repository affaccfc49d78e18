"""The reconciler, in the domain account: finds, publishes and finishes what no event or execution has finished.

It runs inside of the central machine, in three phases around the steps of the member accounts:

* ``plan`` reads: DataZone beside the grant ledger, and the set that each account should hold. Nothing is changed.
* ``conclude`` remediates, unless it is a dry run: each thing is read again first, and left alone if it has moved on.
* ``report`` publishes what came of it: ledger, log, a metric and an event for each kind of finding.

Two runs at once do no harm: the name of an execution can be used once, ledger writes are conditional on the
generation, members refuse a lower generation than they know, and documents are written under their leases only.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from streamgov_core.domain.datazone import DataZoneDomain, DataZoneReader
from streamgov_core.domain.grant_ledger import DynamoGrantLedger, GrantLedger, GrantRecord
from streamgov_core.domain.reconcile.detection import Detector, Remediation
from streamgov_core.domain.reconcile.expected import expected_sets, member_step, portions
from streamgov_core.domain.reconcile.inventory import (
    CentralExecutions,
    DataZoneInventory,
    EventsPublisher,
    Executions,
    Inventory,
    Publisher,
    RateLimiter,
    rate_limited,
)
from streamgov_core.domain.reconcile.remediation import Remediator, Work
from streamgov_core.domain.report import readable
from streamgov_core.domain.settings import ReconcileSettings
from streamgov_core.model.errors import EventRefusedError, RemoteError, RetryableGrantError
from streamgov_core.model.findings import RECONCILER, Finding, Tally, events
from streamgov_core.model.findings import metrics as metrics_of
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log
from streamgov_core.runtime.metrics import FunctionMetrics

LISTED = 60
"""Findings that one portion of a run lists; the others are counted."""
MAX_REMEDIATIONS = 60
"""What a run puts right in DataZone at most; the rest is found again by the next one."""


class GrantOverview(GrantLedger, Protocol):
    """A grant ledger that can be read as a whole."""

    def everything(self) -> Iterable[GrantRecord]:
        """Every record."""


@dataclass(frozen=True)
class _ReconcileInput:
    dry_run: bool
    force: bool

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> _ReconcileInput:
        """Read ``{"action": "reconcile", "dryRun": …, "force": …}``; by default it is a dry run."""
        dry_run, force = raw.get("dryRun", True), raw.get("force", False)
        if raw.get("action") != "reconcile" or not isinstance(dry_run, bool) or not isinstance(force, bool):
            raise EventRefusedError(
                'the input looks like {"action": "reconcile", "dryRun": true, "force": false}; both are optional'
            )
        return cls(dry_run, force)


class Reconcile:
    """Reconciles.

    Args:
        settings: of the function.
        domain: single things of DataZone.
        inventory: lists of DataZone.
        ledger: the grant ledger.
        executions: of the central machine.
        publisher: where findings are published.
        metrics: of the function; None for those that go to its log group.
        now: clock.
    """

    def __init__(
        self,
        settings: ReconcileSettings,
        domain: DataZoneReader,
        inventory: Inventory,
        ledger: GrantOverview,
        executions: Executions,
        publisher: Publisher,
        *,
        metrics: FunctionMetrics | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._names = settings.names
        self._domain = domain
        self._inventory = inventory
        self._ledger = ledger
        self._executions = executions
        self._publisher = publisher
        self._metrics = metrics or FunctionMetrics(settings.names.namespace, RECONCILER)
        self._now = now

    @classmethod
    def prepare(cls) -> None:
        """What can be made before the first event: settings are read, clients are there."""
        settings = ReconcileSettings.from_environment(os.environ)
        _clients(settings.names.region).prepare("datazone", "dynamodb", "events")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Reconcile:
        """The function as it is deployed."""
        settings = ReconcileSettings.from_environment(os.environ if env is None else env)
        names, domain_id = settings.names, settings.domain_id
        clients = _clients(names.region)
        rate_limiter = RateLimiter(time.time, time.sleep)
        return cls(
            settings,
            DataZoneDomain(rate_limited(lambda: clients.client("datazone"), rate_limiter), domain_id),
            DataZoneInventory(lambda: clients.client("datazone"), domain_id, rate_limiter),
            DynamoGrantLedger(lambda: clients.client("dynamodb"), names.grant_table),
            CentralExecutions(lambda: clients.client("stepfunctions"), names.central_machine_arn(settings.account)),
            EventsPublisher(lambda: clients.client("events")),
        )

    def run(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Carry one phase out; every member that a state reads is in the answer.

        Raises:
            EventRefusedError: the input is no reconcile input.
            RetryableGrantError: trying again may help.
        """
        phase = event.get("phase")
        if phase == "plan":
            return self._plan(event["input"], str(event.get("execution", "")), str(event.get("cursor", "")))
        if phase == "conclude":
            return self._conclude(event["plan"], event["answers"])
        if phase == "report":
            return self._report(event["concluded"], [*event["firstDone"], *event["secondDone"]])
        raise EventRefusedError(f"the reconciler has the phases plan, conclude and report, got {phase!r}")

    # --- plan ---------------------------------------------------------------------------------------------------------
    def _plan(self, raw: Mapping[str, Any], execution: str, cursor: str) -> dict[str, Any]:
        reconcile_input = _ReconcileInput.parse(raw)
        settings = self._settings
        records = {(record.grant_id, record.asset_id): record for record in self._ledger.everything()}
        tally, remediations = Tally(LISTED), []
        if not cursor:
            detector = Detector(
                self._domain,
                self._inventory,
                self._executions,
                lambda name: settings.platform_of(name) is not None,
                settings.grace,
                self._now(),
            )
            projects = settings.projects or tuple(self._inventory.projects())
            detection = detector.detect(records, projects, force=reconcile_input.force)
            tally.extend(detection.findings)
            remediations = detection.remediations
            log(
                "grants looked at",
                listed=detection.grants,
                recorded=len(records),
                foreign=detection.foreign,
                dryRun=reconcile_input.dry_run,
                counts=tally.counts,
            )
        commands, rest = portions(
            expected_sets(self._names, records.values()),
            settings.members,
            settings.domain_id,
            dry_run=reconcile_input.dry_run,
            cursor=cursor,
        )
        return {
            "version": 1,
            "dryRun": reconcile_input.dry_run,
            "execution": execution,
            "next": rest,
            "tally": tally.to_message(),
            "remediations": [remediation.to_message() for remediation in remediations[:MAX_REMEDIATIONS]],
            "members": [member_step(self._names, command, number) for number, command in enumerate(commands)],
        }

    # --- conclude -----------------------------------------------------------------------------------------------------
    def _conclude(self, plan: Mapping[str, Any], answers: list[Mapping[str, Any]]) -> dict[str, Any]:
        tally = Tally.parse(plan["tally"], LISTED + 90)
        mismatches: list[tuple[str, list[Any]]] = []
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
            checked, busy = checked + details["checked"], busy + details["busy"]
            if details["moreMismatches"]:
                text = f"{details['moreMismatches']} further differences of account {account} are for the next run"
                tally.add(Finding("Unchecked", account, text, account=account))
        remediator = Remediator(
            self._names, self._domain, self._inventory, self._ledger, self._executions, plan["execution"], self._now
        )
        work = Work()
        remediator.compare(mismatches, tally, work, dry_run=plan["dryRun"])
        if not plan["dryRun"]:
            for raw in plan["remediations"]:
                remediator.remediate(Remediation(**raw), tally, work)
        return {
            "version": 1,
            "dryRun": plan["dryRun"],
            "execution": plan["execution"],
            "next": plan["next"],
            "checked": checked,
            "busy": busy,
            "tally": tally.to_message(),
            **work.to_message(),
        }

    # --- report -------------------------------------------------------------------------------------------------------
    def _report(self, concluded: Mapping[str, Any], done: list[Mapping[str, Any]]) -> dict[str, Any]:
        tally = Tally.parse(concluded["tally"], LISTED + 90)
        remediator = Remediator(
            self._names,
            self._domain,
            self._inventory,
            self._ledger,
            self._executions,
            concluded["execution"],
            self._now,
        )
        remediator.finish(concluded["work"], [*concluded["first"], *concluded["second"]], done, tally)
        dry_run = bool(concluded["dryRun"])
        for values, dimensions in metrics_of(tally, dry_run):
            self._metrics.put(values, unit="Count", **dimensions)
        published = True
        try:
            self._publisher.put(events(self._names, tally, dry_run, concluded["execution"]))
        except (RemoteError, RetryableGrantError) as error:
            published = False  # What was done is done; the result and the metric say it as well.
            log("findings not published", level=logging.ERROR, cause=str(error))
        result = {
            "version": 1,
            "dryRun": dry_run,
            "next": concluded["next"],
            "checked": concluded["checked"],
            "busy": concluded["busy"],
            "published": published,
            **tally.to_message(),
        }
        level = logging.WARNING if tally.number("found", loud=True) else logging.INFO
        log("reconciled", level=level, execution=concluded["execution"], **result)
        return result


@cache
def _clients(region: str) -> Clients:
    """Clients live as long as the function's process; they slow down when a service throttles."""
    return Clients(region, retry_mode="adaptive")
