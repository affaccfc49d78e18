"""Single things of DataZone that several grants share: read once a run, being refused remembered too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from streamgov_core.domain.datazone import DataZoneReader
from streamgov_core.domain.live_asset import LiveAsset
from streamgov_core.domain.reconcile.inventory import ListedGrant
from streamgov_core.model.errors import PermanentGrantError, RemoteError

MAX_LISTINGS = 400
"""Listings that are read to find out what an unrecorded grant is about."""

Found = TypeVar("Found")


class Lookups:
    """Reads each thing once.

    Each method raises PermanentGrantError or RemoteError if the thing may not be read, and answers None if it is gone.

    Args:
        domain: DataZone.
    """

    def __init__(self, domain: DataZoneReader) -> None:
        self._domain = domain
        self._seen: dict[tuple[str, ...], Any] = {}
        self._listings = 0

    def grant(self, grant_id: str) -> Mapping[str, Any] | None:
        """A subscription grant."""
        return self._once(("grant", grant_id), lambda: self._domain.grant(grant_id))

    def environment(self, environment_id: str) -> Mapping[str, Any] | None:
        """An environment."""
        return self._once(("environment", environment_id), lambda: self._domain.environment(environment_id))

    def target(self, environment_id: str, target_id: str) -> Mapping[str, Any] | None:
        """A subscription target."""
        return self._once(("target", target_id), lambda: self._domain.target(environment_id, target_id))

    def asset(self, asset_id: str) -> LiveAsset | None:
        """An asset as it is now."""
        return self._once(("asset", asset_id), lambda: self._domain.asset(asset_id))

    def type_of(self, grant: ListedGrant, asset_id: str) -> str:
        """An asset's type by the grant's listing; empty if the listing no longer says."""
        if not grant.listing_id:
            return ""
        item = self._listing(grant.listing_id, grant.listing_revision or None)
        parts: list[Mapping[str, Any]] = [item]
        for part in (item.get("dataProductListing") or {}).get("items") or ():
            parts.append(self._listing(str(part.get("listingId")), part.get("listingRevision")))
        for entry in parts:
            asset = entry.get("assetListing") or {}
            if asset.get("assetId") == asset_id:
                return str(asset.get("assetType") or "")
        return ""

    def _listing(self, listing_id: str, revision: str | None) -> Mapping[str, Any]:
        key = ("listing", listing_id, revision or "")
        if key not in self._seen:
            self._listings += 1
            if self._listings > MAX_LISTINGS:
                raise PermanentGrantError(f"more than {MAX_LISTINGS} listings would have to be read")
        found = self._once(key, lambda: self._domain.listing(listing_id, revision))
        return dict((found or {}).get("item") or {})

    def _once(self, key: tuple[str, ...], read: Callable[[], Found]) -> Found:
        if key not in self._seen:
            try:
                self._seen[key] = read()
            except (PermanentGrantError, RemoteError) as error:
                self._seen[key] = error
        value: Any = self._seen[key]
        if isinstance(value, Exception):
            raise value
        found: Found = value
        return found
