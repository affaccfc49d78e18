from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import CONSUMER, PRODUCER, Client
from emulator_tests.datazone.test_over_http import eventually


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def kinesis(client: Client) -> Any:
    return client("kinesis", account=PRODUCER)


@pytest.fixture
def stream(kinesis: Any) -> str:
    name = f"s-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn: str = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    return arn


def active(kinesis: Any, consumer: str) -> dict[str, Any]:
    """The consumer, once it is no longer being made."""
    return dict(
        eventually(
            lambda: kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"],
            lambda found: found["ConsumerStatus"] == "ACTIVE",
        )
    )


def policy(arn: str, **more: Any) -> str:
    statement = {
        "Sid": "a1",
        "Effect": "Allow",
        "Principal": {"AWS": CONSUMER},
        "Action": ["kinesis:GetRecords", "kinesis:GetShardIterator"],
        "Resource": arn,
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_summary_tells_encryption_and_consumers(kinesis: Any, stream: str) -> None:
    summary = kinesis.describe_stream_summary(StreamARN=stream)["StreamDescriptionSummary"]
    assert (summary["EncryptionType"], summary["ConsumerCount"]) == ("NONE", 0)
    kinesis.start_stream_encryption(StreamARN=stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="fast")
    summary = kinesis.describe_stream_summary(StreamARN=stream)["StreamDescriptionSummary"]
    assert (summary["EncryptionType"], summary["KeyId"], summary["ConsumerCount"]) == ("KMS", "alias/aws/kinesis", 1)


def test_list_has_pages_and_a_paginator(kinesis: Any, stream: str) -> None:
    names = {f"{uuid.uuid4().hex[:6]}-{index}" for index in range(5)}
    for name in names:
        kinesis.create_stream(StreamName=name, ShardCount=1)
    pages = list(kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2}))
    assert len(pages) >= 3
    assert names <= {name for page in pages for name in page["StreamNames"]}


def test_policy_of_a_stream(kinesis: Any, client: Client, stream: str) -> None:
    with pytest.raises(ClientError) as error:
        kinesis.get_resource_policy(ResourceARN=stream)
    assert code(error) == "ResourceNotFoundException"
    kinesis.put_resource_policy(ResourceARN=stream, Policy=policy(stream))
    shown = json.loads(kinesis.get_resource_policy(ResourceARN=stream)["Policy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{CONSUMER}:root"}
    kinesis.delete_resource_policy(ResourceARN=stream)
    with pytest.raises(ClientError) as error:
        kinesis.delete_resource_policy(ResourceARN=stream)
    assert code(error) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "change",
    [
        {"Action": "kinesis:*"},
        {"Action": "kinesis:RegisterStreamConsumer"},
        {"Principal": "*"},
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Principal": {"AWS": f"arn:aws:iam::{CONSUMER}:role/Nobody"}},
        {"Resource": "*"},
        {"Resource": f"arn:aws:kinesis:us-east-1:{PRODUCER}:stream/other"},
    ],
)
def test_policies_that_are_refused(kinesis: Any, stream: str, change: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as error:
        kinesis.put_resource_policy(ResourceARN=stream, Policy=policy(stream, **change))
    assert code(error) == "InvalidArgumentException"


def test_policy_is_at_most_20_kilobytes(kinesis: Any, stream: str) -> None:
    long = policy(stream, Condition={"StringEquals": {"aws:PrincipalArn": ["x" * 100] * 200}})
    with pytest.raises(ClientError) as error:
        kinesis.put_resource_policy(ResourceARN=stream, Policy=long)
    assert code(error) == "InvalidArgumentException"


def test_consumer_registered_again_is_another_resource(kinesis: Any, stream: str) -> None:
    first = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="fast", Tags={"a": "b"})["Consumer"]
    assert first["ConsumerStatus"] == "CREATING"
    assert first["ConsumerARN"].rsplit(":", 1)[1].isdigit()
    assert kinesis.list_tags_for_resource(ResourceARN=first["ConsumerARN"])["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(ClientError) as error:
        kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="fast")
    assert code(error) == "ResourceInUseException"
    document = policy(first["ConsumerARN"], Action="kinesis:SubscribeToShard")
    kinesis.put_resource_policy(ResourceARN=first["ConsumerARN"], Policy=document)
    with pytest.raises(ClientError) as error:
        kinesis.delete_stream(StreamARN=stream)
    assert code(error) == "ResourceInUseException"
    kinesis.deregister_stream_consumer(StreamARN=stream, ConsumerName="fast")
    assert kinesis.list_stream_consumers(StreamARN=stream)["Consumers"] == []
    second = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="fast")["Consumer"]
    assert second["ConsumerARN"] != first["ConsumerARN"]
    with pytest.raises(ClientError) as error:
        kinesis.get_resource_policy(ResourceARN=second["ConsumerARN"])
    assert code(error) == "ResourceNotFoundException"
    described = kinesis.describe_stream_consumer(ConsumerARN=second["ConsumerARN"])["ConsumerDescription"]
    assert (described["ConsumerStatus"], described["StreamARN"]) == ("CREATING", stream)
    assert active(kinesis, second["ConsumerARN"])["ConsumerARN"] == second["ConsumerARN"]
    kinesis.delete_stream(StreamARN=stream, EnforceConsumerDeletion=True)


def test_at_most_20_consumers(kinesis: Any, stream: str) -> None:
    for index in range(20):
        kinesis.register_stream_consumer(StreamARN=stream, ConsumerName=f"c{index}")
    with pytest.raises(ClientError) as error:
        kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="one-more")
    assert code(error) == "LimitExceededException"


def test_subscription_delivers_what_lies_in_the_shard(kinesis: Any, stream: str) -> None:
    kinesis.put_record(StreamARN=stream, Data=b"hello", PartitionKey="k")
    arn = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="fast")["Consumer"]["ConsumerARN"]
    shard = kinesis.list_shards(StreamARN=stream)["Shards"][0]["ShardId"]
    begin = {"ShardId": shard, "StartingPosition": {"Type": "TRIM_HORIZON"}}
    with pytest.raises(ClientError) as error:
        kinesis.subscribe_to_shard(ConsumerARN=arn, **begin)
    assert code(error) == "ResourceInUseException"
    active(kinesis, arn)
    answer = kinesis.subscribe_to_shard(ConsumerARN=arn, **begin)
    (event,) = list(answer["EventStream"])
    assert [record["Data"] for record in event["SubscribeToShardEvent"]["Records"]] == [b"hello"]


def test_stream_of_another_account_is_closed_to_administrators(client: Client, stream: str) -> None:
    with pytest.raises(ClientError) as error:
        client("kinesis", account=CONSUMER).list_shards(StreamARN=stream)
    assert code(error) == "AccessDeniedException"


def test_tags(kinesis: Any, stream: str) -> None:
    kinesis.tag_resource(ResourceARN=stream, Tags={"team": "a", "x": "y"})
    kinesis.untag_resource(ResourceARN=stream, TagKeys=["x"])
    assert kinesis.list_tags_for_stream(StreamARN=stream)["Tags"] == [{"Key": "team", "Value": "a"}]
