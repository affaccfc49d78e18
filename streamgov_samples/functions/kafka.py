"""Ports to a Kafka topic of Amazon MSK, signed in as the function's role (IAM access control, SASL/OAUTHBEARER).

The client is kafka-python and the token that of aws-msk-iam-sasl-signer, both pure Python. A broker on this machine has
no certificate, so TLS is left out on loopback and only there.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any

from streamgov_core.model.errors import RemoteError
from streamgov_samples.functions.ports import KeyedRecord

REACH_SECONDS = 3.0
BOOTSTRAP_MS = 20_000
REQUEST_MS = 15_000
RECONNECT_MS = 1_000
QUIET_POLLS = 2
"""So many polls without a record end a read: there is no end of a topic, only a while without news."""
POLL_MS = 1_500


def reachable(brokers: str, seconds: float = REACH_SECONDS) -> bool:
    """Whether one of the brokers (``host:port,host:port``) takes a connection."""
    for broker in filter(None, brokers.split(",")):
        host, _, port = broker.strip().rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=seconds).close()
        except OSError:
            continue
        return True
    return False


def security_protocol(brokers: str) -> str:
    """``SASL_SSL``, as MSK requires with IAM; ``SASL_PLAINTEXT`` if every broker is on this machine."""
    hosts = [broker.strip().rpartition(":")[0] for broker in brokers.split(",")]
    return "SASL_PLAINTEXT" if all(_is_loopback(host) for host in hosts) else "SASL_SSL"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def connection(brokers: str, region: str, token: Any = None) -> dict[str, Any]:
    """What every client of kafka-python is told.

    Args:
        brokers: ``host:port,host:port``.
        region: the cluster's, for which tokens are signed.
        token: answers a token; by default the public signer with the function's own credentials.
    """
    from kafka.errors import SaslAuthenticationFailedError
    from kafka.net.compat import KafkaNetClient
    from kafka.net.manager import KafkaConnectionManager
    from kafka.net.sasl.oauth import AbstractTokenProvider
    from kafka.net.selector import NetworkSelector

    class Signed(AbstractTokenProvider):  # type: ignore[misc]
        """A new token for each connection."""

        def token(self) -> str:
            return str(token() if token is not None else own_token(region))

    class Manager(KafkaConnectionManager):  # type: ignore[misc]
        """A refused sign-in ends the attempt, with the broker's words.

        The library (3.0.12) would try again until its time is over and then hide why; and it drops an answer that comes
        together with the end of the connection, as Kafka's answer to a refused sign-in does.
        """

        async def _build_transport(self, node: Any, **options: Any) -> Any:
            transport = await super()._build_transport(node, **options)
            receive = transport._sock_recv

            def answer_before_end() -> tuple[bytes, Exception | None]:
                data, error = receive()
                return data, None if data else error

            transport._sock_recv = answer_before_end
            return transport

        refusal: Exception | None = None

        def get_connection(self, node_id: Any, **options: Any) -> Any:
            if self.refusal is not None:
                raise self.refusal
            made = super().get_connection(node_id, **options)
            made.init_future.add_errback(self._remember)
            return made

        def _remember(self, error: Exception) -> None:
            if isinstance(error, SaslAuthenticationFailedError):
                self.refusal = error

    def client(**configs: Any) -> Any:
        net = NetworkSelector(**configs)
        return KafkaNetClient(net=net, manager=Manager(net, **configs), **configs)

    return {
        "bootstrap_servers": brokers.split(","),
        "security_protocol": security_protocol(brokers),
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauth_token_provider": Signed(),
        "bootstrap_timeout_ms": BOOTSTRAP_MS,
        "request_timeout_ms": REQUEST_MS,
        "reconnect_backoff_max_ms": RECONNECT_MS,
        "kafka_client": client,
    }


def own_token(region: str) -> str:
    """A token of the function's own role."""
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider

    return str(MSKAuthTokenProvider.generate_auth_token(region)[0])


class KafkaWriter:
    """Writes to a topic, which it creates if it is not there.

    Args:
        topic_arn: the topic.
        brokers: the cluster's addresses for IAM.
        token: see `connection`.
    """

    def __init__(self, topic_arn: str, brokers: str, token: Any = None) -> None:
        self._topic = topic_arn.rpartition("/")[2]
        self._settings = connection(brokers, topic_arn.split(":")[3], token)

    def write(self, records: Iterable[KeyedRecord]) -> int:
        """See Writer.

        Raises:
            RemoteError: Kafka refuses the sign-in, the topic or a record.
        """
        from kafka import KafkaProducer
        from kafka.errors import KafkaError

        try:
            self._create_topic()
            # Idempotence would need kafka-cluster:WriteDataIdempotently on the cluster; a sample asks for no more than
            # its topic.
            producer = KafkaProducer(**self._settings, enable_idempotence=False, max_block_ms=REQUEST_MS)
            try:
                pending = [producer.send(self._topic, data, key=key.encode()) for key, data in records]
                for sent in pending:
                    sent.get(timeout=REQUEST_MS / 1000)
            finally:
                producer.close(timeout=5)
        except KafkaError as error:
            raise refused("Produce", error) from error
        return len(pending)

    def _create_topic(self) -> None:
        from kafka import KafkaAdminClient
        from kafka.errors import TopicAlreadyExistsError

        admin = KafkaAdminClient(**self._settings)
        try:
            if self._topic not in admin.list_topics():
                # Replication as the cluster's default says.
                admin.create_topics({self._topic: {"num_partitions": 1}}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            return  # another producer was faster
        finally:
            admin.close()


class KafkaReader:
    """Reads a topic as a member of a consumer group, from its beginning at each call (nothing is committed).

    Args:
        topic_arn: the topic.
        brokers: the cluster's addresses for IAM.
        group: the consumer group; its name begins with the project's prefix, else no grant allows it.
        token: see `connection`.
    """

    def __init__(self, topic_arn: str, brokers: str, group: str, token: Any = None) -> None:
        self._topic, self._group = topic_arn.rpartition("/")[2], group
        self._settings = connection(brokers, topic_arn.split(":")[3], token)

    def read(self, limit: int) -> Sequence[bytes]:
        """See Reader.

        Raises:
            RemoteError: Kafka refuses the sign-in, the group or the topic.
        """
        from kafka import KafkaConsumer
        from kafka.errors import KafkaError

        found: list[bytes] = []
        try:
            consumer = KafkaConsumer(
                self._topic,
                **self._settings,
                group_id=self._group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
            )
            try:
                quiet = 0
                while len(found) < limit and quiet < QUIET_POLLS:
                    batch = consumer.poll(timeout_ms=POLL_MS, max_records=limit - len(found))
                    found += [record.value for records in batch.values() for record in records]
                    # Joining the group takes polls too; only those count that could have brought a record.
                    quiet += 0 if batch or not consumer.assignment() else 1
            finally:
                consumer.close(autocommit=False, timeout_ms=5000)
        except KafkaError as error:
            raise refused("Fetch", error) from error
        return found


def refused(what: str, error: Exception) -> RemoteError:
    """Kafka's error in our tree; its code is the name of Kafka's error class."""
    code = type(error).__name__.removesuffix("Error")
    return RemoteError(f"kafka:{what}", code, str(error))
