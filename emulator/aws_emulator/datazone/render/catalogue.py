"""Form and asset types, assets, data products, listings, glossaries."""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.datazone.models.base import compact, moment
from aws_emulator.datazone.models.catalogue_entities import (
    Asset,
    AssetRevision,
    AssetType,
    DataProduct,
    Form,
    FormType,
    Glossary,
    GlossaryTerm,
    Listing,
    ListingRevision,
    ProductRevision,
)
from aws_emulator.datazone.models.entities import Domain

LISTING_NAME = 64
"""UNVERIFIED[dz-listing-name-length]: a listing's name is cut at the 64 characters of ``ListingName``; an asset's name
holds 256.
"""


def form_type_created(domain: Domain, found: FormType) -> dict[str, Any]:
    return compact(
        domainId=domain.id,
        name=found.name,
        revision=found.revision,
        description=found.description,
        owningProjectId=found.owning_project,
        originDomainId=domain.id,
        originProjectId=found.owning_project,
    )


def form_type(domain: Domain, found: FormType) -> dict[str, Any]:
    return form_type_created(domain, found) | compact(
        model={"smithy": found.smithy},
        status=found.status,
        createdAt=moment(found.created_at),
        createdBy=found.created_by,
    )


def asset_type(domain: Domain, found: AssetType) -> dict[str, Any]:
    forms = {
        name: {"typeName": slot.type_name, "typeRevision": slot.type_revision, "required": slot.required}
        for name, slot in found.forms.items()
    }
    return compact(
        domainId=domain.id,
        name=found.name,
        revision=found.revision,
        description=found.description,
        formsOutput=forms,
        owningProjectId=found.owning_project,
        originDomainId=domain.id,
        originProjectId=found.owning_project,
        createdAt=moment(found.stamp.created_at),
        createdBy=found.stamp.created_by,
        updatedAt=moment(found.stamp.updated_at),
        updatedBy=found.stamp.updated_by,
    )


def forms(filled: list[Form]) -> list[dict[str, Any]]:
    return [
        {"formName": form.name, "typeName": form.type_name, "typeRevision": form.type_revision, "content": form.content}
        for form in filled
    ]


def asset(domain: Domain, found: Asset, revision: AssetRevision) -> dict[str, Any]:
    first = found.revisions[0]
    listing = domain.listings.get(domain.listing_of.get(found.id, ""))
    shown = None if listing is None else {"listingId": listing.id, "listingStatus": listing.status}
    return compact(
        id=found.id,
        name=revision.name,
        typeIdentifier=found.type_name,
        typeRevision=revision.type_revision,
        externalIdentifier=found.external_identifier,
        revision=revision.revision,
        description=revision.description,
        createdAt=moment(revision.created_at),
        createdBy=revision.created_by,
        firstRevisionCreatedAt=moment(first.created_at),
        firstRevisionCreatedBy=first.created_by,
        glossaryTerms=revision.glossary_terms,
        owningProjectId=found.owning_project,
        domainId=domain.id,
        listing=shown,
        formsOutput=forms(revision.forms),
    )


def asset_item(domain: Domain, found: Asset) -> dict[str, Any]:
    """``assetItem`` of Search, without additional attributes."""
    shown = asset(domain, found, found.latest)
    for name in ("revision", "listing", "formsOutput"):
        shown.pop(name, None)
    shown["identifier"] = shown.pop("id")
    return shown


def product(domain: Domain, found: DataProduct, revision: ProductRevision) -> dict[str, Any]:
    first = found.revisions[0]
    return compact(
        domainId=domain.id,
        id=found.id,
        revision=revision.revision,
        owningProjectId=found.owning_project,
        name=revision.name,
        status="CREATED",
        description=revision.description,
        glossaryTerms=revision.glossary_terms,
        items=revision.items or None,
        formsOutput=forms(revision.forms),
        createdAt=moment(revision.created_at),
        createdBy=revision.created_by,
        firstRevisionCreatedAt=moment(first.created_at),
        firstRevisionCreatedBy=first.created_by,
    )


def product_item(domain: Domain, found: DataProduct) -> dict[str, Any]:
    """``dataProductItem`` of Search."""
    shown = product(domain, found, found.latest)
    for name in ("revision", "status", "items", "formsOutput"):
        shown.pop(name, None)
    return shown


def forms_text(revision: ListingRevision) -> str:
    """All forms of a listing as ONE JSON text: an object keyed by form name (AssetListing.forms)."""
    return json.dumps(revision.forms, separators=(",", ":"), ensure_ascii=False)


def term_summaries(domain: Domain, identifiers: list[str]) -> list[dict[str, Any]]:
    found = [domain.terms[identifier] for identifier in identifiers if identifier in domain.terms]
    return [compact(name=term.name, shortDescription=term.short_description) for term in found]


def listing(domain: Domain, found: Listing, revision: ListingRevision) -> dict[str, Any]:
    return compact(
        domainId=domain.id,
        id=found.id,
        listingRevision=revision.revision,
        createdAt=moment(found.stamp.created_at),
        updatedAt=moment(found.stamp.updated_at),
        createdBy=found.stamp.created_by,
        updatedBy=found.stamp.updated_by,
        item=_listing_item(domain, found, revision),
        name=revision.name[:LISTING_NAME],
        description=revision.description,
        status=found.status,
    )


def _listing_item(domain: Domain, found: Listing, revision: ListingRevision) -> dict[str, Any]:
    common = {
        "createdAt": moment(revision.created_at),
        "forms": forms_text(revision),
        "glossaryTerms": term_summaries(domain, revision.glossary_terms),
        "owningProjectId": found.owning_project,
    }
    if found.kind == "ASSET":
        return {
            "assetListing": {
                "assetId": found.entity_id,
                "assetRevision": revision.entity_revision,
                "assetType": revision.entity_type,
                **common,
            }
        }
    return {
        "dataProductListing": {
            "dataProductId": found.entity_id,
            "dataProductRevision": revision.entity_revision,
            **common,
            "items": [dict(item) for item in revision.items],
        }
    }


def listing_item(domain: Domain, found: Listing) -> dict[str, Any]:
    """``assetListing`` or ``dataProductListing`` of SearchListings, without additional attributes."""
    revision = found.latest
    shown = compact(
        listingId=found.id,
        listingRevision=revision.revision,
        name=revision.name if found.kind == "ASSET" else revision.name[:LISTING_NAME],
        entityId=found.entity_id,
        entityRevision=revision.entity_revision,
        description=revision.description,
        createdAt=moment(found.stamp.created_at),
        listingCreatedBy=found.stamp.created_by,
        listingUpdatedBy=found.stamp.updated_by,
        glossaryTerms=term_summaries(domain, revision.glossary_terms),
        owningProjectId=found.owning_project,
    )
    if found.kind == "ASSET":
        return shown | {"entityType": revision.entity_type}
    return shown | {"items": [dict(item) for item in revision.items]}


def subscribed_listing(domain: Domain, listing_id: str, number: str) -> dict[str, Any]:
    """A subscription's or request's listing, as it was at that revision."""
    found = domain.listings.get(listing_id)
    if found is None:
        # The listing was deleted; all its members but these are optional or may be empty.
        return {
            "id": listing_id,
            "revision": number,
            "name": "deleted",
            "description": "",
            "item": {"assetListing": {}},
            "ownerProjectId": "deleted",
        }
    revision = next((r for r in found.revisions if r.revision == number), found.latest)
    owner = domain.projects.get(found.owning_project)
    terms = term_summaries(domain, revision.glossary_terms)
    item: dict[str, Any]
    if found.kind == "ASSET":
        item = {
            "assetListing": {
                "entityId": found.entity_id,
                "entityRevision": revision.entity_revision,
                "entityType": revision.entity_type,
                "forms": forms_text(revision),
                "glossaryTerms": terms,
            }
        }
    else:
        members = [domain.listings[i["listingId"]] for i in revision.items if i["listingId"] in domain.listings]
        item = {
            "productListing": compact(
                entityId=found.entity_id,
                entityRevision=revision.entity_revision,
                glossaryTerms=terms,
                name=revision.name,
                description=revision.description,
                assetListings=[
                    {
                        "entityId": m.entity_id,
                        "entityRevision": m.latest.entity_revision,
                        "entityType": m.latest.entity_type,
                    }
                    for m in members
                ],
            )
        }
    return compact(
        id=found.id,
        revision=revision.revision,
        name=revision.name[:LISTING_NAME],
        description=revision.description or "",
        item=item,
        ownerProjectId=found.owning_project,
        ownerProjectName=owner.name if owner else None,
    )


def glossary(domain: Domain, found: Glossary) -> dict[str, Any]:
    return glossary_short(domain, found) | compact(
        createdAt=moment(found.stamp.created_at),
        createdBy=found.stamp.created_by,
        updatedAt=moment(found.stamp.updated_at),
        updatedBy=found.stamp.updated_by,
    )


def glossary_short(domain: Domain, found: Glossary) -> dict[str, Any]:
    return compact(
        domainId=domain.id,
        id=found.id,
        name=found.name,
        owningProjectId=found.owning_project,
        description=found.description,
        status=found.status,
        usageRestrictions=found.usage_restrictions,
    )


def term(domain: Domain, found: GlossaryTerm) -> dict[str, Any]:
    return term_short(domain, found) | compact(
        createdAt=moment(found.stamp.created_at),
        createdBy=found.stamp.created_by,
        updatedAt=moment(found.stamp.updated_at),
        updatedBy=found.stamp.updated_by,
    )


def term_short(domain: Domain, found: GlossaryTerm) -> dict[str, Any]:
    return compact(
        domainId=domain.id,
        id=found.id,
        glossaryId=found.glossary_id,
        name=found.name,
        status=found.status,
        shortDescription=found.short_description,
        longDescription=found.long_description,
        termRelations=found.relations or None,
    )
