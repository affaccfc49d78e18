"""Designations that users of a V2 domain make (CreateDesignation)."""

from __future__ import annotations

from aws_emulator.datazone.exceptions import conflict, not_found, validation
from aws_emulator.datazone.models import access, cedar
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.studio_entities import Designation

CREATED = "USER_CREATED_DESIGNATION"


def create(session: Session) -> Designation:
    """Make a designation; its name is unique in the domain."""
    params = session.params
    access.require_administrator(session)
    if session.domain.version != "V2":
        raise validation("Designations can be created in V2 domains only")
    _unique(session, params["name"])
    cedar.permitted(params["policy"])
    made = Designation(
        session.ids.user(),
        params["name"],
        params["policy"],
        session.stamp(),
        params.get("description"),
        params.get("deletionProtection", True),
    )
    session.domain.designations[made.id] = made
    return made


def designation(session: Session, identifier: str) -> Designation:
    """An existing designation."""
    found = session.domain.designations.get(identifier)
    if found is None:
        raise not_found("Designation", identifier)
    return found


def update(session: Session) -> Designation:
    """Change a designation; members have what it permits from then on."""
    params = session.params
    access.require_administrator(session)
    found = designation(session, params["identifier"])
    if params.get("name", found.name) != found.name:
        _unique(session, params["name"])
    if "policy" in params:
        cedar.permitted(params["policy"])
    found.name, found.policy = params.get("name", found.name), params.get("policy", found.policy)
    found.description = params.get("description", found.description)
    found.protected = params.get("deletionProtection", found.protected)
    found.stamp.touch(session.user, session.now)
    return found


def delete(session: Session) -> None:
    """Remove a designation that is neither protected nor anybody's."""
    access.require_administrator(session)
    found = designation(session, session.params["identifier"])
    if found.protected:
        raise validation(f"Designation {found.id} is protected from deletion: disable deletionProtection first")
    if any(found.id in project.members.values() for project in session.domain.projects.values()):
        raise validation(f"Designation {found.id} is assigned to project members")
    del session.domain.designations[found.id]


def of_member(session: Session, holder: dict[str, str]) -> str:
    """What is recorded for a member: a managed designation's name, or the id of one that users made."""
    role, made = holder["designation"], holder.get("userCreatedDesignationId")
    if (role == CREATED) != (made is not None):
        raise validation(f"userCreatedDesignationId goes with designation {CREATED}, and only with it")
    return designation(session, made).id if made is not None else role


def _unique(session: Session, name: str) -> None:
    if any(known.name == name for known in session.domain.designations.values()):
        raise conflict(f"Designation {name} already exists")
