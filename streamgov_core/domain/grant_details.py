"""Everything that a grant refers to in DataZone, read side by side; a thing that is gone reads as None."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.domain.datazone import DataZoneReader
from streamgov_core.domain.live_asset import LiveAsset
from streamgov_core.model.errors import PermanentGrantError, RetryableGrantError
from streamgov_core.runtime.log import log


@dataclass(frozen=True)
class SubscriptionRequest:
    """The subscription request, as far as it could be read."""

    request: Mapping[str, Any] = field(default_factory=dict)
    unreadable: str = ""
    """Why the subscription or its request could not be read."""


@dataclass(frozen=True)
class GrantDetails:
    """What was read about one grant, a missing thing as None.

    Args:
        grant: GetSubscriptionGrant's answer.
        assets: what the granted listing says of each asset, by asset id.
        environment: the consumer's environment.
        target: its subscription target.
        pending_request: the subscription request, while it is read.
    """

    grant: Mapping[str, Any]
    assets: Mapping[str, LiveAsset] = field(default_factory=dict)
    environment: Mapping[str, Any] | None = None
    target: Mapping[str, Any] | None = None
    pending_request: Future[SubscriptionRequest] | None = None

    @property
    def subscription_request(self) -> SubscriptionRequest:
        """The subscription request; waits until it is read."""
        return SubscriptionRequest() if self.pending_request is None else self.pending_request.result()


class GrantReader:
    """Reads what grants refer to.

    Args:
        domain: DataZone.
    """

    def __init__(self, domain: DataZoneReader) -> None:
        self._domain = domain

    def read(self, calls: ThreadPoolExecutor, grant: Mapping[str, Any]) -> GrantDetails:
        """Everything that the grant refers to, side by side; the request may take longer than the rest."""
        pending_request = calls.submit(self._subscription_request, grant.get("subscriptionId"))
        assets = calls.submit(self._listings, calls, grant["grantedEntity"].get("listing") or {})
        environment = calls.submit(self._domain.environment, grant["environmentId"])
        target = calls.submit(self._domain.target, grant["environmentId"], grant["subscriptionTargetId"])
        return GrantDetails(grant, assets.result(), environment.result(), target.result(), pending_request)

    def published(self, grant: Mapping[str, Any]) -> dict[str, LiveAsset]:
        """The grant's assets as they were published last, whatever revision was granted."""
        listing = (grant.get("grantedEntity") or {}).get("listing") or {}
        with ThreadPoolExecutor(4, "listings") as pool:
            return self._listings(pool, {"id": listing["id"]} if listing.get("id") else {})

    def _subscription_request(self, subscription_id: Any) -> SubscriptionRequest:
        """Being denied it (UNVERIFIED[dz-read-request-membership] which membership reading takes) is no failure of what
        else is read.
        """
        if not subscription_id:
            return SubscriptionRequest()
        try:
            subscription = self._domain.subscription(str(subscription_id)) or {}
            request_id = subscription.get("subscriptionRequestId")
            request = self._domain.request(str(request_id)) or {} if request_id else {}
            return SubscriptionRequest(request)
        except RetryableGrantError:
            raise
        except PermanentGrantError as error:
            log("request not readable", level=logging.WARNING, cause=str(error))
            return SubscriptionRequest(unreadable=str(error))

    def _listings(self, pool: ThreadPoolExecutor, listing: Mapping[str, Any]) -> dict[str, LiveAsset]:
        """The listed assets by asset id: one, or those of a data product."""
        if not listing:
            return {}
        found = self._domain.listing(listing["id"], listing.get("revision"))
        parts: list[Future[Mapping[str, Any] | None]] = []
        entries = [found]
        product = ((found or {}).get("item") or {}).get("dataProductListing")
        if product:
            parts = [
                pool.submit(self._domain.listing, part["listingId"], part.get("listingRevision"))
                for part in product.get("items", ())
            ]
            entries = [part.result() for part in parts]
        assets = [((entry or {}).get("item") or {}).get("assetListing") for entry in entries]
        return {asset["assetId"]: LiveAsset.of_listing(asset) for asset in assets if asset and asset.get("assetId")}
