"""How a domain takes members: by its version, asked of GetDomain, and by the member pools of its domain units.

A V1 domain (Amazon DataZone) knows an IAM role as a user. A V2 domain (SageMaker Unified Studio) knows it as the group
of its sessions: SearchGroupProfiles and CreateGroupProfile of the DataZone API reference. Since June 2026 it refuses
the user form for roles (aws/modern-data-architecture-accelerator, issue 61), and every domain unit from the project's
up to the root must grant ADD_TO_PROJECT_MEMBER_POOL (issue 39).

UNVERIFIED[dz-pool-principal]: whether the pool's principal names who is added or who adds; the check asks for who is
added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import DiffResult

from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import SESSION_KEYS, DataZoneProvider, contains_unknown

V2 = "V2"
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_POOL = "ADD_TO_PROJECT_MEMBER_POOL"
_VERSIONS: dict[tuple[int, str], str] = {}


def domain_version(api: Any, domain_id: str) -> str:
    """``V1`` or ``V2``; asked once in a process.

    UNVERIFIED[dz-domain-version-shown]: a GetDomain answer without domainVersion is of a V1 domain.

    Raises:
        RemoteError: DataZone does not show the domain.
    """
    key = (id(api), domain_id)
    if key not in _VERSIONS:
        _VERSIONS[key] = str(aws.call(api, "get_domain", identifier=domain_id).get("domainVersion") or "V1")
    return _VERSIONS[key]


def find_group(api: Any, domain_id: str, role_arn: str) -> str | None:
    """The id of the group of a role's sessions; None while there is none."""
    where: dict[str, Any] = {
        "domainIdentifier": domain_id,
        "groupType": "IAM_ROLE_SESSION_GROUP",
        "searchText": _role_name(role_arn),
    }
    for group in aws.pages(api, "search_group_profiles", "items", **where):
        if group.get("rolePrincipalArn") == role_arn:
            return str(group["id"])
    return None


def make_group(api: Any, domain_id: str, role_arn: str) -> str:
    """The group of a role's sessions, made if there is none.

    UNVERIFIED[dz-group-of-unused-role]: whether CreateGroupProfile takes a role that was never used in the domain.

    Raises:
        RemoteError: DataZone refuses; the message says what to do.
    """
    found = find_group(api, domain_id, role_arn)
    if found is not None:
        return found
    try:
        return str(aws.call(api, "create_group_profile", domainIdentifier=domain_id, rolePrincipalArn=role_arn)["id"])
    except RemoteError as error:
        again = find_group(api, domain_id, role_arn)
        if again is not None:  # Another membership of the same role was quicker.
            return again
        raise RemoteError(
            "datazone:CreateGroupProfile",
            error.code,
            f"the domain makes no group of {role_arn}: {error}. In a V2 domain a role is a member as the group of its "
            "sessions: let the deploying role create group profiles, or use the role once in the domain",
        ) from error


def pool_problem(api: Any, domain_id: str, project_id: str, member: Mapping[str, Any]) -> str:
    """Why a V2 domain would not take a member, by its member pools; empty if it would, or if nobody can tell.

    Args:
        api: DataZone's client.
        domain_id: the domain.
        project_id: the project.
        member: ``user_identifier`` (a role's ARN where it is known) or ``group_identifier``.
    """
    try:
        if domain_version(api, domain_id) != V2:
            return ""
        closed, covered = list[str](), False
        for unit in reversed(units_of(api, domain_id, project_id)):
            here, below = _pools(api, domain_id, unit, member)
            if not (here or covered):
                closed.append(unit)
            covered = covered or below
    except RemoteError:
        return ""  # Who may not look gets DataZone's own answer later.
    if not closed:
        return ""
    return (
        f"cannot become a member of project {project_id}: the domain unit{'s' if len(closed) > 1 else ''} "
        f"{', '.join(closed)} {'do' if len(closed) > 1 else 'does'} not grant {_POOL}, which a V2 domain asks of every "
        "domain unit from the project's up to the root. Let an owner of the unit grant it (AddPolicyGrant, or "
        '"Project membership policy" in the portal) to all users or to the role\'s group'
    )


def units_of(api: Any, domain_id: str, project_id: str) -> list[str]:
    """The project's domain unit and those above it."""
    project = aws.call(api, "get_project", domainIdentifier=domain_id, identifier=project_id)
    unit, found = project.get("domainUnitId"), list[str]()
    while unit and unit not in found:
        found.append(str(unit))
        unit = aws.call(api, "get_domain_unit", domainIdentifier=domain_id, identifier=unit).get("parentDomainUnitId")
    return found


def _pools(api: Any, domain_id: str, unit: str, member: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a unit's pool holds the member, and whether it does for the units below it."""
    where: dict[str, Any] = {"domainIdentifier": domain_id, "entityType": "DOMAIN_UNIT", "entityIdentifier": unit}
    grants = [
        grant
        for grant in aws.pages(api, "list_policy_grants", "grantList", 25, policyType=_POOL, **where)
        if _holds(api, domain_id, grant.get("principal") or {}, member)
    ]
    below = any(
        (grant.get("detail") or {}).get("addToProjectMemberPool", {}).get("includeChildDomainUnits") for grant in grants
    )
    return bool(grants), below


def _holds(api: Any, domain_id: str, principal: Mapping[str, Any], member: Mapping[str, Any]) -> bool:
    user, group = principal.get("user") or {}, principal.get("group") or {}
    if "allUsersGrantFilter" in user:
        return True
    wanted = {member.get("user_identifier"), member.get("group_identifier")} - {None}
    role = str(member.get("user_identifier") or "")
    if ROLE.fullmatch(role) and group:
        wanted.add(find_group(api, domain_id, role))
    return bool({user.get("userIdentifier"), group.get("groupIdentifier")} & wanted)


def _role_name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def is_idle(provider: DataZoneProvider, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether a difference changes nothing: before V2 nothing hangs on what a designation of one's own would permit.

    Args:
        provider: of a resource that notes its domain's version in ``domain_version``.
        olds: the resource's outputs.
        news: its new inputs.
    """
    others = (*provider.replace_keys, *SESSION_KEYS, "adopt_existing")
    return olds.get("domain_version") != V2 and not provider.changed(olds, news, others)


def is_decided(
    provider: DataZoneProvider, result: DiffResult, olds: Mapping[str, Any], news: Mapping[str, Any]
) -> bool:
    """Whether a diff stays what it is whatever DataZone says now: something changes anyway, or nothing can be asked.

    Args:
        provider: of a resource that notes its domain's version in ``domain_version``.
        result: the diff of the inputs.
        olds: the resource's outputs.
        news: its new inputs.
    """
    changes = result.changes and not is_idle(provider, olds, news)
    is_known = olds.get("domain_version") is not None and not contains_unknown(news.get("domain_id"))
    return bool(changes) or not provider.configured or not is_known
