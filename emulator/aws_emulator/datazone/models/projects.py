"""Projects, their members, and the user profiles of IAM principals."""

from __future__ import annotations

import re

from aws_emulator.api import ApiError
from aws_emulator.datazone.exceptions import access_denied, conflict, not_found, quota_exceeded, validation
from aws_emulator.datazone.models import access, designations, domains, groups, policies, studio_environments
from aws_emulator.datazone.models.entities import Domain, Project, UserProfile
from aws_emulator.datazone.models.session import Session

MAX_PROJECTS = 1000
MAX_MEMBERS = 100
"""User members of a project.

UNVERIFIED[dz-project-members]: that SageMaker Unified Studio's quota holds for V1 domains too.
"""
_ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):(role|user)/[\w+=,.@/-]+")


def create(session: Session) -> Project:
    """Make a project; its creator becomes the owner."""
    params, domain = session.params, session.domain
    unit = domains.unit(session, params.get("domainUnitId") or domain.root_unit)
    policies.require_user_policy(session, "CREATE_PROJECT", unit.id)
    if any(project.name == params["name"] for project in domain.projects.values()):
        raise conflict(f"Project {params['name']} already exists in domain {domain.id}")
    if len(domain.projects) >= MAX_PROJECTS:
        raise quota_exceeded(f"A domain has at most {MAX_PROJECTS} projects")
    made = Project(
        id=session.ids.short(),
        name=params["name"],
        domain_unit_id=unit.id,
        stamp=session.stamp(),
        description=params.get("description"),
        glossary_terms=params.get("glossaryTerms"),
        resource_tags=dict(params.get("resourceTags") or {}),
        category=params.get("projectCategory"),
    )
    if params.get("projectProfileId"):
        if domain.version != "V2":
            raise validation("projectProfileId belongs to V2 domains")
        made.profile_id = params["projectProfileId"]
        made.user_parameters = list(params.get("userParameters") or [])
        made.execution_role = params.get("projectExecutionRole")
    domain.projects[made.id] = made
    try:
        made.members[_creator(session).id] = access.OWNER
        for assignment in params.get("membershipAssignments") or []:
            made.members[_member(session, assignment["member"], unit.id)] = _designation(session, assignment)
        if made.profile_id:
            studio_environments.deploy_profile(session, made)
    except ApiError:
        del domain.projects[made.id]
        domain.environments = {k: e for k, e in domain.environments.items() if e.project_id != made.id}
        raise
    session.emit(
        "Project Creation Succeeded",
        entity_type="ProjectEntityType",
        entity_id=made.id,
        project=made.id,
        data={"projectId": made.id, "name": made.name},
    )
    return made


def update(session: Session) -> Project:
    """Change a project's name, description, tags or domain unit."""
    params = session.params
    found = access.require(session, params["identifier"], access.MANAGE)
    name = params.get("name", found.name)
    if any(p.name == name and p is not found for p in session.domain.projects.values()):
        raise conflict(f"Project {name} already exists in domain {session.domain.id}")
    found.name = name
    found.description = params.get("description", found.description)
    found.glossary_terms = params.get("glossaryTerms", found.glossary_terms)
    if params.get("resourceTags") is not None:
        found.resource_tags = dict(params["resourceTags"])
    if params.get("domainUnitId"):
        found.domain_unit_id = domains.unit(session, params["domainUnitId"]).id
    found.stamp.touch(session.user, session.now)
    return found


def delete(session: Session) -> None:
    """Remove a project that holds nothing, or with ``skipDeletionCheck`` everything in it too.

    DeleteProject models no ConflictException, so that a project in use answers ValidationException.
    """
    params, domain = session.params, session.domain
    found = access.require(session, params["identifier"], access.MANAGE)
    contents = holdings(domain, found.id)
    if contents and not params.get("skipDeletionCheck"):
        raise validation(f"Project {found.id} cannot be deleted, it still contains: {', '.join(contents)}")
    if contents:
        _purge(session, found.id)
    del domain.projects[found.id]


def holdings(domain: Domain, project_id: str) -> list[str]:
    """What a project still owns, in words."""
    owned = {
        "environments": any(e.project_id == project_id for e in domain.environments.values()),
        "assets": any(a.owning_project == project_id for a in domain.assets.values()),
        "data products": any(p.owning_project == project_id for p in domain.products.values()),
        "asset types": any(r[-1].owning_project == project_id for r in domain.asset_types.values()),
        "form types": any(r[-1].owning_project == project_id for r in domain.form_types.values()),
        "glossaries": any(g.owning_project == project_id for g in domain.glossaries.values()),
        "environment profiles": any(p.project_id == project_id for p in domain.profiles.values()),
        "subscriptions": any(
            s.principal == ("PROJECT", project_id) and s.status == "APPROVED" for s in domain.subscriptions.values()
        ),
    }
    return [name for name, there in owned.items() if there]


def _purge(session: Session, project_id: str) -> None:
    domain = session.domain
    environments = {e.id for e in domain.environments.values() if e.project_id == project_id}
    assets = {a.id for a in domain.assets.values() if a.owning_project == project_id}
    products = {p.id for p in domain.products.values() if p.owning_project == project_id}
    glossaries = {g.id for g in domain.glossaries.values() if g.owning_project == project_id}
    domain.grants = {k: g for k, g in domain.grants.items() if g.environment_id not in environments}
    domain.targets = {k: t for k, t in domain.targets.items() if t.environment_id not in environments}
    domain.subscriptions = {k: s for k, s in domain.subscriptions.items() if s.principal != ("PROJECT", project_id)}
    domain.requests = {k: r for k, r in domain.requests.items() if r.principal != ("PROJECT", project_id)}
    domain.environments = {k: e for k, e in domain.environments.items() if k not in environments}
    domain.profiles = {k: p for k, p in domain.profiles.items() if p.project_id != project_id}
    index = session.backend.index(domain)
    for entity in assets | products:
        listing = domain.listing_of.pop(entity, None)
        if listing is not None:
            domain.listings.pop(listing, None)
            index.remove("LISTING", listing)
        index.remove("ASSET", entity)
        index.remove("DATA_PRODUCT", entity)
        domain.assets.pop(entity, None)
        domain.products.pop(entity, None)
    domain.external_ids = {k: a for k, a in domain.external_ids.items() if a not in assets}
    domain.asset_types = {k: r for k, r in domain.asset_types.items() if r[-1].owning_project != project_id}
    domain.form_types = {k: r for k, r in domain.form_types.items() if r[-1].owning_project != project_id}
    for term in [t for t in domain.terms.values() if t.glossary_id in glossaries]:
        del domain.terms[term.id]
        index.remove("GLOSSARY_TERM", term.id)
    for glossary in glossaries:
        del domain.glossaries[glossary]
        index.remove("GLOSSARY", glossary)


def add_member(session: Session) -> None:
    """Make an IAM principal a member. No ConflictException is modelled: a second call sets the designation anew."""
    params = session.params
    found = access.require(session, params["projectIdentifier"], access.MANAGE)
    role = _designation(session, params)
    member = _member(session, params["member"], found.domain_unit_id)
    if member not in found.members and len(found.members) >= MAX_MEMBERS:
        raise validation(f"Project {found.id} has the maximum of {MAX_MEMBERS} user members")
    previous = found.members.get(member)
    if previous not in (None, role) and session.domain.version == "V2":
        # Memberships of V2 domains are create-only.
        raise validation(f"{member} is already a member of project {found.id}: delete the membership first")
    if previous == access.OWNER and role != access.OWNER:
        _keep_owner(found, member)
    found.members[member] = role
    if previous != role:
        session.emit(
            "Project Member Addition Succeeded" if previous is None else "Project Member Role Change Succeeded",
            entity_type="ProjectEntityType",
            entity_id=found.id,
            project=found.id,
            data={"projectId": found.id, "memberId": member, "designation": role},
        )


def remove_member(session: Session) -> None:
    """Take a member out; the last owner stays."""
    params = session.params
    found = access.require(session, params["projectIdentifier"], access.MANAGE)
    identifier = params["member"].get("userIdentifier")
    user = session.find_user(identifier) if identifier else None
    member = user.id if user is not None else params["member"].get("groupIdentifier")
    if member is None or member not in found.members:
        raise not_found("Project member", str(identifier or params["member"]))
    if found.members[member] == access.OWNER:
        _keep_owner(found, member)
    del found.members[member]
    session.emit(
        "Project Member Removal Succeeded",
        entity_type="ProjectEntityType",
        entity_id=found.id,
        project=found.id,
        data={"projectId": found.id, "memberId": member},
    )


def create_profile(session: Session) -> UserProfile:
    """A user profile for an IAM role or user; one that exists already is refused as invalid."""
    params = session.params
    access.require_administrator(session)
    if params.get("userType") not in {None, "IAM_ROLE", "IAM_USER"}:
        raise validation(f"User type {params['userType']} is not supported: this domain has no identity centre")
    known = session.find_user(params["userIdentifier"])
    if known is not None and known.status != "NOT_ASSIGNED":
        raise validation(f"A user profile for {params['userIdentifier']} already exists")
    if known is None:
        return session.add_user(_principal(session, params["userIdentifier"]), "ACTIVATED")
    known.status = "ACTIVATED"
    return known


def profile(session: Session, identifier: str) -> UserProfile:
    """An existing user profile by id or ARN."""
    found = session.find_user(identifier)
    if found is None or found.status == "NOT_ASSIGNED":
        raise not_found("User profile", identifier)
    return found


def update_profile(session: Session) -> UserProfile:
    """Activate or deactivate a user profile."""
    access.require_administrator(session)
    found = profile(session, session.params["userIdentifier"])
    found.status = session.params["status"]
    return found


def _creator(session: Session) -> UserProfile:
    user = session.domain.users[session.user]
    user.status = "ACTIVATED"
    return user


def _designation(session: Session, holder: dict[str, str]) -> str:
    if session.domain.version == "V2":
        return designations.of_member(session, holder)
    if holder["designation"] not in access.ANY:
        raise validation("User-created designations are not supported by this domain")
    return holder["designation"]


def _member(session: Session, member: dict[str, str], unit_id: str) -> str:
    """The id of the user or group profile that becomes a member."""
    found = _group_member(session, member) if "groupIdentifier" in member else _user_member(session, member)
    policies.require_pool(session, unit_id, found)
    return found


def _group_member(session: Session, member: dict[str, str]) -> str:
    if session.domain.version != "V2":
        raise validation("Group members need an identity centre, which this domain does not use")
    return groups.group(session, member["groupIdentifier"]).id


def _user_member(session: Session, member: dict[str, str]) -> str:
    identifier = member["userIdentifier"]
    known = session.find_user(identifier)
    if session.domain.version == "V2" and access.role_account(identifier) is not None:
        # Since June 2026 a role is a group of sessions, and the user form is refused.
        raise access_denied(f"User is not permitted to perform operation: {session.call.operation}")
    if known is None:
        return session.add_user(_principal(session, identifier), "ACTIVATED").id
    if known.status == "NOT_ASSIGNED":
        known.status = "ACTIVATED"
    return known.id


def _principal(session: Session, identifier: str) -> str:
    """An IAM principal's ARN that may become a user: of the domain's account or of an associated one."""
    match = _ROLE_ARN.fullmatch(identifier)
    if match is None:
        raise validation(f"User {identifier} does not exist: only IAM role and user ARNs make new user profiles")
    account = match.group(1)
    domain = session.domain
    if account != domain.account and not session.backend.associated(domain, account):
        raise access_denied(f"Account {account} of {identifier} is not associated with domain {domain.id}")
    return identifier


def _keep_owner(found: Project, leaving: str) -> None:
    others = [member for member, role in found.members.items() if role == access.OWNER and member != leaving]
    if not others:
        raise validation(f"Project {found.id} keeps at least one owner")
