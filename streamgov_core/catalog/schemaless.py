"""Topics and streams that have no schema: assets without columns, until a schema is registered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from streamgov_core.catalog.asset_index import AssetIndex
from streamgov_core.catalog.asset_writer import AssetWriter, SyncSettings, WrittenAsset, latest
from streamgov_core.catalog.change_events import change
from streamgov_core.catalog.drafts import DRAFT_VERSION, AssetDrafts
from streamgov_core.catalog.entities import Asset, Draft, digest
from streamgov_core.catalog.sync_result import SyncOutcome
from streamgov_core.catalog.workers import WorkerPool, mass_retirement_refusal
from streamgov_core.model.asset_record import AssetRecord, AssetRecordStore
from streamgov_core.model.errors import CatalogError, NotGovernedError
from streamgov_core.model.resource import Resource
from streamgov_core.platforms.resource_source import ResourceSource


class SchemalessSync:
    """Syncs the assets of topics and streams without schema.

    Args:
        settings: of the data source.
        writer: writes single assets.
        records: what earlier runs recorded of them.
        source: where topics or streams are looked up.
        drafts: makes the drafts of their assets.
    """

    def __init__(
        self,
        settings: SyncSettings,
        writer: AssetWriter,
        records: AssetRecordStore,
        source: ResourceSource,
        drafts: AssetDrafts,
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._records = records
        self._source = source
        self._drafts = drafts

    def release(self, name: str) -> None:
        """Drop the record of a topic whose asset now belongs to a schema."""
        self._records.remove(name)

    def run(
        self,
        workers: WorkerPool,
        covered: Collection[str],
        index: AssetIndex,
        *,
        allow_mass_retirement: bool,
        revoke: bool,
    ) -> bool:
        """Sync all topics and streams that no schema covers.

        Args:
            workers: the worker pool of the run.
            covered: ARNs of those that schemas cover.
            index: the project's assets in the index.
            allow_mass_retirement: end however many assets have lost their topics or belong to others now.
            revoke: end the subscriptions of assets that are retired.

        Returns:
            False if the time did not suffice.

        Raises:
            CatalogError: the platform cannot list topics or streams.
        """
        existing = self._source.resources()
        records = {record.schema_name: record for record in self._records.load_all()}
        todo = []
        taken_over = set()
        for name in existing:
            try:
                arn = self._source.resource(name).arn
            except NotGovernedError:
                continue  # a name that no policy could hold, or one that this data source may not speak for
            if arn in covered:
                taken_over.add(name)
            else:
                todo.append(name)

        def is_unchanged(name: str) -> bool:
            record = records.get(name)
            return (
                record is not None
                and record.fingerprint == self._fingerprint(self._source.resource(name))
                and self._writer.is_unchanged_in_index(record, index)
            )

        def sync(name: str) -> SyncOutcome:
            return self._sync(name, records.get(name), index, revoke=revoke)

        gone = self._gone(workers, set(records) - set(existing), allow_mass_retirement=allow_mass_retirement)
        moved = {name for name in todo if name in records and self._moved(name, records[name])}
        refusal = mass_retirement_refusal(
            len(gone) + len(moved),
            len(records),
            self._settings.max_retire_share,
            f"assets would end: {len(gone)} topics or streams are gone, {len(moved)} are others than before",
        )
        if refusal and not allow_mass_retirement:
            workers.result.fail("*", refusal)
            todo, gone = [name for name in todo if name not in moved], []
        if workers.each(todo, sync, is_unchanged, checks_count=False) < len(todo):
            return False
        for name in taken_over & set(records):
            self._records.remove(name)
        workers.each(gone, lambda name: self._writer.retire(records[name], self._records, revoke=revoke))
        return True

    def _gone(self, workers: WorkerPool, missing: set[str], *, allow_mass_retirement: bool) -> list[str]:
        """Those of the recorded topics or streams that are gone; others are none of the data source's any more.

        What these once were made is not deleted because of a setting, unless that is allowed.
        """
        gone = []
        for name in sorted(missing):
            try:
                self._source.resource(name)
            except NotGovernedError as error:
                if not allow_mass_retirement:
                    cause = f"{error}; its asset stays until a run with allowMassRetirement retires it"
                    workers.result.add(name, SyncOutcome("kept", cause))
                    continue
            except CatalogError:
                pass  # there is none of this name
            gone.append(name)
        return gone

    def _moved(self, name: str, record: AssetRecord) -> bool:
        """Whether a name stands for another topic or stream than it did: the data source has another cluster."""
        return not self._drafts.is_same_stream(record.resource_arn, self._source.resource(name).arn)

    def _sync(self, name: str, record: AssetRecord | None, index: AssetIndex, *, revoke: bool) -> SyncOutcome:
        plain = self._source.resource(name)
        resource = self._source.described(plain)
        draft = self._drafts.build(resource)
        if record is not None and self._moved(name, record):
            former = self._drafts.build(replace(resource, arn=record.resource_arn))
            replaced = self._writer.replace(draft, former, record, index, revoke=revoke)
            if isinstance(replaced, SyncOutcome):
                return replaced
            return self._recorded(name, plain, draft, replaced, None, index, replaces=record.asset_id)
        live: Asset | None = None
        if record is not None:
            live = self._writer.load(record.asset_id)
            if live is not None and (reason := self._writer.why_not_ours(live)):
                return SyncOutcome("kept", reason)
        if live is None:
            live = self._writer.load(index.find(draft.external_id) or "")
            if live is not None and _has_schema(live):
                return SyncOutcome("unchanged")  # a schema of another registry has it
            live = self._writer.find(draft, index)
            if live is not None and record is not None and record.asset_id != live.asset_id:
                record = None
        written = self._writer.write(draft, live, record, "")
        return self._recorded(name, plain, draft, written, record, index)

    def _recorded(
        self,
        name: str,
        plain: Resource,
        draft: Draft,
        written: WrittenAsset,
        record: AssetRecord | None,
        index: AssetIndex,
        *,
        replaces: str | None = None,
    ) -> SyncOutcome:
        """Record what was written, and say what became of it."""
        indexed = index.items[written.asset_id].changed if written.asset_id in index.items else None
        new = AssetRecord(
            asset_id=written.asset_id,
            resource_arn=draft.external_id,
            schema_arn=None,
            schema_name=name,
            content_hash=draft.content_hash(),
            fingerprint=self._fingerprint(plain),
            description_hash=draft.description_hash(),
            seen=latest(written.changed, indexed, record.seen if record else ""),
        )
        if new != record:
            self._records.save(new)
        if written.verdict == "unchanged":
            return SyncOutcome("unchanged")
        event = change(
            written.verdict.upper(), written.asset_id, draft.external_id, revision=written.revision, replaces=replaces
        )
        return SyncOutcome(written.verdict, event=event)

    def _fingerprint(self, resource: Resource) -> str:
        return digest([DRAFT_VERSION, resource.arn, dict(resource.facts), self._settings.publish])


def _has_schema(live: Asset) -> bool:
    return any(form.content.get("schema_arn") for form in live.forms)
