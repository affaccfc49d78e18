"""Amazon MSK: clusters with the cluster's name in their ARN, cluster policies, the topic API, private connections.

Replaces moto's kafka operations; the objects live in moto's backends, where the access oracle and the tagging API look.
"""

from __future__ import annotations

from aws_emulator.api import Emulator
from aws_emulator.patches.kafka import clusters, connections, extras, operations, policy, resizing, topics
from aws_emulator.patches.kafka.store import Store


def install(emulator: Emulator) -> None:
    """Register the operations of MSK."""
    store = Store(emulator)
    clusters.install(emulator, store)
    policy.install(emulator, store)
    topics.install(emulator, store)
    connections.install(emulator, store)
    extras.install(emulator, store)
    resizing.install(emulator, store)
    operations.install(emulator, store)
