"""Time and identities of one invocation of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class InvocationClock:
    """Time and identities of one invocation, passed in so that tests need not wait.

    Args:
        now: returns seconds since the epoch.
        sleep: waits for a number of seconds.
        new_id: returns an identity that no other owner of a lease has.
        deadline: when the invocation must have ended, seconds since the epoch.
        lease_seconds: how long a lease lasts; longer than an invocation can take.
        write_margin: seconds before the deadline, and before the end of a lease, in which no write begins.
    """

    now: Callable[[], float]
    sleep: Callable[[float], None]
    new_id: Callable[[], str]
    deadline: float
    lease_seconds: float = 90.0
    write_margin: float = 10.0

    def may_write(self, lease_until: float) -> bool:
        """Whether a write that begins now ends in time, both for the invocation and for a lease.

        Args:
            lease_until: when the lease ends, seconds since the epoch.
        """
        return self.now() <= min(self.deadline, lease_until) - self.write_margin
