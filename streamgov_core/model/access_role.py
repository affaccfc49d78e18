"""Access by an access role: one role for each consumer project and owner account, in the owner's account.

Where the consumer's own role cannot be given access (AWS's boundary of SageMaker Unified Studio's roles denies every
stream, or the configuration does not let us write on it), it assumes a role that holds what a consumer's role is given
otherwise. Everything is within the owner's account there: no resource policy names a role of another account.
"""

from __future__ import annotations

from dataclasses import replace

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn

DIRECT, ACCESS_ROLE, AUTO = "direct", "accessRole", "auto"
DELIVERIES = (AUTO, DIRECT, ACCESS_ROLE)
"""How a grant reaches a role: by policies on it, by a role that it assumes, or by whichever of the two works."""
ACCESS = "access"
"""Kind of an access role's document."""
SESSION_SECONDS = 3600
"""The longest session of a role that another role assumes (IAM user guide, "Role chaining")."""


def access_role_of(names: Names, command: GrantCommand) -> RoleArn:
    """The access role of the consumer's project in the owner's account."""
    consumer = command.consumer
    return RoleArn.parse(names.access_role_arn(command.producer.account, consumer.account, consumer.project_id))


def as_access_role(names: Names, command: GrantCommand) -> GrantCommand:
    """The same command with the access role as the only principal, in the owner's account."""
    consumer = replace(command.consumer, principals=(access_role_of(names, command),))
    return replace(command, consumer=consumer, account=command.producer.account)


def access_contribution(names: Names, command: GrantCommand, permissions: tuple[Permission, ...]) -> PolicyContribution:
    """What a grant adds to its access role: permissions, and the roles that may assume it.

    Args:
        names: of the deployment.
        command: with the roles that assume the access role.
        permissions: what a role of the owner's account needs.
    """
    document_id = f"{ACCESS}#{access_role_of(names, command)}"
    return PolicyContribution(document_id, permissions, assuming=tuple(sorted(command.consumer.assuming or ())))


def without_own_role(
    names: Names, command: GrantCommand, contributions: tuple[PolicyContribution, ...]
) -> tuple[PolicyContribution, ...]:
    """Contributions less those that would name the access role in a document of its own account.

    Within one account the role's own policy is the access; a KMS key's policy must leave decisions to IAM policies of
    its account, as the default key policy does.
    """
    own = access_role_of(names, command)
    return tuple(item for item in contributions if all(one.principal != own for one in item.permissions))
