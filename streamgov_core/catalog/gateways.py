"""What the data source asks of the world: a schema registry, a project's assets, a platform's topics or streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from streamgov_core.catalog.model import (
    Asset,
    AssetSummary,
    AssetType,
    Draft,
    HistoryEntry,
    Revision,
    SchemaDetails,
    SchemaInfo,
    SchemaVersion,
    WrittenRevision,
)
from streamgov_core.model.resource import Resource


class Registry(Protocol):
    """A schema registry. Every method raises ClientError for what is not described."""

    def exists(self) -> bool:
        """Whether the registry itself is there."""

    def list_names(self) -> Iterator[str]:
        """The names of all schemas.

        Raises:
            CatalogError: there is no such registry.
        """

    def get_schema(self, name: str) -> SchemaInfo | None:
        """The schema, or None if the registry says that there is none."""

    def get_version(self, name: str, number: int) -> SchemaVersion | None:
        """One version, or None if there is none of this number."""

    def words(self, info: SchemaInfo, number: int) -> dict[str, str]:
        """The schema's tags and a version's metadata, which wins."""

    def history(self, name: str) -> list[HistoryEntry]:
        """The versions, newest first."""


class AssetCatalog(Protocol):
    """The assets of one project."""

    def search(self, text: str | None = None, *, forms: bool = False) -> Iterator[AssetSummary]:
        """The project's assets, all or those that match a text, with their forms if asked; the index may lag behind."""

    def asset_type(self, name: str) -> AssetType | None:
        """The newest revision of an asset type, or None if it cannot be read."""

    def get(self, asset_id: str) -> Asset | None:
        """The asset, or None if there is none."""

    def create(self, draft: Draft, kind: AssetType | None, token: str) -> Asset:
        """Make an asset of this revision of its type, or of whichever DataZone takes.

        Raises:
            AssetExistsError: another asset has this external identifier.
        """

    def revise(self, asset_id: str, revision: Revision, token: str) -> WrittenRevision:
        """Make a new revision of an asset."""

    def publish(self, asset_id: str, revision: str) -> bool:
        """Publish a revision; False if DataZone will not yet, because a change of the listing is under way."""

    def unpublish(self, asset_id: str) -> bool:
        """Take the asset's listing out of the catalogue; False if DataZone will not yet."""

    def subscriptions(self, listing_id: str) -> list[str]:
        """Ids of the subscriptions and open requests that depend on a listing."""

    def end_subscriptions(self, listing_id: str) -> int:
        """Revoke the listing's subscriptions and reject its open requests; returns how many there were."""

    def delete(self, asset_id: str) -> bool:
        """Delete an asset; False if DataZone will not yet, because its listing is still going."""


class Source(Protocol):
    """Where the topics or streams of one platform are looked up."""

    type_name: str
    """The asset type."""

    def prepare(self, *, one: bool = False) -> None:
        """Look up what all of them share, once a run.

        Args:
            one: the run is about a single one of them: list nothing.

        Raises:
            CatalogError: it is not there.
        """

    def resource(self, name: str) -> Resource:
        """The topic or stream of a name.

        Raises:
            StreamgovError: the name is not legal, or there is none.
        """

    def warm(self, name: str) -> None:
        """Ask ahead for what ``resource`` will need, so that it costs no call then."""

    def described(self, resource: Resource) -> Resource:
        """The resource with those facts that cost a call each, for an asset that is written anyway."""

    def resources(self) -> list[str]:
        """The names of all topics or streams that are there and are people's, not the platform's own.

        Raises:
            CatalogError: the platform cannot list them.
        """

    def draft(
        self,
        resource: Resource,
        info: SchemaInfo | None,
        version: SchemaVersion | None,
        details: SchemaDetails,
    ) -> Draft:
        """The asset of a topic or stream, with its schema if it has one.

        Raises:
            SchemaError: the schema cannot be read.
        """

    def claimed(self, forms: Mapping[str, Mapping[str, Any]]) -> str | None:
        """ARN of the topic or stream that an asset's forms speak of; None if they name none."""
