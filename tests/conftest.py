"""For every test: no socket leaves this machine, and no AWS credentials but the sandbox's."""

from __future__ import annotations

from aws_emulator.testing.fixtures import only_loopback, sandbox_credentials

__all__ = ["only_loopback", "sandbox_credentials"]
