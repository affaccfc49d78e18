"""The deploying role: the least that it needs, and whether a role has it (``streamgov deployer``)."""

from streamgov_ops.deployer.policy import (
    POLICY_LIMIT,
    Statement,
    own_statement,
    policies,
    statements,
    users_of,
)
from streamgov_ops.deployer.resources import SIDES

__all__ = [
    "POLICY_LIMIT",
    "SIDES",
    "Statement",
    "own_statement",
    "policies",
    "statements",
    "users_of",
]
