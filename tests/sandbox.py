"""The emulator for tests of the product: its accounts, its process, and its clients."""

from __future__ import annotations

from pathlib import Path

from aws_emulator.kernel.config import DEFAULT_ACCOUNTS
from aws_emulator.testing import Client, EmulatorProcess, run_emulator
from aws_emulator.testing.fixtures import client, emulator

__all__ = ["CONSUMER", "DOMAIN", "PRODUCER", "ROOT", "Client", "EmulatorProcess", "client", "emulator", "run_emulator"]

ROOT = Path(__file__).resolve().parents[1]
DOMAIN, PRODUCER, CONSUMER = DEFAULT_ACCOUNTS
