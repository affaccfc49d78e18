"""The member account's part of a reconcile: each policy document beside the target ledger, and that beside the set.

The set of grants comes from the domain account. What the target ledger holds otherwise is only answered: the domain
account looks at its own ledger again and sends an ordinary command, with its generation. What a document holds
otherwise than the target ledger is repaired here, under the document's lease. Running grants are never waited for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from typing import Any

from streamgov_core.documents.comparison import Comparable, differences
from streamgov_core.documents.policy_document import DesiredState, PolicyDocument
from streamgov_core.member.apply import AccountGateway, MemberFunction
from streamgov_core.member.document_ledger import DocumentLedger, Lease, LeaseRecord
from streamgov_core.model.clock import InvocationClock
from streamgov_core.model.command import MAX_CAUSE, Answer
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.errors import EventRefusedError, PermanentGrantError, RetryableGrantError
from streamgov_core.model.findings import Finding
from streamgov_core.model.reconcile_command import Expected, MemberResult, Mismatch, ReconcileCommand
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log

WIDTH = 6
"""Targets that are looked at side by side."""
MARGIN = 20.0
"""Seconds before the function's end in which no further target is begun."""


class _WouldWrite(Exception):
    """A policy document that cannot show its documents wants to write: they differ."""


class MemberReconcile(MemberFunction):
    """Carries reconcile commands out."""

    @staticmethod
    @cache
    def clients(region: str) -> Clients:
        """See MemberFunction.clients."""
        return Clients(region, max_pool=16)

    def run(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Look at the targets of one command, and repair their documents unless it is a dry run.

        Raises:
            RetryableGrantError: the target ledger could not be read.
        """
        try:
            command = ReconcileCommand.parse(event)
            self._check_address(command)
        except PermanentGrantError as error:
            log("reconcile command refused", level=logging.WARNING, cause=str(error))
            return Answer("REFUSED", str(error)[:MAX_CAUSE]).to_message()
        result = _Run(command, self._settings.names.sid_prefix, self._site, self._ledger, self.times(context)).run()
        details = result.to_message()
        counts = {name: details[name] for name in ("checked", "busy", "moreMismatches")}
        log("reconciled", dryRun=command.dry_run, mismatches=len(result.mismatches), **counts)
        return Answer("APPLIED", None, details).to_message()

    def _check_address(self, command: ReconcileCommand) -> None:
        settings = self._settings
        if command.domain_id != settings.domain_id or command.account != settings.account:
            raise EventRefusedError(
                f"the reconcile command is for domain {command.domain_id} and account {command.account}; this is "
                f"{settings.domain_id} and {settings.account}"
            )


class _Run:
    """One command."""

    def __init__(
        self,
        command: ReconcileCommand,
        sid_prefix: str,
        site: AccountGateway,
        ledger: DocumentLedger,
        times: InvocationClock,
    ) -> None:
        self._command = command
        self._sid_prefix = sid_prefix
        self._site = site
        self._ledger = ledger
        self._times = times
        self._result = MemberResult(command.limit)
        self._unchecked = 0
        self._lock = threading.Lock()

    def run(self) -> MemberResult:
        held = {name: items for name, items in self._ledger.everything().items() if self._command.concerns(name)}
        expected = {item.target: item for item in self._command.targets}
        with ThreadPoolExecutor(WIDTH, "targets") as pool:
            working = [
                pool.submit(self._target, name, expected.get(name), held.get(name, []))
                for name in sorted({*held, *expected})
            ]
            for future in working:
                future.result()
        if self._unchecked:
            text = f"{self._unchecked} targets were left to the next run: the function's time was up"
            self._add([Finding("Unchecked", self._command.account, text)])
        return self._result

    def _target(self, target: str, expected: Expected | None, held: list[ContributionRecord]) -> None:
        if self._times.now() > self._times.deadline - MARGIN:
            with self._lock:
                self._unchecked += 1
            return
        wanted = expected.grants if expected is not None else {}
        with self._lock:
            for mismatch in _mismatches(target, wanted, held):
                self._result.mismatch(mismatch)
        if not held:
            return  # No document was ever written for it here.
        try:
            verdict = self._verify(target, expected.platform if expected is not None else "")
        except Exception as error:
            # Whatever is wrong with one document, hand-made contents included, must not keep the others unchecked.
            log("target not checked", level=logging.ERROR, target=target, cause=repr(error))
            verdict = [Finding("Unreadable", target, f"{target} could not be checked: {error}", "failed")]
        with self._lock:
            if verdict is None:
                self._result.busy += 1
            else:
                self._result.checked += 1
        self._add(verdict or [])

    def _add(self, findings: list[Finding]) -> None:
        with self._lock:
            for finding in findings:
                self._result.tally.add(replace(finding, account=self._command.account))

    def _verify(self, target: str, platform: str) -> list[Finding] | None:
        """The findings of one target, repaired unless it is a dry run; None if somebody writes it right now."""
        if self._command.dry_run:
            before = self._ledger.head(target)
            if before.owner and before.until >= self._times.now():
                return None
            found = self._look(target, self._surface(target, platform), before, self._ledger.load(target))
            return found if self._ledger.head(target).seq == before.seq else None
        owner, now = self._times.new_id(), self._times.now()
        lease = self._ledger.acquire(target, owner, now, now + self._times.lease)
        if lease is None:
            return None
        try:
            return self._hold(target, platform, owner, lease)
        except BaseException:
            self._ledger.abandon(target, owner)
            raise

    def _hold(self, target: str, platform: str, owner: str, lease: Lease) -> list[Finding]:
        policy_document = self._surface(target, platform)
        records = self._ledger.load(target)
        found = self._look(target, policy_document, lease.head, records)
        broken = [finding for finding in found if finding.outcome == "found"]
        unplaced = _view(records, lease.head.placed).fresh
        settled = not broken and not unplaced and lease.clean
        if settled and self._ledger.commit(target, owner, lease.head.seq, lease.head.placed):
            return found
        if broken:
            log("drift found", target=target, findings=[finding.to_message() for finding in broken])
        placed, refused = self._bring(target, policy_document, owner, lease.head)
        if not broken:
            return found + _refusals(target, refused)
        after = self._look(
            target, self._surface(target, platform), LeaseRecord(placed=placed), self._ledger.load(target)
        )
        remaining = {finding.kind for finding in after if finding.outcome == "found"}
        told = [_settled(finding, remaining) if finding.outcome == "found" else finding for finding in found]
        return told + _refusals(target, refused)

    def _bring(
        self, target: str, policy_document: PolicyDocument, owner: str, head: LeaseRecord
    ) -> tuple[Mapping[str, Slot], Mapping[str, Rejection]]:
        """Write what differs, for everybody who waits as well, and give the lease back."""
        refused: dict[str, Rejection] = {}
        while True:
            records = self._ledger.load(target)
            view = _view(records, head.placed)
            written = policy_document.apply(view, partial(self._permission, head.until))
            for key, refusal in written.refused.items():
                self._ledger.refuse(target, key, view.active[key].generation, refusal)
            refused.update(written.refused)
            if self._ledger.commit(target, owner, head.seq, written.placed):
                return written.placed, refused
            following = self._ledger.progress(target, owner, head.seq, written.placed)
            if following is None:
                raise RetryableGrantError(f"the lease on {target} ended before its documents were committed")
            head = following

    def _look(
        self, target: str, policy_document: PolicyDocument, head: LeaseRecord, records: list[ContributionRecord]
    ) -> list[Finding]:
        """How the live documents differ from the ledger."""
        view = _view(records, head.placed)
        if not isinstance(policy_document, Comparable):
            return self._ask(target, policy_document, view)
        comparisons = policy_document.compare(view)
        if comparisons is None:
            if not view.active:
                return []
            text = f"{target.split('#', 1)[1]} does not exist, and {len(view.active)} granted assets name it"
            return [Finding("DeletedRole", target, text, "left")]
        return [item for part in comparisons for item in differences(target, part, self._sid_prefix)]

    def _ask(self, target: str, policy_document: PolicyDocument, view: DesiredState) -> list[Finding]:
        """A policy document that cannot show its documents: does it want to write?"""

        def refuse() -> None:
            raise _WouldWrite

        try:
            policy_document.apply(view, refuse)
        except _WouldWrite:
            return [Finding("DriftAltered", target, f"{target} is not as the ledger says")]
        return []

    def _permission(self, until: float) -> None:
        if self._times.now() > min(self._times.deadline, until) - self._times.margin:
            raise RetryableGrantError("too little time is left to write safely; the next run repairs it")

    def _surface(self, target: str, platform: str) -> PolicyDocument:
        """The target's documents; a target without a grant is asked of every platform."""
        contribution = PolicyContribution(target, ())
        refusal: EventRefusedError | None = None
        for name in [platform] if platform else PLATFORMS:
            try:
                return self._site.policy_document(name, contribution)
            except EventRefusedError as error:
                refusal = error
        raise refusal or EventRefusedError(f"no platform knows {target}")


def _view(records: list[ContributionRecord], placed: Mapping[str, Slot]) -> DesiredState:
    active = {record.key: record for record in records if record.state == "ACTIVE"}
    return DesiredState(active, placed, frozenset(active), True)


def _mismatches(target: str, wanted: Mapping[str, int], held: list[ContributionRecord]) -> list[Mismatch]:
    records = {record.key: record for record in held}
    found = []
    for key, generation in sorted(wanted.items()):
        record = records.get(key)
        if record is None:
            found.append(Mismatch(target, key, generation, None, ""))
        elif record.state != "ACTIVE" or record.generation < generation:
            found.append(Mismatch(target, key, generation, record.generation, record.state))
    found += [
        Mismatch(target, key, None, record.generation, record.state)
        for key, record in sorted(records.items())
        if record.state == "ACTIVE" and key not in wanted
    ]
    return found


def _settled(finding: Finding, remaining: set[str]) -> Finding:
    if finding.kind not in remaining:
        return Finding(finding.kind, finding.subject, finding.text, "repaired")
    text = f"the service did not take the repair (was a role deleted?): {finding.text}"
    return Finding(finding.kind, finding.subject, text, "failed")


def _refusals(target: str, refused: Mapping[str, Rejection]) -> list[Finding]:
    return [Finding("Rejected", target, f"{key}: {refusal.cause}", "failed") for key, refusal in refused.items()]
