"""Group profiles of V2 domains: an IAM role is the group of its sessions."""

from __future__ import annotations

from aws_emulator.datazone.exceptions import access_denied, not_found, validation
from aws_emulator.datazone.models import access
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.studio_entities import GroupProfile

ROLE_SESSIONS = "IAM_ROLE_SESSION_GROUP"


def create(session: Session) -> GroupProfile:
    """Make the group of a role's sessions.

    UNVERIFIED[dz-group-of-unused-role]: whether a role must have been used in the domain once before; here it need not
    exist yet.
    """
    params = session.params
    access.require_administrator(session)
    arn = params.get("rolePrincipalArn")
    if session.domain.version != "V2" or not arn:
        raise validation("A group profile is made of rolePrincipalArn, in a V2 domain: there is no identity centre")
    account = access.role_account(arn)
    if account is None:
        raise validation(f"rolePrincipalArn {arn} is not the ARN of an IAM role")
    if account != session.domain.account and not session.backend.associated(session.domain, account):
        raise access_denied(f"Account {account} of {arn} is not associated with domain {session.domain.id}")
    if session.find_group(arn) is not None:
        raise validation(f"A group profile for {arn} already exists")
    made = GroupProfile(session.ids.user(), arn)
    session.domain.groups[made.id] = made
    return made


def group(session: Session, identifier: str) -> GroupProfile:
    """An existing group profile by its id."""
    found = session.domain.groups.get(identifier)
    if found is None:
        raise not_found("Group profile", identifier)
    return found


def update(session: Session) -> GroupProfile:
    """Assign or unassign a group."""
    access.require_administrator(session)
    found = group(session, session.params["groupIdentifier"])
    found.status = session.params["status"]
    return found


def search(session: Session) -> list[GroupProfile]:
    """The groups of a type whose role's ARN holds the text."""
    if session.params["groupType"] != ROLE_SESSIONS:
        return []
    text = (session.params.get("searchText") or "").lower()
    groups = sorted(session.domain.groups.values(), key=lambda found: (found.role_arn, found.id))
    return [found for found in groups if text in found.role_arn.lower()]
