"""AWS's library for MSK IAM (software.amazon.msk:aws-msk-iam-auth) with Java's Kafka clients, under a granted role.

The broker behind an emulated cluster speaks OAUTHBEARER, which the library speaks as well. Its own mechanism
AWS_MSK_IAM sends the same signed request in another form: that its signature is good is shown by signing in with it.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from botocore.credentials import Credentials
from kafka import KafkaAdminClient

from aws_emulator.java import JarSet, JavaUnavailable, SourcesBroken, java
from streamgov_samples.functions.kafka import connection
from tests.kafka.conftest import REGION, Role, Running

pytestmark = [pytest.mark.kafka, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
TITLE = "AWS's library for MSK IAM"
JARS = JarSet(
    "msk-client",
    TITLE,
    Path(__file__).parent / "java",
    "msk-client.jar",
    60,
    parent=Path("~/.cache/streamgov").expanduser(),
)
NewRole = Callable[..., Role]
GROUP = "333333333333.project.java"


@pytest.fixture(scope="module")
def jars() -> Path:
    """Its jars, resolved once; a machine without Maven says so in a line."""
    try:
        return JARS.build(print)
    except SourcesBroken:
        raise
    except JavaUnavailable as error:
        pytest.skip(f"not run: {error}")


def run_java(jars: Path, credentials: Credentials, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **kept,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": str(credentials.token),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [java(TITLE), "-cp", f"{jars}/*", "clients.Msk", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)


def test_java_writes_and_reads_with_what_a_grant_gives(jars: Path, role: NewRole, cluster: Running, topic: str) -> None:
    on_topic, group = cluster.resource("topic", topic), cluster.resource("group", "333333333333.project.*")
    writer, reader = role(), role()
    writer.allow(("Connect", cluster.arn), ("DescribeTopic", on_topic), ("WriteData", on_topic))
    reader.allow(
        ("Connect", cluster.arn), ("DescribeTopic", on_topic), ("ReadData", on_topic),
        ("DescribeGroup", group), ("AlterGroup", group),
    )  # fmt: skip
    written = run_java(jars, writer.credentials(), "produce", cluster.address, topic, "from Java")
    assert (written.returncode, written.stdout) == (0, "0"), written.stderr[-3000:]
    read = run_java(jars, reader.credentials(), "consume", cluster.address, topic, GROUP)
    assert (read.returncode, read.stdout) == (0, "from Java"), read.stderr[-3000:]
    foreign = run_java(jars, reader.credentials(), "consume", cluster.address, topic, "somebody.else")
    assert foreign.returncode != 0 and "GroupAuthorizationException" in foreign.stderr
    refused = run_java(jars, reader.credentials(), "produce", cluster.address, topic, "x")
    assert refused.returncode != 0 and "TopicAuthorizationException" in refused.stderr


def test_java_without_a_grant_does_not_get_in(jars: Path, role: NewRole, cluster: Running, topic: str) -> None:
    done = run_java(jars, role().credentials(), "produce", cluster.address, topic, "x")
    assert done.returncode != 0 and "Access denied" in done.stderr, done.stderr[-3000:]


def token_from(payload: dict[str, str]) -> str:
    """The token of OAUTHBEARER with the signature of a payload of AWS_MSK_IAM."""
    parts = {"Action": payload["action"]}
    for name in ("Algorithm", "Credential", "Date", "Expires", "Security-Token", "Signature", "SignedHeaders"):
        parts[f"X-Amz-{name}"] = payload[f"x-amz-{name.lower()}"]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())
    return base64.urlsafe_b64encode(f"https://{payload['host']}/?{query}".encode()).decode().rstrip("=")


def test_what_the_librarys_own_mechanism_signs_is_a_good_signature(jars: Path, role: NewRole, cluster: Running) -> None:
    one = role()
    one.allow(("Connect", cluster.arn))
    done = run_java(jars, one.credentials(), "payload", f"kafka.{REGION}.amazonaws.com")
    assert done.returncode == 0, done.stderr[-3000:]
    payload = json.loads(done.stdout)
    assert payload["version"] == "2020_10_22"
    good, bent = token_from(payload), token_from({**payload, "x-amz-expires": "899"})
    KafkaAdminClient(**connection(cluster.address, REGION, lambda: good)).close()
    with pytest.raises(Exception, match="Access denied"):
        KafkaAdminClient(**connection(cluster.address, REGION, lambda: bent)).list_topics()
