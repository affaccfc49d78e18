"""One emulator process for the whole test session, on a port that the system chooses."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
DOMAIN, PRODUCER, CONSUMER = "111111111111", "222222222222", "333333333333"
START_SECONDS = 60


@dataclass(frozen=True)
class EmulatorProcess:
    """A running emulator as a test sees it."""

    port: int
    log: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def admin(self, method: str, path: str, document: Any = None) -> Any:
        """Call an address of the emulator itself, for example ``admin("GET", "calls")``."""
        request = urllib.request.Request(
            f"{self.endpoint}/_emulator/{path}",
            method=method,
            data=None if document is None else json.dumps(document).encode(),
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def run_emulator(state_dir: Path, **environment: str) -> tuple[subprocess.Popen[bytes], EmulatorProcess]:
    """Start an emulator on a free port; the caller terminates the process."""
    import os

    log = state_dir / "emulator.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "emulator",
                "run",
                "--port",
                "0",
                "--exit-with-parent",
                "--state-dir",
                str(state_dir),
            ],
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
    record = state_dir / "emulator.json"
    deadline = time.monotonic() + START_SECONDS
    while not record.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"the emulator did not start:\n{log.read_text()[-4000:]}")
        time.sleep(0.05)
    return process, EmulatorProcess(json.loads(record.read_text())["port"], log)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    process, running = run_emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    process.terminate()
    process.wait(30)


Client = Callable[..., Any]


@pytest.fixture(scope="session")
def client(emulator: EmulatorProcess) -> Client:
    """``client(service, account=…, role=…, region=…)``: a boto3 client.

    Without ``role`` it is the administrator's key (domain account) or the role Admin (other accounts); ``role`` is a
    name (with its path, if it has one) or an ARN, and is assumed by the account's administrator.
    """
    session: Any = boto3.session.Session()
    config = Config(retries={"total_max_attempts": 1})

    @functools.cache
    def credentials(account: str, role: str | None) -> dict[str, str]:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        if account == DOMAIN and role is None:
            return keys
        if role is not None and role != "Admin":
            keys = credentials(account, "Admin")
        sts = session.client("sts", region_name="us-east-1", endpoint_url=emulator.endpoint, **keys)
        arn = role if role and role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role or 'Admin'}"
        issued = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": issued["AccessKeyId"],
            "aws_secret_access_key": issued["SecretAccessKey"],
            "aws_session_token": issued["SessionToken"],
        }

    def make(service: str, account: str = DOMAIN, role: str | None = None, region: str = "us-east-1") -> Any:
        return session.client(
            service,
            region_name=region,
            endpoint_url=emulator.endpoint,
            config=config,
            **credentials(account, role),
        )

    return make
