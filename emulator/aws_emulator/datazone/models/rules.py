"""Rules of domain units: metadata forms or glossary terms that publishing or subscribing needs."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.exceptions import conflict, not_found, validation
from aws_emulator.datazone.models import access, assets, domains, glossaries
from aws_emulator.datazone.models.catalogue_entities import Asset, Form, FormSlot, Listing
from aws_emulator.datazone.models.entities import Rule
from aws_emulator.datazone.models.session import Session


def create(session: Session) -> Rule:
    """Make a rule on a domain unit."""
    params, domain = session.params, session.domain
    unit = domains.unit(session, params["target"]["domainUnitTarget"]["domainUnitId"])
    access.require_administrator(session)
    if any(r.name == params["name"] and unit_of(r) == unit.id for r in domain.rules.values()):
        raise conflict(f"Rule {params['name']} already exists in domain unit {unit.id}")
    _check_detail(session, params["detail"])
    made = Rule(
        session.ids.short(),
        1,
        params["name"],
        params["target"],
        params["action"],
        params["scope"],
        params["detail"],
        params.get("description"),
        session.stamp(),
    )
    domain.rules[made.id] = made
    return made


def rule(session: Session, identifier: str) -> Rule:
    """An existing rule."""
    found = session.domain.rules.get(identifier)
    if found is None:
        raise not_found("Rule", identifier)
    return found


def update(session: Session) -> Rule:
    """Change a rule: its next revision."""
    params = session.params
    access.require_administrator(session)
    found = rule(session, params["identifier"])
    if params.get("detail") is not None:
        _check_detail(session, params["detail"])
        if list(params["detail"]) != list(found.detail):
            raise validation("A rule keeps its type")
        found.detail = params["detail"]
    found.name = params.get("name", found.name)
    found.description = params.get("description", found.description)
    found.scope = params.get("scope", found.scope)
    if params.get("includeChildDomainUnits") is not None:
        found.target["domainUnitTarget"]["includeChildDomainUnits"] = params["includeChildDomainUnits"]
    found.revision += 1
    found.stamp.touch(session.user, session.now)
    return found


def delete(session: Session) -> None:
    """Remove a rule."""
    access.require_administrator(session)
    found = rule(session, session.params["identifier"])
    del session.domain.rules[found.id]


def listed(session: Session) -> list[Rule]:
    """The rules of a domain unit, with those that reach it from above if asked for, by every modelled filter."""
    params, domain = session.params, session.domain
    unit = domains.unit(session, params["targetIdentifier"])
    found = []
    for known in domain.rules.values():
        own = unit_of(known) == unit.id
        if not own and not (params.get("includeCascaded") and _reaches(session, known, unit.id)):
            continue
        if params.get("action") not in {None, known.action} or params.get("ruleType") not in {None, kind(known)}:
            continue
        if params.get("assetTypes") and not any(_covers_type(known, name) for name in params["assetTypes"]):
            continue
        if params.get("projectIds") and not any(_covers_project(known, name) for name in params["projectIds"]):
            continue
        if params.get("dataProduct") is not None and bool(known.scope.get("dataProduct")) != params["dataProduct"]:
            continue
        found.append(known)
    return sorted(found, key=lambda known: (known.stamp.created_at, known.id))


def kind(found: Rule) -> str:
    """``ruleType``."""
    return (
        "METADATA_FORM_ENFORCEMENT"
        if "metadataFormEnforcementDetail" in found.detail
        else ("GLOSSARY_TERM_ENFORCEMENT")
    )


def unit_of(found: Rule) -> str:
    """The domain unit that a rule stands on."""
    return str(found.target["domainUnitTarget"]["domainUnitId"])


def enforce_publish(session: Session, asset: Asset) -> None:
    """Check an asset against the rules for CREATE_LISTING_CHANGE_SET.

    Raises:
        ApiError: ValidationException that names the rule and the form or term that is missing.
    """
    for known in _applying(session, "CREATE_LISTING_CHANGE_SET", asset.owning_project, asset.type_name):
        _require_forms(known, {(f.type_name, f.type_revision) for f in asset.latest.forms}, "asset")
        needed = (known.detail.get("glossaryTermEnforcementDetail") or {}).get("requiredGlossaryTermIds", [])
        lacking = [term for term in needed if term not in (asset.latest.glossary_terms or [])]
        if lacking:
            raise validation(f"Rule {known.name} requires glossary term {lacking[0]}")


def enforce_request(session: Session, listing: Listing, given: list[dict[str, Any]]) -> list[Form]:
    """The metadata forms of a subscription request, checked; those that a rule requires must be there.

    UNVERIFIED[dz-request-extra-forms, dz-rule-project]: that a subscription request may carry forms that no rule asks
    for, and that a rule counts by the listing's project.
    """
    filled: dict[str, Form] = {}
    for entry in given:
        if entry["formName"] in filled:
            raise validation(f"Form {entry['formName']} is given twice")
        slot: FormSlot | None = None
        filled[entry["formName"]] = assets.one_form(session, entry, slot, "the subscription request")
    entity = None if listing.kind == "DATA_PRODUCT" else listing.latest.entity_type
    for known in _applying(session, "CREATE_SUBSCRIPTION_REQUEST", listing.owning_project, entity):
        _require_forms(known, {(f.type_name, f.type_revision) for f in filled.values()}, "subscription request")
    return list(filled.values())


def _require_forms(known: Rule, have: set[tuple[str, str]], what: str) -> None:
    detail = known.detail.get("metadataFormEnforcementDetail") or {}
    for form in detail.get("requiredMetadataForms", []):
        if (form["typeIdentifier"], form["typeRevision"]) not in have:
            raise validation(
                f"Rule {known.name} requires metadata form {form['typeIdentifier']} "
                f"revision {form['typeRevision']} on the {what}"
            )


def _applying(session: Session, action: str, project_id: str, asset_type: str | None) -> list[Rule]:
    project = access.project(session, project_id)
    found = []
    for known in session.domain.rules.values():
        if known.action != action or not _reaches(session, known, project.domain_unit_id):
            continue
        if not _covers_project(known, project_id):
            continue
        covered = bool(known.scope.get("dataProduct")) if asset_type is None else _covers_type(known, asset_type)
        if covered:
            found.append(known)
    return found


def _reaches(session: Session, known: Rule, unit_id: str) -> bool:
    target = known.target["domainUnitTarget"]
    return domains.within(session.domain, unit_id, target["domainUnitId"], bool(target.get("includeChildDomainUnits")))


def _covers_type(known: Rule, name: str) -> bool:
    chosen = known.scope.get("assetType")
    if chosen is None:
        return not known.scope.get("dataProduct")
    return chosen["selectionMode"] == "ALL" or name in (chosen.get("specificAssetTypes") or [])


def _covers_project(known: Rule, identifier: str) -> bool:
    chosen = known.scope.get("project")
    if chosen is None:
        return True
    return chosen["selectionMode"] == "ALL" or identifier in (chosen.get("specificProjects") or [])


def _check_detail(session: Session, detail: dict[str, Any]) -> None:
    for form in (detail.get("metadataFormEnforcementDetail") or {}).get("requiredMetadataForms", []):
        known = session.domain.form_types.get(form["typeIdentifier"], [])
        if not any(f.revision == form["typeRevision"] for f in known):
            raise validation(
                f"Object type Form#{session.domain.id}#{form['typeIdentifier']} "
                f"with version {form['typeRevision']} not found"
            )
    glossaries.require_terms(
        session, (detail.get("glossaryTermEnforcementDetail") or {}).get("requiredGlossaryTermIds")
    )
