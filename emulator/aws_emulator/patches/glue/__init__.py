"""AWS Glue Schema Registry, whole: moto's lacks the lists, the checkpoint, the deletion of versions and more.

The rest of Glue stays moto's. Tags are kept by moto's tagger, so that GetTags and the tagging API know them.
"""

from __future__ import annotations

from aws_emulator.api import Emulator
from aws_emulator.patches.glue import metadata, registries, schemas, versions
from aws_emulator.patches.glue.store import Store


def install(emulator: Emulator) -> None:
    """Register the operations of the schema registry."""
    store = Store(emulator)
    registries.install(emulator, store)
    schemas.install(emulator, store)
    versions.install(emulator, store)
    metadata.install(emulator, store)
