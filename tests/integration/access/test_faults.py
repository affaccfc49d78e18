"""Failure at every call that the workflow makes: the end is final and true, and nothing is half done."""

from __future__ import annotations

import os
import queue
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.access.conftest import Deployment, deployed
from tests.integration.access.matrix import FINAL, PLATFORMS, REQUESTS, Case, record, run

SAMPLE = int(os.environ.get("STREAMGOV_FAULT_SAMPLE", "1"))
"""Cases of each platform and request in a normal test run."""
SEED = int(os.environ.get("STREAMGOV_FAULT_SEED", "20"))
SHARDS = int(os.environ.get("STREAMGOV_FAULT_SHARDS", "5"))
"""Emulators that the whole matrix runs on side by side: most of a case is waiting."""


@pytest.fixture(scope="session")
def recorded(deployment: Deployment) -> list[Case]:
    found = sorted(case for platform in PLATFORMS for case in record(deployment, platform))
    assert len(found) > 500
    return found


@pytest.mark.parametrize("number", range(SAMPLE))
@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_sample_of_failures(
    deployment: Deployment, recorded: list[Case], platform: str, request_: str, number: int
) -> None:
    mine = [case for case in recorded if (case.platform, case.request) == (platform, request_)]
    case = random.Random(SEED).sample(mine, SAMPLE)[number]
    assert run(deployment, case) in FINAL[case.request]


@pytest.mark.full
@pytest.mark.timeout(6 * 3600)
def test_failure_of_every_call(recorded: list[Case], tmp_path: Path) -> None:
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in random.Random(SEED).sample(recorded, len(recorded)):  # Slow ones are not all at one end.
        waiting.put(case)
    progress = tmp_path / "cases.log"

    def work(shard: int) -> list[str]:
        wrong = []
        directory = tmp_path / str(shard)
        directory.mkdir()
        with deployed(directory, speed=1.5) as deployment:
            while True:
                try:
                    case = waiting.get_nowait()
                except queue.Empty:
                    return wrong
                try:
                    end = run(deployment, case)
                except Exception as error:
                    end = f"{type(error).__name__}: {error}"
                    wrong.append(f"{case}\n{end}")
                with progress.open("a") as log:
                    log.write(f"{case}: {end[:300]}\n")

    with ThreadPoolExecutor(SHARDS) as pool:
        wrong = [text for found in pool.map(work, range(SHARDS)) for text in found]
    assert not wrong, "\n\n".join(wrong)
