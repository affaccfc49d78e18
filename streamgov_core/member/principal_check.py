"""Which roles the configuration of a member account lets receive access."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from streamgov_core.model.errors import PrincipalRefusedError
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn


def check_principal(names: Names, role: RoleArn, allowed: Iterable[str], protected: Iterable[str] = ()) -> None:
    """Whether the configuration lets a role receive access.

    Args:
        names: of the deployment.
        role: the principal.
        allowed: role ARNs, or patterns with ``*``, that the configuration names.
        protected: ARNs of roles that never receive anything.

    Raises:
        PrincipalRefusedError: it is a role of the deployment itself, or not named.
    """
    ours = role.path.startswith(names.common_iam_path) or role.name.startswith(names.iam_name("target-"))
    if ours or role.arn in set(protected):
        raise PrincipalRefusedError(f"{role.arn} is a role of the deployment itself and never receives access")
    if not any(fnmatchcase(role.arn, pattern) for pattern in allowed):
        raise PrincipalRefusedError(
            f"{role.arn} is not among the consumer roles that the stack of account {role.account} names; add it there"
        )
