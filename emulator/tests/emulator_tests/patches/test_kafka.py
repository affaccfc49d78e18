from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import Client, EmulatorProcess

ACCOUNT = "222222222222"


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def kafka(client: Client) -> Any:
    return client("kafka", account=ACCOUNT)


def create(kafka: Any, name: str, **provisioned: Any) -> str:
    settings = {
        "BrokerNodeGroupInfo": {
            "InstanceType": "kafka.m5.large",
            "ClientSubnets": ["subnet-a", "subnet-b", "subnet-c"],
        },
        "KafkaVersion": "3.6.0",
        "NumberOfBrokerNodes": 3,
        "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
        **provisioned,
    }
    arn: str = kafka.create_cluster_v2(ClusterName=name, Provisioned=settings, Tags={"k": "v"})["ClusterArn"]
    deadline = time.monotonic() + 10
    while kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["State"] != "ACTIVE":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return arn


@pytest.fixture(scope="module")
def cluster(kafka: Any) -> str:
    return create(kafka, f"orders-{uuid.uuid4().hex[:6]}")


def connect(kafka: Any, arn: str) -> None:
    version = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    kafka.update_connectivity(
        ClusterArn=arn,
        CurrentVersion=version,
        ConnectivityInfo={"VpcConnectivity": {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}},
    )


def role(client: Client, account: str = "333333333333") -> str:
    arn: str = client("iam", account=account).create_role(
        RoleName=f"consumer-{uuid.uuid4().hex[:8]}",
        Path="/apps/",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )["Role"]["Arn"]
    return arn


def policy(arn: str, principal: str, sid: str = "grant1", **more: Any) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": [principal]},
        "Action": ["kafka-cluster:Connect"],
        "Resource": [arn],
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_arn_carries_the_name(kafka: Any, cluster: str) -> None:
    info = kafka.describe_cluster_v2(ClusterArn=cluster)["ClusterInfo"]
    kind, name, unique = cluster.rsplit(":", 1)[1].split("/")
    assert (kind, name) == ("cluster", info["ClusterName"])
    assert len(unique.split("-")) == 6
    assert info["Provisioned"]["ClientAuthentication"]["Sasl"]["Iam"]["Enabled"] is True
    assert info["Provisioned"]["BrokerNodeGroupInfo"]["ConnectivityInfo"]["PublicAccess"]["Type"] == "DISABLED"
    assert info["Tags"] == {"k": "v"}
    assert kafka.list_tags_for_resource(ResourceArn=cluster)["Tags"] == {"k": "v"}


def test_name_filter_is_a_prefix_and_lists_have_pages(kafka: Any) -> None:
    prefix = f"page{uuid.uuid4().hex[:5]}"
    for index in range(12):
        kafka.create_cluster_v2(
            ClusterName=f"{prefix}-{index:02}",
            Serverless={"VpcConfigs": [{"SubnetIds": ["subnet-a"]}]},
        )
    first = kafka.list_clusters_v2(ClusterNameFilter=prefix)
    assert len(first["ClusterInfoList"]) == 10
    rest = kafka.list_clusters_v2(ClusterNameFilter=prefix, NextToken=first["NextToken"])
    names = [info["ClusterName"] for info in first["ClusterInfoList"] + rest["ClusterInfoList"]]
    assert names == [f"{prefix}-{index:02}" for index in range(12)]
    assert kafka.list_clusters_v2(ClusterNameFilter=prefix[1:])["ClusterInfoList"] == []
    info = kafka.list_clusters_v2(ClusterNameFilter=f"{prefix}-03", ClusterTypeFilter="SERVERLESS")["ClusterInfoList"][
        0
    ]
    assert info["ClusterArn"].rsplit("-", 1)[1].startswith("s")
    brokers = None
    while brokers is None:
        try:
            brokers = kafka.get_bootstrap_brokers(ClusterArn=info["ClusterArn"])
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ConflictException"
            time.sleep(0.1)
    assert brokers["BootstrapBrokerStringSaslIam"]


def test_brokers_follow_authentication_and_connectivity(kafka: Any, client: Client) -> None:
    arn = create(kafka, f"net-{uuid.uuid4().hex[:6]}")
    brokers = kafka.get_bootstrap_brokers(ClusterArn=arn)
    assert set(brokers) - {"ResponseMetadata"} == {"BootstrapBrokerStringSaslIam"}
    connect(kafka, arn)
    # Which address it is depends on whether a broker really runs (aws_emulator/kafka).
    assert kafka.get_bootstrap_brokers(ClusterArn=arn)["BootstrapBrokerStringVpcConnectivitySaslIam"]


def test_connection_needs_connectivity(kafka: Any, client: Client) -> None:
    arn = create(kafka, f"conn-{uuid.uuid4().hex[:6]}")
    request = {
        "TargetClusterArn": arn,
        "Authentication": "SASL_IAM",
        "VpcId": "vpc-1",
        "ClientSubnets": ["a", "b", "c"],
        "SecurityGroups": ["sg-1"],
    }
    with pytest.raises(ClientError) as error:
        kafka.create_vpc_connection(**request)
    assert code(error) == "BadRequestException"
    connect(kafka, arn)
    connection = kafka.create_vpc_connection(**request)["VpcConnectionArn"]
    assert kafka.describe_vpc_connection(Arn=connection)["State"] == "AVAILABLE"
    assert [row["VpcConnectionArn"] for row in kafka.list_vpc_connections()["VpcConnections"]] == [connection]
    elsewhere = client("kafka", account=ACCOUNT, region="eu-south-2")
    assert elsewhere.list_vpc_connections()["VpcConnections"] == []
    clients = kafka.list_client_vpc_connections(ClusterArn=arn)["ClientVpcConnections"]
    assert clients[0]["Owner"] == ACCOUNT
    kafka.delete_vpc_connection(Arn=connection)
    with pytest.raises(ClientError) as error:
        kafka.describe_vpc_connection(Arn=connection)
    assert code(error) == "NotFoundException"


def test_policy_versions(kafka: Any, client: Client) -> None:
    arn = create(kafka, f"pol-{uuid.uuid4().hex[:6]}")
    with pytest.raises(ClientError) as error:
        kafka.get_cluster_policy(ClusterArn=arn)
    assert code(error) == "NotFoundException"
    principal = role(client)
    first = kafka.put_cluster_policy(ClusterArn=arn, Policy=policy(arn, principal))["CurrentVersion"]
    with pytest.raises(ClientError) as error:
        kafka.put_cluster_policy(ClusterArn=arn, Policy=policy(arn, principal))
    assert code(error) == "BadRequestException"
    second = kafka.put_cluster_policy(ClusterArn=arn, Policy=policy(arn, principal, "two"), CurrentVersion=first)
    with pytest.raises(ClientError, match="isn't current"):
        kafka.put_cluster_policy(ClusterArn=arn, Policy=policy(arn, principal), CurrentVersion=first)
    found = kafka.get_cluster_policy(ClusterArn=arn)
    assert found["CurrentVersion"] == second["CurrentVersion"]
    assert json.loads(found["Policy"])["Statement"][0]["Principal"] == {"AWS": [principal]}
    kafka.delete_cluster_policy(ClusterArn=arn)
    with pytest.raises(ClientError) as error:
        kafka.delete_cluster_policy(ClusterArn=arn)
    assert code(error) == "NotFoundException"


def test_principal_of_a_deleted_role_shows_as_its_id(kafka: Any, client: Client, cluster: str) -> None:
    principal = role(client)
    name = principal.rsplit("/", 1)[1]
    kafka.put_cluster_policy(ClusterArn=cluster, Policy=policy(cluster, principal))
    iam = client("iam", account="333333333333")
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    iam.delete_role(RoleName=name)
    shown = json.loads(kafka.get_cluster_policy(ClusterArn=cluster)["Policy"])
    assert shown["Statement"][0]["Principal"]["AWS"][0].startswith("AROA")
    iam.create_role(RoleName=name, Path="/apps/", AssumeRolePolicyDocument=json.dumps(trust))
    assert json.loads(kafka.get_cluster_policy(ClusterArn=cluster)["Policy"]) == shown
    kafka.delete_cluster_policy(ClusterArn=cluster)


@pytest.mark.parametrize(
    "change",
    [
        {"Sid": "with-hyphen"},
        {"Effect": "Maybe"},
        {"Action": ["s3:GetObject"]},
        {"Action": [True]},
        {"Principal": {"AWS": "arn:aws:iam::333333333333:role/Nobody"}},
        {"Principal": {"AWS": "arn:aws:iam::444444444444:root"}},
        {"Principal": {"AWS": "arn:aws:iam::333333333333:role/*"}},
        {"Resource": ["arn:aws:kafka:us-east-1:222222222222:cluster/other/x-1"]},
        {"Condition": {"StringAlmost": {"a": "b"}}},
        {"Unknown": 1},
        {"Action": ["kafka:CreateVpcConnection"]},
    ],
)
def test_policies_that_are_refused(kafka: Any, cluster: str, change: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as error:
        kafka.put_cluster_policy(ClusterArn=cluster, Policy=policy(cluster, "333333333333", **change))
    assert code(error) == "BadRequestException"


def test_policy_is_at_most_20_kilobytes_with_distinct_sids(kafka: Any, cluster: str) -> None:
    long = policy(cluster, "333333333333", Resource=[f"{cluster.replace(':cluster/', ':topic/')}/{'t' * 240}"] * 60)
    assert len(long) > 20 * 1024
    with pytest.raises(ClientError, match="larger than"):
        kafka.put_cluster_policy(ClusterArn=cluster, Policy=long)
    document = json.loads(policy(cluster, "333333333333"))
    document["Statement"] *= 2
    with pytest.raises(ClientError, match="Statement Ids in the policy are not unique"):
        kafka.put_cluster_policy(ClusterArn=cluster, Policy=json.dumps(document))


def test_one_of_many_writers_wins(kafka: Any, client: Client) -> None:
    arn = create(kafka, f"race-{uuid.uuid4().hex[:6]}")
    version = kafka.put_cluster_policy(ClusterArn=arn, Policy=policy(arn, "333333333333"))["CurrentVersion"]
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            kafka.put_cluster_policy(
                ClusterArn=arn, Policy=policy(arn, "333333333333", f"w{number}"), CurrentVersion=version
            )
            outcomes.append("won")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["BadRequestException"] * 7 + ["won"]


def test_topics(kafka: Any, cluster: str) -> None:
    for name in ("sales.orders", "sales.refunds", "stock"):
        kafka.create_topic(ClusterArn=cluster, TopicName=name, PartitionCount=3, ReplicationFactor=3)
    with pytest.raises(ClientError) as error:
        kafka.create_topic(ClusterArn=cluster, TopicName="stock", PartitionCount=3, ReplicationFactor=3)
    assert code(error) == "TopicExistsException"
    with pytest.raises(ClientError) as error:
        kafka.create_topic(ClusterArn=cluster, TopicName="bad name", PartitionCount=3, ReplicationFactor=3)
    assert code(error) == "BadRequestException"
    listed = kafka.list_topics(ClusterArn=cluster, TopicNameFilter="sales.")["Topics"]
    assert [topic["TopicName"] for topic in listed] == ["sales.orders", "sales.refunds"]
    assert listed[0]["TopicArn"] == cluster.replace(":cluster/", ":topic/") + "/sales.orders"
    assert kafka.describe_topic(ClusterArn=cluster, TopicName="stock")["PartitionCount"] == 3
    assert len(kafka.describe_topic_partitions(ClusterArn=cluster, TopicName="stock")["Partitions"]) == 3
    kafka.delete_topic(ClusterArn=cluster, TopicName="stock")
    with pytest.raises(ClientError) as error:
        kafka.describe_topic(ClusterArn=cluster, TopicName="stock")
    assert code(error) == "NotFoundException"


def test_cluster_of_another_account_is_forbidden_to_administrators(client: Client, cluster: str) -> None:
    with pytest.raises(ClientError) as error:
        client("kafka", account="333333333333").describe_cluster_v2(ClusterArn=cluster)
    assert code(error) == "ForbiddenException"


def test_delete(kafka: Any) -> None:
    arn = create(kafka, f"gone-{uuid.uuid4().hex[:6]}")
    assert kafka.delete_cluster(ClusterArn=arn)["State"] == "DELETING"
    with pytest.raises(ClientError) as error:
        kafka.describe_cluster_v2(ClusterArn=arn)
    assert code(error) == "NotFoundException"


def test_new_role_is_unknown_until_it_propagated(
    kafka: Any, client: Client, cluster: str, emulator: EmulatorProcess
) -> None:
    emulator.admin("POST", "settings", {"propagation_ms": 700})
    try:
        document = policy(cluster, role(client))
        with pytest.raises(ClientError, match="Invalid principal"):
            kafka.put_cluster_policy(ClusterArn=cluster, Policy=document)
        deadline = time.monotonic() + 10
        while True:
            try:
                kafka.put_cluster_policy(ClusterArn=cluster, Policy=document)
                break
            except ClientError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        emulator.admin("POST", "settings", {"propagation_ms": 0})
        kafka.delete_cluster_policy(ClusterArn=cluster)


def test_an_update_is_known_as_an_operation(kafka: Any, client: Client) -> None:
    arn = create(kafka, f"operations-{uuid.uuid4().hex[:6]}")
    assert kafka.list_cluster_operations_v2(ClusterArn=arn)["ClusterOperationInfoList"] == []
    connect(kafka, arn)
    version = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    made = kafka.update_broker_count(ClusterArn=arn, CurrentVersion=version, TargetNumberOfBrokerNodes=6)
    operation = made["ClusterOperationArn"]
    assert operation.startswith(arn.replace(":cluster/", ":cluster-operation/") + "/")
    first = kafka.describe_cluster_operation(ClusterOperationArn=operation)["ClusterOperationInfo"]
    assert (first["OperationState"], first["OperationType"]) == ("UPDATE_COMPLETE", "INCREASE_BROKER_COUNT")
    changed = (first["SourceClusterInfo"], first["TargetClusterInfo"])
    assert changed == ({"NumberOfBrokerNodes": 3}, {"NumberOfBrokerNodes": 6})
    second = kafka.describe_cluster_operation_v2(ClusterOperationArn=operation)["ClusterOperationInfo"]
    assert (second["ClusterArn"], second["ClusterType"], second["OperationState"]) == (
        arn,
        "PROVISIONED",
        "UPDATE_COMPLETE",
    )
    assert second["Provisioned"]["TargetClusterInfo"] == {"NumberOfBrokerNodes": 6}
    for listing in (kafka.list_cluster_operations, kafka.list_cluster_operations_v2):
        listed = listing(ClusterArn=arn)["ClusterOperationInfoList"]
        assert [one["OperationType"] for one in listed] == ["INCREASE_BROKER_COUNT", "UPDATE_CONNECTIVITY"]
        page = listing(ClusterArn=arn, MaxResults=1)
        rest = listing(ClusterArn=arn, NextToken=page["NextToken"])["ClusterOperationInfoList"]
        assert [one["OperationType"] for one in rest] == ["UPDATE_CONNECTIVITY"]
    connected = kafka.describe_cluster_operation(ClusterOperationArn=rest[0]["OperationArn"])["ClusterOperationInfo"]
    client_authentication = connected["TargetClusterInfo"]["ConnectivityInfo"]["VpcConnectivity"][
        "ClientAuthentication"
    ]
    assert client_authentication["Sasl"]["Iam"] == {"Enabled": True}
    assert "VpcConnectivity" not in connected["SourceClusterInfo"]["ConnectivityInfo"]


def test_operations_that_are_not_there(kafka: Any, client: Client, cluster: str) -> None:
    operation = cluster.replace(":cluster/", ":cluster-operation/") + "/" + "0" * 32
    for describe in (kafka.describe_cluster_operation, kafka.describe_cluster_operation_v2):
        with pytest.raises(ClientError) as refused:
            describe(ClusterOperationArn=operation)
        assert code(refused) == "NotFoundException"
        with pytest.raises(ClientError) as refused:
            describe(ClusterOperationArn=cluster)
        assert code(refused) == "BadRequestException"
    with pytest.raises(ClientError) as refused:
        client("kafka", account="333333333333").describe_cluster_operation(ClusterOperationArn=operation)
    assert code(refused) == "ForbiddenException"


def test_a_configuration_that_is_gone_is_a_bad_request_which_clients_wait_for(kafka: Any) -> None:
    made = kafka.create_configuration(Name=f"gone-{uuid.uuid4().hex[:8]}", ServerProperties=b"log.retention.hours=1\n")
    kafka.delete_configuration(Arn=made["Arn"])
    with pytest.raises(ClientError) as error:
        kafka.describe_configuration(Arn=made["Arn"])
    assert code(error) == "BadRequestException"
    assert "Configuration ARN does not exist" in str(error.value)


def test_monitoring_and_configuration_of_a_cluster_change(kafka: Any) -> None:
    arn = create(kafka, f"watched-{uuid.uuid4().hex[:8]}")

    def version() -> str:
        return str(kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"])

    kafka.update_monitoring(ClusterArn=arn, CurrentVersion=version(), EnhancedMonitoring="PER_BROKER")
    assert kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["Provisioned"]["EnhancedMonitoring"] == "PER_BROKER"
    made = kafka.create_configuration(Name=f"set-{uuid.uuid4().hex[:8]}", ServerProperties=b"log.retention.hours=1\n")
    chosen = {"Arn": made["Arn"], "Revision": 1}
    told = kafka.update_cluster_configuration(ClusterArn=arn, CurrentVersion=version(), ConfigurationInfo=chosen)
    software = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["Provisioned"]["CurrentBrokerSoftwareInfo"]
    assert (software["ConfigurationArn"], software["ConfigurationRevision"]) == (made["Arn"], 1)
    operation = kafka.describe_cluster_operation(ClusterOperationArn=told["ClusterOperationArn"])[
        "ClusterOperationInfo"
    ]
    assert operation["TargetClusterInfo"]["ConfigurationInfo"] == chosen
    with pytest.raises(ClientError) as error:
        kafka.update_monitoring(ClusterArn=arn, CurrentVersion=version())
    assert code(error) == "BadRequestException"
