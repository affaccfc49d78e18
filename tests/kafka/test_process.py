"""The broker as a process: it ends with the emulator, comes back when it dies, and says what is in its way."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from kafka.errors import KafkaError

from aws_emulator.kafka import topics
from aws_emulator.kafka.broker import Broker
from tests.kafka.conftest import Role, Running, create_cluster
from tests.sandbox import EmulatorProcess, run_emulator

# kafka-python leaves sockets of refused connections to the garbage collector.
pytestmark = [pytest.mark.kafka, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(held: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not held() and time.monotonic() < deadline:
        time.sleep(0.05)
    return held()


def started(running: EmulatorProcess) -> tuple[str, dict[str, Any]]:
    kafka = boto3.client("kafka", endpoint_url=running.endpoint, region_name="us-east-1")
    arn = create_cluster(kafka, "ends")
    for _ in range(8):
        told = running.admin("POST", "kafka", {"wait": 20})["brokers"][arn]
        if told["state"] == "running":
            return arn, told
    raise AssertionError(told)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_broker_outlives_its_emulator(tmp_path: Path, how: signal.Signals) -> None:
    process, running = run_emulator(tmp_path, EMULATOR_KAFKA="auto")
    try:
        pid = started(running)[1]["pid"]
        assert alive(pid)
    finally:
        process.send_signal(how)
        process.wait(30)
    assert wait_until(lambda: not alive(pid))


def test_a_deleted_cluster_has_no_broker(tmp_path: Path) -> None:
    process, running = run_emulator(tmp_path, EMULATOR_KAFKA="auto")
    try:
        arn, told = started(running)
        boto3.client("kafka", endpoint_url=running.endpoint, region_name="us-east-1").delete_cluster(ClusterArn=arn)
        assert wait_until(lambda: not alive(told["pid"]))
        assert running.admin("GET", "kafka")["brokers"] == {}
    finally:
        process.terminate()
        process.wait(30)


def test_a_killed_broker_comes_back_with_its_records(
    emulator: EmulatorProcess, role: Callable[..., Role], cluster: Running, topic: str
) -> None:
    one = role()
    arn = cluster.resource("topic", topic)
    one.allow(("Connect", cluster.arn), *((action, arn) for action in ("DescribeTopic", "WriteData", "ReadData")))
    one.producer().send(topic, b"kept").get(timeout=8)
    pid = emulator.admin("GET", "kafka")["brokers"][cluster.arn]["pid"]
    os.kill(pid, signal.SIGKILL)
    # Nobody asks the emulator for it: the client's own attempts wake the broker, at the same address.
    from kafka import TopicPartition

    consumer = one.consumer()
    consumer.assign([TopicPartition(topic, 0)])
    found: list[bytes] = []
    deadline = time.monotonic() + 60
    while not found and time.monotonic() < deadline:
        found = [record.value for batch in consumer.poll(timeout_ms=500).values() for record in batch]
    assert found == [b"kept"]
    told = emulator.admin("POST", "kafka", {"wait": 20})["brokers"][cluster.arn]
    assert (told["state"], told["address"]) == ("running", cluster.address)
    assert told["pid"] != pid


def test_a_topic_that_is_deleted_under_a_running_consumer(
    role: Callable[..., Role], cluster: Running, topic: str, client: Callable[..., Any]
) -> None:
    one = role()
    arn = cluster.resource("topic", topic)
    one.allow(("Connect", cluster.arn), *((action, arn) for action in ("DescribeTopic", "WriteData", "ReadData")))
    producer = one.producer(retries=0, delivery_timeout_ms=6000, request_timeout_ms=3000)
    producer.send(topic, b"1").get(timeout=8)
    client("kafka", "222222222222").delete_topic(ClusterArn=cluster.arn, TopicName=topic)
    with pytest.raises(KafkaError):
        for _ in range(40):
            producer.send(topic, b"2").get(timeout=8)
            time.sleep(0.1)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Somebody listens on the broker's port before it can."""

    def ask(broker: Broker) -> None:
        with topics.administration(broker) as client:
            client.list_topics()

    broker = Broker("arn:aws:kafka:us-east-1:1:cluster/taken/x-1", "http://127.0.0.1:9", tmp_path, ask)
    intruder = socket.socket()
    try:
        intruder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        intruder.bind(("127.0.0.1", broker.ports.internal.number))
        intruder.listen()
        status = broker.wake(90)
        assert status.state == "failed"
        assert "ended with 1" in status.note
        assert "in use" in status.note
    finally:
        intruder.close()
        broker.stop()
