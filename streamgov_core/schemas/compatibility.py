"""What a new version of a schema changes for those who read and write its records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.errors import SchemaError, UnsupportedSchemaError
from streamgov_core.model.shortened import shortened
from streamgov_core.schemas import columns_of
from streamgov_core.schemas.answers import Reading, VerdictKind, undecided, worst
from streamgov_core.schemas.avro import avro_reading
from streamgov_core.schemas.columns import Column
from streamgov_core.schemas.json_schema import json_reading
from streamgov_core.schemas.protobuf import protobuf_reading

MAX_NAMED = 50
"""Fields of each kind that are named; the rest are counted."""
MAX_FINDINGS = 20
"""Places that the event names."""
MAX_SHOWN_TYPE = 200
"""Characters of a type in a summary."""
TRANSITIVE = "_ALL"
"""Ending of the modes that hold a version against all older ones (Glue API, Compatibility)."""

_READING: Mapping[str, Callable[[str, str], Reading]] = {
    "AVRO": avro_reading,
    "JSON": json_reading,
    "PROTOBUF": protobuf_reading,
}


@dataclass(frozen=True)
class SchemaComparison:
    """A new version held against one older version, in both directions.

    Args:
        version: number of the older version.
        new_reads_old: whether readers with the new version read records of the older one.
        old_reads_new: whether readers with the older version read records of the new one.
    """

    version: int
    new_reads_old: Reading
    old_reads_new: Reading


@dataclass(frozen=True)
class Verdict:
    """A new version held against older ones.

    Args:
        mode: the registry's compatibility mode.
        previous: number of the older version that the changes are told against.
        added: paths of new fields.
        removed: paths of fields that are gone.
        retyped: path, old type and new type.
        comparisons: with the version ``previous`` first; with all older ones after it, if the mode asks for them.
    """

    mode: str
    previous: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: tuple[tuple[str, str, str], ...]
    comparisons: tuple[SchemaComparison, ...]

    @property
    def new_reads_old(self) -> Reading:
        """Whether readers with the new version read records of the version ``previous``."""
        return self.comparisons[0].new_reads_old

    @property
    def old_reads_new(self) -> Reading:
        """Whether readers with the version ``previous`` read records of the new one."""
        return self.comparisons[0].old_reads_new

    @property
    def backward(self) -> bool:
        """Whether it is sure that readers with the new version read records of the version ``previous``."""
        return self.new_reads_old.answer is VerdictKind.COMPATIBLE

    @property
    def forward(self) -> bool:
        """Whether it is sure that readers with the version ``previous`` read records of the new one."""
        return self.old_reads_new.answer is VerdictKind.COMPATIBLE

    @property
    def answer(self) -> VerdictKind:
        """Whether the version keeps what the mode promises; without a promise, whether all readers read all records."""
        return worst(reading.answer for _, _, reading in self._promised())

    @property
    def breaking(self) -> bool:
        """Whether the version is known to break what the mode promises; what is not decided is no break."""
        return self.answer is VerdictKind.BREAKING

    def _promised(self) -> Iterable[tuple[int, bool, Reading]]:
        """Version, whether its records are read by new readers, and the reading, for all that the mode promises."""
        for item in self.comparisons:
            if not self.mode.startswith("FORWARD"):
                yield item.version, True, item.new_reads_old
            if not self.mode.startswith("BACKWARD"):
                yield item.version, False, item.old_reads_new

    def summary(self) -> str:
        """What changed and who can read, for people."""
        parts = [
            f"{word} {_named(names)}"
            for word, names in (
                ("added", self.added),
                ("removed", self.removed),
                ("retyped", tuple(f"{path} ({_clip(old)} to {_clip(new)})" for path, old, new in self.retyped)),
            )
            if names
        ]
        what = "; ".join(parts) or "no field changed"
        told = {
            VerdictKind.COMPATIBLE: "can read",
            VerdictKind.UNDECIDED: "may be unable to read",
            VerdictKind.BREAKING: "cannot read",
        }[self.old_reads_new.answer]
        sentences = [
            f"Against version {self.previous}: {what}.",
            f"Readers of version {self.previous} {told} new records.",
        ]
        for version, backward, reading in self._promised():
            if reading.place is not None:
                who = f"records of version {version}" if backward else f"readers of version {version}"
                known = "break" if reading.answer is VerdictKind.BREAKING else "undecided"
                sentences.append(f"For {who}, {known} at {reading.place}.")
                break
        return " ".join(sentences)

    def to_json(self) -> dict[str, Any]:
        """For the event."""
        return {
            "mode": self.mode or None,
            "previousVersion": self.previous,
            "verdict": self.answer.value,
            "breaking": self.breaking,
            "newReadersReadOldRecords": _sure(self.new_reads_old),
            "oldReadersReadNewRecords": _sure(self.old_reads_new),
            "findings": [
                {
                    "version": version,
                    "readers": "new" if backward else "old",
                    "verdict": finding.answer.value,
                    "field": finding.place,
                    "cause": finding.cause,
                }
                for version, backward, reading in self._promised()
                for finding in reading.findings
            ][:MAX_FINDINGS],
            "added": list(self.added[:MAX_NAMED]),
            "removed": list(self.removed[:MAX_NAMED]),
            "retyped": [
                {"field": path, "from": _clip(old), "to": _clip(new)} for path, old, new in self.retyped[:MAX_NAMED]
            ],
            "counts": {"added": len(self.added), "removed": len(self.removed), "retyped": len(self.retyped)},
        }


def compare(old: str, new: str, data_format: str, mode: str, previous: int) -> Verdict:
    """Hold a version against an older one.

    Avro is judged by the specification's rules for schema resolution, Protobuf by numbers and forms on the wire, JSON
    Schema by whether the documents of the one are documents of the other.

    Args:
        old: the older definition.
        new: the new definition.
        data_format: of both.
        mode: the registry's compatibility mode.
        previous: number of the older version.

    Raises:
        SchemaError: one of the two cannot be read.
    """
    return compare_history({previous: old}, new, data_format, mode, previous)


def compare_history(older: Mapping[int, str | None], new: str, data_format: str, mode: str, previous: int) -> Verdict:
    """Hold a version against older ones: the one before it, and all of them if the mode is transitive.

    Args:
        older: definitions of older versions by number, ``previous`` among them; None for one that was not looked at.
        new: the new definition.
        data_format: of all.
        mode: the registry's compatibility mode.
        previous: number of the version that the changes are told against.

    Raises:
        SchemaError: the new version or the version ``previous`` cannot be read.
    """
    shown = older[previous]
    if shown is None:
        raise SchemaError(f"version {previous} was not looked at")
    before = {item.name: item for item in columns_of(shown, data_format)}
    after = {item.name: item for item in columns_of(new, data_format)}
    numbers = [previous]
    if mode.endswith(TRANSITIVE):
        numbers += sorted((number for number in older if number != previous), reverse=True)
    return Verdict(
        mode,
        previous,
        tuple(path for path in after if path not in before),
        tuple(path for path in before if path not in after),
        tuple(
            (path, _shown(before[path]), _shown(after[path]))
            for path in before
            if path in after and _shown(before[path]) != _shown(after[path])
        ),
        tuple(_comparison(number, older[number], new, data_format, must=number == previous) for number in numbers),
    )


def _comparison(number: int, old: str | None, new: str, data_format: str, *, must: bool) -> SchemaComparison:
    if old is None:
        return _undecided(number, f"version {number} was not looked at")
    if old == new:
        return SchemaComparison(number, Reading(), Reading())
    reads = _READING.get(data_format)
    if reads is None:
        raise UnsupportedSchemaError(f"schemas of the data format {data_format!r} cannot be compared")
    try:
        return SchemaComparison(number, reads(new, old), reads(old, new))
    except SchemaError as error:
        if must:
            raise
        return _undecided(number, f"version {number} cannot be read: {error}")


def _undecided(number: int, cause: str) -> SchemaComparison:
    reading = Reading((undecided("", cause),))
    return SchemaComparison(number, reading, reading)


def _sure(reading: Reading) -> bool | None:
    return None if reading.answer is VerdictKind.UNDECIDED else reading.answer is VerdictKind.COMPATIBLE


def _shown(column: Column) -> str:
    return f"{column.type} | null" if column.nullable else column.type


def _clip(text: str) -> str:
    return shortened(text, MAX_SHOWN_TYPE)


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


__all__ = ["SchemaComparison", "Verdict", "VerdictKind", "compare", "compare_history"]
