"""One application's Flink: a Java process that ends with the emulator, and tells how the job fares."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aws_emulator.flink.jars import JARS
from aws_emulator.kafka.ports import ReservedPort

log = logging.getLogger("aws_emulator.flink")

STOP_SECONDS = 20.0
MEMORY = (
    "-Xms96m",
    "-Xmx384m",
    "-XX:MaxMetaspaceSize=256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
)
# What Flink's own start scripts open for Java 17.
_PACKAGES = (
    "lang",
    "lang.reflect",
    "net",
    "io",
    "nio",
    "text",
    "time",
    "util",
    "util.concurrent",
    "util.concurrent.atomic",
)
OPENED = tuple(f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in _PACKAGES)
FLINK = {
    "rest.address": "127.0.0.1",
    "rest.bind-address": "127.0.0.1",
    "taskmanager.memory.managed.size": "8m",
    "taskmanager.memory.network.min": "16m",
    "taskmanager.memory.network.max": "16m",
    # UNVERIFIED[flink-restarts]: how the service restarts a job that failed; here as Flink does by default, for ever, a
    # bit faster.
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.initial-backoff": "500 ms",
    "restart-strategy.exponential-delay.max-backoff": "3 s",
}
"""Flink's configuration beside what the application's says."""


@dataclass(frozen=True)
class Launch:
    """What a process is started with.

    Attributes:
        directory: for its files.
        jar: the application's.
        flink: Flink's configuration.
        environment: further environment variables.
    """

    directory: Path
    jar: Path
    flink: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass
class Heard:
    """Who is told: of each log line, of each status (``JOB RUNNING``, ``FAILED <why>``), and of the end (exit code)."""

    line: Callable[[str], None]
    status: Callable[[str, str], None]
    ended: Callable[[int], None]


@dataclass
class JobProcess:
    """The process.

    Raises:
        OSError: Java cannot be started.
    """

    java: str
    launch: Launch
    heard: Heard
    port: ReservedPort = field(default_factory=ReservedPort)

    def __post_init__(self) -> None:
        self.port.hand_over()
        settings = {
            **FLINK,
            **self.launch.flink,
            "rest.port": str(self.port.number),
            "rest.bind-port": str(self.port.number),
        }
        temporary = self.launch.directory / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        classes = os.pathsep.join([str(JARS.folder / "*"), str(self.launch.jar)])
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FLINK_", "KAFKA_"))}
        self.process = subprocess.Popen(
            [
                *(self.java, *MEMORY, *OPENED, f"-Djava.io.tmpdir={temporary}", "-cp", classes),
                *("awsemulator.flink.Launcher", str(self.launch.jar)),
                *(f"{key}={value}" for key, value in settings.items()),
            ],
            stdin=subprocess.PIPE,  # its end is what tells the process that the emulator is gone
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.launch.directory,
            env={**own, **self.launch.environment},
            text=True,
            errors="replace",
            bufsize=1,
        )
        self._thread = threading.Thread(target=self._listen, name=f"flink-{self.process.pid}", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            text = raw.rstrip("\n")
            if text.startswith("@status "):
                word, _, sentence = text.removeprefix("@status ").partition(" ")
                self.heard.status(word, sentence)
            elif text:
                self.heard.line(text if text.startswith("{") else json.dumps({"messageType": "INFO", "message": text}))
        code = self.process.wait()
        self.port.release()
        self.heard.ended(code)

    def stop(self) -> None:
        """Ask it to end the job and itself; it is killed if it does not in time. Does not wait."""
        self._write("stop\n")
        timer = threading.Timer(STOP_SECONDS, self.kill)
        timer.daemon = True
        timer.start()

    def kill(self) -> None:
        """End it at once."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)

    def join(self, seconds: float) -> None:
        """Wait until it has ended and everybody is told."""
        self._thread.join(seconds)

    def _write(self, text: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
        except (OSError, ValueError):
            log.debug("process %s is gone already", self.process.pid)
