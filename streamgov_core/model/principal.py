"""Principals that may receive access: IAM roles. Their ARNs are parsed where they enter and typed from then on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from streamgov_core.model.errors import PrincipalRefusedError
from streamgov_core.model.naming import PARTITION_PATTERN

_ROLE_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION_PATTERN}):iam::(?P<account>\d{{12}}):role(?P<path>/|/[!-~]+/)"
    r"(?P<name>[\w+=,.@-]{1,64})",
    re.ASCII,
)

_ROOT_ARN = re.compile(rf"arn:(?P<partition>{PARTITION_PATTERN}):iam::(?P<account>\d{{12}}):root", re.ASCII)


@dataclass(frozen=True, order=True)
class RoleArn:
    """An IAM role's ARN and its parts. Sorts by ARN; ``str()`` gives the ARN.

    Args:
        arn: the whole ARN.
        path: begins and ends with a slash.
        name: without the path.
    """

    arn: str
    partition: str
    account: str
    path: str
    name: str

    def __str__(self) -> str:
        return self.arn

    @classmethod
    def parse(cls, arn: str) -> RoleArn:
        """Read a role ARN, path included.

        Raises:
            PrincipalRefusedError: it names a user, an account root, a session or anything else.
        """
        return _parse(arn)

    @classmethod
    def parse_all(cls, arns: Iterable[str]) -> tuple[RoleArn, ...]:
        """Read several role ARNs, in their order.

        Raises:
            PrincipalRefusedError: one of them is not the ARN of a role.
        """
        return tuple(_parse(arn) for arn in arns)


def account_root(partition: str, account: str) -> RoleArn:
    """An account as a principal of a resource policy: the account decides which of its roles may."""
    return RoleArn(f"arn:{partition}:iam::{account}:root", partition, account, "/", "root")


def parse_recorded(arn: str) -> RoleArn:
    """A principal as the document ledger holds it: a role, or an account.

    Raises:
        PrincipalRefusedError: it is neither.
    """
    match = _ROOT_ARN.fullmatch(arn)
    return _parse(arn) if match is None else account_root(match["partition"], match["account"])


@lru_cache(maxsize=4096)
def _parse(arn: str) -> RoleArn:
    """A document's ledger names the same few roles in every one of its records, hence the cache."""
    match = _ROLE_ARN.fullmatch(arn)
    if match is None or any(sign in arn for sign in "*?$"):
        raise PrincipalRefusedError(
            f"the subscription target's principal {arn!r} is not the ARN of an IAM role: "
            "users, account roots, sessions and patterns get no access"
        )
    return RoleArn(arn, match["partition"], match["account"], match["path"], match["name"])
