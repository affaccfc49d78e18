"""One permission: actions on a resource."""

from __future__ import annotations

from dataclasses import dataclass

from streamgov_core.model.principal import RoleArn


@dataclass(frozen=True, order=True)
class Permission:
    """One permission: these actions on this resource, optionally for one principal and under a condition.

    Args:
        kind: the type of resource that all ``actions`` apply to (``cluster``, ``topic`` …). A statement may join
            permissions of several kinds, since an action has no meaning on a resource of another kind.
        actions: sorted action names. Permissions with different ``kind`` must not share an action.
        resource: an ARN, or an ARN pattern.
        principal: the role, in a resource policy; None in an identity policy, where the role is implied.
        shared: whether every grant of the principal contributes this same permission (Connect, consumer groups).
        condition: JSON text of the statement's Condition, empty for none.
    """

    kind: str
    actions: tuple[str, ...]
    resource: str
    principal: RoleArn | None = None
    shared: bool = False
    condition: str = ""

    @property
    def principal_arn(self) -> str:
        """ARN of the principal; empty in an identity policy."""
        return "" if self.principal is None else self.principal.arn
