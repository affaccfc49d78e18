"""One shard of a full run: its names, several at a time, in as many portions as it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from streamgov_core.catalog.asset_index import AssetIndex
from streamgov_core.catalog.entities import SchemaInfo
from streamgov_core.catalog.run_plan import index_of, restore
from streamgov_core.catalog.run_shards import ENDING, SCHEMAS, TOPICS, SyncShard
from streamgov_core.catalog.run_summary import MAX_TALLY, PortionSummary, positions_of, put_postponed, put_summary
from streamgov_core.catalog.schema_sync import SyncOptions
from streamgov_core.catalog.schemaless import SchemalessSync
from streamgov_core.catalog.source_parts import SourceParts
from streamgov_core.catalog.sync_request import SyncRequest
from streamgov_core.catalog.sync_result import SyncOutcome, SyncResult
from streamgov_core.catalog.workers import Prefetcher, WorkerPool
from streamgov_core.model.asset_record import AssetRecord, AssetRecordStore
from streamgov_core.runtime.run_store import RunStore


@dataclass(frozen=True)
class _Pools:
    """Threads of a portion: those that work, and those that read ahead."""

    working: ThreadPoolExecutor
    reading: ThreadPoolExecutor


class ShardWorker:
    """Works on shards.

    Args:
        parts: of the data source.
        store: where the shards' names are, and where goes what they come to.
        request: what the run is to do.
        enough_time: False when no further name should be begun.
    """

    def __init__(
        self, parts: SourceParts, store: RunStore, request: SyncRequest, enough_time: Callable[[], bool]
    ) -> None:
        self._parts = parts
        self._store = store
        self._request = request
        self._enough_time = enough_time
        allowed = request.allow_mass_retirement
        self._first = SyncOptions(request.force, request.revoke, may_replace=allowed, may_retire_others=allowed)
        self._last = SyncOptions(
            request.force, request.revoke, may_replace=True, may_retire=True, may_retire_others=allowed
        )

    def work(self, shard: SyncShard) -> PortionSummary:
        """Work on the next portion of a shard: what is left of its names, as far as the time goes.

        Where it goes on stands in the table of runs. So a shard that was interrupted is not begun anew, by whichever
        round.
        """
        before = positions_of(self._store, shard.run, shard.stage, shard.number)
        after, is_done = before[-1] if before else ("", False)
        if is_done:
            return PortionSummary(shard.number, shard.round, len(before), after, is_done)
        flags = {name: flag for name, flag in self._store.rows(shard.run, shard.name) if name > after}
        names = sorted(flags)
        result = SyncResult()
        restore(self._parts, self._store, shard.run)
        threads = shard.threads
        with ThreadPoolExecutor(threads) as working, ThreadPoolExecutor(threads) as reading:
            workers = WorkerPool(working, threads, self._enough_time, result, self._parts.publisher)
            done = self._work(shard, names, flags, workers, _Pools(working, reading)) if names else 0
        summary = PortionSummary(
            shard.number,
            shard.round,
            len(before),
            names[done - 1] if done else after,
            is_done=done == len(names),
            tally=result.to_json(MAX_TALLY),
            failed=tuple(result.failed_names),
        )
        put_postponed(self._store, shard.run, shard.stage, summary, result.postponed)
        put_summary(self._store, shard.run, shard.stage, summary)
        return summary

    def _work(
        self, shard: SyncShard, names: Sequence[str], flags: Mapping[str, bool], workers: WorkerPool, pools: _Pools
    ) -> int:
        index = index_of(self._store, shard.run)
        if shard.stage in (SCHEMAS, ENDING):
            records = _records(self._parts.records, names)
            if shard.stage == SCHEMAS:
                return self._schemas(names, flags, records, index, workers, pools)
            return workers.each(names, lambda name: self._end(name, records.get(name), index))
        schemaless = self._parts.schemaless
        assert schemaless is not None
        records = _records(self._parts.plain_records, names)
        if shard.stage == TOPICS:
            return self._topics(schemaless, names, flags, records, index, workers, pools)
        return workers.each(
            names, lambda name: self._end_topic(schemaless, name, flags[name], records.get(name), index)
        )

    def _schemas(
        self,
        names: Sequence[str],
        flags: Mapping[str, bool],
        records: Mapping[str, AssetRecord],
        index: AssetIndex,
        workers: WorkerPool,
        pools: _Pools,
    ) -> int:
        schemas = self._parts.schemas
        prefetcher = Prefetcher(pools.reading, schemas.fetch, names)
        infos: dict[str, Future[SchemaInfo | None]] = {}

        def is_unchanged(name: str) -> bool:
            infos[name] = prefetcher.pop(name)
            record = records.get(name)
            return flags[name] and record is not None and schemas.is_fresh(infos[name], record)

        def one(name: str) -> SyncOutcome:
            return schemas.sync(name, infos.pop(name).result(), records.get(name), index, self._first)

        try:
            return workers.each(names, one, is_unchanged)
        finally:
            prefetcher.stop()

    def _end(self, name: str, record: AssetRecord | None, index: AssetIndex) -> SyncOutcome:
        """Retire or replace an asset; what the registry says now decides."""
        return self._parts.schemas.sync(name, self._parts.registry.get_schema(name), record, index, self._last)

    def _topics(
        self,
        schemaless: SchemalessSync,
        names: Sequence[str],
        flags: Mapping[str, bool],
        records: Mapping[str, AssetRecord],
        index: AssetIndex,
        workers: WorkerPool,
        pools: _Pools,
    ) -> int:
        governed = Prefetcher(pools.reading, schemaless.is_governed, names)

        def is_unchanged(name: str) -> bool:
            known[name] = governed.pop(name)
            record = records.get(name)
            return flags[name] and record is not None and known[name].result() and schemaless.is_fresh(name, record)

        def one(name: str) -> SyncOutcome:
            if not known.pop(name).result():
                return SyncOutcome("unchanged")
            return schemaless.sync(
                name, records.get(name), index, may_replace=self._request.allow_mass_retirement,
                revoke=self._request.revoke,
            )  # fmt: skip

        known: dict[str, Future[bool]] = {}
        try:
            return workers.each(names, one, is_unchanged)
        finally:
            governed.stop()

    def _end_topic(
        self, schemaless: SchemalessSync, name: str, gone: bool, record: AssetRecord | None, index: AssetIndex
    ) -> SyncOutcome:
        revoke = self._request.revoke
        if gone:
            return schemaless.retire(record, revoke=revoke)
        return schemaless.sync(name, record, index, may_replace=True, revoke=revoke)


def _records(store: AssetRecordStore, names: Sequence[str]) -> dict[str, AssetRecord]:
    """What was recorded of names, which are in their order."""
    return {record.schema_name: record for record in store.load_between(names[0], names[-1])}
