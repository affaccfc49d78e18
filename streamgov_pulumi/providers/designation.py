"""A designation of a member's own in a V2 domain: it permits the operations that the member calls, and no others.

Rules: CreateDesignation, UpdateDesignation, DeleteDesignation, GetDesignation and ListDesignations of the DataZone API
reference, and "Edit designations" of the SageMaker Unified Studio administrator guide for the form of the policy: one
Cedar ``permit`` whose action clause names operations. V1 domains know the managed designations only.

UNVERIFIED[dz-designation-cedar]: which operations a designation may name. The guide lists those that change something,
and few that read. If the domain refuses the whole list, the designation is made of the operations that change
something; if it refuses that too, or lets the deploying role make none, the member gets the managed designation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from streamgov_core.model.errors import RemoteError, ResourceExistsError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import Checker, tell

CREATED = "USER_CREATED_DESIGNATION"
OPERATION = re.compile(r"[A-Z][A-Za-z]{1,63}", re.ASCII)
NAME = re.compile(r"[\w -]{1,64}", re.ASCII)
"""API shape DesignationName."""
_OURS = "Made by streamgov: what the role of one of its functions calls, and nothing else"
_READING = ("Get", "List", "Search")
_ACTION = re.compile(r'Action::"(\w+)"')
_HELD = ("ConflictException", "ValidationException")
_LOOKED_AT: dict[tuple[int, str, str], str | None] = {}


def check_operations(checker: Checker) -> None:
    """Operations, where there are any, are a list of names of API operations."""
    operations = checker.value("operations")
    if operations is not None and not (
        isinstance(operations, list)
        and operations
        and all(isinstance(one, str) and OPERATION.fullmatch(one) for one in operations)
    ):
        checker.fail("operations", "must list operations of DataZone's API, such as 'CreateAsset'")


def policy_of(operations: Sequence[str]) -> str:
    """The Cedar policy that permits these operations.

    Args:
        operations: API operations, such as ``CreateAsset``.
    """
    named = ", ".join(f'DataZone::Action::"{operation}"' for operation in sorted({*operations}))
    return f"permit(principal, action in [{named}], resource);"


def ensure(api: Any, domain_id: str, name: str, operations: Sequence[str]) -> str | None:
    """The id of the designation of a name, made or changed so that it permits the operations; None if that cannot be.

    Args:
        api: DataZone's client.
        domain_id: a V2 domain.
        name: the designation's name.
        operations: what it permits.

    Raises:
        ResourceExistsError: somebody else made a designation of that name.
        RemoteError: DataZone does not answer.
    """
    _LOOKED_AT.clear()
    for policy in _policies(operations):
        try:
            return _written(api, domain_id, name, policy)
        except RemoteError as error:
            if error.code == "AccessDeniedException":
                tell(
                    f"the deploying role may not make the designation {name!r} in domain {domain_id}: the member "
                    "gets a managed designation, which permits more than it needs. Let the role call "
                    "CreateDesignation and UpdateDesignation (an owner of the domain may)"
                )
                return None
            if error.code != "ValidationException":
                raise
            refused = str(error)
    tell(
        f"domain {domain_id} takes no designation of the operations that the member calls ({refused}): it gets a "
        "managed designation, which permits more than it needs"
    )
    return None


def release(api: Any, domain_id: str, name: str) -> bool:
    """Delete a designation of ours that nobody holds any more; one that others hold stays.

    Returns:
        Whether it is gone.

    Raises:
        RemoteError: DataZone does not answer.
    """
    _LOOKED_AT.clear()
    try:
        found = _found(api, domain_id, name)
        if found is not None:
            aws.find(api, "delete_designation", domainIdentifier=domain_id, identifier=found["id"])
    except ResourceExistsError:
        return False
    except RemoteError as error:
        if error.code == "AccessDeniedException":
            tell(f"the designation {name!r} stays in domain {domain_id}: {error}")
        elif error.code not in _HELD:
            raise
        return False
    return True


def find(api: Any, domain_id: str, name: str) -> str | None:
    """The id of a designation of ours by its name; None if there is none.

    Raises:
        RemoteError: designations cannot be listed.
    """
    try:
        found = _found(api, domain_id, name)
    except ResourceExistsError:
        return None
    return None if found is None else str(found["id"])


def missing(api: Any, domain_id: str, identifier: str, operations: Sequence[str]) -> list[str]:
    """The operations that a designation does not permit any more; each designation is asked for once in a process.

    Args:
        api: DataZone's client.
        domain_id: its domain.
        identifier: its id.
        operations: what it should permit.

    Raises:
        RemoteError: it cannot be read.
    """
    key = (id(api), domain_id, identifier)
    if key not in _LOOKED_AT:
        found = aws.find(api, "get_designation", domainIdentifier=domain_id, identifier=identifier)
        _LOOKED_AT[key] = None if found is None else str(found["policy"])
    policy = _LOOKED_AT[key]
    if policy is None:
        return sorted(operations)
    if policy in _policies(operations) or re.sub(r"\s", "", policy) == "permit(principal,action,resource);":
        return []
    return sorted({*operations} - {*_ACTION.findall(policy)})


def _policies(operations: Sequence[str]) -> list[str]:
    """What is tried, the best first."""
    changing = [one for one in operations if not one.startswith(_READING)]
    return list(dict.fromkeys(policy_of(one) for one in (operations, changing) if one))


def _written(api: Any, domain_id: str, name: str, policy: str) -> str:
    found = _found(api, domain_id, name)
    if found is None:
        try:
            made = aws.call(
                api,
                "create_designation",
                domainIdentifier=domain_id,
                name=name,
                description=_OURS,
                policy=policy,
                deletionProtection=False,
            )
            return str(made["id"])
        except RemoteError as error:
            if error.code != "ConflictException":
                raise
            found = _found(api, domain_id, name)  # Another membership of the same role was quicker.
            if found is None:
                raise
    identifier = str(found["id"])
    live = aws.call(api, "get_designation", domainIdentifier=domain_id, identifier=identifier)
    if live["policy"] != policy:
        aws.call(api, "update_designation", domainIdentifier=domain_id, identifier=identifier, policy=policy)
    return identifier


def _found(api: Any, domain_id: str, name: str) -> dict[str, Any] | None:
    """The designation of a name that is ours; None if there is none of that name."""
    for item in aws.pages(api, "list_designations", "items", domainIdentifier=domain_id):
        if item["name"] != name:
            continue
        if item.get("description") != _OURS:
            raise ResourceExistsError(
                f"domain {domain_id} has a designation {name!r} ({item['id']}) that this deployment did not make: "
                "rename it, or set ownDesignations to false"
            )
        return item
    return None
