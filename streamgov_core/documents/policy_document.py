"""What the engine of a member account asks of a policy document, whatever service keeps it.

One document id stands for everything that is written for one resource or role: a single resource policy, or the inline
policy and the managed policies of a role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol

from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot


@dataclass(frozen=True)
class DesiredState:
    """What a policy document must contain, and what was recorded about it before.

    Args:
        active: the records that the document must contain, by key.
        slots: what the document contains, as far as it was recorded.
        examine: keys whose policy is read even if nothing of it changes.
        verify_all: read and compare every policy of the document: the last holder of the lease did not release it, or
            the document is being repaired.
    """

    active: Mapping[str, ContributionRecord]
    slots: Mapping[str, Slot]
    examine: Set[str] = frozenset()
    verify_all: bool = False

    @property
    def fresh(self) -> list[ContributionRecord]:
        """Records that the document does not contain yet, in the order in which they are admitted."""
        missing = [
            record
            for key, record in self.active.items()
            if key not in self.slots or self.slots[key].generation != record.generation
        ]
        return sorted(missing, key=lambda record: (record.at, record.key))

    @property
    def written(self) -> dict[str, ContributionRecord]:
        """Records that the document contains already, by key."""
        fresh = {record.key for record in self.fresh}
        return {key: record for key, record in self.active.items() if key not in fresh}

    def confirms(self, records: Iterable[ContributionRecord], slot: int | None = None) -> bool:
        """Whether the ledger says that a policy was last written with exactly these records.

        Reads of IAM, KMS and Kinesis are eventually consistent. A live policy that looks as it should is written all
        the same unless the ledger confirms it: the read may be from before the last write.

        Args:
            records: what the policy must contain.
            slot: which of a role's policies; None for a document of one policy.
        """
        last = {key: at.generation for key, at in self.slots.items() if slot is None or at.slot == slot}
        return last == {record.key: record.generation for record in records}


@dataclass(frozen=True)
class WriteResult:
    """What applying a desired state has done.

    Args:
        slots: what the document contains now.
        rejected: key -> why the grant did not get in.
        writes: API calls that changed something.
        fill: how full the document is by now, in percent of the characters that it may hold; None if nothing was
            written or what is written has no limit of ours.
    """

    slots: Mapping[str, Slot]
    rejected: Mapping[str, Rejection] = field(default_factory=dict)
    writes: int = 0
    fill: float | None = None


class PolicyDocument(Protocol):
    """A policy document. One instance serves one command or one check."""

    read_before_lease: bool
    """Whether reads may begin before the lease is held. False where reads are rationed: a caller that then has to
    wait, or to read again, would have wasted them."""

    def reads(self) -> Sequence[Callable[[], None]]:
        """Reads that ``apply`` needs, to be run in parallel with the ledger's; ``apply`` makes up for any not run."""

    def forget(self) -> None:
        """Drop what was read: it may be from before the lease."""

    def apply(self, desired: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """Make the document contain exactly ``desired.active``; statements that are not ours stay.

        Args:
            desired: the records, and what was written before.
            check_lease: called right before each write; raises if the lease is about to end.

        Raises:
            GrantError: nothing of the new grants was written, or a retry will finish what was begun.
        """
