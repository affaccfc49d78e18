"""Data products: several assets that are published and subscribed to as one."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.exceptions import conflict, not_found, validation
from aws_emulator.datazone.models import access, assets, glossaries
from aws_emulator.datazone.models.catalogue_entities import DataProduct, ProductRevision
from aws_emulator.datazone.models.session import Session


def create(session: Session) -> DataProduct:
    """Make a data product, revision 1.

    UNVERIFIED[dz-product-foreign-asset]: that a data product's items are assets of its own project.
    """
    params = session.params
    owner = access.require(session, params["owningProjectIdentifier"], access.CURATE)
    revision = _revision(session, owner.id, "1")
    made = DataProduct(session.ids.short(), owner.id, [revision])
    session.domain.products[made.id] = made
    return made


def revise(session: Session) -> DataProduct:
    """Make the next revision of a data product."""
    found = product(session, session.params["identifier"])
    access.require(session, found.owning_project, access.CURATE)
    found.revisions.append(_revision(session, found.owning_project, str(len(found.revisions) + 1)))
    session.emit(
        "Data Product Revised",
        entity_type="DataProductEntityType",
        entity_id=found.id,
        project=found.owning_project,
        version=found.latest.revision,
        data={"dataProductId": found.id},
    )
    return found


def product(session: Session, identifier: str) -> DataProduct:
    """An existing data product."""
    found = session.domain.products.get(identifier)
    if found is None:
        raise not_found("Data product", identifier)
    return found


def revision_of(found: DataProduct, revision: str | None) -> ProductRevision:
    """A revision of a data product; the latest without a number."""
    if revision is None:
        return found.latest
    for known in found.revisions:
        if known.revision == revision:
            return known
    raise not_found("Data product", f"{found.id} revision {revision}")


def delete(session: Session) -> DataProduct:
    """Remove a data product that is not published and has no active subscription."""
    domain = session.domain
    found = product(session, session.params["identifier"])
    access.require(session, found.owning_project, access.CURATE)
    listing = domain.listings.get(domain.listing_of.get(found.id, ""))
    if listing is not None:
        held = [s.id for s in domain.subscriptions.values() if s.listing_id == listing.id and s.status == "APPROVED"]
        if held:
            raise conflict(f"Data product {found.id} has active subscriptions: {', '.join(sorted(held))}")
        if listing.status != "INACTIVE":
            raise conflict(f"Data product {found.id} is published and must be unpublished first")
        del domain.listings[listing.id]
        del domain.listing_of[found.id]
    del domain.products[found.id]
    return found


def _revision(session: Session, owner: str, number: str) -> ProductRevision:
    params = session.params
    glossaries.require_terms(session, params.get("glossaryTerms"))
    items: list[dict[str, Any]] = []
    for entry in params.get("items") or []:
        found = session.domain.assets.get(entry["identifier"])
        if found is None:
            raise validation(f"Asset {entry['identifier']} of the data product does not exist")
        if found.owning_project != owner:
            raise validation(f"Asset {found.id} belongs to another project than the data product")
        assets.revision_of(found, entry.get("revision"))
        items.append(dict(entry))
    filled = assets.fill(session, {}, params.get("formsInput") or [], f"data product {params['name']}")
    return ProductRevision(
        number,
        params["name"],
        params.get("description"),
        filled,
        params.get("glossaryTerms"),
        items,
        session.user,
        session.now,
    )
