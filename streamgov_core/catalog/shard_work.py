"""One shard of a full run: its names, several at a time, in as many portions as it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from streamgov_core.catalog.asset_index import AssetIndex
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

Read = TypeVar("Read")


@dataclass(frozen=True)
class _Portion:
    """What a shard has left, and who works on it.

    Args:
        names: in their order.
        flags: what the stage before found of each name.
        records: what was recorded of the names that have a record.
        index: of the project's assets.
        workers: work on names.
        reading: threads that read ahead.
    """

    names: Sequence[str]
    flags: Mapping[str, bool]
    records: Mapping[str, AssetRecord]
    index: AssetIndex
    workers: WorkerPool
    reading: ThreadPoolExecutor

    def each(self, work: Callable[[str, AssetRecord | None], SyncOutcome]) -> int:
        """Work on every name; how many were begun."""
        return self.workers.each(self.names, lambda name: work(name, self.records.get(name)))

    def each_read(
        self,
        read: Callable[[str], Read],
        is_fresh: Callable[[str, Future[Read], AssetRecord], bool],
        work: Callable[[str, Read, AssetRecord | None], SyncOutcome],
    ) -> int:
        """Work on every name with what is read of it ahead, the fresh ones excepted; how many were begun."""
        ahead = Prefetcher(self.reading, read, self.names)
        found: dict[str, Future[Read]] = {}

        def is_unchanged(name: str) -> bool:
            found[name] = ahead.pop(name)
            record = self.records.get(name)
            return self.flags[name] and record is not None and is_fresh(name, found[name], record)

        try:
            return self.workers.each(
                self.names, lambda name: work(name, found.pop(name).result(), self.records.get(name)), is_unchanged
            )
        finally:
            ahead.stop()


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
            done = self._work(shard, names, flags, workers, reading) if names else 0
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
        self,
        shard: SyncShard,
        names: Sequence[str],
        flags: Mapping[str, bool],
        workers: WorkerPool,
        reading: ThreadPoolExecutor,
    ) -> int:
        index = index_of(self._store, shard.run)
        store = self._parts.records if shard.stage in (SCHEMAS, ENDING) else self._parts.plain_records
        portion = _Portion(names, flags, _records(store, names), index, workers, reading)
        if shard.stage == SCHEMAS:
            return self._schemas(portion)
        if shard.stage == ENDING:
            return portion.each(partial(self._end, index))
        schemaless = self._parts.schemaless
        assert schemaless is not None
        if shard.stage == TOPICS:
            return self._topics(schemaless, portion)
        return portion.each(lambda name, record: self._end_topic(schemaless, name, flags[name], record, index))

    def _schemas(self, portion: _Portion) -> int:
        schemas = self._parts.schemas
        return portion.each_read(
            schemas.fetch,
            lambda name, info, record: schemas.is_fresh(info, record),
            lambda name, info, record: schemas.sync(name, info, record, portion.index, self._first),
        )

    def _end(self, index: AssetIndex, name: str, record: AssetRecord | None) -> SyncOutcome:
        """Retire or replace an asset; what the registry says now decides."""
        return self._parts.schemas.sync(name, self._parts.registry.get_schema(name), record, index, self._last)

    def _topics(self, schemaless: SchemalessSync, portion: _Portion) -> int:
        def one(name: str, is_governed: bool, record: AssetRecord | None) -> SyncOutcome:
            if not is_governed:
                return SyncOutcome("unchanged")
            return schemaless.sync(
                name, record, portion.index, may_replace=self._request.allow_mass_retirement,
                revoke=self._request.revoke,
            )  # fmt: skip

        return portion.each_read(
            schemaless.is_governed,
            lambda name, is_governed, record: is_governed.result() and schemaless.is_fresh(name, record),
            one,
        )

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
