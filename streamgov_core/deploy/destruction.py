"""What a destroy of a deployment meets: what may be protected, and the deletions that it takes.

One example of each kind stands for all: what a role may delete depends on the prefix that our names share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamgov_core.deploy.schema_trail import schema_trail
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names

DOMAIN, MEMBER = "domain", "member"
SIDES = (DOMAIN, MEMBER)
"""What an account may be in a deployment; one account may be both."""


@dataclass(frozen=True)
class Destruction:
    """What is destroyed of one side in one account.

    Args:
        tables: all of its tables, which may be protected from deletion.
        bucket: where a trail of ours would keep its logs; one that holds objects is not deleted.
        deletions: actions by the ARN on which they are needed, whatever else is configured.
    """

    tables: tuple[str, ...]
    bucket: str
    deletions: Mapping[str, tuple[str, ...]]


def destruction(names: Names, account: str, side: str) -> Destruction:
    """What a destroy meets in an account.

    Args:
        names: of the deployment.
        account: the account.
        side: one of SIDES.

    Raises:
        ConfigError: there is no such side.
    """
    if side not in SIDES:
        raise ConfigError(f"side must be one of {', '.join(SIDES)}, got {side!r}")
    central = side == DOMAIN
    tables = names.domain_tables if central else names.member_tables
    function = "collect" if central else "apply"
    machine = names.central_machine_arn(account) if central else names.member_machine_arn(account)
    alarm = names.regional(f"{function}-errors", 255)
    made = {
        **{names.arn("dynamodb", account, f"table/{table}"): ("dynamodb:DeleteTable",) for table in tables},
        names.function_arn(account, function): ("lambda:DeleteFunction",),
        machine: ("states:DeleteStateMachine",),
        names.role_arn(account, function): ("iam:DeleteRole", "iam:DeleteRolePolicy"),
        names.arn("cloudwatch", account, f"alarm:{alarm}"): ("cloudwatch:DeleteAlarms",),
        names.arn("logs", account, f"log-group:{names.log_group(function)}"): ("logs:DeleteLogGroup",),
    }
    return Destruction(tables, schema_trail(AccountScope(names, account)).bucket, made)
