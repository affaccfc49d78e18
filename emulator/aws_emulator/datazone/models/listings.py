"""Listings: what the catalogue shows of an asset or data product, published and withdrawn asynchronously."""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.datazone.exceptions import conflict, not_found, validation
from aws_emulator.datazone.models import access, assets, indexing, products, rules
from aws_emulator.datazone.models.catalogue_entities import Asset, DataProduct, Form, Listing, ListingRevision
from aws_emulator.datazone.models.session import Session


def change(session: Session) -> tuple[Listing, str]:
    """Publish or withdraw an entity; the listing becomes ACTIVE or INACTIVE shortly after.

    Returns:
        the listing and its revision that the change is about.

    Raises:
        ApiError: ConflictException while another change is under way; ValidationException for a revision that is not
            the latest ("only the latest revision can be published"), or a rule's form that is missing.
    """
    params = session.params
    entity = _entity(session)
    access.require(session, entity.owning_project, access.CURATE)
    listing = session.domain.listings.get(session.domain.listing_of.get(entity.id, ""))
    wanted = params.get("entityRevision")
    if params["action"] == "UNPUBLISH":
        found = _withdraw(session, listing, entity)
        return found, found.latest.revision
    if isinstance(entity, Asset):
        assets.revision_of(entity, wanted)
        rules.enforce_publish(session, entity)
    else:
        products.revision_of(entity, wanted)
    if wanted not in {None, entity.latest.revision}:
        raise validation(f"Only the latest revision {entity.latest.revision} can be published, not {wanted}")
    return publish(session, entity, hidden=False)


def publish(session: Session, entity: Asset | DataProduct, hidden: bool) -> tuple[Listing, str]:
    """Make the next revision of an entity's listing. An active listing shows its old revision until the new is active.

    Raises:
        ApiError: ConflictException while another change is under way.
    """
    domain = session.domain
    listing = domain.listings.get(domain.listing_of.get(entity.id, ""))
    if listing is not None:
        _require_idle(listing)
    items = _publish_items(session, entity) if isinstance(entity, DataProduct) else []
    fresh = listing is None or listing.status == "INACTIVE"
    number = str(len(listing.revisions) + 1) if listing is not None else "1"
    revision = _snapshot(session, entity, number, items)
    if listing is None:
        kind = "ASSET" if isinstance(entity, Asset) else "DATA_PRODUCT"
        listing = Listing(
            session.ids.short(), kind, entity.id, entity.owning_project, "CREATING", [], session.stamp(), hidden
        )
        domain.listings[listing.id] = listing
        domain.listing_of[entity.id] = listing.id
    made = listing
    if fresh:
        made.status = "CREATING"
        made.revisions.append(revision)
    made.busy = True
    made.hidden = made.hidden and hidden
    made.stamp.touch(session.user, session.now)

    def active() -> None:
        if domain.listings.get(made.id) is not made:
            return
        if not fresh:
            made.revisions.append(revision)
        made.status, made.busy = "ACTIVE", False
        made.stamp.updated_at = session.now
        indexing.listing(session, made)
        if isinstance(entity, Asset):
            indexing.asset(session, entity)
            if not hidden:
                _emit(session, "Asset Added To Catalog" if fresh else "New Asset Version Available", made)
        else:
            _emit(session, "Data Product Added To Catalog" if fresh else "Subscribed Data Product Updated", made)

    session.later(session.settings.listing_delay, active)
    return made, number


def listing(session: Session, identifier: str) -> Listing:
    """An existing listing, active or not.

    UNVERIFIED[dz-withdrawn-listing]: that GetListing still answers for a withdrawn listing.
    """
    found = session.domain.listings.get(identifier)
    if found is None:
        raise not_found("Listing", identifier)
    return found


def revision_of(found: Listing, revision: str | None) -> ListingRevision:
    """A revision of a listing; the latest without a number."""
    if revision is None:
        return found.latest
    for known in found.revisions:
        if known.revision == revision:
            return known
    raise not_found("Listing", f"{found.id} revision {revision}")


def delete(session: Session) -> None:
    """Remove a listing without active subscriptions from the catalogue for good."""
    domain = session.domain
    found = listing(session, session.params["identifier"])
    access.require(session, found.owning_project, access.CURATE)
    held = [s.id for s in domain.subscriptions.values() if s.listing_id == found.id and s.status == "APPROVED"]
    if held:
        raise conflict(f"Listing {found.id} has active subscriptions: {', '.join(sorted(held))}")
    del domain.listings[found.id]
    domain.listing_of.pop(found.entity_id, None)
    indexing.gone(session, "LISTING", found.id)
    _emit(session, "Asset Listing Deleted", found)


def _entity(session: Session) -> Asset | DataProduct:
    params = session.params
    if params["entityType"] == "ASSET":
        return assets.asset(session, params["entityIdentifier"])
    return products.product(session, params["entityIdentifier"])


def _withdraw(session: Session, found: Listing | None, entity: Asset | DataProduct) -> Listing:
    if found is None or found.status == "INACTIVE":
        raise conflict(f"{entity.id} is not published")
    made = found
    _require_idle(made)
    made.busy = True
    made.stamp.touch(session.user, session.now)

    def inactive() -> None:
        if session.domain.listings.get(made.id) is not made:
            return
        made.status, made.busy = "INACTIVE", False
        made.stamp.updated_at = session.now
        indexing.gone(session, "LISTING", made.id)
        if isinstance(entity, Asset):
            indexing.asset(session, entity)
        _emit(session, "Asset Unpublished", made)

    session.later(session.settings.listing_delay, inactive)
    return made


def _require_idle(found: Listing) -> None:
    if found.busy:
        # UNVERIFIED[dz-change-set-busy]: that a second change set while one is under way is refused; AWS may queue it.
        raise conflict(f"A change of listing {found.id} is under way")


def _publish_items(session: Session, product: DataProduct) -> list[dict[str, str]]:
    """The listings of a product's assets.

    UNVERIFIED[dz-product-publishes-assets]: an asset without a listing gets one when its data product is published,
    hidden from the catalogue.
    """
    items = []
    for entry in product.latest.items:
        member = assets.asset(session, entry["identifier"])
        known = session.domain.listings.get(session.domain.listing_of.get(member.id, ""))
        if known is None or known.status == "INACTIVE":
            known, _ = publish(session, member, hidden=True)
        items.append({"listingId": known.id, "listingRevision": known.latest.revision})
    return items


def _snapshot(
    session: Session, entity: Asset | DataProduct, number: str, items: list[dict[str, str]]
) -> ListingRevision:
    latest = entity.latest
    kind = entity.type_name if isinstance(entity, Asset) else "DataProduct"
    return ListingRevision(
        revision=number,
        name=latest.name,
        description=latest.description,
        entity_revision=latest.revision,
        entity_type=kind,
        forms=_contents(latest.forms),
        glossary_terms=list(latest.glossary_terms or []),
        items=items,
        created_at=session.now,
        created_by=session.user,
    )


def _contents(forms: list[Form]) -> dict[str, Any]:
    return {form.name: json.loads(form.content) for form in forms}


def _emit(session: Session, detail_type: str, found: Listing) -> None:
    key = "assetId" if found.kind == "ASSET" else "dataProductId"
    session.emit(
        detail_type,
        entity_type="ListingEntityType",
        entity_id=found.id,
        project=found.owning_project,
        version=found.latest.revision,
        data={
            key: found.entity_id,
            "listingId": found.id,
            "listingVersion": found.latest.revision,
            "typeName": found.latest.entity_type,
        },
    )
