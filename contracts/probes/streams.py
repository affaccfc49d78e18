"""MSK clusters and Kinesis streams."""

from __future__ import annotations

import base64
import json
from typing import Any

from contracts.probe import by_hand, probe
from contracts.scene import Scene, answer_of, message_of, policy
from contracts.setup.clusters import provisioned, serverless, start_provisioned, stream, topic
from contracts.setup.roles import make_role, settle


@probe("kinesis-no-policy", expects="ResourceNotFoundException", uses=(stream,))
def kinesis_no_policy(scene: Scene) -> Any:
    """What does GetResourcePolicy of a stream without a policy answer?"""
    read = scene.client("kinesis").get_resource_policy
    refused = answer_of(read, ResourceARN=stream(scene))
    return refused if refused != "accepted" else {"Policy": read(ResourceARN=stream(scene)).get("Policy")}


@probe(
    "kinesis-unshareable-actions",
    expects={"kinesis:GetRecords": "accepted", "kinesis:DeleteStream": "InvalidArgumentException"},
    uses=(stream,),
)
def kinesis_unshareable_actions(scene: Scene) -> Any:
    """Is a stream's policy refused that names an action which cannot be shared?"""
    arn, kinesis = stream(scene), scene.client("kinesis")
    answer = {}
    for action in ("kinesis:GetRecords", "kinesis:DeleteStream"):
        principal = {"AWS": f"arn:aws:iam::{scene.account}:root"}
        text = policy({"Sid": "Contracts", "Principal": principal, "Action": action, "Resource": arn})
        answer[action] = answer_of(kinesis.put_resource_policy, ResourceARN=arn, Policy=text)
        if answer[action] == "accepted":
            kinesis.delete_resource_policy(ResourceARN=arn)
    return answer


@probe(
    "kinesis-consumer-arn",
    expects={"ARN without the time": "accepted", "ARN of another": "AccessDeniedException"},
    uses=(stream,),
    minutes=1,
)
def kinesis_consumer_arn(scene: Scene) -> Any:
    """On which ARN is DescribeStreamConsumer by stream and name authorised?"""
    arn, kinesis, name = stream(scene), scene.client("kinesis"), scene.name("consumer")
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name)
    scene.later("kinesis", "deregister_stream_consumer", StreamARN=arn, ConsumerName=name)
    answer = {}
    for words, resource in (("ARN without the time", name), ("ARN of another", "other")):
        document = policy({"Action": "kinesis:DescribeStreamConsumer", "Resource": f"{arn}/consumer/{resource}"})
        role = make_role(scene, "consumer", document)
        settle(scene)
        read = scene.as_role(role, "kinesis").describe_stream_consumer
        answer[words] = answer_of(read, StreamARN=arn, ConsumerName=name)
    return answer


by_hand(
    "kinesis-queue-reader",
    question="Does the reader of a queue that a stream feeds need permissions on the stream or its key?",
    expects="no",
    how="Make a queue of an encrypted stream; call ReceiveQueueRecords as a role that may use nothing but the queue.",
)


def _statement(scene: Scene, resource: str, **more: Any) -> dict[str, Any]:
    principal = {"AWS": f"arn:aws:iam::{scene.account}:root"}
    return {"Sid": "Contracts", "Principal": principal, "Action": "kafka-cluster:Connect", "Resource": resource, **more}


def _put_policy(scene: Scene, arn: str, text: str, **more: Any) -> str:
    kafka = scene.client("kafka")
    answer = answer_of(kafka.put_cluster_policy, ClusterArn=arn, Policy=text, **more)
    if answer == "accepted":
        kafka.delete_cluster_policy(ClusterArn=arn)
    return answer


@probe("msk-serverless-policy", expects="accepted", uses=(serverless,))
def serverless_policy(scene: Scene) -> Any:
    """Does PutClusterPolicy accept a policy for a serverless cluster?"""
    arn = serverless(scene)
    return _put_policy(scene, arn, policy(_statement(scene, arn)))


@probe(
    "msk-policy-size",
    expects={"20 KB of which most is white space": "BadRequestException"},
    uses=(provisioned,),
)
def policy_size(scene: Scene) -> Any:
    """Does MSK count the bytes of a cluster policy before it takes out white space?"""
    arn = provisioned(scene)
    text = policy(_statement(scene, arn)).replace("{", "{" + " " * 10_000, 3)
    return {"20 KB of which most is white space": _put_policy(scene, arn, text)}


@probe("msk-policy-version-without-policy", expects="BadRequestException", uses=(provisioned,))
def policy_version_without_policy(scene: Scene) -> Any:
    """What does PutClusterPolicy with a CurrentVersion answer when there is no policy?"""
    arn = provisioned(scene)
    return _put_policy(scene, arn, policy(_statement(scene, arn)), CurrentVersion="K3AEGXETSR30VB")


@probe("msk-policy-foreign-resource", expects="BadRequestException", uses=(provisioned,))
def policy_foreign_resource(scene: Scene) -> Any:
    """Is a cluster policy refused whose resource is another cluster?"""
    arn = provisioned(scene)
    return _put_policy(scene, arn, policy(_statement(scene, arn.replace(":cluster/", ":cluster/other-"))))


@probe(
    "msk-list-topics-arn",
    expects={"on the cluster": "AccessDeniedException", "on the topic": "AccessDeniedException", "on both": ["orders"]},
    uses=(topic,),
    minutes=1,
)
def list_topics_arn(scene: Scene) -> Any:
    """Against which ARN is ListTopics of the MSK API held, and what does it list?"""
    arn = provisioned(scene)
    topics = f"{arn.replace(':cluster/', ':topic/')}/*"
    topic(scene)
    answer: dict[str, Any] = {}
    for words, resources in (("on the cluster", [arn]), ("on the topic", [topics]), ("on both", [arn, topics])):
        actions = {"Action": ["kafka:ListTopics", "kafka-cluster:DescribeTopic"], "Resource": resources}
        role = make_role(scene, "topics", policy({"Action": "kafka-cluster:Connect", "Resource": arn}, actions))
        settle(scene)
        kafka = scene.as_role(role, "kafka")
        answer[words] = answer_of(kafka.list_topics, ClusterArn=arn)
        if answer[words] == "accepted":
            answer[words] = [found["TopicName"] for found in kafka.list_topics(ClusterArn=arn)["Topics"]]
    return answer


@probe("msk-topic-configs-text", expects="properties", uses=(topic,))
def topic_configs_text(scene: Scene) -> Any:
    """Is Configs of DescribeTopic a text of JSON or of properties?"""
    found = scene.client("kafka").describe_topic(ClusterArn=provisioned(scene), TopicName=topic(scene))
    text = base64.b64decode(found.get("Configs", "")).decode()
    try:
        json.loads(text)
    except ValueError:
        return "properties" if "retention.ms=" in text.replace(" ", "") else "neither"
    return "JSON"


@probe(
    "msk-topic-messages",
    expects={
        "known": "Topic orders already exists.",
        "missing": "Topic contracts-missing does not exist.",
        "fewer partitions": "The number of partitions can only grow.",
    },
    uses=(topic,),
)
def topic_messages(scene: Scene) -> Any:
    """In which words does the topic API refuse?"""
    arn, kafka, name = provisioned(scene), scene.client("kafka"), topic(scene)
    more = {"PartitionCount": 1, "ReplicationFactor": 1}
    kafka.update_topic(ClusterArn=arn, TopicName=name, PartitionCount=2)
    return {
        "known": message_of(kafka.create_topic, ClusterArn=arn, TopicName=name, **more),
        "missing": message_of(kafka.describe_topic, ClusterArn=arn, TopicName="contracts-missing"),
        "fewer partitions": message_of(kafka.update_topic, ClusterArn=arn, TopicName=name, PartitionCount=1),
    }


@probe("msk-brokers-while-creating", expects="ConflictException", uses=(provisioned,), usd=0.6, minutes=35)
def brokers_while_creating(scene: Scene) -> Any:
    """What does GetBootstrapBrokers answer for a cluster that is being created?"""
    return answer_of(scene.client("kafka").get_bootstrap_brokers, ClusterArn=start_provisioned(scene))


@probe(
    "msk-operation-types",
    expects={"UpdateBrokerStorage": "UPDATE_BROKER_STORAGE"},
    uses=(provisioned,),
    minutes=20,
)
def operation_types(scene: Scene) -> Any:
    """Under which type does an operation appear?"""
    arn, kafka = provisioned(scene), scene.client("kafka")
    version = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    volume = {"KafkaBrokerNodeId": "All", "VolumeSizeGB": 2}
    made = kafka.update_broker_storage(ClusterArn=arn, CurrentVersion=version, TargetBrokerEBSVolumeInfo=[volume])
    found = kafka.describe_cluster_operation_v2(ClusterOperationArn=made["ClusterOperationArn"])["ClusterOperationInfo"]
    scene.wait(
        "the cluster to be active again",
        lambda: kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["State"] == "ACTIVE",
        3600,
    )
    return {"UpdateBrokerStorage": found["OperationType"]}


@probe(
    "msk-vpc-connection-actions",
    expects={"CreateVpcConnection alone": "AccessDeniedException"},
    uses=(provisioned,),
    minutes=1,
)
def vpc_connection_actions(scene: Scene) -> Any:
    """Which EC2 actions does CreateVpcConnection check?"""
    arn = provisioned(scene)
    subnets = scene.options["subnets"].split(",")
    role = make_role(scene, "connecting", policy({"Action": "kafka:*", "Resource": "*"}))
    settle(scene)
    return {
        "CreateVpcConnection alone": answer_of(
            scene.as_role(role, "kafka").create_vpc_connection,
            TargetClusterArn=arn,
            Authentication="SASL_IAM",
            VpcId=scene.options.get("vpc", "vpc-00000000"),
            ClientSubnets=subnets,
            SecurityGroups=["sg-00000000"],
            Tags=scene.tags,
        )
    }


@probe("msk-default-page", expects=10)
def msk_default_page(scene: Scene) -> Any:
    """How many configurations does a page hold without MaxResults?"""
    kafka = scene.client("kafka")
    for _ in range(12):
        made = kafka.create_configuration(
            Name=scene.name("page"), ServerProperties=b"auto.create.topics.enable=false\n"
        )
        scene.later("kafka", "delete_configuration", Arn=made["Arn"])
    return len(kafka.list_configurations()["Configurations"])


@probe(
    "msk-kafka-versions",
    expects=["2.8.1", "3.4.0", "3.5.1", "3.6.0", "3.7.x", "3.8.x", "3.9.x", "4.0.x.kraft", "4.1.x.kraft"],
)
def kafka_versions(scene: Scene) -> Any:
    """Which versions of Kafka does MSK offer?"""
    pages = scene.client("kafka").get_paginator("list_kafka_versions").paginate()
    return sorted(found["Version"] for page in pages for found in page["KafkaVersions"])


@probe(
    "msk-client-authentication",
    expects={"Sasl": ["Iam", "Scram"], "Unauthenticated": ["Enabled"]},
    uses=(provisioned,),
)
def client_authentication(scene: Scene) -> Any:
    """Which ways to authenticate does MSK show of a cluster that was made with IAM alone?"""
    described = scene.client("kafka").describe_cluster_v2(ClusterArn=provisioned(scene))["ClusterInfo"]["Provisioned"]
    return {name: sorted(found) for name, found in sorted(described["ClientAuthentication"].items())}


@probe(
    "cloudtrail-policy-text",
    expects={"PutResourcePolicy": "in full", "PutClusterPolicy": "in full"},
    uses=(stream, serverless),
    minutes=15,
)
def policy_text(scene: Scene) -> Any:
    """Does CloudTrail's event history hold the text of a policy that was written?"""
    arn, cluster = stream(scene), serverless(scene)
    principal = {"AWS": f"arn:aws:iam::{scene.account}:root"}
    of_stream = policy({"Sid": "Recorded", "Principal": principal, "Action": "kinesis:GetRecords", "Resource": arn})
    of_cluster = policy(_statement(scene, cluster, Sid="Recorded"))
    scene.client("kinesis").put_resource_policy(ResourceARN=arn, Policy=of_stream)
    scene.client("kinesis").delete_resource_policy(ResourceARN=arn)
    _put_policy(scene, cluster, of_cluster)
    return {
        "PutResourcePolicy": _recorded(scene, "PutResourcePolicy", arn, of_stream),
        "PutClusterPolicy": _recorded(scene, "PutClusterPolicy", cluster, of_cluster),
    }


def _recorded(scene: Scene, call: str, arn: str, text: str) -> str:
    lookup = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": call}], "MaxResults": 50}

    def look() -> dict[str, Any] | None:
        events = [json.loads(item["CloudTrailEvent"]) for item in trail.lookup_events(**lookup)["Events"]]
        requests = [event.get("requestParameters") or {} for event in events]
        # Newest first: the policy of this probe is the last that the run wrote there.
        return next((found for found in requests if arn in found.values()), None)

    trail = scene.client("cloudtrail")
    found = scene.wait(f"the call {call} in the event history", look, 900).get("policy")
    return "in full" if found == text else "not at all" if found is None else "changed"
