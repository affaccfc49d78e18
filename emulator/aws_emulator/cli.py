"""``python -m aws_emulator start|stop|status|run``: the emulator as a process in the background or in front."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aws_emulator
import iam_evaluation
from aws_emulator.kernel.config import Settings

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass
class Record:
    """What ``start`` notes about the process that it started, in ``<state dir>/emulator.json``."""

    pid: int
    port: int
    id: str


class CliError(Exception):
    """Something that the person at the keyboard can act on."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; the answer is the exit code."""
    try:
        settings = Settings.from_env()
    except ValueError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    arguments = _parser(settings).parse_args(argv)
    state_dir = Path(arguments.state_dir).resolve()
    try:
        if arguments.command == "run":
            return _run(state_dir, arguments.port, settings, os.getppid() if arguments.exit_with_parent else None)
        if arguments.command == "start":
            return _start(state_dir, arguments.port)
        if arguments.command == "stop":
            return _stop(state_dir)
        return _status(state_dir)
    except CliError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 1


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m aws_emulator", description="AWS on one machine.")
    parser.add_argument("command", choices=("start", "stop", "status", "run"))
    parser.add_argument(
        "--port", type=int, default=settings.port, help="port on loopback (default: EMULATOR_PORT or 4566)"
    )
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="run: end when the process that started it has ended"
    )
    parser.add_argument("--state-dir", default=".state/emulator", help="pid file, log and data (default: %(default)s)")
    return parser


def _start(state_dir: Path, port: int) -> int:
    state_dir.mkdir(parents=True, exist_ok=True)
    running = _running(state_dir)
    if running is not None:
        if port not in (0, running.port):
            raise CliError(f"already running on port {running.port}; stop it first to move it to {port}")
        print(f"already running on {HOST}:{running.port}, process {running.pid}")
        return 0
    log_path = state_dir / "emulator.log"
    command = [sys.executable, "-m", "aws_emulator", "run", "--port", str(port), "--state-dir", str(state_dir)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(_module_paths())}
    with log_path.open("ab") as log:
        offset = log.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environment
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        record = _read_record(state_dir)
        if record is not None and record.pid == process.pid and _health(record.port) == record.id:
            print(f"running on {HOST}:{record.port}, process {process.pid}, log {log_path}")
            return 0
        if process.poll() is not None:
            raise CliError(_tail(log_path, offset) or f"the process ended with {process.returncode}; see {log_path}")
        time.sleep(0.05)
    process.terminate()
    raise CliError(f"not healthy after {START_SECONDS:.0f} s; see {log_path}")


def _module_paths() -> list[str]:
    roots = [str(Path(str(package.__file__)).resolve().parent.parent) for package in (aws_emulator, iam_evaluation)]
    return [*roots, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]


def _stop(state_dir: Path) -> int:
    record = _running(state_dir) or _hanging(state_dir)
    if record is None:
        print("not running")
        _record_path(state_dir).unlink(missing_ok=True)
        return 0
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(record.pid):
        if time.monotonic() > deadline:
            os.kill(record.pid, signal.SIGKILL)
            break
        time.sleep(0.05)
    _record_path(state_dir).unlink(missing_ok=True)
    print(f"stopped process {record.pid}")
    return 0


def _status(state_dir: Path) -> int:
    record = _running(state_dir)
    if record is None:
        print("not running")
        return 3
    print(
        json.dumps(
            {**asdict(record), "endpoint": f"http://{HOST}:{record.port}", "log": str(state_dir / "emulator.log")}
        )
    )
    return 0


def _run(state_dir: Path, port: int, settings: Settings, parent: int | None) -> int:
    state_dir.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # moto warns of each error code that the service's model does not name; refused callers and throttling are such.
    warnings.filterwarnings("ignore", message="Exception\\(_Fault\\) with code")
    from aws_emulator.server import RunningEmulator

    data_dir = state_dir / "data"
    data_dir.mkdir(exist_ok=True)
    try:
        running = RunningEmulator(HOST, port, str(data_dir), settings)
    except OSError as error:
        raise CliError(
            f"cannot listen on {HOST}:{port}: {error.strerror or error}. Another process has this port"
            f"{_owner(port)}; choose another one with --port or EMULATOR_PORT."
        ) from error
    finished = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: finished.set())
    running.start()
    record = Record(os.getpid(), running.server.port, running.id)
    _write_record(state_dir, record)
    logging.getLogger("emulator").info("listening on %s:%s", HOST, record.port)
    while not finished.wait(1.0):
        if parent is not None and os.getppid() != parent:
            break  # a test run that was killed leaves nothing behind
    running.stop()
    if _read_record(state_dir) == record:
        _record_path(state_dir).unlink(missing_ok=True)
    return 0


def _owner(port: int) -> str:
    return " (an emulator of another work tree or state directory)" if _health(port) else ""


def _running(state_dir: Path) -> Record | None:
    """The process that the state directory names, if it lives and is the one that answers on its port."""
    record = _read_record(state_dir)
    if record is None or not _alive(record.pid) or _health(record.port) != record.id:
        return None
    return record


def _hanging(state_dir: Path) -> Record | None:
    """The process that the state directory names, if it lives and is an emulator that does not answer."""
    record = _read_record(state_dir)
    if record is None or not _alive(record.pid):
        return None
    listed = subprocess.run(["ps", "-p", str(record.pid), "-o", "args="], capture_output=True, text=True, check=False)
    return record if " -m aws_emulator run" in listed.stdout else None


def _health(port: int) -> str | None:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/_emulator/health", timeout=5) as answer:
            document: dict[str, Any] = json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return None  # nothing answers there, or something else
    return str(document["id"]) if isinstance(document, dict) and document.get("status") == "ok" else None


def _alive(pid: int) -> bool:
    try:
        waited, _ = os.waitpid(pid, os.WNOHANG)
        if waited == pid:
            return False
    except ChildProcessError:
        pass  # not our child: started by an earlier command
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _tail(path: Path, offset: int) -> str:
    with path.open("rb") as log:
        log.seek(offset)
        lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("emulator: ") if lines else ""


def _record_path(state_dir: Path) -> Path:
    return state_dir / "emulator.json"


def _read_record(state_dir: Path) -> Record | None:
    try:
        return Record(**json.loads(_record_path(state_dir).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None  # none yet, or half written by a process that died


def _write_record(state_dir: Path, record: Record) -> None:
    temporary = state_dir / "emulator.json.new"
    temporary.write_text(json.dumps(asdict(record)))
    temporary.replace(_record_path(state_dir))
