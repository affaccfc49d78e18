"""The local workspace: ports, the environment, the installed plugin."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tools.dev import workspace
from tools.dev.workspace import PORT_VARIABLE, STAND_IN, LocalError, Workspace


def plugin(folder: Path) -> Path:
    folder.mkdir(parents=True)
    program = folder / "pulumi-resource-aws"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return folder


def test_without_an_installed_plugin_the_stand_in_serves(tmp_path: Path) -> None:
    assert workspace.real_aws_plugin({"PATH": str(STAND_IN), "HOME": str(tmp_path)}) is None


def test_an_installed_plugin_is_preferred(tmp_path: Path) -> None:
    plugin(tmp_path / ".pulumi" / "plugins" / "resource-aws-v6.80.0")
    newest = plugin(tmp_path / ".pulumi" / "plugins" / "resource-aws-v7.51.1")
    assert workspace.real_aws_plugin({"PATH": "", "HOME": str(tmp_path)}) == newest


def test_a_plugin_of_another_major_version_is_not_ours(tmp_path: Path) -> None:
    plugin(tmp_path / ".pulumi" / "plugins" / "resource-aws-v6.80.0")
    assert workspace.real_aws_plugin({"PATH": "", "HOME": str(tmp_path)}) is None


def test_a_plugin_on_path_comes_first(tmp_path: Path) -> None:
    mine = plugin(tmp_path / "bin")
    assert workspace.real_aws_plugin({"PATH": str(mine), "HOME": str(tmp_path)}) == mine


def test_a_taken_default_port_is_stepped_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PORT_VARIABLE, raising=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(workspace, "DEFAULT_PORT", other.getsockname()[1])
        port, note = workspace.choose_port()
    assert port > 0
    assert note is not None and "taken by another program" in note


def test_a_taken_port_that_was_asked_for_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv(PORT_VARIABLE, str(other.getsockname()[1]))
        with pytest.raises(LocalError, match="taken by another program"):
            workspace.choose_port()


@pytest.mark.parametrize("text", ["abc", "0", "70000", ""])
def test_what_is_no_port_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(PORT_VARIABLE, text)
    with pytest.raises(LocalError, match="must be a TCP port"):
        workspace.choose_port()


def test_a_persons_own_profile_stays_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "theirs")
    found = Workspace(tmp_path, 4711).environment(None)
    assert "AWS_PROFILE" not in found and "AWS_SESSION_TOKEN" not in found
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4711"
    assert found["AWS_ACCESS_KEY_ID"] == "test"
