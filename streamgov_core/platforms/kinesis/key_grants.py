"""Grants on customer-managed keys: one for each principal and stream, tied to the stream's encryption context.

A key's own policy is never edited. A grant's name makes creating it idempotent, and marks it as ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from streamgov_core.documents.comparison import Comparison
from streamgov_core.documents.compiler import merge
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.documents.resource_policy import RejectedError, ResourceGoneError
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.naming import short_hash
from streamgov_core.model.permission import Permission
from streamgov_core.runtime.calls import calling, error_message

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.literals import GrantOperationType

_CONTEXT_KEY = "kms:EncryptionContext:"


@dataclass(frozen=True)
class KeyGrant:
    """A grant on a key.

    Args:
        name: identifies it among ours.
        principal: role ARN; a deleted role's id, as the service shows it.
        operations: ``Decrypt``, ``GenerateDataKey``; sorted.
        context: the encryption context that a request must contain.
        equals: the encryption context that a request must have and nothing beside it; none of ours has one.
        retiring: who may end it; none of ours names anybody.
    """

    name: str
    principal: str
    operations: tuple[str, ...]
    context: tuple[tuple[str, str], ...]
    equals: tuple[tuple[str, str], ...] = ()
    retiring: str = ""

    def statement(self, key: str) -> dict[str, Any]:
        """The grant written as a policy statement, to compare and to show it."""
        contexts = {"EncryptionContextSubset": self.context, "EncryptionContextEquals": self.equals}
        return {
            "Sid": self.name,
            "Effect": "Allow",
            "Principal": {"AWS": self.principal},
            "Action": [f"kms:{operation}" for operation in self.operations],
            "Resource": key,
            "Condition": {operator: dict(pairs) for operator, pairs in contexts.items() if pairs},
            **({"RetiringPrincipal": self.retiring} if self.retiring else {}),
        }


class KeyGrantGateway(Protocol):
    """Grants of keys."""

    def list(self, key: str, prefix: str) -> Sequence[tuple[str, KeyGrant]]:
        """Grant ids and grants under our names, however they came to be. ResourceGoneError without the key."""

    def create(self, key: str, grant: KeyGrant) -> str:
        """Create a grant, or find the one that is there: its id. RejectedError if the principal is not accepted."""

    def revoke(self, key: str, grant_id: str) -> None:
        """Revoke a grant; nothing happens if there is none."""


class KeyGrants:
    """KeyGrantGateway over boto3.

    Args:
        client: returns the ``kms`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], KMSClient]) -> None:
        self._client = client

    def list(self, key: str, prefix: str) -> Sequence[tuple[str, KeyGrant]]:
        """API ListGrants, all pages."""
        client = self._client()
        found: list[tuple[str, KeyGrant]] = []
        with calling("kms:ListGrants", key):
            try:
                for page in client.get_paginator("list_grants").paginate(KeyId=key):
                    found += [
                        (grant["GrantId"], _grant(grant))
                        for grant in page["Grants"]
                        if grant.get("Name", "").startswith(prefix)
                    ]
            except client.exceptions.NotFoundException as error:
                raise ResourceGoneError(f"{key} does not exist") from error
        return found

    def create(self, key: str, grant: KeyGrant) -> str:
        """API CreateGrant; with the same name and parameters it answers the existing grant."""
        client = self._client()
        with calling("kms:CreateGrant", f"{key} for {grant.principal}"):
            try:
                answer = client.create_grant(
                    KeyId=key,
                    Name=grant.name,
                    GranteePrincipal=grant.principal,
                    Operations=cast("list[GrantOperationType]", list(grant.operations)),
                    Constraints={"EncryptionContextSubset": dict(grant.context)},
                )
            except client.exceptions.InvalidArnException as error:
                raise RejectedError(error_message(error)) from error
        return str(answer["GrantId"])

    def revoke(self, key: str, grant_id: str) -> None:
        """API RevokeGrant."""
        client = self._client()
        with calling("kms:RevokeGrant", f"{key} {grant_id}"):
            try:
                client.revoke_grant(KeyId=key, GrantId=grant_id)
            except client.exceptions.NotFoundException:
                return


class KeyGrantDocument:
    """Brings our grants on one key in line with the ledger.

    Args:
        gateway: KMS.
        key: the key's ARN.
        prefix: begins the names of our grants.
    """

    read_before_lease = False

    def __init__(self, gateway: KeyGrantGateway, key: str, prefix: str) -> None:
        self._gateway = gateway
        self._key = key
        self._prefix = f"{prefix}-"
        self._live: Sequence[tuple[str, KeyGrant]] | None = None

    def reads(self) -> Sequence[Callable[[], None]]:
        """Our grants."""
        return (self._remember,)

    def forget(self) -> None:
        self._live = None

    def _remember(self) -> None:
        self._live = self._list()

    def apply(self, desired: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """New grants before revocations.

        ListGrants may not show a grant for minutes ("Grants for AWS KMS", eventual consistency). So the ledger keeps
        the ids that CreateGrant answered: what it holds and nobody needs any more is revoked by its id.
        """
        live = self._live if self._live is not None else self._list()
        self._live = None
        wanted = self._wanted(desired.active.values())
        ids, rejected, created = self._create_missing(wanted, live, desired, check_lease)
        slots = {}
        for key, record in desired.active.items():
            if key not in rejected:
                # A grant may serve several records: it has the operations that all of them need.
                concerned = {(grant.principal, grant.context) for grant in self._wanted([record])}
                own = {ids[grant] for grant in ids if (grant.principal, grant.context) in concerned}
                slots[key] = Slot(0, record.generation, handles=",".join(sorted(own)))
        ended = {handle for at in desired.slots.values() for handle in at.handles.split(",") if handle}
        ended |= {grant_id for grant_id, _ in live}
        ended -= set(ids.values())
        for grant_id in sorted(ended):
            check_lease()
            self._gateway.revoke(self._key, grant_id)
        return WriteResult(slots, rejected, created + len(ended))

    def _create_missing(
        self,
        wanted: Sequence[KeyGrant],
        live: Sequence[tuple[str, KeyGrant]],
        desired: DesiredState,
        check_lease: Callable[[], None],
    ) -> tuple[dict[KeyGrant, str], dict[str, Rejection], int]:
        """The id of each wanted grant, created unless list and ledger agree on it; who got none; how many are new."""
        present: dict[KeyGrant, str] = {}
        for grant_id, grant in live:
            present.setdefault(grant, grant_id)  # The first of several is kept.
        # Creating is idempotent by name: what the ledger does not confirm is created, whatever the list shows.
        confirmed = set(self._wanted(desired.written.values()))
        ids: dict[KeyGrant, str] = {}
        rejected: dict[str, Rejection] = {}
        created = 0
        for grant in wanted:
            if grant in present and grant in confirmed:
                ids[grant] = present[grant]
                continue
            check_lease()
            try:
                ids[grant] = self._gateway.create(self._key, grant)
                created += 1
            except RejectedError as error:
                if grant in present:
                    ids[grant] = present[grant]
                cause = Rejection(
                    f"{self._key} cannot be granted to {grant.principal} (does the role exist?): {error}", True
                )
                rejected |= {
                    record.key: cause
                    for record in desired.fresh
                    if any(permission.principal_arn == grant.principal for permission in record.permissions)
                }
        return ids, rejected, created

    def compare(self, desired: DesiredState) -> list[Comparison]:
        """Grants cannot be altered, but made anew by hand under a name of ours."""
        live = [grant.statement(self._key) for _, grant in self._list()]
        wanted = [grant.statement(self._key) for grant in self._wanted(desired.active.values())]
        return [Comparison("list of grants", {"Statement": live}, wanted, entry="grant")]

    def _list(self) -> Sequence[tuple[str, KeyGrant]]:
        try:
            return self._gateway.list(self._key, self._prefix)
        except ResourceGoneError:
            return []  # Creating says so as well; a revoke has nothing to do.

    def _wanted(self, records: Iterable[ContributionRecord]) -> list[KeyGrant]:
        permissions = merge(permission for record in records for permission in record.permissions)
        return sorted((self._grant(permission) for permission in permissions), key=lambda grant: grant.name)

    def _grant(self, permission: Permission) -> KeyGrant:
        keys: Mapping[str, str] = json.loads(permission.condition)["StringEquals"]
        context = tuple(sorted((key.removeprefix(_CONTEXT_KEY), value) for key, value in keys.items()))
        operations = tuple(action.removeprefix("kms:") for action in permission.actions)
        name = self._prefix + short_hash(
            permission.principal_arn, *operations, *(text for pair in context for text in pair), length=24
        )
        return KeyGrant(name, permission.principal_arn, operations, context)


def _grant(raw: Mapping[str, Any]) -> KeyGrant:
    """A grant as ListGrants shows it."""
    constraints = raw.get("Constraints") or {}

    def context(name: str) -> tuple[tuple[str, str], ...]:
        return tuple(sorted((constraints.get(name) or {}).items()))

    return KeyGrant(
        raw["Name"],
        str(raw.get("GranteePrincipal", "")),
        tuple(sorted(raw["Operations"])),
        context("EncryptionContextSubset"),
        context("EncryptionContextEquals"),
        str(raw.get("RetiringPrincipal", "")),
    )
