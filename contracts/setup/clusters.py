"""MSK clusters and Kinesis streams of a run."""

from __future__ import annotations

from typing import Any

from contracts.probe import setup
from contracts.probe_run import ProbeRun

_BROKER = "kafka.t3.small"


def subnets(probe_run: ProbeRun) -> list[str]:
    """The subnets for clusters, from --option subnets."""
    return [each.strip() for each in probe_run.options["subnets"].split(",")]


def _create(probe_run: ProbeRun, stem: str, **kind: Any) -> str:
    made = probe_run.client("kafka").create_cluster_v2(ClusterName=probe_run.name(stem), Tags=probe_run.tags, **kind)
    probe_run.later("kafka", "delete_cluster", ClusterArn=made["ClusterArn"])
    return str(made["ClusterArn"])


def start_provisioned(probe_run: ProbeRun) -> str:
    """Ask for a provisioned cluster; its ARN at once."""
    return _create(
        probe_run,
        "provisioned",
        Provisioned={
            "BrokerNodeGroupInfo": {
                "InstanceType": _BROKER,
                "ClientSubnets": subnets(probe_run),
                "StorageInfo": {"EbsStorageInfo": {"VolumeSize": 1}},
            },
            "KafkaVersion": "3.6.0",
            "NumberOfBrokerNodes": len(subnets(probe_run)),
            "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
        },
    )


def _active(probe_run: ProbeRun, arn: str, minutes: float) -> str:
    client = probe_run.client("kafka")
    probe_run.wait(
        "the cluster to be active",
        lambda: client.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["State"] == "ACTIVE",
        minutes * 60,
    )
    return arn


@setup("provisioned MSK cluster", usd=0.60, minutes=35, option="subnets")
def provisioned(probe_run: ProbeRun) -> str:
    """A small provisioned cluster with IAM access; its ARN."""
    return _active(probe_run, start_provisioned(probe_run), 60)


@setup("serverless MSK cluster", usd=1.50, minutes=10, option="subnets")
def serverless(probe_run: ProbeRun) -> str:
    """A serverless cluster; its ARN."""
    arn = _create(
        probe_run,
        "serverless",
        Serverless={
            "VpcConfigs": [{"SubnetIds": subnets(probe_run)}],
            "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
        },
    )
    return _active(probe_run, arn, 30)


@setup("topic of the provisioned cluster", uses=(provisioned,))
def topic(probe_run: ProbeRun) -> str:
    """A topic with a retention of its own; its name."""
    probe_run.client("kafka").create_topic(
        ClusterArn=provisioned(probe_run),
        TopicName="orders",
        PartitionCount=1,
        ReplicationFactor=2,
        Configs="cmV0ZW50aW9uLm1zPTM2MDAwMDA=",
    )
    return "orders"


@setup("Kinesis stream", usd=0.05, minutes=0.5)
def stream(probe_run: ProbeRun) -> str:
    """A stream; its ARN."""
    kinesis, name = probe_run.client("kinesis"), probe_run.name("stream")
    probe_run.later("kinesis", "delete_stream", StreamName=name, EnforceConsumerDeletion=True)
    kinesis.create_stream(StreamName=name, ShardCount=1, Tags=probe_run.tags)

    def look() -> str | None:
        found = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return str(found["StreamARN"]) if found["StreamStatus"] == "ACTIVE" else None

    return probe_run.wait("the stream to be active", look, 180)
