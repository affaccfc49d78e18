"""Work that is tried again later: a bounded pool of threads, and a queue of what is due on the emulator's clock."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aws_emulator.api import Emulator
from aws_emulator.compute.timing import real_seconds

THREADS = 16

T = TypeVar("T")


@dataclass(order=True)
class _Due(Generic[T]):
    at: float
    order: int
    item: T = field(compare=False)


class Retrying(Generic[T]):
    """Attempts items in the background.

    Args:
        emulator: whose clock the delays are scaled by.
        name: of the threads.
        attempt: works on one item; it must not raise.
    """

    def __init__(self, emulator: Emulator, name: str, attempt: Callable[[T], None]) -> None:
        self._emulator = emulator
        self._attempt = attempt
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=name)
        self._changed = threading.Condition()
        self._due: list[_Due[T]] = []
        self._order = itertools.count()
        self._closed = False
        threading.Thread(target=self._timer, name=f"{name}-timer", daemon=True).start()

    def now(self, item: T) -> None:
        """Attempt an item as soon as a thread is free."""
        self._pool.submit(self._attempt, item)

    def later(self, item: T, seconds: float) -> None:
        """Attempt an item after so many seconds of the emulator's time."""
        at = time.monotonic() + real_seconds(self._emulator, seconds)
        with self._changed:
            heapq.heappush(self._due, _Due(at, next(self._order), item))
            self._changed.notify_all()

    def close(self) -> None:
        """Stop: what still waits is lost, as everything of the emulator is."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _timer(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._due or self._due[0].at > time.monotonic()):
                    self._changed.wait(self._due[0].at - time.monotonic() if self._due else None)
                if self._closed:
                    return
                item = heapq.heappop(self._due).item
            self.now(item)
