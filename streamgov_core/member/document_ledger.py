"""The target ledger of a member account: for each policy document its contributions, the lease, and what was written.

One DynamoDB item (``#head``) for each target, and one for each grant on it (``grant#<grant>#<asset>``), under one
partition key. A removed grant stays as a mark for a while, so that a late, lower generation is recognised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn
from streamgov_core.runtime.calls import Table

RECORD_VERSION = 1
HEAD = "#head"
MARK_LIFETIME = 180 * 86_400
"""Seconds that the mark of a removed grant is kept: longer than any message or execution can be late."""

Stored = Literal["STORED", "SUPERSEDED"]


@dataclass(frozen=True)
class LeaseRecord:
    """The head of a target.

    Args:
        seq: counts the changes that anybody asked for.
        committed: the last ``seq`` that is in the written documents.
        owner: who holds the lease, or empty.
        until: when the lease ends, seconds since the epoch.
        placed: what the written documents contain.
    """

    seq: int = 0
    committed: int = 0
    owner: str = ""
    until: float = 0.0
    placed: Mapping[str, Slot] = field(default_factory=dict)


@dataclass(frozen=True)
class Lease:
    """A lease just taken.

    Args:
        head: the head including this request's own change.
        clean: False if the holder before never released: its writes are unknown, so everything is verified.
    """

    head: LeaseRecord
    clean: bool


class DocumentLedger(Protocol):
    """Where targets are kept. Every write is conditional; every read is consistent."""

    def acquire(self, target: str, owner: str, now: float, until: float) -> Lease | None:
        """Count a change and take the lease in one step; None, and no change counted, while somebody else has it."""

    def announce(self, target: str) -> LeaseRecord:
        """Count a change, after its record was stored; the holder of the lease notices."""

    def head(self, target: str) -> LeaseRecord:
        """The head; all zero if the target was never written."""

    def store(self, target: str, record: ContributionRecord) -> Stored:
        """Store a record unless one of a higher generation is there."""

    def find(self, target: str, key: str) -> ContributionRecord | None:
        """One record."""

    def load(self, target: str) -> list[ContributionRecord]:
        """Every record of the target, marks included."""

    def everything(self) -> dict[str, list[ContributionRecord]]:
        """Every target with its records, marks included, as the reconciler reads it; no snapshot of one moment."""

    def commit(self, target: str, owner: str, seq: int, placed: Mapping[str, Slot]) -> bool:
        """Record what was written and release the lease, if ``seq`` is still the last change and the lease is ours.

        Returns:
            False if either is not so.
        """

    def progress(self, target: str, owner: str, seq: int, placed: Mapping[str, Slot]) -> LeaseRecord | None:
        """Record what was written up to ``seq`` and keep the lease; None if the lease is no longer ours."""

    def release(self, target: str, owner: str) -> None:
        """Give the lease back without having written; nothing happens if it is no longer ours."""

    def abandon(self, target: str, owner: str) -> None:
        """Let the lease end now, without a word about what was written: the next holder verifies everything."""

    def refuse(self, target: str, key: str, generation: int, refusal: Rejection) -> None:
        """Mark a record as one that did not get in, unless it has changed meanwhile."""


class DynamoDocumentLedger:
    """The ledger in DynamoDB.

    Args:
        client: makes or returns the boto3 client when it is first needed.
        table: the table's name.
    """

    def __init__(self, client: Callable[[], Any], table: str) -> None:
        guarded = Table(client, table)
        self._client: Callable[[], Any] = lambda: guarded
        self._table = table

    def acquire(self, target: str, owner: str, now: float, until: float) -> Lease | None:
        """See DocumentLedger.acquire. One UpdateItem; the old item says whether the last holder released."""
        client = self._client()
        try:
            answer = client.update_item(
                TableName=self._table,
                Key=_key(target, HEAD),
                UpdateExpression="ADD seq :one SET leaseOwner = :owner, leaseUntil = :until",
                # Our own lease: a call whose answer was lost is made again by the SDK.
                ConditionExpression="attribute_not_exists(leaseOwner) OR leaseUntil < :now OR leaseOwner = :owner",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":owner": {"S": owner},
                    ":until": {"N": repr(until)},
                    ":now": {"N": repr(now)},
                },
                ReturnValues="ALL_OLD",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return None
        old = _head(answer.get("Attributes", {}))
        return Lease(LeaseRecord(old.seq + 1, old.committed, owner, until, old.placed), clean=not old.owner)

    def announce(self, target: str) -> LeaseRecord:
        """See DocumentLedger.announce."""
        answer = self._client().update_item(
            TableName=self._table,
            Key=_key(target, HEAD),
            UpdateExpression="ADD seq :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        return _head(answer["Attributes"])

    def head(self, target: str) -> LeaseRecord:
        """See DocumentLedger.head."""
        answer = self._client().get_item(TableName=self._table, Key=_key(target, HEAD), ConsistentRead=True)
        return _head(answer.get("Item", {}))

    def store(self, target: str, record: ContributionRecord) -> Stored:
        """See DocumentLedger.store."""
        client = self._client()
        try:
            client.put_item(
                TableName=self._table,
                Item=_item(target, record),
                ConditionExpression="attribute_not_exists(generation) OR generation <= :generation",
                ExpressionAttributeValues={":generation": {"N": str(record.generation)}},
            )
        except client.exceptions.ConditionalCheckFailedException:
            return "SUPERSEDED"
        return "STORED"

    def find(self, target: str, key: str) -> ContributionRecord | None:
        """See DocumentLedger.find."""
        answer = self._client().get_item(TableName=self._table, Key=_key(target, f"grant#{key}"), ConsistentRead=True)
        return _record(answer["Item"]) if "Item" in answer else None

    def load(self, target: str) -> list[ContributionRecord]:
        """See DocumentLedger.load. All pages."""
        records: list[ContributionRecord] = []
        start: dict[str, Any] = {}
        while True:
            answer = self._client().query(
                TableName=self._table,
                KeyConditionExpression="target = :target AND begins_with(#item, :prefix)",
                ExpressionAttributeNames={"#item": "item"},
                ExpressionAttributeValues={":target": {"S": target}, ":prefix": {"S": "grant#"}},
                ConsistentRead=True,
                **start,
            )
            records.extend(_record(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return records
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def everything(self) -> dict[str, list[ContributionRecord]]:
        """See DocumentLedger.everything. All pages."""
        found: dict[str, list[ContributionRecord]] = {}
        pages = self._client().get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        for page in pages:
            for item in page["Items"]:
                records = found.setdefault(item["target"]["S"], [])
                if item["item"]["S"] != HEAD:
                    records.append(_record(item))
        return found

    def commit(self, target: str, owner: str, seq: int, placed: Mapping[str, Slot]) -> bool:
        """See DocumentLedger.commit."""
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=_key(target, HEAD),
                UpdateExpression="SET committed = :seq, placed = :placed REMOVE leaseOwner, leaseUntil",
                ConditionExpression="leaseOwner = :owner AND seq = :seq",
                ExpressionAttributeValues={
                    ":seq": {"N": str(seq)},
                    ":placed": {"S": _placed_text(placed)},
                    ":owner": {"S": owner},
                },
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def progress(self, target: str, owner: str, seq: int, placed: Mapping[str, Slot]) -> LeaseRecord | None:
        """See DocumentLedger.progress."""
        client = self._client()
        try:
            answer = client.update_item(
                TableName=self._table,
                Key=_key(target, HEAD),
                UpdateExpression="SET committed = :seq, placed = :placed",
                ConditionExpression="leaseOwner = :owner",
                ExpressionAttributeValues={
                    ":seq": {"N": str(seq)},
                    ":placed": {"S": _placed_text(placed)},
                    ":owner": {"S": owner},
                },
                ReturnValues="ALL_NEW",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return None
        return _head(answer["Attributes"])

    def release(self, target: str, owner: str) -> None:
        """See DocumentLedger.release."""
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=_key(target, HEAD),
                UpdateExpression="REMOVE leaseOwner, leaseUntil",
                ConditionExpression="leaseOwner = :owner",
                ExpressionAttributeValues={":owner": {"S": owner}},
            )
        except client.exceptions.ConditionalCheckFailedException:
            return  # Somebody took it over after it had ended: theirs now.

    def abandon(self, target: str, owner: str) -> None:
        """See DocumentLedger.abandon. The owner stays written, which is what tells the next one."""
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=_key(target, HEAD),
                UpdateExpression="SET leaseUntil = :ended",
                ConditionExpression="leaseOwner = :owner",
                ExpressionAttributeValues={":owner": {"S": owner}, ":ended": {"N": "0"}},
            )
        except client.exceptions.ConditionalCheckFailedException:
            return  # Somebody took it over after it had ended: theirs now.

    def refuse(self, target: str, key: str, generation: int, refusal: Rejection) -> None:
        """See DocumentLedger.refuse."""
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=_key(target, f"grant#{key}"),
                UpdateExpression="SET #state = :refused, cause = :cause",
                ConditionExpression="generation = :generation",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":refused": {"S": "DEFERRED" if refusal.retry else "REFUSED"},
                    ":cause": {"S": refusal.cause},
                    ":generation": {"N": str(generation)},
                },
            )
        except client.exceptions.ConditionalCheckFailedException:
            return  # A newer command has replaced it: that one counts.


def _key(target: str, item: str) -> dict[str, Any]:
    return {"target": {"S": target}, "item": {"S": item}}


def _placed_text(placed: Mapping[str, Slot]) -> str:
    return json.dumps({key: [p.slot, p.generation] for key, p in sorted(placed.items())}, separators=(",", ":"))


def _head(item: Mapping[str, Any]) -> LeaseRecord:
    placed = json.loads(item["placed"]["S"]) if "placed" in item else {}
    return LeaseRecord(
        seq=int(item.get("seq", {}).get("N", 0)),
        committed=int(item.get("committed", {}).get("N", 0)),
        owner=item.get("leaseOwner", {}).get("S", ""),
        until=float(item.get("leaseUntil", {}).get("N", 0)),
        placed={key: Slot(slot, generation) for key, (slot, generation) in placed.items()},
    )


def _item(target: str, record: ContributionRecord) -> dict[str, Any]:
    body = {
        "permissions": [
            {**asdict(permission), "principal": permission.principal_arn} for permission in record.permissions
        ],
        "trust": [role.arn for role in record.trust],
    }
    item: dict[str, Any] = {
        **_key(target, f"grant#{record.key}"),
        "version": {"N": str(RECORD_VERSION)},
        "generation": {"N": str(record.generation)},
        "state": {"S": record.state},
        "at": {"N": repr(record.at)},
        "body": {"S": json.dumps(body, sort_keys=True, separators=(",", ":"))},
    }
    if record.state == "REMOVED":
        item["purgeAt"] = {"N": str(int(record.at + MARK_LIFETIME))}
    return item


def _record(item: Mapping[str, Any]) -> ContributionRecord:
    body = json.loads(item["body"]["S"])
    permissions = tuple(_permission(raw) for raw in body["permissions"])
    return ContributionRecord(
        key=item["item"]["S"].removeprefix("grant#"),
        generation=int(item["generation"]["N"]),
        state=item["state"]["S"],
        permissions=permissions,
        trust=RoleArn.parse_all(body["trust"]),
        at=float(item["at"]["N"]),
        cause=item.get("cause", {}).get("S", ""),
    )


def _permission(raw: Mapping[str, Any]) -> Permission:
    principal = RoleArn.parse(raw["principal"]) if raw["principal"] else None
    return Permission(**{**raw, "actions": tuple(raw["actions"]), "principal": principal})
