"""An application's log lines on their way into its CloudWatch log stream, as its role."""

from __future__ import annotations

import logging
import queue
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.api import ApiError, Emulator
from aws_emulator.patches.flink.store import Application

log = logging.getLogger("aws_emulator.flink")

BATCH = 500
EVERY_SECONDS = 0.5
MOST_BYTES = 200_000
"""CloudWatch takes events up to 256 KB."""


class LogStream:
    """Takes lines and sends them in batches; what the role may not write is dropped, and said once.

    Args:
        emulator: for a client.
        application: its log option and role, as they are when the stream is opened.
        file: where all lines go besides, for who looks into a sandbox.
    """

    def __init__(self, emulator: Emulator, application: Application, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("a")
        self._emulator, self._application = emulator, application
        self._lines: queue.Queue[tuple[int, str] | None] = queue.Queue(20_000)
        self._target = _names(application)
        self._refused = False
        self._thread = threading.Thread(target=self._send_all, name=f"flink-log-{application.name}", daemon=True)
        self._thread.start()

    def line(self, text: str) -> None:
        """One line."""
        self._file.write(text + "\n")
        try:
            self._lines.put_nowait((int(time.time() * 1000), text[:MOST_BYTES]))
        except queue.Full:
            log.debug("%s: a log line is dropped", self._application.name)

    def close(self) -> None:
        """Send what is left."""
        self._lines.put(None)
        self._thread.join(5)
        self._file.close()

    def _send_all(self) -> None:
        ended = False
        while not ended:
            batch: list[dict[str, Any]] = []
            deadline = time.monotonic() + EVERY_SECONDS
            while len(batch) < BATCH and (left := deadline - time.monotonic()) > 0:
                try:
                    found = self._lines.get(timeout=left)
                except queue.Empty:
                    break
                if found is None:
                    ended = True
                    break
                batch.append({"timestamp": found[0], "message": found[1]})
            if batch and self._target is not None:
                self._put(*self._target, batch)

    def _put(self, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        try:
            client = self._emulator.client("logs", role_arn=self._application.role, region=self._application.region)
            client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        except (ClientError, ApiError) as error:
            if not self._refused:
                log.info("%s does not log to %s: %s", self._application.name, group, error)
            self._refused = True


def _names(application: Application) -> tuple[str, str] | None:
    """Log group and stream of ``arn:…:log-group:<group>:log-stream:<stream>``."""
    if not application.logging:
        return None
    resource = application.logging[0]["LogStreamARN"].split(":log-group:", 1)[1]
    group, _, stream = resource.partition(":log-stream:")
    return group, stream
