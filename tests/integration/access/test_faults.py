"""Failure at every call that the workflow makes: the end is final and true, and nothing is half done."""

from __future__ import annotations

import itertools
import os
import queue
import random
import traceback
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
RENEWED = 20
"""Cases after which an emulator is renewed: the reconciler looks at all that earlier cases left, slower and slower."""
DONE = os.environ.get("STREAMGOV_FAULT_DONE", "")
"""The ``cases.log`` of an earlier run that was broken off: the cases that held in it are not run again."""


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


def held_in(log: Path) -> set[str]:
    """The cases that came to an end that was final and true, by the log of a run."""
    lines = (line.rpartition(": ") for line in log.read_text().splitlines())
    return {case for case, _, end in lines if end in {status for final in FINAL.values() for status in final}}


@pytest.mark.full
@pytest.mark.timeout(6 * 3600)
def test_failure_of_every_call(recorded: list[Case], tmp_path: Path) -> None:
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    held = held_in(Path(DONE)) if DONE else set()
    for case in random.Random(SEED).sample(recorded, len(recorded)):  # Slow ones are not all at one end.
        if str(case) not in held:
            waiting.put(case)
    progress = tmp_path / "cases.log"

    wrong: list[str] = []

    def some(directory: Path) -> bool:
        """Whether there may be more cases: after a wrong one, too, whose rests would spoil others in its emulator."""
        with deployed(directory) as deployment:
            for _ in range(RENEWED):
                try:
                    case = waiting.get_nowait()
                except queue.Empty:
                    return False
                end, held = "", False
                try:
                    end, held = run(deployment, case), True
                except Exception as error:
                    at = traceback.extract_tb(error.__traceback__)
                    lines = [str(frame.lineno) for frame in at if Path(frame.filename).name == "matrix.py"]
                    end = f"{type(error).__name__} (matrix.py: {', '.join(lines)}): {error}"
                    wrong.append(f"{case}\n{end}")
                with progress.open("a") as log:
                    log.write(f"{case}: {' '.join(end.split())[:600]}\n")
                if not held:
                    break
        return True

    def work(shard: int) -> None:
        for number in itertools.count():
            directory = tmp_path / f"{shard}-{number}"
            directory.mkdir()
            if not some(directory):
                return

    with ThreadPoolExecutor(SHARDS) as pool:
        list(pool.map(work, range(SHARDS)))
    assert not wrong, "\n\n".join(wrong)
