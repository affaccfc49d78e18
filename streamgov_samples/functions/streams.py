"""Ports to the streams that the samples write and read, found by the service in the resource's ARN.

A platform adds its port to ``WRITERS`` and ``READERS``.
"""

from __future__ import annotations

from collections.abc import Callable

from streamgov_core.runtime.clients import Clients
from streamgov_samples.functions.jobs import JobConfig
from streamgov_samples.functions.kafka import KafkaReader, KafkaWriter, reachable
from streamgov_samples.functions.kinesis import KinesisReader, KinesisWriter
from streamgov_samples.functions.ports import Reader, Writer

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
