"""Each kind of look against the emulator: what is there says nothing, what is not says what and where to look."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from streamgov_core.deploy.iam_statements import function_trust
from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import reference_kinds as kinds
from streamgov_pulumi.providers import session
from streamgov_pulumi.providers.reference_kinds import Question
from streamgov_pulumi.providers.session import SessionSettings
from tests.provider.conftest import DomainObjects, objects
from tests.sandbox import DOMAIN, PRODUCER, Client, EmulatorProcess, client, emulator

__all__ = ["client", "emulator", "objects"]
pytestmark = pytest.mark.emulator
REGION = "us-east-1"
Look = Callable[[Any, str], str]


@pytest.fixture
def look(emulator: EmulatorProcess, objects: DomainObjects, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Look in the producer's account; for what is in the domain, in the domain's."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setattr(session, "_CLIENTS", {})

    def asked(kind: Any, value: str) -> str:
        in_domain = (kinds.domain, kinds.own_domain, kinds.project, kinds.domain_unit)
        account = DOMAIN if kind in in_domain else PRODUCER
        settings = SessionSettings(REGION, f"arn:aws:iam::{account}:role/Admin")
        domain = value if kind in (kinds.domain, kinds.own_domain) else objects.domain
        return str(kind(lambda service: session.client(service, settings), Question(kind, value, domain)))

    return asked


def test_what_is_in_the_domain(look: Look, client: Client, objects: DomainObjects) -> None:
    unit = client("datazone").get_domain(identifier=objects.domain)["rootDomainUnitId"]
    for kind, there, what in (
        (kinds.domain, objects.domain, "DataZone does not show the domain"),
        (kinds.own_domain, objects.domain, "the account has no domain dzd-nowhere000000 in this region"),
        (kinds.project, objects.producer, "has no project of that id (aws datazone list-projects"),
        (kinds.domain_unit, unit, "has no domain unit of that id (aws datazone get-domain"),
    ):
        assert look(kind, there) == ""
        assert what in look(kind, "dzd-nowhere000000" if kind in (kinds.domain, kinds.own_domain) else "nowhere")


def test_an_account_without_association_is_told_of_both_readings(
    look: Look, client: Client, objects: DomainObjects, emulator: EmulatorProcess
) -> None:
    settings = SessionSettings(REGION, f"arn:aws:iam::{PRODUCER}:role/Admin")

    def foreign(kind: Any) -> str:
        question = Question(kind, objects.producer, objects.domain)
        return str(kind(lambda service: session.client(service, settings), question))

    told = foreign(kinds.domain)
    assert "set streamgov:region to that one" in told
    assert "not associated with it yet" in told
    # What is in a domain that is not seen proves nothing.
    with pytest.raises(RemoteError, match="GetProject failed with AccessDenied"):
        foreign(kinds.project)
    elsewhere = SessionSettings("eu-west-1", f"arn:aws:iam::{DOMAIN}:role/Admin")
    question = Question(kinds.domain, objects.domain, objects.domain)
    assert "another region" in kinds.domain(lambda service: session.client(service, elsewhere), question)


def test_roles_and_policies(look: Look, client: Client, objects: DomainObjects) -> None:
    name = f"look-{objects.domain[-6:]}"
    iam = client("iam", PRODUCER)
    trust = json.dumps(function_trust())
    arn = iam.create_role(RoleName=name, Path="/streaming/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert look(kinds.role, arn) == ""
    assert look(kinds.role, arn.replace(name, "no-job")).startswith(
        "there is no role streaming/no-job (aws iam get-role"
    )
    pathless = arn.replace("/streaming/", "/")
    assert look(kinds.role, pathless) == f"the role of that name is {arn}: the path belongs to the ARN"
    for wrong in (arn.replace(name, "no-job"), pathless):
        assert look(kinds.consumer, wrong) == look(kinds.role, wrong)
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = iam.create_policy(PolicyName=name, Path="/corp/", PolicyDocument=document)["Policy"]["Arn"]
    assert look(kinds.policy, policy) == ""
    assert look(kinds.policy, f"{policy}-x") == f"there is no policy {policy}-x (aws iam list-policies --scope Local)"


def test_the_boundary_of_a_consumers_role(
    look: Look, client: Client, objects: DomainObjects, emulator: EmulatorProcess
) -> None:
    """What GetRole answers of it; the sentences are the unit tests'."""
    name = f"bounded-{objects.domain[-6:]}"
    iam = client("iam", PRODUCER)
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(function_trust()))["Role"]["Arn"]
    settings = SessionSettings(REGION, f"arn:aws:iam::{PRODUCER}:role/Admin")

    def asked(delivery: str, carried: str | None = None) -> str:
        question = Question(kinds.consumer, arn, boundary=boundary, delivery=delivery, carried=carried)
        return kinds.consumer(lambda service: session.client(service, settings), question)

    assert "carries no permissions boundary" in asked("auto") and isinstance(asked("auto"), kinds.Note)
    assert "each grant to it is refused" in asked("direct") and not isinstance(asked("direct"), kinds.Note)
    assert asked("direct", carried=boundary) == "", "the program is about to give it"
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    assert asked("auto") == asked("direct") == ""
    assert "carries no permissions boundary" in asked("direct", carried=""), "the program is about to take it"


def test_clusters_streams_and_registries(look: Look, client: Client, objects: DomainObjects) -> None:
    name = f"look-{objects.domain[-6:]}"
    kafka, kinesis = client("kafka", PRODUCER), client("kinesis", PRODUCER)
    subnets = [item["SubnetId"] for item in client("ec2", PRODUCER).describe_subnets()["Subnets"]][:2]
    cluster = kafka.create_cluster_v2(
        ClusterName=f"{name}-cluster",
        Provisioned={
            "BrokerNodeGroupInfo": {"ClientSubnets": subnets, "InstanceType": "kafka.m5.large"},
            "KafkaVersion": "3.6.0",
            "NumberOfBrokerNodes": 2,
        },
    )["ClusterArn"]
    assert look(kinds.cluster, f"{name}-cluster") == look(kinds.cluster, cluster) == ""
    # The API's filter is a prefix.
    assert look(kinds.cluster, "look") == "there is no MSK cluster 'look' (aws kafka list-clusters-v2)"
    gone = cluster.replace(f"{name}-cluster", "other")
    assert look(kinds.cluster, gone) == f"there is no MSK cluster {gone!r} (aws kafka list-clusters-v2)"
    kinesis.create_stream(StreamName=f"{name}-a", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=f"{name}-a")["StreamDescriptionSummary"]["StreamARN"]
    for there in (f"{name}-a", f"{name}-*", arn, f"{arn[:-1]}*"):
        assert look(kinds.stream, there) == ""
    for nowhere in (f"{name}-b", "other-*"):
        assert look(kinds.stream, nowhere) == f"there is no Kinesis stream {nowhere!r} (aws kinesis list-streams)"
    client("glue", PRODUCER).create_registry(RegistryName=f"{name}-registry")
    assert look(kinds.registry, f"{name}-registry") == ""
    assert look(kinds.registry, "look") == "there is no schema registry 'look' (aws glue list-registries)"


def test_topics_and_trails(look: Look, client: Client, objects: DomainObjects) -> None:
    name = f"look-{objects.domain[-6:]}"
    topic = client("sns", PRODUCER).create_topic(Name="look")["TopicArn"]
    assert look(kinds.topic, topic) == ""
    assert look(kinds.topic, f"{topic}-x") == f"there is no topic {topic}-x: alarms would notify nobody"
    client("s3", PRODUCER).create_bucket(Bucket=name)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("s3", PRODUCER).put_bucket_policy(Bucket=name, Policy=policy)
    cloudtrail = client("cloudtrail", PRODUCER)
    trail = cloudtrail.create_trail(Name=name, S3BucketName=name)["TrailARN"]
    assert look(kinds.trail, trail) == f"trail {trail} is switched off: it tells of no schema change"
    cloudtrail.start_logging(Name=trail)
    assert look(kinds.trail, trail) == ""
    assert look(kinds.trail, f"{trail}-x").startswith(f"there is no trail {trail}-x (aws cloudtrail describe-trails)")
    cloudtrail.delete_trail(Name=trail)
