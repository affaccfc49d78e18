"""An IAM role with its inline policy."""

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import INLINE_POLICY, RoleSpec
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import Settings, child


def role_with_policy(
    parent: pulumi.Resource, logical_name: str, policy_name: str, settings: Settings, role: Description[RoleSpec]
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role, and what must exist before its permissions can be used.

    Args:
        parent: the component that owns it.
        logical_name: the role's name in the stack.
        policy_name: the policy's name in the stack.
        settings: the deployment.
        role: its description.
    """
    made = aws.iam.Role(
        logical_name,
        name=role.known(lambda spec: spec.name),
        path=role.known(lambda spec: spec.path),
        description=role.value(lambda spec: spec.description),
        assume_role_policy=role.value(lambda spec: to_json(spec.trust)),
        permissions_boundary=role.value(lambda spec: spec.boundary_arn),
        tags=settings.tags,
        opts=child(parent),
    )
    if role.known(lambda spec: spec.policy is None):
        return made, []
    policy = aws.iam.RolePolicy(
        policy_name,
        name=INLINE_POLICY,
        role=made.name,
        policy=role.value(lambda spec: to_json(spec.policy)),
        opts=child(parent),
    )
    return made, [policy]
