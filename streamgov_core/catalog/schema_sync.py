"""Syncs the asset of one schema: what the registry says, the topic or stream that it means, and the record."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from streamgov_core.catalog.asset_index import AssetIndex
from streamgov_core.catalog.asset_writer import AssetWriter, SyncSettings, WrittenAsset, latest
from streamgov_core.catalog.change_events import change
from streamgov_core.catalog.drafts import DRAFT_VERSION, AssetDrafts
from streamgov_core.catalog.entities import (
    Asset,
    Draft,
    HistoryEntry,
    SchemaDetails,
    SchemaInfo,
    SchemaVersion,
    digest,
)
from streamgov_core.catalog.gateways import Registry
from streamgov_core.catalog.mapping import TopicMapping
from streamgov_core.catalog.schemaless import SchemalessSync
from streamgov_core.catalog.sync_result import SyncOutcome
from streamgov_core.catalog.verdicts import verdict_on
from streamgov_core.model.asset_record import AssetRecord, AssetRecordStore
from streamgov_core.model.errors import CatalogBusyError, NotGovernedError, SchemaError, StreamgovError
from streamgov_core.model.resource import Resource
from streamgov_core.platforms.resource_source import ResourceSource
from streamgov_core.runtime.log import log

MAX_WALK_BACK = 50
"""Versions that are tried for one that is available."""
MAX_PENDING_POLLS = 5
"""How often the sync of a single schema asks again for a version that is pending."""


@dataclass(frozen=True)
class SyncOptions:
    """How a schema is synced.

    Args:
        force: treat it as changed.
        revoke: end the subscriptions of an asset that is to go.
        wait: wait a little for a version that is pending.
        may_replace: an asset may be replaced now; otherwise that is postponed.
        may_retire: the asset of a schema that is gone may go now; otherwise that is postponed.
        may_retire_others: assets of schemas that lead to nothing of this data source any more may go.
    """

    force: bool = False
    revoke: bool = False
    wait: bool = False
    may_replace: bool = False
    may_retire: bool = False
    may_retire_others: bool = False


@dataclass(frozen=True)
class _Subject:
    """A schema with the version to show and what it means; ``settled`` if no newer version may still become so."""

    info: SchemaInfo
    version: SchemaVersion
    settled: bool
    tags: dict[str, str]
    plain: Resource
    resource: Resource


class SchemaSync:
    """Syncs single schemas of one registry.

    Args:
        settings: of the data source.
        registry: the schema registry.
        records: what earlier runs recorded of schemas.
        source: where topics or streams are looked up.
        mapping: schema to topic or stream.
        drafts: makes the drafts of assets.
        writer: writes single assets.
        schemaless: syncs topics and streams without schema, if they are wanted.
    """

    def __init__(
        self,
        settings: SyncSettings,
        *,
        registry: Registry,
        records: AssetRecordStore,
        source: ResourceSource,
        mapping: TopicMapping,
        drafts: AssetDrafts,
        writer: AssetWriter,
        schemaless: SchemalessSync | None,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._records = records
        self._source = source
        self._mapping = mapping
        self._drafts = drafts
        self._writer = writer
        self._schemaless = schemaless

    def fetch(self, name: str) -> SchemaInfo | None:
        """What the check of a schema needs, asked for before its turn."""
        info = self._registry.get_schema(name)
        with suppress(StreamgovError):  # the schema's turn will come, and its failure with it
            self._source.prefetch(self._mapping(name))
        return info

    def is_fresh(self, info: Future[SchemaInfo | None], record: AssetRecord) -> bool:
        """Whether schema and topic are as they were recorded."""
        try:
            return self._unchanged(info.result(), record)
        except Exception:  # whatever it is, it comes again in the schema's turn, and is reported there
            return False

    def sync(
        self,
        name: str,
        info: SchemaInfo | None,
        record: AssetRecord | None,
        index: AssetIndex | None,
        options: SyncOptions,
    ) -> SyncOutcome:
        """Sync one schema's asset.

        Args:
            name: the schema.
            info: what the registry says of it; None if it says that there is none.
            record: what was recorded of it.
            index: the project's assets in the index; None if they were not listed.
            options: how.
        """
        if info is None or info.deleting:
            return self._gone(record, options)
        live = None if record is None else self._writer.load(record.asset_id)
        if live is not None and (reason := self._writer.why_not_ours(live)):
            return SyncOutcome("kept", reason)
        try:
            if record is not None and live is not None and not options.force and self._is_settled(info, record, live):
                return SyncOutcome("unchanged")
            subject = self._subject(name, info, wait=options.wait)
        except NotGovernedError as error:
            return self._not_governed(record, error, options)
        if record is not None and not self._drafts.is_same_stream(record.resource_arn, subject.resource.arn):
            return self._replace(subject, record, index, options)
        return self._write(subject, live, record, index)

    def _gone(self, record: AssetRecord | None, options: SyncOptions) -> SyncOutcome:
        if record is None:
            return SyncOutcome("unchanged")
        if not options.may_retire:
            return SyncOutcome(
                "postponed", f"its schema is gone; asset {record.asset_id} goes when all such are counted"
            )
        if not self._registry.exists():
            raise CatalogBusyError("the registry itself is gone: the asset is kept until a person decides")
        return self._writer.retire(record, self._records, revoke=options.revoke)

    def _not_governed(self, record: AssetRecord | None, error: NotGovernedError, options: SyncOptions) -> SyncOutcome:
        """A schema that is no topic of this data source; what it once made is not deleted because of a setting."""
        if record is None:
            return SyncOutcome("skipped", str(error))
        if options.may_retire_others:
            return self._writer.retire(record, self._records, revoke=options.revoke)
        return SyncOutcome(
            "kept", f"{error}; its asset {record.asset_id} stays until a run with allowMassRetirement retires it"
        )

    def _subject(self, name: str, info: SchemaInfo, *, wait: bool) -> _Subject:
        if not self._mapping.key:
            self._source.resource(self._mapping(name))  # what is no topic costs no further call
        version, settled = self._usable_version(info, wait=wait)
        tags = self._registry.tags(info, version.number)
        plain = self._source.resource(self._mapping(name, tags))
        return _Subject(info, version, settled, tags, plain, self._source.described(plain))

    def _draft(self, subject: _Subject, live: Asset | None) -> tuple[Draft, SchemaDetails]:
        info, version = subject.info, subject.version
        history = self._history(info, version)
        details = SchemaDetails(subject.tags, history, verdict_on(self._registry, info, version, live, history))
        return self._drafts.build(subject.resource, info, version, details), details

    def _write(
        self, subject: _Subject, live: Asset | None, record: AssetRecord | None, index: AssetIndex | None
    ) -> SyncOutcome:
        draft, details = self._draft(subject, live)
        if live is None:
            live = self._writer.find(draft, index)
            if live is not None and record is not None and record.asset_id != live.asset_id:
                record = None
        written = self._writer.write(draft, live, record, subject.info.created)
        self._record(subject, draft, written, record, index)
        if self._schemaless is not None and (record is None or written.verdict == "created"):
            self._schemaless.release(subject.resource.name)
        return self._outcome(subject, written, details, consumers=self._hit(subject, live, details))

    def _hit(self, subject: _Subject, live: Asset | None, details: SchemaDetails) -> list[str]:
        """The projects whose readers a breaking change hits."""
        verdict = details.compatibility
        if verdict is None or not verdict.breaking or live is None or not live.listing_id:
            return []
        consumers = self._writer.consumers(live.listing_id)
        if consumers:
            log(
                "a breaking change hits consumers",
                level=logging.WARNING,
                schema=subject.info.name,
                consumers=consumers,
            )
        return consumers

    def _replace(
        self, subject: _Subject, record: AssetRecord, index: AssetIndex | None, options: SyncOptions
    ) -> SyncOutcome:
        """The schema means another topic or stream than its asset does: another asset takes that one's place."""
        if not options.may_replace:
            return SyncOutcome(
                "postponed", f"it now means {subject.resource.arn}; the next full run replaces asset {record.asset_id}"
            )
        draft, details = self._draft(subject, None)
        former = replace(
            subject.resource, name=self._drafts.resource_name(record.resource_arn), arn=record.resource_arn
        )
        former_draft = self._drafts.build(former, subject.info, subject.version, details)
        written = self._writer.replace(
            draft, former_draft, record, index, created_at=subject.info.created, revoke=options.revoke
        )
        if isinstance(written, SyncOutcome):
            return written
        self._record(subject, draft, written, None, index)
        if self._schemaless is not None:
            self._schemaless.release(subject.resource.name)
        return self._outcome(subject, written, details, replaces=record.asset_id)

    def _record(
        self,
        subject: _Subject,
        draft: Draft,
        written: WrittenAsset,
        record: AssetRecord | None,
        index: AssetIndex | None,
    ) -> None:
        indexed = index.changed(written.asset_id) if index is not None else None
        new = AssetRecord(
            asset_id=written.asset_id,
            resource_arn=draft.external_id,
            schema_arn=subject.info.arn,
            schema_name=subject.info.name,
            content_hash=draft.content_hash(),
            fingerprint=self._fingerprint(subject.info, subject.plain) if subject.settled else "",
            description_hash=draft.description_hash(),
            seen=latest(written.changed, indexed, record.seen if record else ""),
        )
        if new != record:
            self._records.save(new)

    def _outcome(
        self,
        subject: _Subject,
        written: WrittenAsset,
        details: SchemaDetails,
        replaces: str | None = None,
        consumers: Sequence[str] = (),
    ) -> SyncOutcome:
        if written.verdict == "unchanged":
            return SyncOutcome("unchanged")
        event = change(
            written.verdict.upper(),
            written.asset_id,
            subject.resource.arn,
            subject.info,
            subject.version,
            details,
            written.revision,
            replaces,
            consumers,
        )
        return SyncOutcome(written.verdict, event=event)

    def _is_settled(self, info: SchemaInfo, record: AssetRecord, live: Asset) -> bool:
        """Whether neither the schema nor the asset has changed since the record was made."""
        return self._unchanged(info, record) and self._writer.is_unchanged(live, record)

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
                self._writer.pause(0.2 * 2**attempt)
                version = self._registry.get_version(info.name, number)
            if version is not None and version.status == "AVAILABLE":
                return version, settled
            settled = settled and (version is None or version.status != "PENDING")
            refused.append(f"{number} is {version.status if version else 'deleted'}")
        text = f"no version of the schema is available: {', '.join(refused[:5]) or 'it has none'}"
        raise SchemaError(text) if settled else CatalogBusyError(text)

    def _history(self, info: SchemaInfo, version: SchemaVersion) -> tuple[HistoryEntry, ...]:
        """The versions, newest first; a schema with one version needs no call for it."""
        if info.latest == 1:
            return (HistoryEntry(1, version.status, info.created),)
        return tuple(self._registry.history(info.name))
