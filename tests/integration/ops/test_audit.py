"""`streamgov audit` and `audit --verify` against a running deployment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integration.access.conftest import NAMES
from tests.integration.ops.conftest import Operated, Streamgov, as_json
from tests.sandbox import CONSUMER, PRODUCER


def test_the_audit_lists_both_grants(operated: Operated, streamgov: Streamgov, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    entries = {
        entry["resource"]: entry for entry in as_json(streamgov("audit", "--json", "--html", str(page)))["entries"]
    }
    topic = entries[operated.topic]
    assert (topic["principal"], topic["access"], topic["state"]) == (operated.role, "READ", "GRANTED")
    assert topic["requestedBy"] and topic["approvedBy"] and topic["since"]
    assert entries[operated.stream.arn]["principal"] == operated.stream.role
    assert operated.role in page.read_text()
    table = streamgov("audit", "--role", operated.role.rsplit("/", 1)[1], "--no-last-used")
    assert table.code == 0 and "orders" in table.out and operated.stream.role.rsplit("/", 1)[1] not in table.out


def test_a_read_of_one_topic_is_seen_by_the_projects_group(operated: Operated, streamgov: Streamgov) -> None:
    deployment = operated.deployment
    cluster, topic = operated.topic.split("/")[1], operated.topic.rpartition("/")[2]
    project = deployment.projects[CONSUMER]
    when = datetime.now(UTC) - timedelta(hours=3)
    deployment.client("cloudwatch", PRODUCER).put_metric_data(
        Namespace="AWS/Kafka",
        MetricData=[
            {
                "MetricName": "SumOffsetLag", "Timestamp": when, "Value": 0.0,
                "Dimensions": [
                    {"Name": "Cluster Name", "Value": cluster}, {"Name": "Topic", "Value": topic},
                    {"Name": "Consumer Group", "Value": f"{CONSUMER}.{project}.fraud"},
                ],
            }
        ],
    )  # fmt: skip
    shown = {entry["resource"]: entry for entry in as_json(streamgov("audit", "--json"))["entries"]}
    read = datetime.fromisoformat(shown[operated.topic]["lastRead"])
    assert timedelta() <= read - when <= timedelta(hours=1)
    assert shown[operated.topic]["lastReadBy"] == "a consumer group of the project"
    assert shown[operated.stream.arn]["lastRead"] == ""


def differences(found: Any, rule: str) -> list[dict[str, Any]]:
    return [item for item in found["differences"] if item["rule"] == rule]


def test_what_grants_give_is_what_live_policies_give(operated: Operated, streamgov: Streamgov) -> None:
    found = as_json(streamgov("audit", "--verify", "--json"))
    access = {(item["resource"], item["principal"], item["direction"]): item for item in found["access"]}
    for resource, role in ((operated.topic, operated.role), (operated.stream.arn, operated.stream.role)):
        assert access[resource, role, "read"]["answer"] == "yes"
        assert (resource, role, "write") not in access
        assert operated.deployment.may(role, "kafka-cluster:ReadData", operated.topic) or resource != operated.topic
    assert differences(found, "accessWithoutGrant") == differences(found, "grantWithoutAccess") == []
    assert set(found["accounts"]) >= {PRODUCER, CONSUMER}
    owners = {item["principal"] for item in differences(found, "ownerAccess")}
    assert f"arn:aws:iam::{PRODUCER}:role/Admin" in owners


def test_a_statement_that_somebody_added_by_hand_is_found(
    operated: Operated, streamgov: Streamgov, tmp_path: Path
) -> None:
    """Outside our Sids, on both sides: neither the ledger nor the reconciler knows it."""
    deployment = operated.deployment
    kafka, iam = deployment.client("kafka", PRODUCER), deployment.client("iam", CONSUMER)
    cluster = operated.topic.replace(":topic/", ":cluster/").rpartition("/")[0]
    other = deployment.make_role(CONSUMER, bounded=False)
    actions = ["kafka-cluster:Connect", "kafka-cluster:ReadData", "kafka-cluster:WriteData"]
    iam.put_role_policy(
        RoleName=other.rsplit("/", 1)[1], PolicyName="mine",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Sid": "Reads", "Effect": "Allow", "Action": actions, "Resource": [cluster, operated.topic]}]}),
    )  # fmt: skip
    before = kafka.get_cluster_policy(ClusterArn=cluster)
    policy = json.loads(before["Policy"])
    policy["Statement"].append(
        {"Sid": "FridayNight", "Effect": "Allow", "Principal": {"AWS": other}, "Action": actions[:2],
         "Resource": [cluster, operated.topic]}
    )  # fmt: skip
    kafka.put_cluster_policy(ClusterArn=cluster, Policy=json.dumps(policy), CurrentVersion=before["CurrentVersion"])
    try:
        sarif = tmp_path / "found.sarif"
        result = streamgov("audit", "--verify", "--asset", operated.topic, "--sarif", str(sarif))
        assert result.code == 1
        assert f"error: {other} may read {operated.topic} (Kafka), and no grant says so" in result.out
        assert "/FridayNight" in result.out and "not of this deployment" in result.out
        (error,) = [item for item in json.loads(sarif.read_text())["runs"][0]["results"] if item["level"] == "error"]
        assert error["ruleId"] == "accessWithoutGrant" and other in error["message"]["text"]
        assert deployment.may(other, "kafka-cluster:ReadData", operated.topic), "the emulator enforces what was found"
        assert not deployment.may(other, "kafka-cluster:WriteData", operated.topic)
        expected = as_json(streamgov("audit", "--verify", "--json", "--asset", operated.topic, "--expect", other))
        assert differences(expected, "accessWithoutGrant") == []
        assert NAMES.sid_prefix not in "FridayNight"
    finally:
        now = kafka.get_cluster_policy(ClusterArn=cluster)
        kafka.put_cluster_policy(ClusterArn=cluster, Policy=before["Policy"], CurrentVersion=now["CurrentVersion"])
        iam.delete_role_policy(RoleName=other.rsplit("/", 1)[1], PolicyName="mine")


def test_a_grant_that_somebody_took_away_is_found(operated: Operated, streamgov: Streamgov) -> None:
    iam, name = operated.deployment.client("iam", CONSUMER), operated.role.rsplit("/", 1)[1]
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    iam.delete_role_policy(RoleName=name, PolicyName=policy)
    try:
        found = as_json(streamgov("audit", "--verify", "--json", "--asset", operated.topic))
        (lost,) = differences(found, "grantWithoutAccess")
        assert lost["principal"] == operated.role and operated.grant in lost["message"]
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def test_an_account_that_may_not_be_read_leaves_it_open(operated: Operated, streamgov: Streamgov) -> None:
    result = streamgov("audit", "--verify", "--json", "--member-role", "nobody", "--asset", operated.topic)
    found = as_json(result)
    assert any(f"account {CONSUMER}" in item["message"] for item in differences(found, "unread"))
    assert differences(found, "accessWithoutGrant") == []


def test_a_wrong_deployment_is_one_sentence(streamgov: Streamgov) -> None:
    for arguments, told in (
        (("--namespace", "nope"), "holds no table nope-grants in us-east-1"),
        (("--region", "eu-west-1"), "holds no table streamgov-grants in eu-west-1"),
        (("--region", "moon-1"), "moon-1"),
    ):
        result = streamgov("audit", *arguments)
        assert (result.code, result.out) == (2, "") and told in result.err and len(result.err.splitlines()) == 1
