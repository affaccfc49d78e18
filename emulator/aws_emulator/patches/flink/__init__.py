"""Managed Service for Apache Flink (API kinesisanalyticsv2): applications, their versions and their states.

Replaces moto's, which creates, describes and lists only. What runs an application is `Emulator.parts["flink.runner"]`
(`aws_emulator.flink`).
"""

from __future__ import annotations

from aws_emulator.api import Emulator
from aws_emulator.patches.flink import applications, logging_options, operations, running, vpc
from aws_emulator.patches.flink.store import Store


def install(emulator: Emulator) -> None:
    """Register the operations."""
    store = Store(emulator)
    applications.install(emulator, store)
    logging_options.install(emulator, store)
    operations.install(emulator, store)
    running.install(emulator, store)
    vpc.install(emulator, store)
    emulator.parts["flink.applications"] = store
