"""Search, SearchListings, SearchTypes."""

from __future__ import annotations

import copy
from typing import Any

from aws_emulator.datazone.models import access, indexing, lineage
from aws_emulator.datazone.models.base import compact
from aws_emulator.datazone.models.search import Document, aggregate, select
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.render import catalogue as render

_ITEM_OF = {
    "ASSET": "assetItem",
    "GLOSSARY": "glossaryItem",
    "GLOSSARY_TERM": "glossaryTermItem",
    "DATA_PRODUCT": "dataProductItem",
}
_TYPE_ITEM_OF = {
    "FORM_TYPE": "formTypeItem",
    "ASSET_TYPE": "assetTypeItem",
    "LINEAGE_NODE_TYPE": "lineageNodeTypeItem",
}
_TYPE_ATTRIBUTES = frozenset(["name", "revision", "description", "owningprojectid", "status", "createdby", "createdat"])


def search(session: Session) -> dict[str, Any]:
    """Search: the inventory of projects that the caller is a member of; glossaries are the domain's."""
    params = session.params
    scope, owner = params["searchScope"], params.get("owningProjectIdentifier")
    inventory = scope in {"ASSET", "DATA_PRODUCT"}
    if owner is not None and inventory:
        access.require_read(session, [access.project(session, owner).id])
    else:
        access.require_user(session)
    documents = [
        document
        for document in session.backend.index(session.domain).documents(scope)
        if owner in {None, document.owner} and (not inventory or access.readable(session, [document.owner or ""]))
    ]
    known = indexing.ASSET_ATTRIBUTES if scope == "ASSET" else indexing.OTHER_ATTRIBUTES
    found = select(documents, params, known)
    with_forms = "FORMS" in (params.get("additionalAttributes") or [])

    def item(document: Document) -> dict[str, Any]:
        shown = copy.deepcopy(document.item)
        if scope == "ASSET" and with_forms:
            shown["additionalAttributes"] = {"formsOutput": copy.deepcopy(document.forms)}
        return {_ITEM_OF[scope]: shown}

    return _answer(session, found, item)


def search_listings(session: Session) -> dict[str, Any]:
    """SearchListings: the published catalogue, for every user of the domain."""
    access.require_user(session)
    params = session.params
    found = select(session.backend.index(session.domain).documents("LISTING"), params, indexing.LISTING_ATTRIBUTES)
    with_forms = "FORMS" in (params.get("additionalAttributes") or [])

    def item(document: Document) -> dict[str, Any]:
        shown = copy.deepcopy(document.item)
        if with_forms:
            shown["additionalAttributes"] = {"forms": document.forms}
        return {"assetListing" if "entityType" in shown else "dataProductListing": shown}

    answer = _answer(session, found, item)
    if params.get("aggregations"):
        answer["aggregates"] = aggregate(found, params["aggregations"], indexing.LISTING_ATTRIBUTES)
    return answer


def search_types(session: Session) -> dict[str, Any]:
    """SearchTypes: the latest revision of each form or asset type; ``managed`` means DataZone's own."""
    access.require_user(session)
    params, domain = session.params, session.domain
    scope, managed = params["searchScope"], params["managed"]
    documents = []
    if scope == "LINEAGE_NODE_TYPE":
        for name in (lineage.DATASET_TYPE, lineage.RUN_TYPE) if managed else ():
            item = {"domainId": domain.id, "name": name, "revision": "1", "formsOutput": {}}
            documents.append(_type_document(name, item, domain.stamp.created_at))
    elif scope == "FORM_TYPE":
        for form_revisions in domain.form_types.values():
            form = form_revisions[-1]
            if (form.owning_project is None) == managed:
                documents.append(_type_document(form.name, render.form_type(domain, form), form.created_at))
    elif not managed:
        for asset_revisions in domain.asset_types.values():
            kind = asset_revisions[-1]
            documents.append(_type_document(kind.name, render.asset_type(domain, kind), kind.stamp.updated_at))
    key = _TYPE_ITEM_OF[scope]
    return _answer(session, select(documents, params, _TYPE_ATTRIBUTES), lambda document: {key: document.item})


def _type_document(name: str, item: dict[str, Any], updated_at: float) -> Document:
    attributes = {key.lower(): [value] for key, value in item.items() if isinstance(value, str)}
    texts: list[tuple[str, str]] = [(key, item[key]) for key in ("name", "description") if key in item]
    return Document(name, item, attributes, texts=texts, updated_at=updated_at)


def _answer(session: Session, found: list[Document], item: Any) -> dict[str, Any]:
    page, token = session.page().cut(found, lambda document: document.id)
    return {"items": [item(document) for document in page], "totalMatchCount": len(found)} | compact(nextToken=token)
