"""Java on this machine, and sets of jars that Maven resolves and builds once, into the user's cache.

A set's folder carries a hash of the sources and versions in its name, and appears complete or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

JAVA_MINIMUM = 17
MAVEN_SECONDS = 900.0
IGNORED = "target"
Say = Callable[[str], None]
Started = Callable[["subprocess.Popen[str]"], None]


class JavaUnavailable(Exception):
    """Nothing of Java can run on this machine; the text says why and what to do about it."""


class SourcesBroken(JavaUnavailable):
    """Maven and the jars are there, and the program of ours that needs them does not compile."""


def cache_dir() -> Path:
    """Where jars are kept: EMULATOR_CACHE_DIR, or ``aws-emulator`` in the user's cache directory."""
    chosen = os.environ.get("EMULATOR_CACHE_DIR")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aws-emulator"


def java(what: str) -> str:
    """The ``java`` that runs ``what``.

    Raises:
        JavaUnavailable: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    found = found or shutil.which("java")
    if found is None:
        raise JavaUnavailable(f"no java on PATH; a JDK of version {JAVA_MINIMUM} or newer runs {what}")
    try:
        told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise JavaUnavailable(f"{found} -version does not answer: {error}") from error
    version = java_version(told.stderr + told.stdout)
    if version is None or version < JAVA_MINIMUM:
        raise JavaUnavailable(
            f"{found} is Java {version or 'of an unknown version'}; {JAVA_MINIMUM} or newer is needed"
        )
    return found


def java_version(text: str) -> int | None:
    """The major version in the answer of ``java -version`` (``"1.8.0_402"`` is 8)."""
    match = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if match is None:
        return None
    return int(match[2] or 0) if match[1] == "1" else int(match[1])


def digest(sources: Path) -> str:
    """Changes with the sources and the versions in their pom."""
    total = hashlib.sha256()
    for path in sorted(sources.rglob("*")):
        relative = path.relative_to(sources)
        if path.is_file() and relative.parts[0] != IGNORED:
            total.update(f"{relative.as_posix()}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


@dataclass(frozen=True)
class JarSet:
    """Jars that belong together: our own, built from sources, and all that its pom names.

    Args:
        name: begins the folder's name.
        title: what the jars are, for people (``Kafka's jars``).
        sources: a Maven project.
        artifact: the jar that the project builds.
        megabytes: about how much Maven loads the first time.
        with_dependencies: whether the folder also holds what the project depends on at run time.
        parent: the folder for all sets; None for `cache_dir`.
    """

    name: str
    title: str
    sources: Path
    artifact: str
    megabytes: int
    with_dependencies: bool = True
    parent: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the jars are, or will be."""
        return (self.parent or cache_dir()) / f"{self.name}-{digest(self.sources)}"

    @property
    def ready(self) -> bool:
        """Whether the jars are there."""
        return self.folder.is_dir()

    def maven(self) -> str:
        """The ``mvn`` that resolves the jars.

        Raises:
            JavaUnavailable: there is none.
        """
        found = shutil.which("mvn")
        if found is None:
            raise JavaUnavailable(f"{self.title} are not in the cache and there is no mvn on PATH to resolve them")
        return found

    def build(self, say: Say, started: Started = lambda process: None) -> Path:
        """The folder with all jars, built now if it is not there; one process at a time does it.

        Args:
            say: told what happens, a line each.
            started: told of the Maven process, so that it can be ended.

        Raises:
            JavaUnavailable: Maven is missing or fails.
        """
        done = self.folder
        if done.is_dir():
            return done
        command = self.maven()
        done.parent.mkdir(parents=True, exist_ok=True)
        with (done.parent / f"{done.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if done.is_dir():
                return done
            staging = Path(tempfile.mkdtemp(prefix=f"{done.name}-", dir=done.parent))
            try:
                say(f"resolving {self.title} with Maven (once, about {self.megabytes} MB)")
                self._run_maven(command, staging, started)
                jars = staging / "lib"
                jars.mkdir(exist_ok=True)
                shutil.copy(staging / "project" / "target" / self.artifact, jars)
                jars.rename(done)
                size = sum(jar.stat().st_size for jar in done.iterdir())
                say(f"{len(list(done.iterdir()))} jars, {size / 1e6:.0f} MB, in {done}")
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        return done

    def _run_maven(self, command: str, staging: Path, started: Started) -> None:
        project = staging / "project"
        shutil.copytree(self.sources, project, ignore=shutil.ignore_patterns(IGNORED))
        goals = ["package"]
        if self.with_dependencies:
            goals += ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={staging / 'lib'}"]
        process = subprocess.Popen(
            [command, "--batch-mode", "--quiet", "-Dstyle.color=never", "-f", str(project / "pom.xml"), *goals],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started(process)
        try:
            output, _ = process.communicate(timeout=MAVEN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise JavaUnavailable(f"Maven did not finish within {MAVEN_SECONDS:.0f} s") from None
        if process.returncode != 0:
            if "COMPILATION ERROR" in output:
                told = [line.removeprefix("[ERROR] ") for line in output.splitlines() if ".java:[" in line]
                raise SourcesBroken(f"{self.sources} does not compile: {'; '.join(told)[:1000]}")
            errors = [line for line in output.splitlines() if "ERROR" in line] or output.splitlines() or ["no output"]
            raise JavaUnavailable(
                f"Maven could not resolve {self.title}: {errors[0].removeprefix('[ERROR] ')[:300]}; what is missing is "
                "resolved at the next attempt"
            )
