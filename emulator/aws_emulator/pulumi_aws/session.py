"""The boto3 clients of one provider instance, with its role assumed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config

from aws_emulator.pulumi_aws import config as configuration
from aws_emulator.pulumi_aws.model import Context, PluginError, has_unknown

_EARLY_SECONDS = 300
_RETRIES = 5


class Instance:
    """One provider instance: its account and clients, and new credentials when the old ones end.

    Args:
        endpoint: the emulator's address.
        config: the instance's configuration, typed.
        now: seconds since the epoch.

    Raises:
        PluginError: there is no region, or the credentials belong to an account that the instance does not allow.
    """

    def __init__(self, endpoint: str, config: dict[str, Any], now: Callable[[], float] = time.time) -> None:
        if has_unknown(config):
            raise PluginError("the aws provider's configuration is not known yet")
        self._endpoint = endpoint
        self._config = config
        self._now = now
        # One session for all clients: it reads each service's model once, also when the credentials change.
        self._session = boto3.Session(region_name=config.get("region"), profile_name=config.get("profile"))
        self.region: str = self._session.region_name or ""
        if not self.region:
            raise PluginError("the aws provider has no region: set `region` on the provider or AWS_REGION")
        retries = int(config.get("maxRetries") or _RETRIES)
        self._settings = Config(
            retries={"mode": "standard", "max_attempts": retries + 1},
            max_pool_connections=32,
            s3={"addressing_style": "path"},
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._keys: dict[str, str] = {}
        self._ends: float | None = None
        self._assume()
        self.account = self._check_account()
        self.context = Context(self.client, self.region, self.account, configuration.default_tags(config) or {})

    def client(self, service: str) -> Any:
        """The client for a service, made at its first use."""
        if self._ends is not None and self._ends - self._now() < _EARLY_SECONDS:
            with self._lock:
                self._assume()
        found = self._clients.get(service)
        if found is None:
            with self._lock:
                found = self._clients.get(service)
                if found is None:
                    found = self._clients[service] = self._make(service, self._keys)
        return found

    def _make(self, service: str, keys: dict[str, str]) -> Any:
        make: Any = self._session.client
        return make(service, endpoint_url=self._endpoint, config=self._settings, **keys)

    def _assume(self) -> None:
        """Assume the configured roles, one after the other."""
        keys: dict[str, str] = {}
        ends: datetime | None = None
        for role in self._config.get("assumeRoles") or []:
            arguments: dict[str, Any] = {
                "RoleArn": role["roleArn"],
                "RoleSessionName": role.get("sessionName") or "pulumi",
            }
            if role.get("externalId"):
                arguments["ExternalId"] = role["externalId"]
            found = self._make("sts", keys).assume_role(**arguments)["Credentials"]
            keys = {
                "aws_access_key_id": found["AccessKeyId"],
                "aws_secret_access_key": found["SecretAccessKey"],
                "aws_session_token": found["SessionToken"],
            }
            ends = found["Expiration"]
        self._keys = keys
        self._ends = ends.timestamp() if ends else None
        self._clients = {}

    def _check_account(self) -> str:
        account = str(self.client("sts").get_caller_identity()["Account"])
        allowed = self._config.get("allowedAccountIds") or []
        if allowed and account not in allowed:
            raise PluginError(
                f"the credentials belong to account {account}; this provider allows {', '.join(allowed)} only"
            )
        return account
