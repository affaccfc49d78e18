"""Authorization policies of domain units and asset types (AddPolicyGrant), and where they decide.

UNVERIFIED[dz-designation-uses-type]: that a project's member by a designation of users' making may use an asset type if
a grant names that designation (``userCreatedDesignationId``), and only then; that in the project that owns the type
everybody may who may create assets; and that any user of the domain may list the grants of a type.
"""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.exceptions import conflict, not_found, quota_exceeded, validation
from aws_emulator.datazone.models import access, designations, domains
from aws_emulator.datazone.models.catalogue_entities import AssetType
from aws_emulator.datazone.models.entities import PolicyGrant, Project
from aws_emulator.datazone.models.session import Session

MAX_GRANTS = 20
"""Grants per policy and domain unit (service quota)."""

_DETAIL_OF = {
    "CREATE_DOMAIN_UNIT": "createDomainUnit",
    "OVERRIDE_DOMAIN_UNIT_OWNERS": "overrideDomainUnitOwners",
    "ADD_TO_PROJECT_MEMBER_POOL": "addToProjectMemberPool",
    "OVERRIDE_PROJECT_OWNERS": "overrideProjectOwners",
    "CREATE_GLOSSARY": "createGlossary",
    "CREATE_FORM_TYPE": "createFormType",
    "CREATE_ASSET_TYPE": "createAssetType",
    "CREATE_PROJECT": "createProject",
    "CREATE_ENVIRONMENT_PROFILE": "createEnvironmentProfile",
    "DELEGATE_CREATE_ENVIRONMENT_PROFILE": "delegateCreateEnvironmentProfile",
    "CREATE_ENVIRONMENT": "createEnvironment",
    "CREATE_ENVIRONMENT_FROM_BLUEPRINT": "createEnvironmentFromBlueprint",
    "CREATE_PROJECT_FROM_PROJECT_PROFILE": "createProjectFromProjectProfile",
    "USE_ASSET_TYPE": "useAssetType",
}
_DESIGNATIONS = {
    "OWNER": access.OWNER,
    "CONTRIBUTOR": access.CONTRIBUTOR,
    "PROJECT_CATALOG_STEWARD": access.STEWARD,
}


def add(session: Session) -> PolicyGrant:
    """Grant a policy on a domain unit or an asset type to a principal."""
    params = session.params
    entity_type, entity = params["entityType"], params["entityIdentifier"]
    _require_entity(session, entity_type, entity)
    policy = params["policyType"]
    if (policy == "USE_ASSET_TYPE") != (entity_type == "ASSET_TYPE"):
        raise validation(f"Policy {policy} cannot be granted on a {entity_type}")
    if list(params["detail"]) != [_DETAIL_OF[policy]]:
        raise validation(f"The detail of policy {policy} must be {_DETAIL_OF[policy]}")
    _require_designation(session, params["principal"].get("project") or {})
    same = [g for g in of(session, entity_type, entity, policy)]
    if any(grant.principal == params["principal"] for grant in same):
        raise conflict(f"Policy {policy} is already granted to this principal")
    if len(same) >= MAX_GRANTS:
        raise quota_exceeded(f"At most {MAX_GRANTS} grants of {policy} on {entity}")
    made = PolicyGrant(
        session.ids.policy_grant(),
        entity_type,
        entity,
        policy,
        params["principal"],
        params["detail"],
        session.user,
        session.now,
    )
    session.domain.policy_grants[made.id] = made
    _emit(session, "Policy Grant Added", made)
    return made


def remove(session: Session) -> None:
    """Take a policy grant back, by principal and optionally by id."""
    params = session.params
    _require_entity(session, params["entityType"], params["entityIdentifier"])
    wanted = params.get("grantIdentifier")
    for grant in of(session, params["entityType"], params["entityIdentifier"], params["policyType"]):
        if grant.principal == params["principal"] and wanted in {None, grant.id}:
            del session.domain.policy_grants[grant.id]
            _emit(session, "Policy Grant Removed", grant)
            return
    raise not_found("Policy grant", wanted or params["policyType"])


def of(session: Session, entity_type: str, entity: str, policy: str) -> list[PolicyGrant]:
    """The grants of a policy on an entity."""
    return sorted(
        (
            grant
            for grant in session.domain.policy_grants.values()
            if (grant.entity_type, grant.entity_id, grant.policy_type) == (entity_type, entity, policy)
        ),
        key=lambda grant: (grant.created_at, grant.id),
    )


def require_user_policy(session: Session, policy: str, unit_id: str) -> None:
    """Check that the caller, as a user, holds a policy in a domain unit (``CREATE_PROJECT``)."""
    if session.call.caller.administrator:
        return
    user = session.profile
    identities = {session.principal} | ({user.id} if user is not None else set())
    for grant in _reaching(session, policy, unit_id):
        granted = grant.principal.get("user") or {}
        if "allUsersGrantFilter" in granted or granted.get("userIdentifier") in identities:
            return
    raise access.refused(session, f"policy {policy} is not granted in domain unit {unit_id}")


def require_pool(session: Session, unit_id: str, member: str) -> None:
    """Check that a V2 domain lets somebody become a member: every unit from the project's to the root must grant it.

    UNVERIFIED[dz-pool-principal]: whether the policy's principal names who is added or who adds; here who is added. A
    grant on a unit that includes child units counts for these.
    """
    if session.domain.version != "V2":
        return
    for unit in [unit_id, *domains.ancestors(session.domain, unit_id)]:
        if not any(_pools(session, grant, member) for grant in _reaching(session, "ADD_TO_PROJECT_MEMBER_POOL", unit)):
            raise access.refused(session, f"policy ADD_TO_PROJECT_MEMBER_POOL is not granted in domain unit {unit}")


def _pools(session: Session, grant: PolicyGrant, member: str) -> bool:
    user, group = grant.principal.get("user") or {}, grant.principal.get("group") or {}
    known = session.domain.users.get(member)
    identities = {member, known.arn} if known is not None else {member}
    return "allUsersGrantFilter" in user or bool(
        identities & {user.get("userIdentifier"), group.get("groupIdentifier")}
    )


def require_project_policy(session: Session, policy: str, owner: Project) -> None:
    """Check that a project, with the caller's designation in it, holds a policy in its own domain unit."""
    if session.call.caller.administrator:
        return
    held = access.designations_of(session, owner.id)
    for grant in _reaching(session, policy, owner.domain_unit_id):
        if _covers(session, grant.principal, owner, held):
            return
    raise access.refused(session, f"policy {policy} is not granted to project {owner.id}")


def require_use(session: Session, asset_type: AssetType, owner: Project) -> None:
    """Check that assets of a type may be made in a project: the type's own, or one with a USE_ASSET_TYPE grant.

    The rule is about the project, so that it holds for administrators too.
    """
    if asset_type.owning_project == owner.id:
        return
    held = [access.OWNER] if session.call.caller.administrator else access.designations_of(session, owner.id)
    for grant in of(session, "ASSET_TYPE", asset_type.name, "USE_ASSET_TYPE"):
        if _covers(session, grant.principal, owner, held):
            return
    raise access.refused(session, f"project {owner.id} has no usage permission for asset type {asset_type.name}")


def _reaching(session: Session, policy: str, unit_id: str) -> list[PolicyGrant]:
    """Grants on a unit, and those on units above it that include child units."""
    found = []
    for grant in session.domain.policy_grants.values():
        if grant.policy_type != policy or grant.entity_type != "DOMAIN_UNIT":
            continue
        detail: dict[str, Any] = grant.detail.get(_DETAIL_OF[policy]) or {}
        if domains.within(session.domain, unit_id, grant.entity_id, bool(detail.get("includeChildDomainUnits"))):
            found.append(grant)
    return found


def _covers(session: Session, principal: dict[str, Any], owner: Project, held: list[str]) -> bool:
    granted = principal.get("project")
    if granted is None:
        user = principal.get("user")
        return user is not None and "allUsersGrantFilter" in user
    wanted = granted.get("userCreatedDesignationId") or _DESIGNATIONS.get(granted["projectDesignation"])
    if wanted not in held and not (wanted == access.CONTRIBUTOR and access.OWNER in held):
        return False
    if "projectIdentifier" in granted:
        return bool(granted["projectIdentifier"] == owner.id)
    reach = (granted.get("projectGrantFilter") or {}).get("domainUnitFilter")
    return reach is not None and domains.within(
        session.domain, owner.domain_unit_id, reach["domainUnit"], bool(reach.get("includeChildDomainUnits"))
    )


def _require_designation(session: Session, granted: dict[str, Any]) -> None:
    """A grant to members by a designation that users made names one of the domain, and no other grant does."""
    made = granted.get("userCreatedDesignationId")
    if (granted.get("projectDesignation") == designations.CREATED) != (made is not None):
        raise validation(
            f"userCreatedDesignationId goes with projectDesignation {designations.CREATED}, and only with it"
        )
    if made is not None and made not in session.domain.designations:
        raise validation(f"Designation {made} not found")


def _require_entity(session: Session, entity_type: str, entity: str) -> None:
    domain = session.domain
    if entity_type == "DOMAIN_UNIT":
        domains.unit(session, entity)
        access.require_administrator(session)
    elif entity_type == "ASSET_TYPE":
        revisions = domain.asset_types.get(entity)
        if revisions is None:
            raise not_found("Asset type", entity)
        access.require(session, revisions[-1].owning_project, access.MANAGE)
    else:
        known = domain.blueprints if entity_type == "ENVIRONMENT_BLUEPRINT_CONFIGURATION" else domain.profiles
        if entity.split(":")[-1] not in known:
            raise not_found(entity_type, entity)
        access.require_administrator(session)


def _emit(session: Session, detail_type: str, grant: PolicyGrant) -> None:
    session.emit(
        detail_type,
        entity_type="PolicyGrantEntityType",
        entity_id=grant.id,
        data={"entityType": grant.entity_type, "entityId": grant.entity_id, "policyType": grant.policy_type},
    )
