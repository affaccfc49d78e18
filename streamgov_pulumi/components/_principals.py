"""How access is to reach the roles that a member account's targets name."""

from collections.abc import Sequence
from typing import Any

from streamgov_core.model.access_role import AUTO
from streamgov_pulumi.components._settings import lifted
from streamgov_pulumi.components.governance_args import MemberArgs


def deliveries(member: MemberArgs, partition: str) -> Any:
    """Role or pattern to how access reaches it, where a target says so; late where its roles are.

    Args:
        member: the account's arguments.
        partition: the AWS partition.
    """
    account = member["access"]["account"]
    told = [
        (target["delivery"], target.get("project_id"), target.get("principals"))
        for _, target in sorted(member.get("targets", {}).items())
        if target.get("delivery", AUTO) != AUTO
    ]

    def ways(found: Sequence[Sequence[Any]]) -> dict[str, str]:
        made: dict[str, str] = {}
        for way, project, principals in found:
            # The name that SageMaker Unified Studio gives a project's role.
            roles = principals or [f"arn:{partition}:iam::{account}:role/datazone_usr_role_{project}_*"]
            made.update(dict.fromkeys(roles, way))
        return made

    return lifted(ways, [list(item) for item in told])
