"""How access is to reach the roles that a member account's targets name."""

from collections.abc import Mapping, Sequence
from typing import Any

from streamgov_core.model.access_role import AUTO
from streamgov_pulumi.components._settings import lifted
from streamgov_pulumi.components.governance_args import MemberArgs


def deliveries(member: MemberArgs, partition: str) -> Any:
    """Role or pattern to how access reaches it, where a target says so; an Output if a role or project is one."""
    targets = [
        {key: target[key] for key in ("delivery", "principals", "project_id") if key in target}
        for target in member.get("targets", {}).values()
        if target.get("delivery", AUTO) != AUTO
    ]
    account = member["access"]["account"]
    return lifted(lambda found: _ways(found, f"arn:{partition}:iam::{account}:role"), targets)


def _ways(targets: Sequence[Mapping[str, Any]], roles: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for target in targets:
        way = str(target["delivery"])
        found.update({role: way for role in target.get("principals", [])})
        if "project_id" in target and "principals" not in target:
            # The name that SageMaker Unified Studio gives a project's role.
            found[f"{roles}/datazone_usr_role_{target['project_id']}_*"] = way
    return found
