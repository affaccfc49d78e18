"""Membership: what DataZone itself checks after IAM has allowed the call.

Source: "Project roles" of the DataZone user guide for the designations.

UNVERIFIED[dz-reads-need-membership]: which reads need membership; here every read of a project's own environments,
targets, grants and inventory needs it (``Settings.strict_reads``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from aws_emulator.api import ApiError
from aws_emulator.datazone.exceptions import access_denied, not_found
from aws_emulator.datazone.models import cedar
from aws_emulator.datazone.models.entities import Project
from aws_emulator.datazone.models.session import Session

OWNER = "PROJECT_OWNER"
CONTRIBUTOR = "PROJECT_CONTRIBUTOR"
VIEWER = "PROJECT_CATALOG_VIEWER"
CONSUMER = "PROJECT_CATALOG_CONSUMER"
STEWARD = "PROJECT_CATALOG_STEWARD"

_ROLE = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/[\w+=,.@/-]+")

ANY = frozenset({OWNER, CONTRIBUTOR, VIEWER, CONSUMER, STEWARD})
MANAGE = frozenset({OWNER})
BUILD = frozenset({OWNER, CONTRIBUTOR})
"""Types, environments, targets."""
CURATE = frozenset({OWNER, CONTRIBUTOR, STEWARD})
"""Assets, listings, decisions on requests.

UNVERIFIED[dz-steward-rights]: that a catalogue steward may do all of these.
"""
SUBSCRIBE = frozenset({OWNER, CONTRIBUTOR, CONSUMER})


def role_account(arn: str) -> str | None:
    """The account of an IAM role's ARN; None if it is the ARN of anything else."""
    match = _ROLE.fullmatch(arn)
    return match.group(1) if match else None


def designations_of(session: Session, project_id: str) -> list[str]:
    """The caller's designations in a project: its own, and in a V2 domain that of its role's group."""
    project = session.domain.projects.get(project_id)
    known = [found.id for found in (session.profile, session.group) if found is not None]
    return [project.members[one] for one in known if one in project.members] if project is not None else []


def project(session: Session, project_id: str) -> Project:
    """An existing project.

    Raises:
        ApiError: ResourceNotFoundException.
    """
    found = session.domain.projects.get(project_id)
    if found is None:
        raise not_found("Project", project_id)
    return found


def allowed(session: Session, project_id: str, designations: frozenset[str]) -> bool:
    """Whether the caller may act in a project with one of these designations."""
    if session.call.caller.administrator:
        return True
    held = set(designations_of(session, project_id))
    return bool(held & designations) or any(_permits(session, one) for one in held)


def _permits(session: Session, role: str) -> bool:
    """Whether a designation that users made names the operation."""
    made = session.domain.designations.get(role)
    operations = cedar.permitted(made.policy) if made is not None else frozenset[str]()
    return operations is None or session.call.operation in operations


def require(session: Session, project_id: str, designations: frozenset[str]) -> Project:
    """The project, if the caller has one of the designations in it.

    Raises:
        ApiError: ResourceNotFoundException or AccessDeniedException.
    """
    found = project(session, project_id)
    if not allowed(session, project_id, designations):
        raise refused(session, f"it needs the role of {_words(designations)} in project {project_id}")
    return found


def require_one(session: Session, claims: Iterable[tuple[str, frozenset[str]]]) -> None:
    """Let the caller pass who has a claim in any of several projects.

    Raises:
        ApiError: AccessDeniedException.
    """
    listed = list(claims)
    if not any(allowed(session, project_id, designations) for project_id, designations in listed):
        raise refused(session, "it needs membership of project " + " or ".join(sorted({p for p, _ in listed})))


def require_read(session: Session, project_ids: Iterable[str]) -> None:
    """Let members of any of these projects read; everyone in the domain when reads are lenient."""
    if session.settings.strict_reads:
        require_one(session, [(project_id, ANY) for project_id in project_ids])
    else:
        require_user(session)


def readable(session: Session, project_ids: Iterable[str]) -> bool:
    """As ``require_read``, for filtering lists."""
    if not session.settings.strict_reads:
        return True
    return any(allowed(session, project_id, ANY) for project_id in project_ids)


def require_user(session: Session) -> None:
    """Let users of the domain pass: principals that have a profile by membership or CreateUserProfile.

    UNVERIFIED[dz-catalogue-reads-profile]: that reads of the catalogue need such a profile; AWS may make one for any
    IAM principal that is allowed.

    Raises:
        ApiError: AccessDeniedException.
    """
    profile = session.profile
    known = session.group is not None or (profile is not None and profile.status in {"ASSIGNED", "ACTIVATED"})
    if not (session.call.caller.administrator or known):
        raise refused(session, "the principal is no user of the domain")


def require_administrator(session: Session) -> None:
    """Let only owners of the root domain unit and the sandbox's administrators of the domain's account pass.

    Raises:
        ApiError: AccessDeniedException.
    """
    caller = session.call.caller
    profile = session.profile
    root = session.domain.units[session.domain.root_unit]
    owner = profile is not None and profile.id in root.owners
    if not (owner or (caller.administrator and caller.account == session.domain.account)):
        raise refused(session, "it needs an owner of the domain")


def refused(session: Session, reason: str) -> ApiError:
    """The error for a caller that IAM lets through and DataZone does not."""
    return access_denied(
        f"User {session.principal} is not permitted to perform operation: {session.call.operation}: {reason}"
    )


def _words(designations: frozenset[str]) -> str:
    return " or ".join(sorted(designations))
