"""What one grant contributes to one policy document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass
from streamgov_core.model.permission import Permission


@dataclass(frozen=True)
class PolicyContribution:
    """What one grant contributes to one policy document.

    Args:
        target: ``<kind>#<arn>``; the kind selects the document store.
        permissions: the permissions.
        trust: principals of the role's trust policy (reader roles only).
        facts: further facts that the document's store needs.
    """

    target: str
    permissions: tuple[Permission, ...]
    trust: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of the target."""
        return self.target.split("#", 1)[0]

    @property
    def arn(self) -> str:
        """The ARN in the target."""
        return self.target.split("#", 1)[1]
