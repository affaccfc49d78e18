"""The reconciler, in the domain account: finds, publishes and finishes what no event or execution has finished.

It runs inside of the central machine, in three phases around the steps of the member accounts:

* ``plan`` reads: DataZone beside the grant ledger, and the set that each account should hold. Nothing is changed.
* ``conclude`` remediates, unless it is a dry run: each thing is read again first, and left alone if it has moved on.
* ``report`` publishes what came of it: ledger, log, a metric and an event for each kind of finding.

Two runs at once do no harm: the name of an execution can be used once, ledger writes are conditional on the
generation, members refuse a lower generation than they know, and documents are written under their leases only.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from streamgov_core.domain.datazone import DataZoneDomain, DataZoneReader
from streamgov_core.domain.failure_class import readable
from streamgov_core.domain.function_events import ReconcileEvent
from streamgov_core.domain.grant_ledger import DynamoGrantLedger, GrantLedger, GrantRecord
from streamgov_core.domain.reconcile.detection import Detector, Records
from streamgov_core.domain.reconcile.detection_result import Remediation
from streamgov_core.domain.reconcile.expected import expected_sets, member_step, portions
from streamgov_core.domain.reconcile.expiry import find_expired
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
from streamgov_core.domain.reconcile.lookups import Lookups
from streamgov_core.domain.reconcile.remediation import Remediator, Work
from streamgov_core.domain.settings import ReconcileSettings
from streamgov_core.model.errors import EventRefusedError, RemoteError, RetryableGrantError
from streamgov_core.model.findings import RECONCILER, Finding, Tally, events
from streamgov_core.model.findings import metrics as metrics_of
from streamgov_core.model.naming import short_hash
from streamgov_core.model.reconcile_command import ReconcileCommand
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log
from streamgov_core.runtime.metrics import FunctionMetrics
from streamgov_core.runtime.settings_layer import function_variables

LISTED = 60
"""Findings that one portion of a run lists; the others are counted."""
MAX_REMEDIATIONS = 60
"""What a run puts right in DataZone at most; the rest is found again by the next one."""


MAX_WAITING = 100
"""What further portions of the same run put right at most."""
EXPIRED_PER_PORTION = 25
"""Expired access that one portion of a run ends; its steps fit a state's input. A run has as many as it takes."""
_BEYOND = "~|"
"""A cursor behind every member account."""


class GrantOverview(GrantLedger, Protocol):
    """A grant ledger that can be read as a whole."""

    def everything(self) -> Iterable[GrantRecord]:
        """Every record."""


class LedgerSnapshot:
    """The ledger as the first portion of a run has read it, for its further portions.

    What has changed since is no matter: every record is read again before anything is done about it.
    """

    def __init__(self) -> None:
        self._execution = ""
        self._records: Records = {}

    def records(self, ledger: GrantOverview, grant_id: str, execution: str, *, fresh: bool) -> Records:
        """Every record, or those of one grant.

        Args:
            ledger: the grant ledger.
            grant_id: the one grant that is looked at, or empty.
            execution: ARN of the run.
            fresh: whether to read it in any case.
        """
        if grant_id:
            return {(grant_id, asset_id): record for asset_id, record in ledger.of_grant(grant_id).items()}
        if fresh or execution != self._execution:
            self._records = {(record.grant_id, record.asset_id): record for record in ledger.everything()}
            self._execution = execution
        return self._records


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
    """Where a run goes on: behind a key of expired access, or behind a document of a member account."""

    expired: str | None = ""
    members: str = ""

    @classmethod
    def parse(cls, text: str) -> _Position:
        """Read what ``to_text`` wrote; an empty text begins a run."""
        return cls(**json.loads(text)) if text else cls()

    def to_text(self) -> str:
        return json.dumps({"expired": self.expired, "members": self.members})


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
        snapshot: of the ledger, shared by the invocations of one process.
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
        snapshot: LedgerSnapshot | None = None,
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
        self._snapshot = snapshot or LedgerSnapshot()

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
        return cls(
            settings,
            DataZoneDomain(rate_limited(lambda: clients.client("datazone"), rate_limiter), domain_id),
            DataZoneInventory(lambda: clients.client("datazone"), domain_id, rate_limiter),
            DynamoGrantLedger(lambda: clients.client("dynamodb"), names.grant_table),
            CentralExecutions(lambda: clients.client("stepfunctions"), names.central_machine_arn(settings.account)),
            EventsPublisher(lambda: clients.client("events")),
            snapshot=_snapshot(),
        )

    def run(self, event: ReconcileEvent, context: Any = None) -> dict[str, Any]:
        """Carry one phase out; every member that a state reads is in the answer.

        Raises:
            EventRefusedError: the input is no reconcile input.
            RetryableGrantError: trying again may help.
        """
        if event["phase"] == "plan":
            return self._plan(
                event["input"], event.get("execution", ""), event.get("cursor", ""), event.get("waiting", ())
            )
        if event["phase"] == "conclude":
            return self._conclude(event["plan"], event["answers"])
        if event["phase"] == "report":
            return self._report(event["concluded"], [*event["firstDone"], *event["secondDone"]])
        raise EventRefusedError(f"the reconciler has the phases plan, conclude and report, got {event['phase']!r}")

    # --- plan ---------------------------------------------------------------------------------------------------------
    def _plan(
        self, raw: Mapping[str, Any], execution: str, cursor: str, waiting: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """One portion of a run: expired access, then what DataZone and the ledger say, then members' documents."""
        asked, position = _ReconcileInput.parse(raw), _Position.parse(cursor)
        records = self._snapshot.records(self._ledger, asked.grant_id, execution, fresh=not cursor)
        tally, todo = Tally(LISTED), [Remediation(**item) for item in waiting]
        tally.extend(item.finding for item in todo)
        if position.expired is not None:
            expired = find_expired(records.values(), self._inventory.retained_of, self._now(), position.expired)
            room = max(0, EXPIRED_PER_PORTION - len(todo))
            tally.extend(item.finding for item in expired[:room])
            todo += [item.remediation for item in expired[:room]]
            if len(expired) > room:
                after = expired[room - 1].key if room else position.expired
                return self._portion(asked, execution, tally, todo, [], _Position(after).to_text())
            if asked.grant_id:
                return self._portion(asked, execution, tally, todo, [], "")
            todo += self._detect(asked, records, tally)
        commands, rest = portions(
            expected_sets(self._names, records.values()),
            self._settings.members,
            self._settings.domain_id,
            dry_run=asked.dry_run,
            cursor=position.members,
        )
        following = _Position(None, rest or _BEYOND).to_text() if rest or len(todo) > MAX_REMEDIATIONS else ""
        return self._portion(asked, execution, tally, todo, commands, following)

    def _detect(self, asked: _ReconcileInput, records: Records, tally: Tally) -> list[Remediation]:
        """Compare DataZone and the ledger. Which remediations come first changes from hour to hour: none is starved."""
        settings = self._settings
        detector = Detector(
            Lookups(self._domain),
            self._inventory,
            self._executions,
            settings.platform_of,
            settings.members,
            settings.grace,
            self._now(),
        )
        projects = settings.projects or tuple(self._inventory.projects())
        detection = detector.detect(records, projects, force=asked.force)
        tally.extend(detection.findings)
        log(
            "grants looked at",
            listed=detection.grants,
            recorded=len(records),
            foreign=detection.foreign,
            dryRun=asked.dry_run,
            counts=tally.counts,
        )
        hour = str(int(self._now() // 3600))
        return sorted(detection.remediations, key=lambda item: short_hash(item.subject, hour))

    def _portion(
        self,
        asked: _ReconcileInput,
        execution: str,
        tally: Tally,
        todo: Sequence[Remediation],
        commands: Sequence[ReconcileCommand],
        following: str,
    ) -> dict[str, Any]:
        """The plan of a portion, which fits the states' input and output."""
        now = [] if asked.dry_run else todo[:MAX_REMEDIATIONS]
        waiting = [] if asked.dry_run else todo[MAX_REMEDIATIONS : MAX_REMEDIATIONS + MAX_WAITING]
        later = [remediation.postponed(tally) for remediation in waiting]
        return {
            "version": 1,
            "dryRun": asked.dry_run,
            "execution": execution,
            "next": following if commands or later or _Position.parse(following).expired is not None else "",
            "tally": tally.to_message(),
            "remediations": [remediation.to_message() for remediation in now],
            "waiting": [remediation.to_message() for remediation in later],
            "members": [member_step(self._names, command, number) for number, command in enumerate(commands)],
        }

    # --- conclude -----------------------------------------------------------------------------------------------------
    def _conclude(self, plan: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
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
        deferred = [remediation.postponed(tally) for remediation in remediator.deferred]
        waiting = [*(item.to_message() for item in deferred), *plan["waiting"]]
        return {
            "version": 1,
            "dryRun": plan["dryRun"],
            "execution": plan["execution"],
            "next": plan["next"] or (_Position(None, _BEYOND).to_text() if waiting else ""),
            "waiting": waiting,
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
            "waiting": concluded["waiting"],
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


@cache
def _snapshot() -> LedgerSnapshot:
    """Lives as long as the function's process."""
    return LedgerSnapshot()
