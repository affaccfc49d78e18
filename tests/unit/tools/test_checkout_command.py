"""`streamgov` of a checkout, which is not installed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tools import bootstrap

ROOT = Path(__file__).resolve().parents[3]


def test_the_command_of_a_checkout_runs_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv = tmp_path / "with space"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(bootstrap, "VENV", venv)
    bootstrap.write_command()
    command = venv / "bin" / "streamgov"
    result = subprocess.run(
        [str(command), "review", "a b"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": "/mine"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout.splitlines() == ["/mine", "-m", "streamgov_ops", "review", "a b"]


def test_every_target_is_explained_as_it_is_typed() -> None:
    # Not as part of a make that runs the tests, which would say what folder it enters.
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    listed = subprocess.run(["make", "help"], cwd=ROOT, env=alone, capture_output=True, text=True, check=True).stdout
    assert "$$" not in listed  # what somebody copies into a shell
    targets = re.findall(r"^\.PHONY: (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(targets) - {"bootstrap"} == {line.split()[1] for line in listed.splitlines()}


def test_the_command_is_written_only_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    bootstrap.write_command()
    command = tmp_path / "bin" / "streamgov"
    written = command.stat().st_mtime_ns
    bootstrap.write_command()
    assert command.stat().st_mtime_ns == written
    command.write_text("older")
    bootstrap.write_command()
    assert "streamgov_ops" in command.read_text()
