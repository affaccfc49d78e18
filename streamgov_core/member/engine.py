"""Apply one intent to one target: lease, group commit, generation rule.

Whoever holds a target's lease writes for everybody who waits: it reads every record, compiles, writes, and before it
gives the lease back looks whether another change was counted meanwhile; then it writes again. A caller that does not
get the lease stores its record, counts the change, and waits until a holder has committed it, or takes the lease when
it falls free. The lease lasts longer than the function that holds it can live, and nothing is written close to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any, Literal

from streamgov_core.documents.policy_document import Surface, View, Written
from streamgov_core.member.document_ledger import Head, Lease, TargetLedger
from streamgov_core.model.clock import Times
from streamgov_core.model.contribution import Intent
from streamgov_core.model.document_record import Record, Refusal
from streamgov_core.model.errors import DocumentFullError, GrantError, RetryableGrantError, StreamgovError

Outcome = Literal["APPLIED", "SUPERSEDED"]

POLL_FIRST = 0.05
POLL_CEILING = 0.5
SERVICE = 5.0
"""Seconds that a holder writes for others after its own grant is in; then one of those who wait takes over."""


def refused_error(refusal: Refusal) -> GrantError:
    """The error of a grant that did not get into a document."""
    return RetryableGrantError(refusal.cause) if refusal.retry else DocumentFullError(refusal.cause)


class Engine:
    """Applies intents to targets.

    Args:
        ledger: the account's target ledger.
        times: clock, identities and this invocation's deadline.
        pool: runs calls side by side.
    """

    def __init__(self, ledger: TargetLedger, times: Times, pool: Executor) -> None:
        self._ledger = ledger
        self._times = times
        self._pool = pool

    def apply(
        self,
        surface: Surface,
        intent: Intent,
        key: str,
        generation: int,
        grants: bool,
        gate: Callable[[], Any] | None = None,
    ) -> Outcome:
        """Give or take what one grant contributes to one target.

        Reads run beside the lease. They count only if the head shows that nobody changed anything in between.

        Args:
            surface: the target's documents.
            intent: the target and the permissions.
            key: the grant of the asset.
            generation: of the command.
            grants: give (True) or take.
            gate: waits for checks that run beside the lease; raises if the command must not even be recorded.

        Raises:
            DocumentFullError: the document has no room.
            RetryableGrantError: contention outlasted this invocation.
        """
        target, owner, now = intent.target, self._times.new_id(), self._times.now()
        record = Record.of(key, generation, grants, intent, now)
        acquiring = self._pool.submit(self._ledger.acquire, target, owner, now, now + self._times.lease)
        loading = self._pool.submit(self._ledger.load, target)
        reading = [self._pool.submit(read) for read in surface.reads()] if surface.eager else []
        storing = self._pool.submit(self._ledger.store, target, record) if gate is None else None
        lease = acquiring.result()
        try:
            if lease is not None and not surface.eager:
                reading = [self._pool.submit(read) for read in surface.reads()]
            if storing is None:
                if gate is not None:
                    gate()
                storing = self._pool.submit(self._ledger.store, target, record)
            superseded = storing.result() == "SUPERSEDED"
            if lease is not None and not superseded:
                records = self._records(surface, target, key, lease, loading, reading)
        except BaseException:
            self._give_back(target, owner, lease)
            raise
        if superseded:
            self._give_back(target, owner, lease)
            return "SUPERSEDED"
        if lease is None:
            surface.forget()
            return self._wait(surface, target, record)
        records[key] = record
        return self._hold(surface, target, owner, lease, record, records)

    def _records(
        self,
        surface: Surface,
        target: str,
        key: str,
        lease: Lease,
        loading: Future[list[Record]],
        reading: Sequence[Future[None]],
    ) -> dict[str, Record]:
        """The target's records: those read beside the lease if they are what the lease was taken on."""
        records = {item.key: item for item in loading.result()}
        for future in reading:
            future.result()
        active = {name: item.generation for name, item in records.items() if item.state == "ACTIVE" and name != key}
        placed = {name: placement.generation for name, placement in lease.head.placed.items() if name != key}
        if lease.clean and lease.head.committed == lease.head.seq - 1 and active == placed:
            return records
        if surface.eager:
            surface.forget()
        return {item.key: item for item in self._ledger.load(target)}

    def _give_back(self, target: str, owner: str, lease: Lease | None) -> None:
        """End a lease under which nothing was written; what an earlier holder left open stays open."""
        if lease is not None and lease.clean:
            self._ledger.release(target, owner)
        elif lease is not None:
            self._ledger.abandon(target, owner)

    def _hold(
        self,
        surface: Surface,
        target: str,
        owner: str,
        lease: Lease,
        record: Record,
        records: Mapping[str, Record],
    ) -> Outcome:
        """Write as the holder until nothing waits any more, then give the lease back."""
        refused: dict[str, Refusal] = {}
        head, everything, committed = lease.head, not lease.clean, False
        begun = self._times.now()
        try:
            while True:
                written = self._round(surface, target, head, record, records, everything)
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

    def _without_lease(self, target: str, record: Record, seq: int) -> Outcome:
        """The lease is gone after a write: it ended too early, or our own commit succeeded and its answer was lost."""
        head = self._ledger.head(target)
        if head.committed < seq:
            raise RetryableGrantError(f"the lease on {target} ended before its documents were committed")
        return self._verdict(target, record, head)

    def _round(
        self,
        surface: Surface,
        target: str,
        head: Head,
        record: Record,
        records: Mapping[str, Record],
        everything: bool,
    ) -> Written:
        active = {key: item for key, item in records.items() if item.state == "ACTIVE"}
        view = View(active, head.placed, frozenset({record.key}), everything)
        written = surface.bring(view, lambda: self._permit(head.until))
        if not written.writes and surface.eager:
            # "Already there" must not rest on a read from before the lease.
            surface.forget()
            written = surface.bring(view, lambda: self._permit(head.until))
        for key, refusal in written.refused.items():
            self._ledger.refuse(target, key, records[key].generation, refusal)
        return written

    def _wait(self, surface: Surface, target: str, record: Record) -> Outcome:
        """Wait until a holder has committed our record, or become the holder."""
        head = self._ledger.announce(target)
        mine, pause = head.seq, POLL_FIRST
        while head.committed < mine:
            now = self._times.now()
            if not head.owner or head.until < now:
                owner = self._times.new_id()
                lease = self._ledger.acquire(target, owner, now, now + self._times.lease)
                if lease is not None:
                    return self._take_over(surface, target, owner, lease, record)
            if now + pause > self._times.deadline - self._times.margin:
                raise RetryableGrantError(f"another writer holds {target}; the grant is recorded and will be retried")
            self._times.sleep(pause)
            pause = min(pause * 1.5, POLL_CEILING)
            head = self._ledger.head(target)
        return self._verdict(target, record, head)

    def _take_over(self, surface: Surface, target: str, owner: str, lease: Lease, record: Record) -> Outcome:
        try:
            reading = [self._pool.submit(read) for read in surface.reads()]
            records = {item.key: item for item in self._ledger.load(target)}
            for future in reading:
                future.result()
        except BaseException:
            self._give_back(target, owner, lease)
            raise
        outcome = self._hold(surface, target, owner, lease, record, records)
        return outcome if records[record.key].generation == record.generation else "SUPERSEDED"

    def _verdict(self, target: str, record: Record, head: Head) -> Outcome:
        """What a holder made of our record."""
        placement = head.placed.get(record.key)
        if record.state == "ACTIVE" and placement is not None and placement.generation == record.generation:
            return "APPLIED"
        stored = self._ledger.find(target, record.key)
        if stored is None or stored.generation > record.generation:
            return "SUPERSEDED"
        if stored.state in ("REFUSED", "DEFERRED"):
            raise refused_error(Refusal(stored.cause, stored.state == "DEFERRED"))
        if record.state == "REMOVED" and placement is None:
            return "APPLIED"
        raise RetryableGrantError(f"{target} was committed without this grant; it will be retried")

    def _permit(self, until: float) -> None:
        now = self._times.now()
        if now > min(self._times.deadline, until) - self._times.margin:
            raise RetryableGrantError("too little time is left to write safely; the grant is recorded and is retried")
