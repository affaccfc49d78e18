"""How a grant reaches a consumer's role: directly, by policies on it, or by an access role that it assumes.

The decision is made in the consumer's account, before anything is written, by AWS's evaluation logic over the role's
own policies, its permissions boundary and the trust that would be compiled. Service and resource control policies of an
organisation are not seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from iam_evaluation import Context, PolicySet, PolicySyntaxError, Principal, Request, Source, decide, parse_mapping
from streamgov_core.documents.access_trust import access_trust
from streamgov_core.documents.compiler import identity_statements
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.member.principal_check import check_principal
from streamgov_core.member.role_gateway import RoleInfo
from streamgov_core.model.access_role import ACCESS_ROLE, DIRECT, SESSION_SECONDS, access_role_of
from streamgov_core.model.assuming_role import PROJECT_TAG, AssumingRole
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.errors import PrincipalRefusedError, RetryableGrantError
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.registry_access import consumer_permissions
from streamgov_core.platforms import PLATFORMS


@dataclass(frozen=True)
class PrincipalPolicies:
    """A role with everything that limits it.

    Args:
        info: the role.
        identity: name and document of each of its own policies.
        boundary: document of its permissions boundary; None if it has none, or if it cannot be read.
    """

    info: RoleInfo
    identity: Sequence[tuple[str, Mapping[str, Any]]] = ()
    boundary: Mapping[str, Any] | None = None


class PrincipalGateway(Protocol):
    """Where a consumer's roles are looked at."""

    def role(self, name: str) -> RoleInfo | None:
        """A role; None if there is none of this name."""

    def principal(self, info: RoleInfo) -> PrincipalPolicies | None:
        """A role with its policies; None if it is gone."""


def assuming_roles(
    settings: ApplySettings, command: GrantCommand, gateway: PrincipalGateway, warnings: list[str] | None = None
) -> tuple[AssumingRole, ...]:
    """Those of the command's principals in this account that must assume an access role; the others are given access.

    Args:
        settings: of this account's function.
        command: that grants.
        gateway: of this account.
        warnings: takes what people should know of a role that must assume another.

    Raises:
        PrincipalRefusedError: a role can get access in neither way; the text says why.
    """
    found = []
    for role in command.consumer.principals:
        if role.account == settings.account:
            decided = _decide(settings, command, role, gateway)
            if decided is not None:
                found.append(decided)
                if warnings is not None:
                    warnings += _shortened(gateway.role(role.name))
    return tuple(found)


def _shortened(info: RoleInfo | None) -> list[str]:
    """What becomes of long sessions: one that another role's session begins ends after an hour, whatever both allow."""
    if info is None or info.longest_session <= SESSION_SECONDS:
        return []
    return [
        f"sessions of {info.arn} may last {info.longest_session} s, but one of the access role that it assumes ends "
        f"after {SESSION_SECONDS} s (STS refuses a longer DurationSeconds): let clients renew it, as AWS's SDKs do"
    ]


def _decide(
    settings: ApplySettings, command: GrantCommand, role: RoleArn, gateway: PrincipalGateway
) -> AssumingRole | None:
    wanted = settings.delivery_of(role.arn)
    not_named = _not_named(settings, role)
    if wanted == DIRECT and not_named:
        raise PrincipalRefusedError(not_named)
    info = gateway.role(role.name)
    if info is None or info.arn != role.arn:
        # Whoever writes the role's policies says so, and whether to try again.
        if wanted == ACCESS_ROLE or not_named:
            raise PrincipalRefusedError(not_named or f"the role {role.arn} does not exist")
        return None
    if wanted != ACCESS_ROLE and not not_named and info.boundary == settings.boundary != "":
        # Under our own boundary what a grant gives counts.
        return None
    policies = gateway.principal(info)
    if policies is None:
        raise RetryableGrantError(f"the role {role.arn} has just been deleted")
    look = _Look(settings, command, role, policies)
    direct = "" if wanted == ACCESS_ROLE else not_named or look.direct_refusal()
    if wanted != ACCESS_ROLE and not direct:
        return None
    through = "" if wanted == DIRECT else look.access_refusal()
    if wanted != DIRECT and not through:
        return look.assuming
    raise PrincipalRefusedError("; and ".join(text for text in (direct, through) if text))


def _not_named(settings: ApplySettings, role: RoleArn) -> str:
    """Why the configuration does not let us write on a role; empty if it does.

    Raises:
        PrincipalRefusedError: it is a role of the deployment itself.
    """
    check_principal(settings.names, role, ("*",), settings.protected_roles)
    try:
        check_principal(settings.names, role, settings.consumer_roles, settings.protected_roles)
    except PrincipalRefusedError as error:
        return str(error)
    return ""


class _Look:
    """Questions about one role."""

    def __init__(
        self, settings: ApplySettings, command: GrantCommand, role: RoleArn, policies: PrincipalPolicies
    ) -> None:
        self._settings, self._command, self._role, self._policies = settings, command, role, policies
        project = command.consumer.project_id
        self.assuming = AssumingRole(role, policies.info.role_id, project, PROJECT_TAG in policies.info.tags)
        self._access = access_role_of(settings.names, command)

    def direct_refusal(self) -> str:
        """Why policies on the role would be forbidden or worth nothing; empty if they would not."""
        info, settings = self._policies.info, self._settings
        if settings.require_boundary and settings.boundary and info.boundary != settings.boundary:
            return (
                f"the role {self._role.arn} must carry the permissions boundary {settings.boundary} to receive access "
                f"(it has {info.boundary or 'none'})"
            )
        if not info.boundary or info.boundary == settings.boundary:
            return ""
        for permission in self._permissions():
            for action in permission.actions:
                refusal = self._bounded(action, permission)
                if refusal:
                    return refusal
        return ""

    def access_refusal(self) -> str:
        """Why the role could not assume its access role; empty if it could."""
        tag = self._policies.info.tags.get(PROJECT_TAG)
        if tag is not None and tag != self._command.consumer.project_id:
            return (
                f"the role {self._role.arn} carries the tag {PROJECT_TAG} of project {tag}; it cannot assume the "
                f"access role of project {self._command.consumer.project_id}"
            )
        trust = access_trust(self._settings.names.partition, self._settings.names.sid_prefix, [self.assuming])
        resource = (Source("resource", f"trust of {self._access.arn}", parse_mapping(trust)),)
        context = {f"aws:ResourceTag/{PROJECT_TAG}": self._command.consumer.project_id}
        reason = self._decision(
            "sts:AssumeRole", self._access.arn, context, self._access.account, resource_side=resource
        )
        if not reason:
            return ""
        return (
            f"{self._role.arn} cannot assume the access role {self._access.arn}: {reason}. Let the role's own policy "
            "and its permissions boundary allow sts:AssumeRole on it"
        )

    def _permissions(self) -> tuple[Permission, ...]:
        names, command = self._settings.names, self._command
        platform = PLATFORMS[command.platform]
        asked = command.for_side("consumer", "GRANT", command.generation, self._role.account).decided(())
        return (*platform.consumer_permissions(names, asked), *consumer_permissions(names, asked, self._role))

    def _bounded(self, action: str, permission: Permission) -> str:
        """Why the boundary, or a Deny of the role's own policies, would forbid what a grant gives."""
        given = {"Version": "2012-10-17", "Statement": identity_statements("Given", [permission])}
        granted = Source("identity", "what the grant gives", parse_mapping(given))
        resource = permission.resource.replace("*", "x") if permission.resource != "*" else "*"
        account = self._command.producer.account
        # The owner's side agrees by a policy of its own; here only the role's is asked.
        reason = self._decision(action, resource, _keys(permission), account, more=(granted,), own=True)
        if not reason:
            return ""
        return f"access on the role {self._role.arn} would be worth nothing: {reason}"

    def _decision(
        self,
        action: str,
        resource: str,
        context: Mapping[str, Any],
        resource_account: str,
        *,
        resource_side: tuple[Source, ...] = (),
        more: tuple[Source, ...] = (),
        own: bool = False,
    ) -> str:
        """Why the role may not do it; empty if it may."""
        info, account = self._policies.info, self._role.account
        principal = Principal(
            f"arn:{self._role.partition}:sts::{account}:assumed-role/{self._role.name}/session",
            account,
            self._role.arn,
            info.role_id,
        )
        try:
            policies = PolicySet(
                identity=(*self._sources(), *more),
                boundary=self._boundary(),
                resource=resource_side,
                resource_account=None if own else resource_account,
                resource_must_allow=bool(resource_side),
            )
        except PolicySyntaxError as error:
            return f"a policy of the role cannot be read ({error})"
        keys = Context({**self._context(resource_account), **context})
        keys.family("aws:PrincipalTag/", self._policies.info.tags.get)
        decision = decide(Request(action, resource, principal, keys), policies)
        return "" if decision.allowed else decision.reason

    def _sources(self) -> tuple[Source, ...]:
        return tuple(
            Source("identity", f"policy {name}", parse_mapping(document)) for name, document in self._policies.identity
        )

    def _boundary(self) -> tuple[Source, ...]:
        info, document = self._policies.info, self._policies.boundary
        if not info.boundary:
            return ()
        name = f"permissions boundary {info.boundary.rsplit('/', 1)[-1]}"
        # A boundary that cannot be read is taken to allow nothing.
        return (Source("boundary", name, parse_mapping(document or {"Version": "2012-10-17", "Statement": []})),)

    def _context(self, resource_account: str) -> dict[str, Any]:
        return {
            "aws:PrincipalArn": self._role.arn,
            "aws:PrincipalAccount": self._role.account,
            "aws:PrincipalType": "AssumedRole",
            "aws:PrincipalIsAWSService": "false",
            "aws:ResourceAccount": resource_account,
            "aws:RequestedRegion": self._settings.names.region,
            "aws:SecureTransport": "true",
            "aws:userid": f"{self._policies.info.role_id}:session",
        }


def _keys(permission: Permission) -> dict[str, Any]:
    """The condition keys with which the permission is used: those that its own condition asks for."""
    condition = json.loads(permission.condition) if permission.condition else {}
    return dict(condition.get("StringEquals", {}))
