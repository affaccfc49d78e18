"""How a reconcile run is divided: stages one after the other, shards of a stage side by side."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from streamgov_core.domain.reconcile.pace import CALLS_PER_SECOND, Rotation

READING, ENDED = "read", ""
"""The stages before and behind all others."""
EXPIRED, ACCOUNTS, PROJECTS, ORPHANED = "expired", "accounts", "projects", "orphaned"
STAGES = (EXPIRED, ACCOUNTS, PROJECTS, ORPHANED)
"""Ends of access come first; what seems to be gone comes last, when it is known how much that is in all."""
CONCURRENCY: Mapping[str, int] = {EXPIRED: 5, ACCOUNTS: 25, PROJECTS: 5, ORPHANED: 5}
"""Shards that run side by side: those that ask DataZone share its rate, those of accounts hardly ask it."""
MAX_SHARDS: Mapping[str, int] = {EXPIRED: 40, ACCOUNTS: 125, PROJECTS: 250}
PER_SHARD: Mapping[str, int] = {EXPIRED: 100, ACCOUNTS: 8, PROJECTS: 400}
"""Grants of a shard, and for accounts member accounts of it, while there are not too many shards."""
SAFETY_THRESHOLD_SHARE = 0.2
SAFETY_THRESHOLD_MINIMUM = 5
"""No more than this share of the granted assets (or this number) is revoked because things are gone, unless forced.

A role that lost its memberships could see nothing at all, which must not end everybody's access."""


@dataclass(frozen=True)
class Shard:
    """What one child execution works on.

    Args:
        run: the run's key in the run store.
        stage: one of STAGES.
        number: of the shard within its stage.
        rate: calls a second to DataZone.
        rotation: what is looked at in this run.
        held: why nothing is done about what it finds; empty if something is.
    """

    run: str
    stage: str
    number: int
    rate: float = CALLS_PER_SECOND
    rotation: Rotation = field(default_factory=Rotation)
    held: str = ""

    @property
    def name(self) -> str:
        """Its key in the run store."""
        return shard_name(self.stage, self.number)

    def to_message(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Shard:
        """Read what ``to_message`` wrote."""
        return cls(**{**raw, "rotation": Rotation(**raw["rotation"])})


def shard_name(kind: str, number: int) -> str:
    """Key of a shard's rows in the run store."""
    return f"{kind}#{number}"


def shard_of(key: str, count: int) -> int:
    """Which of ``count`` shards a project, grant or account belongs to."""
    return zlib.crc32(key.encode()) % count


def shard_count(stage: str, entries: int | None) -> int:
    """How many shards a stage has.

    Args:
        stage: one of MAX_SHARDS.
        entries: grants, or accounts; None if there are more than have been read so far.
    """
    if entries is None:
        return MAX_SHARDS[stage]
    return max(1, min(MAX_SHARDS[stage], math.ceil(entries / PER_SHARD[stage])))


def shards_of(run: str, stage: str, numbers: Sequence[int], rotation: Rotation, held: str = "") -> list[Shard]:
    """The shards of a stage, which share the rate that a run has."""
    side_by_side = max(1, min(len(numbers), CONCURRENCY[stage]))
    return [Shard(run, stage, number, CALLS_PER_SECOND / side_by_side, rotation, held) for number in numbers]


def held_back(orphans: int, granted: int, *, force: bool) -> str:
    """Why nothing is done about what seems to be gone, if that is suspiciously much; empty otherwise.

    Args:
        orphans: granted assets that seem to be gone.
        granted: granted assets in all.
        force: whether somebody has looked.
    """
    if force or orphans <= max(SAFETY_THRESHOLD_MINIMUM, int(granted * SAFETY_THRESHOLD_SHARE)):
        return ""
    return f"held back: {orphans} of {granted} granted assets seem to be gone; look, then run with force"
