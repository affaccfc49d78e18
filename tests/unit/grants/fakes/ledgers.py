"""The two ledgers in memory; hooks run before an operation, to inject what others do at the worst moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.member.document_ledger import Lease, LeaseRecord, StoreOutcome
from streamgov_core.model.document_record import ContributionRecord, ContributionState, Rejection, Slot


@dataclass
class MemoryDocument:
    """What the ledger holds of one document."""

    lease_record: LeaseRecord = field(default_factory=LeaseRecord)
    records: dict[str, ContributionRecord] = field(default_factory=dict)


class MemoryDocumentLedger:
    """DocumentLedger in memory; ``hooks[operation]`` runs before the operation, outside of the lock."""

    def __init__(self) -> None:
        self.documents: dict[str, MemoryDocument] = {}
        self.hooks: dict[str, Callable[..., None]] = {}
        self.calls: list[str] = []
        self._lock = threading.RLock()

    def _at(self, document_id: str, operation: str, *arguments: Any) -> MemoryDocument:
        hook = self.hooks.get(operation)
        if hook is not None:
            hook(document_id, *arguments)
        with self._lock:
            self.calls.append(operation)
            return self.documents.setdefault(document_id, MemoryDocument())

    def acquire(self, document_id: str, owner: str, now: float, until: float) -> Lease | None:
        item = self._at(document_id, "acquire", owner)
        with self._lock:
            old = item.lease_record
            if old.owner and old.until >= now and old.owner != owner:
                return None
            item.lease_record = replace(old, change_count=old.change_count + 1, owner=owner, until=until)
            return Lease(item.lease_record, clean=not old.owner)

    def count_change(self, document_id: str) -> LeaseRecord:
        item = self._at(document_id, "count_change")
        with self._lock:
            item.lease_record = replace(item.lease_record, change_count=item.lease_record.change_count + 1)
            return item.lease_record

    def lease_record(self, document_id: str) -> LeaseRecord:
        return self._at(document_id, "lease_record").lease_record

    def store(self, document_id: str, record: ContributionRecord) -> StoreOutcome:
        item = self._at(document_id, "store", record)
        with self._lock:
            old = item.records.get(record.key)
            if old is not None and old.generation > record.generation:
                return "SUPERSEDED"
            item.records[record.key] = record
            return "STORED"

    def find(self, document_id: str, key: str) -> ContributionRecord | None:
        return self._at(document_id, "find").records.get(key)

    def load_all(self) -> dict[str, list[ContributionRecord]]:
        return {name: list(document.records.values()) for name, document in self.documents.items()}

    def load(self, document_id: str) -> list[ContributionRecord]:
        item = self._at(document_id, "load")
        with self._lock:
            return list(item.records.values())

    def commit(self, document_id: str, owner: str, change_count: int, slots: Mapping[str, Slot]) -> bool:
        item = self._at(document_id, "commit", owner)
        with self._lock:
            if item.lease_record.owner != owner or item.lease_record.change_count != change_count:
                return False
            item.lease_record = LeaseRecord(change_count, change_count, "", 0.0, dict(slots))
            return True

    def checkpoint(
        self, document_id: str, owner: str, change_count: int, slots: Mapping[str, Slot]
    ) -> LeaseRecord | None:
        item = self._at(document_id, "checkpoint", owner)
        with self._lock:
            if item.lease_record.owner != owner:
                return None
            item.lease_record = replace(item.lease_record, committed=change_count, slots=dict(slots))
            return item.lease_record

    def release(self, document_id: str, owner: str) -> None:
        item = self._at(document_id, "release", owner)
        with self._lock:
            if item.lease_record.owner == owner:
                item.lease_record = replace(item.lease_record, owner="", until=0.0)

    def abandon(self, document_id: str, owner: str) -> None:
        item = self._at(document_id, "abandon", owner)
        with self._lock:
            if item.lease_record.owner == owner:
                item.lease_record = replace(item.lease_record, until=0.0)

    def reject(self, document_id: str, key: str, generation: int, rejection: Rejection) -> None:
        item = self._at(document_id, "reject", key)
        with self._lock:
            old = item.records.get(key)
            if old is not None and old.generation == generation:
                state: ContributionState = "DEFERRED" if rejection.retry else "REJECTED"
                item.records[key] = replace(old, state=state, cause=rejection.cause)


class MemoryGrants:
    """GrantLedger in memory."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], GrantRecord] = {}
        self.hooks: dict[str, Callable[..., None]] = {}
        self._lock = threading.RLock()

    def _hook(self, operation: str, *arguments: Any) -> None:
        if operation in self.hooks:
            self.hooks[operation](*arguments)

    def of_grant(self, grant_id: str) -> dict[str, GrantRecord]:
        self._hook("of_grant", grant_id)
        with self._lock:
            return {asset: record for (grant, asset), record in self.records.items() if grant == grant_id}

    def begin(self, record: GrantRecord, previous: int | None) -> bool:
        self._hook("begin", record)
        with self._lock:
            old = self.records.get((record.grant_id, record.asset_id))
            if (None if old is None else old.generation) != previous:
                return False
            self.records[(record.grant_id, record.asset_id)] = record
            return True

    def finish(
        self,
        grant_id: str,
        asset_id: str,
        generation: int,
        state: Any,
        now: float,
        cause: str,
        facts: Mapping[str, Any],
    ) -> GrantRecord | None:
        self._hook("finish", grant_id)
        with self._lock:
            old = self.records.get((grant_id, asset_id))
            if old is None or old.generation != generation:
                return None
            ended = replace(old, state=state, updated_at=now, cause=cause, outcome=dict(facts))
            self.records[(grant_id, asset_id)] = ended
            return ended

    def keep_names(self, record: GrantRecord, names: Mapping[str, str]) -> None:
        self._hook("keep_names", record.grant_id)
        key = (record.grant_id, record.asset_id)
        with self._lock:
            old = self.records.get(key)
            if old is not None and old.generation == record.generation:
                self.records[key] = replace(old, audit={**record.audit, **names})
