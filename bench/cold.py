"""Cold starts: a fresh interpreter with nothing but the bundle on its path, with the CPU share of a memory size.

Measured from the start of the process until the handler's module is loaded and its clients are there, as the handler
itself makes them while Lambda loads it. Lambda gives that phase more than the share (a whole core, by all published
measurements, though no page of AWS promises it), so these are upper bounds below 1,769 MB.

What is measured depends on what else the machine does, the processor time hardly: divided by the share it says what an
idle machine would take.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.common import table
from bench.quota import WHOLE_CORE, limited, quotas_available, share_of
from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.entry import SyncConfig
from streamgov_core.deploy.scope import GRANT_MEMORY
from streamgov_core.domain.settings import CollectSettings
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.naming import Names
from streamgov_pulumi.packaging import build_bundle
from streamgov_pulumi.packaging.byte_code import byte_code, own_version

RUNS = 5
MEMORIES = (256, 512, 1024, WHOLE_CORE)
HANDLERS: Mapping[str, str] = {
    "collect": "collect_grant",
    "apply": "apply_grant",
    "report": "report_grant",
    "reconcile": "reconcile_grants",
    "sync": "sync_catalog",
}
"""Function -> module of its handler."""
SETTINGS = {
    **CollectSettings(Names(), "dzd-1", ("222222222222",), ("MskTopicAssetType",)).to_environment(),
    **ApplySettings(Names(), "dzd-1", "222222222222").to_environment(),
    **SyncConfig(Names(), "dzd-1", "orders", "msk", "", "same", SyncSettings("p1")).to_environment(),
    "STREAMGOV_ACCOUNT": "111111111111",
}
"""What the functions read while they are loaded."""
CHAIN = ("collect", "apply", "apply", "report")
"""The functions that a grant across accounts waits for, one after the other."""

_PROGRAM = """
import os, sys, time
if sys.argv[2]:
    with open(sys.argv[2], "w") as group:
        group.write(str(os.getpid()))
began = time.perf_counter()
spent = time.process_time()
import importlib
importlib.import_module("handlers." + sys.argv[1])
import json
print(json.dumps([time.perf_counter() - began, time.process_time() - spent]))
"""


@dataclass(frozen=True)
class Start:
    """One function's cold start with one memory size; medians.

    Args:
        function: its short name.
        memory: MB; 0 where no quota could be set, on as much of a core as there was.
        milliseconds: until the handler is ready.
        cpu: milliseconds of processor time in it.
        megabytes: of the bundle.
        byte_code: whether the bundle holds byte code.
    """

    function: str
    memory: int
    milliseconds: int
    cpu: int
    megabytes: float
    byte_code: bool = False


def cold_starts(memories: tuple[int, ...] = MEMORIES) -> list[Start]:
    """Every function with every memory size, and once more with byte code on a whole core.

    The page cache is warm. Without byte code in the bundle there is none, as in a new sandbox.

    Args:
        memories: MB.
    """
    found = []
    for name, handler in HANDLERS.items():
        bundle = build_bundle(f"handlers.{handler}")
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder)
            with zipfile.ZipFile(bundle) as archive:
                archive.extractall(directory)
            for memory in memories if quotas_available() else (0,):
                found.append(_measured(name, directory, memory, byte_code=False))
            for path, content in byte_code({n: directory / n for n in _modules(directory)}, own_version()).items():
                (directory / path).parent.mkdir(exist_ok=True)
                (directory / path).write_bytes(content)
            found.append(_measured(name, directory, WHOLE_CORE if quotas_available() else 0, byte_code=True))
    return found


def _modules(directory: Path) -> list[str]:
    return [path.relative_to(directory).as_posix() for path in directory.rglob("*.py")]


def _measured(name: str, directory: Path, memory: int, *, byte_code: bool) -> Start:
    with limited(memory) if memory else nullcontext() as group:
        runs = [_start(directory, HANDLERS[name], group) for _ in range(RUNS)]
    elapsed, cpu = (round(median(run[part] for run in runs) * 1000) for part in (0, 1))
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    return Start(name, memory, elapsed, cpu, round(size / 1e6, 1), byte_code)


def _start(bundle: Path, handler: str, group: Path | None) -> list[float]:
    command = [sys.executable, "-B", "-S", "-c", _PROGRAM, handler, str(group or "")]
    environment = {
        **SETTINGS,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(bundle),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        # As Lambda does; without them botocore would look for an instance's metadata.
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return [float(seconds) for seconds in json.loads(ended.stdout.splitlines()[-1])]


def chains(starts: list[Start]) -> dict[int, int]:
    """Memory size in MB -> milliseconds of all starts that a grant across accounts waits for, none of them warm."""
    taken = {(start.function, start.memory): start.milliseconds for start in starts if not start.byte_code}
    return {memory: sum(taken[name, memory] for name in CHAIN) for memory in _memories(starts)}


def by_processor_time(starts: list[Start], *, byte_code: bool) -> list[tuple[Any, ...]]:
    """A row for each function and for the chain: milliseconds of processor time, and at the share of each memory size.

    Args:
        starts: that were measured.
        byte_code: of the bundles with byte code.
    """
    cpu = {
        name: min(start.cpu for start in starts if start.function == name and start.byte_code == byte_code)
        for name in HANDLERS
    }
    cpu["grant across accounts, all cold"] = sum(cpu[name] for name in CHAIN)
    return [(name, took, *(round(took / share_of(memory)) for memory in MEMORIES)) for name, took in cpu.items()]


def _memories(starts: list[Start]) -> list[int]:
    return list(dict.fromkeys(start.memory for start in starts if not start.byte_code))


def main(arguments: list[str]) -> dict[str, Any]:
    """Measure and print. There are no arguments."""
    starts = cold_starts()
    memories, total = _memories(starts), chains(starts)
    plain = {name: [start for start in starts if start.function == name and not start.byte_code] for name in HANDLERS}
    head = ("function", *(f"{memory or 'no limit'} MB: ms" for memory in memories), "bundle MB")
    rows: list[tuple[Any, ...]] = [
        (name, *(start.milliseconds for start in found), found[0].megabytes) for name, found in plain.items()
    ]
    rows.append(("grant across accounts, all cold", *(total[memory] for memory in memories), ""))
    print("As measured, beside whatever else this machine does:\n")
    print(table(head, rows))
    by_time = {}
    for with_byte_code, words in ((False, "By processor time"), (True, "The same with byte code in the bundle")):
        by_time[words] = by_processor_time(starts, byte_code=with_byte_code)
        print(f"\n{words}:\n")
        print(table(("function", "CPU ms", *(f"{memory:,} MB: ms" for memory in MEMORIES)), by_time[words]))
    print(f"\nDeployed with {GRANT_MEMORY} MB: collect, apply, report.")
    return {
        "starts": [asdict(start) for start in starts],
        "chains": total,
        "by processor time": by_time,
        "deployed": GRANT_MEMORY,
    }
