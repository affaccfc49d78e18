"""Domains, domain units and their owners, tags."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall
from aws_emulator.datazone.exceptions import conflict, not_found, quota_exceeded, validation
from aws_emulator.datazone.models import access
from aws_emulator.datazone.models.backend import Backend
from aws_emulator.datazone.models.entities import Blueprint, Domain, DomainUnit, PolicyGrant, UserProfile
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.stamp import Stamp
from aws_emulator.datazone.models.system_types import system_form_types

MAX_UNITS = 500
MAX_UNIT_DEPTH = 5
MAX_TAGS = 50

CUSTOM_BLUEPRINT = "CustomAwsService"
_BLUEPRINTS = {
    "DefaultDataLake": "Glue, Athena and Lake Formation resources for a data lake",
    "DefaultDataWarehouse": "Redshift resources for a data warehouse",
    CUSTOM_BLUEPRINT: "Existing AWS resources and an existing IAM role",
}
_V2_BLUEPRINTS = {
    "Tooling": "The project's role and its tools",
    "ToolingLite": "The project's role",
}
# What projects and users may do in a new domain's root unit without further grants.
# UNVERIFIED[dz-default-policies]: that all users may create projects, and owners and contributors form types, asset
# types and glossaries.
_ROOT_POLICIES: tuple[tuple[str, str, bool], ...] = (
    ("CREATE_PROJECT", "createProject", True),
    ("CREATE_FORM_TYPE", "createFormType", False),
    ("CREATE_ASSET_TYPE", "createAssetType", False),
    ("CREATE_GLOSSARY", "createGlossary", False),
)


def create(backend: Backend, call: ApiCall) -> Domain:
    """Make a domain in the caller's account and region; the caller owns the root domain unit."""
    params = call.params
    version = params.get("domainVersion") or "V1"
    if version == "V1" and not params.get("domainExecutionRole"):
        # UNVERIFIED[dz-execution-role-required]: that a V1 domain needs it. The model has it optional since the V2
        # domains.
        raise validation("domainExecutionRole is required")
    if version == "V2" and not params.get("serviceRole"):
        raise validation("serviceRole is required for a V2 domain")
    caller, now = call.caller, backend.emulator.clock.now()
    owner = UserProfile(backend.ids.user(), caller.role_arn or caller.arn)
    root = backend.ids.short()
    identifier = backend.ids.domain()
    stamp = Stamp(owner.id, now, owner.id, now)
    domain = Domain(
        id=identifier,
        name=params["name"],
        account=caller.account,
        region=call.region,
        execution_role=params.get("domainExecutionRole"),
        version=version,
        root_unit=root,
        portal_url=f"https://{identifier}.datazone.{call.region}.on.aws",
        stamp=stamp,
        description=params.get("description"),
        service_role=params.get("serviceRole"),
        single_sign_on=params.get("singleSignOn"),
        kms_key=params.get("kmsKeyIdentifier"),
        tags=dict(params.get("tags") or {}),
    )
    domain.users[owner.id] = owner
    domain.units[root] = DomainUnit(
        root, params["name"][:128], None, Stamp(owner.id, now, owner.id, now), owners=[owner.id]
    )
    domain.form_types = system_form_types(now)
    for name, description in (_BLUEPRINTS | (_V2_BLUEPRINTS if version == "V2" else {})).items():
        blueprint = Blueprint(backend.ids.short(), name, description, now)
        domain.blueprints[blueprint.id] = blueprint
    for policy, detail, for_users in _ROOT_POLICIES:
        principals: list[dict[str, Any]] = (
            [{"user": {"allUsersGrantFilter": {}}}]
            if for_users
            else [
                {
                    "project": {
                        "projectDesignation": role,
                        "projectGrantFilter": {
                            "domainUnitFilter": {"domainUnit": root, "includeChildDomainUnits": True}
                        },
                    }
                }
                for role in ("OWNER", "CONTRIBUTOR")
            ]
        )
        for principal in principals:
            grant = PolicyGrant(
                backend.ids.policy_grant(),
                "DOMAIN_UNIT",
                root,
                policy,
                principal,
                {detail: {"includeChildDomainUnits": True}},
                "SYSTEM",
                now,
            )
            domain.policy_grants[grant.id] = grant
    backend.domains[identifier] = domain
    session = Session(backend, domain, call)
    session.emit(
        "Domain Creation Succeeded",
        entity_type="DomainEntityType",
        entity_id=identifier,
        data={"status": "AVAILABLE"},
        user=owner.id,
    )
    return domain


def visible(backend: Backend, call: ApiCall) -> list[Domain]:
    """The region's domains of the caller's account, and those that are shared with it."""
    return sorted(
        (
            domain
            for domain in backend.domains.values()
            if domain.region == call.region
            and (domain.account == call.caller.account or backend.associated(domain, call.caller.account))
        ),
        key=lambda domain: (domain.stamp.created_at, domain.id),
    )


def update(session: Session) -> Domain:
    """Change a domain's name, description, roles or sign-on."""
    access.require_administrator(session)
    domain, params = session.domain, session.params
    domain.name = params.get("name", domain.name)
    domain.description = params.get("description", domain.description)
    domain.execution_role = params.get("domainExecutionRole", domain.execution_role)
    domain.service_role = params.get("serviceRole", domain.service_role)
    domain.single_sign_on = params.get("singleSignOn", domain.single_sign_on)
    domain.stamp.touch(session.user, session.now)
    return domain


def delete(session: Session) -> None:
    """Remove a domain. It must hold no project, unless the check is skipped or the delete cascades."""
    access.require_administrator(session)
    domain, params = session.domain, session.params
    skip, cascade = bool(params.get("skipDeletionCheck")), bool(params.get("cascadeDelete"))
    if skip and cascade:
        raise validation("skipDeletionCheck and cascadeDelete cannot be used together")
    if domain.projects and not (skip or cascade):
        raise conflict(f"Domain {domain.id} still contains projects: " + ", ".join(sorted(domain.projects)))
    session.emit(
        "Domain Deletion Succeeded", entity_type="DomainEntityType", entity_id=domain.id, data={"status": "DELETED"}
    )
    domain.status = "DELETED"
    session.backend.domains.pop(domain.id, None)
    session.backend.indexes.pop(domain.id, None)


def tagged(backend: Backend, call: ApiCall) -> Domain:
    """The domain behind ``resourceArn``; only domains carry tags here."""
    arn = call.params["resourceArn"]
    for domain in backend.domains.values():
        if domain.arn == arn:
            backend.check_account(domain, call.caller, call.operation)
            return domain
    raise not_found("Resource", arn)


def tag(domain: Domain, tags: dict[str, str]) -> None:
    """Add tags."""
    if len({**domain.tags, **tags}) > MAX_TAGS:
        raise validation(f"A resource has at most {MAX_TAGS} tags")
    domain.tags.update(tags)


def unit(session: Session, identifier: str) -> DomainUnit:
    """An existing domain unit."""
    found = session.domain.units.get(identifier)
    if found is None:
        raise not_found("Domain unit", identifier)
    return found


def ancestors(domain: Domain, identifier: str) -> list[str]:
    """Ids from a unit's parent up to the root."""
    chain: list[str] = []
    current = domain.units[identifier].parent
    while current is not None:
        chain.append(current)
        current = domain.units[current].parent
    return chain


def within(domain: Domain, identifier: str, unit_id: str, children: bool) -> bool:
    """Whether a unit is another, or (with ``children``) lies below it."""
    return identifier == unit_id or (children and unit_id in ancestors(domain, identifier))


def create_unit(session: Session) -> DomainUnit:
    """Make a domain unit below another."""
    params, domain = session.params, session.domain
    parent = unit(session, params["parentDomainUnitIdentifier"])
    _require_unit_owner(session, parent)
    if len(domain.units) >= MAX_UNITS:
        raise quota_exceeded(f"A domain has at most {MAX_UNITS} domain units")
    if len(ancestors(domain, parent.id)) + 1 >= MAX_UNIT_DEPTH:
        raise quota_exceeded(f"Domain units are at most {MAX_UNIT_DEPTH} levels deep")
    if any(u.parent == parent.id and u.name == params["name"] for u in domain.units.values()):
        raise conflict(f"Domain unit {params['name']} already exists")
    made = DomainUnit(
        session.ids.short(), params["name"], parent.id, session.stamp(), params.get("description"), [session.user]
    )
    domain.units[made.id] = made
    session.emit(
        "Domain Unit Created",
        entity_type="DomainUnitEntityType",
        entity_id=made.id,
        data={"name": made.name, "parentDomainUnitId": parent.id},
    )
    return made


def update_unit(session: Session) -> DomainUnit:
    """Rename or describe a domain unit."""
    found = unit(session, session.params["identifier"])
    _require_unit_owner(session, found)
    found.name = session.params.get("name", found.name)
    found.description = session.params.get("description", found.description)
    found.stamp.touch(session.user, session.now)
    return found


def delete_unit(session: Session) -> None:
    """Remove an empty domain unit."""
    domain = session.domain
    found = unit(session, session.params["identifier"])
    _require_unit_owner(session, found)
    if found.parent is None:
        raise validation("The root domain unit cannot be deleted")
    if any(u.parent == found.id for u in domain.units.values()):
        raise conflict(f"Domain unit {found.id} has child domain units")
    if any(p.domain_unit_id == found.id for p in domain.projects.values()):
        raise conflict(f"Domain unit {found.id} has projects")
    del domain.units[found.id]


def children(session: Session, parent: str) -> list[DomainUnit]:
    """The units directly below one."""
    unit(session, parent)
    return sorted((u for u in session.domain.units.values() if u.parent == parent), key=lambda u: (u.name, u.id))


def change_owner(session: Session, add: bool) -> None:
    """Add or remove an owner of a domain unit."""
    found = unit(session, session.params["entityIdentifier"])
    _require_unit_owner(session, found)
    owner = session.params["owner"]
    if "user" not in owner:
        raise validation("Only IAM principals can own a domain unit here")
    identifier = owner["user"]["userIdentifier"]
    profile = session.find_user(identifier)
    if add:
        if profile is None:
            profile = session.add_user(identifier, "ACTIVATED")
        if profile.id in found.owners:
            raise conflict(f"{identifier} already owns domain unit {found.id}")
        found.owners.append(profile.id)
        return
    if profile is None or profile.id not in found.owners:
        raise not_found("Owner", identifier)
    if len(found.owners) == 1:
        raise validation("A domain unit keeps at least one owner")
    found.owners.remove(profile.id)


def _require_unit_owner(session: Session, found: DomainUnit) -> None:
    profile = session.profile
    lineage = [found.id, *ancestors(session.domain, found.id)]
    owners = {owner for unit_id in lineage for owner in session.domain.units[unit_id].owners}
    if not session.call.caller.administrator and (profile is None or profile.id not in owners):
        raise access.refused(session, f"it needs an owner of domain unit {found.id}")
