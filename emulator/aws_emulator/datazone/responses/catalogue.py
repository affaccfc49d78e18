"""Form and asset types, assets, data products, glossaries, listings."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.models import access, assets, glossaries, indexing, listings, products, types
from aws_emulator.datazone.models.base import compact, moment
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.render import catalogue as render
from aws_emulator.datazone.responses.common import listed


def create_form_type(session: Session) -> dict[str, Any]:
    return render.form_type_created(session.domain, types.create_form_type(session))


def get_form_type(session: Session) -> dict[str, Any]:
    access.require_user(session)
    found = types.form_type(session, session.params["formTypeIdentifier"], session.params.get("revision"))
    return render.form_type(session.domain, found)


def delete_form_type(session: Session) -> dict[str, Any]:
    types.delete_form_type(session)
    return {}


def create_asset_type(session: Session) -> dict[str, Any]:
    return render.asset_type(session.domain, types.create_asset_type(session))


def get_asset_type(session: Session) -> dict[str, Any]:
    access.require_user(session)
    found = types.asset_type(session, session.params["identifier"], session.params.get("revision"))
    return render.asset_type(session.domain, found)


def delete_asset_type(session: Session) -> dict[str, Any]:
    types.delete_asset_type(session)
    return {}


def create_asset(session: Session) -> dict[str, Any]:
    made = assets.create(session)
    indexing.asset(session, made)
    return render.asset(session.domain, made, made.latest)


def create_asset_revision(session: Session) -> dict[str, Any]:
    found = assets.revise(session)
    indexing.asset(session, found)
    return render.asset(session.domain, found, found.latest)


def get_asset(session: Session) -> dict[str, Any]:
    found = assets.asset(session, session.params["identifier"])
    access.require_read(session, [found.owning_project])
    return render.asset(session.domain, found, assets.revision_of(found, session.params.get("revision")))


def list_asset_revisions(session: Session) -> dict[str, Any]:
    found = assets.asset(session, session.params["identifier"])
    access.require_read(session, [found.owning_project])
    newest = list(reversed(found.revisions))
    return listed(session, newest, lambda revision: _revision(session, found.id, revision), key=lambda r: r.revision)


def delete_asset(session: Session) -> dict[str, Any]:
    found = assets.delete(session)
    indexing.gone(session, "ASSET", found.id)
    return {}


def create_data_product(session: Session) -> dict[str, Any]:
    made = products.create(session)
    indexing.product(session, made)
    return render.product(session.domain, made, made.latest)


def create_data_product_revision(session: Session) -> dict[str, Any]:
    found = products.revise(session)
    indexing.product(session, found)
    return render.product(session.domain, found, found.latest)


def get_data_product(session: Session) -> dict[str, Any]:
    found = products.product(session, session.params["identifier"])
    access.require_read(session, [found.owning_project])
    return render.product(session.domain, found, products.revision_of(found, session.params.get("revision")))


def list_data_product_revisions(session: Session) -> dict[str, Any]:
    found = products.product(session, session.params["identifier"])
    access.require_read(session, [found.owning_project])
    newest = list(reversed(found.revisions))
    return listed(session, newest, lambda revision: _revision(session, found.id, revision), key=lambda r: r.revision)


def delete_data_product(session: Session) -> dict[str, Any]:
    found = products.delete(session)
    indexing.gone(session, "DATA_PRODUCT", found.id)
    return {}


def create_listing_change_set(session: Session) -> dict[str, Any]:
    found, revision = listings.change(session)
    publishing = found.busy and session.params["action"] == "PUBLISH"
    if publishing and session.settings.stale_change_sets:
        revision = found.latest.revision
    return {"listingId": found.id, "listingRevision": revision, "status": "CREATING" if publishing else found.status}


def get_listing(session: Session) -> dict[str, Any]:
    access.require_user(session)
    found = listings.listing(session, session.params["identifier"])
    return render.listing(session.domain, found, listings.revision_of(found, session.params.get("listingRevision")))


def delete_listing(session: Session) -> dict[str, Any]:
    listings.delete(session)
    return {}


def create_glossary(session: Session) -> dict[str, Any]:
    made = glossaries.create(session)
    indexing.glossary(session, made)
    return render.glossary_short(session.domain, made)


def get_glossary(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.glossary(session.domain, glossaries.glossary(session, session.params["identifier"]))


def update_glossary(session: Session) -> dict[str, Any]:
    found = glossaries.update(session)
    indexing.glossary(session, found)
    return render.glossary_short(session.domain, found)


def delete_glossary(session: Session) -> dict[str, Any]:
    indexing.gone(session, "GLOSSARY", glossaries.delete(session).id)
    return {}


def create_glossary_term(session: Session) -> dict[str, Any]:
    made = glossaries.create_term(session)
    indexing.term(session, made)
    return render.term_short(session.domain, made)


def get_glossary_term(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.term(session.domain, glossaries.term(session, session.params["identifier"]))


def update_glossary_term(session: Session) -> dict[str, Any]:
    found = glossaries.update_term(session)
    indexing.term(session, found)
    return render.term_short(session.domain, found)


def delete_glossary_term(session: Session) -> dict[str, Any]:
    indexing.gone(session, "GLOSSARY_TERM", glossaries.delete_term(session).id)
    return {}


def _revision(session: Session, identifier: str, revision: Any) -> dict[str, Any]:
    return compact(
        domainId=session.domain.id,
        id=identifier,
        revision=revision.revision,
        createdBy=revision.created_by,
        createdAt=moment(revision.created_at),
    )
