"""The local workspace: ports, the environment, the installed plugin."""

from __future__ import annotations

import shutil
import socket
from importlib.metadata import version
from pathlib import Path

import pytest

from tools.dev import workspace
from tools.dev.workspace import AWS_PLUGIN_VARIABLE, PORT_VARIABLE, STAND_IN, LocalError, Workspace


def plugin(folder: Path) -> Path:
    folder.mkdir(parents=True)
    program = folder / "pulumi-resource-aws"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return folder


def test_the_stand_in_serves_whatever_is_installed(tmp_path: Path) -> None:
    mine = plugin(tmp_path / "bin")
    plugin(tmp_path / ".pulumi" / "plugins" / "resource-aws-v7.51.1")
    for wanted in ({}, {AWS_PLUGIN_VARIABLE: ""}, {AWS_PLUGIN_VARIABLE: "stand-in"}):
        environment = {"PATH": str(mine), "HOME": str(tmp_path), **wanted}
        assert workspace.aws_plugin(environment) == STAND_IN
        assert workspace.describe_aws_plugin(environment) == (
            "the emulator's stand-in (STREAMGOV_AWS_PLUGIN=installed takes the real one)"
        )


def test_the_plugin_is_installed_for_the_sdks_version_so_that_nobody_is_warned_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(AWS_PLUGIN_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    made = Workspace(tmp_path / "with space", 4711)
    made.prepare()
    program = made.pulumi_home / "plugins" / f"resource-aws-v{version('pulumi-aws')}" / "pulumi-resource-aws"
    assert str(STAND_IN / "pulumi-resource-aws") in program.read_text()
    assert program.stat().st_mode & 0o111
    assert shutil.which("pulumi-resource-aws", path=made.environment(None)["PATH"]) is None


def test_no_stack_is_named_and_none_is_inherited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULUMI_STACK", "prod")
    assert "PULUMI_STACK" not in Workspace(tmp_path, 4711).environment(None)


def test_what_else_lives_in_the_sandbox_is_known(tmp_path: Path) -> None:
    made = Workspace(tmp_path, 4711)
    assert made.other_stacks() == []
    for stack in ("streamgov/dev", "streamgov/member", "mine/dev"):
        file = made.pulumi_state / ".pulumi" / "stacks" / f"{stack}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
        file.with_suffix(".json.bak").write_text("{}")
    assert made.other_stacks() == ["mine/dev", "streamgov/member"]


def test_the_stand_in_is_there_and_comes_before_any_other_on_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (STAND_IN / "pulumi-resource-aws").is_file()
    monkeypatch.delenv(AWS_PLUGIN_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(plugin(tmp_path / "bin")))
    found = shutil.which("pulumi-resource-aws", path=Workspace(tmp_path, 4711).environment(None)["PATH"])
    assert found == str(STAND_IN / "pulumi-resource-aws")


def test_the_newest_installed_plugin_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for older in ("6.80.0", "7.9.1", "7.50.0"):
        plugin(tmp_path / ".pulumi" / "plugins" / f"resource-aws-v{older}")
    newest = plugin(tmp_path / ".pulumi" / "plugins" / "resource-aws-v7.51.1")
    environment = {"PATH": str(STAND_IN), "HOME": str(tmp_path), AWS_PLUGIN_VARIABLE: "installed"}
    assert workspace.aws_plugin(environment) == newest
    assert workspace.describe_aws_plugin(environment).startswith(f"the installed one in {newest}")
    monkeypatch.setenv(AWS_PLUGIN_VARIABLE, "installed")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    made = Workspace(tmp_path / "state", 4711)
    made.prepare()
    # In the sandbox's own shell the engine's home is the sandbox's, whose plugin leads to the one that was found.
    monkeypatch.setenv("PULUMI_HOME", str(made.pulumi_home))
    assert workspace.real_aws_plugin() == newest
    [program] = made.pulumi_home.glob("plugins/*/pulumi-resource-aws")
    assert str(newest / "pulumi-resource-aws") in program.read_text()


def test_asking_for_a_plugin_that_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    environment = {"PATH": str(STAND_IN), "HOME": str(tmp_path), AWS_PLUGIN_VARIABLE: "installed"}
    with pytest.raises(LocalError, match="pulumi plugin install resource aws"):
        workspace.aws_plugin(environment)
    with pytest.raises(LocalError, match="must be stand-in or installed, got 'real'"):
        workspace.aws_plugin({**environment, AWS_PLUGIN_VARIABLE: "real"})


def test_the_emulator_is_told_what_the_sandbox_was_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STREAMGOV_KAFKA", "auto")
    monkeypatch.setenv("STREAMGOV_EMULATOR_SPEED", "3")
    monkeypatch.setenv("EMULATOR_KAFKA", "off")
    monkeypatch.delenv("STREAMGOV_FLINK", raising=False)
    monkeypatch.setenv("EMULATOR_FLINK", "off")
    found = Workspace(tmp_path, 4711).environment(None)
    assert (found["EMULATOR_KAFKA"], found["EMULATOR_SPEED"], found["EMULATOR_FLINK"]) == ("auto", "3", "off")


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
