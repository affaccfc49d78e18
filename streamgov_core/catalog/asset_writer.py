"""Writes one asset: creates, revises, adopts or retires it. Every step can be repeated with the same effect."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Lock

from streamgov_core.catalog.asset_errors import AssetBusyError, AssetExistsError, AssetHiddenError
from streamgov_core.catalog.asset_index import AssetIndex
from streamgov_core.catalog.change_events import change
from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.entities import Asset, AssetSummary, AssetType, Draft, Revision, WrittenRevision, digest
from streamgov_core.catalog.gateways import AssetCatalog
from streamgov_core.catalog.merge import inherited_revision, merge, merged_revision
from streamgov_core.catalog.sync_result import SyncOutcome, SyncVerdict
from streamgov_core.model.asset_record import AssetRecord, AssetRecordStore
from streamgov_core.model.errors import CatalogBusyError, CatalogError
from streamgov_core.runtime.log import log

MAX_SEARCHED = 150
"""Assets that a search for one name looks at."""
ATTEMPTS = 5
TOLERANCE = timedelta(seconds=2)
LISTED = "ACTIVE"
PUBLISHING = "CREATING"


@dataclass(frozen=True)
class SyncSettings:
    """Settings of a data source.

    Args:
        project_id: the project that owns the assets.
        publish: publish new assets, and new revisions of listed ones.
        concurrency: schemas that are worked on at a time.
        max_retire_share: a run that would retire a larger share of the recorded assets retires none.
        without_schema: also create assets of topics and streams that have no schema.
    """

    project_id: str
    publish: bool = False
    concurrency: int = 32
    max_retire_share: float = 0.25
    without_schema: bool = False


@dataclass(frozen=True)
class WrittenAsset:
    """An asset that says what it should: what was done for it, and its newest revision with that revision's time."""

    verdict: SyncVerdict
    asset_id: str
    revision: str
    changed: datetime | None


class AssetWriter:
    """Creates, revises, adopts and retires single assets.

    Args:
        settings: of the data source.
        assets: the project's assets.
        records: what earlier runs recorded of schemas.
        drafts: know the asset type, and which topic or stream an asset's forms name.
        sleep: waits a number of seconds.
    """

    def __init__(
        self,
        settings: SyncSettings,
        assets: AssetCatalog,
        records: AssetRecordStore,
        drafts: AssetDrafts,
        sleep: Callable[[float], None],
    ) -> None:
        self._settings = settings
        self._assets = assets
        self._records = records
        self._drafts = drafts
        self._sleep = sleep
        self._lock = Lock()
        self._asset_types: dict[str, AssetType | None] = {}

    def pause(self, seconds: float) -> None:
        """Wait a number of seconds."""
        self._sleep(seconds)

    @property
    def asset_type(self) -> AssetType | None:
        """The asset type's newest revision, read once a run."""
        name = self._drafts.type_name
        with self._lock:
            if name not in self._asset_types:
                self._asset_types[name] = self._assets.asset_type(name)
            return self._asset_types[name]

    def is_unchanged_in_index(self, record: AssetRecord, item: AssetSummary | None) -> bool:
        """Whether what the index shows of the recorded asset is of the newest asset type, without a later edit."""
        if item is None:
            return False
        return self._current(item.type_revision) and _no_later_edit(item.changed, record)

    def is_unchanged(self, live: Asset, record: AssetRecord) -> bool:
        """Whether the asset itself is of the newest asset type, without a later edit."""
        return self._current(live.type_revision) and _no_later_edit(live.changed, record)

    def _current(self, type_revision: str | None) -> bool:
        return self.asset_type is None or type_revision in (None, self.asset_type.revision)

    def write(
        self,
        draft: Draft,
        live: Asset | None,
        record: AssetRecord | None,
        created_at: str,
    ) -> WrittenAsset:
        """Create or revise the asset.

        Args:
            draft: what it should say.
            live: the asset, if it exists.
            record: what was recorded of it; None if it is new or being adopted.
            created_at: when the schema was created: it distinguishes a schema from a later one of the same name.
        """
        if live is None:
            former = record.asset_id if record else ""
            token = digest(
                ["create", self._settings.project_id, draft.external_id, created_at, former, draft.content_hash()]
            )
            try:
                live = self._assets.create(
                    draft.external_id, draft.type_name, draft.first_revision(self.asset_type), token
                )
            except AssetExistsError:
                everything = {item.external_id: item.asset_id for item in self._assets.search() if item.external_id}
                live = self.adopt(draft, everything.get(draft.external_id))
                if live is None:
                    raise
            else:
                if self._settings.publish:
                    self._publish(live.asset_id, live.revision)
                return WrittenAsset("created", live.asset_id, live.revision, live.changed)
        revision = merge(live, draft, record, self.asset_type)
        if revision is not None:
            # What is merged is what is there now: tags, history and older versions were asked for since it was read.
            live = self._assets.get(live.asset_id) or live
            if reason := self.why_not_ours(live):
                raise AssetBusyError(reason)
            revision = merge(live, draft, record, self.asset_type)
        if revision is None:
            if self._settings.publish and live.listing_id is None:
                self._publish(live.asset_id, live.revision)
            return WrittenAsset("unchanged", live.asset_id, live.revision, live.changed)
        made = self._revise(live, revision, draft, record)
        if self._settings.publish and live.listing_status in (None, LISTED, PUBLISHING):
            self._publish(live.asset_id, made.revision)
        return WrittenAsset("revised", live.asset_id, made.revision, made.changed)

    def _revise(self, live: Asset, revision: Revision, draft: Draft, record: AssetRecord | None) -> WrittenRevision:
        """Write a revision; if somebody made one since the asset was read, write what theirs and ours say together.

        DataZone takes no condition, but numbers revisions: the one that it made tells whether another lies between.

        UNVERIFIED[dz-revision-numbers]: that revisions are numbered one by one; where they are no numbers, nothing is
        looked for.

        Raises:
            CatalogError: somebody keeps writing.
        """
        base = live.revision
        for _ in range(ATTEMPTS):
            token = digest(["revise", live.asset_id, base, draft.content_hash()])
            made = self._assets.revise(live.asset_id, revision, token)
            if not (base.isdigit() and made.revision.isdigit()) or int(made.revision) <= int(base) + 1:
                return made
            base = made.revision
            theirs = self._assets.get(live.asset_id, str(int(made.revision) - 1))
            if theirs is None:
                return made
            log("revision of somebody else merged", assetId=live.asset_id, revision=theirs.revision)
            revision = merged_revision(theirs, draft, record, self.asset_type)
        raise CatalogBusyError(f"asset {live.asset_id} is being revised by somebody else all the time")

    def replace(
        self,
        draft: Draft,
        former_draft: Draft,
        record: AssetRecord,
        index: AssetIndex | None,
        *,
        created_at: str = "",
        revoke: bool = False,
    ) -> WrittenAsset | SyncOutcome:
        """Let a new asset take the place of one whose schema has come to mean another topic or stream.

        The new asset has what people wrote in the former one, and is published if that was. The former goes last, but
        before the record changes, so that a run which was interrupted is resumed.

        Args:
            draft: what the new asset should say.
            former_draft: what the data source wrote into the former one, as far as names and texts go.
            record: what was recorded of the former one.
            index: the project's assets in the index; None if they were not listed.
            created_at: when the schema was created.
            revoke: end the subscriptions that depend on the former asset; otherwise they keep it.

        Returns:
            The new asset, or why the former one is kept.
        """
        former = self._assets.get(record.asset_id)
        if former is None:
            return self.write(draft, self.find(draft, index), None, created_at)
        if kept := self.why_kept(former, revoke=revoke):
            return SyncOutcome("kept", f"it now means {draft.external_id}, but its asset stays: {kept}")
        listed = former.listing_status in (LISTED, PUBLISHING)
        live = self.find(draft, index)
        if live is None:
            first = inherited_revision(former, former_draft, draft, record, self.asset_type)
            token = digest(["replace", former.asset_id, former.revision, draft.external_id, draft.content_hash()])
            live = self._assets.create(draft.external_id, draft.type_name, first, token)
            written = WrittenAsset("replaced", live.asset_id, live.revision, live.changed)
            listed = listed or (self._settings.publish and former.listing_id is None)
        else:  # a run that was interrupted made it
            merged = self.write(draft, live, None, created_at)
            written = replace(merged, verdict="replaced")
            listed = listed and not self._settings.publish
        if listed and live.listing_id is None:
            self._publish(written.asset_id, written.revision)
        self._end(former)
        return written

    def load(self, asset_id: str) -> Asset | None:
        """An asset by its id; None if there is none, or none that can be seen: creating it then decides."""
        try:
            return self._assets.get(asset_id) if asset_id else None
        except AssetHiddenError:
            return None

    def consumers(self, listing_id: str) -> list[str]:
        """Names of the projects that are subscribed to a listing."""
        return self._assets.consumers(listing_id)

    def find(self, draft: Draft, index: AssetIndex | None) -> Asset | None:
        """The project's asset of this very resource, made by a run that was interrupted or by another tool."""
        if index is not None:
            return self.adopt(draft, index.find(draft.external_id))
        # A bounded search: one event costs the same in any project. CreateAsset rejects an asset that it missed.
        found = list(islice(self._assets.search(draft.name, forms=True), MAX_SEARCHED))
        by_id = next((item.asset_id for item in found if item.external_id == draft.external_id), None)
        by_forms = (
            item.asset_id
            for item in found
            if item.type_name == draft.type_name and self._drafts.claimed_arn(item.forms or {}) == draft.external_id
        )
        return self.adopt(draft, by_id or next(by_forms, None))

    def adopt(self, draft: Draft, asset_id: str | None) -> Asset | None:
        """The asset, if this data source may manage it.

        Raises:
            CatalogError: it has another type, or another schema holds it.
        """
        live = self._assets.get(asset_id) if asset_id else None
        if live is None:
            return None
        if live.type_name != draft.type_name:
            raise CatalogError(
                f"asset {live.asset_id} of {draft.external_id} has the type {live.type_name}, not {draft.type_name}: "
                "delete it, or give it another external identifier"
            )
        self._check_unclaimed(draft, live)
        return live

    def _check_unclaimed(self, draft: Draft, live: Asset) -> None:
        """Refuse an asset that belongs to another schema, of this registry or another."""

        def foreign(member: str) -> set[object]:
            """Values in the asset that are not those of the draft."""
            theirs = {form.content.get(member) for form in live.forms}
            return theirs - {form.values.get(member) for form in draft.forms.values()} - {None, ""}

        for registry in foreign("registry_arn"):
            raise CatalogError(
                f"asset {live.asset_id} of {draft.external_id} belongs to a schema of {registry}: "
                "delete it if that is over"
            )
        for name in foreign("schema_name"):
            other = self._records.load(str(name))
            if other is not None and other.asset_id == live.asset_id:
                raise CatalogError(f"more than one schema maps to {draft.name!r}: {name} too")

    def retire(self, record: AssetRecord, records: AssetRecordStore, *, revoke: bool = False) -> SyncOutcome:
        """Delete an asset whose schema is gone. The record goes last, so that a run which was interrupted is resumed.

        Args:
            record: what was recorded of it.
            records: the store of that record.
            revoke: end the subscriptions that depend on it; otherwise they keep the asset.
        """
        try:
            live = self._assets.get(record.asset_id)
        except AssetHiddenError as error:
            if not error.sees_others:
                return SyncOutcome("kept", str(error))
            live = None
        if live is not None:
            if kept := self.why_kept(live, revoke=revoke):
                return SyncOutcome("kept", kept)
            self._end(live)
        records.remove(record.schema_name)
        return SyncOutcome("retired", event=change("RETIRED", record.asset_id, record.resource_arn))

    def why_not_ours(self, live: Asset) -> str | None:
        """Why an asset may not be changed at all; None if it may."""
        if live.moving:
            return f"asset {live.asset_id} is being moved to another project"
        if live.project_id != self._settings.project_id:
            return (
                f"asset {live.asset_id} belongs to project {live.project_id} now: it is left as it is, and the access "
                "that it gives stays; a data source of that project can go on with it"
            )
        return None

    def why_kept(self, live: Asset, *, revoke: bool) -> str | None:
        """Why an asset may not be deleted; None if it may.

        Args:
            live: the asset.
            revoke: end the subscriptions that depend on it first.
        """
        if reason := self.why_not_ours(live):
            return reason
        if not live.listing_id:
            return None
        if revoke and (ended := self._assets.end_subscriptions(live.listing_id)):
            log("subscriptions or requests ended", level=logging.WARNING, assetId=live.asset_id, ended=ended)
        dependants = self._assets.subscriptions(live.listing_id)
        if not dependants:
            return None
        return f"{len(dependants)} subscription(s) depend on it: {', '.join(dependants[:5])}"

    def _end(self, live: Asset) -> None:
        """Take an asset out of the catalogue and delete it."""
        if live.listing_status in (LISTED, PUBLISHING):
            self._retry(lambda: self._assets.unpublish(live.asset_id), f"asset {live.asset_id} unpublished")
        self._retry(lambda: self._assets.delete(live.asset_id), f"asset {live.asset_id} deleted")

    def _publish(self, asset_id: str, revision: str) -> None:
        self._retry(lambda: self._assets.publish(asset_id, revision), f"revision {revision} of {asset_id} published")

    def _retry(self, action: Callable[[], bool], outcome: str) -> None:
        """Do something that DataZone refuses while an earlier change of the listing is in progress.

        Raises:
            CatalogBusyError: it still refuses after a few seconds.
        """
        for attempt in range(ATTEMPTS):
            if action():
                return
            self._sleep(0.2 * 2**attempt)
        raise CatalogBusyError(
            f"DataZone would not have {outcome} yet: a change is in progress, or something still uses it"
        )


def latest(made: datetime | None, indexed: datetime | None, recorded: str) -> str:
    """What a record keeps as the time of the newest revision: the latest of those known, ISO 8601 in UTC."""
    moments = [moment.astimezone(UTC) for moment in (made, indexed) if moment is not None]
    if recorded:
        moments.append(datetime.fromisoformat(recorded))
    return max(moments).isoformat() if moments else ""


def _no_later_edit(changed: datetime | None, record: AssetRecord) -> bool:
    """Whether a revision is no newer than the one recorded. The index may show its time less precisely."""
    return changed is None or not record.seen or changed <= datetime.fromisoformat(record.seen) + TOLERANCE
