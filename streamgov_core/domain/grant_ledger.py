"""The grant ledger of the domain account: what was asked, approved, planned and done, for each asset of each grant.

Revoke, audit, expiry and repair work from it, also when listing, target or environment are gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.command import GrantCommand, RequestType
from streamgov_core.model.errors import GrantError
from streamgov_core.runtime.calls import Table, calling
from streamgov_core.runtime.dynamodb import from_item, to_item
from streamgov_core.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECORD_VERSION = 1
GENERATIONS_PER_REQUEST = 2
"""A request uses one generation for what it does and reserves the next for undoing it."""
KEEP_ENDED = 400 * 86_400
"""Seconds that a grant's record outlives its end, for audits."""

ENDED_STATES = ("REVOKED", "GRANT_FAILED")
"""States of records that no longer stand for access: history."""
GrantState = Literal["IN_PROGRESS", "GRANTED", "REVOKED", "GRANT_FAILED", "REVOKE_FAILED"]


@dataclass(frozen=True)
class GrantRecord:
    """One asset of one grant.

    Args:
        generation: of the last request; ``generation + 1`` undoes it.
        desired: what was last requested.
        state: how far it is.
        command: what was granted, to whom, as it was at grant time; a GRANT command without side and account.
        audit: who asked and approved, when and why; warnings; whatever an audit wants to know.
        execution: ARN of the execution that works or worked on it.
        updated_at: seconds since the epoch.
        cause: of a failure.
        outcome: what the report knew of the last request's end: ``warnings``, ``undo`` (what could not be undone),
            ``reason`` (of a failure, without what was added to its cause), ``assuming`` and ``awsRoleArn`` (of a grant
            by an access role).
        former: commands that were granted before ``command``, or tried instead of it, and whose contributions may
            still be there; while a renewal is in progress the first of them is what was granted before it.
    """

    grant_id: str
    asset_id: str
    generation: int
    desired: RequestType
    state: GrantState
    command: GrantCommand | None
    audit: Mapping[str, Any] = field(default_factory=dict)
    execution: str = ""
    updated_at: float = 0.0
    cause: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)
    former: tuple[GrantCommand, ...] = ()

    @property
    def next_generation(self) -> int:
        """The generation of the next request: above all that the last one uses, and may still use to undo itself.

        A renewal grants what was before with the second generation above its own if it fails.
        """
        requests = 2 if self.former else 1
        return self.generation + requests * GENERATIONS_PER_REQUEST

    def __post_init__(self) -> None:
        """A command that was begun undecided is what the members decided, once it is granted."""
        if self.state == "GRANTED" and self.command is not None and self.command.consumer.assuming is None:
            assuming = AssumingRole.parse_all(self.outcome.get("assuming", ()))
            object.__setattr__(self, "command", self.command.decided(assuming))


@dataclass(frozen=True)
class LedgerPage:
    """A part of the ledger, as it is read from its beginning to its end.

    Args:
        records: of this page, those aside that are history: they stand for no access any more.
        following: where the next page begins; empty behind the last one.
        unreadable: ``<grant>#<asset>`` of records that are of another release, or no records of ours.
    """

    records: tuple[GrantRecord, ...]
    following: str = ""
    unreadable: tuple[str, ...] = ()


class GrantLedger(Protocol):
    """Where grants are kept."""

    def of_grant(self, grant_id: str) -> dict[str, GrantRecord]:
        """Every asset's record of one grant, by asset id; read consistently."""

    def begin(self, record: GrantRecord, previous: int | None) -> bool:
        """Write a record in place of one whose generation is ``previous`` (None: there is none).

        Returns:
            False if another writer was faster.
        """

    def finish(
        self,
        grant_id: str,
        asset_id: str,
        generation: int,
        state: GrantState,
        now: float,
        cause: str,
        outcome: Mapping[str, Any],
    ) -> GrantRecord | None:
        """Write the outcome of the request of this generation.

        Returns:
            The record; None if a newer request has begun, or there is none.
        """

    def keep_names(self, record: GrantRecord, names: Mapping[str, str]) -> None:
        """Add names of people to a record's audit; nothing happens if a newer request has begun."""


class DynamoGrantLedger:
    """The ledger in DynamoDB.

    Args:
        client: returns the boto3 client when it is first needed.
        table: the table's name.
    """

    def __init__(self, client: Callable[[], DynamoDBClient], table: str) -> None:
        guarded = cast("DynamoDBClient", Table(client, table))
        self._client: Callable[[], DynamoDBClient] = lambda: guarded
        self._table = table

    def of_grant(self, grant_id: str) -> dict[str, GrantRecord]:
        """All pages, read consistently."""
        asked = to_item({":grant": grant_id})
        with calling("dynamodb:Query", self._table):
            paginator = self._client().get_paginator("query")
            pages = paginator.paginate(
                TableName=self._table,
                KeyConditionExpression="grantId = :grant",
                ExpressionAttributeValues=asked,
                ConsistentRead=True,
            )
            records = [_record(item) for page in pages for item in page["Items"]]
        return {record.asset_id: record for record in records}

    def everything(self) -> Iterator[GrantRecord]:
        """Every record of the ledger, page by page, as the reconciler reads it."""
        with calling("dynamodb:Scan", self._table):
            pages = self._client().get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
            for page in pages:
                yield from map(_record, page["Items"])

    def pages(self, after: str = "") -> Iterator[LedgerPage]:
        """What is no history of the ledger, from a page's ``following`` on, a megabyte of all a page (API Scan).

        A record that cannot be read is named: it must not keep the others from being looked at.
        """
        start: dict[str, Any] = {"ExclusiveStartKey": to_item(json.loads(after))} if after else {}
        ended = {f":ended{number}": state for number, state in enumerate(ENDED_STATES)}
        with calling("dynamodb:Scan", self._table):
            pages = (
                self._client()
                .get_paginator("scan")
                .paginate(
                    TableName=self._table,
                    ConsistentRead=True,
                    FilterExpression=f"NOT #state IN ({', '.join(ended)})",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues=to_item(ended),
                    **start,
                )
            )
            for page in pages:
                last = page.get("LastEvaluatedKey")
                yield _page(map(from_item, page["Items"]), json.dumps(from_item(last)) if last else "")

    def begin(self, record: GrantRecord, previous: int | None) -> bool:
        """A conditional PutItem; False if another generation stands there."""
        client = self._client()
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(generation)"}
        if previous is not None:
            condition = {
                "ConditionExpression": "generation = :previous",
                "ExpressionAttributeValues": to_item({":previous": previous}),
            }
        try:
            client.put_item(TableName=self._table, Item=_item(record), **condition)
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def finish(
        self,
        grant_id: str,
        asset_id: str,
        generation: int,
        state: GrantState,
        now: float,
        cause: str,
        outcome: Mapping[str, Any],
    ) -> GrantRecord | None:
        """A conditional UpdateItem; an ended grant is purged after KEEP_ENDED seconds."""
        client = self._client()
        update = "SET #state = :state, updatedAt = :now, cause = :cause, outcome = :outcome"
        values: dict[str, Any] = {
            ":state": state,
            ":now": now,
            ":cause": cause,
            ":outcome": json.dumps(outcome, sort_keys=True, default=str),
            ":generation": generation,
        }
        if state in ENDED_STATES:
            update += ", purgeAt = :purge"
            values[":purge"] = int(now + KEEP_ENDED)
        else:
            update += " REMOVE purgeAt"
        try:
            answer = client.update_item(
                TableName=self._table,
                Key=to_item({"grantId": grant_id, "assetId": asset_id}),
                UpdateExpression=update,
                ConditionExpression="generation = :generation",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=to_item(values),
                ReturnValues="ALL_NEW",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return None
        return _record(answer["Attributes"])

    def keep_names(self, record: GrantRecord, names: Mapping[str, str]) -> None:
        """A conditional UpdateItem."""
        client = self._client()
        with suppress(client.exceptions.ConditionalCheckFailedException):
            client.update_item(
                TableName=self._table,
                Key=to_item({"grantId": record.grant_id, "assetId": record.asset_id}),
                UpdateExpression="SET audit = :audit",
                ConditionExpression="generation = :generation",
                ExpressionAttributeValues=to_item(
                    {":audit": _audit_text({**record.audit, **names}), ":generation": record.generation}
                ),
            )


def record_values(record: GrantRecord) -> dict[str, Any]:
    """A record as the plain values of its item: strings and numbers."""
    command = None if record.command is None else record.command.to_message()
    return {
        "grantId": record.grant_id,
        "assetId": record.asset_id,
        "version": RECORD_VERSION,
        "generation": record.generation,
        "desired": record.desired,
        "state": record.state,
        "command": json.dumps(command, sort_keys=True),
        "audit": _audit_text(record.audit),
        "execution": record.execution,
        "updatedAt": record.updated_at,
        "cause": record.cause,
        "outcome": json.dumps(dict(record.outcome), sort_keys=True, default=str),
        "former": json.dumps([command.to_message() for command in record.former], sort_keys=True),
    }


def _audit_text(audit: Mapping[str, Any]) -> str:
    return json.dumps(dict(audit), sort_keys=True, default=str)


def _item(record: GrantRecord) -> dict[str, Any]:
    return to_item(record_values(record))


def _page(items: Iterable[Mapping[str, Any]], following: str) -> LedgerPage:
    records, unreadable = [], []
    for values in items:
        try:
            records.append(record_of(values))
        except (GrantError, AttributeError, KeyError, TypeError, ValueError) as error:
            subject = f"{values.get('grantId')}#{values.get('assetId')}"
            log("ledger record not readable", record=subject, cause=repr(error))
            unreadable.append(subject)
    return LedgerPage(tuple(records), following, tuple(unreadable))


def _record(item: Mapping[str, Any]) -> GrantRecord:
    return record_of(from_item(item))


def record_of(values: Mapping[str, Any]) -> GrantRecord:
    """Read what ``record_values`` wrote.

    Raises:
        GrantError: the command is of another release.
        KeyError: a value is missing.
    """
    command = json.loads(values["command"])
    return GrantRecord(
        grant_id=values["grantId"],
        asset_id=values["assetId"],
        generation=values["generation"],
        desired=values["desired"],
        state=values["state"],
        command=None if command is None else GrantCommand.parse(command),
        audit=json.loads(values["audit"]),
        execution=values["execution"],
        updated_at=float(values["updatedAt"]),
        cause=values["cause"],
        outcome=json.loads(values.get("outcome", "{}")),
        former=tuple(GrantCommand.parse(former) for former in json.loads(values.get("former", "[]"))),
    )
