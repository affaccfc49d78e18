"""Assets: forms checked against their types, revisions, unique external identifiers, deletion."""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.datazone.exceptions import conflict, not_found, validation
from aws_emulator.datazone.models import access, forms, glossaries, policies, types
from aws_emulator.datazone.models.catalogue_entities import Asset, AssetRevision, AssetType, Form, FormSlot
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.system_types import PREFIX

ENTITY = "AssetEntityType"
COLUMNS_TYPE = f"{PREFIX}RelationalTableFormType"


def create(session: Session) -> Asset:
    """Make an asset, revision 1."""
    params, domain = session.params, session.domain
    owner = access.require(session, params["owningProjectIdentifier"], access.CURATE)
    kind = types.asset_type(session, params["typeIdentifier"], params.get("typeRevision"))
    policies.require_use(session, kind, owner)
    external = params.get("externalIdentifier")
    if external is not None and external in domain.external_ids:
        raise conflict(f"An asset with externalIdentifier {external} already exists: {domain.external_ids[external]}")
    revision = _revision(session, kind, "1")
    made = Asset(session.ids.short(), kind.name, owner.id, external, [revision])
    domain.assets[made.id] = made
    if external is not None:
        domain.external_ids[external] = made.id
    session.emit(
        "Asset Added To Inventory", entity_type=ENTITY, entity_id=made.id, project=owner.id, data=_event_data(made)
    )
    return made


def revise(session: Session) -> Asset:
    """Make the next revision of an asset: name and forms as a whole; type and external identifier stay."""
    params = session.params
    found = asset(session, params["identifier"])
    access.require(session, found.owning_project, access.CURATE)
    # UNVERIFIED[dz-revision-type-default]: CreateAssetRevision without typeRevision keeps the asset type's revision
    # that the asset has.
    kind = types.asset_type(session, found.type_name, params.get("typeRevision") or found.latest.type_revision)
    before = _columns(found.latest)
    revision = _revision(session, kind, str(len(found.revisions) + 1))
    found.revisions.append(revision)
    if _columns(revision) != before:
        session.emit(
            "Asset Schema Changed",
            entity_type=ENTITY,
            entity_id=found.id,
            project=found.owning_project,
            version=revision.revision,
            data=_event_data(found),
        )
    return found


def asset(session: Session, identifier: str) -> Asset:
    """An existing asset."""
    found = session.domain.assets.get(identifier)
    if found is None:
        raise not_found("Asset", identifier)
    return found


def revision_of(found: Asset, revision: str | None) -> AssetRevision:
    """A revision of an asset; the latest without a number."""
    if revision is None:
        return found.latest
    for known in found.revisions:
        if known.revision == revision:
            return known
    raise not_found("Asset", f"{found.id} revision {revision}")


def delete(session: Session) -> Asset:
    """Remove an asset that is in no data product and not published.

    UNVERIFIED[dz-delete-published]: that a published asset without subscriptions is refused as well; documented is it
    for active subscriptions only.
    """
    domain = session.domain
    found = asset(session, session.params["identifier"])
    access.require(session, found.owning_project, access.CURATE)
    products = [p.id for p in domain.products.values() if any(i["identifier"] == found.id for i in p.latest.items)]
    if products:
        raise conflict(f"Asset {found.id} is part of data product {products[0]}")
    listing = domain.listings.get(domain.listing_of.get(found.id, ""))
    if listing is not None:
        held = [s.id for s in domain.subscriptions.values() if s.listing_id == listing.id and s.status == "APPROVED"]
        if held:
            raise conflict(f"Asset {found.id} has active subscriptions: {', '.join(sorted(held))}")
        if listing.status != "INACTIVE":
            raise conflict(f"Asset {found.id} is published and must be unpublished first")
        del domain.listings[listing.id]
        del domain.listing_of[found.id]
    del domain.assets[found.id]
    if found.external_identifier is not None:
        domain.external_ids.pop(found.external_identifier, None)
    return found


def _revision(session: Session, kind: AssetType, number: str) -> AssetRevision:
    params = session.params
    terms = params.get("glossaryTerms")
    glossaries.require_terms(session, terms)
    filled = fill(session, kind.forms, params.get("formsInput") or [], kind.name)
    return AssetRevision(
        number, params["name"], params.get("description"), kind.revision, filled, terms, session.user, session.now
    )


def fill(session: Session, slots: dict[str, FormSlot], given: list[dict[str, Any]], owner: str) -> list[Form]:
    """The forms of an asset, checked against the forms of its type.

    A form outside the type may be attached when it names its form type.

    Raises:
        ApiError: ValidationException: a form twice, unknown, of another type or revision, a required one missing, or
            content that its structure does not allow.
    """
    filled: dict[str, Form] = {}
    for entry in given:
        name = entry["formName"]
        if name in filled:
            raise validation(f"Form {name} is given twice")
        filled[name] = one_form(session, entry, slots.get(name), owner)
    missing = [name for name, slot in slots.items() if slot.required and name not in filled]
    if missing:
        raise validation(f"Required form {missing[0]} of {owner} is missing")
    return list(filled.values())


def one_form(session: Session, entry: dict[str, Any], slot: FormSlot | None, owner: str) -> Form:
    """One filled-in form, checked."""
    name, type_name, revision = entry["formName"], entry.get("typeIdentifier"), entry.get("typeRevision")
    if slot is not None:
        if type_name not in {None, slot.type_name}:
            raise validation(f"Form {name} of {owner} is of type {slot.type_name}, not {type_name}")
        if revision not in {None, slot.type_revision}:
            raise validation(f"Form {name} of {owner} is pinned to revision {slot.type_revision}, not {revision}")
        type_name, revision = slot.type_name, slot.type_revision
    if type_name is None:
        raise validation(f"Form {name} is not a form of {owner} and names no typeIdentifier")
    known = session.domain.form_types.get(type_name, [])
    chosen = [form for form in known if revision in {None, form.revision}]
    if not chosen:
        raise validation(
            f"Object type Form#{session.domain.id}#{type_name} with version {revision or 'latest'} not found"
        )
    if slot is None and known[-1].status != "ENABLED":
        raise validation(f"Form type {type_name} is DISABLED")
    form_type = chosen[-1]
    root = form_type.model.structure(type_name.rsplit(".", 1)[-1])
    if root is None:
        raise validation(f"Form type {type_name} has no structure")
    value = forms.parse_content(name, entry.get("content"))
    forms.check_content(name, form_type.model, root, value)
    return Form(name, type_name, form_type.revision, entry.get("content") or "{}")


def content(revision: AssetRevision, form_name: str) -> dict[str, Any]:
    """A form's content as an object; empty when the asset has no such form."""
    for form in revision.forms:
        if form.name == form_name:
            value: dict[str, Any] = json.loads(form.content)
            return value
    return {}


def _columns(revision: AssetRevision) -> list[Any]:
    return [json.loads(form.content).get("columns") for form in revision.forms if form.type_name == COLUMNS_TYPE]


def _event_data(found: Asset) -> dict[str, Any]:
    """``data`` of asset events.

    UNVERIFIED[dz-asset-event]: all of it; only ``assetId`` has been seen, with low confidence.
    """
    return {
        "assetId": found.id,
        "name": found.latest.name,
        "typeName": found.type_name,
        "revision": found.latest.revision,
    }
