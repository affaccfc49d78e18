"""Sessions of the sandbox's people: the domain's administrator, and the Admin role of each account."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from tools.dev.workspace import Workspace

REGION = "us-east-1"
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, max_pool_connections=20)


class People:
    """boto3 clients for whoever acts in the walkthrough.

    Args:
        workspace: the running local deployment.
        domain_account: the account whose administrator the keys ``test``/``test`` are.
    """

    def __init__(self, workspace: Workspace, domain_account: str) -> None:
        self._endpoint = workspace.endpoint
        self._domain_account = domain_account
        self.client = cache(self._client)

    def _session(self, account: str) -> boto3.Session:
        base = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        if account == self._domain_account:
            return base
        sts = base.client("sts", endpoint_url=self._endpoint, config=_CONFIG)
        answer = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/Admin", RoleSessionName="walkthrough")
        keys = answer["Credentials"]
        return boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=REGION,
        )

    def credentials(self, account: str) -> Any:
        """The keys with which somebody acts in an account: ``access_key``, ``secret_key``, ``token``."""
        return self._session(account).get_credentials()

    def _client(self, service: str, account: str) -> Any:
        return self._session(account).client(service, endpoint_url=self._endpoint, config=_CONFIG)  # type: ignore[call-overload]


def without_aws_profile() -> None:
    """Keep a person's own AWS profile out of this process: only the emulator is ever spoken to."""
    for key in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(key, None)
