"""Roles that a service makes in an account of its customer (DataZone's tooling)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def make_role(
    account: str, name: str, *, trust: str, policies: Sequence[str], boundary: str, tags: Mapping[str, str]
) -> str:
    """Make a role with managed policies and a permissions boundary; answers its ARN."""
    from moto.iam.models import iam_backends

    backend = iam_backends[account]["aws"]
    role = backend.create_role(
        role_name=name,
        assume_role_policy_document=trust,
        path="/",
        permissions_boundary=boundary,
        description="",
        tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        max_session_duration="43200",
    )
    for arn in policies:
        backend.attach_role_policy(arn, name)
    return str(role.arn)


def remove_role(account: str, name: str) -> None:
    """Remove a role that a service made, if it is still there."""
    from moto.iam.models import iam_backends

    backend = iam_backends[account]["aws"]
    for role in list(backend.roles.values()):
        if role.name == name:
            for arn in list(role.managed_policies):
                backend.detach_role_policy(arn, name)
            for policy in list(role.policies):
                backend.delete_role_policy(name, policy)
            backend.delete_role(name)
