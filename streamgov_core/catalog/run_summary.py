"""What the shards of a full run came to: a row for each portion in the table of runs, and the sum of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from streamgov_core.catalog.run_shards import STAGES
from streamgov_core.catalog.sync_result import SyncResult
from streamgov_core.runtime.run_store import RunStore

MAX_TALLY = 20_000
"""Characters of a portion's result: all of them are added up at the end of a run."""
NO_SHARD = -1
"""Number of what no shard has found, but the plan."""


@dataclass(frozen=True)
class PortionSummary:
    """What a portion of a shard came to.

    Args:
        shard: number of the shard within its stage.
        round: of the shard.
        portion: its number within the shard.
        after: the last name that was worked on: the next portion, or whoever begins the shard anew, goes on behind it.
        is_done: whether it was the shard's last portion.
        tally: its result (``SyncResult.tally``).
        failed: names that a second round does again.
    """

    shard: int
    round: int
    portion: int
    after: str
    is_done: bool
    tally: Mapping[str, Any] = field(default_factory=dict)
    failed: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """Its key within the summaries of the stage."""
        return f"{self.round}#{self.shard:06d}#{self.portion:05d}"

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> PortionSummary:
        """Read what ``put_summary`` wrote."""
        return cls(**{**raw, "failed": tuple(raw["failed"])})


def put_summary(store: RunStore, run: str, stage: str, summary: PortionSummary) -> None:
    """Write what a portion came to, and where its shard goes on."""
    store.put(run, _summaries(stage), summary.part, [asdict(summary)])
    store.put(run, _positions(stage, summary.shard), f"{summary.portion:05d}", [[summary.after, summary.is_done]])


def positions_of(store: RunStore, run: str, stage: str, shard: int) -> list[tuple[str, bool]]:
    """Of each portion of a shard the last name, and whether it was the shard's last portion."""
    return [(str(after), bool(is_done)) for after, is_done in store.rows(run, _positions(stage, shard))]


def summaries_of(store: RunStore, run: str, stage: str) -> list[PortionSummary]:
    """What the portions of a stage came to, in their order."""
    return [PortionSummary.parse(row) for row in store.rows(run, _summaries(stage))]


def put_postponed(store: RunStore, run: str, stage: str, summary: PortionSummary, names: Iterable[str]) -> None:
    """Write the names whose assets would end: they wait until all such are counted."""
    store.put(run, _postponed(stage), summary.part, list(names))


def postponed_of(store: RunStore, run: str, stage: str) -> list[str]:
    """The names that a stage has postponed, each once."""
    return sorted({str(name) for name in store.rows(run, _postponed(stage))})


def total_of(store: RunStore, run: str) -> SyncResult:
    """The sum of all portions of a run. A name that has failed and was done again counts as what it came to then."""
    total = SyncResult()
    for stage in STAGES:
        for summary in summaries_of(store, run, stage):
            result = SyncResult.from_json(summary.tally)
            if summary.round == 0 and summary.failed:
                again = set(summary.failed)
                result.counts["failed"] -= len(again)
                result.failed = [item for item in result.failed if item["schema"] not in again]
            total.merge(result)
    total.counts = +total.counts
    return total


def _summaries(stage: str) -> str:
    return f"summary#{stage}"


def _positions(stage: str, shard: int) -> str:
    return f"position#{stage}#{shard}"


def _postponed(stage: str) -> str:
    return f"postponed#{stage}"
