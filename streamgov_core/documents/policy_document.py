"""The policy documents of one target, as the engine sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol

from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot


@dataclass(frozen=True)
class DesiredState:
    """What a policy document is to bring about.

    Args:
        active: the records that the documents shall contain, by key.
        placed: what the documents contain, as far as was recorded.
        examine: keys whose document is to be read even if nothing of it changes.
        everything: read every document of the target (after a holder that did not release, and to repair).
    """

    active: Mapping[str, ContributionRecord]
    placed: Mapping[str, Slot]
    examine: Set[str] = frozenset()
    everything: bool = False

    @property
    def fresh(self) -> list[ContributionRecord]:
        """Records that the documents do not contain yet, in the order in which they are admitted."""
        missing = [
            record
            for key, record in self.active.items()
            if key not in self.placed or self.placed[key].generation != record.generation
        ]
        return sorted(missing, key=lambda record: (record.at, record.key))


@dataclass(frozen=True)
class WriteResult:
    """What a policy document has done.

    Args:
        placed: what the documents contain now.
        refused: key -> why it did not get in.
        writes: API calls that changed something.
    """

    placed: Mapping[str, Slot]
    refused: Mapping[str, Rejection] = field(default_factory=dict)
    writes: int = 0


class PolicyDocument(Protocol):
    """The policy documents of one target. One instance serves one application."""

    eager: bool
    """Whether reads may begin before the lease is held. Not where reads are rationed: whoever then has to wait, or to
    read again, has wasted them."""

    def reads(self) -> Sequence[Callable[[], None]]:
        """Reads that ``apply`` needs, to be run side by side with the ledger's; ``apply`` makes up for any not run."""

    def forget(self) -> None:
        """Drop what was read: it may be from before the lease."""

    def apply(self, view: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """Make the documents contain exactly ``view.active``, foreign statements aside.

        ``permit_write`` is called right before each write and raises if the lease is about to end.

        Raises:
            GrantError: nothing of the new grants was written, or a retry will finish what was begun.
        """
