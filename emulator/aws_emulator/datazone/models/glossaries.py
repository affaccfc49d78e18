"""Glossaries and their terms."""

from __future__ import annotations

from aws_emulator.datazone.exceptions import conflict, not_found, quota_exceeded, validation
from aws_emulator.datazone.models import access, policies
from aws_emulator.datazone.models.catalogue_entities import Glossary, GlossaryTerm
from aws_emulator.datazone.models.session import Session

MAX_GLOSSARIES = 1000
MAX_TERMS = 10_000


def create(session: Session) -> Glossary:
    """Make a glossary; its name is unique in the domain."""
    params, domain = session.params, session.domain
    owner = access.require(session, params["owningProjectIdentifier"], access.CURATE)
    policies.require_project_policy(session, "CREATE_GLOSSARY", owner)
    if any(g.name == params["name"] for g in domain.glossaries.values()):
        raise conflict(f"Glossary {params['name']} already exists")
    if len(domain.glossaries) >= MAX_GLOSSARIES:
        raise quota_exceeded(f"A domain has at most {MAX_GLOSSARIES} glossaries")
    made = Glossary(
        session.ids.short(),
        params["name"],
        owner.id,
        params.get("status") or "DISABLED",
        session.stamp(),
        params.get("description"),
        params.get("usageRestrictions"),
    )
    domain.glossaries[made.id] = made
    return made


def glossary(session: Session, identifier: str) -> Glossary:
    """An existing glossary."""
    found = session.domain.glossaries.get(identifier)
    if found is None:
        raise not_found("Glossary", identifier)
    return found


def update(session: Session) -> Glossary:
    """Change a glossary."""
    params = session.params
    found = glossary(session, params["identifier"])
    access.require(session, found.owning_project, access.CURATE)
    name = params.get("name", found.name)
    if any(g.name == name and g is not found for g in session.domain.glossaries.values()):
        raise conflict(f"Glossary {name} already exists")
    found.name = name
    found.description = params.get("description", found.description)
    found.status = params.get("status", found.status)
    found.stamp.touch(session.user, session.now)
    return found


def delete(session: Session) -> Glossary:
    """Remove a disabled glossary without terms."""
    domain = session.domain
    found = glossary(session, session.params["identifier"])
    access.require(session, found.owning_project, access.CURATE)
    if found.status != "DISABLED":
        raise conflict(f"Glossary {found.id} is ENABLED")
    if any(term.glossary_id == found.id for term in domain.terms.values()):
        raise conflict(f"Glossary {found.id} has terms")
    del domain.glossaries[found.id]
    return found


def create_term(session: Session) -> GlossaryTerm:
    """Make a term; its name is unique in the glossary."""
    params, domain = session.params, session.domain
    parent = glossary(session, params["glossaryIdentifier"])
    access.require(session, parent.owning_project, access.CURATE)
    if any(t.name == params["name"] and t.glossary_id == parent.id for t in domain.terms.values()):
        raise conflict(f"Term {params['name']} already exists in glossary {parent.id}")
    if len(domain.terms) >= MAX_TERMS:
        raise quota_exceeded(f"A domain has at most {MAX_TERMS} glossary terms")
    made = GlossaryTerm(
        session.ids.short(),
        parent.id,
        params["name"],
        params.get("status") or "DISABLED",
        session.stamp(),
        params.get("shortDescription"),
        params.get("longDescription"),
        _relations(session, params.get("termRelations"), None),
    )
    domain.terms[made.id] = made
    return made


def term(session: Session, identifier: str) -> GlossaryTerm:
    """An existing term."""
    found = session.domain.terms.get(identifier)
    if found is None:
        raise not_found("Glossary term", identifier)
    return found


def update_term(session: Session) -> GlossaryTerm:
    """Change a term."""
    params = session.params
    found = term(session, params["identifier"])
    access.require(session, glossary(session, found.glossary_id).owning_project, access.CURATE)
    if params.get("glossaryIdentifier"):
        found.glossary_id = glossary(session, params["glossaryIdentifier"]).id
    found.name = params.get("name", found.name)
    found.short_description = params.get("shortDescription", found.short_description)
    found.long_description = params.get("longDescription", found.long_description)
    found.status = params.get("status", found.status)
    if params.get("termRelations") is not None:
        found.relations = _relations(session, params["termRelations"], found.id)
    found.stamp.touch(session.user, session.now)
    return found


def delete_term(session: Session) -> GlossaryTerm:
    """Remove a term that nothing refers to."""
    domain = session.domain
    found = term(session, session.params["identifier"])
    access.require(session, glossary(session, found.glossary_id).owning_project, access.CURATE)
    assets = [a.id for a in domain.assets.values() if found.id in (a.latest.glossary_terms or [])]
    related = [t.id for t in domain.terms.values() if any(found.id in ids for ids in t.relations.values())]
    if assets or related:
        raise conflict(f"Glossary term {found.id} is in use by {', '.join((assets + related)[:5])}")
    del domain.terms[found.id]
    return found


def require_terms(session: Session, identifiers: list[str] | None) -> None:
    """Check that terms exist.

    Raises:
        ApiError: ValidationException.
    """
    unknown = [identifier for identifier in identifiers or [] if identifier not in session.domain.terms]
    if unknown:
        raise validation(f"Glossary term {unknown[0]} does not exist")


def summaries(session: Session, identifiers: list[str]) -> list[dict[str, str]]:
    """Terms as a listing shows them: name and short description."""
    found = [session.domain.terms[i] for i in identifiers if i in session.domain.terms]
    return [
        {"name": t.name} if t.short_description is None else {"name": t.name, "shortDescription": t.short_description}
        for t in found
    ]


def _relations(session: Session, given: dict[str, list[str]] | None, own: str | None) -> dict[str, list[str]]:
    for identifiers in (given or {}).values():
        require_terms(session, identifiers)
        if own in identifiers:
            raise validation("A glossary term cannot be related to itself")
    return {name: list(identifiers) for name, identifiers in (given or {}).items()}
