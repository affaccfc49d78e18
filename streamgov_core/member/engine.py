"""Applies one contribution to one policy document: lease, group commit, generation rule.

The *holder* of a document's lease writes for every command that waits: it reads all records of the document, compiles,
writes, and before it releases the lease looks whether another change was counted meanwhile; then it writes again. It
writes for others for a limited time (SERVICE_SECONDS) after its own contribution is in. A command that does not get the
lease stores its record, counts the change, and waits a little until a holder has committed it, or until it can take the
lease itself; then it answers that it waits, and the member machine asks again: that wait keeps no function busy. The
lease lasts longer than the function that holds it can live, and no write begins close to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any, Literal

from streamgov_core.documents.policy_document import DesiredState, PolicyDocument, WriteResult
from streamgov_core.member.document_ledger import DocumentLedger, Lease, LeaseRecord
from streamgov_core.model.clock import InvocationClock
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, Rejection
from streamgov_core.model.errors import (
    DocumentFullError,
    GrantError,
    RetryableGrantError,
    StreamgovError,
    WaitingGrantError,
)

ApplyOutcome = Literal["APPLIED", "SUPERSEDED"]

FIRST_POLL = 0.05
"""Seconds that a waiting command lets pass before it looks at the lease again; each pause is longer than the last."""
MAX_POLL = 0.5
"""The longest pause between two looks, in seconds."""
WAIT_SECONDS = 6.0
"""How long a command waits for the lease within one invocation: a little longer than a holder writes for others."""
SERVICE_SECONDS = 5.0
"""How long a holder writes for others after its own contribution is in; then one of those who wait takes over."""


def rejection_error(rejection: Rejection) -> GrantError:
    """The error of a grant that did not get into a document."""
    return RetryableGrantError(rejection.cause) if rejection.retry else DocumentFullError(rejection.cause)


class Engine:
    """Applies contributions to policy documents.

    Args:
        ledger: the account's document ledger.
        clock: time, identities and this invocation's deadline.
        pool: runs calls in parallel.
        on_written: told the document's id and how full it is (percent) when something was written.
    """

    def __init__(
        self,
        ledger: DocumentLedger,
        clock: InvocationClock,
        pool: Executor,
        on_written: Callable[[str, float], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._pool = pool
        self._on_written = on_written

    def apply(
        self,
        policy_document: PolicyDocument,
        contribution: PolicyContribution,
        key: str,
        generation: int,
        grants: bool,
        precondition: Callable[[], Any] | None = None,
    ) -> ApplyOutcome:
        """Grant or revoke what one grant contributes to one document.

        Reads run in parallel with acquiring the lease. They count only if the lease record shows that nobody changed
        anything in between.

        Args:
            policy_document: the document.
            contribution: the document's id and the permissions.
            key: ``<grant id>#<asset id>``.
            generation: of the command.
            grants: whether the command grants (True) or revokes.
            precondition: waits for checks that run in parallel with the lease; raises if the command must not even be
                recorded.

        Raises:
            DocumentFullError: the document has no room.
            WaitingGrantError: another command is writing the document; this one is recorded.
            RetryableGrantError: trying again may help.
        """
        document_id, owner, now = contribution.document_id, self._clock.new_id(), self._clock.now()
        record = ContributionRecord.of(key, generation, grants, contribution, now)
        acquiring = self._pool.submit(self._ledger.acquire, document_id, owner, now, now + self._clock.lease_seconds)
        loading = self._pool.submit(self._ledger.load, document_id)
        early = policy_document.read_before_lease
        reading = self._start_reads(policy_document) if early else []
        storing = self._pool.submit(self._ledger.store, document_id, record) if precondition is None else None
        lease = acquiring.result()
        try:
            if lease is not None and not early:
                reading = self._start_reads(policy_document)
            if storing is None:
                if precondition is not None:
                    precondition()
                storing = self._pool.submit(self._ledger.store, document_id, record)
            superseded = storing.result() == "SUPERSEDED"
            if lease is not None and not superseded:
                records = self._current_records(policy_document, document_id, key, lease, loading, reading)
        except BaseException:
            self._return_unused(document_id, owner, lease)
            raise
        if superseded:
            self._return_unused(document_id, owner, lease)
            return "SUPERSEDED"
        if lease is None:
            policy_document.forget()
            return self._wait(policy_document, document_id, record)
        records[key] = record
        return self._write_as_holder(policy_document, document_id, owner, lease, record, records)

    def _start_reads(self, policy_document: PolicyDocument) -> list[Future[None]]:
        return [self._pool.submit(read) for read in policy_document.reads()]

    def _current_records(
        self,
        policy_document: PolicyDocument,
        document_id: str,
        key: str,
        lease: Lease,
        loading: Future[list[ContributionRecord]],
        reading: Sequence[Future[None]],
    ) -> dict[str, ContributionRecord]:
        """The document's records: those read in parallel with the lease if they are what the lease was taken on."""
        records = {item.key: item for item in loading.result()}
        for future in reading:
            future.result()
        active = {name: item.generation for name, item in records.items() if item.state == "ACTIVE" and name != key}
        written = {name: slot.generation for name, slot in lease.record.slots.items() if name != key}
        if lease.clean and lease.record.committed == lease.record.change_count - 1 and active == written:
            return records
        if policy_document.read_before_lease:
            policy_document.forget()
        return self._load(document_id)

    def _load(self, document_id: str) -> dict[str, ContributionRecord]:
        return {item.key: item for item in self._ledger.load(document_id)}

    def _return_unused(self, document_id: str, owner: str, lease: Lease | None) -> None:
        """End a lease under which nothing was written; what an earlier holder left unverified stays unverified."""
        if lease is not None and lease.clean:
            self._ledger.release(document_id, owner)
        elif lease is not None:
            self._ledger.abandon(document_id, owner)

    def _write_as_holder(
        self,
        policy_document: PolicyDocument,
        document_id: str,
        owner: str,
        lease: Lease,
        record: ContributionRecord,
        records: Mapping[str, ContributionRecord],
    ) -> ApplyOutcome:
        """Write until no change is uncommitted or the service time is over, then release the lease."""
        rejected: dict[str, Rejection] = {}
        current, verify_all, own_committed = lease.record, not lease.clean, False
        begun = self._clock.now()
        try:
            while True:
                result = self._write_once(policy_document, document_id, current, record, records, verify_all)
                rejected.update(result.rejected)
                if self._ledger.commit(document_id, owner, current.change_count, result.slots):
                    break
                following = self._ledger.checkpoint(document_id, owner, current.change_count, result.slots)
                if following is None:
                    return self._after_lost_lease(document_id, record, current.change_count)
                current, verify_all, own_committed = following, False, True
                if self._clock.now() - begun > SERVICE_SECONDS:
                    self._ledger.release(document_id, owner)  # All that was written is recorded: a clean end.
                    break
                records = self._load(document_id)
        except BaseException as error:
            self._ledger.abandon(document_id, owner)
            if not own_committed or not isinstance(error, StreamgovError):
                raise
            # Our own grant is in; whoever waits takes the lease over and meets the same error for itself.
        if record.key in rejected:
            raise rejection_error(rejected[record.key])
        return "APPLIED"

    def _after_lost_lease(self, document_id: str, record: ContributionRecord, change_count: int) -> ApplyOutcome:
        """The lease is gone after a write: it ended too early, or our own commit succeeded and its answer was lost."""
        current = self._ledger.lease_record(document_id)
        if current.committed < change_count:
            raise RetryableGrantError(f"the lease on {document_id} ended before the document was committed")
        return self._outcome_of(document_id, record, current)

    def _write_once(
        self,
        policy_document: PolicyDocument,
        document_id: str,
        lease_record: LeaseRecord,
        record: ContributionRecord,
        records: Mapping[str, ContributionRecord],
        verify_all: bool,
    ) -> WriteResult:
        active = {key: item for key, item in records.items() if item.state == "ACTIVE"}
        desired = DesiredState(active, lease_record.slots, frozenset({record.key}), verify_all)
        result = policy_document.apply(desired, lambda: self._check_lease(lease_record.until))
        if not result.writes and policy_document.read_before_lease:
            # "Already there" must not rest on a read from before the lease.
            policy_document.forget()
            result = policy_document.apply(desired, lambda: self._check_lease(lease_record.until))
        if self._on_written is not None and result.fill is not None:
            self._on_written(document_id, result.fill)
        for key, rejection in result.rejected.items():
            self._ledger.reject(document_id, key, records[key].generation, rejection)
        return result

    def _wait(self, policy_document: PolicyDocument, document_id: str, record: ContributionRecord) -> ApplyOutcome:
        """Wait a little until a holder has committed our record, or become the holder.

        Raises:
            WaitingGrantError: neither within WAIT_SECONDS.
        """
        begun = self._clock.now()
        current = self._ledger.count_change(document_id)
        if _contains(current, record):
            return "APPLIED"  # A holder has written it since the invocation before.
        own_change, pause = current.change_count, FIRST_POLL
        while current.committed < own_change:
            now = self._clock.now()
            if not current.owner or current.until < now:
                owner = self._clock.new_id()
                lease = self._ledger.acquire(document_id, owner, now, now + self._clock.lease_seconds)
                if lease is not None:
                    return self._take_over(policy_document, document_id, owner, lease, record)
            if now + pause > min(begun + WAIT_SECONDS, self._clock.deadline - self._clock.write_margin):
                raise WaitingGrantError(f"another command is writing {document_id}; this one is recorded and waits")
            self._clock.sleep(pause)
            pause = min(pause * 1.5, MAX_POLL)
            current = self._ledger.lease_record(document_id)
        return self._outcome_of(document_id, record, current)

    def _take_over(
        self, policy_document: PolicyDocument, document_id: str, owner: str, lease: Lease, record: ContributionRecord
    ) -> ApplyOutcome:
        """Become the holder after waiting."""
        try:
            reading = self._start_reads(policy_document)
            records = self._load(document_id)
            for future in reading:
                future.result()
        except BaseException:
            self._return_unused(document_id, owner, lease)
            raise
        outcome = self._write_as_holder(policy_document, document_id, owner, lease, record, records)
        return outcome if records[record.key].generation == record.generation else "SUPERSEDED"

    def _outcome_of(self, document_id: str, record: ContributionRecord, lease_record: LeaseRecord) -> ApplyOutcome:
        """What a holder made of our record."""
        if _contains(lease_record, record):
            return "APPLIED"
        slot = lease_record.slots.get(record.key)
        stored = self._ledger.find(document_id, record.key)
        if stored is None or stored.generation > record.generation:
            return "SUPERSEDED"
        if stored.state in ("REJECTED", "DEFERRED"):
            raise rejection_error(Rejection(stored.cause, stored.state == "DEFERRED"))
        if record.state == "REMOVED" and slot is None:
            return "APPLIED"
        raise RetryableGrantError(f"{document_id} was committed without this grant; it will be retried")

    def _check_lease(self, lease_until: float) -> None:
        if not self._clock.may_write(lease_until):
            raise RetryableGrantError("too little time is left to write safely; the grant is recorded and is retried")


def _contains(lease_record: LeaseRecord, record: ContributionRecord) -> bool:
    """Whether the written document holds this very record."""
    slot = lease_record.slots.get(record.key)
    return record.state == "ACTIVE" and slot is not None and slot.generation == record.generation
