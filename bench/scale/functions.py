"""Lambda on the virtual clock: sandboxes that start cold and stay warm for a while, and the account's concurrency."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from aws_emulator.compute.states.failures import StateFailure
from bench.scale.rates import LAMBDA_CONCURRENCY, LAMBDA_SCALING
from bench.scale.virtual import VirtualTime
from streamgov_core.deploy.member_deployment import APPLY_TIMEOUT
from streamgov_core.deploy.reconcile_branch import RECONCILE_TIMEOUT
from streamgov_core.deploy.scope import GRANT_MEMORY

SANDBOX_SECONDS = 0.2
"""Until a new sandbox begins to load the function. Not documented: assumed."""
COLD_SECONDS: Mapping[str, float] = MappingProxyType({"collect": 0.5, "apply": 0.55, "report": 0.5, "reconcile": 2.0})
"""Loading a function at the deployed memory, without byte code (``python -m bench cold``, docs/cold-start.md)."""
WARM_SECONDS = 600.0
"""How long an idle sandbox is kept. Not documented: assumed."""
TIMEOUTS: Mapping[str, float] = MappingProxyType(
    {"collect": 60.0, "report": 60.0, "apply": float(APPLY_TIMEOUT), "reconcile": float(RECONCILE_TIMEOUT)}
)
MEMORY: Mapping[str, int] = MappingProxyType({"reconcile": 512})
"""MB, where it is not that of the functions of a grant."""


@dataclass(frozen=True)
class Context:
    """What a function is told of its invocation.

    Args:
        time: the clock.
        until: when it is ended, seconds since the epoch.
    """

    time: VirtualTime
    until: float

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's own."""
        return max(0, round((self.until - self.time.now()) * 1000))


@dataclass
class Functions:
    """Runs handlers.

    Args:
        time: the clock.
        handlers: short name -> what runs: account, payload, context -> answer.
        reserved: short name -> invocations of it that run in an account at the same time at most.
    """

    time: VirtualTime
    handlers: Mapping[str, Callable[[str, Any, Context], Any]]
    reserved: Mapping[str, int] = field(default_factory=dict)
    invocations: Counter[str] = field(default_factory=Counter)
    cold: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    gb_seconds: float = 0.0
    most: int = 0
    """The most that ran in one account at the same time."""
    longest: float = 0.0
    """Seconds of the longest invocation."""
    _running: Counter[str] = field(default_factory=Counter)
    _busy: Counter[tuple[str, str]] = field(default_factory=Counter)
    _idle: dict[tuple[str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _started: dict[tuple[str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def invoke(self, account: str, name: str, payload: Any) -> Any:
        """Run a function.

        Raises:
            StateFailure: it raised an error, ran too long, or there was no room for it.
        """
        cold = self._room(account, name)
        self._running[account] += 1
        self._busy[account, name] += 1
        self.most = max(self.most, self._running[account])
        began = self.time.now()
        self.invocations[name] += 1
        try:
            if cold:
                self.cold[name] += 1
                self.time.sleep(SANDBOX_SECONDS + COLD_SECONDS[name])
            context = Context(self.time, self.time.now() + TIMEOUTS[name])
            answer = self.handlers[name](account, payload, context)
        except StateFailure:
            raise
        except Exception as error:
            raise StateFailure(type(error).__name__, f'{{"errorMessage": "{error}"}}') from error
        finally:
            self._running[account] -= 1
            self._busy[account, name] -= 1
            self._idle[account, name].append(self.time.now())
            self.longest = max(self.longest, self.time.now() - began)
            self.gb_seconds += (self.time.now() - began) * MEMORY.get(name, GRANT_MEMORY) / 1024
        if self.time.now() > context.until:
            raise StateFailure("Sandbox.Timedout", f"{name} ran longer than {TIMEOUTS[name]:.0f} s")
        return answer

    def _room(self, account: str, name: str) -> bool:
        """Take a sandbox: whether a new one has to start.

        Raises:
            StateFailure: the account's concurrency or the function's own is used up, or the function may not gain
                sandboxes so fast.
        """
        now, idle, started = self.time.now(), self._idle[account, name], self._started[account, name]
        full = name in self.reserved and self._busy[account, name] >= self.reserved[name]
        if full or self._running[account] >= LAMBDA_CONCURRENCY:
            self.refused += 1
            raise StateFailure("Lambda.TooManyRequestsException", "Rate Exceeded")
        while idle and idle[0] < now - WARM_SECONDS:
            idle.popleft()
        if idle:
            idle.pop()
            return False
        number, seconds = LAMBDA_SCALING
        while started and started[0] < now - seconds:
            started.popleft()
        if len(started) >= number:
            self.refused += 1
            raise StateFailure("Lambda.TooManyRequestsException", "Rate Exceeded")
        started.append(now)
        return True
