"""Every role and user of an account with the policies that bear on it (API GetAccountAuthorizationDetails)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from iam_evaluation import Document, PolicySyntaxError, Source, parse_mapping
from streamgov_core.model.errors import StreamgovError
from streamgov_ops.session import reporting

NOTHING = parse_mapping({"Version": "2012-10-17", "Statement": []})
EVERYTHING = parse_mapping(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@dataclass(frozen=True)
class LivePrincipal:
    """A role or user.

    Attributes:
        arn: its ARN.
        account: its account.
        name: its name.
        unique_id: ``AROA…`` or ``AIDA…``.
        is_role: a role rather than a user.
        identity: identity-based policies, those of a user's groups included.
        boundary: the permissions boundary (none or one).
        trust: a role's trust policy; None for a user.
        tags: its tags.
        unread: policies that apply to it and could not be read.
    """

    arn: str
    account: str
    name: str
    unique_id: str
    is_role: bool
    identity: tuple[Source, ...] = ()
    boundary: tuple[Source, ...] = ()
    trust: Source | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccountInventory:
    """The principals of one account.

    Attributes:
        account: the account.
        principals: its roles and users, by ARN.
        unread: why they could not be read, or ''.
    """

    account: str
    principals: Mapping[str, LivePrincipal] = field(default_factory=dict)
    unread: str = ""


def read_inventory(iam: Any, account: str) -> AccountInventory:
    """Read an account; one that may not be read has no principals and says why."""
    try:
        with reporting("iam:GetAccountAuthorizationDetails"):
            pages = list(iam.get_paginator("get_account_authorization_details").paginate())
    except StreamgovError as error:
        return AccountInventory(account, unread=str(error))
    policies = {item["Arn"]: item for page in pages for item in page.get("Policies", ())}
    groups = {item["GroupName"]: item for page in pages for item in page.get("GroupDetailList", ())}
    found: dict[str, LivePrincipal] = {}
    for page in pages:
        for role in page.get("RoleDetailList", ()):
            found[role["Arn"]] = _Reader(policies).role(role, account)
        for user in page.get("UserDetailList", ()):
            found[user["Arn"]] = _Reader(policies).user(user, account, groups)
    return AccountInventory(account, found)


class _Reader:
    """Builds one principal; notes what is missing."""

    def __init__(self, policies: Mapping[str, Any]) -> None:
        self._policies = policies
        self._unread: list[str] = []

    def role(self, details: Mapping[str, Any], account: str) -> LivePrincipal:
        label = f"role {details['RoleName']}"
        trust = self._source("resource", f"trust policy of {label}", details.get("AssumeRolePolicyDocument"))
        return LivePrincipal(
            arn=details["Arn"],
            account=account,
            name=details["RoleName"],
            unique_id=details["RoleId"],
            is_role=True,
            identity=tuple(self._identity(label, details, "RolePolicyList")),
            boundary=tuple(self._boundary(label, details)),
            trust=trust,
            tags=_tags(details),
            unread=tuple(self._unread),
        )

    def user(self, details: Mapping[str, Any], account: str, groups: Mapping[str, Mapping[str, Any]]) -> LivePrincipal:
        label = f"user {details['UserName']}"
        identity = [*self._identity(label, details, "UserPolicyList")]
        for name in details.get("GroupList", ()):
            identity += self._identity(f"group {name}", groups.get(name, {}), "GroupPolicyList")
        return LivePrincipal(
            arn=details["Arn"],
            account=account,
            name=details["UserName"],
            unique_id=details["UserId"],
            is_role=False,
            identity=tuple(identity),
            boundary=tuple(self._boundary(label, details)),
            tags=_tags(details),
            unread=tuple(self._unread),
        )

    def _identity(self, label: str, details: Mapping[str, Any], inline: str) -> Iterator[Source]:
        for policy in details.get(inline, ()):
            source = self._source(
                "identity", f"inline policy {policy['PolicyName']} of {label}", policy["PolicyDocument"]
            )
            if source is not None:
                yield source
        for attached in details.get("AttachedManagedPolicies", ()):
            name = f"managed policy {attached['PolicyArn']} of {label}"
            source = self._source("identity", name, self._text(attached["PolicyArn"]))
            if source is not None:
                yield source

    def _boundary(self, label: str, details: Mapping[str, Any]) -> Iterator[Source]:
        arn = (details.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        if arn:
            name = f"permissions boundary {arn} of {label}"
            # One that cannot be read lets nothing through here; `unread` keeps that from being the last word.
            yield self._source("boundary", name, self._text(arn)) or Source("boundary", name, NOTHING)

    def _text(self, arn: str) -> Any:
        policy = self._policies.get(arn) or {}
        for version in policy.get("PolicyVersionList", ()):
            if version.get("IsDefaultVersion"):
                return version["Document"]
        return None

    def _source(self, kind: str, name: str, document: Any) -> Source | None:
        parsed = _parsed(document)
        if parsed is None:
            self._unread.append(name)
            return None
        return Source(kind, name, parsed)


def _parsed(document: Any) -> Document | None:
    try:
        return parse_mapping(document)
    except PolicySyntaxError:
        return None


def _tags(details: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in details.get("Tags", ())}
