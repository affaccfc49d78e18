"""What moto's services lack or do otherwise than AWS, service by service."""

from __future__ import annotations

from emulator.api import Emulator
from emulator.patches import glue, iam, kafka, ram


def install(emulator: Emulator) -> None:
    """Install every patch."""
    for part in (glue, iam, kafka, ram):
        part.install(emulator)
