"""The snippets of `streamgov connect`: those for the JVM compile, Python's reads from a real broker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaError

from streamgov_ops.connect.filling import snippet
from tests.integration.polling import eventually
from tests.kafka.conftest import Role, Running
from tests.unit.ops.test_connect import DETAILS

pytestmark = [pytest.mark.kafka, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
LIBRARIES = {
    "org.apache.kafka:kafka-clients": "4.1.2",
    "software.amazon.kinesis:amazon-kinesis-client": "3.0.3",
}
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>streamgov</groupId><artifactId>snippets</artifactId><version>1</version><dependencies>{}</dependencies></project>
"""


@pytest.fixture(scope="module")
def class_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("libraries")
    entries = "".join(
        f"<dependency><groupId>{name.split(':')[0]}</groupId><artifactId>{name.split(':')[1]}</artifactId>"
        f"<version>{version}</version></dependency>"
        for name, version in LIBRARIES.items()
    )
    (folder / "pom.xml").write_text(POM.format(entries))
    command = ["mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile=class-path"]
    subprocess.run(command, cwd=folder, check=True, timeout=600, stdin=subprocess.DEVNULL)
    return (folder / "class-path").read_text()


@pytest.mark.parametrize(
    ("kind", "details"), [("java", "msk"), ("kcl", "kinesis"), ("kcl", "fan-out"), ("kcl", "own account")]
)
def test_the_jvm_snippets_compile(class_path: str, tmp_path: Path, kind: str, details: str) -> None:
    made = snippet(kind, DETAILS[details])
    (tmp_path / made.name).write_text(made.text)
    command = ["javac", "-Xlint:all,-processing", "-proc:none", "-cp", class_path, "-d", "out", made.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_python_snippet_reads_from_a_broker_as_the_role(
    cluster: Running, role: Callable[..., Role], topic: str, tmp_path: Path
) -> None:
    """With what a grant gives: the topic, and the groups of its project only."""
    details = DETAILS["msk"]
    values = {**details.values, "topic": topic, "bootstrapBrokers": cluster.address, "clusterArn": cluster.arn}
    writer, reader = role(), role()
    arn = cluster.resource("topic", topic)
    writer.allow(("Connect", cluster.arn), ("DescribeTopic", arn), ("WriteData", arn))
    group = cluster.resource("group", f"{values['groupPrefix']}*")
    reader.allow(("Connect", cluster.arn), ("DescribeTopic", arn), ("ReadData", arn), ("AlterGroup", group),
                 ("DescribeGroup", group))  # fmt: skip
    producer = writer.producer()
    eventually(lambda: sent(producer, topic), bool)
    made = snippet("python", replace(details, values=values, reader_role=""))
    (tmp_path / "consumer.py").write_text(made.text)
    signing = reader.credentials()
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": str(signing.access_key),
        "AWS_SECRET_ACCESS_KEY": str(signing.secret_key),
        "AWS_SESSION_TOKEN": str(signing.token),
        "SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    }
    command = [sys.executable, "-c", "import consumer; consumer.main(limit=1)"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert (done.returncode, done.stdout) == (0, "b'hello'\n"), done.stderr[-2000:]


def sent(producer: Any, topic: str) -> bool:
    """Whether a record was taken; a policy that was just written holds after a moment."""
    try:
        producer.send(topic, b"hello").get(timeout=10)
    except KafkaError:
        return False
    return True
