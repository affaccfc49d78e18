"""The member account's part of a reconcile: compares ledger and documents with the grants, and repairs the documents.

The domain account sends which grants each document should contain. What the document ledger holds otherwise is only
answered: the domain account looks at its own ledger again and sends an ordinary command, with its generation. What a
live document holds otherwise than the document ledger is drift: it is repaired here, under the document's lease. A
document that a command is writing at the moment is skipped as busy.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from typing import Any

from streamgov_core.documents.comparison import Comparable, ToldToConsumers, differences
from streamgov_core.documents.policy_document import DesiredState, PolicyDocument
from streamgov_core.member.account_gateway import AccountGateway
from streamgov_core.member.connection_parameter import wanted_content
from streamgov_core.member.document_ledger import DocumentLedger, Lease, LeaseRecord
from streamgov_core.member.member_function import MemberFunction
from streamgov_core.model.clock import InvocationClock
from streamgov_core.model.command import MAX_CAUSE, Answer
from streamgov_core.model.connection_details import CONNECTION
from streamgov_core.model.contribution import PolicyContribution, document_arn
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.errors import (
    EventRefusedError,
    GrantError,
    PermanentGrantError,
    RetryableGrantError,
    WaitingGrantError,
)
from streamgov_core.model.findings import Finding
from streamgov_core.model.reconcile_command import Expected, MemberResult, Mismatch, ReconcileCommand
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log

MAX_PARALLEL = 6
"""Documents that are checked at the same time."""
STOP_SECONDS = 20.0
"""Seconds before the function's end in which no further document is begun."""


class _WouldWriteError(Exception):
    """A policy document that cannot show its policies wants to write: they differ."""


class MemberReconcile(MemberFunction):
    """Carries reconcile commands out."""

    @staticmethod
    @cache
    def clients(region: str) -> Clients:
        """See MemberFunction.clients."""
        return Clients(region, max_pool=16)

    def run(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Check the documents of one command, and repair them unless it is a dry run.

        Raises:
            RetryableGrantError: the document ledger could not be read.
        """
        try:
            command = ReconcileCommand.parse(event)
            self._check_address(command)
        except PermanentGrantError as error:
            log("reconcile command rejected", level=logging.WARNING, cause=str(error))
            return Answer("REJECTED", str(error)[:MAX_CAUSE]).to_message()
        check = DriftCheck(
            command, self._settings.names.sid_prefix, self._account, self._ledger, self.invocation_clock(context)
        )
        result = check.run()
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


class DriftCheck:
    """Checks the documents of one reconcile command.

    Args:
        command: the grants that each document should contain.
        sid_prefix: begins the Sids of our statements.
        account: makes the documents.
        ledger: the account's document ledger.
        clock: of this invocation.
    """

    def __init__(
        self,
        command: ReconcileCommand,
        sid_prefix: str,
        account: AccountGateway,
        ledger: DocumentLedger,
        clock: InvocationClock,
    ) -> None:
        self._command = command
        self._sid_prefix = sid_prefix
        self._account = account
        self._ledger = ledger
        self._clock = clock
        self._result = MemberResult(command.limit)
        self._unchecked = 0
        self._lock = threading.Lock()

    def run(self) -> MemberResult:
        """Check every document that the command or the ledger names, several at the same time."""
        held = {name: items for name, items in self._ledger.load_all().items() if self._command.concerns(name)}
        self._pass_unchanged_connections(held)
        expected = {item.document_id: item for item in self._command.documents}
        with ThreadPoolExecutor(MAX_PARALLEL, "documents") as pool:
            working = [
                pool.submit(self._check_document, name, expected.get(name), held.get(name, []))
                for name in sorted({*held, *expected})
            ]
            for future in working:
                future.result()
        if self._unchecked:
            text = f"{self._unchecked} documents were left to the next run: the function's time was up"
            self._add([Finding("Unchecked", self._command.account, text)])
        return self._result

    def _pass_unchanged_connections(self, held: dict[str, list[ContributionRecord]]) -> None:
        """Leave out parameters that say what the ledger says: many are read at once, and none needs its lease."""
        mine = {name: document_arn(name) for name in held if name.startswith(f"{CONNECTION}#")}
        try:
            live = self._account.parameters(sorted(mine.values())) if mine else {}
        except GrantError as error:
            log("connection details not compared", level=logging.WARNING, cause=str(error))
            return  # Each is then read by itself, and named if that fails, too.
        for document_id, name in mine.items():
            if live.get(name) == wanted_content(held[document_id]):
                del held[document_id]

    def _check_document(self, document_id: str, expected: Expected | None, held: list[ContributionRecord]) -> None:
        if self._clock.now() > self._clock.deadline - STOP_SECONDS:
            with self._lock:
                self._unchecked += 1
            return
        wanted = expected.grants if expected is not None else {}
        if not document_id.startswith(f"{CONNECTION}#"):
            with self._lock:
                for mismatch in _mismatches(document_id, wanted, held):
                    self._result.mismatch(mismatch)
        if not held:
            return  # Nothing was ever written to it here.
        findings: list[Finding] | None
        try:
            findings = self._findings(document_id, expected.platform if expected is not None else "")
        except WaitingGrantError:
            findings = None  # A service is still making what was repaired here: the next run looks again.
        except Exception as error:
            # Whatever is wrong with one document, hand-made contents included, must not keep the others unchecked.
            log("document not checked", level=logging.ERROR, documentId=document_id, cause=repr(error))
            findings = [Finding("Unreadable", document_id, f"{document_id} could not be checked: {error}", "failed")]
        with self._lock:
            if findings is None:
                self._result.busy += 1
            else:
                self._result.checked += 1
        self._add(findings or [])

    def _add(self, findings: list[Finding]) -> None:
        with self._lock:
            for finding in findings:
                self._result.tally.add(replace(finding, account=self._command.account))

    def _findings(self, document_id: str, platform: str) -> list[Finding] | None:
        """The findings of one document, repaired unless it is a dry run; None if a command is writing it right now.

        Raises:
            WaitingGrantError: a service is still making what the repair needs.
        """
        if self._command.dry_run:
            before = self._ledger.lease_record(document_id)
            if before.owner and before.until >= self._clock.now():
                return None
            policy_document = self._policy_document(document_id, platform)
            found = self._compare(document_id, policy_document, before.slots, self._ledger.load(document_id))
            unchanged = self._ledger.lease_record(document_id).change_count == before.change_count
            return found if unchanged else None
        owner, now = self._clock.new_id(), self._clock.now()
        lease = self._ledger.acquire(document_id, owner, now, now + self._clock.lease_seconds)
        if lease is None:
            return None
        try:
            return self._repair_as_holder(document_id, platform, owner, lease)
        except BaseException:
            self._ledger.abandon(document_id, owner)
            raise

    def _repair_as_holder(self, document_id: str, platform: str, owner: str, lease: Lease) -> list[Finding]:
        policy_document = self._policy_document(document_id, platform)
        records = self._ledger.load(document_id)
        found = self._compare(document_id, policy_document, lease.record.slots, records)
        broken = [finding for finding in found if finding.outcome == "found"]
        unwritten = _desired(records, lease.record.slots).fresh
        settled = not broken and not unwritten and lease.clean
        if settled and self._ledger.commit(document_id, owner, lease.record.change_count, lease.record.slots):
            return found
        if broken:
            findings = [finding.to_message() for finding in broken]
            log("drift found", documentId=document_id, findings=findings)
        slots, rejected = self._write(document_id, policy_document, owner, lease.record)
        rejections = _rejection_findings(document_id, rejected)
        if not broken:
            return found + rejections
        again = self._policy_document(document_id, platform)
        after = self._compare(document_id, again, slots, self._ledger.load(document_id))
        remaining = {finding.kind for finding in after if finding.outcome == "found"}
        if not remaining and isinstance(policy_document, ToldToConsumers):
            with self._lock:
                self._result.renew(sorted(_desired(records, slots).active))
        return [_after_repair(finding, remaining) for finding in found] + rejections

    def _write(
        self, document_id: str, policy_document: PolicyDocument, owner: str, lease_record: LeaseRecord
    ) -> tuple[Mapping[str, Slot], Mapping[str, Rejection]]:
        """Write what differs, for every command that waits as well, and release the lease."""
        rejected: dict[str, Rejection] = {}
        current = lease_record
        while True:
            desired = _desired(self._ledger.load(document_id), current.slots)
            result = policy_document.apply(desired, partial(self._check_lease, current.until))
            for key, rejection in result.rejected.items():
                self._ledger.reject(document_id, key, desired.active[key].generation, rejection)
            rejected.update(result.rejected)
            if self._ledger.commit(document_id, owner, current.change_count, result.slots):
                return result.slots, rejected
            following = self._ledger.checkpoint(document_id, owner, current.change_count, result.slots)
            if following is None:
                raise RetryableGrantError(f"the lease on {document_id} ended before the document was committed")
            current = following

    def _compare(
        self,
        document_id: str,
        policy_document: PolicyDocument,
        slots: Mapping[str, Slot],
        records: list[ContributionRecord],
    ) -> list[Finding]:
        """How the live document differs from the ledger."""
        desired = _desired(records, slots)
        if not isinstance(policy_document, Comparable):
            return self._compare_by_write(document_id, policy_document, desired)
        comparisons = policy_document.compare(desired)
        if comparisons is None:
            if not desired.active:
                return []
            text = f"{document_arn(document_id)} does not exist, and {len(desired.active)} granted assets name it"
            return [Finding("DeletedRole", document_id, text, "skipped")]
        return [item for part in comparisons for item in differences(document_id, part, self._sid_prefix)]

    def _compare_by_write(
        self, document_id: str, policy_document: PolicyDocument, desired: DesiredState
    ) -> list[Finding]:
        """For a document that cannot show its policies: whether it wants to write. Nothing is written."""

        def stop() -> None:
            raise _WouldWriteError

        try:
            policy_document.apply(desired, stop)
        except _WouldWriteError:
            return [Finding("DriftAltered", document_id, f"{document_id} is not as the ledger says")]
        return []

    def _check_lease(self, lease_until: float) -> None:
        if not self._clock.may_write(lease_until):
            raise RetryableGrantError("too little time is left to write safely; the next run repairs it")

    def _policy_document(self, document_id: str, platform: str) -> PolicyDocument:
        """The document; one that no expected grant names is tried with every platform."""
        contribution = PolicyContribution(document_id, ())
        unknown: EventRefusedError | None = None
        for name in [platform] if platform else PLATFORMS:
            try:
                return self._account.policy_document(name, contribution)
            except EventRefusedError as error:
                unknown = error
        raise unknown or EventRefusedError(f"no platform knows the document {document_id}")


def _desired(records: list[ContributionRecord], slots: Mapping[str, Slot]) -> DesiredState:
    active = {record.key: record for record in records if record.state == "ACTIVE"}
    return DesiredState(active, slots, frozenset(active), verify_all=True)


def _mismatches(document_id: str, wanted: Mapping[str, int], held: list[ContributionRecord]) -> list[Mismatch]:
    records = {record.key: record for record in held}
    found = []
    for key, generation in sorted(wanted.items()):
        record = records.get(key)
        if record is None:
            found.append(Mismatch(document_id, key, generation, None, ""))
        elif record.state != "ACTIVE" or record.generation < generation:
            found.append(Mismatch(document_id, key, generation, record.generation, record.state))
    found += [
        Mismatch(document_id, key, None, record.generation, record.state)
        for key, record in sorted(records.items())
        if record.state == "ACTIVE" and key not in wanted
    ]
    return found


def _after_repair(finding: Finding, remaining: set[str]) -> Finding:
    """What came of a finding, by the kinds that a second comparison still finds."""
    if finding.outcome != "found":
        return finding
    if finding.kind not in remaining:
        return replace(finding, outcome="repaired")
    text = f"the service did not take the repair (was a role deleted?): {finding.text}"
    return replace(finding, text=text, outcome="failed")


def _rejection_findings(document_id: str, rejected: Mapping[str, Rejection]) -> list[Finding]:
    return [
        Finding("Rejected", document_id, f"{key}: {rejection.cause}", "failed") for key, rejection in rejected.items()
    ]
