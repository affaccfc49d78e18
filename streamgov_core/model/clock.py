"""Time and identity, passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class InvocationClock:
    """Time and identity, passed in.

    Args:
        now: seconds since the epoch.
        sleep: waits.
        new_id: a fresh identity for a lease.
        deadline: when the function must have ended; set for each invocation.
        lease: seconds of a lease, longer than a function lives.
        margin: no write begins closer to the deadline than this.
    """

    now: Callable[[], float]
    sleep: Callable[[float], None]
    new_id: Callable[[], str]
    deadline: float
    lease: float = 90.0
    margin: float = 10.0
