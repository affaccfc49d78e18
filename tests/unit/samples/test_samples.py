"""The sample producer and consumer over stand-ins of the AWS clients."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.command import Consumer
from streamgov_core.model.errors import ConfigError, RemoteError, SchemaError
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_samples.deployment import sample_consumer, sample_producer
from streamgov_samples.functions import consumer
from streamgov_samples.functions.consumer import consume
from streamgov_samples.functions.job_permissions import consumer_policy, producer_policy
from streamgov_samples.functions.jobs import JobConfig, job_of
from streamgov_samples.functions.kafka import security_protocol
from streamgov_samples.functions.kinesis import BATCH, KinesisReader, KinesisWriter
from streamgov_samples.functions.producer import produce
from streamgov_samples.functions.records import SCHEMA_NAME, decode, definition, encode, records, schema_version_id

STREAM = "arn:aws:kinesis:us-east-1:222222222222:stream/clicks"
CLUSTER = "arn:aws:kafka:us-east-1:222222222222:cluster/main/0a1b2c3d-1111-2222-3333-444455556666-7"
TOPIC = CLUSTER.replace(":cluster/", ":topic/") + f"/{SCHEMA_NAME}"
VERSION = "b7b4a7f0-9c96-4e4a-a687-fb5de9ef0c63"
JOB = ("lambda://222222222222/us-east-1", "job")


class ClientError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Fake:
    """DataZone, Glue and Kinesis in one."""

    class exceptions:
        ClientError = ClientError

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.schemas: dict[str, list[str]] = {}
        self.statuses = ["AVAILABLE"]
        self.stream: list[dict[str, Any]] = []
        self.refuse = 0
        self.denied = False

    def client(self, service: str) -> Any:
        return self

    def post_lineage_event(self, **arguments: Any) -> dict[str, Any]:
        self.events.append(json.loads(arguments["event"]))
        return {"id": "x"}

    def create_schema(self, **arguments: Any) -> dict[str, Any]:
        if arguments["SchemaName"] in self.schemas:
            raise ClientError("AlreadyExistsException")
        self.schemas[arguments["SchemaName"]] = [arguments["SchemaDefinition"]]
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"SchemaVersionId": VERSION, "LatestSchemaVersion": 1, "SchemaVersionStatus": status}

    def register_schema_version(self, SchemaId: dict[str, str], SchemaDefinition: str) -> dict[str, Any]:
        self.schemas[SchemaId["SchemaName"]].append(SchemaDefinition)
        return {"SchemaVersionId": VERSION, "VersionNumber": 2, "Status": self.statuses[0]}

    def get_schema_version(self, **arguments: Any) -> dict[str, Any]:
        return {"Status": self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]}

    def put_records(self, StreamARN: str, Records: list[dict[str, Any]]) -> dict[str, Any]:
        assert len(Records) <= BATCH
        self.stream += Records
        error = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}
        return {"Records": [error if number < self.refuse else {} for number in range(len(Records))]}

    def list_shards(self, **arguments: Any) -> dict[str, Any]:
        if self.denied:
            raise ClientError("AccessDeniedException")
        if "NextToken" in arguments:
            assert set(arguments) == {"NextToken"}, "API ListShards: either a stream or a token"
            return {"Shards": [{"ShardId": "shard-1"}]}
        return {"Shards": [{"ShardId": "shard-0"}], "NextToken": "more"}

    def get_shard_iterator(self, **arguments: Any) -> dict[str, Any]:
        assert arguments["ShardIteratorType"] == "TRIM_HORIZON"
        return {"ShardIterator": "0" if arguments["ShardId"] == "shard-0" else "end"}

    def get_records(self, StreamARN: str, ShardIterator: str, Limit: int) -> dict[str, Any]:
        if ShardIterator == "end":
            return {"Records": [], "NextShardIterator": "end", "MillisBehindLatest": 0}
        start = int(ShardIterator)
        page = self.stream[start : start + min(Limit, 7)]
        behind = 0 if start + len(page) >= len(self.stream) else 1
        return {"Records": page, "NextShardIterator": str(start + len(page)), "MillisBehindLatest": behind}


def config(arn: str) -> JobConfig:
    return JobConfig("dzd-1", "us-east-1", arn, "orders", SCHEMA_NAME)


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def test_the_producer_registers_writes_and_reports() -> None:
    fake = Fake()
    result = produce(config(STREAM), fake, {"records": 12}, JOB, now=now, sleep=lambda _: None)  # type: ignore[arg-type]
    assert (result["written"], result["schema"], result["note"]) == (12, SCHEMA_NAME, None)
    assert [event["eventType"] for event in fake.events] == ["START", "RUNNING", "COMPLETE"]
    assert {event["run"]["runId"] for event in fake.events} == {result["runId"]}
    (output,) = fake.events[0]["outputs"]
    assert (output["namespace"], output["name"]) == ("kinesis://us-east-1/222222222222", "clicks")
    assert "customer.address.city" in {column["name"] for column in output["facets"]["schema"]["fields"]}
    first = fake.stream[0]["Data"]
    assert schema_version_id(first) == VERSION
    assert decode(first, definition())["customer"]["address"] == {"city": "Dublin", "country": "IE"}


def test_a_topic_whose_brokers_do_not_answer_is_not_written_and_that_is_said() -> None:
    fake = Fake()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        unheard = replace(config(TOPIC), brokers=f"127.0.0.1:{closed.getsockname()[1]}")
        result = produce(unheard, fake, {}, JOB, now=now, sleep=lambda _: None)  # type: ignore[arg-type]
    assert (result["written"], result["note"]) == (0, f"no record was written: no broker answers at {unheard.brokers}")
    assert fake.events[-1]["outputs"][0]["namespace"] == "kafka://main"


def test_a_second_version_is_registered_and_waited_for() -> None:
    fake = Fake()
    produce(config(TOPIC), fake, {}, JOB, now=now, sleep=lambda _: None)  # type: ignore[arg-type]
    fake.statuses = ["PENDING", "PENDING", "AVAILABLE"]
    slept: list[float] = []
    produce(config(TOPIC), fake, {"evolve": True}, JOB, now=now, sleep=slept.append)  # type: ignore[arg-type]
    assert fake.schemas[SCHEMA_NAME] == [definition(), definition(evolved=True)]
    assert slept == [0.1, 0.2, 0.4]


@pytest.mark.parametrize("status", ["FAILURE", "PENDING"])
def test_a_refused_version_is_a_failed_run(status: str) -> None:
    fake = Fake()
    fake.statuses = [status]
    with pytest.raises(SchemaError, match=f"version 1 .* it is {status}"):
        produce(config(TOPIC), fake, {}, JOB, now=now, sleep=lambda _: None)  # type: ignore[arg-type]
    assert [event["eventType"] for event in fake.events] == ["START", "FAIL"]
    assert status in fake.events[-1]["run"]["facets"]["errorMessage"]["message"]


def test_refused_records_are_a_failed_run() -> None:
    fake = Fake()
    fake.refuse = 2
    with pytest.raises(RemoteError, match=r"ProvisionedThroughputExceededException: 2 of 5 records"):
        produce(config(STREAM), fake, {"records": 5}, JOB, now=now, sleep=lambda _: None)  # type: ignore[arg-type]
    assert fake.events[-1]["eventType"] == "FAIL"


def test_the_consumer_reads_and_reports() -> None:
    fake = Fake()
    KinesisWriter(fake, STREAM).write((f"k{number}", b"x") for number in range(30))
    result = consume(config(STREAM), fake, {"limit": 25}, JOB, now=now)  # type: ignore[arg-type]
    assert result["read"] == 25
    assert [event["eventType"] for event in fake.events] == ["START", "RUNNING", "COMPLETE"]
    assert fake.events[0]["inputs"][0]["name"] == "clicks"


def test_a_consumer_that_is_denied_reports_its_failure() -> None:
    fake = Fake()
    fake.denied = True
    with pytest.raises(ClientError):
        consume(config(STREAM), fake, {}, JOB, now=now)  # type: ignore[arg-type]
    assert [event["eventType"] for event in fake.events] == ["START", "FAIL"]


def test_a_stream_is_written_in_batches_and_read_to_its_end() -> None:
    fake = Fake()
    assert KinesisWriter(fake, STREAM).write((str(number), b"x") for number in range(2 * BATCH + 1)) == 2 * BATCH + 1
    assert len(KinesisReader(fake, STREAM).read(10_000)) == 2 * BATCH + 1


def test_every_sample_record_fits_both_versions() -> None:
    for _, value in records(10):
        for evolved in (False, True):
            schema = definition(evolved=evolved)
            assert decode(encode(value, schema, VERSION), schema)["order_id"] == value["order_id"]
    assert list(records(3)) == list(records(3))


@pytest.mark.parametrize("data", [b"", b"x" * 18, b"\x03\x05" + b"x" * 20])
def test_bytes_without_the_header_are_refused(data: bytes) -> None:
    with pytest.raises(SchemaError, match="no header"):
        decode(data, definition())


def test_records_of_another_account_are_decoded_by_the_versions_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Registry:
        asked: ClassVar[list[int]] = []

        def get_paginator(self, operation: str) -> Registry:
            assert operation == "list_schema_versions"
            return self

        def paginate(self, SchemaId: dict[str, str]) -> list[dict[str, Any]]:
            assert SchemaId == {"SchemaArn": f"arn:aws:glue:us-east-1:222222222222:schema/orders/{SCHEMA_NAME}"}
            return [{"Schemas": [{"SchemaVersionId": VERSION, "VersionNumber": 4}]}, {"Schemas": []}]

        def get_schema_version(self, SchemaId: dict[str, str], SchemaVersionNumber: dict[str, int]) -> dict[str, str]:
            self.asked.append(SchemaVersionNumber["VersionNumber"])
            return {"SchemaDefinition": definition()}

    monkeypatch.setattr(consumer, "registry_client", lambda clients, config: Registry())
    fake = Fake()
    written = [encode(value, definition(), VERSION) for _, value in records(3)]
    KinesisWriter(fake, STREAM).write((str(number), data) for number, data in enumerate(written))
    reading = replace(config(STREAM), reader_role_arn="arn:aws:iam::222222222222:role/reader")
    result = consume(reading, fake, {}, JOB, now=now)  # type: ignore[arg-type]
    assert (result["read"], result["decoded"]) == (3, 3)
    assert '"city": "Dublin"' in result["first"]
    assert Registry.asked == [4]
    of_another_version = encode(next(records(1))[1], definition(), "00000000-0000-0000-0000-000000000009")
    with pytest.raises(SchemaError, match="no version 00000000-0000-0000-0000-000000000009"):
        consumer.decoded(fake, reading, [of_another_version])  # type: ignore[arg-type]


def test_a_consumers_group_and_reader_role_are_its_projects() -> None:
    names = Names()
    who = Consumer(
        "333333333333", "us-east-1", "project1", "environment1", (RoleArn.parse("arn:aws:iam::333333333333:role/c"),)
    )
    scope = AccountScope(names, "333333333333")
    consumer_ = sample_consumer(
        scope,
        who,
        domain_id="dzd-1",
        platform="msk",
        resource_arn=CLUSTER,
        registry_name="orders",
        brokers="127.0.0.1:9",
    )
    made = JobConfig.from_environment(consumer_.function.environment)
    assert made.group == "333333333333.project1.sample-consumer"
    registry = "arn:aws:glue:us-east-1:222222222222:registry/orders"
    assert made.reader_role_arn == names.reader_role_arn("222222222222", registry, "333333333333", "project1")
    assert (made.resource_arn, made.brokers) == (TOPIC, "127.0.0.1:9")


@pytest.mark.parametrize(
    ("brokers", "protocol"),
    [
        ("127.0.0.1:9092", "SASL_PLAINTEXT"),
        ("[::1]:9092", "SASL_PLAINTEXT"),
        ("127.0.0.1:1,b-1.x.kafka.us-east-1.amazonaws.com:9098", "SASL_SSL"),
        ("localhost.example.com:9098", "SASL_SSL"),
    ],
)
def test_tokens_travel_without_tls_on_this_machine_only(brokers: str, protocol: str) -> None:
    assert security_protocol(brokers) == protocol


def producer_environment(resource_arn: str, brokers: str = "") -> dict[str, str]:
    scope = AccountScope(Names(), "222222222222")
    return sample_producer(
        scope, domain_id="dzd-1", platform="msk", resource_arn=resource_arn, registry_name="orders", brokers=brokers
    ).environment


def test_configuration() -> None:
    env = producer_environment(CLUSTER)
    assert JobConfig.from_environment(env) == config(TOPIC)
    stream = JobConfig.from_environment(producer_environment(STREAM, brokers="127.0.0.1:9"))
    assert (stream.resource_arn, stream.brokers) == (STREAM, "")
    with pytest.raises(ConfigError, match="STREAMGOV_RESOURCE_ARN"):
        JobConfig.from_environment({**env, "STREAMGOV_RESOURCE_ARN": ""})


def test_job_names() -> None:
    class Context:
        invoked_function_arn = "arn:aws:lambda:eu-west-1:222222222222:function:producer:live"

    assert job_of(Context(), "x") == ("lambda://222222222222/eu-west-1", "producer")
    assert job_of(None, "x") == ("lambda://local", "x")


def test_permissions_are_narrow() -> None:
    names = Names()
    registry = "arn:aws:glue:us-east-1:222222222222:registry/orders"
    for platform, arn in (("msk", CLUSTER), ("kinesis", STREAM)):
        policy = producer_policy(
            names,
            "222222222222",
            function_name="sample-producer",
            platform=platform,
            registry_arn=registry,
            resource_arn=arn,
            kms_key_arn="arn:key",
        )
        wide = [statement for statement in policy["Statement"] if "*" in statement["Resource"]]
        assert [statement["Action"] for statement in wide] == [["datazone:PostLineageEvent"]]
        writes = [statement for statement in policy["Statement"] if "kinesis:PutRecords" in statement["Action"]]
        assert len(writes) == (1 if platform == "kinesis" else 0)
    own = consumer_policy(names, "333333333333", function_name="sample-consumer-msk")
    actions = {action for statement in own["Statement"] for action in statement["Action"]}
    assert actions == {"logs:CreateLogStream", "logs:PutLogEvents", "datazone:PostLineageEvent"}
