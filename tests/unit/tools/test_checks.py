"""What `make test` runs: each folder of tests in one of the processes; one that fails fails the command."""

from __future__ import annotations

import os
import sys

import pytest

from tools.dev import checks
from tools.dev.workspace import ROOT

SAY = "import sys; print(sys.argv[1]); sys.exit(int(sys.argv[2]))"


def lane(title: str, code: int) -> checks.Lane:
    return checks.Lane(title, [sys.executable, "-c", SAY, f"says {title}", str(code)], dict(os.environ))


def test_every_file_of_tests_is_in_one_process() -> None:
    chosen = [ROOT / name for name in (*checks.COVERED, *checks._uncovered(), "emulator/tests")]
    files = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "emulator" / "tests").rglob("test_*.py")]
    assert len(files) > 100
    for file in files:
        assert len([folder for folder in chosen if file.is_relative_to(folder)]) == 1, file


@pytest.mark.parametrize(("codes", "shown", "held"), [
    ((0, 0), True, True), ((0, 3), True, False), ((3, 0), True, False), ((0, 0), False, False)
])  # fmt: skip
def test_processes_beside_each_other(
    codes: tuple[int, int], shown: bool, held: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    lanes = [lane("one", codes[0]), lane("two", codes[1])]
    assert checks._run_beside(lanes, lambda: shown) is held
    printed = capfd.readouterr().out
    assert "says one" in printed and "says two" in printed
