"""Clocks and identities that tests control."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

from streamgov_core.model.clock import InvocationClock


class Clock:
    """A clock that stands until somebody sleeps."""

    def __init__(self, start: float = 1_000_000.0) -> None:
        self.value = start
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self.value

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.value += seconds
        time.sleep(0)  # Lets another thread run; no time passes.

    def invocation_clock(self, seconds: float = 60.0, ids: Callable[[], str] | None = None) -> InvocationClock:
        return InvocationClock(self.now, self.sleep, ids or Ids().next, self.value + seconds)


class RealClock(Clock):
    """The machine's clock, for threads that really wait for each other; pauses are short."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        threading.Event().wait(seconds / 50)

    def invocation_clock(self, seconds: float = 60.0, ids: Callable[[], str] | None = None) -> InvocationClock:
        return InvocationClock(self.now, self.sleep, ids or Ids().next, self.now() + seconds)


class Ids:
    """Fresh ids. No two are the same, whoever asked: a lease is known by its owner's id."""

    _counter = itertools.count(1)

    def __init__(self, prefix: str = "id") -> None:
        self._prefix = prefix

    def next(self) -> str:
        return f"{self._prefix}{next(self._counter)}"
