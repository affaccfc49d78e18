"""What the policy documents of roles ask of IAM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from streamgov_core.model.errors import StreamgovError


class QuotaError(StreamgovError):
    """IAM refuses a policy because a quota of the role is used up."""


@dataclass(frozen=True)
class RoleInfo:
    """What IAM says about a role.

    Args:
        arn: with its path.
        boundary: ARN of its permissions boundary, or empty.
        trust: its trust policy.
        role_id: its unique id (``AROA…``), which a role that is made again under its name does not share.
        tags: of the role.
        longest_session: seconds that a session of it may last (``MaxSessionDuration``).
    """

    arn: str
    boundary: str = ""
    trust: Mapping[str, Any] = field(default_factory=dict)
    role_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    longest_session: int = 3600


class RolePolicyGateway(Protocol):
    """Policies of consumer roles. A name that does not exist reads as None and is deleted without an error."""

    def role(self, name: str) -> RoleInfo | None:
        """The role."""

    def inline(self, name: str, policy: str) -> dict[str, Any] | None:
        """An inline policy."""

    def other_inline_size(self, name: str, policy: str) -> int:
        """Characters of all the role's inline policies but this one."""

    def put_inline(self, name: str, policy: str, text: str) -> None:
        """Write an inline policy; QuotaError beyond the role's limit."""

    def delete_inline(self, name: str, policy: str) -> None:
        """Delete an inline policy."""

    def attached(self, name: str) -> set[str]:
        """ARNs of the attached managed policies."""

    def managed(self, arn: str) -> dict[str, Any] | None:
        """The default version of a managed policy."""

    def put_managed(self, arn: str, text: str) -> None:
        """Create a managed policy, or make its next default version."""

    def delete_managed(self, arn: str) -> None:
        """Delete a managed policy with its versions."""

    def attach(self, name: str, arn: str) -> None:
        """Attach a policy to the role; QuotaError beyond the role's limit."""

    def detach(self, name: str, arn: str) -> None:
        """Detach a policy from the role."""


class AccessRoleGateway(RolePolicyGateway, Protocol):
    """Access roles, which are ours: their trust, and their policies as those of consumer roles."""

    def create_role(
        self, name: str, path: str, trust: str, boundary: str, description: str, tags: Mapping[str, str] = ...
    ) -> None:
        """Create the role; if it is there already, write its trust."""

    def put_trust(self, name: str, trust: str) -> None:
        """Write the trust policy."""

    def delete_role(self, name: str) -> None:
        """Delete the role; nothing happens if there is none."""


class ReaderRoleGateway(Protocol):
    """Reader roles, which are ours: their trust, and their one inline policy."""

    def role(self, name: str) -> RoleInfo | None:
        """The role."""

    def create_role(self, name: str, path: str, trust: str, boundary: str, description: str) -> None:
        """Create the role; if it is there already, write its trust."""

    def put_trust(self, name: str, trust: str) -> None:
        """Write the trust policy."""

    def delete_role(self, name: str) -> None:
        """Delete the role; nothing happens if there is none."""

    def inline(self, name: str, policy: str) -> dict[str, Any] | None:
        """An inline policy."""

    def put_inline(self, name: str, policy: str, text: str) -> None:
        """Write an inline policy."""

    def delete_inline(self, name: str, policy: str) -> None:
        """Delete an inline policy."""
