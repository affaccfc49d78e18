"""Events that a domain puts on EventBridge's default bus, in the shape of section 3 of the project's facts.

Source ``aws.datazone``, in the domain's account and region, delivered best effort. An event is collected while the
domain's lock is held and put after it is released, so that a target which calls back at once finds the lock free.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from aws_emulator.api import Emulator
from aws_emulator.datazone.models.entities import Domain
from aws_emulator.datazone.models.subscription_entities import SubscriptionGrant, SubscriptionRequest

ENVELOPE_VERSION = "655"


@dataclass(frozen=True)
class Event:
    """One event that waits to be put; ``entry`` is one of PutEvents."""

    account: str
    region: str
    entry: dict[str, Any]


class Outbox:
    """Collects events per thread, and puts them when the operation has released its lock."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._waiting = threading.local()
        self._count = threading.Lock()
        self.put = 0
        self.dropped = 0
        """Events that found no bus (the part ``events.put`` is not installed)."""

    def add(self, event: Event) -> None:
        """Keep an event until ``flush``."""
        self._queue().append(event)

    def clear(self) -> None:
        """Forget this thread's events (the operation failed)."""
        self._queue().clear()

    def flush(self) -> None:
        """Put this thread's events, in order."""
        queue = self._queue()
        events, queue[:] = list(queue), []
        bus = self._emulator.parts.get("events.put")
        for event in events:
            with self._count:
                if bus is None:
                    self.dropped += 1
                    continue
                self.put += 1
            bus(event.account, event.region, event.entry)

    def _queue(self) -> list[Event]:
        if not hasattr(self._waiting, "events"):
            self._waiting.events = []
        queue: list[Event] = self._waiting.events
        return queue


def build(
    domain: Domain,
    detail_type: str,
    *,
    entity_type: str,
    entity_id: str,
    user: str,
    data: dict[str, Any],
    project: str | None = None,
    version: str | None = "1",
    token: str | None = None,
) -> Event:
    """An event with DataZone's envelope."""
    detail = {
        "version": ENVELOPE_VERSION,
        "metadata": {
            "domain": domain.id,
            "user": user,
            "id": entity_id,
            "version": version,
            "typeName": entity_type,
            "owningProjectId": project,
            "awsAccountId": domain.account,
            "clientToken": token,
        },
        "data": data,
    }
    entry = {"Source": "aws.datazone", "DetailType": detail_type, "Detail": detail, "Resources": []}
    return Event(domain.account, domain.region, entry)


def grant_data(grant: SubscriptionGrant, asset_id: str) -> dict[str, Any]:
    """``data`` of the six grant events: one event per asset of the grant.

    UNVERIFIED[dz-failed-grant-event]: whether a failure's cause is in the event; it is left out, so that nobody relies
    on it.
    """
    asset = grant.assets[asset_id]
    return {
        "asset": {
            "id": asset.asset_id,
            "typeName": asset.type_name,
            "listingId": asset.listing_id,
            "listingVersion": asset.listing_revision,
        },
        "projectId": grant.project_id,
        "status": asset.status,
        "subscriptionTarget": {
            "id": grant.target_id,
            "environmentId": grant.environment_id,
            "typeName": grant.target_type,
        },
    }


def request_data(domain: Domain, request: SubscriptionRequest) -> dict[str, Any]:
    """``data`` of the Subscription Request events."""
    listing = domain.listings.get(request.listing_id)
    subscribed: dict[str, Any] = {"id": request.listing_id, "version": request.listing_revision}
    if listing is not None:
        subscribed["ownerProjectId"] = listing.owning_project
        kind = "assetListing" if listing.kind == "ASSET" else "dataProductListing"
        subscribed["item"] = {kind: {"entityId": listing.entity_id, "entityType": listing.latest.entity_type}}
    return {
        "autoApproved": False,
        "requesterId": request.stamp.created_by,
        "status": request.status,
        "subscribedListings": [subscribed],
        "subscribedPrincipals": [{"id": request.principal[1], "type": request.principal[0]}],
    }
