"""The project's assets as DataZone's search index shows them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from threading import Lock

from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.entities import AssetSummary
from streamgov_core.catalog.gateways import AssetCatalog


class AssetIndex:
    """The project's assets in the index, read once a run.

    Args:
        assets: the project's assets.
        items: what Search answered.
        drafts: know which topic or stream an asset's forms name.
        recorded: ids of the assets that records name.
    """

    def __init__(
        self, assets: AssetCatalog, items: Iterable[AssetSummary], drafts: AssetDrafts, recorded: set[str]
    ) -> None:
        self._assets = assets
        self._drafts = drafts
        self._recorded = recorded
        self._lock = Lock()
        self._by_forms: dict[str, str] | None = None
        self.items = {item.asset_id: item for item in items}
        self.by_resource = {item.external_id: item.asset_id for item in self.items.values() if item.external_id}

    @cached_property
    def has_unrecorded_assets(self) -> bool:
        """Whether assets of our type exist that no record names."""
        return any(
            item.type_name == self._drafts.type_name and key not in self._recorded for key, item in self.items.items()
        )

    def find(self, resource_arn: str) -> str | None:
        """Id of the asset of a topic or stream: by its external identifier, or else by what its forms say."""
        found = self.by_resource.get(resource_arn)
        if found is not None or not self.has_unrecorded_assets:
            return found
        with self._lock:
            if self._by_forms is None:
                self._by_forms = {}
                for item in self._assets.search(forms=True):
                    claimed = self._drafts.claimed_arn(item.forms or {})
                    if claimed and item.type_name == self._drafts.type_name and item.asset_id not in self._recorded:
                        self._by_forms.setdefault(claimed, item.asset_id)
        return self._by_forms.get(resource_arn)
