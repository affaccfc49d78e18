"""What moto's services lack or do otherwise than AWS, service by service."""

from __future__ import annotations

from emulator.api import Emulator


def install(emulator: Emulator) -> None:
    """Install every patch."""
