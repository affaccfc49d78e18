"""Which Python the engine takes for dynamic resources, and what is said when it cannot run ours."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi import interpreter, plugin

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "python3"),
        ({"PULUMI_PYTHON_CMD": "/opt/python"}, "/opt/python"),
        ({"PULUMI_PYTHON_CMD": ""}, "python3"),
        ({"PULUMI_RUNTIME_VIRTUALENV": "venv"}, "/program/venv/bin/python"),
        ({"PULUMI_RUNTIME_VIRTUALENV": "/env/", "PULUMI_PYTHON_CMD": "/opt/python"}, "/env/bin/python"),
        ({"PULUMI_RUNTIME_TOOLCHAIN": "uv"}, "/program/.venv/bin/python"),
        ({"PULUMI_RUNTIME_TOOLCHAIN": "poetry"}, None),
        ({"PULUMI_RUNTIME_TOOLCHAIN": "poetry", "PULUMI_RUNTIME_VIRTUALENV": "/env"}, "/env/bin/python"),
    ],
)
def test_the_python_is_the_launchers(environment: dict[str, str], expected: str | None) -> None:
    assert interpreter.dynamic_python(environment, Path("/program")) == expected


def test_an_environment_of_the_plugins_own_does_not_count(tmp_path: Path) -> None:
    path = os.pathsep.join([str(tmp_path / "venv" / "bin"), "/usr/bin"])
    activated = {"VIRTUAL_ENV": str(tmp_path / "venv"), "PATH": path, "OTHER": "kept"}
    assert interpreter.engine_environment(activated, tmp_path) == {"PATH": "/usr/bin", "OTHER": "kept"}
    elsewhere = {"VIRTUAL_ENV": "/home/me/venv", "PATH": "/home/me/venv/bin:/usr/bin"}
    assert interpreter.engine_environment(elsewhere, tmp_path) == elsewhere
    assert interpreter.engine_environment({"PATH": "/usr/bin"}, tmp_path) == {"PATH": "/usr/bin"}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "env", with_pip=False)
    return folder / "env"


def test_a_real_python_without_the_package_is_named_with_the_command(bare: Path, tmp_path: Path) -> None:
    environment = {"PULUMI_RUNTIME_VIRTUALENV": str(bare)}
    with pytest.raises(ConfigError) as caught:
        interpreter.check(environment, tmp_path, "streamgov-pulumi==1.2.3")
    message = str(caught.value)
    python = f"{bare}/bin/python"
    assert f"{python} -m pip install streamgov-pulumi==1.2.3" in message
    assert "No module named" in message and "Traceback" not in message and "\n" not in message


def test_a_real_python_with_the_package_passes(bare: Path, tmp_path: Path) -> None:
    packages = os.pathsep.join([str(ROOT), sysconfig.get_paths()["purelib"]])
    interpreter.check({"PULUMI_RUNTIME_VIRTUALENV": str(bare), "PYTHONPATH": packages}, tmp_path, "x")


def test_a_package_in_the_programs_folder_passes(bare: Path, tmp_path: Path) -> None:
    """`python -m` looks there first, and so does the engine's launcher."""
    for package in ("streamgov_core", "streamgov_pulumi"):
        (tmp_path / package).symlink_to(ROOT / package)
    packages = sysconfig.get_paths()["purelib"]
    interpreter.check({"PULUMI_RUNTIME_VIRTUALENV": str(bare), "PYTHONPATH": packages}, tmp_path, "x")


def test_a_python_that_is_not_there_or_hangs_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path}/none/bin/python -m pip install x"):
        interpreter.check({"PULUMI_RUNTIME_VIRTUALENV": "none"}, tmp_path, "x")

    def hangs(*_: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired("python3", options["timeout"])

    with pytest.raises(ConfigError, match="timed out after 120 seconds"):
        interpreter.check({}, tmp_path, "x", hangs)


def test_where_poetry_decides_nothing_is_started(tmp_path: Path) -> None:
    def started(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        raise AssertionError("started")

    interpreter.check({"PULUMI_RUNTIME_TOOLCHAIN": "poetry"}, tmp_path, "x", started)


def test_a_checkout_is_installed_from_where_it_lies() -> None:
    assert plugin.install_source() == str(ROOT)
