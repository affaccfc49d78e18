"""Topics and streams that have no schema: assets without columns, until a schema is registered."""

from __future__ import annotations

from collections.abc import Collection

from streamgov_core.catalog.asset_writer import Keeper, Settings, Shelf, latest
from streamgov_core.catalog.change_events import change
from streamgov_core.catalog.drafts import LAYOUT
from streamgov_core.catalog.gateways import Source
from streamgov_core.catalog.model import Asset, SchemaDetails, SyncOutcome, digest
from streamgov_core.catalog.workers import Crew, too_many
from streamgov_core.model.asset_record import PARTS, AssetRecord, AssetRecordStore
from streamgov_core.model.errors import ClaimRefusedError
from streamgov_core.model.resource import Resource


class Topics:
    """Keeps the assets of topics and streams without schema.

    Args:
        settings: how to work.
        keeper: keeps single assets.
        records: what earlier runs recorded of them.
        source: where topics or streams are looked up.
    """

    def __init__(self, settings: Settings, keeper: Keeper, records: AssetRecordStore, source: Source) -> None:
        self._settings = settings
        self._keeper = keeper
        self._records = records
        self._source = source

    def forget(self, name: str) -> None:
        """A schema has taken the asset of a topic over."""
        self._records.remove(name)

    def run(self, crew: Crew, covered: Collection[str], shelf: Shelf, *, retire_any: bool, revoke: bool) -> bool:
        """Sync all topics and streams that no schema covers.

        Args:
            crew: who works.
            covered: ARNs of those that schemas cover.
            shelf: the project's assets in the index.
            retire_any: retire however many assets have lost their topics.
            revoke: end the subscriptions of assets that are retired.

        Returns:
            False if the time did not suffice.

        Raises:
            CatalogError: the platform cannot list topics or streams.
        """
        there = self._source.resources()
        records = {record.schema_name: record for part in range(PARTS) for record in self._records.load_part(part)}
        todo = []
        taken_over = set()
        for name in there:
            try:
                arn = self._source.resource(name).arn
            except ClaimRefusedError:
                continue  # a name that no policy could hold: Kafka refuses such, too
            if arn in covered:
                taken_over.add(name)
            else:
                todo.append(name)

        def glance(name: str) -> bool:
            record = records.get(name)
            return (
                record is not None
                and record.mark == self._mark(self._source.resource(name))
                and self._keeper.settled(record, shelf)
            )

        if crew.each(todo, lambda name: self._sync(name, records.get(name), shelf), glance, free=True) < len(todo):
            return False
        for name in taken_over & set(records):
            self._records.remove(name)
        gone = sorted(set(records) - set(there))
        refusal = too_many(len(gone), len(records), self._settings.max_retire_share, "topics or streams are gone")
        if refusal and not retire_any:
            crew.result.fail("*", refusal)
        else:
            crew.each(gone, lambda name: self._keeper.retire(records[name], self._records, revoke=revoke))
        return True

    def _sync(self, name: str, record: AssetRecord | None, shelf: Shelf) -> SyncOutcome:
        plain = self._source.resource(name)
        resource = self._source.described(plain)
        draft = self._source.draft(resource, None, None, SchemaDetails())
        live: Asset | None = None
        if record is not None:
            live = self._keeper.load(record.asset_id)
        if live is None:
            live = self._keeper.load(shelf.find(draft.external_id) or "")
            if live is not None and _has_schema(live):
                return SyncOutcome("unchanged")  # a schema of another registry has it
            live = self._keeper.find(draft, shelf)
            if live is not None and record is not None and record.asset_id != live.asset_id:
                record = None
        kept = self._keeper.keep(draft, live, record, "")
        seen = shelf.items[kept.asset_id].changed if kept.asset_id in shelf.items else None
        new = AssetRecord(
            asset_id=kept.asset_id,
            resource_arn=draft.external_id,
            schema_arn=None,
            schema_name=name,
            content_hash=draft.content_hash(),
            mark=self._mark(plain),
            description_hash=draft.description_hash(),
            seen=latest(kept.changed, seen, record.seen if record else ""),
        )
        if new != record:
            self._records.save(new)
        if kept.verdict == "unchanged":
            return SyncOutcome("unchanged")
        word = "CREATED" if kept.verdict == "created" else "REVISED"
        return SyncOutcome(kept.verdict, event=change(word, kept.asset_id, resource.arn, revision=kept.revision))

    def _mark(self, resource: Resource) -> str:
        return digest([LAYOUT, resource.arn, dict(resource.facts), self._settings.publish])


def _has_schema(live: Asset) -> bool:
    return any(form.content.get("schema_arn") for form in live.forms)
