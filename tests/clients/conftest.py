"""An emulator, and roles as the product grants them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environment import variables
from tests.sandbox import DOMAIN, Client, EmulatorProcess, client, emulator

__all__ = ["client", "emulator"]


@pytest.fixture
def person(emulator: EmulatorProcess, tmp_path: Path) -> dict[str, str]:
    """The shell of the domain account's administrator."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return variables(tmp_path, emulator.endpoint, keys)


@pytest.fixture
def role(
    emulator: EmulatorProcess, client: Client, tmp_path: Path
) -> Callable[[list[dict[str, Any]]], tuple[str, dict[str, str]]]:
    """Make a role with statements; its ARN, and the variables of a process that runs as it."""

    def make(statements: list[dict[str, Any]]) -> tuple[str, dict[str, str]]:
        iam, name = client("iam"), f"client-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{DOMAIN}:root"}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="granted", PolicyDocument=document)
        issued = client("sts").assume_role(RoleArn=arn, RoleSessionName="client")["Credentials"]
        keys = {
            "aws_access_key_id": issued["AccessKeyId"],
            "aws_secret_access_key": issued["SecretAccessKey"],
            "aws_session_token": issued["SessionToken"],
        }
        folder = tmp_path / name
        folder.mkdir()
        return arn, variables(folder, emulator.endpoint, keys)

    return make
