"""One emulator with a broker, a registry and two topics, and applications that run the example's JAR or others."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aws_emulator.flink import jars
from aws_emulator.java import JavaUnavailable
from streamgov_samples.functions.records import decode, definition, encode, records, schema_version_id
from tests.kafka.conftest import Role, Running, create_cluster
from tests.sandbox import PRODUCER, EmulatorProcess, client, run_emulator
from tools.dev.flink_app import EXAMPLE, JAR

__all__ = ["client"]

REGION = "us-east-1"
SINK_SCHEMA = EXAMPLE / "src" / "main" / "resources" / "schemas" / "order-total.avsc"


@pytest.fixture(autouse=True, scope="session")
def needs_flink() -> None:
    """This target is for machines that can: nothing is skipped silently."""
    try:
        jars.check()
        jars.JARS.build(print)
        JAR.build(print)
    except JavaUnavailable as error:
        pytest.fail(f"{error} (docs/flink.md)")


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    process, running = run_emulator(tmp_path_factory.mktemp("emulator"), EMULATOR_KAFKA="auto", EMULATOR_FLINK="auto")
    yield running
    process.terminate()
    process.wait(60)


def wait_until(held: Callable[[], Any], seconds: float = 60) -> Any:
    """What ``held`` answers, once that is true; the last answer when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := held()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


@pytest.fixture(scope="session")
def cluster(emulator: EmulatorProcess, client: Callable[..., Any]) -> Running:
    arn = create_cluster(client("kafka", PRODUCER), "tested")
    told: dict[str, Any] = {}

    def runs() -> bool:
        nonlocal told
        told = emulator.admin("POST", "kafka", {"wait": 20})["brokers"][arn]
        return told["state"] not in ("waiting", "starting")

    assert wait_until(runs, 300)
    assert told["state"] == "running", told
    return Running(arn, told["address"], told)


def plain_jar(main_class: str | None) -> bytes:
    """A JAR without a class of its own."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as jar:
        named = f"Main-Class: {main_class}\n" if main_class else ""
        jar.writestr("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\n{named}\n")
    return made.getvalue()


@dataclass
class Job:
    """An application of the example's JAR, with topics, schemas and a role of its own."""

    emulator: EmulatorProcess
    client: Callable[..., Any]
    cluster: Running
    word: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.flink = self.client("kinesisanalyticsv2", PRODUCER)
        self.kafka, self.glue, self.logs = (self.client(name, PRODUCER) for name in ("kafka", "glue", "logs"))
        self.name, self.bucket, self.registry = (f"{what}-{self.word}" for what in ("job", "code", "registry"))
        self.source, self.sink = f"orders-{self.word}", f"totals-{self.word}"
        self.group = f"/aws/kinesis-analytics/{self.name}"
        for topic in (self.source, self.sink):
            self.kafka.create_topic(ClusterArn=self.cluster.arn, TopicName=topic, PartitionCount=1, ReplicationFactor=2)
        self.glue.create_registry(RegistryName=self.registry)
        self.version = self._schema(self.source, definition())
        self._schema(self.sink, SINK_SCHEMA.read_text())
        self.logs.create_log_group(logGroupName=self.group)
        self.logs.create_log_stream(logGroupName=self.group, logStreamName="flink")
        self.client("s3", PRODUCER).create_bucket(Bucket=self.bucket)
        self.writer = Role(self.client, PRODUCER, self.cluster.address)
        self.writer.allow(
            ("Connect", self.cluster.arn),
            *(
                (action, self.cluster.resource("topic", topic))
                for action in ("DescribeTopic", "WriteData", "ReadData")
                for topic in (self.source, self.sink)
            ),
        )
        self.role = self._role()

    def _schema(self, name: str, text: str) -> str:
        made = self.glue.create_schema(
            RegistryId={"RegistryName": self.registry},
            SchemaName=name,
            DataFormat="AVRO",
            Compatibility="BACKWARD",
            SchemaDefinition=text,
        )
        return str(made["SchemaVersionId"])

    def _role(self) -> str:
        iam = self.client("iam", PRODUCER)
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "kinesisanalytics.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        arn: str = iam.create_role(
            RoleName=self.name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )["Role"]["Arn"]
        self.allow()
        return arn

    def allow(self, *, write: bool = True) -> None:
        """Let the job's role do what it needs, or all of that but writing."""
        iam = self.client("iam", PRODUCER)
        topic = self.cluster.resource("topic", f"*-{self.word}")
        allowed = [
            (["s3:GetObject"], f"arn:aws:s3:::{self.bucket}/*"),
            (["logs:PutLogEvents"], f"arn:aws:logs:{REGION}:{PRODUCER}:log-group:{self.group}:*"),
            (["kafka-cluster:Connect"], self.cluster.arn),
            (["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], topic),
            (["kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup"], self.cluster.resource("group", "*")),
            (["glue:GetSchemaVersion", "glue:ListSchemaVersions"], "*"),
        ]
        if write:
            allowed += [
                (["kafka-cluster:WriteData"], topic),
                (["kafka-cluster:WriteDataIdempotently"], self.cluster.arn),
            ]
        iam.put_role_policy(
            RoleName=self.name,
            PolicyName="all",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in allowed
                    ],
                }
            ),
        )

    def schema_arn(self, name: str) -> str:
        return f"arn:aws:glue:{REGION}:{PRODUCER}:schema/{self.registry}/{name}"

    def properties(self) -> list[dict[str, Any]]:
        """Without a reader role: the registry is in the job's account. Without a domain: no lineage."""
        brokers = {"bootstrap.servers": self.cluster.address}
        source = {**brokers, "topic": self.source, "schema.arn": self.schema_arn(self.source), "group.id": self.name}
        sink = {**brokers, "topic": self.sink, "schema.arn": self.schema_arn(self.sink)}
        return [
            {"PropertyGroupId": "streamgov.source", "PropertyMap": source},
            {"PropertyGroupId": "streamgov.sink", "PropertyMap": sink},
        ]

    def create(self, jar: bytes | Path | None = None, groups: list[dict[str, Any]] | None = None) -> None:
        s3 = self.client("s3", PRODUCER)
        if isinstance(jar, bytes):
            s3.put_object(Bucket=self.bucket, Key="job.jar", Body=jar)
        else:
            s3.upload_file(str(jar or JAR.folder / JAR.artifact), self.bucket, "job.jar")
        location = {"BucketARN": f"arn:aws:s3:::{self.bucket}", "FileKey": "job.jar"}
        log = f"arn:aws:logs:{REGION}:{PRODUCER}:log-group:{self.group}:log-stream:flink"
        self.flink.create_application(
            ApplicationName=self.name,
            RuntimeEnvironment="FLINK-2_2",
            ServiceExecutionRole=self.role,
            CloudWatchLoggingOptions=[{"LogStreamARN": log}],
            ApplicationConfiguration={
                "ApplicationCodeConfiguration": {
                    "CodeContentType": "ZIPFILE",
                    "CodeContent": {"S3ContentLocation": location},
                },
                "EnvironmentProperties": {"PropertyGroups": self.properties() if groups is None else groups},
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {"ConfigurationType": "CUSTOM", "CheckpointInterval": 1000}
                },
            },
        )

    def start(self) -> str | None:
        """Start and wait; why it does not run, if so."""
        operation = self.flink.start_application(ApplicationName=self.name)["OperationId"]
        wait_until(lambda: self.status() != "STARTING", 120)
        told = self.flink.describe_application_operation(ApplicationName=self.name, OperationId=operation)
        failure = told["ApplicationOperationInfoDetails"].get("OperationFailureDetails", {})
        text = failure.get("ErrorInfo", {}).get("ErrorString")
        return str(text) if text else None

    def status(self) -> str:
        return str(self.detail()["ApplicationStatus"])

    def detail(self) -> dict[str, Any]:
        found: dict[str, Any] = self.flink.describe_application(ApplicationName=self.name)["ApplicationDetail"]
        return found

    def process(self) -> dict[str, Any]:
        """What the emulator tells of its process; empty if it has none."""
        told = self.emulator.admin("GET", "flink")["applications"]
        found: dict[str, Any] = told.get(f"arn:aws:kinesisanalytics:{REGION}:{PRODUCER}:application/{self.name}", {})
        return found

    def stop(self) -> None:
        self.flink.stop_application(ApplicationName=self.name)
        assert wait_until(lambda: self.status() == "READY", 30)

    def delete(self) -> None:
        self.flink.delete_application(ApplicationName=self.name, CreateTimestamp=self.detail()["CreateTimestamp"])

    def write(self, count: int, *, garbage: bool = False) -> None:
        """Write sample orders, encoded as Glue's serialisers do."""
        producer = self.writer.producer()
        if garbage:
            producer.send(self.source, b"no header").get(timeout=10)
        for _, value in records(count):
            producer.send(self.source, encode(value, definition(), self.version)).get(timeout=10)

    def results(self, wanted: int, seconds: float = 60) -> list[dict[str, Any]]:
        """The decoded records of the sink topic, from its beginning."""
        from kafka import TopicPartition

        consumer = self.writer.consumer()
        consumer.assign([TopicPartition(self.sink, 0)])
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        while len(found) < wanted and time.monotonic() < deadline:
            for batch in consumer.poll(timeout_ms=300).values():
                for record in batch:
                    schema_version_id(record.value)
                    found.append(decode(record.value, SINK_SCHEMA.read_text()))
        return found

    def logged(self, word: str) -> bool:
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=self.group)
        return any(word in event["message"] for page in pages for event in page["events"])

    def close(self) -> None:
        self.writer.close()
        names = [item["ApplicationName"] for item in self.flink.list_applications()["ApplicationSummaries"]]
        if self.name in names:
            self.delete()


@pytest.fixture
def job(emulator: EmulatorProcess, client: Callable[..., Any], cluster: Running) -> Iterator[Job]:
    made = Job(emulator, client, cluster)
    yield made
    made.close()
