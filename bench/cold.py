"""Cold starts: a fresh interpreter with nothing but the bundle on its path, as Lambda starts one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from streamgov_pulumi.packaging import build_bundle

RUNS = 5
FUNCTIONS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "collect": ("collect_grant", "streamgov_core.domain.collect", ("datazone", "dynamodb")),
    "report": ("report_grant", "streamgov_core.domain.report", ("datazone", "dynamodb")),
    "apply": ("apply_grant", "streamgov_core.member.apply", ("dynamodb", "ssm", "kafka", "iam")),
    "reconcile": (
        "reconcile_grants",
        "streamgov_core.domain.reconcile.run",
        ("datazone", "dynamodb", "stepfunctions", "events"),
    ),
    "sync": ("sync_catalog", "streamgov_core.catalog.entry", ("datazone", "glue", "ssm", "kafka")),
}
"""Function -> its handler, the module that the handler loads at its first event, the clients that it then makes."""

_PROGRAM = """
import importlib, json, sys, time
began = time.perf_counter()
importlib.import_module("handlers." + sys.argv[1])
importlib.import_module(sys.argv[2])
imported = time.perf_counter()
from streamgov_core.runtime.clients import Clients
clients = Clients("us-east-1")
for service in sys.argv[3:]:
    clients.client(service)
print(json.dumps([imported - began, time.perf_counter() - imported]))
"""


@dataclass(frozen=True)
class Start:
    """One function's cold start; medians.

    Args:
        imported: milliseconds of its imports.
        clients: milliseconds of boto3 and the clients of its first event.
        megabytes: of the bundle.
    """

    function: str
    imported: int
    clients: int
    megabytes: float
    services: tuple[str, ...]


def cold_starts() -> list[Start]:
    """Every function, one after the other. The page cache is warm, the byte code is not there, as in a new sandbox."""
    found = []
    for name, (handler, module, services) in FUNCTIONS.items():
        bundle = build_bundle(f"handlers.{handler}")
        with tempfile.TemporaryDirectory() as directory:
            with zipfile.ZipFile(bundle) as archive:
                archive.extractall(directory)
            runs = [_start(Path(directory), handler, module, services) for _ in range(RUNS)]
        imported, clients = (round(median(run[part] for run in runs) * 1000) for part in (0, 1))
        found.append(Start(name, imported, clients, round(bundle.stat().st_size / 1e6, 1), services))
    return found


def _start(bundle: Path, handler: str, module: str, services: tuple[str, ...]) -> list[float]:
    command = [sys.executable, "-B", "-S", "-c", _PROGRAM, handler, module, *services]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(bundle), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return [float(seconds) for seconds in json.loads(ended.stdout)]
