#!/usr/bin/env python3
"""Print the directory to prepend to PATH for a working Pulumi CLI with its Python language host.

A CLI that is already on PATH is taken if it is new enough. Otherwise both programs are built once, with Go,
from the modules and hashes that are locked beside this file, and kept in a cache directory.

With ``--yaml`` or ``--nodejs`` the directory is that of the YAML or Node.js language host, which has to be on PATH as
well for programs in YAML, or in TypeScript.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

HERE = Path(__file__).resolve().parent
CLI = HERE / "cli"
HOST = HERE / "language-python"
YAML_HOST = HERE / "language-yaml"
NODEJS_HOST = HERE / "language-nodejs"
SHARED_HOST = tuple(HERE / "languagehost" / name for name in ("go.mod", "host.go"))
"""What the Python and the Node.js host have in common."""
LOCK_INPUTS = (
    CLI / "go.mod",
    CLI / "go.sum",
    HOST / "go.mod",
    HOST / "go.sum",
    HOST / "main.go",
    HOST / "packages.py",
    *SHARED_HOST,
)
PROGRAMS = ("pulumi", "pulumi-language-python")
# Scripts of the SDK module, relative to its directory.
SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
YAML_PROGRAM = "pulumi-language-yaml"
NODEJS_PROGRAM = "pulumi-language-nodejs"
CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
YAML_MODULE = "github.com/pulumi/pulumi-yaml"
GO_ENVIRONMENT = {"CGO_ENABLED": "0", "GO111MODULE": "on", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
OLDEST = (3, 237)

Version = tuple[int, ...]


class Failure(Exception):
    """Something that the user has to know; the message is all that is shown."""


def parse_version(text: str) -> Version | None:
    """The first version number in a text."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in match.groups(default="0")) if match else None


def dotted(version: Version) -> str:
    """A version as it is written."""
    return ".".join(str(part) for part in version)


def locked(pattern: str, module: Path = CLI) -> str:
    """What a go.mod says, by a pattern with one group."""
    match = re.search(pattern, (module / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise Failure(f"{module / 'go.mod'} is damaged: nothing in it matches {pattern}.")
    return match.group(1)


def pulumi_version() -> str:
    """The locked version of Pulumi, without the v."""
    return locked(r"^\s*(?:require )?github\.com/pulumi/pulumi/pkg/v3 v(\S+)")


def yaml_version() -> str:
    """The locked version of the YAML language host, without the v."""
    return locked(r"^\s*(?:require )?github\.com/pulumi/pulumi-yaml v(\S+)", YAML_HOST)


def needed_go(module: Path = CLI) -> str:
    """The oldest Go that can build the locked modules."""
    return locked(r"^go (\S+)$", module)


def build_flags(version: str, variable: str = f"{SDK_MODULE}/go/common/version.Version") -> list[str]:
    """The flags of `go build`; a program knows its version only from the linker."""
    return ["-v", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w -X {variable}=v{version}"]


def yaml_flags(version: str) -> list[str]:
    """The flags of `go build` for the YAML language host."""
    return build_flags(version, f"{YAML_MODULE}/pkg/version.Version")


def fingerprint(inputs: Sequence[Path], settings: object) -> str:
    """A name for everything that decides what is built."""
    digest = hashlib.sha256()
    for path in inputs:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(HERE).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    digest.update(repr(settings).encode())
    digest.update(f"{platform.system()} {platform.machine()}".encode())
    return digest.hexdigest()[:16]


def cache_root(environ: Mapping[str, str]) -> Path:
    """The directory below which the built programs lie."""
    for name in ("STREAMGOV_CACHE", "XDG_CACHE_HOME"):
        if environ.get(name):
            return Path(environ[name]).expanduser().absolute() / "streamgov"
    try:
        return Path.home() / ".cache" / "streamgov"
    except RuntimeError:
        raise Failure("There is no home directory: set STREAMGOV_CACHE to a directory.") from None


def is_program(path: Path) -> bool:
    """Whether the path can be executed."""
    return path.is_file() and os.access(path, os.X_OK)


class Progress:
    """One line on standard error: rewritten every second on a terminal, else written every 15 seconds."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.terminal = sys.stderr.isatty()
        self.last = 0.0
        self.drawn = 0

    def seconds(self) -> int:
        """Time since the start."""
        return int(time.monotonic() - self.started)

    def say(self, text: str) -> None:
        """Show a line that the next one may replace."""
        line = f"pulumi: {text} ({self.seconds()} s)"
        if self.terminal:
            sys.stderr.write("\r" + line.ljust(self.drawn))
            self.drawn = len(line)
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()
        self.last = time.monotonic()

    def tick(self, text: str) -> None:
        """Show a line if the last one is old enough."""
        if time.monotonic() - self.last >= (1 if self.terminal else 15):
            self.say(text)

    def note(self, text: str) -> None:
        """Write a line that stays."""
        self.say(text)
        if self.terminal:
            sys.stderr.write("\n")
            self.drawn = 0


def version_of(program: Path) -> Version | None:
    """What a CLI says it is, or None if it does not run."""
    environ = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        result = subprocess.run(
            [program, "version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=environ,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(result.stdout) if result.returncode == 0 else None


def installed(search: str, ours: Path, progress: Progress) -> Path | None:
    """The directory of the first usable CLI on PATH; what an older lock has built does not count."""
    for entry in search.split(os.pathsep):
        directory = Path(entry or ".").absolute()
        if not is_program(directory / "pulumi") or (directory.parent == ours.parent and directory != ours):
            continue
        if shutil.which("pulumi-language-python", path=os.pathsep.join((str(directory), search))) is None:
            progress.note(f"{directory / 'pulumi'} is passed over, pulumi-language-python is missing")
            continue
        version = version_of(directory / "pulumi")
        if version is None or version < OLDEST:
            found = dotted(version) if version else "of an unknown version"
            progress.note(f"{directory / 'pulumi'} is passed over, it is {found}, needed is {dotted(OLDEST)}")
            continue
        return directory
    return None


def find_go(module: Path, host: str) -> str:
    """The Go on PATH, if it is able to build the locked modules; ``host`` is what the build replaces, for people."""
    needed = needed_go(module)
    go = shutil.which("go")
    if go is None:
        raise Failure(
            f"Neither the Pulumi CLI with its {host} nor Go is on PATH: install Pulumi "
            f"{dotted(OLDEST)} or newer, or Go {needed} or newer, from which it is built."
        )
    # In a directory without go.mod, so that Go does not fetch another version of itself just to tell its own.
    version = parse_version(run([go, "version"], Path(os.sep)))
    if version is not None and version < (parse_version(needed) or ()):
        policy = run([go, "env", "GOTOOLCHAIN"], Path(os.sep)).strip()
        if version < (1, 21) or not policy.endswith(("auto", "path")):
            raise Failure(
                f"The Go on PATH is {dotted(version)} and may not fetch a newer one: "
                f"install Go {needed} or newer, or Pulumi {dotted(OLDEST)} or newer."
            )
    return go


def go_environment() -> dict[str, str]:
    """The environment of every call of Go: builds for this machine, from the locked hashes only."""
    environ = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    return environ | GO_ENVIRONMENT


def run(command: Sequence[str], directory: Path) -> str:
    """The standard output of a short call of Go."""
    try:
        result = subprocess.run(
            command,
            check=False,
            cwd=directory,
            env=go_environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise Failure(f"{command[0]} cannot be run: {error}.") from error
    if result.returncode != 0:
        problem = result.stderr.rstrip()
        raise Failure(f"{' '.join(command[:2])} failed with exit code {result.returncode}:\n{problem}")
    return result.stdout


class Step:
    """A run of Go whose standard error is counted for the progress line and kept for the error message."""

    def __init__(self, progress: Progress, label: str, total: int = 0) -> None:
        self.progress = progress
        self.label = label
        self.total = total
        self.downloads = 0
        self.packages = 0
        self.messages: list[str] = []
        self.output: list[str] = []

    def describe(self) -> str:
        """The progress line."""
        parts = [self.label]
        if self.downloads:
            parts.append(f"modules fetched: {self.downloads}")
        if self.packages:
            limit = f" of at most {self.total}" if self.total else ""
            parts.append(f"packages compiled: {self.packages}{limit}")
        return ", ".join(parts)

    def read_errors(self, lines: Iterator[str]) -> None:
        """Count what Go reports, and keep the rest."""
        for line in lines:
            text = line.rstrip()
            if text.startswith("go: downloading "):
                self.downloads += 1
            elif re.fullmatch(r"[\w.~/+-]+", text):
                self.packages += 1
            elif text:
                self.messages.append(text)

    def run(self, command: Sequence[str], directory: Path, scratch: Path) -> list[str]:
        """Run Go to its end, its temporary files in scratch, and return the lines of its standard output."""
        self.progress.say(self.label)
        try:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=go_environment() | {"GOTMPDIR": str(scratch)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise Failure(f"{command[0]} cannot be run: {error}.") from error
        assert process.stdout is not None and process.stderr is not None
        readers = [
            threading.Thread(target=self.read_errors, args=(process.stderr,), daemon=True),
            threading.Thread(target=self.output.extend, args=(process.stdout,), daemon=True),
        ]
        try:
            for reader in readers:
                reader.start()
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
                    break
                self.progress.tick(self.describe())
        finally:
            if process.poll() is None:
                # Go's compilers are in the same group.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for reader in readers:
            reader.join()
        if process.returncode != 0:
            shown = "\n".join(self.messages[-20:])
            raise Failure(f"{self.label} failed (go {command[1]}, exit code {process.returncode}):\n{shown}")
        if self.downloads or self.packages:
            self.progress.note(self.describe())
        return [line.rstrip("\n") for line in self.output]


@dataclass(frozen=True)
class Product:
    """Something that is built once and kept in a directory of the cache."""

    title: str
    host: str
    module: Path
    target: Path
    names: tuple[str, ...]
    build: Callable[[str, Path, Progress], None]
    """Build everything with that Go into that existing directory."""

    def is_complete(self) -> bool:
        """Whether the directory has all that a build leaves there."""
        return all(is_program(self.target / name) for name in self.names)


def cli_product() -> Product:
    """The CLI with its Python language host."""
    version = pulumi_version()
    settings = (build_flags(version), SCRIPTS, sorted(GO_ENVIRONMENT.items()))
    return Product(
        "the Pulumi CLI",
        "Python language host",
        CLI,
        cache_root(os.environ) / f"pulumi-{version}-{fingerprint(LOCK_INPUTS, settings)}",
        (*PROGRAMS, *(script.rpartition("/")[2] for script in SCRIPTS)),
        build_cli,
    )


def yaml_product() -> Product:
    """The YAML language host."""
    version = yaml_version()
    inputs = tuple(YAML_HOST / name for name in ("go.mod", "go.sum", "main.go"))
    settings = (yaml_flags(version), sorted(GO_ENVIRONMENT.items()))
    return Product(
        "the YAML language host",
        "YAML language host",
        YAML_HOST,
        cache_root(os.environ) / f"yaml-{version}-{fingerprint(inputs, settings)}",
        (YAML_PROGRAM,),
        build_yaml,
    )


def nodejs_product() -> Product:
    """The Node.js language host."""
    version = locked(r"^\s*(?:require )?github\.com/pulumi/pulumi/sdk/v3 v(\S+)", NODEJS_HOST)
    inputs = (*(NODEJS_HOST / name for name in ("go.mod", "go.sum", "main.go", "packages.go")), *SHARED_HOST)
    settings = (build_flags(version), sorted(GO_ENVIRONMENT.items()))

    def build(go: str, target: Path, progress: Progress) -> None:
        """Build the Node.js language host."""
        build_host(go, Host("Node.js", NODEJS_HOST, NODEJS_PROGRAM, version, build_flags(version)), target, progress)

    return Product(
        "the Node.js language host",
        "Node.js language host",
        NODEJS_HOST,
        cache_root(os.environ) / f"nodejs-{version}-{fingerprint(inputs, settings)}",
        (NODEJS_PROGRAM,),
        build,
    )


def build_cli(go: str, target: Path, progress: Progress) -> None:
    """Build the CLI and its Python language host."""
    version = pulumi_version()
    scratch = target / "scratch"
    scratch.mkdir()
    fetch = Step(progress, "fetching the modules of the CLI")
    listing = fetch.run([go, "list", "-deps", CLI_PACKAGE], CLI, scratch)
    flags = build_flags(version)
    Step(progress, f"building the CLI {version}", len(listing)).run(
        [go, "build", *flags, "-o", str(target / "pulumi"), CLI_PACKAGE], CLI, scratch
    )
    Step(progress, "building the Python language host").run(
        [go, "build", *flags, "-o", str(target / "pulumi-language-python"), "."], HOST, scratch
    )
    shutil.rmtree(scratch)
    sdk = Path(run([go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE], HOST).strip())
    for script in SCRIPTS:
        copy = target / script.rpartition("/")[2]
        shutil.copyfile(sdk / script, copy)
        copy.chmod(0o755)
    built = version_of(target / "pulumi")
    if built != parse_version(version):
        raise Failure(f"The CLI that was built should be {version}, but is {built and dotted(built)}.")


@dataclass(frozen=True)
class Host:
    """A language host of one program, beside the CLI: the language, its module, what is built of it, and how."""

    language: str
    module: Path
    program: str
    version: str
    flags: Sequence[str]


def build_yaml(go: str, target: Path, progress: Progress) -> None:
    """Build the YAML language host."""
    version = yaml_version()
    build_host(go, Host("YAML", YAML_HOST, YAML_PROGRAM, version, yaml_flags(version)), target, progress)


def build_host(go: str, host: Host, target: Path, progress: Progress) -> None:
    """Build a language host that is a program of its own."""
    scratch = target / "scratch"
    scratch.mkdir()
    listing = Step(progress, f"fetching the modules of the {host.language} language host").run(
        [go, "list", "-deps", "."], host.module, scratch
    )
    Step(progress, f"building the {host.language} language host {host.version}", len(listing)).run(
        [go, "build", *host.flags, "-o", str(target / host.program), "."], host.module, scratch
    )
    shutil.rmtree(scratch)


@contextlib.contextmanager
def exclusive(path: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock that allows building."""
    # The lock ends with this process: the descriptor is not inherited by Go.
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                progress.tick("waiting for another build")
                time.sleep(0.2)
        yield


def build_once(product: Product, progress: Progress) -> None:
    """Build unless somebody else has; the target appears complete or not at all."""
    target = product.target
    go = find_go(product.module, product.host)
    target.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(target.with_name(target.name + ".lock"), progress):
        if product.is_complete():
            return
        # Nobody else is building, so these are what killed builds have left.
        for leftover in target.parent.glob(f"{target.name}.building-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if target.exists():
            shutil.rmtree(target)
        progress.note(f"{product.title} is not on PATH, building it into {target}, which takes some minutes")
        temporary = Path(tempfile.mkdtemp(prefix=f"{target.name}.building-", dir=target.parent))
        try:
            temporary.chmod(0o755)
            product.build(go, temporary, progress)
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        progress.note(f"{product.title} is ready")


HOSTS: dict[str, tuple[str, Callable[[], Product]]] = {
    "yaml": (YAML_PROGRAM, yaml_product),
    "nodejs": (NODEJS_PROGRAM, nodejs_product),
}
"""The language hosts beside the CLI: by the option's name the program and what it is built from."""


def ensure(progress: Progress, host: str = "") -> Path:
    """The directory of a usable CLI or, beside it or elsewhere, of one of its language hosts; built if need be."""
    cli = cli_product()
    found = installed(os.environ.get("PATH", os.defpath), cli.target, progress)
    if found is not None and (not host or is_program(found / HOSTS[host][0])):
        return found
    product = HOSTS[host][1]() if host else cli
    if not product.is_complete():
        build_once(product, progress)
    return product.target


def stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Turn a signal into an orderly end."""
    raise SystemExit(128 + number)


def main() -> int:
    """Print the directory, or why there is none."""
    parser = argparse.ArgumentParser(description="Print the directory to prepend to PATH for the Pulumi CLI.")
    beside = parser.add_mutually_exclusive_group()
    for option, language in (("yaml", "YAML"), ("nodejs", "Node.js")):
        text = f"the directory of the {language} language host instead"
        beside.add_argument(f"--{option}", dest="host", action="store_const", const=option, default="", help=text)
    host = parser.parse_args().host
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    progress = Progress()
    problem = ""
    try:
        directory = ensure(progress, host)
    except Failure as failure:
        problem = str(failure)
    except OSError as error:
        title = HOSTS[host][1]().title if host else "the Pulumi CLI"
        problem = f"{title[0].upper()}{title[1:]} could not be made ready: {error}."
    except KeyboardInterrupt:
        problem = "Interrupted; nothing half built is left."
    finally:
        if progress.drawn:
            sys.stderr.write("\n")
    if problem:
        print(problem, file=sys.stderr)
        return 1
    print(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
