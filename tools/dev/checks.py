"""The commands that judge the code: lint, test, bench, and the lock files."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streamgov_pulumi.packaging.bundle import LOCK_FILE, write_digest
from tools.dev.workspace import ROOT, VENV_BIN, ensure_cli, ensure_dependencies, ensure_nodejs_host, ensure_yaml_host

EMULATOR_TYPED = ("emulator/aws_emulator", "iam_evaluation")
TYPED = (
    "streamgov_core",
    "streamgov_pulumi",
    "streamgov_ops",
    "streamgov_samples",
    "handlers",
    "contracts",
    *EMULATOR_TYPED,
    "tools",
    "policy/streamgov_policies",
    "tests",
    "bench",
    "emulator/tests",
    "__main__.py",
    "hatch_build.py",
)
LINTED = (*TYPED, "policy", "plugin", "emulator", "examples")
EMULATOR_LINTED = ("emulator", "iam_evaluation", "tests/unit/iam_evaluation")
EMULATOR_TESTS = ("emulator/tests", "tests/unit/iam_evaluation")
PYTEST = (sys.executable, "-m", "pytest", "--durations=10")
ASIDE = {
    "kafka": ("with a real broker", "tests/kafka"),
    "flink": ("with a real Flink", "tests/flink"),
    "terraform": ("with Terraform's AWS provider", "tests/terraform"),
    "typescript": ("with programs in TypeScript", "tests/typescript"),
    "clients": ("with standard clients", "tests/clients"),
    "pages": ("the commands of the pages", "tests/engine"),
}
"""Tests that have a command of their own, by marker and option: what is said of them, and where they are."""
UNITS = ("tests/unit", "tests/architecture")
FEWER_EXAMPLES = "0.1"
"""The share of a law's examples that `make test-unit` tries; `make test` tries all."""
COVERED = (*UNITS, "tests/provider")
COVERAGE = ("--cov", "--cov-report=term:skip-covered", "--no-cov-on-fail")


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


def _lint(linted: Sequence[str] = LINTED, typed: Sequence[str] = TYPED) -> bool:
    ruff = str(VENV_BIN / "ruff")
    held = [
        _run("ruff format", [ruff, "format", "--check", "--quiet", *_present(linted)]),
        _run("ruff", [ruff, "check", "--quiet", *_present(linted)]),
        _run("mypy --strict", [str(VENV_BIN / "mypy"), *_present(typed)]),
        _run("import-linter", [str(VENV_BIN / "lint-imports")]),
    ]
    return all(held)


def lint(arguments: argparse.Namespace) -> int:
    """Ruff and mypy."""
    return 0 if _lint() else 1


def test(arguments: argparse.Namespace) -> int:
    """Lint, types, then pytest with the Pulumi CLI in place, in three lanes side by side.

    The engine's tests; those that wait for what runs in an emulator; beside them lint, types, the units with their
    coverage, and the emulator's own tests.
    """
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(VENV_BIN), environment["PATH"]])
    ensure_dependencies()
    if arguments.unit:
        environment["STREAMGOV_EXAMPLES"] = FEWER_EXAMPLES
        quick = [*PYTEST, "-n", "2", "-m", "not full and not slow", *UNITS]
        return 0 if _run("pytest, units", quick, environment) else 1
    if not arguments.quick:
        environment["STREAMGOV_PULUMI_DIR"] = environment["EMULATOR_PULUMI_DIR"] = str(ensure_cli())
    if arguments.emulator:
        return _test_emulator(environment)
    for name, (title, folder) in ASIDE.items():
        if getattr(arguments, name):
            if name == "typescript":
                environment["STREAMGOV_NODEJS_DIR"] = str(ensure_nodejs_host())
            return 0 if _run(f"pytest, {title}", [*PYTEST, "-m", name, folder], environment) else 1
    aside = " and ".join(f"not {name}" for name in ASIDE)
    chosen = aside if arguments.full else f"{aside} and not full"
    units = [*PYTEST, *COVERAGE, "-m", f"not engine and not e2e and {chosen}", *COVERED]
    others = [*PYTEST, "-p", "no:cacheprovider", "-m", f"not engine and not e2e and {chosen}", *_uncovered()]
    emulator = [*PYTEST, "-p", "no:cacheprovider", "-m", f"not engine and not e2e and {chosen}", "emulator/tests"]
    beside = [Lane("pytest, integration", others, environment)]
    if not arguments.quick:
        environment["STREAMGOV_YAML_DIR"] = str(ensure_yaml_host())
        # Three at a time, each file's in one process: an engine waits for its plugins, and they for the emulator.
        three = ("-p", "no:cacheprovider", "-n", "3", "--dist", "loadfile")
        engine = [*PYTEST, *three, "-m", f"(engine or e2e) and {chosen}"]
        beside.insert(0, Lane("pytest, the engine's", engine, environment))

    def shown() -> bool:
        held = [_lint(), _run("pytest, units with coverage", units, environment)]
        return all([*held, _run("pytest, emulator", emulator, environment)])

    return 0 if _run_beside(beside, shown) else 1


def _uncovered() -> list[str]:
    """The product's tests that no coverage is measured of: what they run is in other processes, and they wait a lot."""
    found = [item for item in (ROOT / "tests").iterdir() if (item / "__init__.py").exists() or item.match("test_*.py")]
    names = sorted(str(item.relative_to(ROOT)) for item in found)
    return [name for name in names if name not in COVERED]


@dataclass(frozen=True)
class Lane:
    """A check that runs beside others: its title, its command, its variables."""

    title: str
    command: Sequence[str]
    environment: dict[str, str]


def _run_beside(lanes: Sequence[Lane], shown: Callable[[], bool]) -> bool:
    """Run checks at a time: what is shown comes as it goes, the lanes' output afterwards, one lane after the other."""
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        running = []
        for lane in lanes:
            kept = stack.enter_context(tempfile.TemporaryFile("w+"))
            process = subprocess.Popen(
                lane.command, cwd=ROOT, env=lane.environment, stdout=kept, stderr=subprocess.STDOUT
            )
            stack.callback(_end, process)
            running.append((lane, process, kept))
        held = shown()
        for lane, process, kept in running:
            code = process.wait()
            kept.seek(0)
            outcome = "ok" if code == 0 else f"FAILED (exit {code})"
            print(f"\n== {lane.title}\n{kept.read()}\n== {lane.title}: {outcome}", flush=True)
            held = held and code == 0
    print(f"== all: {'ok' if held else 'FAILED'}, {time.monotonic() - start:.0f} s", flush=True)
    return held


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


def _test_emulator(environment: dict[str, str]) -> int:
    held = _lint(EMULATOR_LINTED, EMULATOR_TYPED)
    return 0 if _run("pytest, the emulator", [*PYTEST, "-m", "not full", *EMULATOR_TESTS], environment) and held else 1


def bench(arguments: argparse.Namespace) -> int:
    """The benchmarks."""
    environment = dict(os.environ)
    environment["STREAMGOV_PULUMI_DIR"] = str(ensure_cli())
    return subprocess.run([sys.executable, "-m", "bench"], cwd=ROOT, env=environment, check=False).returncode


def lock(arguments: argparse.Namespace) -> int:
    """Compile requirements/*.in to hash-locked files that name no download address; digest what functions carry."""
    for name in sorted((ROOT / "requirements").glob("*.in")):
        command = [
            str(VENV_BIN / "pip-compile"), "--quiet", "--generate-hashes", "--strip-extras", "--allow-unsafe",
            "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host",
            "--output-file", str(name.with_suffix(".txt").relative_to(ROOT)), str(name.relative_to(ROOT)),
        ]  # fmt: skip
        print(f"  {name.name} → {name.with_suffix('.txt').name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            return 1
    print(f"  {LOCK_FILE.name} → {write_digest().name}", flush=True)
    return 0
