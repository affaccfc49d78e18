"""What a new version of a schema changes for readers, asked of the registry."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from streamgov_core.catalog.entities import Asset, HistoryEntry, SchemaInfo, SchemaVersion
from streamgov_core.catalog.gateways import Registry
from streamgov_core.model.errors import SchemaError
from streamgov_core.runtime.log import log
from streamgov_core.schemas.compatibility import TRANSITIVE, Verdict, compare_history

MAX_COMPARED = 30
"""Older versions that a new one is held against, if the registry's mode is transitive; each costs a call."""


def verdict_on(
    registry: Registry, info: SchemaInfo, version: SchemaVersion, live: Asset | None, history: Iterable[HistoryEntry]
) -> Verdict | None:
    """What changed for readers since the version that the asset shows; None if nothing can be said.

    Args:
        registry: the schema registry.
        info: the schema.
        version: the version that the asset is to show.
        live: the asset as it is.
        history: the schema's versions.
    """
    shown = {
        form.content.get("schema_version")
        for form in (live.forms if live else ())
        if form.content.get("schema_arn") == info.arn
    }
    for number in shown - {None, version.number}:
        old = registry.get_version(info.name, int(str(number)))
        if old is None or not old.definition:
            continue  # deleted meanwhile
        try:
            data_format = version.data_format or info.data_format
            older = {old.number: old.definition, **_older(registry, info, version, old.number, history)}
            return compare_history(older, version.definition, data_format, info.compatibility, old.number)
        except SchemaError as error:
            log(
                "schema versions not compared",
                level=logging.WARNING,
                schema=info.name,
                versions=[old.number, version.number],
                cause=str(error),
            )
    return None


def _older(
    registry: Registry, info: SchemaInfo, version: SchemaVersion, shown: int, history: Iterable[HistoryEntry]
) -> dict[int, str | None]:
    """Definitions of the older versions that a transitive mode speaks of; None for those that are too many."""
    if not info.compatibility.endswith(TRANSITIVE):
        return {}
    numbers = [
        entry.number
        for entry in history
        if entry.status == "AVAILABLE" and entry.number < version.number and entry.number != shown
    ]
    older: dict[int, str | None] = {}
    for count, number in enumerate(sorted(numbers, reverse=True)):
        found = registry.get_version(info.name, number) if count < MAX_COMPARED else None
        if found is not None or count >= MAX_COMPARED:
            older[number] = found.definition if found else None
    return older
