"""Reads a topic as the administrator of its account, to see what has arrived there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from streamgov_samples.functions.definitions import Definitions
from streamgov_samples.functions.flink import JobTopic
from streamgov_samples.functions.kafka import connection
from streamgov_samples.functions.records import decode, schema_version_id
from tools.dev.portal import REGION, People


class TopicReader:
    """A consumer without a group.

    Args:
        people: the sandbox's people.
        account: the topic's account.
        topic: the topic.
    """

    def __init__(self, people: People, account: str, topic: JobTopic) -> None:
        self._people, self._account, self._topic = people, account, topic
        self._name = topic.arn.rpartition("/")[2]

    def read(self, enough: Callable[[list[dict[str, Any]]], bool], seconds: float) -> list[dict[str, Any]]:
        """All records from the beginning, decoded, until there are enough or the time is over."""
        schema = f"arn:aws:glue:{REGION}:{self._account}:schema/{self._topic.registry_name}/{self._name}"
        definitions = Definitions(self._people.client("glue", self._account), schema)
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        consumer = self._consumer()
        try:
            while not enough(found) and time.monotonic() < deadline:
                for records in consumer.poll(timeout_ms=300).values():
                    found += [decode(item.value, definitions.of(schema_version_id(item.value))) for item in records]
        finally:
            consumer.close()
        return found

    def count(self) -> int:
        """How many records it holds."""
        consumer = self._consumer()
        try:
            partitions = consumer.assignment()
            ends, starts = consumer.end_offsets(partitions), consumer.beginning_offsets(partitions)
            return sum(ends[one] - starts[one] for one in partitions)
        finally:
            consumer.close()

    def _consumer(self) -> Any:
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
        from botocore.credentials import CredentialProvider, Credentials
        from kafka import KafkaConsumer, TopicPartition

        signing = self._people.credentials(self._account)

        class Own(CredentialProvider):
            def load(self) -> Credentials:
                return Credentials(signing.access_key, signing.secret_key, signing.token)

        def token() -> str:
            return str(MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(REGION, Own())[0])

        logging.getLogger("kafka").setLevel(logging.ERROR)
        settings = connection(self._topic.brokers, REGION, token)
        consumer = KafkaConsumer(**settings, auto_offset_reset="earliest", enable_auto_commit=False)
        partitions = consumer.partitions_for_topic(self._name) or {0}
        consumer.assign([TopicPartition(self._name, number) for number in sorted(partitions)])
        consumer.seek_to_beginning()
        return consumer
