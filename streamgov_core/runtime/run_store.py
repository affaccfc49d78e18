"""What the shards of a run work on: rows that one phase writes and a later one reads, in a table of runs.

A state of Step Functions holds 256 KiB, and a run over a hundred thousand grants is a few hundred megabytes. So the
states carry the names of shards only. The reconciler and each data source have such a table.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from streamgov_core.runtime.calls import Table, calling
from streamgov_core.runtime.dynamodb import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RUN_KEY, PART_KEY, EXPIRY = "run", "part", "purgeAt"
"""The table's keys, and the attribute of its time to live."""
KEEP_SECONDS = 2 * 86_400
"""Seconds that rows are kept: long enough to look into a run that failed."""
CHUNK_CHARS = 380_000
"""Characters of JSON in one item before it is compressed; an item holds 400 KB (DynamoDB quotas)."""
TURN = "#turn"
"""The item that counts runs."""


class RunStore(Protocol):
    """Rows of runs, by shard."""

    def put(self, run: str, shard: str, part: str, rows: Sequence[Any]) -> None:
        """Write a part of a shard; written again, it is replaced."""

    def rows(self, run: str, shard: str) -> Iterator[Any]:
        """Every row of a shard, by part."""

    def next_turn(self) -> int:
        """Count a run: what is looked at by turns moves on."""


class DynamoRunStore:
    """Rows in DynamoDB, compressed.

    Args:
        client: returns the boto3 client when it is first needed.
        table: the table's name.
        now: returns seconds since the epoch.
    """

    def __init__(self, client: Callable[[], DynamoDBClient], table: str, now: Callable[[], float]) -> None:
        self._client = cast("DynamoDBClient", Table(client, table))
        self._table = table
        self._now = now

    def put(self, run: str, shard: str, part: str, rows: Sequence[Any]) -> None:
        """API PutItem, once for each chunk that fits an item."""
        for number, text in enumerate(_chunks(rows)):
            self._client.put_item(
                TableName=self._table,
                Item=to_item(
                    {
                        RUN_KEY: f"{run}#{shard}",
                        PART_KEY: f"{part}#{number:04d}",
                        EXPIRY: int(self._now() + KEEP_SECONDS),
                        "rows": zlib.compress(text.encode()),
                    }
                ),
            )

    def rows(self, run: str, shard: str) -> Iterator[Any]:
        """API Query, read consistently."""
        with calling("dynamodb:Query", self._table):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="#run = :run",
                ExpressionAttributeNames={"#run": RUN_KEY},
                ExpressionAttributeValues=to_item({":run": f"{run}#{shard}"}),
                ConsistentRead=True,
            )
            for page in pages:
                for item in map(from_item, page["Items"]):
                    yield from json.loads(zlib.decompress(item["rows"]))

    def next_turn(self) -> int:
        """API UpdateItem: a counter without an end."""
        answer = self._client.update_item(
            TableName=self._table,
            Key=to_item({RUN_KEY: TURN, PART_KEY: TURN}),
            UpdateExpression="ADD turns :one",
            ExpressionAttributeValues=to_item({":one": 1}),
            ReturnValues="UPDATED_NEW",
        )
        return int(from_item(answer["Attributes"])["turns"])


def _chunks(rows: Sequence[Any]) -> Iterator[str]:
    chunk: list[str] = []
    size = 0
    for row in rows:
        text = json.dumps(row, separators=(",", ":"))
        if chunk and size + len(text) > CHUNK_CHARS:
            yield f"[{','.join(chunk)}]"
            chunk, size = [], 0
        chunk.append(text)
        size += len(text) + 1
    if chunk:
        yield f"[{','.join(chunk)}]"
