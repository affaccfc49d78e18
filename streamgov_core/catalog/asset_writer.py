"""One asset at a time: make it, revise it, adopt it, retire it. Everything may be done again with the same effect."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from threading import Lock

from streamgov_core.catalog.change_events import change
from streamgov_core.catalog.errors import AssetExistsError
from streamgov_core.catalog.gateways import AssetCatalog, Source
from streamgov_core.catalog.merge import merge
from streamgov_core.catalog.model import Asset, AssetSummary, AssetType, Draft, SyncOutcome, SyncVerdict, digest
from streamgov_core.model.asset_record import AssetRecord, AssetRecordStore
from streamgov_core.model.errors import CatalogError

_log = logging.getLogger(__name__)

MAX_SEARCHED = 150
"""Assets that a search for one name looks at."""
ATTEMPTS = 5
TOLERANCE = timedelta(seconds=2)
LISTED = "ACTIVE"
PUBLISHING = "CREATING"


@dataclass(frozen=True)
class Settings:
    """How a data source works.

    Args:
        project_id: the project that owns the assets.
        publish: publish new assets, and new revisions of listed ones.
        concurrency: schemas that are worked on at a time.
        max_retire_share: a run that would retire a larger share of the recorded assets retires none.
        without_schema: make assets of topics and streams that have no schema, too.
    """

    project_id: str
    publish: bool = False
    concurrency: int = 32
    max_retire_share: float = 0.25
    without_schema: bool = False


@dataclass(frozen=True)
class Kept:
    """An asset that says what it should: what was done for it, and its newest revision with that one's time."""

    verdict: SyncVerdict
    asset_id: str
    revision: str
    changed: datetime | None


class Shelf:
    """The project's assets in the index, read once a run.

    Args:
        assets: the project's assets.
        items: what Search told of them.
        source: knows which topic or stream forms speak of.
        recorded: ids of the assets that records name.
    """

    def __init__(self, assets: AssetCatalog, items: Iterable[AssetSummary], source: Source, recorded: set[str]) -> None:
        self._assets = assets
        self._source = source
        self._recorded = recorded
        self._lock = Lock()
        self._by_forms: dict[str, str] | None = None
        self.items = {item.asset_id: item for item in items}
        self.by_resource = {item.external_id: item.asset_id for item in self.items.values() if item.external_id}

    @cached_property
    def strangers(self) -> bool:
        """Whether assets of our type are there that no record names."""
        return any(
            item.type_name == self._source.type_name and key not in self._recorded for key, item in self.items.items()
        )

    def find(self, resource_arn: str) -> str | None:
        """Id of the asset of a topic or stream: by its external identifier, or else by what its forms say."""
        found = self.by_resource.get(resource_arn)
        if found is not None or not self.strangers:
            return found
        with self._lock:
            if self._by_forms is None:
                self._by_forms = {}
                for item in self._assets.search(forms=True):
                    claimed = self._source.claimed(item.forms or {})
                    if claimed and item.type_name == self._source.type_name and item.asset_id not in self._recorded:
                        self._by_forms.setdefault(claimed, item.asset_id)
        return self._by_forms.get(resource_arn)


class Keeper:
    """Keeps single assets.

    Args:
        settings: how to work.
        assets: the project's assets.
        records: what earlier runs recorded of schemas.
        source: where topics or streams are looked up.
        sleep: waits a number of seconds.
    """

    def __init__(
        self,
        settings: Settings,
        assets: AssetCatalog,
        records: AssetRecordStore,
        source: Source,
        sleep: Callable[[float], None],
    ) -> None:
        self._settings = settings
        self._assets = assets
        self._records = records
        self._source = source
        self._sleep = sleep
        self._lock = Lock()
        self._kinds: dict[str, AssetType | None] = {}

    @property
    def kind(self) -> AssetType | None:
        """The asset type's newest revision, read once a run."""
        name = self._source.type_name
        with self._lock:
            if name not in self._kinds:
                self._kinds[name] = self._assets.asset_type(name)
            return self._kinds[name]

    def settled(self, record: AssetRecord, shelf: Shelf) -> bool:
        """Whether the index shows the recorded asset, of the newest asset type, and nobody's edit since."""
        item = shelf.items.get(record.asset_id)
        if item is None:
            return False
        return self._current(item.type_revision) and _seen(item.changed, record)

    def as_seen(self, live: Asset, record: AssetRecord) -> bool:
        """Whether the asset itself is of the newest asset type, and nobody edited it."""
        return self._current(live.type_revision) and _seen(live.changed, record)

    def _current(self, type_revision: str | None) -> bool:
        return self.kind is None or type_revision in (None, self.kind.revision)

    def keep(
        self,
        draft: Draft,
        live: Asset | None,
        record: AssetRecord | None,
        born: str,
    ) -> Kept:
        """Make or revise the asset.

        Args:
            draft: what it should say.
            live: the asset, if it is there.
            record: what was recorded of it; None if it is new or being adopted.
            born: what tells a schema from a later one of the same name.
        """
        content = draft.content_hash()
        if live is None:
            former = record.asset_id if record else ""
            token = digest(["create", self._settings.project_id, draft.external_id, born, former, content])
            try:
                live = self._assets.create(draft, self.kind, token)
            except AssetExistsError:
                everything = {item.external_id: item.asset_id for item in self._assets.search() if item.external_id}
                live = self.adopt(draft, everything.get(draft.external_id))
                if live is None:
                    raise
            else:
                if self._settings.publish:
                    self._publish(live.asset_id, live.revision)
                return Kept("created", live.asset_id, live.revision, live.changed)
        revision = merge(live, draft, record, self.kind)
        if revision is None:
            if self._settings.publish and live.listing_id is None:
                self._publish(live.asset_id, live.revision)
            return Kept("unchanged", live.asset_id, live.revision, live.changed)
        token = digest(["revise", live.asset_id, live.revision, content])
        made = self._assets.revise(live.asset_id, revision, token)
        if self._settings.publish and live.listing_status in (None, LISTED, PUBLISHING):
            self._publish(live.asset_id, made.revision)
        return Kept("revised", live.asset_id, made.revision, made.changed)

    def load(self, asset_id: str) -> Asset | None:
        """An asset by its id; None if there is none."""
        return self._assets.get(asset_id) if asset_id else None

    def find(self, draft: Draft, shelf: Shelf | None) -> Asset | None:
        """Our project's asset of this very resource, made by a run that died or by another tool; None if none is."""
        if shelf is not None:
            return self.adopt(draft, shelf.find(draft.external_id))
        # So few that one event costs the same in any project; if it is not among them, CreateAsset will say so.
        found = list(islice(self._assets.search(draft.name, forms=True), MAX_SEARCHED))
        by_id = next((item.asset_id for item in found if item.external_id == draft.external_id), None)
        by_forms = (
            item.asset_id
            for item in found
            if item.type_name == draft.type_name and self._source.claimed(item.forms or {}) == draft.external_id
        )
        return self.adopt(draft, by_id or next(by_forms, None))

    def adopt(self, draft: Draft, asset_id: str | None) -> Asset | None:
        """The asset, if it may become ours.

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
        self._refuse_theft(draft, live)
        return live

    def _refuse_theft(self, draft: Draft, live: Asset) -> None:
        """Leave an asset alone that another schema holds, of this registry or another."""

        def told(member: str) -> set[object]:
            """Values in the asset that are not those of the draft."""
            theirs = {form.content.get(member) for form in live.forms}
            return theirs - {form.values.get(member) for form in draft.forms.values()} - {None, ""}

        for registry in told("registry_arn"):
            raise CatalogError(
                f"asset {live.asset_id} of {draft.external_id} belongs to a schema of {registry}: "
                "delete it if that is over"
            )
        for name in told("schema_name"):
            other = self._records.load(str(name))
            if other is not None and other.asset_id == live.asset_id:
                raise CatalogError(f"more than one schema maps to {draft.name!r}: {name} too")

    def retire(self, record: AssetRecord, records: AssetRecordStore, *, revoke: bool = False) -> SyncOutcome:
        """Take an asset out whose schema is gone; the record goes last, so that a run which died is resumed.

        Args:
            record: what was recorded of it.
            records: where that record lies.
            revoke: end the subscriptions that depend on it, instead of keeping it.
        """
        live = self._assets.get(record.asset_id)
        if live is not None:
            if live.listing_id:
                if revoke and (ended := self._assets.end_subscriptions(live.listing_id)):
                    _log.warning("asset %s: ended %s subscription(s) or request(s)", live.asset_id, ended)
                dependants = self._assets.subscriptions(live.listing_id)
                if dependants:
                    return SyncOutcome(
                        "kept", f"{len(dependants)} subscription(s) depend on it: {', '.join(dependants[:5])}"
                    )
                if live.listing_status in (LISTED, PUBLISHING):
                    self._insist(lambda: self._assets.unpublish(live.asset_id), f"asset {live.asset_id} unpublished")
            self._insist(lambda: self._assets.delete(live.asset_id), f"asset {live.asset_id} deleted")
        records.remove(record.schema_name)
        return SyncOutcome("retired", event=change("RETIRED", record.asset_id, record.resource_arn))

    def _publish(self, asset_id: str, revision: str) -> None:
        self._insist(lambda: self._assets.publish(asset_id, revision), f"revision {revision} of {asset_id} published")

    def _insist(self, action: Callable[[], bool], what: str) -> None:
        """Do something that DataZone refuses while an earlier change of the listing is under way.

        Raises:
            CatalogError: it still refuses after a few seconds.
        """
        for attempt in range(ATTEMPTS):
            if action():
                return
            self._sleep(0.2 * 2**attempt)
        raise CatalogError(f"DataZone would not have {what} yet: a change is under way, or something still uses it")


def latest(made: datetime | None, indexed: datetime | None, recorded: str) -> str:
    """What a record keeps as the time of the newest revision: the latest of those that were told, ISO 8601 in UTC."""
    moments = [moment.astimezone(UTC) for moment in (made, indexed) if moment is not None]
    if recorded:
        moments.append(datetime.fromisoformat(recorded))
    return max(moments).isoformat() if moments else ""


def _seen(changed: datetime | None, record: AssetRecord) -> bool:
    """Whether a revision is no newer than the one recorded. The index may tell its time less precisely."""
    return changed is None or not record.seen or changed <= datetime.fromisoformat(record.seen) + TOLERANCE
