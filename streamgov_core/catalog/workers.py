"""Many schemas at a time: looking ahead, working on several, counting what became of each, telling it."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

from streamgov_core.catalog.change_events import BATCH, Announcer
from streamgov_core.catalog.model import SyncOutcome, SyncResult
from streamgov_core.model.errors import StreamgovError

_log = logging.getLogger(__name__)

AHEAD = 2000
"""So much may be fetched before it is used: in one run's leg at most this is fetched in vain."""

PROGRESS = 500
"""After so many names a run says how far it is."""

Found = TypeVar("Found")


class Ahead(Generic[Found]):
    """Fetches for names, in their order, before they are worked on.

    Args:
        pool: where to fetch.
        fetch: what to do for each name.
        names: in the order in which they are asked for; names may be passed over.
    """

    def __init__(self, pool: ThreadPoolExecutor, fetch: Callable[[str], Found], names: Iterable[str]) -> None:
        self._pool = pool
        self._fetch = fetch
        self._names = iter(names)
        self._queue: deque[tuple[str, Future[Found]]] = deque()
        self._fill()

    def pop(self, name: str) -> Future[Found]:
        """What is fetched for a name."""
        while self._queue:
            known, future = self._queue.popleft()
            self._fill()
            if known == name:
                return future
            future.cancel()
        raise KeyError(name)

    def stop(self) -> None:
        """Fetch nothing more."""
        self._names = iter(())
        for _, future in self._queue:
            future.cancel()

    def _fill(self) -> None:
        while len(self._queue) < AHEAD:
            name = next(self._names, None)
            if name is None:
                return
            self._queue.append((name, self._pool.submit(self._fetch, name)))


class Crew:
    """Works on names and keeps the tally.

    Args:
        pool: who works.
        concurrency: on how many names at a time.
        enough_time: False when no further name should be begun.
        result: the tally.
        announcer: where changes are told.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        concurrency: int,
        enough_time: Callable[[], bool],
        result: SyncResult,
        announcer: Announcer,
    ) -> None:
        self._pool = pool
        self._concurrency = concurrency
        self._enough_time = enough_time
        self._announcer = announcer
        self._untold: list[Mapping[str, Any]] = []
        self._telling: list[Future[None]] = []
        self.result = result

    def each(
        self,
        names: Sequence[str],
        work: Callable[[str], SyncOutcome],
        glance: Callable[[str], bool] = lambda name: False,
        *,
        free: bool = False,
    ) -> int:
        """Work on names in their order, several at a time; stop when time is short.

        Args:
            names: the names.
            work: what to do; it may fail.
            glance: whether a name is unchanged at a glance.
            free: glances take no time, so that those of earlier legs do not count.

        Returns:
            How many were begun.
        """
        running: dict[Future[SyncOutcome], str] = {}
        begun = glances = 0
        for name in names:
            if begun - glances >= self._concurrency and not self._enough_time():
                break  # but never at once: a leg that did nothing would be followed by legs that do nothing
            begun += 1
            if begun % PROGRESS == 0:
                _log.info(json.dumps({"progress": begun, "of": len(names), "counts": dict(self.result.counts)}))
            if glance(name):
                self.result.add(name, SyncOutcome("unchanged"))
                glances += free
                continue
            running[self._pool.submit(work, name)] = name
            if len(running) >= 2 * self._concurrency:
                self._collect(running, wait(running, return_when=FIRST_COMPLETED).done)
        self._collect(running, list(running))
        self._tell(last=True)
        return begun

    def _collect(self, running: dict[Future[SyncOutcome], str], finished: Iterable[Future[SyncOutcome]]) -> None:
        for future in finished:
            name = running.pop(future)
            try:
                outcome = future.result()
            except Exception as error:  # one schema's failure, whatever it is, must not stop the others
                self.result.fail(name, failure(name, error))
                continue
            self.result.add(name, outcome)
            if outcome.event is not None:
                self._untold.append(outcome.event)
        self._tell(last=False)

    def _tell(self, *, last: bool) -> None:
        while len(self._untold) >= (1 if last else BATCH):
            batch, self._untold = self._untold[:BATCH], self._untold[BATCH:]
            self._telling.append(self._pool.submit(self._announcer.send, batch))
        if last:
            for telling in self._telling:
                try:
                    telling.result()
                except Exception as error:  # the assets are right; that nobody was told must be seen all the same
                    self.result.fail("*", failure("*", error))
            self._telling.clear()


def failure(name: str, error: Exception) -> str:
    """Log a failure, ours in a line and others with their traceback, and put it into words."""
    _log.warning("schema %s: %s", name, error, exc_info=not isinstance(error, StreamgovError))
    return f"{type(error).__name__}: {error}"


def too_many(gone: int, recorded: int, share: float, what: str) -> str | None:
    """Why a run may not retire so many assets; None if it may.

    Args:
        gone: how many it would retire.
        recorded: how many there are.
        share: the largest share of them that may be retired.
        what: what is missing from where.
    """
    allowed = max(FEW_ASSETS, int(share * recorded))
    if gone <= allowed:
        return None
    return (
        f"{gone} of {recorded} recorded {what}: more than {allowed} are not retired in one run without being told to "
        "(retireAny)"
    )


FEW_ASSETS = 3
"""So many assets may always be retired, whatever share of all they are."""
