"""Kafka's jars and our plugin: resolved and built once by Maven, into the user's cache.

The folder's name carries a hash of the plugin's sources and versions, and it appears complete or not at all.
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
from pathlib import Path

PLUGIN = Path(__file__).with_name("plugin")
JAVA_MINIMUM = 17
MAVEN_SECONDS = 900.0
Say = Callable[[str], None]


class KafkaUnavailable(Exception):
    """There can be no broker on this machine; the text says why and what to do about it."""


def cache_dir() -> Path:
    """Where the jars are kept: STREAMGOV_CACHE_DIR, or ``streamgov`` in the user's cache directory."""
    chosen = os.environ.get("STREAMGOV_CACHE_DIR")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamgov"


def java() -> str:
    """The ``java`` that runs the broker.

    Raises:
        KafkaUnavailable: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    found = found or shutil.which("java")
    if found is None:
        raise KafkaUnavailable(f"no java on PATH; a JDK of version {JAVA_MINIMUM} or newer runs the broker")
    try:
        told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KafkaUnavailable(f"{found} -version does not answer: {error}") from error
    version = java_version(told.stderr + told.stdout)
    if version is None or version < JAVA_MINIMUM:
        raise KafkaUnavailable(
            f"{found} is Java {version or 'of an unknown version'}; {JAVA_MINIMUM} or newer is needed"
        )
    return found


def java_version(text: str) -> int | None:
    """The major version in the answer of ``java -version`` (``"1.8.0_402"`` is 8)."""
    match = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if match is None:
        return None
    return int(match[2] or 0) if match[1] == "1" else int(match[1])


def digest(plugin: Path = PLUGIN) -> str:
    """Changes with the plugin's sources and the versions in its pom."""
    total = hashlib.sha256()
    for path in sorted(plugin.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(plugin).as_posix()}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


def folder() -> Path:
    """Where the jars are, or will be."""
    return cache_dir() / f"kafka-{digest()}"


def ready() -> bool:
    """Whether the jars are there."""
    return folder().is_dir()


def maven() -> str:
    """The ``mvn`` that resolves the jars.

    Raises:
        KafkaUnavailable: there is none.
    """
    found = shutil.which("mvn")
    if found is None:
        raise KafkaUnavailable("Kafka's jars are not in the cache and there is no mvn on PATH to resolve them")
    return found


def build(say: Say, started: Callable[[subprocess.Popen[str]], None] = lambda process: None) -> Path:
    """The folder with all jars, built now if it is not there; one process at a time does it.

    Args:
        say: told what happens, a line each.
        started: told of the Maven process, so that it can be ended.

    Raises:
        KafkaUnavailable: Maven is missing or fails.
    """
    done = folder()
    if done.is_dir():
        return done
    command = maven()
    done.parent.mkdir(parents=True, exist_ok=True)
    with (done.parent / f"{done.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.is_dir():
            return done
        staging = Path(tempfile.mkdtemp(prefix=f"{done.name}-", dir=done.parent))
        try:
            say("resolving Kafka's jars with Maven (once, about 80 MB)")
            _run_maven(command, staging, started)
            jars = staging / "lib"
            shutil.copy(staging / "plugin" / "target" / "kafka-iam.jar", jars)
            jars.rename(done)
            size = sum(jar.stat().st_size for jar in done.iterdir())
            say(f"{len(list(done.iterdir()))} jars, {size / 1e6:.0f} MB, in {done}")
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return done


def _run_maven(command: str, staging: Path, started: Callable[[subprocess.Popen[str]], None]) -> None:
    shutil.copytree(PLUGIN, staging / "plugin", ignore=shutil.ignore_patterns("target"))
    process = subprocess.Popen(
        [
            *(command, "--batch-mode", "--quiet", "-Dstyle.color=never", "-f", str(staging / "plugin" / "pom.xml")),
            *("package", "dependency:copy-dependencies", "-DincludeScope=runtime"),
            f"-DoutputDirectory={staging / 'lib'}",
        ],
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
        raise KafkaUnavailable(f"Maven did not finish within {MAVEN_SECONDS:.0f} s") from None
    if process.returncode != 0:
        errors = [line for line in output.splitlines() if "ERROR" in line] or output.splitlines() or ["no output"]
        raise KafkaUnavailable(f"Maven could not resolve Kafka's jars: {errors[0].removeprefix('[ERROR] ')[:300]}")
