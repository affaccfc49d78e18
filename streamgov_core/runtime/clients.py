"""AWS clients, made when they are first needed and kept for the life of a function's process."""

from __future__ import annotations

import threading
from typing import Any, Literal

from streamgov_core.model.errors import ConfigError

RetryMode = Literal["standard", "adaptive"]


class Clients:
    """Makes botocore's clients lazily, one for each service, and keeps them. Safe for several threads.

    boto3 adds nothing to a client that the functions use, and takes as long to import as everything else together.

    Args:
        region: the region to call; None takes it from the environment, as Lambda sets it.
        retry_mode: botocore's retry mode; ``adaptive`` also slows down when a service throttles.
        max_pool: connections that each client may keep open, at least the number of threads that use it.
        max_attempts: how often a call is made at most, the first time included.
        read_timeout: seconds to wait for an answer; short where a lease is held meanwhile.
    """

    def __init__(
        self,
        region: str | None = None,
        *,
        retry_mode: RetryMode = "standard",
        max_pool: int = 10,
        max_attempts: int = 8,
        read_timeout: float = 30,
    ) -> None:
        self._read_timeout = read_timeout
        self._region = region
        self._retry_mode = retry_mode
        self._max_pool = max_pool
        self._max_attempts = max_attempts
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    def prepare(self, *services: str) -> None:
        """Make clients before they are needed.

        Raises:
            ConfigError: botocore's description of a service is not there.
        """
        for service in services:
            self.client(service)

    def client(self, service: str) -> Any:
        """The client of ``service``.

        Raises:
            ConfigError: botocore's description of the service is not there.
        """
        with self._lock:
            if service not in self._clients:
                from botocore.config import Config
                from botocore.exceptions import UnknownServiceError
                from botocore.session import Session

                if self._session is None:
                    self._session = Session()
                config = Config(
                    retries={"mode": self._retry_mode, "total_max_attempts": self._max_attempts},
                    max_pool_connections=self._max_pool,
                    connect_timeout=5,
                    read_timeout=self._read_timeout,
                )
                try:
                    self._clients[service] = self._session.create_client(
                        service, region_name=self._region, config=config
                    )
                except UnknownServiceError as error:
                    raise ConfigError(
                        f"botocore has no description of the service {service!r}; a function's bundle carries those of "
                        'services that its code names in client("…")'
                    ) from error
            return self._clients[service]


def error_code(error: Exception) -> str:
    """The API's error code of a botocore ClientError; empty for any other exception."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    return str(response.get("Error", {}).get("Code", ""))
