"""The whole loop on a V2 domain: roles under AWS's boundary, which denies every stream, read through access roles."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from streamgov_pulumi.providers.designation import ensure
from tests.integration.access.conftest import NAMES
from tests.integration.access.studio import Studio, StudioStream, studio
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with studio(tmp_path_factory.mktemp("emulator")) as made:
        yield made


def access_roles(domain: Studio) -> list[str]:
    path = f"{NAMES.iam_path}access/"
    return [role["Arn"] for role in domain.client("iam", PRODUCER).list_roles(PathPrefix=path)["Roles"]]


def told_to_assume(domain: Studio) -> list[str]:
    """What the project was told in its account's Parameter Store, as a person there reads it."""
    path = NAMES.connection_path(domain.projects[CONSUMER])
    found = domain.client("ssm", CONSUMER).get_parameters_by_path(Path=path, Recursive=True)["Parameters"]
    return [json.loads(item["Value"])["awsRoleArn"] for item in found]


@pytest.mark.parametrize("key", ["plain", "customer key", "managed key"])
def test_a_stream_is_read_through_the_access_role_while_granted(domain: Studio, key: str) -> None:
    stream = StudioStream(domain, encrypted=key == "customer key", managed_key=key == "managed key")
    stream.kinesis.put_record(StreamARN=stream.arn, Data=b"one", PartitionKey="k")
    assert domain.project_role().endswith(
        f"datazone_usr_role_{domain.projects[CONSUMER]}_{domain.environments[CONSUMER]}"
    )
    reading = {"StreamARN": stream.arn}
    assert stream.refused(lambda: stream.directly().list_shards(**reading)) == "AccessDeniedException"
    grant = stream.grant()
    assert stream.refused(lambda: stream.directly().list_shards(**reading)) == "AccessDeniedException"
    assert stream.read() == [b"one"]
    assert told_to_assume(domain) == [stream.access_role()]
    assert not stream.has_policy()
    assert stream.denied(lambda: stream.as_consumer().put_record(StreamARN=stream.arn, Data=b"x", PartitionKey="k"))
    [role] = access_roles(domain)
    client = stream.as_consumer()
    stream.revoke(grant)
    assert stream.refused(lambda: client.list_shards(**reading)) in (
        "AccessDeniedException",
        "UnrecognizedClientException",
    )
    assert stream.refused(lambda: stream.as_consumer(role)) == "AccessDenied"
    assert access_roles(domain) == []
    assert told_to_assume(domain) == []


def test_a_chain_of_more_than_an_hour_is_refused_and_told(domain: Studio) -> None:
    stream = StudioStream(domain)
    name = domain.project_role().rsplit("/", 1)[1]
    domain.client("iam", CONSUMER).update_role(RoleName=name, MaxSessionDuration=43_200)
    grant = stream.grant()
    warnings = stream.outcome()["warnings"]
    assert any("may last 43200 s" in text and "ends after 3600 s" in text for text in warnings), warnings
    sts = stream.session().client("sts", endpoint_url=domain.emulator.endpoint)
    with pytest.raises(ClientError, match="1 hour session limit for roles assumed by role chaining"):
        sts.assume_role(RoleArn=stream.access_role(), RoleSessionName="long", DurationSeconds=7200)
    stream.read()
    stream.revoke(grant)
    domain.client("iam", CONSUMER).update_role(RoleName=name, MaxSessionDuration=3600)


def test_the_person_stands_in_the_call_log(domain: Studio) -> None:
    stream = StudioStream(domain)
    grant = stream.grant()
    stream.read()
    calls = domain.emulator.admin("GET", "calls?detail=1")["calls"]
    reads = [call for call in calls if call["service"] == "kinesis" and "/access/" in call["caller"]]
    assert reads and all(call["source_identity"] for call in reads)
    stream.revoke(grant)


def test_fan_out_and_writing(domain: Studio) -> None:
    stream = StudioStream(domain, form={"access": "WRITE"})
    grant = stream.grant()
    stream.as_consumer().put_record(StreamARN=stream.arn, Data=b"two", PartitionKey="k")
    assert stream.denied(stream.read)
    stream.revoke(grant)
    fan_out = StudioStream(domain, form={"consumption": "FAN_OUT"})
    grant = fan_out.grant()
    consumers = fan_out.kinesis.list_stream_consumers(StreamARN=fan_out.arn)["Consumers"]
    described = fan_out.as_consumer().describe_stream_consumer(ConsumerARN=consumers[0]["ConsumerARN"])
    assert described["ConsumerDescription"]["StreamARN"] == fan_out.arn
    fan_out.revoke(grant)
    assert fan_out.kinesis.list_stream_consumers(StreamARN=fan_out.arn)["Consumers"] == []


def test_a_topic_is_read_by_nobody_of_the_cluster_policy(domain: Studio) -> None:
    _, listing = domain.make_asset("orders", schema=True)
    domain.subscribe(listing)
    target = domain.make_target([domain.project_role()])
    grant = domain.grant(listing, target)
    assert domain.settled(grant)["status"] == "GRANTED"
    [role] = access_roles(domain)
    topic = domain.cluster.replace(":cluster/", ":topic/") + "/orders"
    assert domain.may(role, "kafka-cluster:ReadData", topic)
    assert domain.may(role, "glue:GetSchemaVersion", "*")
    assert not domain.may(role, "kafka-cluster:WriteData", topic)
    assert not domain.may(domain.project_role(), "kafka-cluster:ReadData", topic)
    kafka = domain.client("kafka", PRODUCER)
    with pytest.raises(kafka.exceptions.NotFoundException):
        kafka.get_cluster_policy(ClusterArn=domain.cluster)
    # The reconciler finds nothing to mend, and makes a role that somebody deleted again.
    result = domain.reconcile(dryRun=True)
    assert result["findings"] == [], result
    iam, name = domain.client("iam", PRODUCER), role.rsplit("/", 1)[1]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
    domain.reconcile(dryRun=False)
    assert domain.may(role, "kafka-cluster:ReadData", topic)
    domain.revoke(grant)
    assert domain.settled(grant)["status"] == "REVOKED"
    assert access_roles(domain) == []


def test_within_one_account_too(domain: Studio) -> None:
    stream = StudioStream(domain, account=PRODUCER)
    stream.kinesis.put_record(StreamARN=stream.arn, Data=b"here", PartitionKey="k")
    grant = stream.grant()
    assert stream.read() == [b"here"]
    stream.revoke(grant)
    assert access_roles(domain) == []


def test_a_role_that_cannot_assume_is_refused_before_anything_is_written(domain: Studio) -> None:
    stream = StudioStream(domain)
    role = domain.make_role(CONSUMER, bounded=False)
    target = domain.make_target([role])
    failed = domain.settled(domain.grant(stream.listing, target))
    assert failed["status"] == "GRANT_FAILED"
    said = failed["failureCause"]["message"]
    assert "must carry the permissions boundary" in said and "cannot assume the access role" in said
    assert "Access may remain" not in said
    assert access_roles(domain) == [] and not stream.has_policy()


def test_a_designation_that_lacks_a_permission_is_named(domain: Studio) -> None:
    stream = StudioStream(domain)
    [collect] = [one for one in domain.described().functions if one.key == "collect"]
    name = NAMES.designation("collect", DOMAIN)
    kept = [one for one in collect.datazone_operations if one != "UpdateSubscriptionGrantStatus"]
    ensure(domain.client("datazone"), domain.domain, name, kept)
    failed = domain.settled(domain.grant(stream.listing, domain.make_target([stream.role])))
    ensure(domain.client("datazone"), domain.domain, name, collect.datazone_operations)
    assert failed["status"] == "GRANT_FAILED"
    said = failed["failureCause"]["message"]
    assert "in a V2 domain, that its designation permits UpdateSubscriptionGrantStatus" in said, said
    assert access_roles(domain) == [] and not stream.has_policy()
    # Given back, the same is granted.
    grant = stream.grant()
    stream.revoke(grant)


def test_two_grants_of_a_project_share_one_role(domain: Studio) -> None:
    first, second = StudioStream(domain), StudioStream(domain)
    grants = [stream.grant() for stream in (first, second)]
    [role] = access_roles(domain)
    first.revoke(grants[0])
    assert access_roles(domain) == [role]
    second.read()
    client = second.as_consumer()
    assert second.denied(lambda: client.list_shards(StreamARN=first.arn))
    second.revoke(grants[1])
    eventually(lambda: access_roles(domain), lambda found: found == [])
