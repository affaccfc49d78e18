"""What the samples ask of a stream, whatever platform it is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

KeyedRecord = tuple[str, bytes]


class Writer(Protocol):
    """Writes records to one stream."""

    def write(self, records: Iterable[KeyedRecord]) -> int:
        """Write all of them and return how many there were."""


class Reader(Protocol):
    """Reads records of one stream."""

    def read(self, limit: int) -> Sequence[bytes]:
        """The oldest records that the stream still holds, at most so many."""
