"""Which policy of a role each grant goes into: the inline policy, or one of the managed ones.

A grant that is written stays in its slot, so that a change touches one policy. A new one takes the first slot with
room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from streamgov_core.documents.compiler import ATTACHED_LIMIT, INLINE_LIMIT, MANAGED_LIMIT, size
from streamgov_core.documents.policy_document import DesiredState
from streamgov_core.model.document_record import ContributionRecord

INLINE = 0
"""Slot of the inline policy; managed policies have 1 to ATTACHED_LIMIT."""

Compile = Callable[[Iterable[ContributionRecord]], Mapping[str, Any]]
"""Makes a policy of records."""


def assign_slots(
    desired: DesiredState, compile_policy: Compile, other_inline: int, full: Iterable[int]
) -> tuple[dict[str, int], list[ContributionRecord]]:
    """Choose a slot for each record.

    Args:
        desired: the records, and the slots of those that are written.
        compile_policy: makes the policy of a slot.
        other_inline: characters of the role's inline policies that are not ours.
        full: slots that take nothing new, whatever their size.

    Returns:
        The slot of each key, and the records that found none.
    """
    slots = {key: desired.slots[key].slot for key in desired.written}
    rooms = [
        _Room(
            compile_policy,
            0 if number in full else INLINE_LIMIT - other_inline if number == INLINE else MANAGED_LIMIT,
            [desired.active[key] for key, slot in slots.items() if slot == number],
        )
        for number in range(ATTACHED_LIMIT + 1)
    ]
    left_over = []
    for record in desired.fresh:
        # A grant of a new generation stays where its last one was, if it can.
        preferred = [desired.slots[record.key].slot] if record.key in desired.slots else []
        for slot in (*preferred, *(number for number in range(ATTACHED_LIMIT + 1) if number not in preferred)):
            if rooms[slot].add(record):
                slots[record.key] = slot
                break
        else:
            left_over.append(record)
    return slots, left_over


class _Room:
    """What one policy can still hold: exact, but compiled only where cheap bounds do not decide."""

    def __init__(self, compile_policy: Compile, limit: int, records: list[ContributionRecord]) -> None:
        self._compile = compile_policy
        self._limit = limit
        self._records = records
        self._resources = {permission.resource for record in records for permission in record.permissions}
        self._size = size(compile_policy(records)) if limit else 0
        self._exact = True

    def add(self, record: ContributionRecord) -> bool:
        """Add the record if it fits."""
        new = {permission.resource for permission in record.permissions} - self._resources
        # A new resource is listed at least once; the whole record adds at most a policy of its own.
        if self._exact and self._size + sum(len(resource) + 3 for resource in new) > self._limit:
            return False
        longest = self._size + size(self._compile([record]))
        if longest > self._limit:
            exact = size(self._compile([*self._records, record]))
            if exact > self._limit:
                if not self._exact:
                    self._size, self._exact = size(self._compile(self._records)), True
                return False
            self._size, self._exact = exact, True
        else:
            self._size, self._exact = longest, False
        self._records.append(record)
        self._resources |= new
        return True
