"""The table of runs in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any


class MemoryRunStore:
    """RunStore in memory; what it holds has been JSON."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, str], dict[str, str]] = {}
        self.turns = 0

    def put(self, run: str, shard: str, part: str, rows: Sequence[Any]) -> None:
        if rows:
            self.parts.setdefault((run, shard), {})[part] = json.dumps(list(rows))

    def rows(self, run: str, shard: str) -> Iterator[Any]:
        for _, text in sorted(self.parts.get((run, shard), {}).items()):
            yield from json.loads(text)

    def next_turn(self) -> int:
        self.turns += 1
        return self.turns
