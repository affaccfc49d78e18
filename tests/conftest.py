"""For every test: no socket leaves this machine, and no AWS credentials but the sandbox's."""

from __future__ import annotations

import gc

from aws_emulator.testing.fixtures import only_loopback, sandbox_credentials

__all__ = ["only_loopback", "sandbox_credentials"]


def pytest_collection_finish() -> None:
    """What importing has made stays until the end: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
