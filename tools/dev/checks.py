"""The commands that judge the code: lint, test, bench, and the lock files."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tools.dev.workspace import ROOT, VENV_BIN, ensure_cli, ensure_yaml_host

TYPED = (
    "streamgov_core",
    "streamgov_pulumi",
    "streamgov_ops",
    "streamgov_samples",
    "handlers",
    "emulator",
    "tools",
    "policy/streamgov_policies",
    "__main__.py",
)
LINTED = (*TYPED, "policy", "plugin", "tests", "bench", "examples")


def _run(title: str, command: Sequence[str], environment: dict[str, str] | None = None) -> bool:
    """Run one check with its output shown; say how long it took."""
    print(f"\n== {title}", flush=True)
    start = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    print(f"== {title}: {'ok' if code == 0 else f'FAILED (exit {code})'}, {time.monotonic() - start:.0f} s", flush=True)
    return code == 0


def _present(names: Sequence[str]) -> list[str]:
    return [
        name
        for name in names
        if (ROOT / name).exists() and ((ROOT / name).is_file() or any((ROOT / name).rglob("*.py")))
    ]


def _lint() -> bool:
    ruff = str(VENV_BIN / "ruff")
    held = [
        _run("ruff format", [ruff, "format", "--check", "--quiet", *_present(LINTED)]),
        _run("ruff", [ruff, "check", "--quiet", *_present(LINTED)]),
        _run("mypy --strict", [str(VENV_BIN / "mypy"), *_present(TYPED)]),
    ]
    return all(held)


def lint(arguments: argparse.Namespace) -> int:
    """Ruff and mypy."""
    return 0 if _lint() else 1


def test(arguments: argparse.Namespace) -> int:
    """Lint, types, then pytest with the Pulumi CLI in place."""
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(VENV_BIN), environment["PATH"]])
    if arguments.kafka:
        environment["STREAMGOV_PULUMI_DIR"] = str(ensure_cli())
        command = [sys.executable, "-m", "pytest", "--durations=10", "-m", "kafka", "tests/kafka"]
        return 0 if _run("pytest, with a real broker", command, environment) else 1
    if arguments.flink:
        environment["STREAMGOV_PULUMI_DIR"] = str(ensure_cli())
        command = [sys.executable, "-m", "pytest", "--durations=10", "-m", "flink", "tests/flink"]
        return 0 if _run("pytest, with a real Flink", command, environment) else 1
    marks = [] if arguments.full else ["not full"]
    marks += ["not kafka", "not flink"]
    if arguments.quick:
        marks += ["not engine", "not e2e"]
    else:
        environment["STREAMGOV_PULUMI_DIR"] = str(ensure_cli())
        environment["STREAMGOV_YAML_DIR"] = str(ensure_yaml_host())
    held = _lint()
    command = [sys.executable, "-m", "pytest", "--durations=10"]
    if marks:
        command += ["-m", " and ".join(marks)]
    held = _run("pytest", command, environment) and held
    return 0 if held else 1


def bench(arguments: argparse.Namespace) -> int:
    """The benchmarks."""
    environment = dict(os.environ)
    environment["STREAMGOV_PULUMI_DIR"] = str(ensure_cli())
    return subprocess.run([sys.executable, "-m", "bench"], cwd=ROOT, env=environment, check=False).returncode


def lock(arguments: argparse.Namespace) -> int:
    """Compile requirements/*.in to hash-locked files that name no download address."""
    for name in sorted((ROOT / "requirements").glob("*.in")):
        command = [
            str(VENV_BIN / "pip-compile"), "--quiet", "--generate-hashes", "--strip-extras", "--allow-unsafe",
            "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host",
            "--output-file", str(name.with_suffix(".txt").relative_to(ROOT)), str(name.relative_to(ROOT)),
        ]  # fmt: skip
        print(f"  {name.name} → {name.with_suffix('.txt').name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            return 1
    return 0
