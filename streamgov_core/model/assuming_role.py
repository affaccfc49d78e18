"""Roles that reach a stream by assuming another one, in the stream's account, which holds the access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.principal import RoleArn

PROJECT_TAG = "AmazonDataZoneProject"
"""The tag with which SageMaker Unified Studio marks a project's role, and by which AWS's own boundaries tell projects
apart (statements AllowAssumeAccessRole and DenyAllNonMatchingProjectTag of
SageMakerStudioProjectUserRolePermissionsBoundary)."""


@dataclass(frozen=True, order=True)
class AssumingRole:
    """A consumer's role that assumes an access role.

    Args:
        role: its ARN.
        role_id: its unique id (``AROA…``): a role that is made again under the same ARN is not trusted.
        project: the consumer's project.
        tagged: whether it carries the project in PROJECT_TAG; the trust then asks for that, too.
    """

    role: RoleArn
    role_id: str
    project: str
    tagged: bool = False

    def to_message(self) -> dict[str, Any]:
        """As in a command, and in the document ledger."""
        return {"role": self.role.arn, "roleId": self.role_id, "project": self.project, "tagged": self.tagged}

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> AssumingRole:
        """Read what ``to_message`` wrote.

        Raises:
            KeyError: a member is missing.
            PrincipalRefusedError: the role is none.
        """
        return cls(RoleArn.parse(str(raw["role"])), str(raw["roleId"]), str(raw["project"]), bool(raw["tagged"]))

    @classmethod
    def parse_all(cls, raw: Iterable[Mapping[str, Any]]) -> tuple[AssumingRole, ...]:
        """Read several, in their order."""
        return tuple(cls.parse(item) for item in raw)
