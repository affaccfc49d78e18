"""One execution environment: a process with the bundle, the runtime interface client, and one invocation at a time.

Source of the rules: AWS Lambda developer guide, "Understanding the Lambda execution environment lifecycle" and
"Defined runtime environment variables".
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aws_emulator.compute.functions.runtime_api import Invocation, Report, RuntimeApi
from aws_emulator.kernel.identity import Session

INIT_SECONDS = 30.0
"""How long a process may take to import its handler. Lambda's own limit is 10 seconds; two shared cores are slower."""

BOOTSTRAP = """\
import sys
bundle, runtime = sys.argv[1:3]
stdlib = [entry for entry in sys.path if entry and "site-packages" not in entry]
sys.path[:] = [runtime, *stdlib]
layers = sys.argv[4:]
sys.argv = [bundle, sys.argv[3]]
import awslambdaric.__main__ as client
import awslambdaric.bootstrap
import awslambdaric.lambda_literals
import awslambdaric.lambda_runtime_hooks_runner
for name in [name for name in sys.modules if name.split(".")[0] == "simplejson"]:
    del sys.modules[name]
sys.path[:] = [bundle, *layers, *stdlib]
client.main(sys.argv)
"""
"""Runs in the worker: load the client first, then hide it, so that the function finds its bundle, its layers, the
standard library and nothing else but the hooks of SnapStart, which Python's managed runtimes have."""
CREDENTIALS = "/2021-04-23/credentials"
"""Where a restored environment asks for its role's credentials."""

LAYER_PATHS = ("python/lib/python3.{minor}/site-packages", "python")
"""Where a layer's modules lie: Lambda unpacks all layers into ``/opt``, which these paths are relative to (developer
guide, "Packaging your layer content"). Here each layer has a folder of its own, the last one first: it would have
overwritten the others."""


@dataclass(frozen=True)
class WorkerSpec:
    """Everything that makes one execution environment different from another."""

    function_arn: str
    function_name: str
    version: str
    account: str
    region: str
    handler: str
    runtime: str
    memory: int
    timeout: float
    bundle: Path
    layers: tuple[Path, ...]
    code_digest: str
    role_arn: str
    role_id: str
    log_group: str
    log_format: str
    log_level: str
    environment: tuple[tuple[str, str], ...]
    restored: bool = False
    """It comes from a snapshot (SnapStart)."""

    @property
    def key(self) -> tuple[object, ...]:
        """Two environments with the same key are interchangeable."""
        return (
            self.function_arn,
            self.version,
            self.handler,
            self.runtime,
            self.memory,
            self.timeout,
            self.code_digest,
            self.layers,
            self.role_arn,
            self.role_id,
            self.log_group,
            self.log_format,
            self.log_level,
            self.environment,
            self.restored,
        )


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: ``function_error`` is None for success."""

    payload: bytes
    function_error: str | None
    log: str
    duration_ms: float
    log_stream: str


@dataclass
class Worker:
    """A worker process.

    Args:
        spec: what it runs.
        session: the credentials of the function's role.
        endpoint: the emulator's address.
        runtime_directory: where the runtime interface client lies.
        bytecode: where compiled modules may be kept.
        scratch: a directory that does not exist yet, for the process's own temporary files.
    """

    spec: WorkerSpec
    session: Session
    endpoint: str
    runtime_directory: Path
    bytecode: Path
    scratch: Path
    idle_since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.log_stream = time.strftime("%Y/%m/%d", time.gmtime()) + f"/[{self.spec.version}]{uuid.uuid4().hex}"
        self._changed = threading.Condition()
        self._report: Report | None = None
        self._ready = False
        self._exit_code: int | None = None
        self._init_reported = False
        self._started = time.monotonic()
        self._log_lock = threading.Lock()
        self._log = bytearray()
        self._output_over = False
        self._current = ""
        self._api = RuntimeApi(
            on_ready=self._on_ready, on_report=self._on_report, credentials=(CREDENTIALS, self._told)
        )
        self.scratch.mkdir(parents=True)
        self._process = subprocess.Popen(
            self._command(),
            cwd=self.spec.bundle,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        for target in (self._read_output, self._watch):
            threading.Thread(target=target, name=f"lambda-{self.spec.function_name}", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process can take another invocation."""
        return self._exit_code is None

    def _command(self) -> list[str]:
        interpreter = getattr(sys, "_base_executable", None) or sys.executable
        options = ["-I", "-S", "-u", "-X", f"pycache_prefix={self.bytecode}"]
        arguments = [str(self.spec.bundle), str(self.runtime_directory), self.spec.handler]
        return [interpreter, *options, "-c", BOOTSTRAP, *arguments, *self._layer_paths()]

    def _layer_paths(self) -> list[str]:
        """The folders of the layers that hold modules."""
        minor = self.spec.runtime.rpartition(".")[2]
        places = [layer / place.format(minor=minor) for place in LAYER_PATHS for layer in reversed(self.spec.layers)]
        return [str(place) for place in places if place.is_dir()]

    def _environment(self) -> Mapping[str, str]:
        spec = self.spec
        reserved = {
            "_HANDLER": spec.handler,
            "AWS_DEFAULT_REGION": spec.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": spec.function_name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start" if spec.restored else "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": "JSON" if spec.log_format == "JSON" else "TEXT",
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_REGION": spec.region,
            **self._credentials(),
            "LAMBDA_TASK_ROOT": str(spec.bundle),
            "LAMBDA_RUNTIME_DIR": str(self.runtime_directory),
        }
        if spec.log_format == "JSON":
            reserved["AWS_LAMBDA_LOG_LEVEL"] = spec.log_level
        defaults = {
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
            "HOME": str(self.scratch),
            "TMPDIR": str(self.scratch),
            # Not of Lambda: these two lead the function's clients to the emulator.
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return {**defaults, **dict(spec.environment), **reserved}

    def _credentials(self) -> Mapping[str, str]:
        """The role's credentials; or where to ask for them, since those of a snapshot would have expired
        ("Using SnapStart with AWS SDKs").
        """
        if self.spec.restored:
            return {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{self._api.address}{CREDENTIALS}",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": uuid.uuid4().hex,
            }
        return {
            "AWS_ACCESS_KEY_ID": self.session.caller.access_key,
            "AWS_SECRET_ACCESS_KEY": self.session.secret,
            "AWS_SESSION_TOKEN": self.session.token,
        }

    def _told(self) -> Mapping[str, str]:
        """The answer to a restored environment that asks."""
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.session.expires))
        return {
            "AccessKeyId": self.session.caller.access_key,
            "SecretAccessKey": self.session.secret,
            "Token": self.session.token,
            "Expiration": expires,
        }

    # What the process does, told by threads.

    def _on_ready(self) -> None:
        with self._changed:
            self._ready = True
            self._changed.notify_all()

    def _on_report(self, report: Report) -> None:
        with self._changed:
            if report.kind == "init-error":
                self._init_reported = True
            elif report.request_id != self._current:
                return  # the answer to an invocation that has timed out
            self._report = report
            self._changed.notify_all()

    def _watch(self) -> None:
        code = self._process.wait()
        self._drain()
        with self._changed:
            self._exit_code = code
            self._changed.notify_all()
        self._api.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while True:
            readable, _, _ = select.select([descriptor], [], [], 60.0)
            if readable and not self._read_some():
                break
        with self._log_lock:
            self._output_over = True
            self._process.stdout.close()

    def _read_some(self) -> bool:
        """Read what is there without waiting; False at the end of the stream."""
        assert self._process.stdout is not None
        with self._log_lock:
            if self._output_over:
                return False
            descriptor = self._process.stdout.fileno()
            if not select.select([descriptor], [], [], 0)[0]:
                return True
            chunk = os.read(descriptor, 65536)
            self._log += chunk
            return bool(chunk)

    def _drain(self) -> None:
        """Take what the process has written so far: its output precedes its answer in time."""
        size = -1
        while len(self._log) != size:
            size = len(self._log)
            if not self._read_some():
                return

    def _take_log(self) -> str:
        self._drain()
        with self._log_lock:
            text = self._log.decode("utf-8", "replace")
            self._log.clear()
        return text

    # What the pool asks of it.

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation to its end; after a time-out or a crash the process is gone."""
        self._expect(invocation.request_id)
        self._api.submit(invocation)
        with self._changed:
            self._changed.wait_for(
                lambda: self._ready or self._report is not None or self._exit_code is not None,
                timeout=max(INIT_SECONDS - (time.monotonic() - self._started), 0.0),
            )
            began = time.monotonic()
            initialised = self._ready or self._report is not None or self._exit_code is not None
            if initialised:
                self._changed.wait_for(
                    lambda: self._report is not None or self._exit_code is not None, timeout=invocation.seconds
                )
            report, exit_code = self._report, self._exit_code
        duration = (time.monotonic() - began) * 1000
        if report is None and exit_code is None:
            self.stop()
            limit = self.spec.timeout if initialised else INIT_SECONDS
            return self._failed("Sandbox.Timedout", f"Task timed out after {limit:.2f} seconds", invocation, duration)
        if report is None:
            self.stop()
            reason = f"exit status {exit_code}" if (exit_code or 0) >= 0 else f"signal: {_signal_name(exit_code)}"
            return self._failed("Runtime.ExitError", f"Runtime exited with error: {reason}", invocation, duration)
        if report.kind == "init-error":
            self.stop()
        error = None if report.kind == "response" else "Unhandled"
        return Outcome(report.body, error, self._take_log(), duration, self.log_stream)

    def _expect(self, request_id: str) -> None:
        """From now on only this invocation's report counts."""
        with self._changed:
            self._report = None
            self._current = request_id

    def _failed(self, error_type: str, message: str, invocation: Invocation, duration: float) -> Outcome:
        """The payload and the log line that Lambda itself writes when the runtime did not answer.

        UNVERIFIED[lambda-timeout-payload]: the payload of a time-out carries ``Sandbox.Timedout`` in current runtimes;
        older ones had no type.
        """
        text = f"RequestId: {invocation.request_id} Error: {message}"
        line = text
        if error_type == "Sandbox.Timedout":
            line = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()) + f" {invocation.request_id} {message}"
        body = json.dumps({"errorType": error_type, "errorMessage": text}).encode()
        return Outcome(body, "Unhandled", f"{self._take_log()}{line}\n", duration, self.log_stream)

    def stop(self) -> None:
        """End the process and everything that it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)


def _signal_name(code: int | None) -> str:
    """How Lambda writes the signal that ended a runtime (``signal: killed``)."""
    names = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGTERM: "terminated"}
    number = -(code or 0)
    try:
        return names.get(signal.Signals(number), signal.Signals(number).name.lower())
    except ValueError:
        return str(number)
