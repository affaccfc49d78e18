"""Principals that may receive access: IAM roles."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamgov_core.model.errors import PrincipalRefusedError
from streamgov_core.model.naming import PARTITION_PATTERN

_ROLE_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION_PATTERN}):iam::(?P<account>\d{{12}}):role(?P<path>/|/[!-~]+/)"
    r"(?P<name>[\w+=,.@-]{1,64})",
    re.ASCII,
)


@dataclass(frozen=True)
class RoleArn:
    """An IAM role's ARN taken apart. ``path`` begins and ends with a slash."""

    arn: str
    partition: str
    account: str
    path: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> RoleArn:
        """Read a role ARN, path included.

        Raises:
            PrincipalRefusedError: it names a user, an account root, a session or anything else.
        """
        match = _ROLE_ARN.fullmatch(arn)
        if match is None or any(sign in arn for sign in "*?$"):
            raise PrincipalRefusedError(
                f"the subscription target's principal {arn!r} is not the ARN of an IAM role: "
                "users, account roots, sessions and patterns get no access"
            )
        return cls(arn, match["partition"], match["account"], match["path"], match["name"])
