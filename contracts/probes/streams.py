"""MSK clusters and Kinesis streams."""

from __future__ import annotations

import base64
import json
from typing import Any

from contracts.probe import by_hand, probe
from contracts.probe_run import ProbeRun, answer_of, message_of, policy
from contracts.setup.clusters import provisioned, serverless, start_provisioned, stream, topic
from contracts.setup.roles import make_role, settle


@probe("kinesis-no-policy", expects="ResourceNotFoundException", uses=(stream,))
def kinesis_no_policy(probe_run: ProbeRun) -> Any:
    """What does GetResourcePolicy of a stream without a policy answer?"""
    read = probe_run.client("kinesis").get_resource_policy
    refused = answer_of(read, ResourceARN=stream(probe_run))
    return refused if refused != "accepted" else {"Policy": read(ResourceARN=stream(probe_run)).get("Policy")}


@probe(
    "kinesis-unshareable-actions",
    expects={"kinesis:GetRecords": "accepted", "kinesis:DeleteStream": "InvalidArgumentException"},
    uses=(stream,),
)
def kinesis_unshareable_actions(probe_run: ProbeRun) -> Any:
    """Is a stream's policy refused that names an action which cannot be shared?"""
    arn, kinesis = stream(probe_run), probe_run.client("kinesis")
    answer = {}
    for action in ("kinesis:GetRecords", "kinesis:DeleteStream"):
        principal = {"AWS": f"arn:aws:iam::{probe_run.account}:root"}
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
def kinesis_consumer_arn(probe_run: ProbeRun) -> Any:
    """On which ARN is DescribeStreamConsumer by stream and name authorised?"""
    arn, kinesis, name = stream(probe_run), probe_run.client("kinesis"), probe_run.name("consumer")
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name)
    probe_run.later("kinesis", "deregister_stream_consumer", StreamARN=arn, ConsumerName=name)
    answer = {}
    for words, resource in (("ARN without the time", name), ("ARN of another", "other")):
        document = policy({"Action": "kinesis:DescribeStreamConsumer", "Resource": f"{arn}/consumer/{resource}"})
        role = make_role(probe_run, "consumer", document)
        settle(probe_run)
        read = probe_run.as_role(role, "kinesis").describe_stream_consumer
        answer[words] = answer_of(read, StreamARN=arn, ConsumerName=name)
    return answer


by_hand(
    "kinesis-queue-reader",
    question="Does the reader of a queue that a stream feeds need permissions on the stream or its key?",
    expects="no",
    how="Make a queue of an encrypted stream; call ReceiveQueueRecords as a role that may use nothing but the queue.",
)


def _statement(probe_run: ProbeRun, resource: str, **more: Any) -> dict[str, Any]:
    principal = {"AWS": f"arn:aws:iam::{probe_run.account}:root"}
    return {"Sid": "Contracts", "Principal": principal, "Action": "kafka-cluster:Connect", "Resource": resource, **more}


def _put_policy(probe_run: ProbeRun, arn: str, text: str, **more: Any) -> str:
    kafka = probe_run.client("kafka")
    answer = answer_of(kafka.put_cluster_policy, ClusterArn=arn, Policy=text, **more)
    if answer == "accepted":
        kafka.delete_cluster_policy(ClusterArn=arn)
    return answer


@probe("msk-serverless-policy", expects="accepted", uses=(serverless,))
def serverless_policy(probe_run: ProbeRun) -> Any:
    """Does PutClusterPolicy accept a policy for a serverless cluster?"""
    arn = serverless(probe_run)
    return _put_policy(probe_run, arn, policy(_statement(probe_run, arn)))


@probe(
    "msk-policy-size",
    expects={"20 KB of which most is white space": "BadRequestException"},
    uses=(provisioned,),
)
def policy_size(probe_run: ProbeRun) -> Any:
    """Does MSK count the bytes of a cluster policy before it takes out white space?"""
    arn = provisioned(probe_run)
    text = policy(_statement(probe_run, arn)).replace("{", "{" + " " * 10_000, 3)
    return {"20 KB of which most is white space": _put_policy(probe_run, arn, text)}


@probe("msk-policy-version-without-policy", expects="BadRequestException", uses=(provisioned,))
def policy_version_without_policy(probe_run: ProbeRun) -> Any:
    """What does PutClusterPolicy with a CurrentVersion answer when there is no policy?"""
    arn = provisioned(probe_run)
    return _put_policy(probe_run, arn, policy(_statement(probe_run, arn)), CurrentVersion="K3AEGXETSR30VB")


@probe("msk-policy-foreign-resource", expects="BadRequestException", uses=(provisioned,))
def policy_foreign_resource(probe_run: ProbeRun) -> Any:
    """Is a cluster policy refused whose resource is another cluster?"""
    arn = provisioned(probe_run)
    return _put_policy(probe_run, arn, policy(_statement(probe_run, arn.replace(":cluster/", ":cluster/other-"))))


@probe(
    "msk-list-topics-arn",
    expects={"on the cluster": "AccessDeniedException", "on the topic": "AccessDeniedException", "on both": ["orders"]},
    uses=(topic,),
    minutes=1,
)
def list_topics_arn(probe_run: ProbeRun) -> Any:
    """Against which ARN is ListTopics of the MSK API held, and what does it list?"""
    arn = provisioned(probe_run)
    topics = f"{arn.replace(':cluster/', ':topic/')}/*"
    topic(probe_run)
    answer: dict[str, Any] = {}
    for words, resources in (("on the cluster", [arn]), ("on the topic", [topics]), ("on both", [arn, topics])):
        actions = {"Action": ["kafka:ListTopics", "kafka-cluster:DescribeTopic"], "Resource": resources}
        role = make_role(probe_run, "topics", policy({"Action": "kafka-cluster:Connect", "Resource": arn}, actions))
        settle(probe_run)
        kafka = probe_run.as_role(role, "kafka")
        answer[words] = answer_of(kafka.list_topics, ClusterArn=arn)
        if answer[words] == "accepted":
            answer[words] = [found["TopicName"] for found in kafka.list_topics(ClusterArn=arn)["Topics"]]
    return answer


@probe("msk-topic-configs-text", expects="properties", uses=(topic,))
def topic_configs_text(probe_run: ProbeRun) -> Any:
    """Is Configs of DescribeTopic a text of JSON or of properties?"""
    found = probe_run.client("kafka").describe_topic(ClusterArn=provisioned(probe_run), TopicName=topic(probe_run))
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
def topic_messages(probe_run: ProbeRun) -> Any:
    """In which words does the topic API refuse?"""
    arn, kafka, name = provisioned(probe_run), probe_run.client("kafka"), topic(probe_run)
    more = {"PartitionCount": 1, "ReplicationFactor": 1}
    kafka.update_topic(ClusterArn=arn, TopicName=name, PartitionCount=2)
    return {
        "known": message_of(kafka.create_topic, ClusterArn=arn, TopicName=name, **more),
        "missing": message_of(kafka.describe_topic, ClusterArn=arn, TopicName="contracts-missing"),
        "fewer partitions": message_of(kafka.update_topic, ClusterArn=arn, TopicName=name, PartitionCount=1),
    }


@probe("msk-brokers-while-creating", expects="ConflictException", uses=(provisioned,), usd=0.6, minutes=35)
def brokers_while_creating(probe_run: ProbeRun) -> Any:
    """What does GetBootstrapBrokers answer for a cluster that is being created?"""
    return answer_of(probe_run.client("kafka").get_bootstrap_brokers, ClusterArn=start_provisioned(probe_run))


@probe(
    "msk-operation-types",
    expects={"UpdateBrokerStorage": "UPDATE_BROKER_STORAGE"},
    uses=(provisioned,),
    minutes=20,
)
def operation_types(probe_run: ProbeRun) -> Any:
    """Under which type does an operation appear?"""
    arn, kafka = provisioned(probe_run), probe_run.client("kafka")
    version = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    volume = {"KafkaBrokerNodeId": "All", "VolumeSizeGB": 2}
    made = kafka.update_broker_storage(ClusterArn=arn, CurrentVersion=version, TargetBrokerEBSVolumeInfo=[volume])
    found = kafka.describe_cluster_operation_v2(ClusterOperationArn=made["ClusterOperationArn"])["ClusterOperationInfo"]
    probe_run.wait(
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
def vpc_connection_actions(probe_run: ProbeRun) -> Any:
    """Which EC2 actions does CreateVpcConnection check?"""
    arn = provisioned(probe_run)
    subnets = probe_run.options["subnets"].split(",")
    role = make_role(probe_run, "connecting", policy({"Action": "kafka:*", "Resource": "*"}))
    settle(probe_run)
    return {
        "CreateVpcConnection alone": answer_of(
            probe_run.as_role(role, "kafka").create_vpc_connection,
            TargetClusterArn=arn,
            Authentication="SASL_IAM",
            VpcId=probe_run.options.get("vpc", "vpc-00000000"),
            ClientSubnets=subnets,
            SecurityGroups=["sg-00000000"],
            Tags=probe_run.tags,
        )
    }


@probe("msk-default-page", expects=10)
def msk_default_page(probe_run: ProbeRun) -> Any:
    """How many configurations does a page hold without MaxResults?"""
    kafka = probe_run.client("kafka")
    for _ in range(12):
        made = kafka.create_configuration(
            Name=probe_run.name("page"), ServerProperties=b"auto.create.topics.enable=false\n"
        )
        probe_run.later("kafka", "delete_configuration", Arn=made["Arn"])
    return len(kafka.list_configurations()["Configurations"])


@probe(
    "msk-kafka-versions",
    expects=["2.8.1", "3.4.0", "3.5.1", "3.6.0", "3.7.x", "3.8.x", "3.9.x", "4.0.x.kraft", "4.1.x.kraft"],
)
def kafka_versions(probe_run: ProbeRun) -> Any:
    """Which versions of Kafka does MSK offer?"""
    pages = probe_run.client("kafka").get_paginator("list_kafka_versions").paginate()
    return sorted(found["Version"] for page in pages for found in page["KafkaVersions"])


@probe(
    "msk-client-authentication",
    expects={"Sasl": ["Iam", "Scram"], "Unauthenticated": ["Enabled"]},
    uses=(provisioned,),
)
def client_authentication(probe_run: ProbeRun) -> Any:
    """Which ways to authenticate does MSK show of a cluster that was made with IAM alone?"""
    described = probe_run.client("kafka").describe_cluster_v2(ClusterArn=provisioned(probe_run))["ClusterInfo"][
        "Provisioned"
    ]
    return {name: sorted(found) for name, found in sorted(described["ClientAuthentication"].items())}


@probe(
    "cloudtrail-policy-text",
    expects={"PutResourcePolicy": "in full", "PutClusterPolicy": "in full"},
    uses=(stream, serverless),
    minutes=15,
)
def policy_text(probe_run: ProbeRun) -> Any:
    """Does CloudTrail's event history hold the text of a policy that was written?"""
    arn, cluster = stream(probe_run), serverless(probe_run)
    principal = {"AWS": f"arn:aws:iam::{probe_run.account}:root"}
    of_stream = policy({"Sid": "Recorded", "Principal": principal, "Action": "kinesis:GetRecords", "Resource": arn})
    of_cluster = policy(_statement(probe_run, cluster, Sid="Recorded"))
    probe_run.client("kinesis").put_resource_policy(ResourceARN=arn, Policy=of_stream)
    probe_run.client("kinesis").delete_resource_policy(ResourceARN=arn)
    _put_policy(probe_run, cluster, of_cluster)
    return {
        "PutResourcePolicy": _recorded(probe_run, "PutResourcePolicy", arn, of_stream),
        "PutClusterPolicy": _recorded(probe_run, "PutClusterPolicy", cluster, of_cluster),
    }


def _recorded(probe_run: ProbeRun, call: str, arn: str, text: str) -> str:
    lookup = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": call}], "MaxResults": 50}

    def look() -> dict[str, Any] | None:
        events = [json.loads(item["CloudTrailEvent"]) for item in trail.lookup_events(**lookup)["Events"]]
        requests = [event.get("requestParameters") or {} for event in events]
        # Newest first: the policy of this probe is the last that the run wrote there.
        return next((found for found in requests if arn in found.values()), None)

    trail = probe_run.client("cloudtrail")
    found = probe_run.wait(f"the call {call} in the event history", look, 900).get("policy")
    return "in full" if found == text else "not at all" if found is None else "changed"
