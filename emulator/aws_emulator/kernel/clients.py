"""boto3 clients against this emulator, for parts that act as a role or as an account's administrator."""

from __future__ import annotations

import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from aws_emulator.api import Emulator
from aws_emulator.kernel.config import DEFAULT_REGION
from aws_emulator.kernel.identity import ADMIN_ROLE, Identities, Session


class Clients:
    """Makes clients; each carries fresh session credentials."""

    def __init__(self, emulator: Emulator, identities: Identities) -> None:
        self._emulator = emulator
        self._identities = identities
        # One botocore session, so that service models are loaded once. Making a client is not thread-safe.
        self._session = boto3.session.Session(
            aws_access_key_id="unused", aws_secret_access_key="unused", botocore_session=botocore.session.Session()
        )
        self._lock = threading.Lock()

    def client(
        self,
        service: str,
        *,
        role_arn: str,
        region: str = DEFAULT_REGION,
        session_name: str = "emulator",
        session_policy: str | None = None,
        config: Config | None = None,
    ) -> Any:
        """A client as a role. The calling service has checked that it may act as the role.

        Raises:
            ApiError: NoSuchEntity, when there is no such role.
        """
        session = self._identities.issue(role_arn, session_name, session_policy=session_policy)
        return self._make(service, region, session, config)

    def admin_client(self, service: str, *, account: str, region: str = DEFAULT_REGION) -> Any:
        """A client as the role Admin of a sandbox account."""
        session = self._identities.issue(f"arn:aws:iam::{account}:role/{ADMIN_ROLE}", "emulator")
        return self._make(service, region, session, None)

    def _make(self, service: str, region: str, session: Session, config: Config | None) -> Any:
        base = Config(retries={"mode": "standard", "max_attempts": 3}, max_pool_connections=20)
        with self._lock:
            return self._session.client(
                service,  # type: ignore[call-overload]
                region_name=region,
                endpoint_url=self._emulator.endpoint,
                aws_access_key_id=session.caller.access_key,
                aws_secret_access_key=session.secret,
                aws_session_token=session.token,
                config=base.merge(config) if config else base,
            )
