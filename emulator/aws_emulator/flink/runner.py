"""Runs applications: fetches the JAR as the role, starts Flink, and lets the application's state follow the process."""

from __future__ import annotations

import json
import logging
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.api import ApiError, Emulator
from aws_emulator.flink import jars
from aws_emulator.flink.logstream import LogStream
from aws_emulator.flink.process import Heard, JobProcess, Launch
from aws_emulator.java import JavaUnavailable
from aws_emulator.kernel.identity import Identities
from aws_emulator.patches.flink.applications import s3_object
from aws_emulator.patches.flink.store import Application, OperationRecord

log = logging.getLogger("aws_emulator.flink")

MOST_RUNNING = 3
CREDENTIAL_SECONDS = 3600.0
GIVE_UP_SECONDS = 5.0


@dataclass
class Run:
    """One run of an application."""

    application: Application
    operation: OperationRecord | None
    token: str
    note: str = "preparing"
    job: str | None = None
    seconds: float | None = None
    process: JobProcess | None = None
    maven: subprocess.Popen[str] | None = None
    why: str | None = None
    stopping: OperationRecord | None = None
    ending: bool = False
    again: OperationRecord | None = None
    begun: float = 0.0


class LocalFlink:
    """The runner that the applications' operations call (`aws_emulator.patches.flink.store.Runner`).

    Args:
        emulator: where it is installed.
        identities: issues the applications' credentials.
        off: why nothing is run, if so.
    """

    def __init__(self, emulator: Emulator, identities: Identities, off: str | None) -> None:
        self._emulator, self._identities, self._off = emulator, identities, off
        self._lock = threading.RLock()
        self._runs: dict[str, Run] = {}
        self._closed = False
        self._snapshots: dict[str, str] = {}
        """The latest snapshot of each application: a savepoint's path."""

    # --- what the operations ask for --------------------------------------------------------------------------------
    def start(self, application: Application, operation: OperationRecord) -> None:
        """Begin to run it."""
        with self._lock:
            run = Run(application, operation, secrets.token_urlsafe(24), begun=time.monotonic())
            why = self._off or self._full(application)
            if why is not None:
                self._over(run, why)
                return
            self._runs[application.arn] = run
        threading.Thread(target=self._launch, args=(run,), name=f"flink-{application.name}", daemon=True).start()

    def stop(self, application: Application, operation: OperationRecord | None, force: bool) -> None:
        """End its job, with a snapshot where these are enabled and it is not by force, and the process."""
        with self._lock:
            run = self._runs.get(application.arn)
            if run is None:
                application.status = "READY"
                if operation is not None:
                    operation.end(self._now())
                return
            run.ending, run.stopping = True, operation
            self._end(run, force)

    def restart(self, application: Application, operation: OperationRecord) -> None:
        """End it and run it anew."""
        with self._lock:
            run = self._runs.get(application.arn)
            if run is None:
                self.start(application, operation)
                return
            run.ending, run.again = True, operation
            self._end(run, force=False)

    def discard(self, application: Application) -> None:
        """End it at once, with its files."""
        with self._lock:
            run = self._runs.pop(application.arn, None)
        if run is not None:
            run.ending = True
            self._end(run, force=True)
            if run.process is not None:
                run.process.join(GIVE_UP_SECONDS)
        self._snapshots.pop(application.arn, None)
        for directory in (self._directory(application), self._savepoints(application)):
            shutil.rmtree(directory, ignore_errors=True)

    def close(self) -> None:
        """End all of them; the emulator ends."""
        self._closed = True
        for run in list(self._runs.values()):
            self.discard(run.application)

    def _full(self, application: Application) -> str | None:
        if application.runtime != jars.RUNTIME:
            return f"the emulator runs {jars.RUNTIME} only, not {application.runtime}"
        if len(self._runs) >= MOST_RUNNING:
            return f"the emulator runs at most {MOST_RUNNING} applications at once"
        return None

    def _end(self, run: Run, force: bool) -> None:
        if run.maven is not None and run.maven.poll() is None:
            run.maven.terminate()
        if run.process is not None:
            if force:
                run.process.kill()
            else:
                run.process.stop()

    # --- one run ----------------------------------------------------------------------------------------------------
    def _launch(self, run: Run) -> None:
        application = run.application
        try:
            java = jars.check()
            jars.JARS.build(lambda line: self._note(run, line), lambda process: setattr(run, "maven", process))
            launch = self._prepare(run)
        except (JavaUnavailable, ApiError, ClientError, OSError) as error:
            with self._lock:
                self._over(run, str(error))
            return
        logs = LogStream(self._emulator, application, self._log(application))
        heard = Heard(
            logs.line,
            lambda word, sentence: self._status(run, word, sentence),
            lambda code: self._ended(run, code, logs),
        )
        with self._lock:
            if run.ending or self._closed:
                logs.close()
                self._over(run, None)
                return
            self._note(run, "Flink starts")
            try:
                run.process = JobProcess(java, launch, heard)
            except OSError as error:
                self._over(run, f"{java} cannot be started: {error}")

    def _prepare(self, run: Run) -> Launch:
        """The JAR and the properties in the application's directory."""
        application = run.application
        directory = self._directory(application)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        jar = directory / "application.jar"
        content = application.configuration["ApplicationCodeConfiguration"]["CodeContent"]
        if "ZipFileContent" in content:
            jar.write_bytes(content["ZipFileContent"])
        else:
            client = self._emulator.client("s3", role_arn=application.role, region=application.region)
            with jar.open("wb") as file:
                shutil.copyfileobj(client.get_object(**s3_object(content["S3ContentLocation"]))["Body"], file)
        properties = directory / "application_properties.json"
        properties.write_text(json.dumps(application.property_groups(), indent=1))
        return Launch(directory, jar, self._configuration(application), self._environment(run, properties))

    def _configuration(self, application: Application) -> dict[str, str]:
        """Flink's configuration, and the latest snapshot unless the run is to skip it (API RunConfiguration)."""
        settings = _flink(application)
        if application.configuration["ApplicationSnapshotConfiguration"]["SnapshotsEnabled"]:
            settings["execution.checkpointing.savepoint-dir"] = self._savepoints(application).as_uri()
            restore = application.run.get("ApplicationRestoreConfiguration", {}).get("ApplicationRestoreType")
            snapshot = self._snapshots.get(application.arn)
            if snapshot is not None and restore != "SKIP_RESTORE_FROM_SNAPSHOT":
                settings["execution.state-recovery.path"] = snapshot
                allowed = application.run.get("FlinkRunConfiguration", {}).get("AllowNonRestoredState", False)
                settings["execution.state-recovery.ignore-unclaimed-state"] = str(bool(allowed)).lower()
        return settings

    def _environment(self, run: Run, properties: Path) -> dict[str, str]:
        application = run.application
        monitoring = application.configuration["FlinkApplicationConfiguration"]["MonitoringConfiguration"]
        credentials = f"{self._emulator.endpoint}/_emulator/flink/credentials"
        return {
            "APPLICATION_PROPERTIES_FILE": str(properties),
            "AWS_ENDPOINT_URL": self._emulator.endpoint,
            "AWS_REGION": application.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{credentials}?run={run.token}",
            "EMULATOR_FLINK_LOG_LEVEL": monitoring["LogLevel"],
        }

    def _status(self, run: Run, word: str, sentence: str) -> None:
        with self._lock:
            if word == "FAILED":
                run.why = sentence
                return
            if word == "SAVEPOINT":
                self._snapshots[run.application.arn] = sentence
                return
            run.job = sentence
            run.note = f"the job is {sentence}"
            if run.seconds is None:
                # It is submitted. Whether its tasks get on is the job's affair: the service shows RUNNING meanwhile.
                run.seconds = time.monotonic() - run.begun
                if run.application.status in ("STARTING", "UPDATING") and not run.ending:
                    run.application.status = "RUNNING"
                    if run.operation is not None:
                        run.operation.end(self._now())

    def _ended(self, run: Run, code: int, logs: LogStream) -> None:
        logs.close()
        with self._lock:
            why = None if run.ending else run.why or f"Flink ended with {code}"
            if why is not None:
                log.info("application %s: %s", run.application.name, why)
            self._over(run, why)
            again = run.again
        if again is not None and not self._closed:
            self.start(run.application, again)

    def _over(self, run: Run, why: str | None) -> None:
        application = run.application
        if self._runs.get(application.arn) is run:
            del self._runs[application.arn]
        if run.operation is not None:
            run.operation.end(self._now(), why)
        if run.stopping is not None:
            run.stopping.end(self._now())
        if application.status != "DELETING" and run.again is None:
            application.status = "READY"
            if why is not None:
                log.info("application %s does not run: %s", application.name, why)

    def _note(self, run: Run, text: str) -> None:
        run.note = text
        log.info("application %s: %s", run.application.name, text)

    def _directory(self, application: Application) -> Path:
        return Path(self._emulator.data_dir) / "flink" / application.account / application.region / application.name

    def _log(self, application: Application) -> Path:
        return Path(self._emulator.data_dir) / "flink-logs" / f"{application.account}-{application.name}.log"

    def _savepoints(self, application: Application) -> Path:
        return self._directory(application).with_name(f"{application.name}.snapshots")

    def _now(self) -> float:
        return self._emulator.clock.now()

    # --- addresses --------------------------------------------------------------------------------------------------
    def route(self, method: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Tell of the processes; POST ``{"prepare": true}`` resolves Flink's jars first."""
        skipped = self._off
        if skipped is None:
            try:
                jars.check()
                if method == "POST" and json.loads(body or b"{}").get("prepare"):
                    jars.JARS.build(lambda line: log.info("%s", line))
            except JavaUnavailable as error:
                skipped = str(error)
        return {
            "skipped": skipped,
            "ready": jars.JARS.ready,
            "applications": {
                run.application.arn: {
                    "state": run.application.status,
                    "job": run.job,
                    "note": run.note,
                    "log": str(self._log(run.application)),
                    "seconds": run.seconds,
                    "pid": run.process.process.pid if run.process is not None else None,
                    "memory": _resident(run.process.process.pid) if run.process is not None else None,
                    "rest": run.process.port.number if run.process is not None else None,
                }
                for run in list(self._runs.values())
            },
        }

    def credentials(self, method: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The role's credentials, in the form that the SDKs read from a container's address."""
        for run in list(self._runs.values()):
            if secrets.compare_digest(run.token, query.get("run", "")):
                session = self._identities.issue(run.application.role, "flink", duration=CREDENTIAL_SECONDS)
                return {
                    "AccessKeyId": session.caller.access_key,
                    "SecretAccessKey": session.secret,
                    "Token": session.token,
                    "Expiration": datetime.fromtimestamp(session.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
        raise ValueError("no such run")


def _resident(pid: int) -> str | None:
    """How much memory a process has in use, where the system tells."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return f"{int(found[0]) // 1024} MB" if found else None


def _flink(application: Application) -> dict[str, str]:
    """Flink's configuration that the application's stands for."""
    wanted = application.configuration["FlinkApplicationConfiguration"]
    checkpoints, parallelism = wanted["CheckpointConfiguration"], wanted["ParallelismConfiguration"]
    settings = {"parallelism.default": str(parallelism["Parallelism"])}
    settings["taskmanager.numberOfTaskSlots"] = settings["parallelism.default"]
    if checkpoints["CheckpointingEnabled"]:
        settings["execution.checkpointing.interval"] = f"{checkpoints['CheckpointInterval']} ms"
        settings["execution.checkpointing.min-pause"] = f"{checkpoints['MinPauseBetweenCheckpoints']} ms"
    return settings
