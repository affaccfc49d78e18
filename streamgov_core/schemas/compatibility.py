"""What a new version of a schema changes for those who read and write its records."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas import columns_of
from streamgov_core.schemas.columns import Column

MAX_NAMED = 50
"""Fields of each kind that are named; the rest are counted."""

# Types that share their form on the wire (Protocol Buffers language guide, "Updating a message type").
_WIRE: tuple[frozenset[str], ...] = (
    frozenset({"int32", "uint32", "int64", "uint64", "bool"}),
    frozenset({"sint32", "sint64"}),
    frozenset({"string", "bytes"}),
    frozenset({"fixed32", "sfixed32"}),
    frozenset({"fixed64", "sfixed64"}),
)


@dataclass(frozen=True)
class Verdict:
    """A new version held against an older one.

    Args:
        mode: the registry's compatibility mode.
        previous: number of the older version.
        added: paths of new fields.
        removed: paths of fields that are gone.
        retyped: path, old type and new type.
        backward: readers with the new version can read records of the older one.
        forward: readers with the older version can read records of the new one.
    """

    mode: str
    previous: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: tuple[tuple[str, str, str], ...]
    backward: bool
    forward: bool

    @property
    def breaking(self) -> bool:
        """Whether the version breaks what the mode promises; without a promise, whether any reader fails."""
        if self.mode.startswith("BACKWARD"):
            return not self.backward
        if self.mode.startswith("FORWARD"):
            return not self.forward
        return not (self.backward and self.forward)

    def summary(self) -> str:
        """One line for people."""
        parts = [
            f"{word} {_named(names)}"
            for word, names in (
                ("added", self.added),
                ("removed", self.removed),
                ("retyped", tuple(f"{path} ({old} to {new})" for path, old, new in self.retyped)),
            )
            if names
        ]
        readers = "can" if self.forward else "cannot"
        what = "; ".join(parts) or "no field changed"
        return (
            f"Against version {self.previous}: {what}. Readers of version {self.previous} {readers} read new records."
        )

    def to_json(self) -> dict[str, Any]:
        """For the event."""
        return {
            "mode": self.mode or None,
            "previousVersion": self.previous,
            "breaking": self.breaking,
            "newReadersReadOldRecords": self.backward,
            "oldReadersReadNewRecords": self.forward,
            "added": list(self.added[:MAX_NAMED]),
            "removed": list(self.removed[:MAX_NAMED]),
            "retyped": [{"field": path, "from": old, "to": new} for path, old, new in self.retyped[:MAX_NAMED]],
            "counts": {"added": len(self.added), "removed": len(self.removed), "retyped": len(self.retyped)},
        }


def compare(old: str, new: str, data_format: str, mode: str, previous: int) -> Verdict:
    """Hold a version against an older one.

    Avro is judged by its specification's rules for schema resolution, as its library has them. JSON Schema and Protobuf
    are judged by their columns: a JSON reader fails on a missing required property or another type, a Protobuf reader
    on a type of another wire format.

    Args:
        old: the older definition.
        new: the new definition.
        data_format: of both.
        mode: the registry's compatibility mode.
        previous: number of the older version.

    Raises:
        SchemaError: one of the two cannot be read.
    """
    before = {item.name: item for item in columns_of(old, data_format)}
    after = {item.name: item for item in columns_of(new, data_format)}
    retyped = tuple(
        (path, _shown(before[path]), _shown(after[path]))
        for path in before
        if path in after and _shown(before[path]) != _shown(after[path])
    )
    if data_format == "AVRO":
        backward, forward = _avro_reads(new, old), _avro_reads(old, new)
    else:
        reads = _json_reads if data_format == "JSON" else _protobuf_reads
        backward, forward = _reads(after, before, reads), _reads(before, after, reads)
    return Verdict(
        mode,
        previous,
        tuple(path for path in after if path not in before),
        tuple(path for path in before if path not in after),
        retyped,
        backward,
        forward,
    )


def _shown(column: Column) -> str:
    return f"{column.type} | null" if column.nullable else column.type


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def _avro_reads(reader: str, writer: str) -> bool:
    import avro.errors
    from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

    from streamgov_core.schemas.avro import parse_avro

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        try:
            checker: Any = ReaderWriterCompatibilityChecker  # its constructor has no annotations
            found = checker().get_compatibility(parse_avro(reader), parse_avro(writer))
        except RecursionError as error:
            raise SchemaError("the Avro schemas are nested too deeply to be compared") from error
    return bool(found.compatibility is SchemaCompatibilityType.compatible)


def _reads(
    reader: Mapping[str, Column], writer: Mapping[str, Column], accepts: Callable[[Column, Column | None], bool]
) -> bool:
    return all(accepts(column, writer.get(path)) for path, column in reader.items())


def _json_reads(reader: Column, writer: Column | None) -> bool:
    if writer is None:
        # A property below an optional one is missing only together with it, which its own column tells.
        return reader.nullable or "." in reader.name
    wider = reader.type == writer.type or (reader.type, writer.type) == ("number", "integer")
    return wider and (reader.nullable or not writer.nullable)


def _protobuf_reads(reader: Column, writer: Column | None) -> bool:
    if writer is None or reader.type == writer.type:
        return True
    return any(reader.type in group and writer.type in group for group in _WIRE) or (
        reader.type.startswith("enum(") and writer.type.startswith("enum(")
    )
