"""What the reconciler does about its findings: orders, revokes from the ledger, and steps for member accounts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from streamgov_core.domain.datazone import DataZoneReader
from streamgov_core.domain.grant_ledger import GENERATIONS_PER_REQUEST, GrantLedger, GrantRecord
from streamgov_core.domain.reconcile.detection import Remediation
from streamgov_core.domain.reconcile.expected import document_ids_of, grant_steps
from streamgov_core.domain.reconcile.inventory import Executions, Inventory
from streamgov_core.domain.report import readable
from streamgov_core.model.command import MAX_CAUSE
from streamgov_core.model.errors import GrantError, RemoteError
from streamgov_core.model.findings import Finding, Tally
from streamgov_core.model.naming import Names, short_hash
from streamgov_core.runtime.log import log

STEP_CHARS = 90_000
"""Characters of all steps of one portion of a run; what does not fit is found again by the next run."""


@dataclass
class Work:
    """Steps for member accounts, and what each of them is for.

    Args:
        first: steps that come first: the consumer's side to take, the producer's to give.
        second: the others.
        items: what is finished when its steps are done.
    """

    first: list[dict[str, Any]] = field(default_factory=list)
    second: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0

    def take(self, steps: Mapping[str, list[dict[str, Any]]], item: Mapping[str, Any]) -> bool:
        """Add an item with its steps, if there is room."""
        if not self.room(steps):
            return False
        self.size += len(json.dumps(steps))
        number = len(self.items)
        for stage, waiting in (("first", self.first), ("second", self.second)):
            waiting += [{**step, "item": number} for step in steps[stage]]
        self.items.append(dict(item))
        return True

    def room(self, steps: Mapping[str, list[dict[str, Any]]]) -> bool:
        """Whether an item with these steps can be added."""
        return not self.items or self.size + len(json.dumps(steps)) <= STEP_CHARS

    def to_message(self) -> dict[str, Any]:
        """As JSON."""
        return {"first": self.first, "second": self.second, "work": self.items}


class Remediator:
    """Acts.

    Args:
        names: of the deployment.
        domain: single things of DataZone.
        inventory: asks DataZone to end a grant.
        ledger: the grant ledger.
        executions: of the central machine.
        execution: ARN of the reconciler's own.
        now: clock.
    """

    def __init__(
        self,
        names: Names,
        domain: DataZoneReader,
        inventory: Inventory,
        ledger: GrantLedger,
        executions: Executions,
        execution: str,
        now: Callable[[], float],
    ) -> None:
        self._names = names
        self._domain = domain
        self._inventory = inventory
        self._ledger = ledger
        self._executions = executions
        self._execution = execution
        self._now = now
        self._started: dict[str, bool] = {}
        self._asked_to_end: set[str] = set()

    # --- target ledgers -----------------------------------------------------------------------------------------------
    def compare(self, mismatches: Iterable[tuple[str, list[Any]]], tally: Tally, work: Work, *, dry_run: bool) -> None:
        """Decide about what member accounts hold otherwise, by what the grant ledger says now."""
        records: dict[str, dict[str, GrantRecord]] = {}
        wrong: dict[tuple[str, str, str], list[str]] = {}
        for account, (target, key, expected, found, state) in mismatches:
            grant_id, _, asset_id = key.partition("#")
            if grant_id not in records:
                records[grant_id] = self._ledger.of_grant(grant_id)
            kind = self._kind(records[grant_id].get(asset_id), account, target, expected, found, state)
            if kind:
                wrong.setdefault((kind, key, account), []).append(target)
        for (kind, key, account), targets in wrong.items():
            grant_id, _, asset_id = key.partition("#")
            text = f"{key} in {', '.join(sorted(targets))}"
            if kind == "UnrecordedContribution":
                tally.add(Finding(kind, key, text, "left", account))
                continue
            tally.add(Finding(kind, key, text, account=account))
            record = records[grant_id][asset_id]
            if not dry_run and not work.take(
                grant_steps(self._names, record, [account]), {"kind": kind, "subject": key, "grant": record.state}
            ):
                log("left to the next run", kind=kind, key=key)

    def _kind(
        self, record: GrantRecord | None, account: str, target: str, expected: int | None, found: int | None, state: str
    ) -> str | None:
        """What a mismatch is; None if the ledger has moved on, or a run is at it."""
        if record is None or record.command is None:
            return "UnrecordedContribution" if state == "ACTIVE" else None
        if record.state == "IN_PROGRESS":
            return None
        if record.state == "GRANTED":
            if (account, target) not in set(document_ids_of(self._names, record.command)):
                # Held where this release would not put it: no command revokes it.
                return "UnrecordedContribution"
            holds = state == "ACTIVE" and found is not None and found >= record.generation
            return None if holds else "MissingContribution"
        return "StaleContribution" if state == "ACTIVE" else None

    # --- grants -------------------------------------------------------------------------------------------------------
    def act(self, act: Remediation, tally: Tally, work: Work) -> None:
        """Do one thing, if everything still is as it was seen."""
        try:
            self._act(act, tally, work)
        except (GrantError, RemoteError) as error:
            log("reconciler could not act", kind=act.kind, grantId=act.grant_id, cause=str(error))
            tally.settle(act.kind, act.subject, "failed", str(error)[:200])

    def _act(self, act: Remediation, tally: Tally, work: Work) -> None:
        if act.verb == "end" and act.grant_id in self._asked_to_end:
            tally.settle(act.kind, act.subject, "repaired", "DataZone was asked to revoke the grant")
            return
        record = self._ledger.of_grant(act.grant_id).get(act.asset_id)
        mine = record is not None and record.execution == self._execution and record.desired == "REVOKE"
        grant = self._domain.grant(act.grant_id)
        status = next((a["status"] for a in (grant or {}).get("assets", ()) if a["assetId"] == act.asset_id), "")
        if not mine and ((-1 if record is None else record.generation) != act.generation or status != act.status):
            tally.settle(act.kind, act.subject, "left", "it has moved on since")
        elif act.verb == "start":
            started = self._start(act)
            text = "an execution was started" if started else "an execution was started for it before"
            tally.settle(act.kind, act.subject, "repaired" if started else "left", text)
        elif act.verb == "end" and not mine and self._inventory.end(act.grant_id):
            self._asked_to_end.add(act.grant_id)
            tally.settle(act.kind, act.subject, "repaired", "DataZone was asked to revoke the grant")
        elif record is not None:
            self._revoke(act, record, mine, tally, work)

    def _start(self, act: Remediation) -> bool:
        """Start the order under a name that another run at the same time would choose as well."""
        text = json.dumps(act.order, sort_keys=True)
        if text not in self._started:
            hour = str(int(self._now() // 3600))
            name = f"reconcile-{short_hash(text, str(act.generation), act.status, hour, length=20)}"
            self._started[text] = self._executions.start(name, act.order)
        return self._started[text]

    def _revoke(self, act: Remediation, record: GrantRecord, mine: bool, tally: Tally, work: Work) -> None:
        """Revoke from the ledger alone: DataZone no longer knows the grant, or will not do it."""
        generation = record.generation if mine else record.generation + GENERATIONS_PER_REQUEST
        new = replace(
            record,
            generation=generation,
            desired="REVOKE",
            state="IN_PROGRESS",
            execution=self._execution,
            updated_at=self._now(),
            facts={**record.facts, "revokeReason": act.kind},
            cause="",
        )
        # The steps are those of a request at this generation; while it is under way the record says so.
        steps = grant_steps(self._names, replace(new, state="REVOKED"))
        item = {
            "kind": act.kind,
            "subject": act.subject,
            "grant": "REVOKED",
            "grantId": act.grant_id,
            "assetId": act.asset_id,
            "generation": generation,
        }
        if record.command is None or not work.room(steps):
            tally.settle(act.kind, act.subject, "left", "for the next run")
        elif mine or self._ledger.begin(new, record.generation):
            work.take(steps, item)
        else:
            tally.settle(act.kind, act.subject, "left", "another run has just begun it")

    # --- afterwards ---------------------------------------------------------------------------------------------------
    def finish(
        self,
        items: list[Mapping[str, Any]],
        steps: list[Mapping[str, Any]],
        done: list[Mapping[str, Any]],
        tally: Tally,
    ) -> None:
        """Say what came of the steps: of a revoke to ledger and DataZone, of all of them to the tally."""
        failures: dict[int, list[str]] = {}
        for step, result in zip(steps, done, strict=True):
            outcome = result.get("outcome") or {}
            item = items[step["item"]]
            # Whoever is superseded while giving back has met a newer request, which counts.
            if outcome.get("status") not in ("APPLIED", "SUPERSEDED"):
                account = step["command"]["account"]
                failures.setdefault(step["item"], []).append(f"account {account}: {readable(outcome)}")
            elif outcome.get("status") == "SUPERSEDED" and item["grant"] == "GRANTED":
                failures.setdefault(step["item"], []).append("the target ledger knows a newer request")
        for number, item in enumerate(items):
            cause = "; ".join(failures.get(number, ()))[:MAX_CAUSE]
            if "generation" in item:
                self._ended(item, cause)
            tally.settle(item["kind"], item["subject"], "failed" if cause else "repaired", cause)

    def _ended(self, item: Mapping[str, Any], cause: str) -> None:
        state: Any = "REVOKE_FAILED" if cause else "REVOKED"
        grant_id, asset_id = item["grantId"], item["assetId"]
        if not self._ledger.finish(grant_id, asset_id, item["generation"], state, self._now(), cause, {}):
            return  # A newer request has begun.
        try:
            grant = self._domain.grant(grant_id) or {}
            shown = {asset["assetId"]: asset["status"] for asset in grant.get("assets", ())}
            if shown.get(asset_id) in ("GRANTED", "REVOKE_FAILED"):  # The others are over, and say so.
                self._domain.mark(grant_id, asset_id, state, cause or None)
        except (GrantError, RemoteError) as error:
            log("revoked from the ledger, not marked in DataZone", grantId=grant_id, assetId=asset_id, cause=str(error))
