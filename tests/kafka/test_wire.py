"""IAM on the wire: each row of the mapping by an operation of a real client, and tokens that prove nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials
from kafka.errors import (
    AuthorizationError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)

from tests.integration.polling import eventually
from tests.kafka.conftest import CONSUMER, Role, Running

# kafka-python leaves sockets of refused connections to the garbage collector.
pytestmark = [pytest.mark.kafka, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
NewRole = Callable[..., Role]
OLDEST_ANSWER_SECONDS = 8
"""The broker's answers are at most a second old: that is what is promised. The rest is for a busy machine."""


def once_allowed(act: Callable[[], Any], refusal: type[KafkaError] = AuthorizationError) -> Any:
    """What an act answers as soon as a policy that was just written holds: until then it is refused and done again."""
    deadline = time.monotonic() + OLDEST_ANSWER_SECONDS
    while True:
        try:
            return act()
        except refusal:
            if time.monotonic() > deadline:
                raise


def refused_at_sign_in(role: Role, credentials: Credentials | None = None) -> None:
    with pytest.raises(SaslAuthenticationFailedError, match="Access denied"):
        role.admin(credentials).list_topics()


def test_without_a_policy_nobody_connects(role: NewRole, cluster: Running) -> None:
    refused_at_sign_in(role())


def test_tokens_that_prove_nothing(role: NewRole, cluster: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    one = role()
    one.allow(("Connect", cluster.arn))
    good = one.credentials()
    one.admin(good).list_topics()
    refused_at_sign_in(one, Credentials(good.access_key, "not-its-secret", good.token))
    refused_at_sign_in(one, Credentials(good.access_key, good.secret_key, "not-its-token"))
    refused_at_sign_in(one, Credentials("ASIAAAAAAAAAAAAAAAAA", good.secret_key, good.token))
    past = datetime.now(UTC) - timedelta(minutes=16)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: past.replace(tzinfo=None))
    refused_at_sign_in(one, good)


def test_another_accounts_role_needs_the_cluster_policy_too(
    role: NewRole, cluster: Running, client: Callable[..., Any]
) -> None:
    import json

    one = role(CONSUMER)
    one.allow(("Connect", cluster.arn))
    refused_at_sign_in(one)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": one.arn},
        "Action": "kafka-cluster:Connect",
        "Resource": cluster.arn,
    }
    kafka = client("kafka", "222222222222")
    kafka.put_cluster_policy(
        ClusterArn=cluster.arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    try:
        assert one.admin().list_topics() == []
    finally:
        kafka.delete_cluster_policy(ClusterArn=cluster.arn)


def test_write_and_read(role: NewRole, cluster: Running, topic: str) -> None:
    writer, reader = role(), role()
    arn = cluster.resource("topic", topic)
    writer.allow(("Connect", cluster.arn), ("DescribeTopic", arn))
    with pytest.raises(TopicAuthorizationFailedError):
        writer.producer().send(topic, b"refused").get(timeout=8)
    writer.allow(("Connect", cluster.arn), ("DescribeTopic", arn), ("WriteData", arn))
    sent = once_allowed(lambda: writer.producer().send(topic, b"value", key=b"key").get(timeout=8))
    assert sent.offset == 0

    group = cluster.resource("group", "readers-*")
    described = [("Connect", cluster.arn), ("DescribeTopic", arn)]
    reader.allow(*described)
    with pytest.raises(GroupAuthorizationFailedError):
        reader.consumer(topic, group_id="readers-0").poll(timeout_ms=8000)
    reader.allow(*described, ("DescribeGroup", group), ("AlterGroup", group))
    with pytest.raises(TopicAuthorizationFailedError):
        once_allowed(
            lambda: reader.consumer(topic, group_id="readers-1").poll(timeout_ms=8000), GroupAuthorizationFailedError
        )
    reader.allow(*described, ("DescribeGroup", group), ("AlterGroup", group), ("ReadData", arn))
    assert once_allowed(lambda: _values(reader.consumer(topic, group_id="readers-2"))) == [b"value"]


def _values(consumer: Any, wanted: int = 1, seconds: float = 8) -> list[bytes]:
    found: list[bytes] = []
    deadline = time.monotonic() + seconds
    while len(found) < wanted and time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=500).values():
            found += [record.value for record in records]
    return found


def test_a_revoke_cuts_off_a_running_consumer_within_seconds(role: NewRole, cluster: Running, topic: str) -> None:
    arn, group = cluster.resource("topic", topic), cluster.resource("group", "r*")
    one = role()
    everything = [("Connect", cluster.arn), ("DescribeTopic", arn), ("ReadData", arn), ("WriteData", arn)]
    one.allow(*everything, ("DescribeGroup", group), ("AlterGroup", group))
    one.producer().send(topic, b"1").get(timeout=8)
    consumer = one.consumer(topic, group_id="r1")
    assert _values(consumer) == [b"1"]
    one.revoke()
    revoked = time.monotonic()
    with pytest.raises((TopicAuthorizationFailedError, GroupAuthorizationFailedError)):
        while time.monotonic() < revoked + 8:
            consumer.poll(timeout_ms=200)
    assert time.monotonic() - revoked < 3


def test_a_session_policy_and_the_roles_end_count(role: NewRole, cluster: Running, client: Callable[..., Any]) -> None:
    one = role()
    one.allow(("Connect", cluster.arn))
    nothing = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    refused_at_sign_in(one, one.credentials(Policy=nothing))
    kept = one.credentials()
    one.revoke()
    client("iam", one.account).delete_role(RoleName=one.name)
    refused_at_sign_in(one, kept)


def test_topics_by_either_way_are_the_same(
    role: NewRole, cluster: Running, topic: str, client: Callable[..., Any]
) -> None:
    one = role()
    made = f"{topic}-kafka"
    both = [cluster.resource("topic", name) for name in (topic, made)]
    one.allow(("Connect", cluster.arn), *(("DescribeTopic", arn) for arn in both))
    admin = one.admin()
    assert admin.list_topics() == [topic]
    with pytest.raises(TopicAuthorizationFailedError):
        admin.create_topics({made: {"num_partitions": 3, "replication_factor": 1}})
    one.allow(
        ("Connect", cluster.arn),
        *((action, arn) for action in ("DescribeTopic", "CreateTopic", "DeleteTopic", "AlterTopic") for arn in both),
    )
    once_allowed(lambda: admin.create_topics({made: {"num_partitions": 3, "replication_factor": 1}}))
    kafka = client("kafka", "222222222222")
    assert kafka.describe_topic(ClusterArn=cluster.arn, TopicName=made)["PartitionCount"] == 3
    kafka.update_topic(ClusterArn=cluster.arn, TopicName=made, PartitionCount=4)
    described = admin.describe_topics([made])[0]
    assert len(described["partitions"]) == 4
    admin.delete_topics([topic])
    names = [item["TopicName"] for item in kafka.list_topics(ClusterArn=cluster.arn)["Topics"]]
    assert made in names
    assert topic not in names
    kafka.delete_topic(ClusterArn=cluster.arn, TopicName=made)
    eventually(admin.list_topics, lambda names: made not in names, 8)


def test_idempotent_producers_need_their_own_permission(role: NewRole, cluster: Running, topic: str) -> None:
    one = role()
    arn = cluster.resource("topic", topic)
    basis = [("Connect", cluster.arn), ("DescribeTopic", arn), ("WriteData", arn)]
    one.allow(*basis)
    with pytest.raises((ClusterAuthorizationFailedError, KafkaError)) as refused:
        one.producer(enable_idempotence=True).send(topic, b"1").get(timeout=8)
    assert "ClusterAuthorization" in repr(refused.value)
    one.allow(*basis, ("WriteDataIdempotently", cluster.arn))
    sent = once_allowed(lambda: one.producer(enable_idempotence=True).send(topic, b"1").get(timeout=8), KafkaError)
    assert sent.offset == 0


def test_transactions_need_their_own_permissions(role: NewRole, cluster: Running, topic: str) -> None:
    one = role()
    arn, transaction = cluster.resource("topic", topic), cluster.resource("transactional-id", "tx-*")
    basis = [
        ("Connect", cluster.arn),
        ("DescribeTopic", arn),
        ("WriteData", arn),
        ("WriteDataIdempotently", cluster.arn),
    ]
    one.allow(*basis)
    with pytest.raises(TransactionalIdAuthorizationFailedError):
        one.producer(transactional_id="tx-1").init_transactions()
    one.allow(*basis, ("DescribeTransactionalId", transaction), ("AlterTransactionalId", transaction))

    def initialized() -> Any:
        made = one.producer(transactional_id="tx-1")
        made.init_transactions()
        return made

    producer = once_allowed(initialized)
    producer.begin_transaction()
    producer.send(topic, b"in a transaction")
    producer.commit_transaction()
    one.allow(*basis, ("ReadData", arn))
    from kafka import TopicPartition

    def read() -> list[bytes]:
        consumer = one.consumer(isolation_level="read_committed")
        consumer.assign([TopicPartition(topic, 0)])
        return _values(consumer)

    assert once_allowed(read) == [b"in a transaction"]


def test_configurations_of_topics(role: NewRole, cluster: Running, topic: str) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    one = role()
    arn = cluster.resource("topic", topic)
    one.allow(("Connect", cluster.arn), ("DescribeTopic", arn))
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic)]
    # The library answers a refusal by an empty description.
    assert one.admin().describe_configs(asked, config_filter="all")["topic"][topic] == {}
    one.allow(("Connect", cluster.arn), ("DescribeTopic", arn), ("DescribeTopicDynamicConfiguration", arn))
    eventually(
        lambda: one.admin().describe_configs(asked, config_filter="all")["topic"][topic],
        lambda described: "retention.ms" in described,
        OLDEST_ANSWER_SECONDS,
    )
