"""The policy document of a consumer's role: one inline policy and up to ten managed ones, all of them ours alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Protocol

from streamgov_core.documents.comparison import Comparison
from streamgov_core.documents.compiler import (
    ATTACHED_LIMIT,
    INLINE_LIMIT,
    MANAGED_LIMIT,
    identity_statements,
    minified,
    same_statements,
    size,
)
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.errors import DocumentFullError, PrincipalRefusedError, StreamgovError
from streamgov_core.model.naming import Names, short_hash
from streamgov_core.model.principal import RoleArn

INLINE = 0
"""Slot of the inline policy; managed policies have 1 to ATTACHED_LIMIT."""


class QuotaError(StreamgovError):
    """IAM refuses a policy because a quota of the role is used up."""


@dataclass(frozen=True)
class RoleInfo:
    """What IAM says about a role.

    Args:
        arn: with its path.
        boundary: ARN of its permissions boundary, or empty.
        trust: its trust policy.
    """

    arn: str
    boundary: str = ""
    trust: Mapping[str, Any] = field(default_factory=dict)


class RoleGateway(Protocol):
    """Policies of roles. A name that does not exist reads as None and is deleted without an error."""

    def role(self, name: str) -> RoleInfo | None:
        """The role."""

    def inline(self, name: str, policy: str) -> dict[str, Any] | None:
        """An inline policy."""

    def other_inline_size(self, name: str, policy: str) -> int:
        """Characters of all the role's inline policies but this one."""

    def put_inline(self, name: str, policy: str, text: str) -> None:
        """Write an inline policy; QuotaError beyond the role's limit."""

    def delete_inline(self, name: str, policy: str) -> None:
        """Delete an inline policy."""

    def attached(self, name: str) -> set[str]:
        """ARNs of the attached managed policies."""

    def managed(self, arn: str) -> dict[str, Any] | None:
        """The default version of a managed policy."""

    def put_managed(self, arn: str, text: str) -> None:
        """Create a managed policy, or make its next default version."""

    def delete_managed(self, arn: str) -> None:
        """Delete a managed policy with its versions."""

    def attach(self, name: str, arn: str) -> None:
        """Attach a policy to the role; QuotaError beyond the role's limit."""

    def detach(self, name: str, arn: str) -> None:
        """Detach a policy from the role."""


class RolePolicyDocument:
    """Brings the policies of one role in line with the ledger.

    Args:
        gateway: IAM.
        names: of the deployment.
        arn: the role.
        boundary: the permissions boundary that the role must carry; empty to waive it.
    """

    eager = True

    def __init__(self, gateway: RoleGateway, names: Names, arn: str, boundary: str = "") -> None:
        self._gateway = gateway
        self._role = RoleArn.parse(arn)
        self._sid_prefix = names.sid_prefix
        self._boundary = boundary
        self._inline_name = names.access_policy_prefix
        self._managed_prefix = (
            f"arn:{names.partition}:iam::{self._role.account}:policy{names.iam_path}"
            f"{names.access_policy_prefix}-{short_hash(arn)}"
        )
        self._info: RoleInfo | None = None
        self._read_role = False
        self._inline: tuple[dict[str, Any] | None] | None = None

    def reads(self) -> Sequence[Callable[[], None]]:
        """The role, and its inline policy."""
        return (self._read_info, self._read_inline)

    def forget(self) -> None:
        """See PolicyDocument.forget."""
        self._read_role, self._info, self._inline = False, None, None

    def _read_info(self) -> None:
        self._info = self._gateway.role(self._role.name)
        self._read_role = True

    def _read_inline(self) -> None:
        self._inline = (self._gateway.inline(self._role.name, self._inline_name),)

    def apply(self, view: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """See PolicyDocument.apply. Policies that gain are written before policies that lose."""
        if not self._read_role:
            self._read_info()
        if self._info is None or self._info.arn != self._role.arn:
            return self._absent(view)
        unbounded = self._unbounded(view)
        if unbounded:
            view = replace(view, active={key: item for key, item in view.active.items() if key not in unbounded})
        other_inline = 0
        blocked: set[int] = set()
        while True:
            slots, refused = self._assign(view, INLINE_LIMIT - other_inline, blocked)
            try:
                writes = self._write(view, slots, check_lease)
            except _SlotFull as full:
                if full.slot == INLINE and other_inline == 0:
                    other_inline = self._gateway.other_inline_size(self._role.name, self._inline_name)
                    if other_inline:
                        continue
                if full.slot in blocked:
                    raise DocumentFullError(
                        f"other policies on the role {self._role.arn} leave no room for what it already has of ours"
                    ) from full
                blocked.add(full.slot)
            else:
                placed = {key: Slot(slot, view.active[key].generation) for key, slot in slots.items()}
                self._inline = None
                return WriteResult(placed, {**refused, **unbounded}, writes)

    def compare(self, view: DesiredState) -> list[Comparison] | None:
        """See Comparable.compare. What has no place yet is looked for in the inline policy."""
        self.forget()
        self._read_info()
        if self._info is None or self._info.arn != self._role.arn:
            return None
        members: dict[int, list[ContributionRecord]] = {INLINE: []}
        for key, record in view.active.items():
            slot = view.placed[key].slot if key in view.placed else INLINE
            members.setdefault(slot, []).append(record)
        attached = self._live_slots()
        found = []
        for slot in sorted({*members, *attached}):
            name = "inline policy" if slot == INLINE else f"managed policy {slot}"
            live = self._live(slot) if slot == INLINE or slot in attached else None
            found.append(Comparison(name, live, self._document(members.get(slot, []))["Statement"], True))
        return found

    def _absent(self, view: DesiredState) -> WriteResult:
        """The role does not exist, or the name belongs to a role of another path: nothing of ours can be on it."""
        role = self._role
        if self._info is None:
            # Its inline policies went with it; our managed ones did not.
            slots = sorted({placement.slot for placement in view.placed.values()} - {INLINE})
            for slot in slots:
                self._gateway.delete_managed(self._arn(slot))
            refusal = Rejection(f"the role {role.arn} does not exist", retry=True)
            return WriteResult({}, {record.key: refusal for record in view.fresh}, len(slots))
        refusal = Rejection(f"the role named {role.name} is {self._info.arn}, not {role.arn}: correct the path")
        return WriteResult({}, {record.key: refusal for record in view.fresh})

    def _unbounded(self, view: DesiredState) -> dict[str, Rejection]:
        """Without its boundary the role receives nothing new; what ends can still be taken from it."""
        if self._info is None or not self._boundary or self._info.boundary == self._boundary:
            return {}
        refusal = Rejection(
            f"the role {self._role.arn} must carry the permissions boundary {self._boundary} to receive access "
            f"(it has {self._info.boundary or 'none'})"
        )
        return {record.key: refusal for record in view.fresh}

    def _assign(
        self, view: DesiredState, inline_limit: int, blocked: Iterable[int]
    ) -> tuple[dict[str, int], dict[str, Rejection]]:
        """Where each grant goes: those written stay, new ones take the first policy with room."""
        fresh = view.fresh
        new_keys = {record.key for record in fresh}
        slots = {key: view.placed[key].slot for key in view.active if key not in new_keys}
        rooms = [
            _Room(
                self._document,
                0 if number in blocked else inline_limit if number == INLINE else MANAGED_LIMIT,
                [view.active[key] for key, place in slots.items() if place == number],
            )
            for number in range(ATTACHED_LIMIT + 1)
        ]
        refused: dict[str, Rejection] = {}
        for record in fresh:
            preferred = [view.placed[record.key].slot] if record.key in view.placed else []
            for slot in (*preferred, *(n for n in range(ATTACHED_LIMIT + 1) if n not in preferred)):
                if rooms[slot].take(record):
                    slots[record.key] = slot
                    break
            else:
                refused[record.key] = Rejection(
                    f"the role {self._role.arn} has no room for this grant: its inline policies may hold "
                    f"{INLINE_LIMIT} characters and it may carry {ATTACHED_LIMIT} managed policies. Use a second role"
                )
        return slots, refused

    def _write(self, view: DesiredState, slots: Mapping[str, int], check_lease: Callable[[], None]) -> int:
        """Write what differs; policies that only lose come last."""
        before = {key: placement.slot for key, placement in view.placed.items()}
        gaining = {slots[record.key] for record in view.fresh if record.key in slots}
        losing = {slot for key, slot in before.items() if slots.get(key) != slot}
        examined = gaining | losing | {slots[key] for key in view.examine if key in slots}
        if not view.placed or view.everything:
            examined.add(INLINE)
        if view.everything:
            examined |= self._live_slots()
        writes = 0
        for slot in sorted(examined, key=lambda number: (number not in gaining, number)):
            records = [view.active[key] for key, place in slots.items() if place == slot]
            writes += self._put(slot, records, check_lease)
        return writes

    def _put(self, slot: int, records: Iterable[ContributionRecord], check_lease: Callable[[], None]) -> int:
        document = self._document(records)
        live = self._live(slot)
        if not document["Statement"]:
            return self._remove(slot, live, check_lease)
        same = live is not None and same_statements(live, document["Statement"], self._sid_prefix)
        if same and (slot == INLINE or self._arn(slot) in self._gateway.attached(self._role.name)):
            return 0
        check_lease()
        try:
            if slot == INLINE:
                self._gateway.put_inline(self._role.name, self._inline_name, minified(document))
            else:
                self._gateway.put_managed(self._arn(slot), minified(document))
                if live is None or self._arn(slot) not in self._gateway.attached(self._role.name):
                    self._gateway.attach(self._role.name, self._arn(slot))
        except QuotaError as error:
            if slot != INLINE and live is None:
                self._gateway.delete_managed(self._arn(slot))
            raise _SlotFull(slot) from error
        return 1

    def _remove(self, slot: int, live: dict[str, Any] | None, check_lease: Callable[[], None]) -> int:
        if live is None:
            return 0
        check_lease()
        if slot == INLINE:
            self._gateway.delete_inline(self._role.name, self._inline_name)
        else:
            self._gateway.detach(self._role.name, self._arn(slot))
            self._gateway.delete_managed(self._arn(slot))
        return 1

    def _live(self, slot: int) -> dict[str, Any] | None:
        if slot != INLINE:
            return self._gateway.managed(self._arn(slot))
        if self._inline is None:
            self._read_inline()
        assert self._inline is not None
        return self._inline[0]

    def _live_slots(self) -> set[int]:
        attached = self._gateway.attached(self._role.name)
        return {slot for slot in range(1, ATTACHED_LIMIT + 1) if self._arn(slot) in attached}

    def _arn(self, slot: int) -> str:
        return f"{self._managed_prefix}-{slot}"

    def _document(self, records: Iterable[ContributionRecord]) -> dict[str, Any]:
        permissions = [permission for record in records for permission in record.permissions]
        return {"Version": "2012-10-17", "Statement": identity_statements(self._sid_prefix, permissions)}


class _Room:
    """What one policy can still take: exact, but compiled only where cheap bounds do not decide."""

    def __init__(
        self,
        document: Callable[[Iterable[ContributionRecord]], dict[str, Any]],
        limit: int,
        records: list[ContributionRecord],
    ) -> None:
        self._document = document
        self._limit = limit
        self._records = records
        self._resources = {permission.resource for record in records for permission in record.permissions}
        self._size = size(document(records)) if limit else 0
        self._exact = True

    def take(self, record: ContributionRecord) -> bool:
        """Add the record if it fits."""
        new = {permission.resource for permission in record.permissions} - self._resources
        # A new resource is listed at least once; the whole record adds at most a document of its own.
        if self._exact and self._size + sum(len(resource) + 3 for resource in new) > self._limit:
            return False
        longest = self._size + size(self._document([record]))
        if longest > self._limit:
            exact = size(self._document([*self._records, record]))
            if exact > self._limit:
                if not self._exact:
                    self._size, self._exact = size(self._document(self._records)), True
                return False
            self._size, self._exact = exact, True
        else:
            self._size, self._exact = longest, False
        self._records.append(record)
        self._resources |= new
        return True


class _SlotFull(Exception):
    def __init__(self, slot: int) -> None:
        super().__init__(f"slot {slot} is full")
        self.slot = slot


def check_principal(names: Names, role: RoleArn, allowed: Iterable[str], protected: Iterable[str] = ()) -> None:
    """Whether the configuration lets a role receive access.

    Args:
        names: of the deployment.
        role: the principal.
        allowed: role ARNs, or patterns with ``*``, that the configuration names.
        protected: roles that never receive anything.

    Raises:
        PrincipalRefusedError: it is a role of the deployment itself, or not named.
    """
    if role.path.startswith(names.iam_path) or role.arn in set(protected):
        raise PrincipalRefusedError(f"{role.arn} is a role of the deployment itself and never receives access")
    if not any(fnmatchcase(role.arn, pattern) for pattern in allowed):
        raise PrincipalRefusedError(
            f"{role.arn} is not among the consumer roles that the stack of account {role.account} names; add it there"
        )
