"""Start, find and stop the emulator of a workspace."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace

from tools.dev.workspace import LocalError, Workspace, choose_port


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


def start(workspace: Workspace) -> tuple[Workspace, str | None]:
    """Start an emulator for the workspace; answers the workspace with its port, and a note for the person.

    Raises:
        LocalError: it did not become healthy; the text names its log.
    """
    port, note = choose_port()
    workspace = replace(workspace, port=port)
    workspace.prepare()
    command = [
        sys.executable,
        "-m",
        "emulator",
        "start",
        "--port",
        str(port),
        "--state-dir",
        str(workspace.emulator_state),
    ]
    result = subprocess.run(command, env=workspace.environment(None), capture_output=True, text=True, check=False)
    identity = health(workspace)
    if result.returncode != 0 or identity is None:
        raise LocalError(
            f"the emulator did not start:\n{result.stdout}{result.stderr}\nIts log is in {workspace.emulator_state}"
        )
    (workspace.state / "port").write_text(str(port))
    (workspace.state / "emulator-id").write_text(identity)
    return workspace, note


def stop(workspace: Workspace) -> None:
    """Stop the workspace's emulator, if it runs."""
    command = [sys.executable, "-m", "emulator", "stop", "--state-dir", str(workspace.emulator_state)]
    subprocess.run(command, env=workspace.environment(None), capture_output=True, text=True, check=False)
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
