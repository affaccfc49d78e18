"""What a simulation gives, as plain figures: what is recorded of it, and what tables are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bench.scale.landscape import Landscape
from bench.scale.loads import BURST, Load, bad_hour, burst, percentile, steady
from bench.scale.money import a_month, run_money
from bench.scale.quotas import uses
from bench.scale.rates import RATES, Rate, shared
from bench.scale.reconciling import Run, reconcile

ACCOUNTS = (10, 100, 1_000)
GRANTS = (1_000, 10_000, 100_000)
SIZES = tuple((accounts, grants) for accounts in ACCOUNTS for grants in GRANTS)
DIAGONAL = tuple(zip(ACCOUNTS, GRANTS, strict=True))
KINDS: Mapping[str, Sequence[tuple[int, int]]] = MappingProxyType(
    {
        "steady": SIZES,
        "burst": DIAGONAL,
        "bad hour": DIAGONAL,
        "reconcile": tuple(size for size in SIZES if size not in ((10, 100_000), (100, 100_000))),
    }
)
"""What domains are put to, and which sizes are. How long a burst or a bad hour takes depends on its requests, hardly on
what stands; and so many grants in so few accounts need several times the brokers that an account may have."""
MIDDLE = (100, 10_000)
"""The domain in which the ways to read DataZone's table, and to queue a burst, are compared."""
COMPARED = 300
"""Requests of a burst there: where a thousand share one rate without a queue, the simulation takes minutes."""
EACH, SHARED = "each", "shared"
"""How DataZone's table is read: each operation has a rate of its own, or those with the same rate share it."""
QUEUE = 10
"""``collectConcurrency`` of a burst with a queue."""
SHOWN = 3
"""Quotas that are kept of a size: those that are used most."""

Figures = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One simulation.

    Args:
        kind: one of KINDS.
        accounts: member accounts.
        grants: that stand.
        reading: EACH or SHARED.
        queue: reserved concurrency of the function that reads grants; 0 for none.
        requests: of a burst.
    """

    kind: str
    accounts: int
    grants: int
    reading: str = EACH
    queue: int = 0
    requests: int = BURST

    @property
    def name(self) -> str:
        """What it is, in words."""
        words = [self.kind, f"{self.accounts:,} accounts", f"{self.grants:,} grants"]
        if self.requests != BURST:
            words.append(f"{self.requests} requests")
        if self.reading == SHARED:
            words.append("one rate for all of DataZone's reads")
        if self.queue:
            words.append(f"collectConcurrency {self.queue}")
        return ", ".join(words)

    def simulate(self) -> Figures:
        """Run it.

        Raises:
            RuntimeError: a request was not carried out, or the reconciler found something where nothing is to be found.
        """
        landscape = Landscape(self.accounts, self.grants)
        head = {"accounts": self.accounts, "grants": self.grants}
        if self.kind == "reconcile":
            return {**head, **_of_run(reconcile(landscape))}
        if self.kind == "steady":
            return {**head, **_of_steady(steady(landscape))}
        if self.kind == "bad hour":
            return {**head, **_of_load(bad_hour(landscape))}
        reserved = {"collect": self.queue} if self.queue else {}
        return {
            **head,
            "reading": self.reading,
            "queue": self.queue,
            **_of_load(burst(landscape, self.requests, rates_of(self.reading), reserved)),
        }


def cases(
    kinds: Sequence[str] = tuple(KINDS), accounts: Sequence[int] = ACCOUNTS, grants: Sequence[int] = GRANTS
) -> list[Case]:
    """The simulations of some sizes; bursts of the middle one in each way too.

    Args:
        kinds: of KINDS.
        accounts: member accounts.
        grants: that stand.
    """
    found = []
    for kind in kinds:
        wanted = [(many, stand) for many, stand in KINDS[kind] if many in accounts and stand in grants]
        found += [Case(kind, *size) for size in wanted]
        if kind == "burst" and MIDDLE in wanted:
            found += [Case(kind, *MIDDLE, *way, COMPARED) for way in WAYS]
    return found


WAYS = ((EACH, 0), (EACH, QUEUE), (SHARED, 0), (SHARED, QUEUE))
"""How DataZone's table is read, and whether a burst has a queue."""


def rates_of(reading: str) -> Mapping[str, Rate]:
    """What the services let through.

    Args:
        reading: EACH or SHARED.
    """
    return shared() if reading == SHARED else RATES


def check(run: Run) -> None:
    """Nothing may be found where everything is as it should be.

    Raises:
        RuntimeError: something was, or the run did not end.
    """
    if run.ended != "SUCCEEDED" or run.findings:
        raise RuntimeError(f"the run ended with {run.ended} and found {dict(run.findings)}")


def _of_steady(load: Load) -> Figures:
    at, each = load.landscape, {name: count / load.requests for name, count in load.calls.items()}
    found = uses(at, each, load.most)
    return {
        **_of_load(load),
        "to revoke": _seconds(load.revokes),
        "approved a day": round(at.grants_a_day, 1),
        "cold": round(load.cold / load.invocations, 3),
        "USD a month": {name: round(value, 2) for name, value in a_month(at, load).items()},
        "quotas": [{"quota": use.quota, "used": round(use.used, 3), "of": use.limit} for use in found[:SHOWN]],
    }


def _of_load(load: Load) -> Figures:
    granted = load.statuses["GRANTED"]
    if granted != len(load.grants):
        raise RuntimeError(f"{load.name}: of {len(load.grants)} requests {granted} were granted: {dict(load.statuses)}")
    return {
        "requests": len(load.grants),
        "granted": granted,
        "to grant": _seconds(load.grants),
        "refused": load.refused.total(),
        "failed": load.failed.total(),
        "at once": load.most,
        "GB-s each": round(load.gb_seconds / load.requests, 1),
        "calls": {name: round(value, 1) for name, value in load.by_service().items()},
    }


def _of_run(run: Run) -> Figures:
    check(run)
    at = run.landscape
    return {
        "projects": at.consumers * at.roles_each,
        "seconds": round(run.seconds),
        "assets looked at": round(run.calls["datazone:GetAsset"] / at.grants, 3),
        "shards": run.executions["shard: SUCCEEDED"],
        "longest invocation": round(run.longest),
        "USD a month": round(run_money(run), 2),
        "calls": dict(_by_service(run.calls)),
    }


def _seconds(values: Sequence[float]) -> dict[str, float]:
    return {
        "p50": round(percentile(values, 0.5), 1),
        "p99": round(percentile(values, 0.99), 1),
        "last": round(values[-1], 1),
    }


def _by_service(calls: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    services = sorted({name.partition(":")[0] for name in calls})
    for service in services:
        yield service, sum(count for name, count in calls.items() if name.startswith(f"{service}:"))
