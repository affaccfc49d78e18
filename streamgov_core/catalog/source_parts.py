"""The parts of a data source, which the sync of one schema, the plan of a full run and its shards all work with."""

from __future__ import annotations

from collections.abc import Callable

from streamgov_core.catalog.asset_writer import AssetWriter, SyncSettings
from streamgov_core.catalog.change_events import ChangePublisher
from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.gateways import AssetCatalog, Registry
from streamgov_core.catalog.mapping import TopicMapping
from streamgov_core.catalog.schema_sync import SchemaSync
from streamgov_core.catalog.schemaless import SchemalessSync
from streamgov_core.model.asset_record import AssetRecordStore
from streamgov_core.platforms.resource_source import ResourceSource


class SourceParts:
    """One registry and one project.

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
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.assets = assets
        self.records = records
        self.plain_records = plain_records
        self.source = source
        self.drafts = drafts
        self.mapping = mapping
        self.publisher = publisher
        self.writer = AssetWriter(settings, assets, records, drafts, sleep)
        self.schemaless = (
            SchemalessSync(settings, self.writer, plain_records, source, drafts) if settings.without_schema else None
        )
        self.schemas = SchemaSync(
            settings,
            registry=registry,
            records=records,
            source=source,
            mapping=mapping,
            drafts=drafts,
            writer=self.writer,
            schemaless=self.schemaless,
        )
