"""A history that keeps its newest entries, by number and by size."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

Entry = TypeVar("Entry")


class History(Generic[Entry]):
    """Entries in the order of their arrival; the oldest are forgotten. The caller holds a lock.

    Args:
        limit: entries that are kept at most.
        budget: bytes that they may weigh together; the newest entry is kept whatever it weighs.
    """

    def __init__(self, limit: int, budget: int) -> None:
        self._limit, self._budget = limit, budget
        self._entries: deque[tuple[Entry, int]] = deque()
        self._weight = 0

    def append(self, entry: Entry, weight: int) -> None:
        """Add an entry.

        Args:
            entry: the newest.
            weight: about how many bytes it takes.
        """
        self._entries.append((entry, weight))
        self._weight += weight
        while len(self._entries) > 1 and (len(self._entries) > self._limit or self._weight > self._budget):
            self._weight -= self._entries.popleft()[1]

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self._weight = 0

    def __iter__(self) -> Iterator[Entry]:
        return (entry for entry, _ in self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def weight_of(value: Any) -> int:
    """About how many bytes a JSON-like value takes."""
    return len(json.dumps(value, default=str))
