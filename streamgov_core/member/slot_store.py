"""What a written document contains, by grant: beside its lease record, or in an item of its own if that is much.

The lease record is written by every command of a document and read again and again by those who wait. So it stays
small, whatever the number of grants, while a document of few grants costs no further call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamgov_core.model.document_record import Slot
from streamgov_core.model.errors import RetryableGrantError
from streamgov_core.runtime.dynamodb import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SLOTS_INLINE = 2_000
"""Characters of slots that the lease record itself holds: about 30 grants.

A write costs a unit for each KB of an item, and a partition takes 1,000 of them a second (DynamoDB developer guide,
"Read and write operations", "Best practices for designing and using partition keys").
"""
MAX_READS = 5
"""How often slots are looked for that are replaced while they are read."""

Get = Callable[[str, str], "dict[str, Any] | None"]
"""Reads an item consistently, by document id and sort key: its plain values."""
Key = Callable[[str, str], "dict[str, Any]"]
"""The key of an item, by document id and sort key, as attribute values."""


@dataclass(frozen=True)
class SlotsWrite:
    """The part of an update of the lease record that says what the document contains.

    Args:
        update: its SET clause; ``:change`` is the change that the slots correspond to.
        values: further values of expressions.
        removed: the attribute that no longer counts.
    """

    update: str
    values: Mapping[str, Any]
    removed: str


class StoredSlots(Mapping[str, Slot]):
    """Slots in an item of their own, which is read when somebody looks at them.

    Args:
        read: reads them.
    """

    def __init__(self, read: Callable[[], Mapping[str, Slot]]) -> None:
        self._read = read
        self._found: Mapping[str, Slot] | None = None

    def _slots(self) -> Mapping[str, Slot]:
        if self._found is None:
            self._found = self._read()
        return self._found

    def __getitem__(self, key: str) -> Slot:
        return self._slots()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots())

    def __len__(self) -> int:
        return len(self._slots())


@dataclass(frozen=True)
class SlotStore:
    """Keeps slots.

    Args:
        client: DynamoDB.
        table: of the document ledger.
        get: reads an item.
        key: makes an item's key.
    """

    client: DynamoDBClient
    table: str
    get: Get = field(repr=False)
    key: Key = field(repr=False)

    def put(self, document_id: str, change_count: int, slots: Mapping[str, Slot]) -> SlotsWrite:
        """Write slots into an item of their own if there are many, and say how the lease record refers to them.

        Each change has an item of its own: a holder who has lost the lease overwrites nobody's slots. That item stays
        behind if the lease record does not come to refer to it.
        """
        text = _text(slots)
        if len(text) <= SLOTS_INLINE:
            return SlotsWrite("SET committed = :change, slots = :slots", {":slots": text}, "slotsAt")
        item = {**self.key(document_id, _sort_key(change_count)), **to_item({"slots": text})}
        self.client.put_item(TableName=self.table, Item=item)
        return SlotsWrite("SET committed = :change, slotsAt = :change", {}, "slots")

    def drop_former(self, document_id: str, change_count: int, former: Mapping[str, Any] | None) -> None:
        """Delete the slots that the lease record referred to before.

        Args:
            document_id: the document.
            change_count: of the slots that count now.
            former: the lease record's item before it was updated; None if it was not, or if nobody knows: an update
                whose answer was lost and that was made again finds its own condition no longer met.
        """
        unused = None if former is None else former.get("slotsAt")
        if unused is not None and unused != change_count:
            self.client.delete_item(TableName=self.table, Key=self.key(document_id, _sort_key(int(unused))))

    def of(self, document_id: str, lease_key: str, lease_item: Mapping[str, Any]) -> Mapping[str, Slot]:
        """The slots of a lease record.

        Args:
            document_id: the document.
            lease_key: the lease record's sort key.
            lease_item: its item.
        """
        if "slotsAt" not in lease_item:
            return _parse(lease_item)
        return StoredSlots(lambda: self._read(document_id, lease_key, lease_item))

    def _read(self, document_id: str, lease_key: str, lease_item: Mapping[str, Any]) -> Mapping[str, Slot]:
        """Slots in an item of their own; those of a later change if they were replaced since the lease was read."""
        for _ in range(MAX_READS):
            if "slotsAt" not in lease_item:
                return _parse(lease_item)
            found = self.get(document_id, _sort_key(int(lease_item["slotsAt"])))
            if found is not None:
                return _parse(found)
            lease_item = self.get(document_id, lease_key) or {}
        raise RetryableGrantError(f"the slots of {document_id} are replaced faster than they can be read")


def _sort_key(change_count: int) -> str:
    return f"#slots#{change_count:012d}"


def _text(slots: Mapping[str, Slot]) -> str:
    listed = {
        key: [
            at.slot,
            at.generation,
            *([at.principal_id] if at.principal_id or at.handles else []),
            *([at.handles] if at.handles else []),
        ]
        for key, at in sorted(slots.items())
    }
    return json.dumps(listed, separators=(",", ":"))


def _parse(item: Mapping[str, Any]) -> dict[str, Slot]:
    return {key: Slot(*parts) for key, parts in json.loads(item.get("slots", "{}")).items()}
