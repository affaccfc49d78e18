"""Streams across accounts: shared and fan-out reading, writing, customer-managed keys; really read, really denied."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from streamgov_core.platforms import PLATFORMS
from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.stream import Stream
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, PRODUCER

pytestmark = pytest.mark.skipif("kinesis" not in PLATFORMS, reason="the platform is not switched on")


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "customer key"])
def test_records_are_read_while_granted_and_denied_before_and_after(deployment: Deployment, encrypted: bool) -> None:
    stream = Stream(deployment, encrypted=encrypted)
    stream.kinesis.put_record(StreamARN=stream.arn, Data=b"one", PartitionKey="k")
    assert stream.denied(stream.read)
    grant = stream.grant()
    assert stream.read() == [b"one"]
    assert stream.denied(lambda: stream.as_consumer().put_record(StreamARN=stream.arn, Data=b"x", PartitionKey="k"))
    if encrypted:
        grants = deployment.client("kms", PRODUCER).list_grants(KeyId=stream.key)["Grants"]
        assert [(item["GranteePrincipal"], item["Operations"]) for item in grants] == [(stream.role, ["Decrypt"])]
    stream.revoke(grant)
    assert stream.denied(stream.read)
    assert not stream.has_policy()
    if encrypted:
        assert deployment.client("kms", PRODUCER).list_grants(KeyId=stream.key)["Grants"] == []


@pytest.mark.parametrize("key", ["none", "customer key", "managed key"])
def test_within_one_account_the_identity_policy_is_all(deployment: Deployment, key: str) -> None:
    stream = Stream(deployment, encrypted=key == "customer key", managed_key=key == "managed key", account=PRODUCER)
    stream.kinesis.put_record(StreamARN=stream.arn, Data=b"here", PartitionKey="k")
    assert stream.denied(stream.read)
    grant = stream.grant()
    assert stream.read() == [b"here"]
    assert not stream.has_policy()
    stream.revoke(grant)
    assert stream.denied(stream.read)


def test_a_stream_on_the_managed_key_is_refused_across_accounts(deployment: Deployment) -> None:
    stream = Stream(deployment, managed_key=True)
    failed = deployment.settled(deployment.grant(stream.listing, stream.target))
    assert failed["status"] == "GRANT_FAILED"
    assert "start-stream-encryption" in failed["failureCause"]["message"]
    assert not stream.has_policy() and stream.denied(stream.read)


def test_writing(deployment: Deployment) -> None:
    stream = Stream(deployment, encrypted=True, form={"access": "WRITE"})
    grant = stream.grant()
    stream.as_consumer().put_record(StreamARN=stream.arn, Data=b"two", PartitionKey="k")
    assert stream.denied(stream.read)
    stream.revoke(grant)


def test_a_fan_out_consumer_is_found_by_name_and_by_arn(deployment: Deployment) -> None:
    """KCL and Flink look their consumer up by stream and name; across accounts the ARN must be given."""
    near, far = (Stream(deployment, form={"consumption": "FAN_OUT"}, account=who) for who in (PRODUCER, CONSUMER))
    for stream in (near, far):
        stream.grant()
        (consumer,) = stream.kinesis.list_stream_consumers(StreamARN=stream.arn)["Consumers"]
        assert consumer["ConsumerStatus"] == "ACTIVE", "a grant waits for the consumer that it registers"
        by_name = {"StreamARN": stream.arn, "ConsumerName": consumer["ConsumerName"]}
        by_arn = {"ConsumerARN": consumer["ConsumerARN"]}
        reader = stream.as_consumer()
        found = reader.describe_stream_consumer(**by_arn)["ConsumerDescription"]
        assert found["ConsumerARN"] == consumer["ConsumerARN"]
        if stream is near:
            assert reader.describe_stream_consumer(**by_name)["ConsumerDescription"] == found
        else:
            assert stream.denied(partial(reader.describe_stream_consumer, **by_name))


def told(stream: Stream, grant: str) -> dict[str, Any]:
    """What the consumer's role reads about connecting, below its project's path; its one entry for the grant."""
    deployment = stream.deployment
    path = NAMES.connection_path(deployment.projects[stream.account])
    ssm = stream.as_consumer("ssm")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    found = [json.loads(item["Value"]) for page in pages for item in page["Parameters"]]
    (entry,) = [item for item in found if item["grantId"] == grant]
    return dict(entry)


def test_the_consumer_reads_in_its_own_account_how_to_connect(deployment: Deployment) -> None:
    stream = Stream(deployment, encrypted=True, form={"consumption": "FAN_OUT"})
    grant = stream.grant()
    details = told(stream, grant)
    (consumer,) = stream.kinesis.list_stream_consumers(StreamARN=stream.arn)["Consumers"]
    assert details["consumerArn"] == consumer["ConsumerARN"] and details["keyArn"] == stream.key
    assert stream.as_consumer().describe_stream_consumer(ConsumerARN=details["consumerArn"])
    own = stream.as_consumer("ssm")
    name = f"{NAMES.connection_path(deployment.projects[CONSUMER])}/{grant}/{details['assetId']}"
    assert stream.denied(partial(own.put_parameter, Name=name, Value="x", Type="String", Overwrite=True))
    others = NAMES.connection_path(deployment.projects[PRODUCER])
    assert stream.denied(partial(own.get_parameters_by_path, Path=others, Recursive=True))
    stream.revoke(grant)
    administrator = deployment.client("ssm", CONSUMER)
    with pytest.raises(administrator.exceptions.ParameterNotFound):
        administrator.get_parameter(Name=name)


def test_fan_out_registers_a_consumer_and_shares_it(deployment: Deployment) -> None:
    stream = Stream(deployment, form={"consumption": "FAN_OUT"})
    grant = stream.grant()
    (consumer,) = stream.kinesis.list_stream_consumers(StreamARN=stream.arn)["Consumers"]
    assert deployment.may(stream.role, "kinesis:SubscribeToShard", consumer["ConsumerARN"])
    assert not deployment.may(stream.role, "kinesis:GetRecords", stream.arn)
    stream.revoke(grant)
    eventually(lambda: stream.kinesis.list_stream_consumers(StreamARN=stream.arn)["Consumers"], lambda found: not found)
