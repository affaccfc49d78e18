"""Objects of DataZone that a resource names by id: looked for when it is checked, before anything is made or deleted.

Rules: GetProject, GetEnvironment and GetDomainUnit of the DataZone API reference. An account that a domain is not
associated with is answered as if nothing were there, so only a domain that is seen proves that something in it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import session as aws

ENDING = ("DELETING", "DELETED", "DELETE_FAILED")
UNUSABLE = ("CREATE_FAILED", "VALIDATION_FAILED", "SUSPENDED", "DISABLED", "EXPIRED", "INACCESSIBLE", *ENDING)
"""States in which an environment receives no access (API shape EnvironmentStatus)."""


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    Args:
        what: its name in sentences.
        operation: the call that answers one by ``identifier``.
        command: how a person lists them; ``{domain}`` stands for the domain's id.
        judge: what is wrong with one that is there, as the rest of a sentence; empty if nothing is.
    """

    what: str
    operation: str
    command: str
    judge: Callable[[Mapping[str, Any]], str]


def _project(found: Mapping[str, Any]) -> str:
    status = str(found.get("projectStatus") or "ACTIVE")
    return f"is {status}" if status in ENDING else ""


def _environment(found: Mapping[str, Any]) -> str:
    status = str(found.get("status") or "ACTIVE")
    return f"is {status}: no access can be given there" if status in UNUSABLE else ""


PROJECT = Kind("project", "get_project", "aws datazone list-projects --domain-identifier {domain}", _project)
ENVIRONMENT = Kind(
    "environment",
    "get_environment",
    "aws datazone list-environments --domain-identifier {domain} --project-identifier <project>",
    _environment,
)
DOMAIN_UNIT = Kind(
    "domain unit",
    "get_domain_unit",
    "aws datazone get-domain --identifier {domain} --query rootDomainUnitId, and list-domain-units-for-parent",
    lambda found: "",
)


@dataclass(frozen=True)
class Looked:
    """What a look brought.

    Args:
        problem: what is wrong, as the rest of a sentence that begins with the setting's name; empty if nothing is
            known to be.
        found: the API's answer; None if the object is not there, or may not be seen.
        error: why it could not be looked for, if the call failed.
    """

    problem: str = ""
    found: Mapping[str, Any] | None = None
    error: RemoteError | None = None


def unseen_domain(api: Any, domain: str) -> str:
    """Why an object cannot move to a domain, as the rest of a sentence; empty if the domain is seen.

    A move may delete the old object first, so what is not seen refuses here: an account without association, too.

    Args:
        api: a client of DataZone.
        domain: the domain's id.
    """
    try:
        if aws.find(api, "get_domain", identifier=domain) is not None:
            return ""
        why = "there is none of that id"
    except RemoteError as error:
        why = error.code
    return (
        f"is {domain!r}, and DataZone shows no such domain to this account in this region ({why}; aws datazone "
        "list-domains): what is deployed stays as it is. If the account is to be associated first, accept the domain's "
        "resource share before this change"
    )


def look(api: Any, kind: Kind, domain: str, identifier: str) -> Looked:
    """Look for an object of a domain.

    Args:
        api: a client of DataZone.
        kind: what it should be.
        domain: the domain's id.
        identifier: the object's id.
    """
    try:
        found = aws.find(api, kind.operation, domainIdentifier=domain, identifier=identifier)
        if found is None and aws.find(api, "get_domain", identifier=domain) is None:
            return Looked()  # the domain itself is not seen from here
    except RemoteError as error:
        return Looked(error=error)
    if found is None:
        listed = kind.command.format(domain=domain)
        return Looked(f"is {identifier!r}, and domain {domain} has no {kind.what} of that id ({listed})")
    wrong = kind.judge(found)
    return Looked(f"is {identifier!r}, and this {kind.what} {wrong}" if wrong else "", found)
