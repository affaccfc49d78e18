from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import aws_emulator
from aws_emulator.kernel.config import Settings

ROOT = Path(aws_emulator.__file__).resolve().parents[1]


def emulator(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aws_emulator", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_start_status_stop(tmp_path: Path) -> None:
    state = ["--state-dir", str(tmp_path)]
    assert emulator("status", *state).returncode == 3
    try:
        started = emulator("start", "--port", "0", *state)
        assert started.returncode == 0, started.stderr
        status = json.loads(emulator("status", *state).stdout)
        with urllib.request.urlopen(f"{status['endpoint']}/_emulator/health", timeout=10) as answer:
            assert json.load(answer)["id"] == status["id"]
        again = emulator("start", "--port", str(status["port"]), *state)
        assert (again.returncode, "already running" in again.stdout) == (0, True)
        moved = emulator("start", "--port", str(free_port()), *state)
        assert (moved.returncode, "already running on port" in moved.stderr) == (1, True)
    finally:
        stopped = emulator("stop", *state)
    assert (stopped.returncode, "stopped process" in stopped.stdout) == (0, True)
    assert emulator("stop", *state).stdout.strip() == "not running"
    assert not (tmp_path / "emulator.json").exists()


def test_port_of_another_process(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        refused = emulator("start", "--state-dir", str(tmp_path), EMULATOR_PORT=port)
    assert refused.returncode == 1
    assert port in refused.stderr
    assert "--port or EMULATOR_PORT" in refused.stderr


def test_killed_process_leaves_no_trace(tmp_path: Path) -> None:
    state = ["--port", "0", "--state-dir", str(tmp_path)]
    try:
        assert emulator("start", *state).returncode == 0
        record = json.loads((tmp_path / "emulator.json").read_text())
        os.kill(record["pid"], signal.SIGKILL)
        deadline = time.monotonic() + 10
        while emulator("status", *state).returncode == 0:
            assert time.monotonic() < deadline
        assert emulator("start", *state).returncode == 0
        assert json.loads((tmp_path / "emulator.json").read_text())["pid"] != record["pid"]
    finally:
        emulator("stop", *state)


def test_run_ends_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time; from pathlib import Path; record = Path(sys.argv[1]) / 'emulator.json'\n"
        "subprocess.Popen([sys.executable, '-m', 'aws_emulator', 'run', '--port', '0', '--exit-with-parent',"
        " '--state-dir', sys.argv[1]])\n"
        "while not record.exists(): time.sleep(0.05)\n"
        "print(record.read_text())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=60
    )
    assert json.loads(done.stdout)["pid"]
    deadline = time.monotonic() + 20
    while (tmp_path / "emulator.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_process_that_hangs_is_stopped(tmp_path: Path) -> None:
    state = ["--port", "0", "--state-dir", str(tmp_path)]
    assert emulator("start", *state).returncode == 0
    pid = json.loads((tmp_path / "emulator.json").read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)
    stopping = subprocess.Popen(
        [sys.executable, "-m", "aws_emulator", "stop", *state], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    time.sleep(7)  # longer than the wait for an answer
    os.kill(pid, signal.SIGCONT)
    answer, _ = stopping.communicate(timeout=60)
    assert f"stopped process {pid}" in answer


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMULATOR_PORT", "http"),
        ("EMULATOR_PORT", "70000"),
        ("EMULATOR_SPEED", "0"),
        ("EMULATOR_ACCOUNTS", "12"),
        ("EMULATOR_ACCOUNTS", "111111111111,111111111111"),
    ],
)
def test_wrong_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.from_env({name: value})


def test_settings_from_the_environment() -> None:
    settings = Settings.from_env({"EMULATOR_ACCOUNTS": "444444444444, 555555555555", "EMULATOR_SPEED": "10"})
    assert (settings.domain_account, settings.speed, settings.port) == ("444444444444", 10.0, 4566)
