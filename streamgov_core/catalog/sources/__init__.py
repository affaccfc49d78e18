"""Where the topics and streams of a platform are looked up: one module a platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamgov_core.catalog.gateways import Source
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.clients import Clients


def _msk(clients: Clients, names: Names, resource: str) -> Source:
    from streamgov_core.platforms.msk.source import MskSource

    return MskSource(clients.client("kafka"), names, resource)


def _kinesis(clients: Clients, names: Names, resource: str) -> Source:
    from streamgov_core.platforms.kinesis.source import KinesisSource

    return KinesisSource(lambda: clients.client("kinesis"), lambda: clients.client("kms"), names, resource)


SOURCES: dict[str, Callable[[Clients, Names, str], Any]] = {"kinesis": _kinesis, "msk": _msk}
"""The source of each platform, made of the clients, the names and what configuration calls the resource."""


def source_of(platform: str, clients: Clients, names: Names, resource: str) -> Source:
    """The source of a platform.

    Raises:
        ConfigError: nothing is known of this platform.
    """
    if platform not in SOURCES:
        raise ConfigError(f"unknown streaming platform {platform!r}: expected one of {', '.join(sorted(SOURCES))}")
    source: Source = SOURCES[platform](clients, names, resource)
    return source
