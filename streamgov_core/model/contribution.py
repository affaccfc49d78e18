"""What one grant contributes to one policy document."""

from __future__ import annotations

from dataclasses import dataclass

from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn


@dataclass(frozen=True)
class PolicyContribution:
    """What one grant contributes to one policy document.

    Args:
        target: ``<kind>#<arn>``; the kind selects the document store.
        permissions: the permissions.
        trust: principals of the role's trust policy (reader roles only).
    """

    target: str
    permissions: tuple[Permission, ...]
    trust: tuple[RoleArn, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of the target."""
        return self.target.split("#", 1)[0]

    @property
    def arn(self) -> str:
        """The ARN in the target."""
        return self.target.split("#", 1)[1]
