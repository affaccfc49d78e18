"""The policy document of a resource policy: one policy, with foreign statements in it and sometimes a version token."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from streamgov_core.documents.comparison import Comparison
from streamgov_core.documents.compiler import (
    RESOURCE_POLICY_LIMIT,
    is_orphan,
    is_ours,
    minified,
    principals_of,
    resource_statements,
    same_statements,
    size,
    statements_of,
    with_ours,
)
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.errors import RetryableGrantError, StreamgovError
from streamgov_core.model.permission import Permission
from streamgov_core.runtime.log import log

MAX_CONFLICTS = 8
"""How many writes of others one application works around before it gives up."""


class ConflictError(StreamgovError):
    """Somebody else wrote the document after it was read."""


class RejectedError(StreamgovError):
    """The service does not accept the document's content: a principal that does not exist (yet)."""


class ResourceGoneError(StreamgovError):
    """The resource itself does not exist."""


class PolicyGateway(Protocol):
    """Reads and writes one kind of resource policy."""

    def get(self, arn: str) -> tuple[dict[str, Any] | None, str | None]:
        """The live document and its version token; None where there is none.

        Raises:
            ResourceGoneError: the resource does not exist.
        """

    def put(self, arn: str, text: str, token: str | None) -> str | None:
        """Write the document if the token is still current; the new token.

        Raises:
            ConflictError: the token is no longer current.
            RejectedError: the content is not accepted.
            ResourceGoneError: the resource does not exist.
        """

    def delete(self, arn: str, token: str | None) -> None:
        """Delete the document; nothing happens if there is none."""


class ResourcePolicyDocument:
    """Makes our statements in one resource policy say what the ledger says.

    Args:
        gateway: the policy's API.
        arn: the resource.
        sid_prefix: marks our statements.
        limit: characters that the service allows.
        read_before_lease: see PolicyDocument.
    """

    def __init__(
        self,
        gateway: PolicyGateway,
        arn: str,
        sid_prefix: str,
        limit: int = RESOURCE_POLICY_LIMIT,
        *,
        read_before_lease: bool = False,
    ) -> None:
        self.read_before_lease = read_before_lease
        self._gateway = gateway
        self._arn = arn
        self._sid_prefix = sid_prefix
        self._limit = limit
        self._live: tuple[dict[str, Any] | None, str | None] | None = None
        self._drops_orphans = False

    def reads(self) -> Sequence[Callable[[], None]]:
        """The live document."""
        return (self._read_live,)

    def forget(self) -> None:
        """See PolicyDocument.forget."""
        self._live = None

    def _read_live(self) -> None:
        self._live = self._read()

    def apply(self, desired: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """See PolicyDocument.apply."""
        live = self._live if self._live is not None else self._read()
        self._live = None
        gone: set[str] = set()
        for _ in range(MAX_CONFLICTS):
            chosen, rejected = self._admit(live[0], desired, gone)
            try:
                writes = self._write(live, chosen, desired, gone, check_lease)
            except ConflictError:
                live = self._read()
            except ResourceGoneError:
                cause = Rejection(f"{self._arn} does not exist in this account")
                return WriteResult({}, {record.key: cause for record in desired.fresh})
            except RejectedError as error:
                lost = self._lost(live[0], desired) - gone
                if not lost:
                    try:
                        return self._one_by_one(live, desired, gone, check_lease, str(error))
                    except ConflictError:
                        live = self._read()
                gone |= lost
            else:
                return WriteResult(_slots(chosen), rejected, writes, self._fill(live[0], chosen, gone, writes))
        raise RetryableGrantError(f"other writers keep changing the policy of {self._arn}")

    def compare(self, desired: DesiredState) -> list[Comparison]:
        """See Comparable.compare."""
        return [Comparison("policy", self._read()[0], self._statements(desired.active, ()))]

    def _read(self) -> tuple[dict[str, Any] | None, str | None]:
        try:
            return self._gateway.get(self._arn)
        except ResourceGoneError:
            return None, None  # A write says so as well; a revoke has nothing to do.

    def _write(
        self,
        live: tuple[dict[str, Any] | None, str | None],
        chosen: Mapping[str, ContributionRecord],
        desired: DesiredState,
        gone: Iterable[str],
        check_lease: Callable[[], None],
    ) -> int:
        document, token = self._without_orphans(live[0]), live[1]
        ours = self._statements(chosen, gone)
        if same_statements(document, ours, self._sid_prefix) and desired.confirms(chosen.values()):
            return 0
        wanted = with_ours(document, ours, self._sid_prefix)
        check_lease()
        if wanted is None:
            self._gateway.delete(self._arn, token)
            return 1
        following = self._gateway.put(self._arn, minified(wanted), token)
        if following is not None:  # Without a token somebody else's write would not be noticed: read again.
            self._live = (wanted, following)
        return 1

    def _statements(self, chosen: Mapping[str, ContributionRecord], gone: Iterable[str]) -> list[dict[str, Any]]:
        absent = set(gone)
        permissions: list[Permission] = [
            permission
            for record in chosen.values()
            for permission in record.permissions
            if permission.principal_arn not in absent
        ]
        return resource_statements(self._sid_prefix, permissions)

    def _fits(
        self, live: Mapping[str, Any] | None, chosen: Mapping[str, ContributionRecord], gone: Iterable[str]
    ) -> bool:
        document = with_ours(live, self._statements(chosen, gone), self._sid_prefix)
        return document is None or size(document) <= self._limit

    def _fill(
        self, live: Mapping[str, Any] | None, chosen: Mapping[str, ContributionRecord], gone: Iterable[str], writes: int
    ) -> float | None:
        """See WriteResult.fill."""
        if not writes:
            return None
        document = with_ours(live, self._statements(chosen, gone), self._sid_prefix)
        return 0.0 if document is None else 100 * size(document) / self._limit

    def _admit(
        self, live: Mapping[str, Any] | None, desired: DesiredState, gone: Iterable[str]
    ) -> tuple[dict[str, ContributionRecord], dict[str, Rejection]]:
        """All grants if they fit; otherwise those that are in already, and of the new ones as many as fit."""
        if self._fits(live, desired.active, gone):
            return dict(desired.active), {}
        chosen = desired.written
        rejected: dict[str, Rejection] = {}
        for record in desired.fresh:
            candidate = {**chosen, record.key: record}
            if self._fits(live, candidate, gone):
                chosen = candidate
            else:
                rejected[record.key] = Rejection(
                    f"the policy of {self._arn} has no room for this grant ({self._limit} characters are allowed): "
                    "end grants that are no longer needed, or let consumers share a role"
                )
        return chosen, rejected

    def _lost(self, live: Mapping[str, Any] | None, desired: DesiredState) -> set[str]:
        """Principals that were written once and now stand there by an id (``AROA…``): their roles were deleted."""
        known = principals_of(live, self._sid_prefix)
        if all(principal.startswith("arn:") for principal in known):
            return set()
        recorded = {
            permission.principal_arn for record in desired.written.values() for permission in record.permissions
        }
        return recorded - known

    def _one_by_one(
        self,
        live: tuple[dict[str, Any] | None, str | None],
        desired: DesiredState,
        gone: set[str],
        check_lease: Callable[[], None],
        reason: str,
    ) -> WriteResult:
        """Find out which of the new grants the service rejects, so that the others still get in."""
        chosen = desired.written
        rejected: dict[str, Rejection] = {}
        writes = self._write_recorded(live, chosen, desired, gone, check_lease)
        for record in desired.fresh:
            candidate = {**chosen, record.key: record}
            current = self._live if self._live is not None else self._read()
            if not self._fits(current[0], candidate, gone):
                rejected[record.key] = Rejection(f"the policy of {self._arn} has no room for this grant")
                continue
            try:
                writes += self._write(current, candidate, desired, gone, check_lease)
                chosen = candidate
            except RejectedError:
                principals = ", ".join(sorted({permission.principal_arn for permission in record.permissions}))
                rejected[record.key] = Rejection(
                    f"the service does not accept the principals {principals} in the policy of {self._arn} "
                    f"(does the role exist?): {reason}",
                    retry=True,
                )
        return WriteResult(_slots(chosen), rejected, writes, self._fill(live[0], chosen, gone, writes))

    def _foreign_orphans(self, document: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """Statements of others whose principals were all deleted."""
        found = statements_of(document or {})
        return [item for item in found if is_orphan(item) and not is_ours(item, self._sid_prefix)]

    def _without_orphans(self, document: dict[str, Any] | None) -> dict[str, Any] | None:
        orphans = self._foreign_orphans(document) if self._drops_orphans else []
        if document is None or not orphans:
            return document
        return {**document, "Statement": [item for item in statements_of(document) if item not in orphans]}

    def _write_recorded(
        self,
        live: tuple[dict[str, Any] | None, str | None],
        chosen: Mapping[str, ContributionRecord],
        desired: DesiredState,
        gone: set[str],
        check_lease: Callable[[], None],
    ) -> int:
        """Write what was granted before; roles among it that were deleted since are added to ``gone``.

        Once such a role has left the document, not even its id shows that it was deleted: the principals that the
        document lacks are tried one by one. Foreign statements of deleted principals that block the write are left out.

        Raises:
            RetryableGrantError: the service rejects what the document holds already.
        """
        try:
            return self._write(live, chosen, desired, gone, check_lease)
        except RejectedError:
            known = principals_of(live[0], self._sid_prefix)
            recorded = {permission.principal_arn for record in chosen.values() for permission in record.permissions}
            lacking = recorded - known - gone
            gone |= lacking
        try:
            writes = self._write(live, chosen, desired, gone, check_lease)
        except RejectedError as error:
            orphans = self._foreign_orphans(live[0])
            if self._drops_orphans or not orphans:
                raise RetryableGrantError(f"the policy of {self._arn} cannot be written again: {error}") from error
            # They allow nobody anything, and would keep every grant that ends in the policy.
            self._drops_orphans = True
            log("foreign statements of deleted principals left out", level=logging.WARNING, arn=self._arn, left=orphans)
            return self._write_recorded(live, chosen, desired, gone, check_lease)
        for principal in sorted(lacking):
            current = self._live if self._live is not None else self._read()
            try:
                writes += self._write(current, chosen, desired, gone - {principal}, check_lease)
            except RejectedError:
                continue  # Deleted: left out until it is back, or its grants end.
            gone.discard(principal)
        return writes


def _slots(chosen: Mapping[str, ContributionRecord]) -> dict[str, Slot]:
    return {key: Slot(0, record.generation) for key, record in chosen.items()}
