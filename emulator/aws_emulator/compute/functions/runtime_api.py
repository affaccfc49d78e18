"""The Lambda runtime API (version 2018-06-01), one small server on loopback for each worker process.

The runtime interface client asks for the next invocation, and posts its result or its error. Source of the rule: AWS
Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "/2018-06-01/runtime"
LONGEST_HEADER = 2 * 2**20
"""The client sends the cause of an error, up to a megabyte of it, in a header."""
_LINE = 65_536
"""What the standard library takes of a header, and no more."""


@dataclass(frozen=True)
class Invocation:
    """One event for the worker: what ``GET /invocation/next`` answers.

    ``seconds`` is the real time that the handler may take from the moment that it gets the event.
    """

    request_id: str
    payload: bytes
    function_arn: str
    seconds: float
    trace_id: str
    client_context: str | None = None

    def headers(self) -> dict[str, str]:
        """The response headers of ``/invocation/next``; the deadline counts from now."""
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }
        if self.client_context:
            headers["Lambda-Runtime-Client-Context"] = self.client_context
        return headers


@dataclass(frozen=True)
class Report:
    """What the worker posted: kind ``response``, ``error`` or ``init-error``."""

    kind: str
    request_id: str | None
    body: bytes
    error_type: str | None = None


@dataclass
class RuntimeApi:
    """A runtime API server.

    Args:
        on_ready: called each time the worker asks for an invocation (first time: its initialisation is over).
        on_report: called with each result or error.
        credentials: a path, and what it answers: the credentials of a restored environment.
    """

    on_ready: Callable[[], None]
    on_report: Callable[[Report], None]
    credentials: tuple[str, Callable[[], Mapping[str, str]]] | None = None
    _waiting: queue.SimpleQueue[Invocation | None] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.5}, name="lambda-runtime-api", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """``host:port`` for ``AWS_LAMBDA_RUNTIME_API``."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def submit(self, invocation: Invocation) -> None:
        """Hand an invocation to the worker, now or when it next asks."""
        self._waiting.put(invocation)

    def next(self) -> Invocation | None:
        """Wait for an invocation; None when the server closes."""
        self.on_ready()
        return self._waiting.get()

    def close(self) -> None:
        """Stop serving; a waiting worker gets no answer (its process is being ended anyway)."""
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """The listening socket; its handlers are daemons and end with their connection."""

    daemon_threads = True
    block_on_close = False
    api: RuntimeApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that was killed resets its connections; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Lines:
    """A stream whose lines are never too long: of a longer header only the name is handed on.

    Without it the standard library answers 431, upon which the client ends its process, and the error is lost.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._stream.readline(LONGEST_HEADER if size > _LINE else size)
        if len(line) <= _LINE:
            return line
        return line[: max(line.find(b":"), 0)][:_LINE] + b": \r\n"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Handler(BaseHTTPRequestHandler):
    """The calls that the runtime interface client makes, and the one for credentials."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        """Take long headers."""
        super().setup()
        setattr(self, "rfile", _Lines(self.rfile))  # noqa: B010

    def do_GET(self) -> None:
        """``/invocation/next``: blocks until there is one. ``/restore/next``: the snapshot is taken and restored."""
        credentials = self.server.api.credentials
        if credentials is not None and self.path == credentials[0]:
            self._answer(200, credentials[1]())
            return
        if self.path == f"{PREFIX}/restore/next":
            self._answer(200, {})
            return
        if self.path != f"{PREFIX}/invocation/next":
            self._answer(404, {"errorType": "NotFound", "errorMessage": self.path})
            return
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        self.send_response(200)
        for name, value in invocation.headers().items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(invocation.payload)))
        self.end_headers()
        self.wfile.write(invocation.payload)

    def do_POST(self) -> None:
        """``/invocation/<id>/response``, ``/invocation/<id>/error``, ``/init/error`` and ``/restore/error``."""
        body = self._body()
        error_type = self.headers.get("Lambda-Runtime-Function-Error-Type")
        parts = self.path.removeprefix(PREFIX).strip("/").split("/")
        if parts in (["init", "error"], ["restore", "error"]):
            report = Report("init-error", None, body, error_type)
        elif len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            report = Report(parts[2], parts[1], body, error_type)
        else:
            self._answer(404, {"errorType": "NotFound", "errorMessage": self.path})
            return
        # Told first, so that a worker that asks for the next invocation is free by then.
        self.server.api.on_report(report)
        self._answer(202, {"status": "OK"})

    def _body(self) -> bytes:
        """The request body, of a given length or in chunks (the compiled client streams)."""
        if "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the emulator's call log is the record."""
