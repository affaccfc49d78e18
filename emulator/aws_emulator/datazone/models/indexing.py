"""What the search index holds of assets, listings, products, glossaries and types; changes arrive after the lag."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aws_emulator.datazone.models.catalogue_entities import Asset, DataProduct, Form, Glossary, GlossaryTerm, Listing
from aws_emulator.datazone.models.entities import Domain
from aws_emulator.datazone.models.search import Document
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.smithy import Model, Shape
from aws_emulator.datazone.render import catalogue

ASSET_ATTRIBUTES = frozenset(
    [
        "id",
        "identifier",
        "name",
        "description",
        "typeidentifier",
        "typename",
        "typerevision",
        "externalidentifier",
        "owningprojectid",
        "glossaryterms",
        "createdby",
        "createdat",
        "updatedat",
        "listingstatus",
    ]
)
LISTING_ATTRIBUTES = frozenset(
    [
        "listingid",
        "name",
        "description",
        "entityid",
        "entitytype",
        "typename",
        "owningprojectid",
        "glossaryterms",
        "createdat",
        "updatedat",
    ]
)
OTHER_ATTRIBUTES = frozenset(
    ["id", "name", "description", "owningprojectid", "status", "glossaryid", "createdat", "updatedat"]
)


def asset(session: Session, found: Asset) -> None:
    """Index an asset's latest revision."""

    def document() -> Document | None:
        if session.domain.assets.get(found.id) is not found:
            return None
        item = catalogue.asset_item(session.domain, found)
        listing = session.domain.listings.get(session.domain.listing_of.get(found.id, ""))
        made = _document(found.id, item, found.owning_project, found.latest.created_at)
        made.attributes |= {
            "id": [found.id],
            "typename": [found.type_name],
            "glossaryterms": list(found.latest.glossary_terms or []),
            "listingstatus": [listing.status] if listing else [],
        }
        made.forms = catalogue.forms(found.latest.forms)
        _add_forms(session.domain, made, found.latest.forms)
        return made

    _later(session, "ASSET", found.id, document)


def listing(session: Session, found: Listing) -> None:
    """Index a listing's latest revision, unless it is hidden."""

    def document() -> Document | None:
        known = session.domain.listings.get(found.id) is found
        if not known or found.hidden or found.status == "INACTIVE":
            return None
        item = catalogue.listing_item(session.domain, found)
        made = _document(found.id, item, found.owning_project, found.stamp.updated_at)
        made.attributes |= {
            "glossaryterms": list(found.latest.glossary_terms),
            "entitytype": [found.latest.entity_type],
            "typename": [found.latest.entity_type],
        }
        made.forms = catalogue.forms_text(found.latest)
        _add_forms(session.domain, made, _forms_of(session.domain, found))
        return made

    _later(session, "LISTING", found.id, document)


def product(session: Session, found: DataProduct) -> None:
    """Index a data product's latest revision."""

    def document() -> Document | None:
        if session.domain.products.get(found.id) is not found:
            return None
        item = catalogue.product_item(session.domain, found)
        return _document(found.id, item, found.owning_project, found.latest.created_at)

    _later(session, "DATA_PRODUCT", found.id, document)


def glossary(session: Session, found: Glossary) -> None:
    """Index a glossary."""

    def document() -> Document | None:
        if session.domain.glossaries.get(found.id) is not found:
            return None
        item = catalogue.glossary(session.domain, found)
        return _document(found.id, item, found.owning_project, found.stamp.updated_at)

    _later(session, "GLOSSARY", found.id, document)


def term(session: Session, found: GlossaryTerm) -> None:
    """Index a glossary term."""

    def document() -> Document | None:
        if session.domain.terms.get(found.id) is not found:
            return None
        owner = session.domain.glossaries[found.glossary_id].owning_project
        made = _document(found.id, catalogue.term(session.domain, found), owner, found.stamp.updated_at)
        made.attributes |= {"glossaryid": [found.glossary_id], "owningprojectid": [owner]}
        made.texts += [
            ("shortDescription", found.short_description or ""),
            ("longDescription", found.long_description or ""),
        ]
        return made

    _later(session, "GLOSSARY_TERM", found.id, document)


def gone(session: Session, scope: str, identifier: str) -> None:
    """Take something out of the index."""
    _later(session, scope, identifier, lambda: None)


def _later(session: Session, scope: str, identifier: str, document: Callable[[], Document | None]) -> None:
    index = session.backend.index(session.domain)

    def refresh() -> None:
        made = document()
        if made is None:
            index.remove(scope, identifier)
        else:
            index.put(scope, made)

    session.later(session.settings.search_lag, refresh)


def _document(identifier: str, item: dict[str, Any], owner: str, updated_at: float) -> Document:
    attributes = {name.lower(): [value] for name, value in item.items() if isinstance(value, str)}
    attributes["updatedat"] = [str(updated_at)]
    created = item.get("createdAt")
    if created is not None:
        attributes["createdat"] = [created.isoformat()]
    texts = [(name, item[name]) for name in ("name", "description", "externalIdentifier") if item.get(name)]
    return Document(identifier, item, attributes, texts=texts, owner=owner, updated_at=updated_at)


def _forms_of(domain: Domain, found: Listing) -> list[Form]:
    if found.kind != "ASSET" or found.entity_id not in domain.assets:
        return []
    revisions = domain.assets[found.entity_id].revisions
    return next((r.forms for r in revisions if r.revision == found.latest.entity_revision), [])


def _add_forms(domain: Domain, made: Document, forms: list[Form]) -> None:
    for form in forms:
        known = next((f for f in domain.form_types.get(form.type_name, []) if f.revision == form.type_revision), None)
        if known is None:
            continue
        root = known.model.structure(form.type_name.rsplit(".", 1)[-1])
        if root is not None:
            _add_members(made, known.model, root, json.loads(form.content), form.name)


def _add_members(made: Document, model: Model, shape: Shape, value: dict[str, Any], path: str) -> None:
    """Index the members that carry ``searchable`` or ``sortable``, at ``FormName.member``."""
    for name, given in value.items():
        member = shape.members[name]
        here = f"{path}.{name}"
        target = model.shapes.get(member.target)
        for single in given if isinstance(given, list) else [given]:
            nested = target
            if target is not None and target.kind == "list":
                nested = model.shapes.get(target.members["member"].target)
            if isinstance(single, dict) and nested is not None:
                _add_members(made, model, nested, single, here)
            elif isinstance(single, (int, float)) and "amazon.datazone#sortable" in member.traits:
                made.numbers.setdefault(here.lower(), []).append(float(single))
            elif isinstance(single, str) and {"amazon.datazone#searchable", "amazon.datazone#glossaryterm"} & set(
                member.traits
            ):
                made.attributes.setdefault(here.lower(), []).append(single)
                made.texts.append((here, single))
