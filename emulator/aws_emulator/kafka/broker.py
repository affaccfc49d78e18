"""One Kafka broker for one MSK cluster: a process that starts when somebody knocks, and ends with the emulator.

A broker's address is known from the cluster's creation on. Until it runs, a *door* listens there: the first connection
(or `Broker.wake`) starts Kafka, which then listens on the same port. Clients try again by themselves, as they do when a
broker restarts. If the process ends the door is back, and the data is still there.
"""

from __future__ import annotations

import base64
import logging
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aws_emulator.kafka import jars
from aws_emulator.kafka.ports import LOOPBACK, ReservedPort

log = logging.getLogger("aws_emulator.kafka")

START_SECONDS = 90.0
STOP_SECONDS = 8.0
SHORT_LIFE_SECONDS = 10.0
MOST_SHORT_LIVES = 3
HEAP = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
OWN_USER = "emulator"


@dataclass
class Status:
    """What people are told: ``waiting``, ``starting``, ``running``, ``failed`` or ``stopped``, and a sentence."""

    state: str = "waiting"
    note: str = "starts at the first connection"
    seconds: float | None = None
    pid: int | None = None


@dataclass
class Ports:
    """The listeners: for clients with IAM; for the broker itself and the topic API; for the controller."""

    iam: ReservedPort = field(default_factory=ReservedPort)
    internal: ReservedPort = field(default_factory=ReservedPort)
    controller: ReservedPort = field(default_factory=ReservedPort)

    def all(self) -> tuple[ReservedPort, ReservedPort, ReservedPort]:
        return self.iam, self.internal, self.controller


class Broker:
    """The broker of a cluster.

    Args:
        cluster_arn: the cluster.
        endpoint: the emulator's address, for the plugin's questions.
        directory: for its configuration, log and data.
        on_running: called when Kafka answers, before clients are told so.
        cache_ms: how long the plugin keeps an answer of the oracle.
    """

    def __init__(
        self,
        cluster_arn: str,
        endpoint: str,
        directory: Path,
        on_running: Callable[[Broker], None] = lambda broker: None,
        cache_ms: int = 1000,
    ) -> None:
        self.cluster_arn = cluster_arn
        self.directory = directory
        self.ports = Ports()
        self.password = secrets.token_urlsafe(24)
        self.status = Status()
        self._endpoint = endpoint
        self._on_running = on_running
        self._cache_ms = cache_ms
        self._cluster_id = _cluster_id()
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._maven: subprocess.Popen[str] | None = None
        self._ran = False
        self._door: socket.socket | None = self.ports.iam.listener()
        self._thread = threading.Thread(target=self._live, name=f"kafka-{cluster_arn.split('/')[1]}", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What clients connect to."""
        return f"{LOOPBACK}:{self.ports.iam.number}"

    @property
    def internal_address(self) -> str:
        """Where the emulator itself signs in, with ``OWN_USER`` and `password`."""
        return f"{LOOPBACK}:{self.ports.internal.number}"

    @property
    def running(self) -> bool:
        return self.status.state == "running"

    def wake(self, seconds: float) -> Status:
        """Start it if it does not run, and wait until it does, or has failed, or the time is over."""
        deadline = time.monotonic() + seconds
        with self._changed:
            if self.status.state == "failed" and not self._stopping.is_set() and not self._thread.is_alive():
                self._door = self.ports.iam.listener()
                self.status = Status()
                self._thread = threading.Thread(target=self._live, name=self._thread.name, daemon=True)
                self._thread.start()
            if self.status.state == "waiting":
                self._knock()
            while self.status.state in ("waiting", "starting") and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            return self.status

    def stop(self) -> None:
        """End it and give the ports back."""
        self._stopping.set()
        self._knock()
        for process in (self._process, self._maven):
            if process is not None:
                _end(process)
        self._thread.join(STOP_SECONDS)
        for port in self.ports.all():
            port.release()
        self._say("stopped", "stopped")

    def _knock(self) -> None:
        try:
            socket.create_connection((LOOPBACK, self.ports.iam.number), timeout=1).close()
        except OSError:
            return  # no door: it starts or runs already

    def _say(self, state: str, note: str, seconds: float | None = None) -> None:
        with self._changed:
            process = self._process
            self.status = Status(state, note, seconds, process.pid if process and state == "running" else None)
            self._changed.notify_all()
        log.info("broker of %s: %s: %s", self.cluster_arn.split("/")[1], state, note)

    def _live(self) -> None:
        """Wait at the door, run, and again; until it is stopped, or ends without ever having run."""
        short_lives = 0
        while True:
            self._wait_at_door()
            if self._stopping.is_set():
                return
            begun = time.monotonic()
            try:
                code = self._run()
            except (jars.KafkaUnavailable, OSError) as error:
                self._say("failed", str(error))
                return
            if self._stopping.is_set():
                return
            lived = time.monotonic() - begun
            short_lives = short_lives + 1 if lived < SHORT_LIFE_SECONDS else 0
            why = f"the broker ended with {code} after {lived:.0f} s; {self._last_words()}see {self.log}"
            if not self._ran or short_lives >= MOST_SHORT_LIVES:
                self._say("failed", why)
                return
            try:
                self._door = self.ports.iam.listener()
            except OSError as error:
                self._say("failed", f"{why}; its port {self.ports.iam.number} is taken now: {error}")
                return
            self._say("waiting", f"{why}; it starts again at the next connection")

    def _wait_at_door(self) -> None:
        door = self._door
        assert door is not None  # made by whoever starts this thread, and before each further round
        try:
            visitor, _ = door.accept()
            visitor.close()
        finally:
            door.close()
            self._door = None

    @property
    def log(self) -> Path:
        """What the broker prints."""
        return self.directory / "broker.log"

    def _last_words(self) -> str:
        """The last line with an error that the broker printed, for people."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        found = [line for line in lines if "ERROR" in line or "Exception" in line or "rror:" in line]
        return f"it said: {found[-1].strip()[:300]}; " if found else ""

    def _run(self) -> int:
        """Start Kafka and stay until it has ended; its exit code.

        Raises:
            KafkaUnavailable: the jars or Java are missing, or it does not answer in time.
        """
        self._say("starting", "preparing")
        self._ran = False
        begun = time.monotonic()
        java = jars.java()
        folder = jars.build(lambda line: self._say("starting", line), self._remember_maven)
        self._maven = None
        if self._stopping.is_set():
            return 0
        self.directory.mkdir(parents=True, exist_ok=True)
        configuration = self._write_configuration()
        for port in self.ports.all():
            port.hand_over()
        launched = time.monotonic()
        command = [java, *HEAP, "-Djava.awt.headless=true", "-cp", str(folder / "*"), "awsemulator.kafka.Broker"]
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                [*command, str(configuration), self._cluster_id, str(self._data)],
                stdin=subprocess.PIPE,  # its end is what tells the broker that the emulator is gone
                stdout=output,
                stderr=output,
                cwd=self.directory,
                env={
                    **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KAFKA_"))},
                    "EMULATOR_KAFKA_ENDPOINT": f"{self._endpoint}/_emulator/",
                    "EMULATOR_KAFKA_CLUSTER": self.cluster_arn,
                    "EMULATOR_KAFKA_CACHE_MS": str(self._cache_ms),
                },
            )
        self._process = process
        try:
            if self._answers(process):
                self._ran = True
                seconds = time.monotonic() - launched
                note = f"listens on {self.address}, process {process.pid}, started in {seconds:.1f} s"
                prepared = launched - begun
                self._say(
                    "running", note + (f" after {prepared:.0f} s of preparation" if prepared > 1 else ""), seconds
                )
            return process.wait()
        finally:
            _end(process)
            self._process = None

    def _remember_maven(self, process: subprocess.Popen[str]) -> None:
        self._maven = process
        if self._stopping.is_set():
            _end(process)

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until clients can connect and the topics are in place; False if it ended before.

        Raises:
            KafkaUnavailable: it does not within the time.
        """
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None:
            try:
                socket.create_connection((LOOPBACK, self.ports.iam.number), timeout=1).close()
                self._on_running(self)
                return process.poll() is None
            except (OSError, BrokerRefuses) as error:
                if time.monotonic() > deadline:
                    raise KafkaSlow(
                        f"the broker does not answer after {START_SECONDS:.0f} s ({error}); see {self.log}"
                    ) from error
                time.sleep(0.05)
        return False

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _write_configuration(self) -> Path:
        path = self.directory / "server.properties"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in self._configuration().items())
        return path

    def _configuration(self) -> dict[str, str]:
        iam, internal, controller = (port.number for port in self.ports.all())
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        plain = f'{login} username="{OWN_USER}" password="{self.password}" user_{OWN_USER}="{self.password}";'
        oauth = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "listeners": f"IAM://{LOOPBACK}:{iam},INTERNAL://{LOOPBACK}:{internal},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"IAM://{LOOPBACK}:{iam},INTERNAL://{LOOPBACK}:{internal}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "INTERNAL",
            "listener.security.protocol.map": "IAM:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.iam.sasl.enabled.mechanisms": "OAUTHBEARER",
            "listener.name.iam.oauthbearer.sasl.jaas.config": oauth,
            "listener.name.iam.oauthbearer.sasl.server.callback.handler.class": "awsemulator.kafka.IamTokens",
            "listener.name.internal.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.internal.plain.sasl.jaas.config": plain,
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": plain,
            "authorizer.class.name": "awsemulator.kafka.IamAuthorizer",
            "log.dirs": str(self._data),
            # As in MSK's default configuration: nobody gets a topic by asking for it.
            "auto.create.topics.enable": "false",
            "num.partitions": "1",
            "default.replication.factor": "1",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "min.insync.replicas": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # One small machine carries it beside everything else.
            "num.io.threads": "4",
            "num.network.threads": "2",
            "log.cleaner.dedupe.buffer.size": "2097152",
            "log.index.size.max.bytes": "1048576",
        }


class BrokerRefuses(Exception):
    """The broker does not do what it is asked, or does not answer; the text is Kafka's."""


class KafkaSlow(jars.KafkaUnavailable):
    """It was started and does not answer."""


def _cluster_id() -> str:
    """A UUID as Kafka writes it. One that begins with a hyphen would be taken for an option."""
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not made.startswith("-"):
            return made


def _end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Ask it to end, then insist."""
    if process.stdin is not None and not process.stdin.closed:
        try:
            process.stdin.close()
        except OSError:
            log.debug("process %s is gone already", process.pid)
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
