"""The deploying role: the least that it needs, and whether a role has it. ``python -m streamgov_ops.deployer``."""

from streamgov_ops.deployer.policy import (
    POLICY_LIMIT,
    SIDES,
    Statement,
    own_statement,
    policies,
    statements,
    types_by_account,
    users_of,
)

__all__ = [
    "POLICY_LIMIT",
    "SIDES",
    "Statement",
    "own_statement",
    "policies",
    "statements",
    "types_by_account",
    "users_of",
]
