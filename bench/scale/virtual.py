"""A virtual clock for code that waits and runs in threads: one thread at a time, and no time passes but by waiting.

Whoever waits hands over to whoever is due next, so that a run is the same each time and as fast as its processor work.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

PATCHED = "ThreadPoolExecutor"
"""What is replaced in the modules of a package, by the name under which they import it."""


class _Thread:
    """One real thread, which runs one piece of work after another and otherwise stands at its gate."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.work: Callable[[], None] | None = None
        threading.Thread(target=self._loop, name="virtual", daemon=True).start()

    def _loop(self) -> None:
        while True:
            self.gate.acquire()
            if self.work is None:
                return
            self.work()


class VirtualFuture:
    """What becomes of a piece of work; waiting for it lets virtual time pass."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._waiting: list[_Thread] = []

    def done(self) -> bool:
        """Whether it is over."""
        return self._done

    def cancel(self) -> bool:
        """Nothing that was begun is cancelled."""
        return False

    def set(self, value: Any = None, error: BaseException | None = None) -> None:
        """It is over; the first call counts."""
        if not self._done:
            self._done, self._value, self._error = True, value, error
            for thread in self._waiting:
                self._time.resume(thread)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The error it ended with, if any."""
        while not self._done:
            self._waiting.append(self._time.current)
            self._time.block()
        return self._error

    def result(self, timeout: float | None = None) -> Any:
        """The result; raises the error it ended with."""
        error = self.exception()
        if error is not None:
            raise error
        return self._value


class VirtualTime:
    """The clock and the one thread that runs.

    Args:
        start: seconds since the epoch.
    """

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._due: list[tuple[float, int, _Thread | Callable[[], Any]]] = []
        self._order = itertools.count()
        self._idle: list[_Thread] = []
        self._main = threading.Semaphore(0)
        self._errors: list[BaseException] = []
        self._open = 0
        self._running: _Thread | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    @property
    def current(self) -> _Thread:
        """The thread that runs."""
        if self._running is None:
            raise RuntimeError("nothing waits on a virtual clock outside of its run()")
        return self._running

    def spawn(self, work: Callable[[], Any], after: float = 0.0) -> VirtualFuture:
        """Begin a piece of work.

        Args:
            work: what to do.
            after: seconds from now.
        """
        future = VirtualFuture(self)
        thread = self._idle.pop() if self._idle else _Thread()
        self._open += 1

        def run() -> None:
            try:
                future.set(work())
            except BaseException as error:
                future.set(error=error)
            self._open -= 1
            self._idle.append(thread)
            self._hand_over()

        thread.work = run
        self.resume(thread, after)
        return future

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.resume(self.current, seconds)
        self.block()

    def resume(self, thread: _Thread, after: float = 0.0) -> None:
        """Let a thread go on after some seconds."""
        heapq.heappush(self._due, (self._now + max(0.0, after), next(self._order), thread))

    def later(self, seconds: float, act: Callable[[], Any]) -> None:
        """Do something that takes no time after some seconds; it must not wait."""
        heapq.heappush(self._due, (self._now + seconds, next(self._order), act))

    def block(self) -> None:
        """Stand until somebody resumes this thread."""
        thread = self.current
        following = self._next()
        if following is thread:
            return
        (self._main if following is None else following.gate).release()
        thread.gate.acquire()

    def run(self) -> None:
        """Run until nothing is due any more.

        Raises:
            RuntimeError: some work waits for what never comes.
        """
        following = self._next()
        if following is not None:
            following.gate.release()
            self._main.acquire()
        for thread in self._idle:
            thread.work = None
            thread.gate.release()
        self._idle.clear()
        if self._open:
            raise RuntimeError(f"{self._open} pieces of work wait for what never comes")

    def _next(self) -> _Thread | None:
        while self._due:
            self._now, _, due = heapq.heappop(self._due)
            if isinstance(due, _Thread):
                self._running = due
                return due
            due()
        self._running = None
        return None

    def _hand_over(self) -> None:
        following = self._next()
        (self._main if following is None else following.gate).release()


class VirtualPool(Executor):
    """A pool of threads on the virtual clock.

    Args:
        time: the clock.
        max_workers: how many pieces of work run side by side at most.
        prefix: as the real pool's; not used.
    """

    def __init__(self, time: VirtualTime, max_workers: int = 8, prefix: str = "") -> None:
        self._time = time
        self._free = max_workers
        self._queue: deque[Callable[[], None]] = deque()
        self._begun: list[VirtualFuture] = []

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **more: Any) -> Any:
        """Begin ``work(*arguments, **more)``, or queue it."""
        future = VirtualFuture(self._time)
        self._begun.append(future)

        def run() -> None:
            try:
                future.set(work(*arguments, **more))
            except BaseException as error:
                future.set(error=error)
            if self._queue:
                self._time.spawn(self._queue.popleft())
            else:
                self._free += 1

        if self._free > 0:
            self._free -= 1
            self._time.spawn(run)
        else:
            self._queue.append(run)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for everything that was begun."""
        for future in self._begun:
            future.exception()


@contextmanager
def virtual_pools(time: VirtualTime, package: str = "streamgov_core") -> Iterator[None]:
    """Let the pools of a package's loaded modules run on the virtual clock.

    Args:
        time: the clock.
        package: the package.
    """
    modules = [module for name, module in sorted(sys.modules.items()) if name.startswith(f"{package}.")]
    with ExitStack() as patches:
        for module in modules:
            if hasattr(module, PATCHED):
                patches.enter_context(patch.object(module, PATCHED, partial(VirtualPool, time)))
        yield
