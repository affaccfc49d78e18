"""The phases of a full run, which the data source's state machine calls: ``stage`` and ``shard``."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from streamgov_core.catalog.run_journal import RunEnded, RunJournal, RunUnderWay
from streamgov_core.catalog.run_plan import RunPlanner, RunState
from streamgov_core.catalog.run_shards import ENDED, READ, SyncShard
from streamgov_core.catalog.run_summary import total_of
from streamgov_core.catalog.shard_work import ShardWorker
from streamgov_core.catalog.source_parts import SourceParts
from streamgov_core.catalog.sync_request import parse_run
from streamgov_core.catalog.sync_result import SyncResult
from streamgov_core.model.errors import CatalogError, SyncFailedError
from streamgov_core.model.naming import short_hash
from streamgov_core.runtime.log import log
from streamgov_core.runtime.metrics import FunctionMetrics
from streamgov_core.runtime.run_store import RunStore

FUNCTION = "sync"
"""The function's short name, a dimension of its metrics."""
HEARTBEAT = "SyncRuns"
"""The metric of full runs that came to their end; an alarm goes off when it stays away."""
MAX_ERROR = 8_000
"""Characters of the error of a run: a cause and a function's error travel in headers, which have limits."""


class FullRun:
    """A full run, as far as the function does it.

    Args:
        parts: of the data source.
        store: what the shards work on.
        journal: notes on the data source's runs.
        source: the data source's name, ``sync-msk`` for example: a dimension of the heartbeat.
        metrics: of the function.
        enough_time: False when a shard should begin no further name.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        parts: SourceParts,
        store: RunStore,
        journal: RunJournal,
        source: str,
        metrics: FunctionMetrics,
        enough_time: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._parts = parts
        self._store = store
        self._journal = journal
        self._source = source
        self._metrics = metrics
        self._enough_time = enough_time
        self._now = now

    def phase(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Carry one phase out.

        Args:
            event: ``{"phase": "stage", "input": …, "execution": …, "at": …}`` or ``{"phase": "shard", "input": …,
                "shard": …}``.

        Raises:
            CatalogError: the event is none of these, or the registry or what all resources share is not there.
            SyncFailedError: the run has come to its end, and some schemas have failed.
        """
        if event["phase"] == "stage":
            return self._stage(event["input"], str(event["execution"]), event["at"])
        if event["phase"] == "shard":
            return self._shard(event["input"], SyncShard.parse(event["shard"]))
        raise CatalogError(f"a full run has the phases stage and shard, got {event['phase']!r}")

    def _stage(self, raw: Any, execution: str, at: Mapping[str, Any]) -> dict[str, Any]:
        """Go on to the next stage."""
        request = parse_run(raw)
        state = RunState.parse(at, short_hash(execution, length=20))
        last = self._journal.last()
        if last is not None and last.execution == execution and last.attempt == state.attempt and state.stage != READ:
            # Redriven after its end: what has failed is looked at again, and the rest is found unchanged.
            attempt = state.attempt + 1
            state = RunState(short_hash(execution, str(attempt), length=20), attempt)
        underway = RunUnderWay(execution, int(self._now()), state.key)
        if state.stage == READ:
            other = self._journal.claim(underway)
            if other is not None:
                return self._coalesced(execution, other)
        else:
            known = self._journal.current()
            underway = known if known is not None and known.execution == execution else underway
        following = RunPlanner(self._parts, self._store, request).advance(state)
        message = following.to_message(self._parts.settings.concurrency)
        shards = len(following.shards)
        log("catalogue run", execution=execution, stage=following.stage, round=following.round, shards=shards)
        if following.stage != ENDED:
            self._journal.note(replace(underway, key=following.key, stage=following.stage, shards=shards))
            return message
        message["result"] = self._ended(underway, following)
        return message

    def _coalesced(self, execution: str, other: RunUnderWay) -> dict[str, Any]:
        """Another run goes on, which looks at everything as well."""
        said = (
            f"another full run of this data source is under way ({other.execution}): this one ends, since one runs at "
            "a time; start it again when that one has ended"
        )
        log("catalogue run coalesced", execution=execution, other=other.execution)
        message = RunState("", stage=ENDED).to_message(1)
        message["result"] = {"version": 1, "coalesced": other.execution, "said": said}
        return message

    def _ended(self, underway: RunUnderWay, state: RunState) -> dict[str, Any]:
        """Say what came of the run: log, metrics, journal, and the alarm if something has failed."""
        total = total_of(self._store, state.key)
        report = total.to_json()
        self._metrics.put({HEARTBEAT: 1}, Source=self._source)
        count_assets(self._metrics, total)
        self._journal.end(
            RunEnded(underway.execution, state.attempt, underway.since, int(self._now()), total.to_json(MAX_ERROR))
        )
        if total.failures:
            log("catalogue synced", level=logging.ERROR, execution=underway.execution, **report)
            raise SyncFailedError(failures_first(total))
        log("catalogue synced", execution=underway.execution, **report)
        return {"version": 1, **report}

    def _shard(self, raw: Any, shard: SyncShard) -> dict[str, Any]:
        """Work on a portion of a shard."""
        summary = ShardWorker(self._parts, self._store, parse_run(raw), self._enough_time).work(shard)
        log("catalogue shard", run=shard.run, shard=shard.name, round=shard.round, after=summary.after,
            done=summary.is_done, counts=summary.tally.get("counts", {}))  # fmt: skip
        return {"version": 1, "done": summary.is_done}


def failures_first(result: SyncResult) -> str:
    """A result as the text of an error: what has failed is not cut off."""
    brief = result.to_json(MAX_ERROR)
    first = {"counts": brief.pop("counts"), "failed": brief.pop("failed")}
    return json.dumps({**first, **brief})


def count_assets(metrics: FunctionMetrics, result: SyncResult) -> None:
    """Emit the metrics of what a full run, or the sync of one schema, has done."""
    counts = result.counts
    metrics.put(
        {
            "AssetsCreated": counts["created"],
            "AssetsRevised": counts["revised"],
            "AssetsRetired": counts["retired"],
            "AssetsFailed": counts["failed"],
        }
    )
    # A metric costs by the month as soon as it has a value.
    if counts["replaced"]:
        metrics.put({"AssetsReplaced": counts["replaced"]})
    if counts["skipped"]:
        metrics.put({"SchemasSkipped": counts["skipped"]})
