"""The emulator of the session, for tests that need no cloud of their own."""

from __future__ import annotations

from tests.sandbox import emulator

__all__ = ["emulator"]
