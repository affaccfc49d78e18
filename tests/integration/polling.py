"""Waiting for what another process does: by asking again until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(read: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 60.0) -> Any:
    """The value of ``read`` once it is as ``wanted``; a failure if it is not within ``seconds``."""
    deadline, pause = time.monotonic() + seconds, 0.05
    while True:
        value = read()
        if wanted(value):
            return value
        assert time.monotonic() < deadline, value
        time.sleep(pause)
        pause = min(pause * 1.2, 0.5)
