"""Service control policies: what an account's principals may do at most, if the account is in an organization."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from iam_evaluation import PolicySyntaxError, Source, parse
from streamgov_core.model.errors import RemoteError, StreamgovError
from streamgov_ops.session import reporting

NO_ORGANIZATION = "AWSOrganizationsNotInUseException"
SCP = "SERVICE_CONTROL_POLICY"


@dataclass(frozen=True)
class ServiceControl:
    """The service control policies above an account.

    Attributes:
        organization: id of the organization; '' without one.
        levels: for the root, each organizational unit on the way and the account itself, the policies there; every
            level must allow a request.
        unread: why they could not be read, or ''.
    """

    organization: str = ""
    levels: tuple[tuple[Source, ...], ...] = ()
    unread: str = ""


def read_service_control(member: Any, caller: Any, account: str) -> ServiceControl:
    """Read the policies above an account.

    Args:
        member: an ``organizations`` client of the account itself, which may see its organization only.
        caller: one that may see more, perhaps of a delegated administrator.
        account: the account.
    """
    try:
        with reporting("organizations:DescribeOrganization"):
            organization = member.describe_organization()["Organization"]
    except RemoteError as error:
        if error.code == NO_ORGANIZATION:
            return ServiceControl()
        return ServiceControl(unread=f"whether account {account} is in an organization: {error}")
    except StreamgovError as error:
        return ServiceControl(unread=f"whether account {account} is in an organization: {error}")
    known = str(organization["Id"])
    if organization.get("MasterAccountId") == account:
        return ServiceControl(known)  # They do not limit the management account.
    try:
        return ServiceControl(known, _levels(caller, account))
    except (StreamgovError, PolicySyntaxError) as error:
        return ServiceControl(known, unread=f"service control policies of account {account}: {error}")


def _levels(api: Any, account: str) -> tuple[tuple[Source, ...], ...]:
    levels: list[tuple[Source, ...]] = []
    target = account
    while True:
        levels.append(_attached(api, target))
        with reporting("organizations:ListParents"):
            parents = api.list_parents(ChildId=target)["Parents"]
        target = parents[0]["Id"]
        if parents[0]["Type"] == "ROOT":
            levels.append(_attached(api, target))
            return tuple(levels)


def _attached(api: Any, target: str) -> tuple[Source, ...]:
    with reporting("organizations:ListPoliciesForTarget"):
        pages = api.get_paginator("list_policies_for_target").paginate(TargetId=target, Filter=SCP)
        found = [item for page in pages for item in page["Policies"]]
    return tuple(_policy(api, item, target) for item in found)


def _policy(api: Any, item: Any, target: str) -> Source:
    with reporting("organizations:DescribePolicy"):
        content = api.describe_policy(PolicyId=item["Id"])["Policy"]["Content"]
    return Source("identity", f"service control policy {item['Name']} of {target}",
                  parse(content if isinstance(content, str) else json.dumps(content)))  # fmt: skip
