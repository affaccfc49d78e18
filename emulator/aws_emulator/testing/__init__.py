"""For tests: an emulator as a process of its own, and clients of it."""

from __future__ import annotations

from aws_emulator.testing.process import Client, EmulatorProcess, clients, run_emulator

__all__ = ["Client", "EmulatorProcess", "clients", "run_emulator"]
