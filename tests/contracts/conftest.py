"""An emulator to ask, a user of it with the keys of a profile, and a proxy that bends one answer."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from contracts import emulator as asked
from contracts.permissions import policy
from contracts.probe import all_probes

ROOT = Path(__file__).resolve().parents[2]
Bend = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Changes an answer: the operation (``AWSGlue.GetSchema``) and the answer's body."""


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an emulator of this session's contract tests."""
    with asked.running() as address:
        yield address


@pytest.fixture(scope="session")
def keys(endpoint: str) -> tuple[str, str]:
    """The access key of a user who may do what `streamgov contracts` says that it takes, and nothing else."""
    return asked.user_keys(endpoint, policy(list(all_probes().values())))


class Asking:
    """Runs the command as an AWS user would: a profile with keys, a region and an endpoint."""

    def __init__(self, folder: Path, keys: tuple[str, str]) -> None:
        self.folder = folder
        self._keys = keys

    def profile(self, endpoint: str) -> dict[str, str]:
        """The variables of a process that finds the profile ``probes``."""
        config, credentials = self.folder / "config", self.folder / "credentials"
        config.write_text(f"[profile probes]\nregion = us-east-1\nendpoint_url = {endpoint}\n")
        key, secret = self._keys
        credentials.write_text(f"[probes]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **inherited,
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }

    def start(self, endpoint: str, *arguments: str) -> subprocess.Popen[str]:
        """Start ``streamgov contracts --against aws --profile probes``."""
        command = [sys.executable, "-m", "streamgov_ops", "contracts", "--against", "aws", "--profile", "probes"]
        return subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder,
            env=self.profile(endpoint),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, endpoint: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        process = self.start(endpoint, *arguments)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def asking(tmp_path: Path, keys: tuple[str, str]) -> Asking:
    """The command with a profile of that user."""
    return Asking(tmp_path, keys)


@pytest.fixture
def bent(endpoint: str) -> Iterator[Callable[[Bend], str]]:
    """A proxy before the emulator that changes answers: call it with the change, it answers its address."""
    servers: list[ThreadingHTTPServer] = []

    def make(bend: Bend) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint.removeprefix("http://"), bend))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def _handler(behind: str, bend: Bend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _forward(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            connection = http.client.HTTPConnection(behind, timeout=60)
            # The host stays as it was signed.
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(self.rfile.read(size))
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            if answer.status == 200 and (answer.getheader("Content-Type") or "").startswith("application/"):
                body = self._bent(body)
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _bent(self, body: bytes) -> bytes:
            operation = self.headers.get("X-Amz-Target") or f"{self.command} {self.path}"
            try:
                return json.dumps(bend(operation, json.loads(body))).encode()
            except ValueError:
                return body

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _forward

    return Handler
