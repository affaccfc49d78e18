"""Time and work in progress, as the compute services see them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aws_emulator.api import Emulator


def clock_speed(emulator: Emulator) -> float:
    """How many seconds of the services' time pass in one real second (1.0 where the clock is not scaled)."""
    speed = float(getattr(emulator.clock, "speed", 1.0))
    return speed if speed > 0 else 1.0


def real_seconds(emulator: Emulator, seconds: float) -> float:
    """The real time that a wait of ``seconds`` on the emulator's clock takes.

    Needed where a wait must be interruptible (an event with a time-out), which ``Clock.sleep`` is not.
    """
    return max(seconds, 0.0) / clock_speed(emulator)


class WorkInProgress:
    """Counts what is under way (deliveries, asynchronous invocations, executions), by kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def begin(self, kind: str) -> None:
        """One more piece of work of this kind is under way."""
        with self._lock:
            self._counts[kind] = self._counts.get(kind, 0) + 1

    def end(self, kind: str) -> None:
        """One piece of work of this kind has ended.

        Raises:
            RuntimeError: if none was under way.
        """
        with self._lock:
            if self._counts.get(kind, 0) < 1:
                raise RuntimeError(f"no {kind} was under way")
            self._counts[kind] -= 1

    @contextmanager
    def doing(self, kind: str) -> Iterator[None]:
        """Count a block of code as work under way."""
        self.begin(kind)
        try:
            yield
        finally:
            self.end(kind)

    def counts(self) -> dict[str, int]:
        """What is under way, by kind; empty when idle."""
        with self._lock:
            return {kind: count for kind, count in self._counts.items() if count}
