"""The wheels, used from outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import aws_emulator
import iam_evaluation

SOURCES = {
    "aws_governance_emulator": Path(str(aws_emulator.__file__)).parents[1],
    "iam_evaluation": Path(str(iam_evaluation.__file__)).parent,
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Distribution -> wheel."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in SOURCES.values():
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    return {path.name.partition("-")[0]: path for path in folder.glob("*.whl")}


def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def sources(package: Path) -> set[str]:
    return {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "target" not in path.parts
    }


def test_each_wheel_holds_its_package_and_nothing_else(wheels: dict[str, Path]) -> None:
    assert set(wheels) == set(SOURCES)
    assert files(wheels["aws_governance_emulator"]) == sources(Path(str(aws_emulator.__file__)).parent)
    evaluation = sources(SOURCES["iam_evaluation"])
    about = {"iam_evaluation/README.md", "iam_evaluation/pyproject.toml"}
    assert files(wheels["iam_evaluation"]) == evaluation - about


def test_the_emulator_runs_from_its_wheel(wheels: dict[str, Path], tmp_path: Path) -> None:
    """Beside the packages that it depends on, which are those of this environment."""
    venv.create(tmp_path / "env", with_pip=False)
    packages = Path(sysconfig.get_paths(vars={"base": str(tmp_path / "env")})["purelib"])
    for wheel in wheels.values():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
    # A folder on PYTHONPATH has no .pth files read: this environment's checkout stays out of sight.
    others = sysconfig.get_paths()["purelib"]
    script = (
        "import aws_emulator, iam_evaluation, sys; from aws_emulator.cli import main;"
        f"assert all(module.__file__.startswith({str(packages)!r}) for module in (aws_emulator, iam_evaluation));"
        "sys.exit(main(sys.argv[1:]))"
    )
    python = [str(tmp_path / "env" / "bin" / "python"), "-c", script]
    environment = {**os.environ, "PYTHONPATH": others}
    state = ["--state-dir", str(tmp_path / "state")]
    started = subprocess.run(
        [*python, "start", "--port", "0", *state],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
    )
    stopped = subprocess.run([*python, "stop", *state], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (started.returncode, stopped.returncode) == (0, 0), started.stderr
    assert started.stdout.startswith("running on 127.0.0.1:")
    assert stopped.stdout.startswith("stopped process")
