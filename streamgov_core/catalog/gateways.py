"""What the data source reads and writes: a schema registry and a project's assets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from streamgov_core.catalog.entities import (
    Asset,
    AssetSummary,
    AssetType,
    HistoryEntry,
    Revision,
    SchemaInfo,
    SchemaVersion,
    WrittenRevision,
)


class Registry(Protocol):
    """A schema registry. Every method may raise botocore's ClientError."""

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

    def tags(self, info: SchemaInfo, number: int) -> dict[str, str]:
        """The schema's tags and a version's metadata, which wins where both have a key."""

    def history(self, name: str) -> list[HistoryEntry]:
        """The versions, newest first."""


class AssetCatalog(Protocol):
    """The assets of one project."""

    def search(self, text: str | None = None, *, forms: bool = False) -> Iterator[AssetSummary]:
        """The project's assets, all or those that match a text, with their forms if asked; the index may lag behind."""

    def asset_type(self, name: str) -> AssetType | None:
        """The newest revision of an asset type, or None if it cannot be read."""

    def get(self, asset_id: str, revision: str | None = None) -> Asset | None:
        """The asset, its newest revision or a given one, or None if there is none.

        Raises:
            AssetHiddenError: it may not be read and is not in the project: it is gone, or it is another project's.
        """

    def create(self, external_id: str, type_name: str, first: Revision, token: str) -> Asset:
        """Create an asset.

        Args:
            external_id: its external identifier.
            type_name: its asset type.
            first: its first revision.
            token: distinguishes this request from others.

        Raises:
            AssetExistsError: another asset has this external identifier.
        """

    def revise(self, asset_id: str, revision: Revision, token: str) -> WrittenRevision:
        """Write a new revision of an asset.

        Raises:
            AssetBusyError: DataZone will not yet: another change of the asset is in progress.
        """

    def publish(self, asset_id: str, revision: str) -> bool:
        """Publish a revision; False if DataZone will not yet, because a change of the listing is in progress."""

    def unpublish(self, asset_id: str) -> bool:
        """Take the asset's listing out of the catalogue; False if DataZone will not yet."""

    def subscriptions(self, listing_id: str) -> list[str]:
        """Ids of the subscriptions and open requests that depend on a listing."""

    def consumers(self, listing_id: str) -> list[str]:
        """Names of the projects whose subscriptions to a listing are approved, each once, in order."""

    def end_subscriptions(self, listing_id: str) -> int:
        """Revoke the listing's subscriptions and reject its open requests; returns how many there were."""

    def delete(self, asset_id: str) -> bool:
        """Delete an asset; False if DataZone will not yet, because its listing is still going."""
