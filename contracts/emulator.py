"""An emulator of AWS to ask, as a process of its own, with a user who may do what a run takes and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

START_SECONDS = 60
REGION = "us-east-1"
OPTIONS = {"subnets": "subnet-00000001,subnet-00000002", "vpc": "vpc-00000000"}
"""What the emulator takes for the options of a run."""


class EmulatorError(Exception):
    """The emulator did not start; the text says why."""


@contextmanager
def running() -> Iterator[str]:
    """The address of a fresh emulator.

    Raises:
        EmulatorError: it is not installed, or did not start.
    """
    with tempfile.TemporaryDirectory(prefix="contracts-") as folder:
        place = Path(folder)
        log = place / "emulator.log"
        command = [sys.executable, "-m", "aws_emulator", "run", "--port", "0", "--exit-with-parent"]
        environment = {**os.environ, "EMULATOR_KAFKA": "off", "EMULATOR_FLINK": "off"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        with log.open("ab") as output:
            process = subprocess.Popen([*command, "--state-dir", folder], stdout=output, stderr=output, env=environment)
        try:
            yield f"http://127.0.0.1:{_port(process, place / 'emulator.json', log)}"
        finally:
            process.terminate()
            process.wait(30)


def _port(process: subprocess.Popen[bytes], record: Path, log: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while not record.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise EmulatorError(f"the emulator did not start; is it installed?\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
    return int(json.loads(record.read_text())["port"])


def user_keys(endpoint: str, document: dict[str, Any]) -> tuple[str, str]:
    """The access key of a new user of the emulator's first account, with one policy."""
    session = boto3.Session("test", "test", region_name=REGION)
    iam: Any = session.client("iam", endpoint_url=endpoint)
    name = "contracts-asking"
    iam.create_user(UserName=name)
    made = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=made)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return str(key["AccessKeyId"]), str(key["SecretAccessKey"])
