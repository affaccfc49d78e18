"""The warm workers: few, reused, and a bounded queue in front of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from aws_emulator.api import ApiError
from aws_emulator.compute.functions.runtime_api import Invocation
from aws_emulator.compute.functions.worker import Outcome, Worker, WorkerSpec

WARM_LIMIT = 8
"""Worker processes at most, over all functions and accounts."""

QUEUE_LIMIT = 256
"""Callers that may wait for a worker; one more is throttled."""

QUEUE_SECONDS = 60.0
"""The longest wait. It also ends a knot of functions that wait for each other."""

IDLE_SECONDS = 120.0
"""An unused worker ends after this time."""

CREDENTIAL_MARGIN = 900.0
"""A worker whose credentials end sooner than this (the longest time-out) takes no further invocation."""


def throttled(reason: str) -> ApiError:
    """``TooManyRequestsException`` as Invoke answers it.

    Args:
        reason: ``ThrottleReason`` of the service model.
    """
    return ApiError(
        "TooManyRequestsException", "Rate Exceeded.", 429, {"Reason": reason, "Type": "User", "retryAfterSeconds": "1"}
    )


@dataclass
class Pool:
    """All workers of the emulator.

    Args:
        start: starts a worker process for a spec.
        limit: worker processes at most.
    """

    start: Callable[[WorkerSpec], Worker]
    limit: int = WARM_LIMIT
    queue_limit: int = QUEUE_LIMIT
    queue_seconds: float = QUEUE_SECONDS
    idle_seconds: float = IDLE_SECONDS
    _workers: list[Worker] = field(default_factory=list)
    _busy: set[int] = field(default_factory=set)
    _starting: int = 0
    _queued: int = 0
    _running: Counter[str] = field(default_factory=Counter)
    _closed: bool = False

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        threading.Thread(target=self._reap, name="lambda-reaper", daemon=True).start()

    def run(self, spec: WorkerSpec, invocation: Invocation, reserved: int | None) -> Outcome:
        """Run an invocation on a warm worker, or on a new one.

        Args:
            spec: the execution environment that it needs.
            invocation: the event.
            reserved: the function's reserved concurrency, if any.

        Raises:
            ApiError: ``TooManyRequestsException``.
        """
        unqualified = ":".join(spec.function_arn.split(":")[:7])
        with self._changed:
            if reserved is not None and self._running[unqualified] >= reserved:
                raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            self._running[unqualified] += 1
        try:
            worker = self._acquire(spec)
            try:
                return worker.invoke(invocation)
            finally:
                self._release(worker)
        finally:
            with self._changed:
                self._running[unqualified] -= 1

    def _acquire(self, spec: WorkerSpec) -> Worker:
        deadline = time.monotonic() + self.queue_seconds
        surplus: list[Worker] = []
        with self._changed:
            if self._queued >= self.queue_limit:
                raise throttled("ConcurrentInvocationLimitExceeded")
            self._queued += 1
            try:
                while True:
                    if self._closed:
                        raise ApiError("ServiceException", "the emulator is shutting down", 500)
                    found = self._free_worker(spec, surplus)
                    if found is not None:
                        self._busy.add(id(found))
                        return found
                    if self._make_room(surplus):
                        self._starting += 1
                        break
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        raise throttled("ConcurrentInvocationLimitExceeded")
                    self._changed.wait(remaining)
            finally:
                self._queued -= 1
                for worker in surplus:
                    worker.stop()
        try:
            worker = self.start(spec)
        except BaseException:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()
            raise
        with self._changed:
            self._starting -= 1
            self._workers.append(worker)
            self._busy.add(id(worker))
        return worker

    def _free_worker(self, spec: WorkerSpec, surplus: list[Worker]) -> Worker | None:
        """A warm worker for this spec; idle ones of an older configuration of the function go to ``surplus``."""
        found = None
        for worker in list(self._workers):
            if id(worker) in self._busy:
                continue
            same_function = worker.spec.function_arn == spec.function_arn and worker.spec.version == spec.version
            stale = same_function and worker.spec.key != spec.key
            expiring = worker.session.expires - time.time() < CREDENTIAL_MARGIN
            if not worker.alive or stale or expiring:
                self._workers.remove(worker)
                surplus.append(worker)
            elif found is None and worker.spec.key == spec.key:
                found = worker
        return found

    def _make_room(self, surplus: list[Worker]) -> bool:
        """Whether one more process may be started, after ending the longest idle one if that is needed."""
        if len(self._workers) + self._starting < self.limit:
            return True
        idle = [worker for worker in self._workers if id(worker) not in self._busy]
        if not idle:
            return False
        oldest = min(idle, key=lambda worker: worker.idle_since)
        self._workers.remove(oldest)
        surplus.append(oldest)
        return True

    def _release(self, worker: Worker) -> None:
        with self._changed:
            self._busy.discard(id(worker))
            worker.idle_since = time.monotonic()
            if not worker.alive and worker in self._workers:
                self._workers.remove(worker)
            self._changed.notify_all()

    def _reap(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=5.0)
                if self._closed:
                    return
                now = time.monotonic()
                idle = [worker for worker in self._workers if id(worker) not in self._busy]
                idle = [worker for worker in idle if not worker.alive or now - worker.idle_since > self.idle_seconds]
                for worker in idle:
                    self._workers.remove(worker)
            for worker in idle:
                worker.stop()

    def kill(self, access_key: str) -> bool:
        """Kill the worker that uses these credentials, as if its process had crashed; False if there is none."""
        with self._changed:
            victims = [worker for worker in self._workers if worker.session.caller.access_key == access_key]
        for worker in victims:
            worker.stop()
        return bool(victims)

    def describe(self) -> list[dict[str, object]]:
        """The workers, for people who look."""
        with self._changed:
            return [
                {
                    "function": worker.spec.function_arn,
                    "busy": id(worker) in self._busy,
                    "alive": worker.alive,
                    "accessKey": worker.session.caller.access_key,
                }
                for worker in self._workers
            ]

    def close(self) -> None:
        """End all workers."""
        with self._changed:
            self._closed = True
            workers, self._workers = self._workers, []
            self._changed.notify_all()
        for worker in workers:
            worker.stop()
