"""What moto's backends hold now: roles and users with their policies.

Everything is read at the moment of the question; only the parsing of texts is cached (`document.parse`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aws_emulator import managed_policies
from aws_emulator.iam.arns import split
from iam_evaluation.document import parse
from iam_evaluation.evaluate import Source

AWS_POLICY_PREFIX = ":iam::aws:policy/"


@dataclass(frozen=True)
class Identity:
    """A role or user as IAM knows it."""

    arn: str
    account: str
    unique_id: str
    name: str
    path: str
    identity: tuple[tuple[str, str], ...]
    """(name for people, policy text) of each identity-based policy."""
    boundary: tuple[tuple[str, str], ...]
    trust: str | None
    tags: dict[str, str] = field(default_factory=dict)


def sources(kind: str, texts: tuple[tuple[str, str], ...]) -> tuple[Source, ...]:
    """Parse named policy texts.

    Raises:
        PolicySyntaxError: a text is no policy.
    """
    return tuple(Source(kind, name, parse(text)) for name, text in texts)


@lru_cache(maxsize=1)
def _aws_managed() -> dict[str, str]:
    """The AWS managed policies that moto's data knows, by name: text of the default version."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, str] = {}
    for name, data in (json.loads(aws_managed_policies_data) | managed_policies.pinned()).items():
        found[name] = json.dumps(data["Document"])
    return found


def managed_policy_text(backend: Any, arn: str) -> str | None:
    """The text of a managed policy's default version; None if it does not exist."""
    policy = backend.managed_policies.get(arn)
    if policy is not None:
        for version in policy.versions:
            if version.version_id == policy.default_version_id:
                return _as_text(version.document)
        return None
    if AWS_POLICY_PREFIX in arn:
        return _aws_managed().get(arn.rsplit("/", 1)[1])
    return None


def _as_text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _boundary(backend: Any, holder: Any, label: str) -> tuple[tuple[str, str], ...]:
    arn = getattr(holder, "permissions_boundary_arn", None)
    if not arn:
        return ()
    text = managed_policy_text(backend, arn)
    # A boundary whose policy is gone allows nothing (UNVERIFIED[iam-boundary-deleted]: IAM refuses to delete a policy
    # used as boundary).
    return ((f"permissions boundary {arn} of {label}", text or '{"Version":"2012-10-17","Statement":[]}'),)


def _attached(backend: Any, holder: Any, label: str) -> list[tuple[str, str]]:
    texts = [(f"inline policy {name} of {label}", _as_text(text)) for name, text in list(holder.policies.items())]
    for arn in list(holder.managed_policies):
        text = managed_policy_text(backend, arn)
        if text is not None:
            texts.append((f"managed policy {arn} of {label}", text))
    return texts


def _tags(holder: Any) -> dict[str, str]:
    tags = getattr(holder, "tags", None) or []
    return {tag["Key"]: tag["Value"] for tag in tags}


def _role(backend: Any, role: Any) -> Identity:
    label = f"role {role.name}"
    trust = role.assume_role_policy_document
    return Identity(
        arn=role.arn,
        account=role.account_id,
        unique_id=role.id,
        name=role.name,
        path=role.path,
        identity=tuple(_attached(backend, role, label)),
        boundary=_boundary(backend, role, label),
        trust=_as_text(trust) if trust else None,
        tags=_tags(role),
    )


def _backend(account: str, partition: str) -> Any:
    from moto.iam.models import iam_backends

    # Asking a backend for an account creates that account, so only accounts that are there are looked at.
    return iam_backends[account][partition] if account in iam_backends else None


def find_role(arn: str) -> Identity | None:
    """The role with this ARN, path included."""
    parsed = split(arn)
    if parsed is None or parsed.service != "iam" or not parsed.resource.startswith("role/"):
        return None
    backend = _backend(parsed.account, parsed.partition)
    name = parsed.resource.rsplit("/", 1)[1]
    for role in list(backend.roles.values()) if backend else []:
        if role.name == name and role.arn == arn:
            return _role(backend, role)
    return None


def find_role_by_name(account: str, name: str, partition: str = "aws") -> Identity | None:
    """The role of an account by its name, which is unique in the account whatever its path."""
    backend = _backend(account, partition)
    for role in list(backend.roles.values()) if backend else []:
        if role.name == name:
            return _role(backend, role)
    return None


def find_user(arn: str) -> Identity | None:
    """The user with this ARN, with the policies of its groups."""
    parsed = split(arn)
    if parsed is None or parsed.service != "iam" or not parsed.resource.startswith("user/"):
        return None
    backend = _backend(parsed.account, parsed.partition)
    for user in list(backend.users.values()) if backend else []:
        if user.arn != arn:
            continue
        texts = _attached(backend, user, f"user {user.name}")
        for group in list(backend.groups.values()):
            if user in group.users:
                texts += _attached(backend, group, f"group {group.name}")
        return Identity(
            arn=user.arn,
            account=parsed.account,
            unique_id=user.id,
            name=user.name,
            path=user.path,
            identity=tuple(texts),
            boundary=_boundary(backend, user, f"user {user.name}"),
            trust=None,
            tags=_tags(user),
        )
    return None


def find_group(arn: str) -> Identity | None:
    """The group with this ARN; groups have policies and are no principals."""
    parsed = split(arn)
    if parsed is None or parsed.service != "iam" or not parsed.resource.startswith("group/"):
        return None
    backend = _backend(parsed.account, parsed.partition)
    for group in list(backend.groups.values()) if backend else []:
        if group.arn == arn:
            texts = tuple(_attached(backend, group, f"group {group.name}"))
            return Identity(arn, parsed.account, group.id, group.name, group.path, texts, (), None)
    return None


def find_user_by_name(account: str, name: str) -> Identity | None:
    """The user of an account by its name."""
    backend = _backend(account, "aws")
    for user in list(backend.users.values()) if backend else []:
        if user.name == name:
            return find_user(str(user.arn))
    return None


def all_roles() -> list[str]:
    """The ARNs of all roles of all accounts."""
    from moto.iam.models import iam_backends

    return [
        str(role.arn)
        for regional in list(iam_backends.values())
        for backend in list(regional.values())
        for role in list(backend.roles.values())
    ]


def organization_of(account: str) -> str | None:
    """The id of the organisation that an account belongs to, if moto has one."""
    from moto.organizations.models import organizations_backends

    for regional in list(organizations_backends.values()):
        for backend in list(regional.values()):
            if backend.org is None:
                continue
            if account == backend.account_id or any(member.id == account for member in backend.accounts):
                return str(backend.org.id)
    return None


def boundary_of_role(account: str, name: str) -> str | None:
    """The ARN of the permissions boundary that a role has now."""
    backend = _backend(account, "aws")
    for role in list(backend.roles.values()) if backend else []:
        if role.name == name:
            return getattr(role, "permissions_boundary_arn", None)
    return None
