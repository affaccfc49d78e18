"""The gateways of the grant engine against the emulator's services: shapes, error codes, quotas."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from streamgov_core.documents.resource_policy import ConflictError, RejectedError, ResourceGoneError
from streamgov_core.member.document_ledger import DynamoDocumentLedger
from streamgov_core.member.iam_gateway import IamGateway
from streamgov_core.member.role_gateway import QuotaError
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms.kinesis.fan_out import StreamConsumers
from streamgov_core.platforms.kinesis.key_grants import KeyGrant, KeyGrants
from streamgov_core.platforms.kinesis.stream_policy import StreamPolicies
from streamgov_core.platforms.msk.cluster_policy import ClusterPolicies
from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, PRODUCER


def document(arn: str, *actions: str, principal: str | None = None) -> str:
    statement: dict[str, Any] = {"Sid": "Sgtest", "Effect": "Allow", "Action": list(actions), "Resource": arn}
    if principal:
        statement["Principal"] = {"AWS": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_cluster_policies_detect_foreign_writers(deployment: Deployment) -> None:
    kafka = deployment.client("kafka", PRODUCER)
    policies, arn, role = ClusterPolicies(lambda: kafka), deployment.make_cluster(), deployment.make_role(CONSUMER)
    text = document(arn, "kafka-cluster:Connect", principal=role)
    assert policies.get(arn) == (None, None)
    first = policies.put(arn, text, None)
    with pytest.raises(ConflictError):
        policies.put(arn, text, None)
    second = policies.put(arn, document(arn, "kafka-cluster:DescribeCluster", principal=role), first)
    with pytest.raises(ConflictError):
        policies.put(arn, text, first)
    with pytest.raises(ConflictError):
        policies.delete(arn, first)
    with pytest.raises(RejectedError):
        policies.put(arn, document(arn, "kafka-cluster:Connect", principal=role + "-gone"), second)
    policies.delete(arn, second)
    policies.delete(arn, None)
    assert policies.get(arn) == (None, None)
    gone = arn.replace("cluster/c-", "cluster/d-")
    assert policies.get(gone) == (None, None)
    with pytest.raises(ResourceGoneError):
        policies.put(gone, text, None)


def test_stream_policies_and_consumers(deployment: Deployment) -> None:
    kinesis = deployment.client("kinesis", PRODUCER)
    name = f"s-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    eventually(
        lambda: kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"],
        lambda status: status == "ACTIVE",
    )
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    policies, consumers = StreamPolicies(lambda: kinesis), StreamConsumers(lambda: kinesis)
    role = deployment.make_role(CONSUMER)
    assert policies.get(arn) == (None, None)
    policies.put(arn, document(arn, "kinesis:GetRecords", principal=role), None)
    live, token = policies.get(arn)
    assert live is not None and token is None
    policies.delete(arn, None)
    policies.delete(arn, None)
    assert policies.get(arn) == (None, None)
    assert consumers.find(arn, "c1") is None
    consumer, _ = consumers.register(arn, "c1")
    assert consumers.register(arn, "c1")[0] == consumer
    eventually(lambda: consumers.find(arn, "c1"), lambda found: found is not None and found[1] == "ACTIVE")
    policies.put(consumer, document(consumer, "kinesis:SubscribeToShard", principal=role), None)
    assert policies.get(consumer)[0] is not None
    consumers.deregister(consumer)
    eventually(lambda: consumers.find(arn, "c1"), lambda found: found is None)
    consumers.deregister(consumer)
    with pytest.raises(ResourceGoneError):
        policies.put(arn + "x", document(arn + "x", "kinesis:GetRecords", principal=role), None)
    with pytest.raises(ResourceGoneError):
        consumers.register(arn + "x", "c1")


def test_grants_on_keys(deployment: Deployment) -> None:
    kms = deployment.client("kms", PRODUCER)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    grants, role = KeyGrants(lambda: kms), deployment.make_role(CONSUMER)
    one = KeyGrant("Sgx-1", role, ("Decrypt",), (("aws:kinesis:arn", "arn:stream"),))
    grants.create(key, one)
    grants.create(key, one)
    found = grants.list(key, "Sgx-")
    ((identifier, live),) = found
    assert live == one
    assert grants.list(key, "Other-") == []
    grants.revoke(key, identifier)
    grants.revoke(key, identifier)
    assert grants.list(key, "Sgx-") == []
    with pytest.raises(ResourceGoneError):
        grants.list(key[:-4] + "0000", "Sgx-")


def test_roles_with_managed_policies(deployment: Deployment) -> None:
    iam = deployment.client("iam", CONSUMER)
    roles = IamGateway(lambda: iam, NAMES.iam_path)
    arn = deployment.make_role(CONSUMER)
    name = arn.rsplit("/", 1)[1]
    info = roles.role(name)
    assert info is not None and info.arn == arn and info.boundary.endswith("consumer-boundary")
    assert roles.role("nobody") is None and roles.inline(name, "none") is None
    policy = f"arn:aws:iam::{CONSUMER}:policy{NAMES.iam_path}{NAMES.access_policy_prefix}-{uuid.uuid4().hex[:6]}"
    assert roles.managed(policy) is None
    for number in range(8):  # five versions at most: the oldest makes room
        roles.put_managed(
            policy, document(f"arn:aws:kafka:us-east-1:{PRODUCER}:topic/c/u/t{number}", "kafka-cluster:ReadData")
        )
    live = roles.managed(policy)
    assert live is not None and live["Statement"][0]["Resource"].endswith("t7")
    roles.attach(name, policy)
    roles.attach(name, policy)
    assert roles.attached(name) == {policy}
    roles.detach(name, policy)
    roles.detach(name, policy)
    roles.delete_managed(policy)
    roles.delete_managed(policy)
    assert roles.managed(policy) is None
    many = [f"arn:aws:kafka:us-east-1:{PRODUCER}:topic/c/u/{number:060d}" for number in range(100)]
    statement = {"Effect": "Allow", "Action": "kafka-cluster:ReadData", "Resource": many}
    big = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(QuotaError):
        roles.put_inline(name, "big", big)
    roles.put_inline(name, "small", document("arn:aws:kafka:us-east-1:1:topic/c/u/t", "kafka-cluster:ReadData"))
    assert 50 < roles.other_inline_size(name, "other") < 300
    assert roles.other_inline_size(name, "small") == 0
    roles.delete_inline(name, "small")
    roles.delete_inline(name, "small")


@pytest.fixture
def ledger(deployment: Deployment) -> Callable[[], DynamoDocumentLedger]:
    client = deployment.client("dynamodb", CONSUMER)
    return lambda: DynamoDocumentLedger(lambda: client, NAMES.document_table)


def record(key: str, generation: int) -> ContributionRecord:
    role = RoleArn.parse("arn:aws:iam::333333333333:role/streaming/consumer")
    permission = Permission("topic", ("kafka-cluster:ReadData",), "arn:t", role, True, '{"a":{"b":"c"}}')
    return ContributionRecord(key, generation, "ACTIVE", (permission,), (role,), 12.5)


def test_the_target_ledger_keeps_leases_generations_and_records(ledger: Callable[[], DynamoDocumentLedger]) -> None:
    made, target = ledger(), f"test#{uuid.uuid4().hex}"
    assert made.lease_record(target).change_count == 0
    lease = made.acquire(target, "one", 100.0, 190.0)
    assert lease is not None and lease.clean and lease.record.change_count == 1
    assert made.acquire(target, "two", 150.0, 240.0) is None
    assert made.store(target, record("g#a", 3)) == "STORED"
    assert made.store(target, record("g#a", 1)) == "SUPERSEDED"
    assert made.find(target, "g#a") == record("g#a", 3)
    assert made.load(target) == [record("g#a", 3)]
    assert made.count_change(target).change_count == 2
    placed = {
        "g#a": Slot(4, 3),
        "g#b": Slot(0, 1, "AROAEXAMPLEROLEID"),
        "g#c": Slot(0, 2, handles="grant-1,grant-2"),
    }
    assert not made.commit(target, "one", 1, placed)
    head = made.checkpoint(target, "one", 1, placed)
    assert head is not None and (head.change_count, head.committed, head.slots) == (2, 1, placed)
    assert made.checkpoint(target, "two", 1, placed) is None
    assert made.commit(target, "one", 2, placed)
    head = made.lease_record(target)
    assert (head.owner, head.committed, head.slots) == ("", 2, placed)
    taken = made.acquire(target, "three", 100.0, 190.0)
    assert taken is not None and taken.clean
    made.abandon(target, "three")
    after = made.acquire(target, "four", 100.0, 190.0)
    assert after is not None and not after.clean and after.record.slots == placed
    made.release(target, "three")
    assert made.lease_record(target).owner == "four"
    made.release(target, "four")
    assert made.lease_record(target).owner == ""
    made.reject(target, "g#a", 2, Rejection("no"))
    assert made.load(target)[0].state == "ACTIVE"
    made.reject(target, "g#a", 3, Rejection("no room", retry=True))
    found = made.find(target, "g#a")
    assert found is not None and (found.state, found.cause) == ("DEFERRED", "no room")


def test_a_lease_whose_answer_was_lost_is_taken_again(ledger: Callable[[], DynamoDocumentLedger]) -> None:
    made, target = ledger(), f"test#{uuid.uuid4().hex}"
    assert made.acquire(target, "one", 100.0, 190.0) is not None
    again = made.acquire(target, "one", 100.0, 190.0)
    assert again is not None and again.record.change_count == 2 and not again.clean


def test_what_a_document_of_many_grants_contains_does_not_weigh_on_its_lease(
    deployment: Deployment, ledger: Callable[[], DynamoDocumentLedger]
) -> None:
    """Five hundred grants: every acquire, announcement and look at the lease reads and writes a few hundred bytes."""
    made, target = ledger(), f"test#{uuid.uuid4().hex}"
    client = deployment.client("dynamodb", CONSUMER)
    many = {f"grant{number:04d}#asset": Slot(number % 11, 1, "AROAEXAMPLEROLEID") for number in range(500)}
    few = dict(list(many.items())[:3])

    def items() -> dict[str, int]:
        found = client.query(
            TableName=NAMES.document_table,
            KeyConditionExpression="documentId = :d",
            ExpressionAttributeValues={":d": {"S": target}},
        )["Items"]
        return {item["item"]["S"]: len(json.dumps(item)) for item in found}

    lease = made.acquire(target, "one", 100.0, 190.0)
    assert lease is not None and lease.record.slots == {}
    made.count_change(target)
    assert not made.commit(target, "one", 1, many), "somebody else has asked for a change"
    head = made.checkpoint(target, "one", 1, many)
    assert head is not None and (head.change_count, head.committed, dict(head.slots)) == (2, 1, many)
    assert made.checkpoint(target, "two", 9, few) is None and dict(made.lease_record(target).slots) == many
    read_before = made.lease_record(target)
    less = {key: at for key, at in many.items() if key != "grant0001#asset"}
    assert made.commit(target, "one", 2, less)
    assert items()["#lease"] < 500 and sorted(items()) == ["#lease", "#slots#000000000002"]
    # Who has read the lease record before the commit looks for slots that are no longer there, and finds the new ones.
    assert dict(read_before.slots) == less and dict(made.lease_record(target).slots) == less
    taken = made.acquire(target, "three", 100.0, 190.0)
    assert taken is not None and taken.clean and dict(taken.record.slots) == less
    assert made.load(target) == [] and made.load_all()[target] == []
    assert made.commit(target, "three", 3, few)
    assert sorted(items()) == ["#lease"] and dict(made.lease_record(target).slots) == few
