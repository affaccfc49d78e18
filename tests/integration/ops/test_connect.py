"""`streamgov connect` against a running deployment: its Kinesis snippet reads as the granted role."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.ops.conftest import Operated, Streamgov, as_json
from tests.sandbox import CONSUMER, PRODUCER


def as_role(operated: Operated, role: str) -> dict[str, str]:
    """Environment variables with credentials of a role."""
    deployment = operated.deployment
    keys: dict[str, Any] = deployment.client("sts", CONSUMER).assume_role(RoleArn=role, RoleSessionName="app")[
        "Credentials"
    ]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "AWS_ENDPOINT_URL": deployment.emulator.endpoint,
    }


def test_the_details_are_what_the_consumers_account_was_told(operated: Operated, streamgov: Streamgov) -> None:
    (told,) = as_json(streamgov("connect", operated.grant, "--json"))
    assert (told["role"], told["state"], told["platform"]) == (operated.role, "GRANTED", "msk")
    assert told["connection"]["topic"] == "orders" and told["connection"]["bootstrapBrokers"]
    shown = streamgov("connect", operated.grant)
    assert shown.err == "" and "snippets: streamgov connect" in shown.out


def test_the_python_snippet_reads_the_stream_as_the_granted_role(
    operated: Operated, streamgov: Streamgov, tmp_path: Path
) -> None:
    kinesis = operated.deployment.client("kinesis", PRODUCER)
    for number in range(3):
        kinesis.put_record(StreamARN=operated.stream.arn, PartitionKey=f"key-{number}", Data=b"hello")
    made = streamgov("connect", operated.stream_grant, "--snippet", "python")
    assert made.code == 0, made.err
    (tmp_path / "consumer.py").write_text(made.out)
    environment = {**os.environ, **as_role(operated, operated.stream.role)}
    run = [sys.executable, "-c", "import consumer; consumer.main(limit=3)"]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(line.split()[0] for line in done.stdout.splitlines()) == ["key-0", "key-1", "key-2"]
    other = {**os.environ, **as_role(operated, operated.role)}
    refused = subprocess.run(run, cwd=tmp_path, env=other, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode != 0 and "AccessDenied" in refused.stderr
