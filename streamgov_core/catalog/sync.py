"""The data source: brings the assets of a project in step with a schema registry.

One schema, unchanged, costs one GetSchema call: versions are immutable, so the number of the newest one, what else
GetSchema says, and the facts of the resource decide together whether anything can have changed (the record's mark).
Records, topics and the project's assets are read by pages, beside those calls. Everything that is written can be
written again with the same effect, so that a run which died is finished by the next, and two runs at a time do no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict

from streamgov_core.catalog.asset_writer import Keeper, Settings, Shelf, latest
from streamgov_core.catalog.change_events import Announcer, change
from streamgov_core.catalog.drafts import LAYOUT
from streamgov_core.catalog.events import SyncRequest
from streamgov_core.catalog.gateways import AssetCatalog, Registry, Source
from streamgov_core.catalog.mapping import TopicMapping
from streamgov_core.catalog.model import (
    Asset,
    HistoryEntry,
    SchemaDetails,
    SchemaInfo,
    SchemaVersion,
    SyncOutcome,
    SyncResult,
    digest,
)
from streamgov_core.catalog.schemaless import Topics
from streamgov_core.catalog.workers import Ahead, Crew, failure, too_many
from streamgov_core.model.asset_record import PARTS, AssetRecord, AssetRecordStore
from streamgov_core.model.errors import CatalogError, SchemaError, StreamgovError
from streamgov_core.model.resource import Resource
from streamgov_core.schemas.compatibility import Verdict, compare

__all__ = ["Settings", "Syncer"]

_log = logging.getLogger(__name__)

MAX_WALK_BACK = 50
"""Versions that are looked at for one that is available."""
WAITS = 5
"""How often a single sync asks again for a version that is pending."""


class Syncer:
    """Syncs one registry with one project.

    Args:
        settings: how to work.
        registry: the schema registry.
        assets: the project's assets.
        records: what earlier runs recorded of schemas.
        plain_records: what they recorded of topics and streams without schema.
        source: where topics or streams are looked up.
        mapping: schema to topic or stream.
        announcer: where changes are told.
        sleep: waits a number of seconds.
        enough_time: False when no further schema should be begun.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry,
        assets: AssetCatalog,
        records: AssetRecordStore,
        plain_records: AssetRecordStore,
        source: Source,
        mapping: TopicMapping,
        announcer: Announcer,
        sleep: Callable[[float], None],
        enough_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._assets = assets
        self._records = records
        self._source = source
        self._mapping = mapping
        self._announcer = announcer
        self._sleep = sleep
        self._enough_time = enough_time
        self._keeper = Keeper(settings, assets, records, source, sleep)
        self._topics = Topics(settings, self._keeper, plain_records, source) if settings.without_schema else None

    def run(self, order: SyncRequest) -> SyncResult:
        """Do what an order says."""
        if order.schema is not None:
            return self.run_one(order.schema, deep=order.deep, revoke=order.revoke)
        return self.run_all(
            after=order.after,
            result=SyncResult.from_json(order.tally) if order.tally else None,
            retire_any=order.retire_any,
            deep=order.deep,
            revoke=order.revoke,
        )

    # --- whole registry ----------------------------------------------------------------------------------------------
    def run_all(
        self,
        *,
        after: str | None = None,
        result: SyncResult | None = None,
        retire_any: bool = False,
        deep: bool = False,
        revoke: bool = False,
    ) -> SyncResult:
        """Sync every schema of the registry.

        Args:
            after: begin with the schema after this one, where an earlier leg of the run stopped.
            result: what the earlier legs did; this one adds to it.
            retire_any: a person said that any share of the assets may be retired.
            deep: look at every schema as if it had changed: its tags and metadata may have.
            revoke: end the subscriptions of assets whose schemas are gone.

        Returns:
            The result; ``after`` is set if the time did not suffice.

        Raises:
            CatalogError: the registry or what all resources share is not there.
        """
        result = result or SyncResult()
        result.after = None
        workers = max(3, self._settings.concurrency)
        with ThreadPoolExecutor(workers) as pool, ThreadPoolExecutor(workers + PARTS + 3) as reading:
            shared = reading.submit(self._source.prepare)
            kind = reading.submit(lambda: self._keeper.kind)
            parts = [reading.submit(_all_of, self._records, part) for part in range(PARTS)]
            found = reading.submit(lambda: list(self._assets.search()))
            every = sorted(set(self._registry.list_names()))
            ahead = Ahead(reading, self._fetch, [name for name in every if after is None or name > after])
            try:
                shared.result()
                kind.result()
                records = {record.schema_name: record for part in parts for record in part.result()}
                recorded = {record.asset_id for record in records.values()}
                shelf = Shelf(self._assets, found.result(), self._source, recorded)
                crew = Crew(pool, self._settings.concurrency, self._enough_time, result, self._announcer)
                names, clashes = self._without_clashes(every, records)
                if after is None:
                    for name, cause in clashes.items():
                        result.fail(name, cause)
                todo = [name for name in names if after is None or name > after]
                infos: dict[str, Future[SchemaInfo | None]] = {}

                def glance(name: str) -> bool:
                    infos[name] = ahead.pop(name)
                    record = records.get(name)
                    return record is not None and not deep and self._fresh(infos[name], record, shelf)

                def one(name: str) -> SyncOutcome:
                    return self._sync(
                        name, infos.pop(name).result(), records.get(name), shelf, deep=deep, revoke=revoke
                    )

                done = crew.each(todo, one, glance)
                if done < len(todo):
                    result.after = todo[done - 1] if done else after or ""
                    return result
            finally:
                ahead.stop()
            gone = sorted(set(records) - set(names) - set(clashes))
            self._retire_all(crew, gone, records, retire_any=retire_any, revoke=revoke)
            if self._topics is not None:
                covered = {record.resource_arn for name, record in records.items() if name in set(names)}
                taken = covered | self._resources_of(every)
                if not self._topics.run(crew, taken, shelf, retire_any=retire_any, revoke=revoke):
                    result.after = every[-1] if every else ""
        return result

    def _fetch(self, name: str) -> SchemaInfo | None:
        """What a look at a schema needs, asked for before its turn."""
        info = self._registry.get_schema(name)
        with suppress(StreamgovError):  # the schema's turn will come, and its failure with it
            self._source.warm(self._mapping(name))
        return info

    def _fresh(self, info: Future[SchemaInfo | None], record: AssetRecord, shelf: Shelf) -> bool:
        """Whether a schema needs no look."""
        try:
            return self._unchanged(info.result(), record) and self._keeper.settled(record, shelf)
        except Exception:  # whatever it is, it comes again in the schema's turn, and is reported there
            return False

    def _resources_of(self, names: Iterable[str]) -> set[str]:
        """ARNs of the topics or streams that schemas tell by their names."""
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
        """Set schemas aside that map to one resource; one that was recorded first keeps it."""
        if self._mapping.key:
            return list(names), {}  # what the schemas' metadata says is seen in their turn
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
        self, crew: Crew, candidates: list[str], records: Mapping[str, AssetRecord], *, retire_any: bool, revoke: bool
    ) -> None:
        """Retire what has a record but was not listed, if the registry itself says that each is gone."""
        refusal = too_many(
            len(candidates), len(records), self._settings.max_retire_share, "schemas are missing from the registry"
        )
        if refusal and not retire_any:
            crew.result.fail("*", refusal)
            return

        def one(name: str) -> SyncOutcome:
            info = self._registry.get_schema(name)
            if info is not None and not info.deleting:
                return self._sync(name, info, records[name], None)
            return self._keeper.retire(records[name], self._records, revoke=revoke)

        crew.each(candidates, one)

    # --- one schema --------------------------------------------------------------------------------------------------
    def run_one(self, name: str, *, deep: bool = False, revoke: bool = False) -> SyncResult:
        """Sync one schema; the number of calls does not depend on the size of the registry."""
        result = SyncResult()
        try:
            self._source.prepare(one=True)
            record, info = self._records.load(name), self._registry.get_schema(name)
            outcome = self._sync(name, info, record, None, deep=deep, revoke=revoke, wait=True)
            result.add(name, outcome)
            if outcome.event is not None:
                self._announcer.send([outcome.event])
        except Exception as error:  # reported like a failure in a full run
            result.fail(name, failure(name, error))
        return result

    def _sync(
        self,
        name: str,
        info: SchemaInfo | None,
        record: AssetRecord | None,
        shelf: Shelf | None,
        *,
        deep: bool = False,
        revoke: bool = False,
        wait: bool = False,
    ) -> SyncOutcome:
        """Bring one schema's asset in step.

        Args:
            name: the schema.
            info: what the registry says of it; None if it says that there is none.
            record: what was recorded of it.
            shelf: the project's assets in the index; None if they were not listed.
            deep: look at it as if it had changed.
            revoke: end the subscriptions of an asset that is to go.
            wait: wait a little for a version that is pending.
        """
        if info is None or info.deleting:
            if record is None:
                return SyncOutcome("unchanged")
            if not self._registry.exists():
                raise CatalogError("the registry itself is gone: the asset is kept until a person decides")
            return self._keeper.retire(record, self._records, revoke=revoke)
        live: Asset | None = None
        if record is not None and not deep and self._unchanged(info, record):
            live = self._assets.get(record.asset_id)
            if live is not None and self._keeper.as_seen(live, record):
                return SyncOutcome("unchanged")
        version, settled = self._usable_version(info, wait=wait)
        words = self._registry.words(info, version.number)
        plain = self._source.resource(self._mapping(name, words))
        resource = self._source.described(plain)
        if record is not None and record.resource_arn != resource.arn:
            outcome = self._keeper.retire(record, self._records, revoke=revoke)
            if outcome.verdict != "retired":
                raise CatalogError(f"its asset belongs to {record.resource_arn}, which was replaced: {outcome.cause}")
            record, live = None, None
        if record is not None and live is None:
            live = self._assets.get(record.asset_id)
        details = SchemaDetails(words, self._history(info, version), self._verdict(info, version, live))
        draft = self._source.draft(resource, info, version, details)
        if live is None:
            live = self._keeper.find(draft, shelf)
            if live is not None and record is not None and record.asset_id != live.asset_id:
                record = None
        kept = self._keeper.keep(draft, live, record, info.created)
        seen = shelf.items[kept.asset_id].changed if shelf and kept.asset_id in shelf.items else None
        new = AssetRecord(
            asset_id=kept.asset_id,
            resource_arn=draft.external_id,
            schema_arn=info.arn,
            schema_name=info.name,
            content_hash=draft.content_hash(),
            mark=self._mark(info, plain) if settled else "",
            description_hash=draft.description_hash(),
            seen=latest(kept.changed, seen, record.seen if record else ""),
        )
        if new != record:
            self._records.save(new)
        if self._topics is not None and (record is None or kept.verdict == "created"):
            self._topics.forget(resource.name)
        if kept.verdict == "unchanged":
            return SyncOutcome("unchanged")
        word = "CREATED" if kept.verdict == "created" else "REVISED"
        told = change(word, kept.asset_id, resource.arn, info, version, details, kept.revision)
        return SyncOutcome(kept.verdict, event=told)

    def _unchanged(self, info: SchemaInfo | None, record: AssetRecord) -> bool:
        """Whether what GetSchema and the resource say is what was recorded."""
        if info is None or info.deleting:
            return False
        told = record.resource_arn.rsplit("/", 1)[-1] if self._mapping.key else self._mapping(info.name)
        return record.mark == self._mark(info, self._source.resource(told))

    def _mark(self, info: SchemaInfo, resource: Resource) -> str:
        """A digest of all that decides an asset's content; the version's number stands for its definition."""
        return digest([LAYOUT, asdict(info), resource.arn, dict(resource.facts), self._settings.publish])

    def _usable_version(self, info: SchemaInfo, *, wait: bool) -> tuple[SchemaVersion, bool]:
        """The newest version that is available, and whether no newer one may still become so.

        Later ones may be pending, failed or deleted: registration is asynchronous (API RegisterSchemaVersion).
        UNVERIFIED: whether GetSchema's LatestSchemaVersion counts such versions.
        """
        refused = []
        settled = True
        for number in range(info.latest, max(0, info.latest - MAX_WALK_BACK), -1):
            version = self._registry.get_version(info.name, number)
            for attempt in range(WAITS if wait and number == info.latest else 0):
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

    def _verdict(self, info: SchemaInfo, version: SchemaVersion, live: Asset | None) -> Verdict | None:
        """What changed for readers since the version that the asset shows; None if nothing can be said."""
        shown = {
            form.content.get("schema_version")
            for form in (live.forms if live else ())
            if form.content.get("schema_arn") == info.arn
        }
        for number in shown - {None, version.number}:
            old = self._registry.get_version(info.name, int(str(number)))
            if old is None or not old.definition:
                continue  # deleted meanwhile
            try:
                form = version.data_format or info.data_format
                return compare(old.definition, version.definition, form, info.compatibility, old.number)
            except SchemaError as error:
                _log.warning("schema %s: versions %s and %s: %s", info.name, old.number, version.number, error)
        return None


def _all_of(records: AssetRecordStore, part: int) -> list[AssetRecord]:
    return list(records.load_part(part))
