"""The data source: synchronises the assets of a project with a schema registry.

One schema, unchanged, costs one GetSchema call: versions are immutable, so the number of the newest one, what else
GetSchema says, and the facts of the resource decide together whether anything can have changed (the record's
fingerprint). Records, topics and the project's assets are read by pages, in parallel to those calls. Every write can be
repeated with the same effect, so that an interrupted run is completed by the next, and two runs at a time do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from streamgov_core.catalog.asset_index import AssetIndex
from streamgov_core.catalog.asset_writer import AssetWriter, SyncSettings
from streamgov_core.catalog.change_events import ChangePublisher
from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.entities import SchemaInfo
from streamgov_core.catalog.gateways import AssetCatalog, Registry
from streamgov_core.catalog.mapping import TopicMapping
from streamgov_core.catalog.schema_sync import SchemaSync, SyncOptions
from streamgov_core.catalog.schemaless import SchemalessSync
from streamgov_core.catalog.sync_request import SyncRequest
from streamgov_core.catalog.sync_result import SyncOutcome, SyncResult
from streamgov_core.catalog.workers import Prefetcher, WorkerPool, failure, mass_retirement_refusal, settle
from streamgov_core.model.asset_record import AssetRecord, AssetRecordStore
from streamgov_core.model.errors import CatalogError, StreamgovError
from streamgov_core.platforms.resource_source import ResourceSource

READERS = 4
"""Threads that read at the start of a run: the registry's resources, the type, the records, the assets."""


class Syncer:
    """Syncs one registry with one project.

    Args:
        settings: of the data source.
        registry: the schema registry.
        assets: the project's assets.
        records: what earlier runs recorded of schemas.
        plain_records: what they recorded of topics and streams without schema.
        source: where topics or streams are looked up.
        drafts: makes the drafts of assets.
        mapping: schema to topic or stream.
        publisher: publishes changes.
        sleep: waits a number of seconds.
        enough_time: False when no further schema should be begun.
    """

    def __init__(
        self,
        settings: SyncSettings,
        *,
        registry: Registry,
        assets: AssetCatalog,
        records: AssetRecordStore,
        plain_records: AssetRecordStore,
        source: ResourceSource,
        drafts: AssetDrafts,
        mapping: TopicMapping,
        publisher: ChangePublisher,
        sleep: Callable[[float], None],
        enough_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._assets = assets
        self._records = records
        self._source = source
        self._mapping = mapping
        self._drafts = drafts
        self._publisher = publisher
        self._enough_time = enough_time
        self._writer = AssetWriter(settings, assets, records, drafts, sleep)
        self._schemaless = (
            SchemalessSync(settings, self._writer, plain_records, source, drafts) if settings.without_schema else None
        )
        self._schemas = SchemaSync(
            settings,
            registry=registry,
            records=records,
            source=source,
            mapping=mapping,
            drafts=drafts,
            writer=self._writer,
            schemaless=self._schemaless,
        )

    def run(self, request: SyncRequest) -> SyncResult:
        """Do what a request says."""
        if request.schema is not None:
            return self.run_one(
                request.schema,
                allow_mass_retirement=request.allow_mass_retirement,
                force=request.force,
                revoke=request.revoke,
            )
        return self.run_all(
            after=request.after,
            result=SyncResult.from_json(request.tally) if request.tally else None,
            allow_mass_retirement=request.allow_mass_retirement,
            force=request.force,
            revoke=request.revoke,
        )

    # --- whole registry ----------------------------------------------------------------------------------------------
    def run_all(
        self,
        *,
        after: str | None = None,
        result: SyncResult | None = None,
        allow_mass_retirement: bool = False,
        force: bool = False,
        revoke: bool = False,
    ) -> SyncResult:
        """Sync every schema of the registry.

        Args:
            after: begin with the schema after this one, where an earlier invocation of the run stopped.
            result: of the earlier invocations; this one adds to it.
            allow_mass_retirement: retire and replace assets whatever share of all they are.
            force: treat every schema as changed: its tags and metadata may have.
            revoke: end the subscriptions of assets whose schemas are gone.

        Returns:
            The result; ``after`` is set if the time did not suffice.

        Raises:
            CatalogError: the registry or what all resources share is not there.
        """
        result = result or SyncResult()
        result.after = None
        options = SyncOptions(force, revoke, may_replace=allow_mass_retirement, may_retire_others=allow_mass_retirement)
        threads = max(3, self._settings.concurrency)
        with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(threads + READERS) as reading:
            shared = reading.submit(self._source.prepare)
            asset_type = reading.submit(lambda: self._writer.asset_type)
            recorded_before = reading.submit(lambda: list(self._records.load_all()))
            found = reading.submit(lambda: list(self._assets.search()))
            every = sorted(set(self._registry.list_names()))
            prefetcher = Prefetcher(
                reading, self._schemas.fetch, [name for name in every if after is None or name > after]
            )
            try:
                shared.result()
                asset_type.result()
                records = {record.schema_name: record for record in recorded_before.result()}
                recorded = {record.asset_id for record in records.values()}
                index = AssetIndex(self._assets, found.result(), self._drafts, recorded)
                workers = WorkerPool(pool, self._settings.concurrency, self._enough_time, result, self._publisher)
                names, clashes = self._without_clashes(every, records)
                if after is None:
                    for name, cause in clashes.items():
                        result.add(name, SyncOutcome("skipped", cause))
                todo = [name for name in names if after is None or name > after]
                infos: dict[str, Future[SchemaInfo | None]] = {}

                def is_unchanged(name: str) -> bool:
                    infos[name] = prefetcher.pop(name)
                    record = records.get(name)
                    return record is not None and not force and self._schemas.is_fresh(infos[name], record, index)

                def one(name: str) -> SyncOutcome:
                    return self._schemas.sync(name, infos.pop(name).result(), records.get(name), index, options)

                done = workers.each(todo, one, is_unchanged)
                if done < len(todo):
                    result.after = todo[done - 1] if done else after or ""
                    return result
            finally:
                prefetcher.stop()
            gone = sorted(set(records) - set(names) - set(clashes))
            self._end_all(workers, gone, records, index, options)
            if self._schemaless is not None:
                covered = {record.resource_arn for name, record in records.items() if name in set(names)}
                taken = covered | self._resources_of(every)
                if not self._schemaless.run(
                    workers, taken, index, allow_mass_retirement=allow_mass_retirement, revoke=revoke
                ):
                    result.after = every[-1] if every else ""
        return result

    def _resources_of(self, names: Iterable[str]) -> set[str]:
        """ARNs of the topics or streams that the names of schemas lead to."""
        found = set()
        for name in names:
            try:
                found.add(self._source.resource(self._mapping(name)).arn)
            except StreamgovError:
                continue  # it has failed in its turn
        return found

    def _without_clashes(
        self, names: Iterable[str], records: Mapping[str, AssetRecord]
    ) -> tuple[list[str], dict[str, str]]:
        """Leave out schemas that map to one resource; the one that was recorded first keeps it."""
        if self._mapping.key:
            return list(names), {}  # the schemas' metadata decides, which is read in their turn
        by_resource: dict[str, list[str]] = {}
        unmapped = []
        for name in names:
            try:
                by_resource.setdefault(self._mapping(name), []).append(name)
            except CatalogError:
                unmapped.append(name)  # fails again, and is counted, when it is synced
        clashes: dict[str, str] = {}
        kept = list(unmapped)
        for resource, claimants in by_resource.items():
            holders = [name for name in claimants if name in records] if len(claimants) > 1 else claimants
            if len(holders) == 1:
                kept += holders
            for name in claimants:
                if [name] != holders:
                    others = ", ".join(other for other in claimants if other != name)
                    clashes[name] = f"more than one schema maps to {resource!r}: {others} too"
        return sorted(kept), clashes

    def _end_all(
        self,
        workers: WorkerPool,
        gone: list[str],
        records: Mapping[str, AssetRecord],
        index: AssetIndex,
        options: SyncOptions,
    ) -> None:
        """End the assets that are to be retired or replaced, unless they are suspiciously many together.

        An asset is retired if the registry itself says that its schema is gone; it is replaced if the schema has come
        to mean another topic or stream.
        """
        result = workers.result
        postponed, result.postponed = result.postponed, []
        moved = result.counts.pop("postponed", 0)
        refusal = mass_retirement_refusal(
            len(gone) + moved,
            len(records),
            self._settings.max_retire_share,
            f"assets would end: {len(gone)} schemas are missing from the registry, {moved} mean another topic or "
            "stream than before",
        )
        if refusal and not options.may_replace:
            result.fail("*", refusal)
            return
        now = replace(options, may_replace=True)

        def one(name: str) -> SyncOutcome:
            return self._schemas.sync(name, self._registry.get_schema(name), records[name], index, now)

        moved_still = [name for name in postponed if name in records and name not in set(gone)]
        workers.each([*gone, *moved_still], one)

    # --- one schema --------------------------------------------------------------------------------------------------
    def run_one(
        self, name: str, *, allow_mass_retirement: bool = False, force: bool = False, revoke: bool = False
    ) -> SyncResult:
        """Sync one schema; the number of calls does not depend on the size of the registry.

        What would replace its asset is left to a full run, which knows how many such there are.
        """
        result = SyncResult()
        options = SyncOptions(
            force, revoke, wait=True, may_replace=allow_mass_retirement, may_retire_others=allow_mass_retirement
        )
        try:
            self._source.prepare(one=True)
        except Exception as error:  # reported like a failure in a full run
            result.fail(name, failure(name, error))
            return result
        try:
            record, info = self._records.load(name), self._registry.get_schema(name)
            outcome = self._schemas.sync(name, info, record, None, options)
        except Exception as error:  # as above
            settle(result, name, error)
            return result
        if outcome.verdict == "postponed":
            outcome = SyncOutcome("kept", outcome.cause)
        result.add(name, outcome)
        if outcome.event is not None:
            try:
                self._publisher.publish([outcome.event])
            except Exception as error:  # as above
                result.fail(name, failure(name, error))
        return result
