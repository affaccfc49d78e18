"""What a run has made and must remove again, in a file that outlives the process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Removal:
    """One call that removes something.

    Attributes:
        number: its place in the order of registration.
        service: the botocore service.
        operation: the client's method.
        params: the method's arguments.
        owner: the probe or setup that made the thing.
    """

    number: int
    service: str
    operation: str
    params: dict[str, Any] = field(default_factory=dict)
    owner: str = ""

    def __str__(self) -> str:
        """The call, for people."""
        given = ", ".join(f"{key}={value}" for key, value in self.params.items())
        return f"{self.service} {self.operation} {given}"


class Journal:
    """The removals of one run: registered before or right after a thing is made, crossed out when done.

    Args:
        path: its file; an existing one is read, so that a later process can go on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: dict[int, Removal] = {}
        self._count = 0
        if path.exists():
            for line in path.read_text().splitlines():
                self._replay(json.loads(line))

    def _replay(self, entry: dict[str, Any]) -> None:
        if "done" in entry:
            self._open.pop(entry["done"], None)
            return
        found = Removal(**entry)
        self._open[found.number] = found
        self._count = max(self._count, found.number)

    def add(self, service: str, operation: str, params: dict[str, Any], owner: str = "") -> Removal:
        """Register a removal; it is on the disk when this returns."""
        self._count += 1
        made = Removal(self._count, service, operation, params, owner)
        self._write(asdict(made))
        self._open[made.number] = made
        return made

    def done(self, removal: Removal) -> None:
        """Cross a removal out."""
        if self._open.pop(removal.number, None) is not None:
            self._write({"done": removal.number})

    def pending(self, after: int = 0) -> list[Removal]:
        """What is still to be removed, the latest first.

        Args:
            after: only what was registered after this number.
        """
        return [found for number, found in sorted(self._open.items(), reverse=True) if number > after]

    @property
    def count(self) -> int:
        """The number of the latest removal."""
        return self._count

    def close(self) -> bool:
        """Remove the file if nothing is left to do; whether so."""
        if self._open:
            return False
        self.path.unlink(missing_ok=True)
        return True

    def _write(self, entry: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(entry, default=str) + "\n")
            file.flush()


def left_over(folder: Path) -> Iterator[Journal]:
    """The journals of runs that did not remove everything."""
    for path in sorted(folder.glob("*.jsonl")):
        found = Journal(path)
        if not found.close():
            yield found
