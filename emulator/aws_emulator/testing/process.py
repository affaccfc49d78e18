"""An emulator as a process of its own, on a port that the system chooses."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from aws_emulator.kernel.config import DEFAULT_ACCOUNTS, DEFAULT_REGION

START_SECONDS = 60


@dataclass(frozen=True)
class EmulatorProcess:
    """A running emulator as a test sees it."""

    port: int
    log: Path

    @property
    def endpoint(self) -> str:
        """Its address."""
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
    """Start an emulator on a free port; the caller terminates the process.

    Args:
        state_dir: where its record, its log and its data go.
        environment: variables for it besides the inherited ones.

    Raises:
        RuntimeError: it did not start; the text holds the end of its log.
    """
    log = state_dir / "emulator.log"
    command = [sys.executable, "-m", "aws_emulator", "run", "--port", "0", "--exit-with-parent"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--state-dir", str(state_dir)],
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        )
    record = state_dir / "emulator.json"
    deadline = time.monotonic() + START_SECONDS
    while not record.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"the emulator did not start:\n{log.read_text()[-4000:]}")
        time.sleep(0.05)
    return process, EmulatorProcess(json.loads(record.read_text())["port"], log)


Client = Callable[..., Any]


def clients(endpoint: str) -> Client:
    """``client(service, account=…, role=…, region=…)``: a boto3 client of the emulator there.

    Without ``role`` it is the administrator's key (first account) or the role Admin (other accounts); ``role`` is a
    name (with its path, if it has one) or an ARN, and is assumed by the account's administrator.
    """
    session: Any = boto3.session.Session()
    config = Config(retries={"total_max_attempts": 1})

    @functools.cache
    def credentials(account: str, role: str | None) -> dict[str, str]:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        if account == DEFAULT_ACCOUNTS[0] and role is None:
            return keys
        if role is not None and role != "Admin":
            keys = credentials(account, "Admin")
        sts = session.client("sts", region_name=DEFAULT_REGION, endpoint_url=endpoint, **keys)
        arn = role if role and role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role or 'Admin'}"
        issued = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": issued["AccessKeyId"],
            "aws_secret_access_key": issued["SecretAccessKey"],
            "aws_session_token": issued["SessionToken"],
        }

    def make(
        service: str, account: str = DEFAULT_ACCOUNTS[0], role: str | None = None, region: str = DEFAULT_REGION
    ) -> Any:
        return session.client(
            service, region_name=region, endpoint_url=endpoint, config=config, **credentials(account, role)
        )

    return make
