"""Fixtures for pytest; a ``conftest.py`` imports those that it wants.

`only_loopback` and `sandbox_credentials` hold for every test where they are imported; `emulator` is one process for the
whole session.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from aws_emulator.testing.process import Client, EmulatorProcess, clients, run_emulator

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


class ForeignSocket(AssertionError):
    """A test tried to reach something that is not on this machine."""


def _check(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # a Unix socket
    host = str(address[0])
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ForeignSocket(f"a test tried to connect to {host!r}; only loopback is allowed")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _check(address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _check(address)
    return _connect_ex(self, address)


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Refuse every connection of this process that is not to loopback."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _guarded_connect)
    patch.setattr(socket.socket, "connect_ex", _guarded_connect_ex)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def sandbox_credentials() -> Iterator[None]:
    """A person's own AWS profile, region and keys never reach a test."""
    patch = pytest.MonkeyPatch()
    for name in list(os.environ):
        if name.startswith("AWS_"):
            patch.delenv(name)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_REGION", "us-east-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # A broker and a Flink job are Java processes: only the tests that are about them start one.
    patch.setenv("EMULATOR_KAFKA", "off")
    patch.setenv("EMULATOR_FLINK", "off")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """One emulator for the whole session."""
    process, running = run_emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def client(emulator: EmulatorProcess) -> Client:
    """Clients of that emulator; see `aws_emulator.testing.clients`."""
    return clients(emulator.endpoint)
