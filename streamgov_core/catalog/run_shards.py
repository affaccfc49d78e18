"""How a full run is divided: stages one after the other, shards of a stage side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

READ, ENDED = "read", ""
"""The stages before and behind all others."""
SCHEMAS, ENDING, TOPICS, TOPICS_ENDING = "schemas", "ending", "topics", "topicsEnding"
STAGES = (SCHEMAS, ENDING, TOPICS, TOPICS_ENDING)
"""Schemas; assets that are to end or to be replaced, once all such are counted; the same for what has no schema."""
SIDE_BY_SIDE = 4
"""Shards at a time. They share the data source's threads, and so DataZone's rate, as one function would use it."""
PER_SHARD = 250
"""Names of a shard, while there are not too many shards."""
MAX_SHARDS = 400
"""Shards of a stage: their list is part of a state, which holds 256 KiB."""
RETRIED_SHARDS = 10_000
"""Numbers of shards that do once more what has failed begin here."""
PAUSE_SECONDS = 20
"""Seconds until what has failed is tried once more: a version that was pending, or a listing, is through by then."""


@dataclass(frozen=True)
class SyncShard:
    """What one child execution works on.

    Args:
        run: the run's key in the run store.
        stage: one of STAGES.
        number: of the shard within its stage.
        round: 0, or 1 when what has failed is done once more.
        threads: names that are worked on at a time.
    """

    run: str
    stage: str
    number: int
    round: int
    threads: int

    @property
    def name(self) -> str:
        """Its key in the run store."""
        return shard_rows(self.stage, self.number)

    def to_message(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> SyncShard:
        """Read what ``to_message`` wrote."""
        return cls(**raw)


def shard_rows(stage: str, number: int) -> str:
    """Key of the names of a shard in the run store."""
    return f"{stage}#{number}"


def divided(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """Rows in portions for shards, in their order."""
    count = min(MAX_SHARDS, math.ceil(len(rows) / PER_SHARD))
    size = math.ceil(len(rows) / count) if count else 0
    return [rows[start : start + size] for start in range(0, len(rows), size)] if size else []


def shards_at_work(run: str, stage: str, numbers: Sequence[int], round_: int, concurrency: int) -> list[SyncShard]:
    """The shards of a stage, which share the threads that a data source has.

    Args:
        run: the run's key.
        stage: one of STAGES.
        numbers: of the shards.
        round_: 0, or 1 when what has failed is done once more.
        concurrency: threads of the data source.
    """
    threads = max(1, concurrency // max(1, min(SIDE_BY_SIDE, len(numbers))))
    return [SyncShard(run, stage, number, round_, threads) for number in numbers]
