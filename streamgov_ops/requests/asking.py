"""Ask for a subscription, and end a grant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.access_request import parse_request, request_form_model
from streamgov_core.model.errors import ConfigError, PermanentGrantError, RemoteError
from streamgov_core.model.naming import Names
from streamgov_ops.session import DENIED, NOT_FOUND, reporting
from streamgov_pulumi.providers.base import OBJECT_ID

FORM_NAME = "Access"
MAX_LISTINGS = 200
"""Listings that a search looks at."""


@dataclass(frozen=True)
class Listing:
    """A published asset.

    Attributes:
        id: of the listing.
        asset: id of the asset.
        name: its name.
        type: its asset type.
    """

    id: str
    asset: str
    name: str
    type: str


def find_listing(api: Any, domain_id: str, wanted: str) -> Listing:
    """The published asset of a name, an asset id or a listing id.

    Raises:
        ConfigError: there is none, or several have the name.
    """
    by_id = _by_id(api, domain_id, wanted)
    if by_id is not None:
        return by_id
    found = [item for item in _listings(api, domain_id, wanted) if item.name == wanted]
    if not found:
        raise ConfigError(
            f"domain {domain_id} shows you no published asset {wanted!r}: check the name (it counts in full), and that "
            "the asset is published"
        )
    if len(found) > 1:
        told = ", ".join(f"{item.asset} ({item.type})" for item in found[:5])
        raise ConfigError(f"{wanted!r} is ambiguous: {told}. Give the asset's id")
    return found[0]


def _by_id(api: Any, domain_id: str, wanted: str) -> Listing | None:
    """The listing of an asset's or listing's id; None if it is neither."""
    if not OBJECT_ID.fullmatch(wanted):
        return None
    listing_id = wanted
    try:
        with reporting("datazone:GetAsset"):
            asset = api.get_asset(domainIdentifier=domain_id, identifier=wanted)
            listing_id = str((asset.get("listing") or {}).get("listingId") or wanted)
    except RemoteError as error:
        if error.code not in (NOT_FOUND, *DENIED):
            raise
    try:
        with reporting("datazone:GetListing"):
            found = api.get_listing(domainIdentifier=domain_id, identifier=listing_id)
    except RemoteError as error:
        if error.code not in (NOT_FOUND, *DENIED):
            raise
        return None
    item = (found.get("item") or {}).get("assetListing") or {}
    return Listing(listing_id, str(item.get("assetId", "")), str(found.get("name", "")), str(item.get("assetType", "")))


def _listings(api: Any, domain_id: str, wanted: str) -> Iterator[Listing]:
    with reporting("datazone:SearchListings"):
        pages = api.get_paginator("search_listings").paginate(
            domainIdentifier=domain_id, searchText=wanted, PaginationConfig={"MaxItems": MAX_LISTINGS}
        )
        for page in pages:
            for item in page.get("items", ()):
                asset = item.get("assetListing")
                if asset:
                    yield Listing(
                        str(asset["listingId"]), str(asset.get("entityId", "")), str(asset.get("name", "")),
                        str(asset.get("entityType", "")),
                    )  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Attributes:
        access: READ, WRITE or READ_WRITE.
        consumption: SHARED or FAN_OUT.
        until: a day, or '' for no end.
    """

    access: str = "READ"
    consumption: str = "SHARED"
    until: str = ""


def ask(
    api: Any, names: Names, domain_id: str, project: str, listing: Listing, asked: Asked, reason: str, now: float
) -> str:
    """Ask for a subscription to a published asset; answers the request's id.

    Args:
        api: a DataZone client.
        names: of the deployment.
        domain_id: the domain.
        project: id of the project that would subscribe.
        listing: the asset.
        asked: how it is to be used.
        reason: why, for whoever decides.
        now: seconds since the epoch.

    Raises:
        ConfigError: what is asked for is malformed, or has passed.
        RemoteError: DataZone refuses.
    """
    content = {
        "access": asked.access,
        "consumption": asked.consumption,
        **({"until": asked.until} if asked.until else {}),
    }
    form = {"formName": FORM_NAME, "typeIdentifier": request_form_model(names).name, "content": json.dumps(content)}
    try:
        parse_request(names, [{**form, "typeName": form["typeIdentifier"]}], now)
    except PermanentGrantError as error:
        raise ConfigError(str(error)) from error
    with reporting("datazone:CreateSubscriptionRequest"):
        made = api.create_subscription_request(
            domainIdentifier=domain_id,
            requestReason=reason,
            subscribedListings=[{"identifier": listing.id}],
            subscribedPrincipals=[{"project": {"identifier": project}}],
            metadataForms=[form],
        )
    return str(made["id"])


def end_grant(api: Any, domain_id: str, grant_id: str) -> None:
    """Ask DataZone to end a grant; the deployment then revokes (API DeleteSubscriptionGrant).

    Raises:
        ConfigError: DataZone shows no such grant.
        RemoteError: DataZone refuses.
    """
    try:
        with reporting("datazone:DeleteSubscriptionGrant"):
            api.delete_subscription_grant(domainIdentifier=domain_id, identifier=grant_id)
    except RemoteError as error:
        if error.code != NOT_FOUND:
            raise
        raise ConfigError(
            f"DataZone shows no grant {grant_id}: it has ended already, or you are no member of its project. If "
            "`streamgov audit` shows its access still, `streamgov reconcile --repair` ends it"
        ) from error
