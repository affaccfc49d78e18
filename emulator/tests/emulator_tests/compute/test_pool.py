"""The rules of the worker pool, without processes."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aws_emulator.api import ApiError
from aws_emulator.compute.functions.pool import Pool
from aws_emulator.compute.functions.runtime_api import Invocation
from aws_emulator.compute.functions.worker import Outcome, WorkerSpec


class FakeWorker:
    """A worker that waits until it may answer."""

    def __init__(self, spec: WorkerSpec, gate: threading.Event, lifetime: float = 3600.0) -> None:
        self.spec = spec
        self.alive = True
        self.idle_since = time.monotonic()
        self.session = SimpleNamespace(expires=time.time() + lifetime, caller=SimpleNamespace(access_key=str(id(self))))
        self._gate = gate

    def invoke(self, invocation: Invocation) -> Outcome:
        self._gate.wait(10)
        return Outcome(str(id(self)).encode(), None, "", 1.0, "stream")

    def stop(self) -> None:
        self.alive = False


def spec(name: str = "f", **changes: Any) -> WorkerSpec:
    arn = f"arn:aws:lambda:us-east-1:111111111111:function:{name}"
    base = WorkerSpec(
        arn, name, "$LATEST", "111111111111", "us-east-1", "m.h", "python3.11", 128, 3.0, Path("/b"), (), "sha", "role",
        "AROA", "/g", "Text", "INFO", (),
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


INVOCATION = Invocation("1", b"{}", "arn", 3.0, "trace")


class Fixture:
    def __init__(self, **settings: Any) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.started: list[FakeWorker] = []
        self.lifetime = 3600.0
        self.pool = Pool(start=self.start, **settings)  # type: ignore[arg-type]
        self.failures: list[ApiError] = []

    def start(self, wanted: WorkerSpec) -> FakeWorker:
        worker = FakeWorker(wanted, self.gate, self.lifetime)
        self.started.append(worker)
        return worker

    def run(self, wanted: WorkerSpec, reserved: int | None = None) -> bytes:
        return self.pool.run(wanted, INVOCATION, reserved).payload

    def in_background(self, wanted: WorkerSpec) -> threading.Thread:
        def run() -> None:
            try:
                self.run(wanted)
            except ApiError as error:
                self.failures.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def wait_for_workers(self, count: int) -> None:
        deadline = time.monotonic() + 5
        while len(self.started) < count:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_warm_worker_is_used_again() -> None:
    fixture = Fixture()
    assert fixture.run(spec()) == fixture.run(spec())
    assert len(fixture.started) == 1


@pytest.mark.parametrize("change", [{"code_digest": "new"}, {"role_id": "AROB"}, {"environment": (("A", "1"),)}])
def test_changed_configuration_ends_the_old_worker(change: dict[str, Any]) -> None:
    fixture = Fixture()
    fixture.run(spec())
    fixture.run(spec(**change))
    assert [worker.alive for worker in fixture.started] == [False, True]


def test_worker_whose_credentials_end_soon_is_replaced() -> None:
    fixture = Fixture()
    fixture.lifetime = 600.0
    fixture.run(spec())
    fixture.run(spec())
    assert [worker.alive for worker in fixture.started] == [False, True]


def test_longest_idle_worker_makes_room() -> None:
    fixture = Fixture(limit=2)
    for name in ("a", "b", "a", "c"):
        fixture.run(spec(name))
    assert [(worker.spec.function_name, worker.alive) for worker in fixture.started] == [
        ("a", True),
        ("b", False),
        ("c", True),
    ]


def test_full_pool_queues_and_a_full_queue_throttles() -> None:
    fixture = Fixture(limit=1, queue_limit=1)
    fixture.gate.clear()
    first = fixture.in_background(spec("a"))
    fixture.wait_for_workers(1)
    second = fixture.in_background(spec("a"))
    deadline = time.monotonic() + 5
    while fixture.pool._queued < 1:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    with pytest.raises(ApiError) as refused:
        fixture.run(spec("a"))
    assert (refused.value.code, refused.value.status) == ("TooManyRequestsException", 429)
    assert refused.value.members["Reason"] == "ConcurrentInvocationLimitExceeded"
    fixture.gate.set()
    first.join(5)
    second.join(5)
    assert len(fixture.started) == 1
    assert fixture.failures == []


def test_nobody_waits_for_ever() -> None:
    fixture = Fixture(limit=1, queue_seconds=0.05)
    fixture.gate.clear()
    fixture.in_background(spec("a"))
    fixture.wait_for_workers(1)
    with pytest.raises(ApiError, match="TooManyRequestsException"):
        fixture.run(spec("b"))
    fixture.gate.set()


def test_reserved_concurrency_is_per_function_over_its_versions() -> None:
    fixture = Fixture()
    fixture.gate.clear()
    fixture.in_background(spec("a"))
    fixture.wait_for_workers(1)
    with pytest.raises(ApiError) as refused:
        fixture.run(spec("a", version="1"), reserved=1)
    assert refused.value.members["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    fixture.gate.set()


def test_dead_worker_is_not_used_again() -> None:
    fixture = Fixture()
    fixture.run(spec())
    assert fixture.pool.kill(fixture.started[0].session.caller.access_key)
    assert not fixture.pool.kill("unknown")
    fixture.run(spec())
    assert len(fixture.started) == 2


def test_closed_pool_ends_its_workers() -> None:
    fixture = Fixture()
    fixture.run(spec())
    fixture.pool.close()
    assert not fixture.started[0].alive
    with pytest.raises(ApiError):
        fixture.run(spec())
