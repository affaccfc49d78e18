"""MSK clusters and Kinesis streams of a run."""

from __future__ import annotations

from typing import Any

from contracts.probe import setup
from contracts.scene import Scene

_BROKER = "kafka.t3.small"


def subnets(scene: Scene) -> list[str]:
    """The subnets for clusters, from --option subnets."""
    return [each.strip() for each in scene.options["subnets"].split(",")]


def _create(scene: Scene, stem: str, **kind: Any) -> str:
    made = scene.client("kafka").create_cluster_v2(ClusterName=scene.name(stem), Tags=scene.tags, **kind)
    scene.later("kafka", "delete_cluster", ClusterArn=made["ClusterArn"])
    return str(made["ClusterArn"])


def start_provisioned(scene: Scene) -> str:
    """Ask for a provisioned cluster; its ARN at once."""
    return _create(
        scene,
        "provisioned",
        Provisioned={
            "BrokerNodeGroupInfo": {
                "InstanceType": _BROKER,
                "ClientSubnets": subnets(scene),
                "StorageInfo": {"EbsStorageInfo": {"VolumeSize": 1}},
            },
            "KafkaVersion": "3.6.0",
            "NumberOfBrokerNodes": len(subnets(scene)),
            "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
        },
    )


def _active(scene: Scene, arn: str, minutes: float) -> str:
    client = scene.client("kafka")
    scene.wait(
        "the cluster to be active",
        lambda: client.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["State"] == "ACTIVE",
        minutes * 60,
    )
    return arn


@setup("provisioned MSK cluster", usd=0.60, minutes=35, option="subnets")
def provisioned(scene: Scene) -> str:
    """A small provisioned cluster with IAM access; its ARN."""
    return _active(scene, start_provisioned(scene), 60)


@setup("serverless MSK cluster", usd=1.50, minutes=10, option="subnets")
def serverless(scene: Scene) -> str:
    """A serverless cluster; its ARN."""
    arn = _create(
        scene,
        "serverless",
        Serverless={
            "VpcConfigs": [{"SubnetIds": subnets(scene)}],
            "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
        },
    )
    return _active(scene, arn, 30)


@setup("topic of the provisioned cluster", uses=(provisioned,))
def topic(scene: Scene) -> str:
    """A topic with a retention of its own; its name."""
    scene.client("kafka").create_topic(
        ClusterArn=provisioned(scene),
        TopicName="orders",
        PartitionCount=1,
        ReplicationFactor=2,
        Configs="cmV0ZW50aW9uLm1zPTM2MDAwMDA=",
    )
    return "orders"


@setup("Kinesis stream", usd=0.05, minutes=0.5)
def stream(scene: Scene) -> str:
    """A stream; its ARN."""
    kinesis, name = scene.client("kinesis"), scene.name("stream")
    scene.later("kinesis", "delete_stream", StreamName=name, EnforceConsumerDeletion=True)
    kinesis.create_stream(StreamName=name, ShardCount=1, Tags=scene.tags)

    def look() -> str | None:
        found = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return str(found["StreamARN"]) if found["StreamStatus"] == "ACTIVE" else None

    return scene.wait("the stream to be active", look, 180)
