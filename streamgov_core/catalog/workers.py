"""Many schemas at a time: prefetching, working on several, counting the outcomes, publishing the changes."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

from botocore.exceptions import ClientError

from streamgov_core.catalog.asset_errors import AssetRefusedError
from streamgov_core.catalog.change_events import BATCH, ChangePublisher
from streamgov_core.catalog.sync_result import ALL, SyncOutcome, SyncResult
from streamgov_core.model.errors import CatalogBusyError, StreamgovError
from streamgov_core.runtime.clients import error_code
from streamgov_core.runtime.log import log

MAX_PREFETCHED = 2000
"""Results that may wait to be used; a portion that runs out of time discards at most these."""

PROGRESS_INTERVAL = 500
"""Names between two progress lines in the log."""

LASTING_CODES = frozenset({"InvalidInputException", "ValidationException"})
"""Errors of Glue and DataZone about the request itself: the same content is refused again."""

Found = TypeVar("Found")


class Prefetcher(Generic[Found]):
    """Fetches for names, in their order, before they are worked on.

    Args:
        pool: the threads that fetch.
        fetch: what to do for each name.
        names: in the order in which they are asked for; names may be skipped.
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
        while len(self._queue) < MAX_PREFETCHED:
            name = next(self._names, None)
            if name is None:
                return
            self._queue.append((name, self._pool.submit(self._fetch, name)))


class WorkerPool:
    """Works on names and adds to a run's result.

    Args:
        pool: the threads that work.
        concurrency: on how many names at a time.
        enough_time: False when no further name should be begun.
        result: of the run.
        publisher: publishes the changes.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        concurrency: int,
        enough_time: Callable[[], bool],
        result: SyncResult,
        publisher: ChangePublisher,
    ) -> None:
        self._pool = pool
        self._concurrency = concurrency
        self._enough_time = enough_time
        self._publisher = publisher
        self._pending: list[Mapping[str, Any]] = []
        self._publishing: list[Future[None]] = []
        self.result = result

    def each(
        self,
        names: Sequence[str],
        work: Callable[[str], SyncOutcome],
        is_unchanged: Callable[[str], bool] = lambda name: False,
    ) -> int:
        """Work on names in their order, several at a time; stop when time is short.

        Args:
            names: the names.
            work: what to do; it may fail.
            is_unchanged: whether a name needs no work, found out without a call of its own.

        Returns:
            How many were begun.
        """
        running: dict[Future[SyncOutcome], str] = {}
        begun = 0
        for name in names:
            if begun >= self._concurrency and not self._enough_time():
                break  # but never at once: a portion that did nothing would be followed by others that do nothing
            begun += 1
            if begun % PROGRESS_INTERVAL == 0:
                log("catalogue progress", progress=begun, of=len(names), counts=dict(self.result.counts))
            if is_unchanged(name):
                self.result.add(name, SyncOutcome("unchanged"))
                continue
            running[self._pool.submit(work, name)] = name
            if len(running) >= 2 * self._concurrency:
                self._collect(running, wait(running, return_when=FIRST_COMPLETED).done)
        self._collect(running, list(running))
        self._publish(last=True)
        return begun

    def _collect(self, running: dict[Future[SyncOutcome], str], finished: Iterable[Future[SyncOutcome]]) -> None:
        for future in finished:
            name = running.pop(future)
            try:
                outcome = future.result()
            except Exception as error:  # one schema's failure, whatever it is, must not stop the others
                settle(self.result, name, error)
                continue
            self.result.add(name, outcome)
            if outcome.event is not None:
                self._pending.append(outcome.event)
        self._publish(last=False)

    def _publish(self, *, last: bool) -> None:
        while len(self._pending) >= (1 if last else BATCH):
            batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
            self._publishing.append(self._pool.submit(self._publisher.publish, batch))
        if last:
            for publishing in self._publishing:
                try:
                    publishing.result()
                except Exception as error:  # the assets are right; that the event was lost must be seen all the same
                    self.result.fail(ALL, failure(ALL, error))
            self._publishing.clear()


def settle(result: SyncResult, name: str, error: Exception) -> None:
    """Count a schema that could not be synced: passed over if no retry would change that, failed otherwise.

    Args:
        result: of the run.
        name: the schema, topic or stream.
        error: why.
    """
    if is_lasting(error):
        log("schema passed over", schema=name, cause=str(error))
        result.add(name, SyncOutcome("skipped", str(error)))
    else:
        result.fail(name, failure(name, error))


def is_lasting(error: Exception) -> bool:
    """Whether an error is about one schema and stays until somebody changes something: it must not fail every run."""
    if isinstance(error, ClientError):
        return error_code(error) in LASTING_CODES
    return isinstance(error, StreamgovError) and not isinstance(error, CatalogBusyError | AssetRefusedError)


def failure(name: str, error: Exception) -> str:
    """Log a failure, with its traceback unless it is an error of ours, and return it as text."""
    unforeseen = None if isinstance(error, StreamgovError) else error
    text = f"{type(error).__name__}: {error}"
    log("schema failed", level=logging.WARNING, error=unforeseen, schema=name, cause=text)
    return text


def mass_retirement_refusal(gone: int, recorded: int, share: float, what: str) -> str | None:
    """Why a run may not retire so many assets; None if it may.

    Args:
        gone: how many it would retire or replace.
        recorded: how many there are.
        share: the largest share of them that may end.
        what: why they would end.
    """
    allowed = max(ALWAYS_RETIRABLE, int(share * recorded))
    if gone <= allowed:
        return None
    return (
        f"{gone} of {recorded} recorded {what}. More than {allowed} assets do not end in one run unless it is allowed "
        "(allowMassRetirement)"
    )


ALWAYS_RETIRABLE = 3
"""Assets that may always be retired, whatever share of all they are."""
