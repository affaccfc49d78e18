"""One emulator process for the whole test session; no socket leaves this machine."""

from __future__ import annotations

from aws_emulator.kernel.config import DEFAULT_ACCOUNTS
from aws_emulator.testing import Client, EmulatorProcess, run_emulator
from aws_emulator.testing.fixtures import client, emulator, only_loopback, sandbox_credentials

__all__ = [
    "CONSUMER",
    "DOMAIN",
    "PRODUCER",
    "Client",
    "EmulatorProcess",
    "client",
    "emulator",
    "only_loopback",
    "run_emulator",
    "sandbox_credentials",
]

DOMAIN, PRODUCER, CONSUMER = DEFAULT_ACCOUNTS
