"""Which roles of a member account its targets name, and how access is to reach them."""

from __future__ import annotations

from streamgov_core.model.access_role import AUTO
from streamgov_pulumi.components.governance_args import MemberArgs


def plain_principals(member: MemberArgs) -> list[str]:
    """The principals of the account's targets: without further word, they may be given access and nobody else."""
    principals = {role for target in member.get("targets", {}).values() for role in target.get("principals", [])}
    return sorted(role for role in principals if isinstance(role, str))


def deliveries(member: MemberArgs, partition: str) -> dict[str, str]:
    """Role or pattern to how access reaches it, where a target says so.

    What is known only while the stack is deployed has no entry: there ``auto`` looks at the role.
    """
    found: dict[str, str] = {}
    account = member["access"]["account"]
    for target in member.get("targets", {}).values():
        way, project = target.get("delivery", AUTO), target.get("project_id")
        if way == AUTO:
            continue
        found.update({role: way for role in target.get("principals", []) if isinstance(role, str)})
        if isinstance(project, str) and "principals" not in target:
            # The name that SageMaker Unified Studio gives a project's role.
            found[f"arn:{partition}:iam::{account}:role/datazone_usr_role_{project}_*"] = way
    return found
