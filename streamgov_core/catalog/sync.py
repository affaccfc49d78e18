"""The data source: synchronises the assets of a project with a schema registry.

One schema, unchanged, costs one GetSchema call: versions are immutable, so the number of the newest one, what else
GetSchema says, and the facts of the resource decide together whether anything can have changed (the record's
fingerprint). Records, topics and the project's assets are read by pages, in parallel to those calls. Every write can be
repeated with the same effect, so that an interrupted run is completed by the next, and two runs at a time do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict

from streamgov_core.catalog.asset_index import AssetIndex
from streamgov_core.catalog.asset_writer import AssetWriter, SyncSettings, latest
from streamgov_core.catalog.change_events import ChangePublisher, change
from streamgov_core.catalog.drafts import DRAFT_VERSION, AssetDrafts
from streamgov_core.catalog.entities import (
    Asset,
    HistoryEntry,
    SchemaDetails,
    SchemaInfo,
    SchemaVersion,
    SyncOutcome,
    SyncResult,
    digest,
)
from streamgov_core.catalog.gateways import AssetCatalog, Registry
from streamgov_core.catalog.mapping import TopicMapping
from streamgov_core.catalog.schemaless import SchemalessSync
from streamgov_core.catalog.sync_request import SyncRequest
from streamgov_core.catalog.verdicts import verdict_on
from streamgov_core.catalog.workers import Prefetcher, WorkerPool, failure, mass_retirement_refusal
from streamgov_core.model.asset_record import PARTS, AssetRecord, AssetRecordStore
from streamgov_core.model.errors import CatalogError, SchemaError, StreamgovError
from streamgov_core.model.resource import Resource
from streamgov_core.platforms.resource_source import ResourceSource

MAX_WALK_BACK = 50
"""Versions that are tried for one that is available."""
MAX_PENDING_POLLS = 5
"""How often the sync of a single schema asks again for a version that is pending."""


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
        self._sleep = sleep
        self._enough_time = enough_time
        self._writer = AssetWriter(settings, assets, records, drafts, sleep)
        self._schemaless = (
            SchemalessSync(settings, self._writer, plain_records, source, drafts) if settings.without_schema else None
        )

    def run(self, request: SyncRequest) -> SyncResult:
        """Do what a request says."""
        if request.schema is not None:
            return self.run_one(request.schema, force=request.force, revoke=request.revoke)
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
            allow_mass_retirement: retire assets whatever share of all they are.
            force: treat every schema as changed: its tags and metadata may have.
            revoke: end the subscriptions of assets whose schemas are gone.

        Returns:
            The result; ``after`` is set if the time did not suffice.

        Raises:
            CatalogError: the registry or what all resources share is not there.
        """
        result = result or SyncResult()
        result.after = None
        threads = max(3, self._settings.concurrency)
        with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(threads + PARTS + 3) as reading:
            shared = reading.submit(self._source.prepare)
            asset_type = reading.submit(lambda: self._writer.asset_type)
            parts = [reading.submit(_all_of, self._records, part) for part in range(PARTS)]
            found = reading.submit(lambda: list(self._assets.search()))
            every = sorted(set(self._registry.list_names()))
            prefetcher = Prefetcher(reading, self._fetch, [name for name in every if after is None or name > after])
            try:
                shared.result()
                asset_type.result()
                records = {record.schema_name: record for part in parts for record in part.result()}
                recorded = {record.asset_id for record in records.values()}
                index = AssetIndex(self._assets, found.result(), self._drafts, recorded)
                workers = WorkerPool(pool, self._settings.concurrency, self._enough_time, result, self._publisher)
                names, clashes = self._without_clashes(every, records)
                if after is None:
                    for name, cause in clashes.items():
                        result.fail(name, cause)
                todo = [name for name in names if after is None or name > after]
                infos: dict[str, Future[SchemaInfo | None]] = {}

                def is_unchanged(name: str) -> bool:
                    infos[name] = prefetcher.pop(name)
                    record = records.get(name)
                    return record is not None and not force and self._is_fresh(infos[name], record, index)

                def one(name: str) -> SyncOutcome:
                    info = infos.pop(name).result()
                    return self._sync(name, info, records.get(name), index, force=force, revoke=revoke)

                done = workers.each(todo, one, is_unchanged)
                if done < len(todo):
                    result.after = todo[done - 1] if done else after or ""
                    return result
            finally:
                prefetcher.stop()
            gone = sorted(set(records) - set(names) - set(clashes))
            self._retire_all(workers, gone, records, allow_mass_retirement=allow_mass_retirement, revoke=revoke)
            if self._schemaless is not None:
                covered = {record.resource_arn for name, record in records.items() if name in set(names)}
                taken = covered | self._resources_of(every)
                if not self._schemaless.run(
                    workers, taken, index, allow_mass_retirement=allow_mass_retirement, revoke=revoke
                ):
                    result.after = every[-1] if every else ""
        return result

    def _fetch(self, name: str) -> SchemaInfo | None:
        """What the check of a schema needs, asked for before its turn."""
        info = self._registry.get_schema(name)
        with suppress(StreamgovError):  # the schema's turn will come, and its failure with it
            self._source.prefetch(self._mapping(name))
        return info

    def _is_fresh(self, info: Future[SchemaInfo | None], record: AssetRecord, index: AssetIndex) -> bool:
        """Whether a schema needs no work."""
        try:
            return self._unchanged(info.result(), record) and self._writer.is_unchanged_in_index(record, index)
        except Exception:  # whatever it is, it comes again in the schema's turn, and is reported there
            return False

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

    def _retire_all(
        self,
        workers: WorkerPool,
        candidates: list[str],
        records: Mapping[str, AssetRecord],
        *,
        allow_mass_retirement: bool,
        revoke: bool,
    ) -> None:
        """Retire what has a record but was not listed, if the registry itself says that each is gone."""
        refusal = mass_retirement_refusal(
            len(candidates), len(records), self._settings.max_retire_share, "schemas are missing from the registry"
        )
        if refusal and not allow_mass_retirement:
            workers.result.fail("*", refusal)
            return

        def one(name: str) -> SyncOutcome:
            info = self._registry.get_schema(name)
            if info is not None and not info.deleting:
                return self._sync(name, info, records[name], None)
            return self._writer.retire(records[name], self._records, revoke=revoke)

        workers.each(candidates, one)

    # --- one schema --------------------------------------------------------------------------------------------------
    def run_one(self, name: str, *, force: bool = False, revoke: bool = False) -> SyncResult:
        """Sync one schema; the number of calls does not depend on the size of the registry."""
        result = SyncResult()
        try:
            self._source.prepare(one=True)
            record, info = self._records.load(name), self._registry.get_schema(name)
            outcome = self._sync(name, info, record, None, force=force, revoke=revoke, wait=True)
            result.add(name, outcome)
            if outcome.event is not None:
                self._publisher.publish([outcome.event])
        except Exception as error:  # reported like a failure in a full run
            result.fail(name, failure(name, error))
        return result

    def _sync(
        self,
        name: str,
        info: SchemaInfo | None,
        record: AssetRecord | None,
        index: AssetIndex | None,
        *,
        force: bool = False,
        revoke: bool = False,
        wait: bool = False,
    ) -> SyncOutcome:
        """Sync one schema's asset.

        Args:
            name: the schema.
            info: what the registry says of it; None if it says that there is none.
            record: what was recorded of it.
            index: the project's assets in the index; None if they were not listed.
            force: treat it as changed.
            revoke: end the subscriptions of an asset that is to go.
            wait: wait a little for a version that is pending.
        """
        if info is None or info.deleting:
            if record is None:
                return SyncOutcome("unchanged")
            if not self._registry.exists():
                raise CatalogError("the registry itself is gone: the asset is kept until a person decides")
            return self._writer.retire(record, self._records, revoke=revoke)
        live: Asset | None = None
        if record is not None and not force and self._unchanged(info, record):
            live = self._assets.get(record.asset_id)
            if live is not None and self._writer.is_unchanged(live, record):
                return SyncOutcome("unchanged")
        version, settled = self._usable_version(info, wait=wait)
        tags = self._registry.tags(info, version.number)
        plain = self._source.resource(self._mapping(name, tags))
        resource = self._source.described(plain)
        if record is not None and record.resource_arn != resource.arn:
            outcome = self._writer.retire(record, self._records, revoke=revoke)
            if outcome.verdict != "retired":
                raise CatalogError(f"its asset belongs to {record.resource_arn}, which was replaced: {outcome.cause}")
            record, live = None, None
        if record is not None and live is None:
            live = self._assets.get(record.asset_id)
        history = self._history(info, version)
        details = SchemaDetails(tags, history, verdict_on(self._registry, info, version, live, history))
        draft = self._drafts.build(resource, info, version, details)
        if live is None:
            live = self._writer.find(draft, index)
            if live is not None and record is not None and record.asset_id != live.asset_id:
                record = None
        written = self._writer.write(draft, live, record, info.created)
        indexed = index.items[written.asset_id].changed if index and written.asset_id in index.items else None
        new = AssetRecord(
            asset_id=written.asset_id,
            resource_arn=draft.external_id,
            schema_arn=info.arn,
            schema_name=info.name,
            content_hash=draft.content_hash(),
            fingerprint=self._fingerprint(info, plain) if settled else "",
            description_hash=draft.description_hash(),
            seen=latest(written.changed, indexed, record.seen if record else ""),
        )
        if new != record:
            self._records.save(new)
        if self._schemaless is not None and (record is None or written.verdict == "created"):
            self._schemaless.release(resource.name)
        if written.verdict == "unchanged":
            return SyncOutcome("unchanged")
        kind = "CREATED" if written.verdict == "created" else "REVISED"
        event = change(kind, written.asset_id, resource.arn, info, version, details, written.revision)
        return SyncOutcome(written.verdict, event=event)

    def _unchanged(self, info: SchemaInfo | None, record: AssetRecord) -> bool:
        """Whether what GetSchema and the resource say is what was recorded."""
        if info is None or info.deleting:
            return False
        resource = self._drafts.resource_name(record.resource_arn) if self._mapping.key else self._mapping(info.name)
        return record.fingerprint == self._fingerprint(info, self._source.resource(resource))

    def _fingerprint(self, info: SchemaInfo, resource: Resource) -> str:
        """A digest of all that decides an asset's content; the version's number stands for its definition."""
        return digest([DRAFT_VERSION, asdict(info), resource.arn, dict(resource.facts), self._settings.publish])

    def _usable_version(self, info: SchemaInfo, *, wait: bool) -> tuple[SchemaVersion, bool]:
        """The newest version that is available, and whether no newer one may still become so.

        Later ones may be pending, failed or deleted: registration is asynchronous (API RegisterSchemaVersion).
        UNVERIFIED[glue-latest-failed-version]: whether GetSchema's LatestSchemaVersion counts such versions.
        """
        refused = []
        settled = True
        for number in range(info.latest, max(0, info.latest - MAX_WALK_BACK), -1):
            version = self._registry.get_version(info.name, number)
            for attempt in range(MAX_PENDING_POLLS if wait and number == info.latest else 0):
                if version is None or version.status != "PENDING":
                    break
                self._sleep(0.2 * 2**attempt)
                version = self._registry.get_version(info.name, number)
            if version is not None and version.status == "AVAILABLE":
                return version, settled
            settled = settled and (version is None or version.status != "PENDING")
            refused.append(f"{number} is {version.status if version else 'deleted'}")
        raise SchemaError(f"no version of the schema is available: {', '.join(refused[:5]) or 'it has none'}")

    def _history(self, info: SchemaInfo, version: SchemaVersion) -> tuple[HistoryEntry, ...]:
        """The versions, newest first; a schema with one version needs no call for it."""
        if info.latest == 1:
            return (HistoryEntry(1, version.status, info.created),)
        return tuple(self._registry.history(info.name))


def _all_of(records: AssetRecordStore, part: int) -> list[AssetRecord]:
    return list(records.load_part(part))
