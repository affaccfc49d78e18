"""What became of a schema, and what a run of a data source did: bounded, whatever the size of the registry."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from streamgov_core.model.shortened import shortened

SyncVerdict = Literal["created", "revised", "replaced", "unchanged", "retired", "kept", "skipped", "postponed"]
ALL = "*"
"""Stands for the schema in a failure that concerns all of them."""
LISTED_VERDICTS = ("created", "revised", "replaced", "retired", "kept", "skipped", "failed")
"""Those that a report lists by name."""


@dataclass(frozen=True)
class SyncOutcome:
    """The outcome for one schema.

    Args:
        verdict: what was done; ``postponed`` if it would end an asset, which waits until all that would are counted.
        cause: why an asset was kept as it is, or a schema passed over.
        event: what is published of it.
    """

    verdict: SyncVerdict
    cause: str | None = None
    event: Mapping[str, Any] | None = None


@dataclass
class SyncResult:
    """What a run did.

    Attributes:
        created: schemas whose asset was made.
        revised: schemas whose asset has a new revision.
        replaced: schemas that now mean another topic or stream: a new asset has what people wrote, the former is gone.
        retired: schemas that are gone and whose asset was deleted.
        kept: schemas whose asset stays as it is although it should be changed or go, with the cause.
        skipped: schemas that were passed over, with the cause: no retry would change it.
        failed: schemas that could not be brought into the catalogue, with the cause.
        counts: how many there are of each, also of those that the lists have no room for, and of the unchanged.
        postponed: all schemas whose asset would end: they are gone, or mean another topic or stream. Such are counted
            before any is done.
        failed_names: all that have failed and may be tried again, also those that the list has no room for.
    """

    created: list[str] = field(default_factory=list)
    revised: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    kept: list[dict[str, str]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    postponed: list[str] = field(default_factory=list)
    failed_names: list[str] = field(default_factory=list)

    MAX_LISTED: ClassVar[int] = 100
    """Entries of a list: log lines, answers and the output of an execution (256 KiB) are bounded."""
    MAX_CAUSE: ClassVar[int] = 300
    MAX_REPORT: ClassVar[int] = 100_000
    """Characters of a report as JSON; lists are cut until it fits, and the counts tell of all."""

    @property
    def unchanged(self) -> int:
        """Number of schemas for which nothing was written."""
        return self.counts["unchanged"]

    @property
    def failures(self) -> int:
        """Number of schemas that failed."""
        return self.counts["failed"]

    def add(self, schema: str, outcome: SyncOutcome) -> None:
        """Count one schema."""
        entry: Any = schema
        if outcome.verdict in ("kept", "skipped"):
            entry = {"schema": schema, "cause": shortened(outcome.cause or "", self.MAX_CAUSE)}
        self._count(outcome.verdict, entry)

    def fail(self, schema: str, cause: str) -> None:
        """Count a schema that failed."""
        self._count("failed", {"schema": schema, "cause": shortened(cause, self.MAX_CAUSE)})
        if schema != ALL:
            self.failed_names.append(schema)

    def _count(self, verdict: str, entry: Any) -> None:
        self.counts[verdict] += 1
        if verdict == "unchanged":
            return
        listed = getattr(self, verdict)
        if verdict == "postponed" or len(listed) < self.MAX_LISTED:
            listed.append(entry)

    def merge(self, other: SyncResult) -> None:
        """Add what another part of the run did; lists are filled while there is room."""
        self.counts.update(other.counts)
        for name in LISTED_VERDICTS:
            listed = getattr(self, name)
            listed += getattr(other, name)[: max(0, self.MAX_LISTED - len(listed))]

    @classmethod
    def from_json(cls, tally: Mapping[str, Any]) -> SyncResult:
        """The result that a portion of a run wrote down."""
        result = cls(counts=Counter(dict(tally.get("counts") or {})))
        for name in LISTED_VERDICTS:
            setattr(result, name, list(tally.get(name, ())))
        return result

    def to_json(self, limit: int = MAX_REPORT) -> dict[str, Any]:
        """The result as a plain dictionary.

        Args:
            limit: characters that it may have as JSON.
        """
        counts = {verdict: count for verdict, count in sorted(self.counts.items()) if count and verdict != "postponed"}
        room = self.MAX_LISTED
        while True:
            report: dict[str, Any] = {
                name: _sorted_names(getattr(self, name))[:room] for name in LISTED_VERDICTS if name != "failed"
            }
            report |= {"failed": self.failed[:room], "unchanged": self.unchanged, "counts": counts}
            if room == 0 or len(json.dumps(report)) <= limit:
                return report
            room //= 2


def _sorted_names(entries: list[Any]) -> list[Any]:
    return sorted(entries, key=str)
