"""A small threaded HTTP/1.1 server with keep-alive.

werkzeug's development server closes each connection after one answer and then waits for stray bytes, which makes a
client with a connection pool an order of magnitude slower. Requests here are small and bodies are read at once.
"""

from __future__ import annotations

import gc
import io
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

MAX_BODY = 200 * 1024 * 1024
LARGE_BODY = 1024 * 1024


@dataclass
class HttpRequest:
    """One HTTP request as it arrived. ``target`` is path and query, still percent-encoded."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case; repeated headers joined by a comma."""
    body: bytes

    @property
    def path(self) -> str:
        return self.target.split("?", 1)[0]

    @property
    def query(self) -> str:
        return self.target.split("?", 1)[1] if "?" in self.target else ""

    def environ(self, host: str, port: int) -> dict[str, Any]:
        """The same as a WSGI environment (PEP 3333), for moto's Flask applications."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"),
            "QUERY_STRING": self.query,
            "RAW_URI": self.target,
            "REQUEST_URI": self.target,
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(self.body)),
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            if name not in ("content-type", "content-length", "transfer-encoding"):
                environ["HTTP_" + name.upper().replace("-", "_")] = value
        environ.setdefault("HTTP_HOST", f"{host}:{port}")
        return environ


@dataclass
class HttpResponse:
    """What goes back: status, headers and the whole body; ``drop`` closes the connection without an answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop: bool = False


Application = Callable[[HttpRequest], HttpResponse]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: HttpServer

    def handle_any(self) -> None:
        request = self._read()
        if request is None:
            return
        response = self.server.application(request)
        if response.drop:
            self._drop()
            return
        self._write(request, response)
        if len(request.body) >= LARGE_BODY:
            del request, response
            # Frameworks below leave circles that hold the body; the collector comes by far too rarely for megabytes.
            gc.collect(1)

    def handle_expect_100(self) -> bool:
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()  # boto3 sends an S3 body only after it saw this
        return True

    def _read(self) -> HttpRequest | None:
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._read_chunks()
        else:
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > MAX_BODY:
                self.send_error(400, "Content-Length")
                self.close_connection = True
                return None
            body = self.rfile.read(int(length))
        target = self.path
        if target.startswith(("http://", "https://")):
            parts = urlsplit(target)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
        return HttpRequest(self.command, target, headers, body)

    def _read_chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers are not used by any protocol here
        return b"".join(parts)

    def _write(self, request: HttpRequest, response: HttpResponse) -> None:
        self.send_response_only(response.status)
        headers = {name: value for name, value in response.headers.items() if name.lower() != "connection"}
        has_body = response.status not in (204, 304) and response.status >= 200
        if request.method == "HEAD":
            # The length of what GET would answer, as S3's HeadObject needs it.
            headers.setdefault("Content-Length", str(len(response.body)))
        elif has_body:
            headers = {n: v for n, v in headers.items() if n.lower() not in ("content-length", "transfer-encoding")}
            headers["Content-Length"] = str(len(response.body))
        for name, value in headers.items():
            self.send_header(name, str(value).replace("\r", " ").replace("\n", " "))
        self.end_headers()
        if has_body and request.method != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def _drop(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the client was faster

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = handle_any

    def log_message(self, format: str, *args: object) -> None:
        return  # the call log says more than an access log


class HttpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread per connection, bound to loopback."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, host: str, port: int) -> None:
        self.application: Application = _starting
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """The port in use (of interest when 0 was asked for)."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, name="emulator-http", daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _starting(_: HttpRequest) -> HttpResponse:
    return HttpResponse(503, {"Retry-After": "1"}, b"starting")
