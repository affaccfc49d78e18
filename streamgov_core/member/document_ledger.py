"""The document ledger of a member account: for each policy document its contributions, its lease, and what was written.

Each document has one DynamoDB item for its lease record (``#lease``) and one for each grant that contributes to it
(``grant#<grant>#<asset>``), under the document's id as partition key. Every command writes the lease record, and
whoever waits reads it: what a document of many grants contains has an item of its own (``slot_store``). A revoked grant
stays as a tombstone for a while, so that a late command of a lower generation is recognised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from streamgov_core.member.slot_store import SlotStore
from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn, parse_recorded
from streamgov_core.runtime.calls import Table, calling
from streamgov_core.runtime.dynamodb import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.literals import ReturnValueType

RECORD_VERSION = 1
DOCUMENT_KEY, ITEM_KEY = "documentId", "item"
"""Keys of the table: the partition key and the sort key."""
EXPIRY_ATTRIBUTE = "purgeAt"
"""Seconds since the epoch at which DynamoDB may remove an item."""
LEASE_ITEM = "#lease"
GRANT_ITEM = "grant#"
TOMBSTONE_SECONDS = 180 * 86_400
"""How long the tombstone of a revoked grant is kept: longer than any message or execution can be late."""

StoreOutcome = Literal["STORED", "SUPERSEDED"]


@dataclass(frozen=True)
class LeaseRecord:
    """Who may write a document, and what was written last.

    Args:
        change_count: how many changes to the document were asked for so far, by anybody.
        committed: the value of ``change_count`` that the written document corresponds to.
        owner: who holds the lease, or empty.
        until: when the lease ends, seconds since the epoch.
        slots: what the written document contains, by key.
    """

    change_count: int = 0
    committed: int = 0
    owner: str = ""
    until: float = 0.0
    slots: Mapping[str, Slot] = field(default_factory=dict)


@dataclass(frozen=True)
class Lease:
    """A lease that was just acquired.

    Args:
        record: the lease record, including the change that acquiring counted.
        clean: False if the holder before never released it: what it wrote is unknown, so everything is verified.
    """

    record: LeaseRecord
    clean: bool


class DocumentLedger(Protocol):
    """Where contributions and leases are kept. Every write is conditional; every read is consistent."""

    def acquire(self, document_id: str, owner: str, now: float, until: float) -> Lease | None:
        """Count a change and take the lease in one step.

        Returns:
            None, and no change is counted, while another owner has the lease.
        """

    def count_change(self, document_id: str) -> LeaseRecord:
        """Count a change whose record was stored before; the holder of the lease notices it."""

    def lease_record(self, document_id: str) -> LeaseRecord:
        """The lease record; all zero if the document was never written."""

    def store(self, document_id: str, record: ContributionRecord) -> StoreOutcome:
        """Store a record unless one of a higher generation is there."""

    def find(self, document_id: str, key: str) -> ContributionRecord | None:
        """The record of one grant."""

    def load(self, document_id: str) -> list[ContributionRecord]:
        """Every record of the document, tombstones included."""

    def load_all(self) -> dict[str, list[ContributionRecord]]:
        """Every document id with its records, tombstones included; not a snapshot of one moment."""

    def commit(self, document_id: str, owner: str, change_count: int, slots: Mapping[str, Slot]) -> bool:
        """Record what was written and release the lease.

        Returns:
            False, and nothing is recorded, if another change was counted since, or the owner lost the lease.
        """

    def checkpoint(
        self, document_id: str, owner: str, change_count: int, slots: Mapping[str, Slot]
    ) -> LeaseRecord | None:
        """Record what was written up to ``change_count`` and keep the lease; None if the owner lost it."""

    def release(self, document_id: str, owner: str) -> None:
        """Give the lease back with everything that was written recorded; nothing happens if the owner lost it."""

    def abandon(self, document_id: str, owner: str) -> None:
        """Let the lease end now without recording what was written: the next holder verifies everything."""

    def reject(self, document_id: str, key: str, generation: int, rejection: Rejection) -> None:
        """Note that a grant did not get into the document, unless its record has changed meanwhile."""


class DynamoDocumentLedger:
    """The document ledger in DynamoDB.

    Args:
        client: returns the boto3 client when it is first needed.
        table: the table's name.
        check: raises if a loaded record is none of ours; None to believe all.
    """

    def __init__(
        self,
        client: Callable[[], DynamoDBClient],
        table: str,
        check: Callable[[str, ContributionRecord], None] | None = None,
    ) -> None:
        self._client = cast("DynamoDBClient", Table(client, table))
        self._table = table
        self._check = check
        self._slots = SlotStore(self._client, table, self._get, _key)

    def acquire(self, document_id: str, owner: str, now: float, until: float) -> Lease | None:
        """See DocumentLedger.acquire. One UpdateItem; the old item says whether the last holder released."""
        found = self._update(
            document_id,
            LEASE_ITEM,
            "ADD changeCount :one SET leaseOwner = :owner, leaseUntil = :until",
            {":one": 1, ":owner": owner, ":until": until, ":now": now},
            # The owner's own lease counts as free: a call whose answer was lost is made again by the SDK.
            condition="attribute_not_exists(leaseOwner) OR leaseUntil < :now OR leaseOwner = :owner",
            returned="ALL_OLD",
        )
        if found is None:
            return None
        old = self._read_lease(document_id, found)
        record = LeaseRecord(old.change_count + 1, old.committed, owner, until, old.slots)
        return Lease(record, clean=not old.owner)

    def count_change(self, document_id: str) -> LeaseRecord:
        """See DocumentLedger.count_change."""
        found = self._update(document_id, LEASE_ITEM, "ADD changeCount :one", {":one": 1}, returned="ALL_NEW")
        return self._read_lease(document_id, found or {})

    def lease_record(self, document_id: str) -> LeaseRecord:
        """See DocumentLedger.lease_record."""
        return self._read_lease(document_id, self._get(document_id, LEASE_ITEM) or {})

    def store(self, document_id: str, record: ContributionRecord) -> StoreOutcome:
        """See DocumentLedger.store."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_contribution_item(document_id, record),
                ConditionExpression="attribute_not_exists(generation) OR generation <= :generation",
                ExpressionAttributeValues=to_item({":generation": record.generation}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return "SUPERSEDED"
        return "STORED"

    def find(self, document_id: str, key: str) -> ContributionRecord | None:
        """See DocumentLedger.find."""
        found = self._get(document_id, f"{GRANT_ITEM}{key}")
        return None if found is None else self._checked(document_id, _contribution_record(found))

    def load(self, document_id: str) -> list[ContributionRecord]:
        """See DocumentLedger.load."""
        records: list[ContributionRecord] = []
        with calling("dynamodb:Query", self._table):
            for page in self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression=f"{DOCUMENT_KEY} = :document AND begins_with(#item, :prefix)",
                ExpressionAttributeNames={"#item": ITEM_KEY},
                ExpressionAttributeValues=to_item({":document": document_id, ":prefix": GRANT_ITEM}),
                ConsistentRead=True,
            ):
                records.extend(
                    self._checked(document_id, _contribution_record(from_item(item))) for item in page["Items"]
                )
        return records

    def load_all(self) -> dict[str, list[ContributionRecord]]:
        """See DocumentLedger.load_all."""
        found: dict[str, list[ContributionRecord]] = {}
        with calling("dynamodb:Scan", self._table):
            for page in self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True):
                for item in map(from_item, page["Items"]):
                    records = found.setdefault(item[DOCUMENT_KEY], [])
                    if item[ITEM_KEY].startswith(GRANT_ITEM):
                        records.append(_contribution_record(item))
        return found

    def commit(self, document_id: str, owner: str, change_count: int, slots: Mapping[str, Slot]) -> bool:
        """See DocumentLedger.commit."""
        written = self._slots.put(document_id, change_count, slots)
        found = self._update(
            document_id,
            LEASE_ITEM,
            f"{written.update} REMOVE leaseOwner, leaseUntil, {written.removed}",
            {":change": change_count, ":owner": owner, **written.values},
            condition="leaseOwner = :owner AND changeCount = :change",
            returned="ALL_OLD",
        )
        self._slots.drop_former(document_id, change_count, found)
        return found is not None

    def checkpoint(
        self, document_id: str, owner: str, change_count: int, slots: Mapping[str, Slot]
    ) -> LeaseRecord | None:
        """See DocumentLedger.checkpoint."""
        written = self._slots.put(document_id, change_count, slots)
        found = self._update(
            document_id,
            LEASE_ITEM,
            f"{written.update} REMOVE {written.removed}",
            {":change": change_count, ":owner": owner, **written.values},
            condition="leaseOwner = :owner",
            returned="ALL_OLD",
        )
        self._slots.drop_former(document_id, change_count, found)
        if found is None:
            return None
        current = self._read_lease(document_id, found)
        return replace(current, committed=change_count, slots=slots)

    def release(self, document_id: str, owner: str) -> None:
        """See DocumentLedger.release. Who acquired the lease after it had ended keeps it."""
        self._update(
            document_id,
            LEASE_ITEM,
            "REMOVE leaseOwner, leaseUntil",
            {":owner": owner},
            condition="leaseOwner = :owner",
        )

    def abandon(self, document_id: str, owner: str) -> None:
        """See DocumentLedger.abandon. The owner stays written, which is what tells the next holder."""
        self._update(
            document_id,
            LEASE_ITEM,
            "SET leaseUntil = :ended",
            {":owner": owner, ":ended": 0},
            condition="leaseOwner = :owner",
        )

    def reject(self, document_id: str, key: str, generation: int, rejection: Rejection) -> None:
        """See DocumentLedger.reject. A newer command that has replaced the record counts instead."""
        self._update(
            document_id,
            f"{GRANT_ITEM}{key}",
            "SET #state = :state, cause = :cause",
            {
                ":state": "DEFERRED" if rejection.retry else "REJECTED",
                ":cause": rejection.cause,
                ":generation": generation,
            },
            condition="generation = :generation",
            names={"#state": "state"},
        )

    def _read_lease(self, document_id: str, item: Mapping[str, Any]) -> LeaseRecord:
        return _lease_record(item, self._slots.of(document_id, LEASE_ITEM, item))

    def _checked(self, document_id: str, record: ContributionRecord) -> ContributionRecord:
        if self._check is not None:
            self._check(document_id, record)
        return record

    def _get(self, document_id: str, item: str) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=_key(document_id, item), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None

    def _update(
        self,
        document_id: str,
        item: str,
        update: str,
        values: Mapping[str, Any],
        *,
        condition: str = "",
        names: Mapping[str, str] | None = None,
        returned: ReturnValueType = "NONE",
    ) -> dict[str, Any] | None:
        """One UpdateItem: the attributes that were asked for, or None if the condition does not hold."""
        more: dict[str, Any] = {}
        if condition:
            more["ConditionExpression"] = condition
        if names:
            more["ExpressionAttributeNames"] = names
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(document_id, item),
                UpdateExpression=update,
                ExpressionAttributeValues=to_item(values),
                ReturnValues=returned,
                **more,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return from_item(answer.get("Attributes", {}))


def _key(document_id: str, item: str) -> dict[str, Any]:
    return to_item({DOCUMENT_KEY: document_id, ITEM_KEY: item})


def _lease_record(item: Mapping[str, Any], slots: Mapping[str, Slot]) -> LeaseRecord:
    return LeaseRecord(
        change_count=item.get("changeCount", 0),
        committed=item.get("committed", 0),
        owner=item.get("leaseOwner", ""),
        until=float(item.get("leaseUntil", 0)),
        slots=slots,
    )


def _contribution_item(document_id: str, record: ContributionRecord) -> dict[str, Any]:
    body = {
        "permissions": [
            {**asdict(permission), "principal": permission.principal_arn} for permission in record.permissions
        ],
        "trust": [role.arn for role in record.trust],
        **({"content": record.content} if record.content else {}),
        **({"assuming": [item.to_message() for item in record.assuming]} if record.assuming else {}),
    }
    values: dict[str, Any] = {
        DOCUMENT_KEY: document_id,
        ITEM_KEY: f"{GRANT_ITEM}{record.key}",
        "version": RECORD_VERSION,
        "generation": record.generation,
        "state": record.state,
        "at": record.at,
        "body": json.dumps(body, sort_keys=True, separators=(",", ":")),
    }
    if record.state == "REMOVED":
        values[EXPIRY_ATTRIBUTE] = int(record.at + TOMBSTONE_SECONDS)
    return to_item(values)


def _contribution_record(item: Mapping[str, Any]) -> ContributionRecord:
    body = json.loads(item["body"])
    return ContributionRecord(
        key=item[ITEM_KEY].removeprefix(GRANT_ITEM),
        generation=item["generation"],
        state=item["state"],
        permissions=tuple(_permission(raw) for raw in body["permissions"]),
        trust=RoleArn.parse_all(body["trust"]),
        at=float(item["at"]),
        cause=item.get("cause", ""),
        content=body.get("content", ""),
        assuming=AssumingRole.parse_all(body.get("assuming", ())),
    )


def _permission(raw: Mapping[str, Any]) -> Permission:
    principal = parse_recorded(raw["principal"]) if raw["principal"] else None
    return Permission(**{**raw, "actions": tuple(raw["actions"]), "principal": principal})
