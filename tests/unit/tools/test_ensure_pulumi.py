"""tools/pulumi/ensure.py, run as a user runs it, with a stand-in for Go."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TOOL = Path(__file__).resolve().parents[3] / "tools" / "pulumi"
PROGRAMS = {
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
}
VERSION = next(
    line.split(" v")[1].split()[0]
    for line in (TOOL / "cli" / "go.mod").read_text().splitlines()
    if "github.com/pulumi/pulumi/pkg/v3 v" in line
)

FAKE_GO = """#!{python}
import json, os, pathlib, sys, time

here = pathlib.Path({state!r})
settings = json.loads((here / "settings.json").read_text())
arguments = sys.argv[1:]
names = ("CGO_ENABLED", "GOFLAGS", "GOWORK", "GOOS", "GOARCH")
call = {{"arguments": arguments, "cwd": os.getcwd(), "pid": os.getpid()}}
call |= {{name: os.environ.get(name) for name in names}}
with (here / "calls").open("a") as file:
    file.write(json.dumps(call) + "\\n")
if arguments[0] == "version":
    print("go version go" + settings["go"] + " linux/amd64")
elif arguments == ["env", "GOTOOLCHAIN"]:
    print(settings["toolchain"])
elif arguments[:2] == ["list", "-deps"]:
    print("go: downloading example.org/thing v1.0.0", file=sys.stderr)
    print("fmt\\nexample.org/thing")
elif arguments[:2] == ["list", "-m"]:
    print(here / "sdk")
elif arguments[0] == "build":
    print("example.org/thing", file=sys.stderr, flush=True)
    if settings["broken"]:
        sys.exit("thing.go:1:1: syntax error")
    output = pathlib.Path(arguments[arguments.index("-o") + 1])
    output.write_text("half")
    time.sleep(settings["seconds"])
    output.write_text("#!/bin/sh\\necho v" + settings["built"] + "\\n")
    output.chmod(0o755)
else:
    sys.exit("unexpected: " + repr(arguments))
"""


def program(path: Path, text: str) -> None:
    """Write an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Machine:
    """A PATH, a home and a Go of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = [root / "bin"]
        self.path[0].mkdir()
        self.cache = root / "cache"
        self.environ = {"HOME": str(root / "home"), "STREAMGOV_CACHE": str(self.cache)}
        self.tool = TOOL / "ensure.py"
        self.arguments: list[str] = []

    def add_go(self, **settings: object) -> None:
        """Put a Go on PATH that takes notes and builds what prints a version."""
        default = {"go": "1.26.0", "toolchain": "local", "broken": False, "seconds": 0, "built": VERSION}
        (self.root / "settings.json").write_text(json.dumps(default | settings))
        program(self.path[0] / "go", FAKE_GO.format(python=sys.executable, state=str(self.root)))
        for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
            copy = self.root / "sdk" / "python" / script
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.unlink(missing_ok=True)
            copy.write_text(f"#!/bin/sh\n# {script}\n")
            copy.chmod(0o444)  # As in Go's module cache.

    def add_cli(self, version: str, host: bool = True) -> Path:
        """Put an installed CLI on PATH, before all else."""
        directory = self.root / f"installed-{version}-{host}"
        program(directory / "pulumi", f"#!/bin/sh\necho v{version}\n")
        if host:
            program(directory / "pulumi-language-python", "#!/bin/sh\n")
        self.path.insert(0, directory)
        return directory

    def calls(self, verb: str) -> list[dict[str, str]]:
        """What Go has been asked to do."""
        notes = self.root / "calls"
        lines = notes.read_text().splitlines() if notes.exists() else []
        return [call for call in map(json.loads, lines) if call["arguments"][0] == verb]

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        """A run in the background, killed at the end if need be."""
        environ = self.environ | {"PATH": os.pathsep.join(map(str, self.path))}
        with subprocess.Popen(
            [sys.executable, str(self.tool), *self.arguments],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests in the background of a shell ignore it, and whoever they start would, too.
            preexec_fn=_interruptible,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self) -> subprocess.CompletedProcess[str]:
        """A run to its end."""
        with self.started() as process:
            stdout, stderr = process.communicate(timeout=60)
            return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def built(self) -> Path:
        """The directory that a successful run prints."""
        result = self.run()
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("\n") == 1
        return Path(result.stdout.rstrip("\n"))

    def left(self) -> set[str]:
        """What there is in the cache besides lock files."""
        directory = self.cache / "streamgov"
        if not directory.exists():
            return set()
        return {path.name for path in directory.iterdir() if path.suffix != ".lock"}

    def wait_for_build(self) -> int:
        """The process id of the Go that is building."""
        deadline = time.monotonic() + 30
        while not self.calls("build"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return int(self.calls("build")[0]["pid"])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_pulumi_and_go_one_sentence_says_what_to_install(machine: Machine) -> None:
    result = machine.run()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "install Pulumi 3.237 or newer, or Go 1." in result.stderr
    assert machine.left() == set()


def test_builds_with_locked_settings_and_prints_only_the_directory(machine: Machine) -> None:
    machine.add_go()
    machine.environ |= {"GOOS": "plan9", "GOARCH": "arm", "GOFLAGS": "-mod=mod", "GOWORK": "elsewhere"}
    directory = machine.built()
    assert directory.parent == machine.cache / "streamgov"
    assert directory.name.startswith(f"pulumi-{VERSION}-")
    assert {path.name for path in directory.iterdir()} == PROGRAMS
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o755 for path in (directory, *directory.iterdir()))
    cli, host = machine.calls("build")
    assert (cli["cwd"], host["cwd"]) == (str(TOOL / "cli"), str(TOOL / "language-python"))
    assert cli["arguments"][-1] == "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
    for call in (cli, host):
        assert "-trimpath" in call["arguments"]
        assert any(f"version.Version=v{VERSION}" in argument for argument in call["arguments"])
        assert (call["CGO_ENABLED"], call["GOFLAGS"], call["GOWORK"]) == ("0", "-mod=readonly", "off")
        assert not call["GOOS"] and not call["GOARCH"]


def test_the_second_run_does_not_build(machine: Machine) -> None:
    machine.add_go()
    first = machine.built()
    second = machine.run()
    assert (Path(second.stdout.rstrip()), second.stderr) == (first, "")
    assert len(machine.calls("build")) == 2
    (machine.path[0] / "go").unlink()
    assert machine.built() == first


def test_a_damaged_directory_is_built_again(machine: Machine) -> None:
    machine.add_go()
    first = machine.built()
    (first / "pulumi-language-python-exec").unlink()
    assert machine.built() == first
    assert {path.name for path in first.iterdir()} == PROGRAMS


def test_a_new_enough_cli_on_path_is_taken(machine: Machine) -> None:
    machine.add_go()
    directory = machine.add_cli("3.237.0")
    assert machine.built() == directory
    assert machine.calls("build") == []


@pytest.mark.parametrize(
    ("version", "host", "reason"),
    [
        ("3.199.9", True, "3.199.9"),
        ("3.260.0", False, "missing"),
    ],
)
def test_an_unfit_cli_on_path_is_passed_over(machine: Machine, version: str, host: bool, reason: str) -> None:
    machine.add_go()
    unfit = machine.add_cli(version, host)
    result = machine.run()
    assert result.stdout.startswith(str(machine.cache))
    assert f"{unfit / 'pulumi'} is passed over" in result.stderr and reason in result.stderr
    assert len(machine.calls("build")) == 2


def test_a_cli_that_does_not_run_is_passed_over(machine: Machine) -> None:
    machine.add_go()
    program(machine.add_cli("3.260.0") / "pulumi", "#!/nowhere/interpreter\n")
    assert machine.built().parent == machine.cache / "streamgov"


def test_a_fit_cli_behind_an_old_one_is_taken(machine: Machine) -> None:
    fit = machine.add_cli("3.260.0")
    machine.add_cli("2.1.0")
    assert machine.built() == fit


def test_a_killed_build_leaves_nothing_complete_and_the_next_cleans_up(machine: Machine) -> None:
    machine.add_go(seconds=60)
    with machine.started() as process:
        go = machine.wait_for_build()
        process.kill()
        process.wait()
    os.kill(go, signal.SIGKILL)
    (remains,) = machine.left()
    assert ".building-" in remains
    machine.add_go()
    directory = machine.built()
    assert machine.left() == {directory.name}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_removes_what_it_has_begun(machine: Machine, number: signal.Signals) -> None:
    machine.add_go(seconds=60)
    with machine.started() as process:
        go = machine.wait_for_build()
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode != 0 and stdout == "" and "Traceback" not in stderr
    assert machine.left() == set()
    with pytest.raises(ProcessLookupError):
        os.kill(go, 0)


def test_two_runs_at_once_build_once(machine: Machine) -> None:
    machine.add_go(seconds=1)
    with machine.started() as one, machine.started() as two:
        results = {process.communicate(timeout=60)[0] for process in (one, two)}
        assert (one.returncode, two.returncode) == (0, 0)
    assert len(results) == 1
    assert len(machine.calls("build")) == 2


def test_a_failed_build_shows_what_go_says_and_leaves_nothing(machine: Machine) -> None:
    machine.add_go(broken=True)
    result = machine.run()
    assert (result.returncode, result.stdout) == (1, "")
    assert "thing.go:1:1: syntax error" in result.stderr and "Traceback" not in result.stderr
    assert machine.left() == set()


def test_a_cli_with_the_wrong_version_is_not_kept(machine: Machine) -> None:
    machine.add_go(built="3.1.0")
    result = machine.run()
    assert result.returncode == 1 and "3.1.0" in result.stderr
    assert machine.left() == set()


def test_a_go_that_is_too_old_and_local_is_named(machine: Machine) -> None:
    machine.add_go(go="1.22.1", toolchain="local")
    result = machine.run()
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "1.22.1" in result.stderr and "install Go 1." in result.stderr


def test_an_older_go_that_may_fetch_a_newer_one_is_used(machine: Machine) -> None:
    machine.add_go(go="1.22.1", toolchain="auto")
    assert {path.name for path in machine.built().iterdir()} == PROGRAMS


def test_other_locks_are_another_directory_with_the_old_on_path(machine: Machine, tmp_path: Path) -> None:
    machine.add_go()
    old = machine.built()
    copy = tmp_path / "copy"
    shutil.copytree(TOOL, copy)
    machine.tool = copy / "ensure.py"
    assert machine.built() == old
    with (copy / "cli" / "go.sum").open("a") as file:
        file.write("\n")
    machine.path.insert(0, old)
    new = machine.built()
    assert new != old and machine.left() == {old.name, new.name}
    machine.path.insert(0, new)
    assert machine.built() == new


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"STREAMGOV_CACHE": "{root}/one", "XDG_CACHE_HOME": "{root}/two"}, "one"),
        ({"STREAMGOV_CACHE": "", "XDG_CACHE_HOME": "{root}/two"}, "two"),
        ({}, "home/.cache"),
    ],
)
def test_the_cache_follows_the_environment(machine: Machine, environ: dict[str, str], place: str) -> None:
    machine.add_go()
    del machine.environ["STREAMGOV_CACHE"]
    machine.environ |= {name: value.format(root=machine.root) for name, value in environ.items()}
    assert machine.built().parent == machine.root / place / "streamgov"


def test_a_terminal_sees_the_seconds_go_by(machine: Machine) -> None:
    machine.add_go(seconds=2.5)
    ours, theirs = pty.openpty()
    environ = machine.environ | {"PATH": str(machine.path[0])}
    command = [sys.executable, str(machine.tool)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=theirs) as run:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 1000)
            except OSError:  # The other end is closed.
                break
    os.close(ours)
    assert run.returncode == 0
    assert b"packages compiled: 1 of at most 2 (1 s)" in shown and b"(2 s)" in shown


HOSTS = {"yaml": "YAML", "nodejs": "Node.js"}


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_a_host_beside_the_cli_is_built_by_itself_and_once(machine: Machine, host: str) -> None:
    machine.add_go()
    machine.arguments = [f"--{host}"]
    directory = machine.built()
    assert directory.parent == machine.cache / "streamgov" and directory.name.startswith(f"{host}-")
    assert {path.name for path in directory.iterdir()} == {f"pulumi-language-{host}"}
    [built] = machine.calls("build")
    assert built["cwd"] == str(TOOL / f"language-{host}")
    assert (built["CGO_ENABLED"], built["GOFLAGS"], built["GOWORK"]) == ("0", "-mod=readonly", "off")
    assert machine.built() == directory
    assert len(machine.calls("build")) == 1
    (directory / f"pulumi-language-{host}").unlink()
    assert machine.built() == directory
    assert len(machine.calls("build")) == 2


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_a_host_beside_the_cli_of_an_installed_cli_is_taken(machine: Machine, host: str) -> None:
    machine.add_go()
    machine.arguments = [f"--{host}"]
    bare = machine.add_cli("3.250.0")
    assert machine.built().name.startswith(f"{host}-"), "the CLI on PATH has none"
    program(bare / f"pulumi-language-{host}", "#!/bin/sh\n")
    assert machine.built() == bare


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_other_locks_of_a_host_leave_the_cli_alone(machine: Machine, host: str, tmp_path: Path) -> None:
    machine.add_go()
    cli = machine.built()
    copy = tmp_path / "copy"
    shutil.copytree(TOOL, copy)
    machine.tool = copy / "ensure.py"
    with (copy / f"language-{host}" / "main.go").open("a") as file:
        file.write("\n")
    assert machine.built() == cli
    machine.arguments = [f"--{host}"]
    changed = machine.built()
    machine.tool = TOOL / "ensure.py"
    assert machine.built() != changed


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_without_go_one_sentence_says_what_a_host_needs(machine: Machine, host: str) -> None:
    machine.add_cli("3.250.0")
    machine.arguments = [f"--{host}"]
    result = machine.run()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert f"{HOSTS[host]} language host nor Go is on PATH: install Pulumi" in result.stderr
    assert machine.left() == set()


def test_no_file_names_an_address() -> None:
    sources = [path for suffix in ("mod", "sum", "go", "py", "md") for path in TOOL.rglob(f"*.{suffix}")]
    assert len(sources) >= 7
    # A hash in base64 may begin with two slashes.
    texts = {path: re.sub(r" h1:\S{44}$", "", path.read_text(), flags=re.MULTILINE) for path in sources}
    assert [path.name for path, text in texts.items() if "://" in text] == []


def test_the_package_list_finds_plugins_on_the_import_path(tmp_path: Path) -> None:
    package = tmp_path / "pulumi_thing"
    package.mkdir()
    (package / "pulumi-plugin.json").write_text('{"resource": true, "name": "thing"}')
    information = tmp_path / "pulumi_thing-1.2.3.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: pulumi-thing\nVersion: 1.2.3\n")
    script = (TOOL / "language-python" / "packages.py").read_text()
    environ = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    found = [entry for entry in json.loads(result.stdout) if entry["name"] == "pulumi-thing"]
    assert found == [
        {"name": "pulumi-thing", "version": "1.2.3", "plugin": {"resource": True, "name": "thing"}},
    ]
