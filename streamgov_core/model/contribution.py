"""What one grant contributes to one policy document."""

from __future__ import annotations

from dataclasses import dataclass

from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn


def document_arn(document_id: str) -> str:
    """The ARN in a document id."""
    return document_id.split("#", 1)[1]


@dataclass(frozen=True)
class PolicyContribution:
    """What one grant contributes to one policy document.

    Args:
        document_id: ``<kind>#<arn>``; the kind says which sort of document it is, the ARN what carries it.
        permissions: the permissions that the document must give for the grant.
        trust: roles that the trust policy of a reader role must name; empty for any other document.
        content: text of a document that is no policy, such as a parameter; empty for any other document.
        assuming: roles that may assume an access role; empty for any other document.
    """

    document_id: str
    permissions: tuple[Permission, ...]
    trust: tuple[RoleArn, ...] = ()
    content: str = ""
    assuming: tuple[AssumingRole, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of document, such as ``cluster``, ``stream`` or ``role``."""
        return self.document_id.split("#", 1)[0]

    @property
    def arn(self) -> str:
        """ARN of the resource or role that carries the document."""
        return document_arn(self.document_id)
