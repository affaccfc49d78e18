"""What the reconciler does about its findings: executions, revokes from the ledger, and steps for member accounts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from streamgov_core.domain.datazone import DataZoneReader
from streamgov_core.domain.failure_class import readable
from streamgov_core.domain.grant_documents import document_ids_of
from streamgov_core.domain.grant_ledger import GrantLedger, GrantRecord
from streamgov_core.domain.plan import traced_steps
from streamgov_core.domain.reconcile.detection_result import Remediation
from streamgov_core.domain.reconcile.expected import former_steps, grant_steps
from streamgov_core.domain.reconcile.inventory import Executions, Inventory
from streamgov_core.model.command import MAX_CAUSE
from streamgov_core.model.errors import GrantError, RemoteError
from streamgov_core.model.findings import Finding, Tally
from streamgov_core.model.naming import Names, short_hash
from streamgov_core.model.shortened import shortened
from streamgov_core.runtime.log import log

STEP_CHARS = 90_000
"""Characters of all steps of one portion of a run; what does not fit is found again by the next run."""


@dataclass
class Work:
    """Steps for member accounts, and what each of them is for.

    Args:
        first: steps that come first: the consumer's side of a revoke, the producer's of a grant.
        second: the others.
        items: what is finished when its steps are done.
    """

    first: list[dict[str, Any]] = field(default_factory=list)
    second: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0

    def add(self, steps: Mapping[str, list[dict[str, Any]]], item: Mapping[str, Any]) -> bool:
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

    def to_message(self, trace_header: str) -> dict[str, Any]:
        """As JSON, with the trace that the steps go on with."""
        first, second = (traced_steps(steps, trace_header) for steps in (self.first, self.second))
        return {"first": first, "second": second, "work": self.items}


class Remediator:
    """Carries remediations out, and decides about differences that members found.

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
        self._revoke_requested: set[str] = set()
        self.deferred: list[Remediation] = []
        """What had no room in this portion of the run: for the next one."""

    # --- document ledgers ---------------------------------------------------------------------------------------------
    def compare(self, mismatches: Iterable[tuple[str, list[Any]]], tally: Tally, work: Work, *, dry_run: bool) -> None:
        """Decide about what member accounts hold otherwise, by what the grant ledger says now."""
        records: dict[str, dict[str, GrantRecord]] = {}
        wrong: dict[tuple[str, str, str], list[str]] = {}
        for account, (document_id, key, expected, found, state) in mismatches:
            grant_id, _, asset_id = key.partition("#")
            if grant_id not in records:
                records[grant_id] = self._ledger.of_grant(grant_id)
            kind = self._kind(records[grant_id].get(asset_id), account, document_id, expected, found, state)
            if kind:
                wrong.setdefault((kind, key, account), []).append(document_id)
        for (kind, key, account), document_ids in wrong.items():
            grant_id, _, asset_id = key.partition("#")
            text = f"{key} in {', '.join(sorted(document_ids))}"
            if kind == "UnrecordedContribution":
                tally.add(Finding(kind, key, text, "skipped", account))
                continue
            tally.add(Finding(kind, key, text, account=account))
            record = records[grant_id][asset_id]
            steps, state = grant_steps(self._names, record, [account]), str(record.state)
            if kind == "StaleContribution" and record.state == "GRANTED":
                steps, state = former_steps(self._names, record, [account]), "REVOKED"
            if not dry_run and not work.add(steps, {"kind": kind, "subject": key, "grant": state}):
                log("left to the next run", kind=kind, key=key)

    def renew(self, keys: Iterable[str]) -> None:
        """Start the renewal of granted assets whose consumers must be told anew, of each grant once."""
        for grant_id in sorted({key.partition("#")[0] for key in keys}):
            try:
                records = self._ledger.of_grant(grant_id).values()
                granted = [record for record in records if record.state == "GRANTED"]
                if not granted:
                    continue
                redrive = {"version": 1, "action": "redrive", "grantId": grant_id, "requestType": "GRANT"}
                generation = max(record.generation for record in granted)
                self._start(Remediation("DriftRemoved", "start", grant_id, "", "GRANTED", generation, redrive))
            except (GrantError, RemoteError) as error:
                log("consumer not told anew", level=logging.WARNING, grantId=grant_id, cause=str(error))

    def _kind(
        self,
        record: GrantRecord | None,
        account: str,
        document_id: str,
        expected: int | None,
        found: int | None,
        state: str,
    ) -> str | None:
        """What a mismatch is; None if the ledger has moved on, or an execution works on it."""
        if record is None or record.command is None:
            return "UnrecordedContribution" if state == "ACTIVE" else None
        if record.state == "IN_PROGRESS":
            return None
        if record.state == "GRANTED":
            if (account, document_id) not in set(document_ids_of(self._names, record.command)):
                former = {held for command in record.former for held in document_ids_of(self._names, command)}
                if (account, document_id) in former:
                    return "StaleContribution" if state == "ACTIVE" else None
                # Held where this release would not put it: no command revokes it.
                return "UnrecordedContribution"
            holds = state == "ACTIVE" and found is not None and found >= record.generation
            return None if holds else "MissingContribution"
        return "StaleContribution" if state == "ACTIVE" else None

    # --- grants -------------------------------------------------------------------------------------------------------
    def remediate(self, remediation: Remediation, tally: Tally, work: Work) -> None:
        """Do one thing, if everything still is as it was seen."""
        try:
            self._remediate(remediation, tally, work)
        except (GrantError, RemoteError) as error:
            log("remediation failed", kind=remediation.kind, grantId=remediation.grant_id, cause=str(error))
            tally.settle(remediation.kind, remediation.subject, "failed", shortened(str(error), 200))

    def _remediate(self, remediation: Remediation, tally: Tally, work: Work) -> None:
        if remediation.verb in ("end", "expire") and remediation.grant_id in self._revoke_requested:
            tally.settle(remediation.kind, remediation.subject, "repaired", "DataZone was asked to revoke the grant")
            return
        record = self._ledger.of_grant(remediation.grant_id).get(remediation.asset_id)
        mine = record is not None and record.execution == self._execution and record.desired == "REVOKE"
        status = self._status(remediation)
        if remediation.verb == "expire":
            self._expire(remediation, record, mine, status, tally, work)
        elif not mine and (
            (-1 if record is None else record.generation) != remediation.generation or status != remediation.status
        ):
            tally.settle(remediation.kind, remediation.subject, "skipped", "it has moved on since")
        elif remediation.verb == "start":
            started = self._start(remediation)
            text = "an execution was started" if started else "an execution was started for it before"
            tally.settle(remediation.kind, remediation.subject, "repaired" if started else "skipped", text)
        elif remediation.verb == "end" and not mine and self._ends_in_datazone(remediation.grant_id):
            tally.settle(remediation.kind, remediation.subject, "repaired", "DataZone was asked to revoke the grant")
        elif record is not None:
            self._revoke(remediation, record, mine, tally, work)

    def _status(self, remediation: Remediation) -> str:
        """The asset's status in DataZone now; empty if there is none, or if an expiry cannot find out."""
        try:
            grant = self._domain.grant(remediation.grant_id) or {}
        except (GrantError, RemoteError) as error:
            if remediation.verb != "expire":
                raise
            log("expires though DataZone is unreadable", grantId=remediation.grant_id, cause=str(error))
            return ""
        shown = {str(asset["assetId"]): str(asset["status"]) for asset in grant.get("assets", ())}
        return shown.get(remediation.asset_id, "")

    def _expire(
        self,
        remediation: Remediation,
        record: GrantRecord | None,
        mine: bool,
        status: str,
        tally: Tally,
        work: Work,
    ) -> None:
        """End access whose end has come: DataZone's own revoke if it starts one, and otherwise without its leave."""
        if record is None or (not mine and (record.generation, record.state) != (remediation.generation, "GRANTED")):
            tally.settle(remediation.kind, remediation.subject, "skipped", "it has moved on since")
        elif status in ("REVOKE_PENDING", "REVOKE_IN_PROGRESS"):
            tally.settle(remediation.kind, remediation.subject, "skipped", "it is being revoked")
        elif not mine and status == "GRANTED" and self._ends_in_datazone(remediation.grant_id):
            tally.settle(remediation.kind, remediation.subject, "repaired", "DataZone was asked to revoke the grant")
        else:
            self._revoke(remediation, record, mine, tally, work)

    def _ends_in_datazone(self, grant_id: str) -> bool:
        """Whether DataZone starts the revoke; what it does not do is done from the ledger."""
        try:
            if not self._inventory.end(grant_id):
                return False
        except (GrantError, RemoteError) as error:
            log("revoked from the ledger: DataZone does not", level=logging.WARNING, grantId=grant_id, cause=str(error))
            return False
        self._revoke_requested.add(grant_id)
        return True

    def _start(self, remediation: Remediation) -> bool:
        """Start an execution under a name that another run at the same time would choose as well."""
        text = json.dumps(remediation.workflow_input, sort_keys=True)
        if text not in self._started:
            hour = str(int(self._now() // 3600))
            name = f"reconcile-{short_hash(text, str(remediation.generation), remediation.status, hour, length=20)}"
            self._started[text] = self._executions.start(name, remediation.workflow_input)
        return self._started[text]

    def _revoke(self, remediation: Remediation, record: GrantRecord, mine: bool, tally: Tally, work: Work) -> None:
        """Revoke from the ledger alone: DataZone no longer knows the grant, or will not do it."""
        generation = record.generation if mine else record.next_generation
        new = replace(
            record,
            generation=generation,
            desired="REVOKE",
            state="IN_PROGRESS",
            execution=self._execution,
            updated_at=self._now(),
            audit={**record.audit, "revokeReason": remediation.kind},
            cause="",
        )
        # The steps are those of a request at this generation; while it is under way the record says so.
        steps = grant_steps(self._names, replace(new, state="REVOKED"))
        item = {
            "kind": remediation.kind,
            "subject": remediation.subject,
            "grant": "REVOKED",
            "grantId": remediation.grant_id,
            "assetId": remediation.asset_id,
            "generation": generation,
        }
        if record.command is None:
            tally.settle(remediation.kind, remediation.subject, "skipped", "nothing says what was granted")
        elif not work.room(steps):
            self.deferred.append(remediation)
        elif mine or self._ledger.begin(new, record.generation):
            work.add(steps, item)
        else:
            tally.settle(remediation.kind, remediation.subject, "skipped", "another run has just begun it")

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
                failures.setdefault(step["item"], []).append("the document ledger knows a newer request")
        for number, item in enumerate(items):
            cause = shortened("; ".join(failures.get(number, ())), MAX_CAUSE)
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
                self._domain.update_status(grant_id, asset_id, state, cause or None)
        except (GrantError, RemoteError) as error:
            log(
                "revoked from the ledger, status not updated in DataZone",
                grantId=grant_id,
                assetId=asset_id,
                cause=str(error),
            )
