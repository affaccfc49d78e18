"""Rules on what roles may do and who may become them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import wildcards
from .values import conditions, many, statements, text

Props = Mapping[str, Any]
Config = Mapping[str, Any]

# Where each type keeps its documents: what a principal may do, and who may use the resource.
IDENTITY: Mapping[str, str] = {"aws:iam/rolePolicy:RolePolicy": "policy", "aws:iam/policy:Policy": "policy"}
RESOURCE: Mapping[str, str] = {
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:msk/clusterPolicy:ClusterPolicy": "policy",
    "aws:kinesis/resourcePolicy:ResourcePolicy": "policy",
}
# Both let a document reach further than a reader sees.
_WRITES = (
    "iam:attachrolepolicy",
    "iam:createrole",
    "iam:putrolepermissionsboundary",
    "iam:putrolepolicy",
)
_POLICY_CHANGES = ("iam:attachrolepolicy", "iam:deleterolepolicy", "iam:detachrolepolicy", "iam:putrolepolicy")
_TAKE_AWAY = frozenset({"iam:deleterolepolicy", "iam:detachrolepolicy"})
_ROLES = re.compile(r"arn:[^:]*:iam::(?P<account>[^:]*):(role)?[*?/]*\*[*?/]*")
_SAY_SO = "list the account in `accounts` of this policy's configuration (the stack's allowAnyRole does not)"
CONSUMER_ROLES = "STREAMGOV_CONSUMER_ROLES"
"""The setting of the function that writes policies, in its layer. The pack runs without our distribution: a test
compares it with that function's settings."""
_TAKES_BOUNDARY_AWAY = "iam:deleterolepermissionsboundary"
_ROOT = re.compile(r"arn:aws[\w-]*:iam::\d{12}:root|\d{12}")


def document(type_: str, props: Props) -> list[dict[str, Any]]:
    """Every statement that the resource carries."""
    key = IDENTITY.get(type_) or RESOURCE.get(type_)
    found = statements(props.get(key)) if key else []
    if type_ == "aws:iam/role:Role":
        for inline in props.get("inlinePolicies") or []:
            found += statements(inline.get("policy")) if isinstance(inline, dict) else []
    return found


def _named(statement: Mapping[str, Any]) -> str:
    return f"statement {statement['Sid']}" if statement.get("Sid") else "a statement"


_BOUNDARIES = ("-access-boundary", "-consumer-boundary", "-reader-boundary")
"""Ends of the names of permissions boundaries."""


def is_boundary(type_: str, props: Props) -> bool:
    """A permissions boundary is a ceiling and grants nothing; its name says that it is one."""
    return type_ == "aws:iam/policy:Policy" and text(props, "name").endswith(_BOUNDARIES)


def wildcard_principals(type_: str, props: Props, config: Config) -> Iterator[str]:
    """Nobody is trusted because he is anybody: ``*`` only with the organisation's id as condition."""
    if type_ not in RESOURCE:
        return
    for statement in document(type_, props):
        if statement.get("Effect") != "Allow":
            continue
        if "NotPrincipal" in statement:
            yield f"{_named(statement)} allows everybody but some (NotPrincipal): name who is meant"
        principal = statement.get("Principal")
        names = many(principal) if not isinstance(principal, dict) else [n for v in principal.values() for n in many(v)]
        if "*" not in names:
            continue
        tests = {key for operator, key, values in conditions(statement) if _binds(operator, values)}
        if "aws:principalorgid" not in tests:
            yield (
                f"{_named(statement)} allows any principal: name accounts or roles, or demand your organisation with "
                'the condition {"StringEquals": {"aws:PrincipalOrgID": …}}'
            )


def _binds(operator: str, values: list[str]) -> bool:
    return operator in ("StringEquals", "ArnEquals") and all("*" not in value for value in values)


def wildcard_actions(type_: str, props: Props, config: Config) -> Iterator[str]:
    """No ``*``, no whole service: what a role may do is written down."""
    for statement in document(type_, props):
        if statement.get("Effect") != "Allow":
            continue
        if "NotAction" in statement:
            yield f"{_named(statement)} allows everything but some actions (NotAction): name what is meant"
        for action in many(statement.get("Action")):
            if action in ("*", "*:*"):
                yield f"{_named(statement)} allows every action there is ({action}): name what is meant"
            elif action.endswith(":*") and not is_boundary(type_, props) and not _key_account(type_, statement):
                yield f"{_named(statement)} allows a whole service ({action}): name what is meant"


def _key_account(type_: str, statement: Mapping[str, Any]) -> bool:
    """A key's own account must be able to administer it (KMS developer guide, "Default key policy")."""
    principal = statement.get("Principal")
    names = many(principal.get("AWS")) if isinstance(principal, dict) and set(principal) == {"AWS"} else []
    return type_ == "aws:kms/key:Key" and len(names) == 1 and bool(_ROOT.fullmatch(names[0]))


def wildcard_resources(type_: str, props: Props, config: Config) -> Iterator[str]:
    """Each action on a bare ``*`` is in the allow list, with its reason."""
    if type_ not in (*IDENTITY, "aws:iam/role:Role") or is_boundary(type_, props):
        return
    for statement in document(type_, props):
        if statement.get("Effect") != "Allow" or "Principal" in statement:
            continue
        bare = "*" in many(statement.get("Resource")) or "NotResource" in statement
        missing = wildcards.unexplained(many(statement.get("Action")), config.get("reasons") or {}) if bare else []
        if missing:
            yield (
                f"{_named(statement)} allows {', '.join(missing)} on every resource: name the resources, or give a "
                "reason in the configuration of this policy (`reasons`)"
            )


def bounded_writes(type_: str, props: Props, config: Config) -> Iterator[str]:
    """Who may write policies on roles owns the account, unless those roles carry a boundary that he cannot remove."""
    found = document(type_, props) if type_ in (*IDENTITY, "aws:iam/role:Role") else []
    allowed = [item for item in found if item.get("Effect") == "Allow" and "Principal" not in item]
    for statement in allowed:
        actions = [action.lower() for action in many(statement.get("Action"))]
        if _TAKES_BOUNDARY_AWAY in actions:
            yield f"{_named(statement)} allows taking permissions boundaries away (iam:DeleteRolePermissionsBoundary)"
        writes = [action for action in actions if action in _WRITES]
        if writes and not _bounded(statement) and not _born_bounded(statement, allowed):
            yield (
                f"{_named(statement)} allows {', '.join(writes)} on roles without a boundary: demand one with the "
                "condition iam:PermissionsBoundary"
            )


def _bounded(statement: Mapping[str, Any]) -> bool:
    return any(
        key == "iam:permissionsboundary" and operator in ("StringEquals", "ArnEquals", "ArnLike", "StringLike")
        for operator, key, _ in conditions(statement)
    )


def _born_bounded(statement: Mapping[str, Any], allowed: list[dict[str, Any]]) -> bool:
    """Roles on a path below which this very document creates them, and only with a boundary."""
    makers = [
        set(many(other.get("Resource")))
        for other in allowed
        if "iam:createrole" in {action.lower() for action in many(other.get("Action"))} and _bounded(other)
    ]
    resources = set(many(statement.get("Resource")))
    return (
        bool(resources) and any(resources <= maker for maker in makers) and all("/streamgov/" in r for r in resources)
    )


def account_wide_roles(type_: str, props: Props, config: Config) -> Iterator[str]:
    """Access is granted to roles of a path, not to every role of an account."""
    allowed = set(many(config.get("accounts")))
    for statement in document(type_, props) if type_ in (*IDENTITY, "aws:iam/role:Role") else []:
        if statement.get("Effect") != "Allow" or "Principal" in statement:
            continue
        writes = [action for action in many(statement.get("Action")) if action.lower() in _POLICY_CHANGES]
        wide = [pattern for pattern in many(statement.get("Resource")) if _every_role(pattern, allowed)]
        # Roles that lost their place in the configuration are taken from by the boundary that marks them.
        takes_only = {action.lower() for action in writes} <= _TAKE_AWAY and _bounded(statement)
        if writes and wide and not takes_only:
            yield (
                f"{_named(statement)} allows {', '.join(writes)} on every role of an account ({', '.join(wide)}): name "
                f"a path such as role/streaming/*, or {_SAY_SO}"
            )
    if type_ == "aws:lambda/layerVersion:LayerVersion":
        for pattern in _consumer_roles(props):
            if _every_role(pattern, allowed):
                yield (
                    f"the function of the layer {text(props, 'layerName')} may grant access to every role of an "
                    f"account ({pattern}): name a path in consumerRoles, such as role/streaming/*, or {_SAY_SO}"
                )


def _consumer_roles(props: Props) -> list[str]:
    """The roles in a layer of settings; none if it is known only during up: the engine asks again then."""
    assets = getattr(props.get("code"), "assets", None) or {}
    found: list[str] = []
    for asset in assets.values():
        try:
            settings = json.loads(getattr(asset, "text", "{}"))
        except ValueError:
            continue  # Somebody else's layer.
        found += many(settings.get(CONSUMER_ROLES)) if isinstance(settings, dict) else []
    return found


def _every_role(pattern: str, allowed: set[str]) -> bool:
    """Whether an ARN pattern matches every IAM role of an account for which nobody has said that this is meant."""
    if pattern == "*":
        return True
    found = _ROLES.fullmatch(pattern)
    return found is not None and found["account"] not in allowed


def own_roles_denied(type_: str, props: Props, config: Config) -> Iterator[str]:
    """A document that may write policies on roles denies it on our own roles: nobody widens himself."""
    if type_ not in IDENTITY:
        return
    found = statements(props.get(IDENTITY[type_]))
    writes = {
        action.lower()
        for statement in found
        if statement.get("Effect") == "Allow"
        for action in many(statement.get("Action"))
        if action.lower() in ("iam:attachrolepolicy", "iam:putrolepolicy", "iam:updateassumerolepolicy")
    }
    refused = {
        action.lower()
        for statement in found
        if statement.get("Effect") == "Deny" and "Condition" not in statement
        for action in many(statement.get("Action"))
        if any(":role/streamgov/" in resource or resource == "*" for resource in many(statement.get("Resource")))
    }
    missing = sorted(writes - refused)
    if missing:
        yield (
            f"the document allows {', '.join(missing)} and does not deny it on our own roles "
            "(arn:aws:iam::<account>:role/streamgov/…)"
        )
