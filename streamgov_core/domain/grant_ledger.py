"""The grant ledger of the domain account: what was asked, approved, planned and done, for each asset of each grant.

Revoke, audit, expiry and repair work from it, also when listing, target or environment are gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.command import GrantCommand, RequestType
from streamgov_core.runtime.calls import Table, calling
from streamgov_core.runtime.dynamodb import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECORD_VERSION = 1
GENERATIONS_PER_REQUEST = 2
"""A request uses one generation for what it does and reserves the next for undoing it."""
KEEP_ENDED = 400 * 86_400
"""Seconds that a grant's record outlives its end, for audits."""

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
    ) -> bool:
        """Write the outcome of the request of this generation.

        Returns:
            False if a newer request has begun, or there is no record.
        """


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
    ) -> bool:
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
        if state in ("REVOKED", "GRANT_FAILED"):
            update += ", purgeAt = :purge"
            values[":purge"] = int(now + KEEP_ENDED)
        else:
            update += " REMOVE purgeAt"
        try:
            client.update_item(
                TableName=self._table,
                Key=to_item({"grantId": grant_id, "assetId": asset_id}),
                UpdateExpression=update,
                ConditionExpression="generation = :generation",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=to_item(values),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _item(record: GrantRecord) -> dict[str, Any]:
    command = None if record.command is None else record.command.to_message()
    return to_item(
        {
            "grantId": record.grant_id,
            "assetId": record.asset_id,
            "version": RECORD_VERSION,
            "generation": record.generation,
            "desired": record.desired,
            "state": record.state,
            "command": json.dumps(command, sort_keys=True),
            "audit": json.dumps(dict(record.audit), sort_keys=True, default=str),
            "execution": record.execution,
            "updatedAt": record.updated_at,
            "cause": record.cause,
            "outcome": json.dumps(dict(record.outcome), sort_keys=True, default=str),
            "former": json.dumps([command.to_message() for command in record.former], sort_keys=True),
        }
    )


def _record(item: Mapping[str, Any]) -> GrantRecord:
    values = from_item(item)
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
