"""The whole way: boto3, HTTP, the services' own policies, the oracle's address."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import CONSUMER, DOMAIN, PRODUCER, Client, EmulatorProcess
from emulator_tests.iam.conftest import allow, document, topic, trust

pytestmark = pytest.mark.emulator
READ = "kafka-cluster:ReadData"


def error_of(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture(scope="module")
def cluster(client: Client) -> str:
    made = client("kafka", PRODUCER).create_cluster_v2(
        ClusterName="iam-orders",
        Provisioned={
            "BrokerNodeGroupInfo": {"InstanceType": "kafka.m5.large", "ClientSubnets": ["subnet-1", "subnet-2"]},
            "KafkaVersion": "3.6.0",
            "NumberOfBrokerNodes": 2,
        },
    )
    return str(made["ClusterArn"])


def make_role(client: Client, name: str, *statements: Any, account: str = CONSUMER, **more: Any) -> str:
    iam = client("iam", account)
    text = more.get("trust", trust(account))
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=text, Path=more.get("path", "/"))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements))
    return str(arn)


def test_no_yes_no_and_never_again_for_a_new_role_of_that_name(
    client: Client, emulator: EmulatorProcess, cluster: str
) -> None:
    wanted = topic(cluster, "orders")
    role = make_role(client, "iam-reader", allow([READ, "kafka-cluster:DescribeTopic"], wanted), path="/apps/")

    def may() -> bool:
        question = {"principal": role, "action": READ, "resource": wanted}
        return bool(emulator.admin("POST", "access", question)["allowed"])

    assert not may()
    kafka = client("kafka", PRODUCER)
    policy = document(allow([READ, "kafka-cluster:DescribeTopic"], wanted, Principal={"AWS": role}))
    version = kafka.put_cluster_policy(ClusterArn=cluster, Policy=policy)["CurrentVersion"]
    assert may()
    shown = json.loads(kafka.get_cluster_policy(ClusterArn=cluster)["Policy"])
    assert shown["Statement"][0]["Principal"]["AWS"] == role

    iam = client("iam", CONSUMER)
    iam.delete_role_policy(RoleName="iam-reader", PolicyName="inline")
    assert not may()
    iam.delete_role(RoleName="iam-reader")
    orphan = json.loads(kafka.get_cluster_policy(ClusterArn=cluster)["Policy"])["Statement"][0]["Principal"]["AWS"]
    assert orphan.startswith("AROA")
    make_role(client, "iam-reader", allow([READ, "kafka-cluster:DescribeTopic"], wanted), path="/apps/")
    assert not may()
    kafka.put_cluster_policy(ClusterArn=cluster, Policy=policy, CurrentVersion=version)
    assert may()


def test_many_questions_at_once(client: Client, emulator: EmulatorProcess, cluster: str) -> None:
    role = make_role(client, "iam-many", allow(READ, topic(cluster, "t1*")), account=PRODUCER)
    questions = [{"principal": role, "action": READ, "resource": topic(cluster, f"t{n}")} for n in range(300)]
    answers = emulator.admin("POST", "access", questions)
    expected = [str(n).startswith("1") for n in range(300)]
    assert [answer["allowed"] for answer in answers] == expected


def test_a_deployed_role_gets_what_its_policies_say(client: Client) -> None:
    queue = f"arn:aws:sqs:us-east-1:{PRODUCER}:iam-*"
    make_role(client, "iam-app", allow("sqs:*", queue), account=PRODUCER)
    sqs = client("sqs", PRODUCER, "iam-app")
    sqs.create_queue(QueueName="iam-jobs")
    code, message = error_of(sqs.create_queue, QueueName="jobs")
    assert code == "AccessDenied"
    assert message == (
        f"User: arn:aws:sts::{PRODUCER}:assumed-role/iam-app/test is not authorized to perform: sqs:CreateQueue on "
        f"resource: arn:aws:sqs:us-east-1:{PRODUCER}:jobs because no identity-based policy allows the sqs:CreateQueue "
        "action"
    )
    code, _ = error_of(client("dynamodb", PRODUCER, "iam-app").list_tables)
    assert code == "AccessDeniedException"
    code, message = error_of(client("athena", PRODUCER, "iam-app").list_work_groups)
    assert "does not know which permission" in message
    # The administrator of the account is not asked.
    client("sqs", PRODUCER).create_queue(QueueName="jobs")


def test_external_id_and_session_policy(client: Client, emulator: EmulatorProcess) -> None:
    target = make_role(
        client,
        "iam-invoke",
        allow("sqs:*"),
        account=PRODUCER,
        trust=trust(DOMAIN, StringEquals={"sts:ExternalId": "machine"}),
    )
    sts = client("sts")
    assumed = {"RoleArn": target, "RoleSessionName": "s1"}
    assert error_of(sts.assume_role, **assumed)[0] == "AccessDenied"
    assert error_of(sts.assume_role, **assumed, ExternalId="other")[0] == "AccessDenied"
    keys = sts.assume_role(**assumed, ExternalId="machine", Policy=document(allow("sqs:ListQueues")))["Credentials"]
    sqs = boto3.client(
        "sqs",
        region_name="us-east-1",
        endpoint_url=emulator.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    sqs.list_queues()
    code, message = error_of(sqs.create_queue, QueueName="x")
    assert code == "AccessDenied"
    assert "because no session policy allows the sqs:CreateQueue action" in message
    assert error_of(sts.assume_role, RoleArn=target + "2", RoleSessionName="s1")[0] == "AccessDenied"


def test_a_session_outlives_neither_its_role_nor_a_new_one_of_that_name(client: Client) -> None:
    make_role(client, "iam-gone", allow("sqs:ListQueues"), account=PRODUCER)
    sqs = client("sqs", PRODUCER, "iam-gone")
    sqs.list_queues()
    iam = client("iam", PRODUCER)
    iam.delete_role_policy(RoleName="iam-gone", PolicyName="inline")
    iam.delete_role(RoleName="iam-gone")
    assert error_of(sqs.list_queues)[0] == "InvalidClientTokenId"
    make_role(client, "iam-gone", allow("sqs:ListQueues"), account=PRODUCER)
    assert error_of(sqs.list_queues)[0] == "InvalidClientTokenId"


def test_a_shared_domain_is_open_to_roles_that_their_own_account_permits(client: Client) -> None:
    made = client("datazone").create_domain(name="iam", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")
    make_role(client, "iam-sync", allow("datazone:*"), account=PRODUCER)
    foreign = client("datazone", PRODUCER, "iam-sync")
    code, message = error_of(foreign.get_domain, identifier=made["id"])
    assert code == "AccessDeniedException"
    assert f"on resource: {made['arn']} because no resource-based policy allows the datazone:GetDomain" in message
    ram = client("ram")
    ram.create_resource_share(name="iam-share", resourceArns=[made["arn"]], principals=[PRODUCER])
    own = client("ram", PRODUCER)
    for invitation in own.get_resource_share_invitations()["resourceShareInvitations"]:
        if invitation["status"] == "PENDING":
            own.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    assert foreign.get_domain(identifier=made["id"])["id"] == made["id"]
    make_role(client, "iam-nothing", account=PRODUCER)
    code, message = error_of(client("datazone", PRODUCER, "iam-nothing").get_domain, identifier=made["id"])
    assert "in account" not in message
    assert "because no identity-based policy allows the datazone:GetDomain action" in message


def test_every_write_of_a_policy_is_in_the_history_in_its_order(
    client: Client, emulator: EmulatorProcess, cluster: str
) -> None:
    kafka, iam = client("kafka", PRODUCER), client("iam", CONSUMER)
    after = max((entry["number"] for entry in emulator.admin("GET", "policies")["writes"]), default=0)
    role = make_role(client, "iam-history", allow(READ, topic(cluster, "history")))
    allowed = allow(READ, topic(cluster, "history"), Principal={"AWS": role})
    version: dict[str, str] = {}
    with contextlib.suppress(kafka.exceptions.NotFoundException):
        version = {"CurrentVersion": kafka.get_cluster_policy(ClusterArn=cluster)["CurrentVersion"]}
    kafka.put_cluster_policy(ClusterArn=cluster, Policy=document(allowed), **version)
    error_of(kafka.put_cluster_policy, ClusterArn=cluster, Policy=document(allowed), CurrentVersion="stale")
    iam.delete_role_policy(RoleName="iam-history", PolicyName="inline")
    kafka.delete_cluster_policy(ClusterArn=cluster)
    found = emulator.admin("GET", f"policies?after={after}")
    assert [entry["operation"] for entry in found["writes"]] == [
        "PutRolePolicy",
        "PutClusterPolicy",
        "DeleteRolePolicy",
        "DeleteClusterPolicy",
    ], "what was refused changed nothing"
    assert found["forgotten"] == 0 and found["writes"][1]["params"]["Policy"] == document(allowed)
    times = [entry["time"] for entry in found["writes"]]
    assert times == sorted(times) and found["writes"][0]["account"] == CONSUMER


def test_an_invitation_is_the_invited_account_s_to_accept(client: Client) -> None:
    domain = client("datazone").create_domain(
        name="iam-invited", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/Admin"
    )
    client("ram").create_resource_share(name="iam-invited", resourceArns=[domain["arn"]], principals=[PRODUCER])
    shown = client("ram", PRODUCER).get_resource_share_invitations()["resourceShareInvitations"]
    invitation = next(item for item in shown if item["resourceShareName"] == "iam-invited")[
        "resourceShareInvitationArn"
    ]
    make_role(client, "iam-idle", allow("ram:Get*", "*"), account=PRODUCER)
    make_role(client, "iam-accepter", allow("ram:AcceptResourceShareInvitation", "*"), account=PRODUCER)
    make_role(client, "iam-other", allow("ram:*", "*"))
    answer = {"resourceShareInvitationArn": invitation}
    code, message = error_of(client("ram", PRODUCER, "iam-idle").accept_resource_share_invitation, **answer)
    assert code == "AccessDeniedException" and "ram:AcceptResourceShareInvitation" in message
    code, _ = error_of(client("ram", CONSUMER, "iam-other").accept_resource_share_invitation, **answer)
    assert code == "AccessDeniedException"
    accepted = client("ram", PRODUCER, "iam-accepter").accept_resource_share_invitation(**answer)
    assert accepted["resourceShareInvitation"]["status"] == "ACCEPTED"
    # A participant leaves on its own, if its policies say so; it takes nobody else out.
    share = accepted["resourceShareInvitation"]["resourceShareArn"]
    code, message = error_of(
        client("ram", PRODUCER, "iam-idle").disassociate_resource_share, resourceShareArn=share, principals=[PRODUCER]
    )
    assert code == "AccessDeniedException" and "ram:DisassociateResourceShare" in message
    make_role(client, "iam-leaver", allow("ram:DisassociateResourceShare", "*"), account=PRODUCER)
    leaver = client("ram", PRODUCER, "iam-leaver")
    code, _ = error_of(leaver.disassociate_resource_share, resourceShareArn=share, resourceArns=[domain["arn"]])
    assert code == "OperationNotPermittedException"
    code, _ = error_of(
        client("ram", CONSUMER, "iam-other").disassociate_resource_share,
        resourceShareArn=share,
        principals=[CONSUMER],
    )
    assert code == "AccessDeniedException"
    [left] = leaver.disassociate_resource_share(resourceShareArn=share, principals=[PRODUCER])[
        "resourceShareAssociations"
    ]
    assert left["status"] == "DISASSOCIATING"
