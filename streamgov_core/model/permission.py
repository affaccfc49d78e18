"""One permission: actions on a resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, order=True)
class Permission:
    """One permission: these actions on this resource, optionally for one principal and under a condition.

    Args:
        actions: sorted action names. Permissions with different ``kind`` must not share an action.
        resource: an ARN, or an ARN pattern.
        kind: the type of resource that all ``actions`` apply to (``cluster``, ``topic`` …). A statement may join
            permissions of several kinds, since an action has no meaning on a resource of another kind.
        principal: role ARN in a resource policy; empty in an identity policy, where the role is implied.
        shared: every grant of the principal brings this same permission (Connect, consumer groups).
        condition: JSON text of the statement's Condition, empty for none.
    """

    kind: str
    actions: tuple[str, ...]
    resource: str
    principal: str = ""
    shared: bool = False
    condition: str = ""
