"""Topics and streams that have no schema: assets without columns, until a schema is registered."""

from __future__ import annotations

from dataclasses import replace

from streamgov_core.catalog.asset_index import AssetIndex
from streamgov_core.catalog.asset_writer import AssetWriter, SyncSettings, WrittenAsset, latest
from streamgov_core.catalog.change_events import change
from streamgov_core.catalog.drafts import DRAFT_VERSION, AssetDrafts
from streamgov_core.catalog.entities import Asset, Draft, digest
from streamgov_core.catalog.sync_result import SyncOutcome
from streamgov_core.model.asset_record import AssetRecord, AssetRecordStore
from streamgov_core.model.errors import CatalogError, NotGovernedError, StreamgovError
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

    def is_fresh(self, name: str, record: AssetRecord) -> bool:
        """Whether a topic is as it was recorded."""
        return record.fingerprint == self._fingerprint(self._source.resource(name))

    def is_governed(self, name: str) -> bool:
        """Whether policies could hold a topic's name, and the data source may speak for it."""
        try:
            self._source.resource(name)
        except NotGovernedError:
            return False
        except StreamgovError:
            return True  # it will fail in its turn
        return True

    def why_kept(self, name: str) -> str | None:
        """Why the asset of a topic that is not listed any more stays; None if the topic is gone.

        What a topic once was made that is none of the data source's any more is not deleted because of a setting.
        """
        try:
            self._source.resource(name)
        except NotGovernedError as error:
            return f"{error}; its asset stays until a run with allowMassRetirement retires it"
        except CatalogError:
            pass  # there is none of this name
        return None

    def retire(self, record: AssetRecord | None, *, revoke: bool) -> SyncOutcome:
        """Delete the asset of a topic that is gone; nothing, if its record went meanwhile."""
        if record is None:
            return SyncOutcome("unchanged")
        return self._writer.retire(record, self._records, revoke=revoke)

    def _moved(self, name: str, record: AssetRecord) -> bool:
        """Whether a name stands for another topic or stream than it did: the data source has another cluster."""
        return not self._drafts.is_same_stream(record.resource_arn, self._source.resource(name).arn)

    def sync(
        self, name: str, record: AssetRecord | None, index: AssetIndex, *, may_replace: bool, revoke: bool
    ) -> SyncOutcome:
        """Sync the asset of one topic or stream.

        Args:
            name: of the topic or stream.
            record: what was recorded of it.
            index: the project's assets in the index.
            may_replace: an asset may be replaced now; otherwise that is postponed.
            revoke: end the subscriptions of an asset that is to go.
        """
        plain = self._source.resource(name)
        moved = record is not None and self._moved(name, record)
        if moved and not may_replace:
            return SyncOutcome("postponed", f"it is {plain.arn} now")
        resource = self._source.described(plain)
        draft = self._drafts.build(resource)
        if record is not None and moved:
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
        indexed = index.changed(written.asset_id)
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
