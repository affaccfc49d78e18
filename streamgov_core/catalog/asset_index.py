"""The project's assets as DataZone's search index shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from threading import Lock

from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.entities import AssetSummary
from streamgov_core.catalog.gateways import AssetCatalog


class AssetIndex:
    """The project's assets in the index, read when they are first asked for. Safe for several threads.

    Args:
        load: gives what Search answered.
        claims: id of the asset that an unrecorded asset's forms claim, by the ARN of the topic or stream.
    """

    def __init__(self, load: Callable[[], Iterable[AssetSummary]], claims: Mapping[str, str]) -> None:
        self._load = load
        self._claims = claims
        self._lock = Lock()
        self._items: dict[str, AssetSummary] | None = None
        self._by_resource: dict[str, str] = {}

    @property
    def items(self) -> Mapping[str, AssetSummary]:
        """The assets, by id."""
        with self._lock:
            if self._items is None:
                self._items = {item.asset_id: item for item in self._load()}
                self._by_resource = {
                    item.external_id: item.asset_id for item in self._items.values() if item.external_id
                }
            return self._items

    def changed(self, asset_id: str) -> datetime | None:
        """When the revision that the index shows of an asset was made; None if it shows none."""
        item = self.items.get(asset_id)
        return None if item is None else item.changed

    def find(self, resource_arn: str) -> str | None:
        """Id of the asset of a topic or stream: by its external identifier, or else by what its forms say."""
        found = self._by_resource.get(resource_arn) if self.items else None
        return found or self._claims.get(resource_arn)


def claims_of(
    assets: AssetCatalog, items: Iterable[AssetSummary], drafts: AssetDrafts, recorded: Collection[str]
) -> dict[str, str]:
    """What the forms of assets claim that no record names: topic or stream to asset. Other tools made such assets.

    Their forms are searched for only if there are such assets at all.

    Args:
        assets: the project's assets.
        items: all of them, as Search answered.
        drafts: know which topic or stream an asset's forms name.
        recorded: ids of the assets that records name.
    """

    def is_unrecorded(item: AssetSummary) -> bool:
        return item.type_name == drafts.type_name and item.asset_id not in recorded

    found: dict[str, str] = {}
    if not any(map(is_unrecorded, items)):
        return found
    for item in assets.search(forms=True):
        if is_unrecorded(item) and (claimed := drafts.claimed_arn(item.forms or {})):
            found.setdefault(claimed, item.asset_id)
    return found
