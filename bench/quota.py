"""The share of a core that Lambda gives to a memory size, given to a process by a control group of Linux."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WHOLE_CORE = 1769
"""MB at which a function has one vCPU ("Configure Lambda function memory"); the share is proportional."""
PERIOD = 20_000
"""Microseconds of a scheduling period."""
GROUPS = Path("/sys/fs/cgroup")


def share_of(memory: int) -> float:
    """Cores of a function with that much memory, one at most: a start runs one thread.

    Args:
        memory: MB.
    """
    return min(1.0, memory / WHOLE_CORE)


def quotas_available() -> bool:
    """Whether this process may make a control group with a quota of CPU time."""
    return _parent() is not None


@contextmanager
def limited(memory: int) -> Iterator[Path]:
    """The file into which a process writes its id, to get the share of a function with that much memory.

    Args:
        memory: MB.

    Raises:
        OSError: there are no control groups, or this process may not make one.
    """
    parent = _parent()
    if parent is None:
        raise OSError("no control group with CPU quotas can be made here: it takes Linux and the right to write there")
    group = parent / f"streamgov-bench-{os.getpid()}-{memory}"
    group.mkdir()
    try:
        quota = round(PERIOD * share_of(memory))
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{quota} {PERIOD}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


def _parent() -> Path | None:
    """The folder below which groups with a quota can be made: of version 2, or of version 1's ``cpu``."""
    for parent, knob in ((GROUPS, "cgroup.subtree_control"), (GROUPS / "cpu", "cpu.cfs_quota_us")):
        control = parent / knob
        if not control.exists() or not os.access(parent, os.W_OK):
            continue
        if knob == "cgroup.subtree_control" and "cpu" not in control.read_text().split():
            continue
        return parent
    return None
