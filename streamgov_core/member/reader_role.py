"""The policy document of a reader role: roles of one consumer project assume it to read schemas of one registry.

A Glue registry has no resource policy, so consumers in other accounts assume a role in the registry's account. Its
trust policy names accounts, with a condition on the roles' ARNs: IAM does not validate those, so a role that does not
exist yet does no harm, and one that was deleted and made again is trusted as before (only its own policies are lost).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from streamgov_core.documents.comparison import Comparison
from streamgov_core.documents.compiler import (
    INLINE_LIMIT,
    TRUST_LIMIT,
    identity_statements,
    minified,
    same_statements,
    size,
)
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.member.role_gateway import ReaderRoleGateway, RoleInfo
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn

POLICY_NAME = "schemas"


class ReaderRoleDocument:
    """Makes one reader role say what the ledger says: it exists exactly while a grant needs it.

    Args:
        gateway: IAM.
        names: of the deployment.
        arn: the reader role.
        boundary: permissions boundary of the role; empty for none.
    """

    read_before_lease = True

    def __init__(self, gateway: ReaderRoleGateway, names: Names, arn: str, boundary: str = "") -> None:
        self._gateway = gateway
        self._role = RoleArn.parse(arn)
        self._names = names
        self._boundary = boundary
        self._info: RoleInfo | None = None
        self._known = False

    def reads(self) -> Sequence[Callable[[], None]]:
        """The role."""
        return (self._read,)

    def forget(self) -> None:
        """See PolicyDocument.forget."""
        self._info, self._known = None, False

    def _read(self) -> None:
        self._info = self._gateway.role(self._role.name)
        self._known = True

    def apply(self, desired: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """See PolicyDocument.apply. Permissions come before trust; to remove, the other way round."""
        if not self._known:
            self._read()
        self._known = False
        if not desired.active:
            return WriteResult({}, {}, self._remove(desired, check_lease))
        chosen, rejected = self._admit(desired)
        slots = {key: Slot(0, record.generation) for key, record in chosen.items()}
        return WriteResult(slots, rejected, self._write(list(chosen.values()), desired, check_lease))

    def compare(self, desired: DesiredState) -> list[Comparison]:
        """See Comparable.compare."""
        info = self._gateway.role(self._role.name)
        policy = self._gateway.inline(self._role.name, POLICY_NAME) if info is not None else None
        records = list(desired.active.values())
        wanted = self._policy(records)["Statement"] if records else []
        trust = self._trust(records)["Statement"] if records else []
        return [
            Comparison("permissions", policy, wanted, True),
            Comparison("trust policy", None if info is None else info.trust, trust, True),
        ]

    def _admit(self, desired: DesiredState) -> tuple[dict[str, ContributionRecord], dict[str, Rejection]]:
        chosen = desired.written
        rejected: dict[str, Rejection] = {}
        for record in desired.fresh:
            candidate = {**chosen, record.key: record}
            members = candidate.values()
            if size(self._policy(members)) > INLINE_LIMIT or size(self._trust(members)) > TRUST_LIMIT:
                rejected[record.key] = Rejection(
                    f"the reader role {self._role.arn} has no room for another schema or role"
                )
            else:
                chosen = candidate
        return chosen, rejected

    def _write(
        self, members: Sequence[ContributionRecord], desired: DesiredState, check_lease: Callable[[], None]
    ) -> int:
        if not members:
            return self._remove(desired, check_lease)
        confirmed = desired.confirms(members)
        name, trust, policy = self._role.name, self._trust(members), self._policy(members)
        writes = 0
        if self._info is not None and self._boundary not in ("", self._info.boundary):
            # Made by an earlier release under a wider ceiling, or by hand: nothing is written on it.
            writes += self._remove(desired, check_lease)
            self._info = None
        if self._info is None or not desired.slots:
            # A role that is seen although the ledger knows of none may have been deleted a moment ago.
            check_lease()
            description = f"Reads schemas for the consumers of one project ({self._names.namespace})"
            self._gateway.create_role(name, self._role.path, minified(trust), self._boundary, description)
            writes += 1
        live = self._gateway.inline(name, POLICY_NAME) if self._info is not None else None
        if not confirmed or not same_statements(live, policy["Statement"], self._names.sid_prefix):
            check_lease()
            self._gateway.put_inline(name, POLICY_NAME, minified(policy))
            writes += 1
        outdated = self._info is not None and (
            not confirmed or not same_statements(self._info.trust, trust["Statement"], self._names.sid_prefix)
        )
        if outdated:
            check_lease()
            self._gateway.put_trust(name, minified(trust))
            writes += 1
        return writes

    def _remove(self, desired: DesiredState, check_lease: Callable[[], None]) -> int:
        if self._info is None and desired.confirms(()):
            return 0
        check_lease()
        self._gateway.delete_inline(self._role.name, POLICY_NAME)
        self._gateway.delete_role(self._role.name)
        return 1

    def _policy(self, records: Iterable[ContributionRecord]) -> dict[str, Any]:
        permissions = [permission for record in records for permission in record.permissions]
        return {"Version": "2012-10-17", "Statement": identity_statements(self._names.sid_prefix, permissions)}

    def _trust(self, records: Iterable[ContributionRecord]) -> dict[str, Any]:
        roles = sorted({role for record in records for role in record.trust})
        accounts = sorted({role.account for role in roles})
        statement = {
            "Sid": f"{self._names.sid_prefix}Readers",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:{self._names.partition}:iam::{account}:root" for account in accounts]},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": [role.arn for role in roles]}},
        }
        return {"Version": "2012-10-17", "Statement": [statement]}
