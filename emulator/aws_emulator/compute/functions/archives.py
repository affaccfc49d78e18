"""Deployment packages lie on disk: moto keeps each in memory twice, as bytes and as base64, for a function's life."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction

_roots: list[Path] = []
"""Where packages are kept; the last one counts (each emulator of this process has its own)."""


def install_archives(root: Path) -> None:
    """Let moto's functions keep their packages below a folder.

    Args:
        root: a folder that the emulator owns.
    """
    _roots.append(root)
    if len(_roots) > 1:
        return
    original: Callable[[Any, dict[str, Any]], None] = LambdaFunction._set_function_code

    def set_code(self: Any, spec: dict[str, Any]) -> None:
        original(self, spec)
        self.code.pop("ZipFile", None)

    setattr(LambdaFunction, "_set_function_code", set_code)  # noqa: B010
    setattr(LambdaFunction, "code_bytes", property(_read, _write))  # noqa: B010


def _read(function: Any) -> bytes:
    path: Path | None = function.__dict__.get("emulator_archive")
    if path is None:
        raise AttributeError("code_bytes")
    return path.read_bytes()


def _write(function: Any, content: bytes) -> None:
    path = _roots[-1] / f"{hashlib.sha256(content).hexdigest()}.zip"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        partial.write_bytes(content)
        partial.replace(path)
    function.__dict__["emulator_archive"] = path
