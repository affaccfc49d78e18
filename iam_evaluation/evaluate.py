"""AWS's policy evaluation logic, pure: a request and its policies in, a decision out.

Source of the rules: IAM User Guide, "Policy evaluation logic", "Evaluating identity-based policies with resource-based
policies" (the principal type decides what limits a grant), "Cross-account policy evaluation logic", "Permissions
boundaries", "Session policies"; KMS Developer Guide, "Determining access to AWS KMS keys".

Organizations' service and resource control policies are not modelled.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from iam_evaluation.conditions import Context
from iam_evaluation.document import Document, Principals, Statement
from iam_evaluation.wildcard import has_variable, match_action, match_resource, substitute


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes:
        arn: what ``sts:GetCallerIdentity`` answers; for a service its name.
        account: the principal's account; None for a service.
        role_arn: the role's ARN with its path.
        unique_id: of the role (``AROA…``) or user (``AIDA…``); it differs after deletion and re-creation.
        service: ``lambda.amazonaws.com`` for a service.
    """

    arn: str
    account: str | None = None
    role_arn: str | None = None
    unique_id: str | None = None
    service: str | None = None


class Match(enum.IntEnum):
    """How a ``Principal`` element names the caller, in rising directness."""

    NONE = 0
    ACCOUNT = 1
    """The account: its administrators may delegate; the caller needs an identity-based permission too."""
    ROLE = 2
    """The role's ARN: direct, but limited by boundary and session policy."""
    DIRECT = 3
    """The session's ARN, a user, a service, or everybody: direct and not limited by them."""


@dataclass(frozen=True)
class Request:
    """What is asked."""

    action: str
    resource: str
    principal: Principal
    context: Context


@dataclass(frozen=True)
class Source:
    """One policy that applies.

    Attributes:
        kind: ``identity``, ``boundary``, ``session``, ``resource`` or ``grant``.
        name: for people, for example ``inline policy x of role y``.
        document: the parsed policy.
    """

    kind: str
    name: str
    document: Document


@dataclass(frozen=True)
class PolicySet:
    """All policies of one request.

    Attributes:
        identity: the principal's identity-based policies.
        boundary: its permissions boundary (a tuple of none or one).
        session: its session policies.
        resource: resource-based policies, KMS grants (kind ``grant``) and RAM permissions on the resource.
        resource_account: the account that owns the resource; None when the action has no resource.
        resource_must_allow: identity policies alone are never enough (KMS keys, role trust policies).
    """

    identity: tuple[Source, ...] = ()
    boundary: tuple[Source, ...] = ()
    session: tuple[Source, ...] = ()
    resource: tuple[Source, ...] = ()
    resource_account: str | None = None
    resource_must_allow: bool = False


@dataclass(frozen=True)
class Decision:
    """The answer.

    Attributes:
        allowed: whether the request may go on.
        reason: one sentence for people.
        clause: how AWS's own error message ends (``because no identity-based policy allows the x:Y action``).
        statements: the statements that allowed or denied, as ``kind name/Sid``.
        explicit: it is refused by a Deny statement, not for want of an Allow.
    """

    allowed: bool
    reason: str
    clause: str = ""
    statements: tuple[str, ...] = field(default=())
    explicit: bool = False


_KIND_NAMES = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "resource": "resource-based policy",
    "grant": "grant",
}


def _names_account(entry: str, account: str) -> bool:
    if entry == account:
        return True
    parts = entry.split(":", 5)
    return len(parts) == 6 and parts[2] == "iam" and parts[4] == account and parts[5] == "root"


def match_principal(element: Principals, principal: Principal) -> Match:
    """Say how a ``Principal`` element names the caller."""
    if principal.service is not None:
        return Match.DIRECT if element.anyone or principal.service in element.services else Match.NONE
    if element.anyone or principal.arn in element.aws:
        return Match.DIRECT
    if principal.role_arn in element.aws or (principal.unique_id is not None and principal.unique_id in element.aws):
        return Match.ROLE if principal.role_arn is not None else Match.DIRECT
    if principal.account and any(_names_account(entry, principal.account) for entry in element.aws):
        return Match.ACCOUNT
    return Match.NONE


def _excepted(element: Principals, principal: Principal) -> bool:
    """Say whether a ``NotPrincipal`` with Deny spares the caller: account, role and session must all be listed."""
    if principal.service is not None or element.anyone:
        return element.anyone or principal.service in element.services
    if principal.account and not any(_names_account(entry, principal.account) for entry in element.aws):
        return False
    if principal.role_arn is not None:
        role = principal.role_arn in element.aws or (principal.unique_id or "") in element.aws
        return role and principal.arn in element.aws
    return principal.arn in element.aws or (principal.unique_id or "") in element.aws


def _principal_of(statement: Statement, principal: Principal) -> Match:
    if statement.principals is not None:
        return match_principal(statement.principals, principal)
    if statement.not_principals is None:
        return Match.NONE
    if statement.allow:
        listed = match_principal(statement.not_principals, principal)
        return Match.DIRECT if listed is Match.NONE else Match.NONE
    return Match.NONE if _excepted(statement.not_principals, principal) else Match.DIRECT


def _any_resource(patterns: tuple[str, ...], request: Request, variables: bool) -> bool:
    for pattern in patterns:
        resolved: str | None = pattern
        if variables and has_variable(pattern):
            resolved = substitute(pattern, request.context.single)
        if resolved is not None and match_resource(resolved, request.resource):
            return True
    return False


def applies(statement: Statement, request: Request, *, resource_optional: bool = False) -> bool:
    """Say whether action, resource and conditions of a statement fit the request (principals are not looked at).

    Args:
        statement: the statement.
        request: the request.
        resource_optional: a trust policy's statements have no ``Resource``: they speak of the role itself.
    """
    if statement.actions is not None:
        if not any(match_action(pattern, request.action) for pattern in statement.actions):
            return False
    elif any(match_action(pattern, request.action) for pattern in statement.not_actions or ()):
        return False
    if statement.resources is not None:
        if not _any_resource(statement.resources, request, statement.variables):
            return False
    elif statement.not_resources is not None:
        if _any_resource(statement.not_resources, request, statement.variables):
            return False
    elif not resource_optional:
        return False
    return all(condition.holds(request.context, statement.variables) for condition in statement.conditions)


def _label(source: Source, statement: Statement) -> str:
    return f"{source.name}/{statement.label}"


def matching(sources: tuple[Source, ...], request: Request, allow: bool) -> Iterator[tuple[Source, Statement, Match]]:
    """The statements of one effect that fit a request, with how each names the caller."""
    for source in sources:
        on_resource = source.kind in ("resource", "grant")
        for statement in source.document.statements:
            if statement.allow is not allow:
                continue
            match = _principal_of(statement, request.principal) if on_resource else Match.DIRECT
            if match is not Match.NONE and applies(statement, request, resource_optional=on_resource):
                yield source, statement, match


def _denied(request: Request, policies: PolicySet) -> Decision | None:
    everything = policies.identity + policies.boundary + policies.session + policies.resource
    for source, statement, _ in matching(everything, request, allow=False):
        kind = _KIND_NAMES[source.kind]
        article = "an" if kind[0] in "aeiou" else "a"
        return Decision(
            False,
            f"{request.principal.arn} is explicitly denied {request.action} on {request.resource} "
            f"by {_label(source, statement)}",
            f"with an explicit deny in {article} {kind}",
            (_label(source, statement),),
            explicit=True,
        )
    return None


@dataclass(frozen=True)
class _Side:
    """What one kind of policy says: statements that allow, and whether it limits at all."""

    present: bool
    labels: tuple[str, ...]

    @property
    def open(self) -> bool:
        return not self.present or bool(self.labels)


def _side(sources: tuple[Source, ...], request: Request) -> _Side:
    labels = tuple(_label(source, statement) for source, statement, _ in matching(sources, request, allow=True))
    return _Side(bool(sources), labels)


def _refused(request: Request, why: str, kind: str) -> Decision:
    return Decision(
        False,
        f"{request.principal.arn} may not {request.action} on {request.resource}: {why}",
        f"because no {_KIND_NAMES[kind]} allows the {request.action} action",
    )


def _limits(request: Request, boundary: _Side, session: _Side) -> Decision | None:
    if not boundary.open:
        return _refused(request, "the role's permissions boundary does not allow it", "boundary")
    if not session.open:
        return _refused(request, "the session policy does not allow it", "session")
    return None


def _granted(request: Request, how: str, labels: tuple[str, ...]) -> Decision:
    return Decision(True, f"{request.principal.arn} may {request.action} on {request.resource}: {how}", "", labels)


def decide(request: Request, policies: PolicySet) -> Decision:
    """Decide one request.

    Args:
        request: action, resource, principal and condition keys.
        policies: every policy that applies to it.
    """
    denied = _denied(request, policies)
    if denied is not None:
        return denied
    by_resource = list(matching(policies.resource, request, allow=True))
    directness = max((match for _, _, match in by_resource), default=Match.NONE)
    resource_labels = tuple(_label(source, statement) for source, statement, _ in by_resource)
    if request.principal.service is not None:
        if resource_labels:
            return _granted(request, "the resource-based policy names the service", resource_labels)
        return _refused(request, "no resource-based policy of the resource allows the service", "resource")

    identity = _side(policies.identity, request)
    boundary = _side(policies.boundary, request)
    session = _side(policies.session, request)
    same_account = policies.resource_account in (None, request.principal.account)

    if not same_account:
        return _across(request, policies, identity, boundary, session, resource_labels)
    if directness is Match.DIRECT:
        return _granted(request, "the resource-based policy names the caller", resource_labels)
    if directness is Match.ROLE:
        return _limits(request, boundary, session) or _granted(
            request, "the resource-based policy names the role", resource_labels
        )
    if policies.resource_must_allow and directness is Match.NONE:
        why = "the resource's own policy names neither the role nor its account, and identity policies do not suffice"
        return _refused(request, why, "resource")
    if not identity.labels:
        return _refused(request, "none of the role's identity-based policies allows it", "identity")
    return _limits(request, boundary, session) or _granted(
        request, "identity-based policies allow it", identity.labels + resource_labels
    )


def _across(
    request: Request,
    policies: PolicySet,
    identity: _Side,
    boundary: _Side,
    session: _Side,
    resource_labels: tuple[str, ...],
) -> Decision:
    owner = policies.resource_account
    if not resource_labels:
        missing = "has no resource-based policy" if not policies.resource else "does not allow it in its own policy"
        side = "" if identity.labels else ", and the role's identity-based policies do not allow it either"
        return _refused(request, f"the resource is account {owner}'s and {missing}{side}", "resource")
    if not identity.labels:
        own = request.principal.account
        why = f"account {owner} allows it, but the role's own identity-based policies in account {own} do not"
        return _refused(request, why, "identity")
    return _limits(request, boundary, session) or _granted(
        request, "both accounts allow it", identity.labels + resource_labels
    )
