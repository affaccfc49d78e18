"""The policy document of a consumer's role: one inline policy and up to ten managed ones, all of them ours alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

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
from streamgov_core.member.role_gateway import QuotaError, RoleInfo, RolePolicyGateway
from streamgov_core.member.role_slots import INLINE, assign_slots
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.errors import DocumentFullError, PermanentGrantError
from streamgov_core.model.naming import Names, short_hash
from streamgov_core.model.principal import RoleArn
from streamgov_core.runtime.log import log


class RolePolicyDocument:
    """Makes the policies of one role say what the ledger says.

    Args:
        gateway: IAM.
        names: of the deployment.
        arn: the role.
        boundary: the permissions boundary that the role must carry; empty to waive it.
    """

    read_before_lease = True

    def __init__(self, gateway: RolePolicyGateway, names: Names, arn: str, boundary: str = "") -> None:
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
        self._info_read = False
        self._inline: tuple[dict[str, Any] | None] | None = None

    def reads(self) -> Sequence[Callable[[], None]]:
        """The role, and its inline policy."""
        return (self._read_info, self._read_inline)

    def forget(self) -> None:
        """See PolicyDocument.forget."""
        self._info_read, self._info, self._inline = False, None, None

    def _read_info(self) -> None:
        self._info = self._gateway.role(self._role.name)
        self._info_read = True

    def _read_inline(self) -> None:
        self._inline = (self._gateway.inline(self._role.name, self._inline_name),)

    def apply(self, desired: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """See PolicyDocument.apply. Policies that gain are written before policies that lose."""
        if not self._info_read:
            self._read_info()
        if self._info is None or self._info.arn != self._role.arn:
            return self._absent(desired)
        withheld = self._withheld(desired)
        desired = _without(desired, withheld)
        unbounded = self._unbounded(desired)
        if unbounded:
            bounded = {key: item for key, item in desired.active.items() if key not in unbounded}
            desired = replace(desired, active=bounded)
        other_inline = 0
        full: set[int] = set()
        while True:
            slots, rejected = self._assign(desired, other_inline, full)
            try:
                writes = self._write(desired, slots, check_lease)
            except _SlotFullError as error:
                if error.slot == INLINE and other_inline == 0:
                    other_inline = self._gateway.other_inline_size(self._role.name, self._inline_name)
                    if other_inline:
                        continue
                if error.slot in full:
                    raise DocumentFullError(
                        f"other policies on the role {self._role.arn} leave no room for what it already has of ours"
                    ) from error
                full.add(error.slot)
            else:
                self._inline = None
                role_id = self._info.role_id
                written = {key: Slot(slot, desired.active[key].generation, role_id) for key, slot in slots.items()}
                fill = self._fill(desired, slots, other_inline) if writes else None
                return WriteResult({**withheld, **written}, {**rejected, **unbounded}, writes, fill)

    def compare(self, desired: DesiredState) -> list[Comparison] | None:
        """See Comparable.compare. What has no slot yet is looked for in the inline policy."""
        self.forget()
        self._read_info()
        if self._info is None or self._info.arn != self._role.arn:
            return None
        withheld = self._withheld(desired)
        desired = _without(desired, withheld)
        members: dict[int, list[ContributionRecord]] = {INLINE: []}
        for key, record in desired.active.items():
            slot = desired.slots[key].slot if key in desired.slots else INLINE
            members.setdefault(slot, []).append(record)
        attached = self._attached_slots()
        found = []
        for slot in sorted({*members, *attached}):
            name = "inline policy" if slot == INLINE else f"managed policy {slot}"
            live = self._live(slot) if slot == INLINE or slot in attached else None
            found.append(Comparison(name, live, self._policy(members.get(slot, []))["Statement"], True))
        return [replace(found[0], withheld=len(withheld)), *found[1:]]

    def _withheld(self, desired: DesiredState) -> dict[str, Slot]:
        """Grants to a role of this name that is no more: a role made again is given them by a new grant or a redrive.

        AWS replaces the ARN of a deleted principal by its unique id for the same reason.
        """
        role_id = "" if self._info is None else self._info.role_id
        slots = {key: desired.slots[key] for key in desired.written}
        return {key: at for key, at in slots.items() if at.principal_id and role_id and at.principal_id != role_id}

    def _fill(self, desired: DesiredState, slots: Mapping[str, int], other_inline: int) -> float:
        """Of the characters that the inline policies and all managed policies of ours can hold, as far as is known."""
        used = other_inline
        for slot in set(slots.values()):
            used += size(self._policy(desired.active[key] for key, at in slots.items() if at == slot))
        return 100 * used / (INLINE_LIMIT + ATTACHED_LIMIT * MANAGED_LIMIT)

    def _absent(self, desired: DesiredState) -> WriteResult:
        """The role does not exist, or the name belongs to a role of another path: nothing of ours can be on it."""
        role = self._role
        if self._info is None:
            # Its inline policies were deleted with it; our managed ones were not.
            slots = sorted({at.slot for at in desired.slots.values()} - {INLINE})
            for slot in slots:
                self._gateway.delete_managed(self._arn(slot))
            rejection = Rejection(f"the role {role.arn} does not exist", retry=True)
            return WriteResult({}, {record.key: rejection for record in desired.fresh}, len(slots))
        rejection = Rejection(f"the role named {role.name} is {self._info.arn}, not {role.arn}: correct the path")
        return WriteResult({}, {record.key: rejection for record in desired.fresh})

    def _unbounded(self, desired: DesiredState) -> dict[str, Rejection]:
        """Without its boundary the role receives nothing new; what ends can still be revoked."""
        if self._info is None or not self._boundary or self._info.boundary == self._boundary:
            return {}
        rejection = Rejection(
            f"the role {self._role.arn} must carry the permissions boundary {self._boundary} to receive access "
            f"(it has {self._info.boundary or 'none'})"
        )
        return {record.key: rejection for record in desired.fresh}

    def _assign(
        self, desired: DesiredState, other_inline: int, full: Iterable[int]
    ) -> tuple[dict[str, int], dict[str, Rejection]]:
        slots, left_over = assign_slots(desired, self._policy, other_inline, full)
        rejection = Rejection(
            f"the role {self._role.arn} has no room for this grant: its inline policies may hold "
            f"{INLINE_LIMIT} characters and it may carry {ATTACHED_LIMIT} managed policies. Use a second role"
        )
        return slots, {record.key: rejection for record in left_over}

    def _write(self, desired: DesiredState, slots: Mapping[str, int], check_lease: Callable[[], None]) -> int:
        """Write what differs; policies that only lose come last."""
        before = {key: at.slot for key, at in desired.slots.items()}
        gaining = {slots[record.key] for record in desired.fresh if record.key in slots}
        losing = {slot for key, slot in before.items() if slots.get(key) != slot}
        examined = gaining | losing | {slots[key] for key in desired.examine if key in slots}
        if not desired.slots or desired.verify_all:
            examined.add(INLINE)
        if desired.verify_all:
            examined |= self._attached_slots()
        writes = 0
        for slot in sorted(examined, key=lambda number: (number not in gaining, number)):
            records = [desired.active[key] for key, at in slots.items() if at == slot]
            writes += self._put(slot, records, desired, check_lease)
        return writes

    def _put(
        self, slot: int, records: Sequence[ContributionRecord], desired: DesiredState, check_lease: Callable[[], None]
    ) -> int:
        policy = self._policy(records)
        live, confirmed = self._live(slot), desired.confirms(records, slot)
        if not policy["Statement"]:
            return 0 if live is None and confirmed else self._remove(slot, check_lease)
        same = live is not None and same_statements(live, policy["Statement"], self._sid_prefix)
        if same and confirmed and (slot == INLINE or self._arn(slot) in self._gateway.attached(self._role.name)):
            return 0
        check_lease()
        try:
            if slot == INLINE:
                self._put_inline(policy, gains=any(record in records for record in desired.fresh))
            else:
                self._gateway.put_managed(self._arn(slot), minified(policy))
                empty = all(at.slot != slot for at in desired.slots.values())  # As far as the ledger knows.
                if live is None or empty or self._arn(slot) not in self._gateway.attached(self._role.name):
                    self._gateway.attach(self._role.name, self._arn(slot))
        except QuotaError as error:
            if slot != INLINE and live is None:
                self._gateway.delete_managed(self._arn(slot))
            raise _SlotFullError(slot) from error
        return 1

    def _put_inline(self, policy: dict[str, Any], *, gains: bool) -> None:
        """Write the inline policy. From a role that may no longer be written to, all of it is taken instead.

        Such a role is one that the configuration no longer names: nothing of ours is meant to be on it. What is not
        ended yet shows as drift until it is, or until the role is named again.
        """
        try:
            self._gateway.put_inline(self._role.name, self._inline_name, minified(policy))
        except PermanentGrantError:
            if gains:
                raise
            log("policy taken away as a whole: it may not be written", level=logging.WARNING, role=self._role.arn)
            self._gateway.delete_inline(self._role.name, self._inline_name)

    def _remove(self, slot: int, check_lease: Callable[[], None]) -> int:
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

    def _attached_slots(self) -> set[int]:
        attached = self._gateway.attached(self._role.name)
        return {slot for slot in range(1, ATTACHED_LIMIT + 1) if self._arn(slot) in attached}

    def _arn(self, slot: int) -> str:
        return f"{self._managed_prefix}-{slot}"

    def _policy(self, records: Iterable[ContributionRecord]) -> dict[str, Any]:
        permissions = [permission for record in records for permission in record.permissions]
        return {"Version": "2012-10-17", "Statement": identity_statements(self._sid_prefix, permissions)}


def _without(desired: DesiredState, withheld: Mapping[str, Slot]) -> DesiredState:
    return replace(
        desired,
        active={key: record for key, record in desired.active.items() if key not in withheld},
        slots={key: at for key, at in desired.slots.items() if key not in withheld},
    )


class _SlotFullError(Exception):
    """IAM took no more into a slot that seemed to have room."""

    def __init__(self, slot: int) -> None:
        super().__init__(f"slot {slot} is full")
        self.slot = slot
