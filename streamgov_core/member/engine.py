"""Apply one contribution to one target: lease, group commit, generation rule.

Whoever holds a target's lease writes for everybody who waits: it reads every record, compiles, writes, and before it
gives the lease back looks whether another change was counted meanwhile; then it writes again. A caller that does not
get the lease stores its record, counts the change, and waits until a holder has committed it, or takes the lease when
it falls free. The lease lasts longer than the function that holds it can live, and nothing is written close to its end.
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
from streamgov_core.model.errors import DocumentFullError, GrantError, RetryableGrantError, StreamgovError

ApplyOutcome = Literal["APPLIED", "SUPERSEDED"]

POLL_FIRST = 0.05
POLL_CEILING = 0.5
SERVICE = 5.0
"""Seconds that a holder writes for others after its own grant is in; then one of those who wait takes over."""


def refused_error(refusal: Rejection) -> GrantError:
    """The error of a grant that did not get into a document."""
    return RetryableGrantError(refusal.cause) if refusal.retry else DocumentFullError(refusal.cause)


class Engine:
    """Applies contributions to targets.

    Args:
        ledger: the account's target ledger.
        times: clock, identities and this invocation's deadline.
        pool: runs calls side by side.
    """

    def __init__(self, ledger: DocumentLedger, times: InvocationClock, pool: Executor) -> None:
        self._ledger = ledger
        self._times = times
        self._pool = pool

    def apply(
        self,
        policy_document: PolicyDocument,
        contribution: PolicyContribution,
        key: str,
        generation: int,
        grants: bool,
        gate: Callable[[], Any] | None = None,
    ) -> ApplyOutcome:
        """Give or take what one grant contributes to one target.

        Reads run beside the lease. They count only if the head shows that nobody changed anything in between.

        Args:
            policy_document: the target's documents.
            contribution: the target and the permissions.
            key: the grant of the asset.
            generation: of the command.
            grants: give (True) or take.
            gate: waits for checks that run beside the lease; raises if the command must not even be recorded.

        Raises:
            DocumentFullError: the document has no room.
            RetryableGrantError: contention outlasted this invocation.
        """
        target, owner, now = contribution.target, self._times.new_id(), self._times.now()
        record = ContributionRecord.of(key, generation, grants, contribution, now)
        acquiring = self._pool.submit(self._ledger.acquire, target, owner, now, now + self._times.lease)
        loading = self._pool.submit(self._ledger.load, target)
        reading = [self._pool.submit(read) for read in policy_document.reads()] if policy_document.eager else []
        storing = self._pool.submit(self._ledger.store, target, record) if gate is None else None
        lease = acquiring.result()
        try:
            if lease is not None and not policy_document.eager:
                reading = [self._pool.submit(read) for read in policy_document.reads()]
            if storing is None:
                if gate is not None:
                    gate()
                storing = self._pool.submit(self._ledger.store, target, record)
            superseded = storing.result() == "SUPERSEDED"
            if lease is not None and not superseded:
                records = self._records(policy_document, target, key, lease, loading, reading)
        except BaseException:
            self._give_back(target, owner, lease)
            raise
        if superseded:
            self._give_back(target, owner, lease)
            return "SUPERSEDED"
        if lease is None:
            policy_document.forget()
            return self._wait(policy_document, target, record)
        records[key] = record
        return self._hold(policy_document, target, owner, lease, record, records)

    def _records(
        self,
        policy_document: PolicyDocument,
        target: str,
        key: str,
        lease: Lease,
        loading: Future[list[ContributionRecord]],
        reading: Sequence[Future[None]],
    ) -> dict[str, ContributionRecord]:
        """The target's records: those read beside the lease if they are what the lease was taken on."""
        records = {item.key: item for item in loading.result()}
        for future in reading:
            future.result()
        active = {name: item.generation for name, item in records.items() if item.state == "ACTIVE" and name != key}
        placed = {name: placement.generation for name, placement in lease.head.placed.items() if name != key}
        if lease.clean and lease.head.committed == lease.head.seq - 1 and active == placed:
            return records
        if policy_document.eager:
            policy_document.forget()
        return {item.key: item for item in self._ledger.load(target)}

    def _give_back(self, target: str, owner: str, lease: Lease | None) -> None:
        """End a lease under which nothing was written; what an earlier holder left open stays open."""
        if lease is not None and lease.clean:
            self._ledger.release(target, owner)
        elif lease is not None:
            self._ledger.abandon(target, owner)

    def _hold(
        self,
        policy_document: PolicyDocument,
        target: str,
        owner: str,
        lease: Lease,
        record: ContributionRecord,
        records: Mapping[str, ContributionRecord],
    ) -> ApplyOutcome:
        """Write as the holder until nothing waits any more, then give the lease back."""
        refused: dict[str, Rejection] = {}
        head, everything, committed = lease.head, not lease.clean, False
        begun = self._times.now()
        try:
            while True:
                written = self._round(policy_document, target, head, record, records, everything)
                refused.update(written.refused)
                if self._ledger.commit(target, owner, head.seq, written.placed):
                    break
                following = self._ledger.progress(target, owner, head.seq, written.placed)
                if following is None:
                    return self._without_lease(target, record, head.seq)
                head, everything, committed = following, False, True
                if self._times.now() - begun > SERVICE:
                    self._ledger.release(target, owner)  # All that was written is recorded: a clean end.
                    break
                records = {item.key: item for item in self._ledger.load(target)}
        except BaseException as error:
            self._ledger.abandon(target, owner)
            if not committed or not isinstance(error, StreamgovError):
                raise
            # Our own grant is in; whoever waits takes the lease over and meets the same error for itself.
        if record.key in refused:
            raise refused_error(refused[record.key])
        return "APPLIED"

    def _without_lease(self, target: str, record: ContributionRecord, seq: int) -> ApplyOutcome:
        """The lease is gone after a write: it ended too early, or our own commit succeeded and its answer was lost."""
        head = self._ledger.head(target)
        if head.committed < seq:
            raise RetryableGrantError(f"the lease on {target} ended before its documents were committed")
        return self._verdict(target, record, head)

    def _round(
        self,
        policy_document: PolicyDocument,
        target: str,
        head: LeaseRecord,
        record: ContributionRecord,
        records: Mapping[str, ContributionRecord],
        everything: bool,
    ) -> WriteResult:
        active = {key: item for key, item in records.items() if item.state == "ACTIVE"}
        view = DesiredState(active, head.placed, frozenset({record.key}), everything)
        written = policy_document.apply(view, lambda: self._permission(head.until))
        if not written.writes and policy_document.eager:
            # "Already there" must not rest on a read from before the lease.
            policy_document.forget()
            written = policy_document.apply(view, lambda: self._permission(head.until))
        for key, refusal in written.refused.items():
            self._ledger.refuse(target, key, records[key].generation, refusal)
        return written

    def _wait(self, policy_document: PolicyDocument, target: str, record: ContributionRecord) -> ApplyOutcome:
        """Wait until a holder has committed our record, or become the holder."""
        head = self._ledger.announce(target)
        mine, pause = head.seq, POLL_FIRST
        while head.committed < mine:
            now = self._times.now()
            if not head.owner or head.until < now:
                owner = self._times.new_id()
                lease = self._ledger.acquire(target, owner, now, now + self._times.lease)
                if lease is not None:
                    return self._take_over(policy_document, target, owner, lease, record)
            if now + pause > self._times.deadline - self._times.margin:
                raise RetryableGrantError(f"another writer holds {target}; the grant is recorded and will be retried")
            self._times.sleep(pause)
            pause = min(pause * 1.5, POLL_CEILING)
            head = self._ledger.head(target)
        return self._verdict(target, record, head)

    def _take_over(
        self, policy_document: PolicyDocument, target: str, owner: str, lease: Lease, record: ContributionRecord
    ) -> ApplyOutcome:
        try:
            reading = [self._pool.submit(read) for read in policy_document.reads()]
            records = {item.key: item for item in self._ledger.load(target)}
            for future in reading:
                future.result()
        except BaseException:
            self._give_back(target, owner, lease)
            raise
        outcome = self._hold(policy_document, target, owner, lease, record, records)
        return outcome if records[record.key].generation == record.generation else "SUPERSEDED"

    def _verdict(self, target: str, record: ContributionRecord, head: LeaseRecord) -> ApplyOutcome:
        """What a holder made of our record."""
        placement = head.placed.get(record.key)
        if record.state == "ACTIVE" and placement is not None and placement.generation == record.generation:
            return "APPLIED"
        stored = self._ledger.find(target, record.key)
        if stored is None or stored.generation > record.generation:
            return "SUPERSEDED"
        if stored.state in ("REFUSED", "DEFERRED"):
            raise refused_error(Rejection(stored.cause, stored.state == "DEFERRED"))
        if record.state == "REMOVED" and placement is None:
            return "APPLIED"
        raise RetryableGrantError(f"{target} was committed without this grant; it will be retried")

    def _permission(self, until: float) -> None:
        now = self._times.now()
        if now > min(self._times.deadline, until) - self._times.margin:
            raise RetryableGrantError("too little time is left to write safely; the grant is recorded and is retried")
