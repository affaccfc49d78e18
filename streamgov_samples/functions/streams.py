"""Ports to the streams that the samples write and read, found by the service in the resource's ARN.

A platform adds its port to ``WRITERS`` and ``READERS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Protocol

from streamgov_core.model.errors import RemoteError
from streamgov_core.runtime.clients import Clients
from streamgov_samples.functions.jobs import JobConfig
from streamgov_samples.functions.kafka import KafkaReader, KafkaWriter, reachable

BATCH = 500
"""Records that one PutRecords call takes."""
KeyedRecord = tuple[str, bytes]


class Writer(Protocol):
    """Writes records to one stream."""

    def write(self, records: Iterable[KeyedRecord]) -> int:
        """Write all of them and return how many there were."""


class Reader(Protocol):
    """Reads records of one stream."""

    def read(self, limit: int) -> Sequence[bytes]:
        """The oldest records that the stream still holds, at most so many."""


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


WRITERS: dict[str, Callable[[Clients, JobConfig, str], Writer | None]] = {
    "kafka": lambda clients, config, arn: KafkaWriter(arn, config.brokers) if reachable(config.brokers) else None,
    "kinesis": lambda clients, config, arn: KinesisWriter(clients.client("kinesis"), arn),
}
READERS: dict[str, Callable[[Clients, JobConfig, str], Reader | None]] = {
    "kafka": lambda clients, config, arn: (
        KafkaReader(arn, config.brokers, config.group) if reachable(config.brokers) else None
    ),
    "kinesis": lambda clients, config, arn: KinesisReader(clients.client("kinesis"), arn),
}


def writer_of(clients: Clients, config: JobConfig, resource_arn: str) -> Writer | None:
    """The writer of a topic or stream, or None where no broker answers or the platform has none."""
    make = WRITERS.get(resource_arn.split(":")[2])
    return make(clients, config, resource_arn) if make else None


def reader_of(clients: Clients, config: JobConfig, resource_arn: str) -> Reader | None:
    """The reader of a topic or stream, or None where no broker answers or the platform has none."""
    make = READERS.get(resource_arn.split(":")[2])
    return make(clients, config, resource_arn) if make else None


def unreached(config: JobConfig, what: str) -> str:
    """The sentence for people when there is no writer or reader."""
    where = f" at {config.brokers}" if config.brokers else ""
    return f"no record was {what}: no broker answers{where}"
