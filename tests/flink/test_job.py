"""The example's job in a local Flink: what it computes, and what comes in its way. Every wait has an end."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aws_emulator.flink import jars
from aws_emulator.flink.process import Heard, JobProcess, Launch
from aws_emulator.kafka.ports import ReservedPort
from tests.flink.conftest import Job, plain_jar, wait_until
from tests.kafka.conftest import Running
from tests.kafka.test_process import alive
from tests.sandbox import PRODUCER, EmulatorProcess, run_emulator
from tools.dev.flink_app import JAR

# kafka-python leaves sockets of refused connections to the garbage collector.
pytestmark = [pytest.mark.flink, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


def test_it_decodes_computes_and_encodes(job: Job) -> None:
    job.create()
    assert job.start() is None
    assert job.status() == "RUNNING"
    job.write(4, garbage=True)
    found = job.results(4)
    assert [item["total"] for item in found] == [Decimal("9.95") * count for count in (1, 2, 3, 4)]
    assert [item["pieces"] for item in found] == [1, 2, 3, 4]
    assert [item["country"] for item in found] == ["IE", "FR", "AT", "IE"]
    # The record without a header is left out and told, and holds nothing up.
    assert wait_until(lambda: job.logged("has no header of the Glue serialisers"), 10)

    # An update restarts it with its new configuration, and it goes on where it was.
    groups = [*job.properties(), {"PropertyGroupId": "more", "PropertyMap": {"k": "v"}}]
    pid = job.process()["pid"]
    update = {"EnvironmentPropertyUpdates": {"PropertyGroups": groups}}
    answer = job.flink.update_application(
        ApplicationName=job.name, CurrentApplicationVersionId=1, ApplicationConfigurationUpdate=update
    )
    assert answer["ApplicationDetail"]["ApplicationStatus"] == "UPDATING"
    assert wait_until(lambda: job.status() == "RUNNING", 90)
    assert (job.detail()["ApplicationVersionId"], job.process()["pid"] != pid) == (2, True)
    assert wait_until(lambda: not alive(pid), 20)
    job.write(2)
    assert len(job.results(6)) == 6

    pid = job.process()["pid"]
    job.stop()
    assert job.process() == {}
    assert wait_until(lambda: not alive(pid), 20)


def test_a_deleted_application_has_no_process(job: Job) -> None:
    job.create()
    assert job.start() is None
    pid = job.process()["pid"]
    job.delete()
    assert wait_until(lambda: not alive(pid), 20)
    assert job.process() == {}


def test_lineage_that_is_refused_ends_no_job(job: Job) -> None:
    """A domain that does not exist; and without ``detached`` the job tells START only, and asks for no REST address."""
    lineage = {"domain.id": "dzd-nowhere", "job.namespace": "flink://2/r", "job.name": "job"}
    job.create(groups=[*job.properties(), {"PropertyGroupId": "streamgov.lineage", "PropertyMap": lineage}])
    assert job.start() is None
    job.write(1)
    assert len(job.results(1)) == 1
    assert wait_until(lambda: job.logged("lineage: START of run"), 10)
    assert job.logged("is not reported: java.io.IOException: datazone answers 4")
    job.stop()
    assert not job.logged("lineage: RUNNING")


def test_by_force_it_ends_without_a_snapshot(job: Job) -> None:
    job.create()
    assert job.start() is None
    pid = job.process()["pid"]
    job.flink.stop_application(ApplicationName=job.name, Force=True)
    assert wait_until(lambda: job.status() == "READY", 10)
    assert not alive(pid)
    assert job.start() is None
    job.stop()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Somebody listens on the port of Flink's REST address before it can."""
    port = ReservedPort()
    said: list[str] = []
    ended = threading.Event()
    topic = {"bootstrap.servers": "127.0.0.1:9", "topic": "t", "schema.arn": "arn:aws:glue:us-east-1:1:schema/r/t"}
    groups = [
        {"PropertyGroupId": "streamgov.source", "PropertyMap": {**topic, "group.id": "g"}},
        {"PropertyGroupId": "streamgov.sink", "PropertyMap": topic},
    ]
    properties = tmp_path / "properties.json"
    properties.write_text(json.dumps(groups))
    environment = {"APPLICATION_PROPERTIES_FILE": str(properties), "AWS_REGION": "us-east-1"}
    with socket.socket() as intruder:
        intruder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        intruder.bind(("127.0.0.1", port.number))
        intruder.listen()
        launch = Launch(tmp_path, JAR.folder / JAR.artifact, {}, environment)
        heard = Heard(lambda line: None, lambda word, text: said.append(f"{word} {text}"), lambda code: ended.set())
        process = JobProcess(jars.check(), launch, heard, port)
        try:
            assert ended.wait(60)
        finally:
            process.kill()
    assert any(line.startswith("FAILED ") and "port" in line for line in said), said


@pytest.mark.parametrize(
    ("jar", "said"),
    [
        (plain_jar(None), "names no Main-Class"),
        (plain_jar("nobody.Here"), "nobody.Here"),
        (b"this is no jar", "ZipException"),
    ],
)
def test_a_jar_that_cannot_run(job: Job, jar: bytes, said: str) -> None:
    job.create(jar)
    why = job.start()
    assert why is not None
    assert said in why
    assert job.status() == "READY"
    assert job.process() == {}


def test_missing_properties_are_named(job: Job) -> None:
    source, sink = job.properties()
    del sink["PropertyMap"]["topic"]
    job.create(groups=[source, sink])
    why = job.start()
    assert why is not None
    assert "lack topic in the group streamgov.sink" in why
    assert job.status() == "READY"


def test_a_job_that_may_not_write_goes_on_once_it_may(job: Job) -> None:
    """The sink then ends in a way that takes Flink's task manager with it; a new one must take its place."""
    job.allow(write=False)
    job.create()
    assert job.start() is None
    job.write(2)
    assert wait_until(lambda: job.logged("ClusterAuthorizationException"), 60)
    assert job.status() == "RUNNING"
    assert wait_until(lambda: job.logged("The task manager has ended; another one starts"), 60)
    job.allow()
    assert len(job.results(2)) == 2
    job.stop()


def test_the_broker_is_killed_under_the_running_job(job: Job, emulator: EmulatorProcess, cluster: Running) -> None:
    job.create()
    assert job.start() is None
    job.write(2)
    assert len(job.results(2)) == 2
    os.kill(emulator.admin("GET", "kafka")["brokers"][cluster.arn]["pid"], signal.SIGKILL)
    assert wait_until(
        lambda: emulator.admin("POST", "kafka", {"wait": 20})["brokers"][cluster.arn]["state"] == "running"
    )
    job.write(3)
    # At least once: a checkpoint that was under way may be lost, and what follows it is read again.
    orders = {item["order_id"] for item in job.results(5, 90)}
    assert len(orders) == 3
    assert len(job.results(5, 5)) >= 5
    assert job.status() == "RUNNING"
    job.stop()


def test_a_topic_is_deleted_under_the_running_job(job: Job, cluster: Running) -> None:
    job.create()
    assert job.start() is None
    job.write(1)
    assert len(job.results(1)) == 1
    job.kafka.delete_topic(ClusterArn=cluster.arn, TopicName=job.source)
    assert wait_until(lambda: job.logged("UnknownTopicOrPartition"), 60)
    assert job.status() == "RUNNING"
    job.stop()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_job_outlives_its_emulator(tmp_path: Path, how: signal.Signals) -> None:
    import boto3

    process, running = run_emulator(tmp_path, EMULATOR_KAFKA="off", EMULATOR_FLINK="auto")
    try:

        def make(service: str, account: str = PRODUCER, role: str | None = None) -> Any:
            plain: dict[str, Any] = {"region_name": "us-east-1", "endpoint_url": running.endpoint}
            sts = boto3.client("sts", **plain)
            keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/Admin", RoleSessionName="test")["Credentials"]
            create: Any = boto3.client
            return create(
                service,
                **plain,
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
            )

        pid = unreachable(running, make).process()["pid"]
        assert alive(pid)
    finally:
        process.send_signal(how)
        process.wait(60)
    assert wait_until(lambda: not alive(pid), 20)


def unreachable(running: EmulatorProcess, make: Callable[..., Any]) -> Job:
    """A job that runs and finds no broker."""
    kafka = make("kafka")
    arn: str = kafka.create_cluster(
        ClusterName="nobody",
        KafkaVersion="3.9.x",
        NumberOfBrokerNodes=2,
        BrokerNodeGroupInfo={"InstanceType": "kafka.m7g.large", "ClientSubnets": ["subnet-1", "subnet-2"]},
        ClientAuthentication={"Sasl": {"Iam": {"Enabled": True}}},
    )["ClusterArn"]
    assert wait_until(lambda: kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["State"] == "ACTIVE", 20)
    job = Job(running, make, Running(arn, "127.0.0.1:9", {}))
    job.create()
    assert job.start() is None
    return job
