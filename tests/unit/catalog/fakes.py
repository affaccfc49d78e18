"""In-memory stand-ins for the data source's gateways. They count calls, and can be event to fail."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.paginate import Paginator

from streamgov_core.catalog.asset_errors import AssetExistsError
from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.entities import (
    Asset,
    AssetSummary,
    AssetType,
    Form,
    HistoryEntry,
    Revision,
    SchemaInfo,
    SchemaVersion,
    WrittenRevision,
)
from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.catalog.source_parts import SourceParts
from streamgov_core.catalog.sync import sync_one
from streamgov_core.catalog.sync_request import SyncRequest
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.errors import CatalogError
from streamgov_core.model.naming import Names
from streamgov_core.platforms.msk.platform import Msk
from streamgov_core.platforms.msk.source import MskSource
from tests.unit.catalog.full_runs import FullRunStore, Machine, MemoryRunJournal

ACCOUNT = "222222222222"
REGION = "us-east-1"
REGISTRY = "orders"
REGISTRY_ARN = f"arn:aws:glue:{REGION}:{ACCOUNT}:registry/{REGISTRY}"
CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/main/0a1b2c3d-1111-2222-3333-444455556666-7"
PROJECT = "producer1"


def avro(*fields: str, doc: str | None = None) -> str:
    record: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": f, "type": "string"} for f in fields]}
    if doc:
        record["doc"] = doc
    return json.dumps(record)


class Counting:
    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.fail: Callable[[str, str], None] = lambda operation, subject: None
        self._lock = threading.Lock()

    def _called(self, operation: str, subject: str = "") -> None:
        with self._lock:
            self.calls[operation] += 1
        self.fail(operation, subject)


class FakeRegistry(Counting):
    def __init__(self) -> None:
        super().__init__()
        self.there = True
        self.infos: dict[str, SchemaInfo] = {}
        self.versions: dict[str, dict[int, SchemaVersion]] = {}
        self.tagged: dict[str, dict[str, str]] = {}

    def put(self, name: str, definition: str, status: str = "AVAILABLE", **changes: Any) -> None:
        """Register a version, the schema too if it is new."""
        versions = self.versions.setdefault(name, {})
        number = max(versions, default=0) + 1
        info = self.infos.get(name) or SchemaInfo(
            name,
            REGISTRY_ARN.replace(":registry/", ":schema/") + f"/{name}",
            REGISTRY_ARN,
            "AVRO",
            "BACKWARD",
            number,
            "2026-01-01",
        )
        self.infos[name] = replace(info, latest=number, **changes)
        versions[number] = SchemaVersion(number, status, definition, self.infos[name].data_format)

    def drop(self, name: str) -> None:
        del self.infos[name]
        del self.versions[name]

    def exists(self) -> bool:
        self._called("exists")
        return self.there

    def list_names(self) -> Iterator[str]:
        self._called("list")
        if not self.there:
            raise CatalogError("there is no schema registry")
        yield from list(self.infos)

    def get_schema(self, name: str) -> SchemaInfo | None:
        self._called("get_schema", name)
        return self.infos.get(name)

    def get_version(self, name: str, number: int) -> SchemaVersion | None:
        self._called("get_version", name)
        return self.versions.get(name, {}).get(number)

    def tags(self, info: SchemaInfo, number: int) -> dict[str, str]:
        self._called("tags", info.name)
        return dict(self.tagged.get(info.name, {}))

    def history(self, name: str) -> list[HistoryEntry]:
        self._called("history", name)
        return [
            HistoryEntry(number, version.status, f"2026-01-{number:02}")
            for number, version in sorted(self.versions[name].items(), reverse=True)
        ]


class FakeAssets(Counting):
    def __init__(self) -> None:
        super().__init__()
        self.assets: dict[str, Asset] = {}
        self.subscribed: dict[str, list[str]] = {}
        self.hidden: set[str] = set()
        self.tokens: dict[str, str] = {}
        self.log: list[tuple[str, str]] = []
        self.undeletable = 0
        self.kind: AssetType | None = AssetType("1", {})
        self.revisions: dict[str, list[Asset]] = {}
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def _later(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time

    @property
    def writes(self) -> int:
        return sum(self.calls[name] for name in ("create", "revise", "publish", "unpublish", "delete"))

    def search(self, text: str | None = None, *, forms: bool = False) -> Iterator[AssetSummary]:
        self._called("search_forms" if forms else "search")
        for asset in list(self.assets.values()):
            if asset.asset_id not in self.hidden and (text is None or text in asset.name):
                yield AssetSummary(
                    asset.asset_id,
                    asset.external_id,
                    asset.type_name,
                    asset.name,
                    asset.type_revision,
                    asset.changed,
                    {form.name: form.content for form in asset.forms} if forms else None,
                )

    def asset_type(self, name: str) -> AssetType | None:
        self._called("asset_type", name)
        return self.kind

    def get(self, asset_id: str, revision: str | None = None) -> Asset | None:
        self._called("get", asset_id)
        if revision is not None:
            return next((item for item in self.revisions[asset_id] if item.revision == revision), None)
        return self.assets.get(asset_id)

    def create(self, external_id: str, type_name: str, first: Revision, token: str) -> Asset:
        self._called("create", first.name)
        with self._lock:
            if token in self.tokens:
                return self.assets[self.tokens[token]]
            if any(asset.external_id == external_id for asset in self.assets.values()):
                raise AssetExistsError("DataZone refuses a second asset")
            asset = Asset(
                f"asset{len(self.tokens) + 1}",
                first.name,
                "1",
                type_name,
                external_id,
                PROJECT,
                first.description,
                first.glossary_terms,
                tuple(replace(form, type_revision=form.type_revision or "1") for form in first.forms),
                type_revision=first.type_revision or "1",
                changed=self._later(),
            )
            self.assets[asset.asset_id] = asset
            self.tokens[token] = asset.asset_id
        self.log.append(("create", asset.asset_id))
        self.fail("created", first.name)
        return asset

    def revise(self, asset_id: str, revision: Revision, token: str) -> WrittenRevision:
        self._called("revise", asset_id)
        live = self.assets[asset_id]
        self.revisions.setdefault(asset_id, []).append(live)
        number = str(int(live.revision) + 1)
        forms = tuple(replace(form, type_revision=form.type_revision or "1") for form in revision.forms)
        self.assets[asset_id] = replace(
            live,
            name=revision.name,
            description=revision.description,
            glossary_terms=revision.glossary_terms,
            forms=forms,
            revision=number,
            type_revision=revision.type_revision or live.type_revision,
            changed=self._later(),
        )
        self.log.append(("revise", asset_id))
        return WrittenRevision(number, self.time)

    def publish(self, asset_id: str, revision: str) -> bool:
        self._called("publish", asset_id)
        self.assets[asset_id] = replace(
            self.assets[asset_id], listing_id=f"listing-{asset_id}", listing_status="ACTIVE"
        )
        self.log.append(("publish", asset_id))
        return True

    def unpublish(self, asset_id: str) -> bool:
        self._called("unpublish", asset_id)
        self.assets[asset_id] = replace(self.assets[asset_id], listing_status="INACTIVE")
        self.log.append(("unpublish", asset_id))
        return True

    def subscriptions(self, listing_id: str) -> list[str]:
        self._called("subscriptions", listing_id)
        return self.subscribed.get(listing_id, [])

    def consumers(self, listing_id: str) -> list[str]:
        self._called("consumers", listing_id)
        return [f"project of {identifier}" for identifier in self.subscribed.get(listing_id, [])]

    def end_subscriptions(self, listing_id: str) -> int:
        self._called("end_subscriptions", listing_id)
        return len(self.subscribed.pop(listing_id, []))

    def delete(self, asset_id: str) -> bool:
        self._called("delete", asset_id)
        if self.undeletable > 0:
            self.undeletable -= 1
            return False
        self.assets.pop(asset_id, None)
        self.log.append(("delete", asset_id))
        return True

    def edit(self, asset_id: str, **changes: Any) -> None:
        """A person's edit: a new revision."""
        live = self.assets[asset_id]
        revision = str(int(live.revision) + 1)
        self.assets[asset_id] = replace(live, revision=revision, changed=self._later(), **changes)

    def form(self, asset_id: str, name: str) -> dict[str, Any]:
        return dict(next(form.content for form in self.assets[asset_id].forms if form.name == name))

    def with_form(self, asset_id: str, form: Form) -> tuple[Form, ...]:
        return (*(item for item in self.assets[asset_id].forms if item.name != form.name), form)


class MemoryRecords(Counting):
    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, str] = {}

    def load(self, schema_name: str) -> AssetRecord | None:
        self._called("load", schema_name)
        text = self.records.get(schema_name)
        return AssetRecord.from_json(text, schema_name) if text else None

    def load_all(self) -> Iterator[AssetRecord]:
        self._called("load_all")
        yield from [AssetRecord.from_json(text, name) for name, text in list(self.records.items())]

    def load_between(self, first: str, last: str) -> Iterator[AssetRecord]:
        self._called("load_between")
        found = sorted((name, text) for name, text in self.records.items() if first <= name <= last)
        yield from [AssetRecord.from_json(text, name) for name, text in found]

    def save(self, record: AssetRecord) -> None:
        self._called("save", record.schema_name)
        self.records[record.schema_name] = record.to_json()

    def remove(self, schema_name: str) -> None:
        self._called("remove", schema_name)
        self.records.pop(schema_name, None)


class Paginated:
    """A fake client of one service whose list calls botocore's own paginators call."""

    service: str

    def get_paginator(self, operation: str) -> Paginator[Any]:
        loader, name = create_loader(), "".join(part.title() for part in operation.split("_"))
        config = loader.load_service_model(self.service, "paginators-1")["pagination"][name]
        model = ServiceModel(loader.load_service_model(self.service, "service-2")).operation_model(name)
        return Paginator(getattr(self, operation), config, model)


class FakeKafka(Paginated):
    """The part of a Kafka client that the source uses, over a list of clusters in pages of two."""

    service = "kafka"

    class exceptions:
        class ClientError(Exception):
            def __init__(self, code: str) -> None:
                super().__init__(code)
                self.response = {"Error": {"Code": code}}

    def __init__(self, *clusters: dict[str, Any]) -> None:
        self.clusters = clusters or (
            {"ClusterName": "main", "ClusterArn": CLUSTER, "ClusterType": "PROVISIONED", "State": "ACTIVE"},
        )
        self.brokers = {"BootstrapBrokerStringSaslIam": "b-2.main:9098,b-1.main:9098"}
        self.topics: dict[str, dict[str, Any]] | None = None
        self.listed = 0

    def list_clusters_v2(self, ClusterNameFilter: str, MaxResults: int, NextToken: str = "0") -> dict[str, Any]:
        found = [item for item in self.clusters if item["ClusterName"].startswith(ClusterNameFilter)]
        start = int(NextToken)
        page: dict[str, Any] = {"ClusterInfoList": found[start : start + 2]}
        if start + 2 < len(found):
            page["NextToken"] = str(start + 2)
        return page

    def describe_cluster_v2(self, ClusterArn: str) -> dict[str, Any]:
        for item in self.clusters:
            if item["ClusterArn"] == ClusterArn:
                return {"ClusterInfo": item}
        raise self.exceptions.ClientError("NotFoundException")

    def list_topics(self, ClusterArn: str, MaxResults: int, NextToken: str = "0") -> dict[str, Any]:
        self.listed += 1
        if self.topics is None:
            raise self.exceptions.ClientError("BadRequestException")
        start, names = int(NextToken), sorted(self.topics)
        page: dict[str, Any] = {
            "Topics": [
                {"TopicName": name, "PartitionCount": self.topics[name]["partitions"], "ReplicationFactor": 3}
                for name in names[start : start + 2]
            ]
        }
        if start + 2 < len(names):
            page["NextToken"] = str(start + 2)
        return page

    def describe_topic(self, ClusterArn: str, TopicName: str) -> dict[str, Any]:
        if self.topics is None or TopicName not in self.topics:
            raise self.exceptions.ClientError("BadRequestException" if self.topics is None else "NotFoundException")
        topic = self.topics[TopicName]
        return {"PartitionCount": topic["partitions"], "ReplicationFactor": 3, "Configs": topic.get("configs", "")}

    def get_bootstrap_brokers(self, ClusterArn: str) -> dict[str, Any]:
        return dict(self.brokers)


class FakeBus:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.broken = False

    def publish(self, details: Any) -> None:
        if self.broken:
            raise CatalogError("the bus is broken")
        self.published += [dict(detail) for detail in details]


class SyncSetup:
    """A registry, a project, records and a cluster, and runs of a data source over them."""

    def __init__(self, **settings: Any) -> None:
        self.registry = FakeRegistry()
        self.assets = FakeAssets()
        self.records = MemoryRecords()
        self.plain_records = MemoryRecords()
        self.bus = FakeBus()
        self.kafka: Any = FakeKafka()
        self.settings = SyncSettings(PROJECT, **settings)
        self.slept: list[float] = []
        self.mapping = "same"
        self.cluster = "main"
        self.topics: tuple[str, ...] = ("*",)
        self.enough_time: Callable[[], bool] = lambda: True
        self.store = FullRunStore()
        self.journal = MemoryRunJournal()
        self.executions = itertools.count()

    def parts(self) -> SourceParts:
        return SourceParts(
            self.settings,
            registry=self.registry,
            assets=self.assets,
            records=self.records,
            plain_records=self.plain_records,
            publisher=self.bus,
            source=MskSource(self.kafka, self.cluster, self.topics),
            drafts=AssetDrafts(Msk(), Names()),
            mapping=topic_mapping(self.mapping),
            sleep=self.slept.append,
        )

    def machine(self, **order: bool) -> Machine:
        """A full run that is about to begin."""
        return Machine(self, **order)

    def run(self, **order: bool) -> dict[str, Any]:
        return self.machine(**order).run().to_json()

    def one(self, name: str, **order: bool) -> dict[str, Any]:
        return sync_one(self.parts(), name, SyncRequest(schema=name, **order)).to_json()

    def reset(self) -> None:
        for gateway in (self.registry, self.assets, self.records, self.plain_records):
            gateway.calls.clear()
        self.bus.published.clear()

    def asset_of(self, asset_id: str) -> Asset:
        return self.assets.assets[asset_id]

    def asset(self, name: str) -> Asset:
        record = self.records.load(name)
        assert record is not None
        return self.assets.assets[record.asset_id]
