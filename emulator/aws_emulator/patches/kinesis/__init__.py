"""Kinesis Data Streams: resource policies, stream consumers, lists and tags as AWS documents them.

The streams and their records stay moto's; resource policies lie in moto's backends, where the access oracle looks.
"""

from __future__ import annotations

from aws_emulator.api import Emulator
from aws_emulator.patches.kinesis import consumers, policies, streams


def install(emulator: Emulator) -> None:
    """Register the operations."""
    policies.install(emulator)
    consumers.install(emulator)
    streams.install(emulator)
