"""Ports to a Kinesis data stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from streamgov_core.model.errors import RemoteError
from streamgov_samples.functions.ports import KeyedRecord

BATCH = 500
"""Records that one PutRecords call takes."""


class KinesisWriter:
    """Writes to a Kinesis stream (API PutRecords)."""

    def __init__(self, client: Any, stream_arn: str) -> None:
        self._client = client
        self._arn = stream_arn

    def write(self, records: Iterable[KeyedRecord]) -> int:
        """See Writer.

        Raises:
            RemoteError: the stream took only some of the records.
        """
        source = iter(records)
        written = 0
        while batch := list(islice(source, BATCH)):
            answer = self._client.put_records(
                StreamARN=self._arn, Records=[{"PartitionKey": key, "Data": data} for key, data in batch]
            )
            failed = [item for item in answer["Records"] if item.get("ErrorCode")]
            if failed:
                raise RemoteError(
                    "kinesis:PutRecords",
                    failed[0]["ErrorCode"],
                    f"{len(failed)} of {len(batch)} records were refused: {failed[0].get('ErrorMessage')}",
                )
            written += len(batch)
        return written


class KinesisReader:
    """Reads a Kinesis stream from its beginning (API ListShards, GetShardIterator, GetRecords)."""

    def __init__(self, client: Any, stream_arn: str) -> None:
        self._client = client
        self._arn = stream_arn

    def read(self, limit: int) -> Sequence[bytes]:
        """See Reader."""
        found: list[bytes] = []
        for shard in self._shards():
            iterator = self._client.get_shard_iterator(
                StreamARN=self._arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while iterator and len(found) < limit:
                page = self._client.get_records(
                    StreamARN=self._arn, ShardIterator=iterator, Limit=min(10_000, limit - len(found))
                )
                found += [record["Data"] for record in page["Records"]]
                iterator = page.get("NextShardIterator") if page.get("MillisBehindLatest") else None
        return found

    def _shards(self) -> Iterable[str]:
        request: dict[str, Any] = {"StreamARN": self._arn}
        while True:
            page = self._client.list_shards(**request)
            yield from (shard["ShardId"] for shard in page["Shards"])
            if not page.get("NextToken"):
                return
            request = {"NextToken": page["NextToken"]}
