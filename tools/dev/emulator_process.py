"""Start, find and stop the emulator of a workspace."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from tools.dev.workspace import ROOT, LocalError, Workspace, choose_port

START_SECONDS = 90


def health(workspace: Workspace) -> str | None:
    """The id of the emulator that answers on the workspace's port (new with each start), or None."""
    try:
        with urllib.request.urlopen(f"{workspace.endpoint}/_emulator/health", timeout=3) as answer:
            body = json.load(answer)
    except (OSError, ValueError):
        return None
    return str(body["id"]) if isinstance(body, dict) and body.get("status") == "ok" else None


def running(workspace: Workspace) -> Workspace | None:
    """The workspace with the port of its own running emulator, or None if it is not running."""
    memory = workspace.state / "port"
    if not memory.is_file():
        return None
    remembered = replace(workspace, port=int(memory.read_text()))
    identity = health(remembered)
    known = workspace.state / "emulator-id"
    if identity is None or not known.is_file() or known.read_text() != identity:
        return None
    return remembered


_attached: dict[Path, subprocess.Popen[bytes]] = {}


def start(workspace: Workspace, *, attached: bool = False) -> tuple[Workspace, str | None]:
    """Start an emulator for the workspace; answers the workspace with its port, and a note for the person.

    Args:
        workspace: where its state goes.
        attached: it ends with this process, however that ends.

    Raises:
        LocalError: it did not become healthy; the text names its log.
    """
    port, note = choose_port()
    workspace = replace(workspace, port=port)
    workspace.prepare()
    where = ["--port", str(port), "--state-dir", str(workspace.emulator_state)]
    printed = _start_attached(workspace, where) if attached else _start_daemon(workspace, where)
    identity = health(workspace)
    if identity is None:
        raise LocalError(f"the emulator did not start:\n{printed}\nIts log is in {workspace.emulator_state}")
    (workspace.state / "port").write_text(str(port))
    (workspace.state / "emulator-id").write_text(identity)
    return workspace, note


def _start_daemon(workspace: Workspace, where: list[str]) -> str:
    command = [sys.executable, "-m", "aws_emulator", "start", *where]
    result = subprocess.run(
        command, cwd=ROOT, env=workspace.environment(None), capture_output=True, text=True, check=False
    )
    return result.stdout + result.stderr


def _start_attached(workspace: Workspace, where: list[str]) -> str:
    log = workspace.emulator_state / "emulator.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "aws_emulator", "run", "--exit-with-parent", *where],
            cwd=ROOT,
            env=workspace.environment(None),
            stdout=output,
            stderr=output,
        )
    _attached[workspace.state] = process
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and health(workspace) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    return log.read_text(errors="replace")[-2000:]


def stop(workspace: Workspace) -> None:
    """Stop the workspace's emulator, if it runs."""
    process = _attached.pop(workspace.state, None)
    if process is not None:
        process.terminate()
        process.wait(timeout=30)
    else:
        command = [sys.executable, "-m", "aws_emulator", "stop", "--state-dir", str(workspace.emulator_state)]
        subprocess.run(command, cwd=ROOT, env=workspace.environment(None), capture_output=True, text=True, check=False)
    for name in ("port", "emulator-id"):
        (workspace.state / name).unlink(missing_ok=True)


def get(workspace: Workspace, path: str, body: object | None = None, method: str | None = None) -> object:
    """Ask one of the emulator's own addresses (`/_emulator/<path>`)."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{workspace.endpoint}/_emulator/{path}", data=data, method=method or ("POST" if data else "GET")
    )
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answered: object = json.load(answer)
            return answered
    except urllib.error.URLError as error:
        raise LocalError(f"the emulator does not answer at {workspace.endpoint}: {error}") from error
