"""The product's code on a virtual clock, for 10, 100 and 1,000 accounts and 1,000, 10,000 and 100,000 grants."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.common import table
from bench.cost import PRICES_OF
from bench.scale.landscape import Landscape
from bench.scale.loads import Load, bad_hour, burst, percentile, steady
from bench.scale.money import a_month, run_money
from bench.scale.quotas import Use, uses
from bench.scale.reconciling import Run, reconcile

ACCOUNTS = (10, 100, 1_000)
GRANTS = (1_000, 10_000, 100_000)
BESIDE = 10_000
"""Grants that stand beside a burst and a bad hour."""
STEADY_HEAD = (
    "accounts",
    "grants",
    "approved a day",
    "to grant, s: p50",
    "p99",
    "to revoke, s: p50",
    "p99",
    "cold",
    "USD a month: standing",
    "requests",
    "data sources",
)
LOAD_HEAD = (
    "load",
    "accounts",
    "requests",
    "granted",
    "to grant, s: p50",
    "p99",
    "last",
    "calls refused or failed",
    "functions at once",
    "GB-s each",
)
RECONCILED = ((10, 1_000), (100, 10_000), (1_000, 100_000))
"""Accounts and grants of the domains that are reconciled."""
RECONCILE_HEAD = (
    "reconcile: accounts",
    "grants",
    "projects",
    "minutes",
    "calls to DataZone",
    "assets looked at",
    "shards",
    "longest invocation, s",
    "USD a month",
)
QUOTA_HEAD = ("accounts", "grants", "first quota met", "used", "of", "next", "used", "of")


@dataclass(frozen=True)
class Size:
    """One size of a domain, and what came of a steady load."""

    landscape: Landscape
    load: Load
    money: dict[str, float]
    quotas: list[Use]

    @classmethod
    def of(cls, landscape: Landscape, **given: int) -> Size:
        """Simulate it."""
        load = steady(landscape, **given)
        return cls(landscape, load, a_month(landscape, load), uses(landscape, load))


def steady_row(size: Size) -> tuple[str, ...]:
    """A row of the table of steady loads."""
    load, at = size.load, size.landscape
    return (
        f"{at.accounts:,}",
        f"{at.grants:,}",
        f"{at.grants_a_day:,.0f}",
        *(f"{percentile(values, share):.1f}" for values in (load.grants, load.revokes) for share in (0.5, 0.99)),
        f"{100 * load.cold / load.invocations:.0f} %",
        *(f"{size.money[name]:,.2f}" for name in ("standing", "requests", "data sources")),
    )


def load_row(load: Load) -> tuple[str, ...]:
    """A row of the table of other loads."""
    return (
        load.name,
        f"{load.landscape.accounts:,}",
        f"{load.requests:,}",
        f"{load.statuses['GRANTED']:,}",
        f"{percentile(load.grants, 0.5):.0f}",
        f"{percentile(load.grants, 0.99):.0f}",
        f"{load.grants[-1]:.0f}",
        f"{load.refused.total() + load.failed.total():,}",
        f"{load.most:,}",
        f"{load.gb_seconds / load.requests:.1f}",
    )


def quota_row(size: Size) -> tuple[str, ...]:
    """A row of the table of quotas."""
    first, following = size.quotas[:2]
    told = [(use.quota, f"{use.used:,.1f}".removesuffix(".0"), f"{use.limit:,.0f}") for use in (first, following)]
    return (f"{size.landscape.accounts:,}", f"{size.landscape.grants:,}", *told[0], *told[1])


def reconcile_row(run: Run) -> tuple[str, ...]:
    """A row of the table of reconcile runs."""
    at = run.landscape
    asked = sum(count for name, count in run.calls.items() if name.startswith("datazone:"))
    return (
        f"{at.accounts:,}",
        f"{at.grants:,}",
        f"{at.consumers * at.roles_each:,}",
        f"{run.seconds / 60:.0f}",
        f"{asked:,}",
        f"{100 * run.calls['datazone:GetAsset'] / at.grants:.0f} %",
        f"{run.executions['shard: SUCCEEDED']:,}",
        f"{run.longest:.0f}",
        f"{run_money(run):,.2f}",
    )


def calls_table(loads: Sequence[Load]) -> str:
    """Calls of one request, by service and load."""
    services = sorted({service for load in loads for service in load.by_service()})
    head = ("calls of a request", *(f"{load.name}, {load.landscape.accounts:,} accounts" for load in loads))
    rows = [(name, *(f"{load.by_service().get(name, 0):.1f}" for load in loads)) for name in services]
    sums = ("all", *(f"{sum(load.by_service().values()):.1f}" for load in loads))
    return table(head, [*rows, sums])


def check(run: Run) -> None:
    """Nothing may be found where everything is as it should be.

    Raises:
        RuntimeError: something was, or the run did not end.
    """
    if run.ended != "SUCCEEDED" or run.findings:
        raise RuntimeError(f"the run ended with {run.ended} and found {dict(run.findings)}")


@contextmanager
def quiet() -> Iterator[None]:
    """Let the product log nothing meanwhile."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def main(arguments: list[str]) -> dict[str, Any]:
    """Simulate and print. There are no arguments."""
    with quiet():
        sizes = [Size.of(Landscape(accounts, grants)) for accounts in ACCOUNTS for grants in GRANTS]
        print(table(STEADY_HEAD, [steady_row(size) for size in sizes]))
        print(f"\nPrices: {PRICES_OF}.\n")
        print(table(QUOTA_HEAD, [quota_row(size) for size in sizes]), flush=True)
        bursts = [burst(Landscape(accounts, BESIDE)) for accounts in ACCOUNTS]
        hours = [bad_hour(Landscape(accounts, BESIDE)) for accounts in ACCOUNTS]
        runs = []
        for accounts, grants in RECONCILED:
            runs.append(reconcile(Landscape(accounts, grants)))
            check(runs[-1])
    print()
    print(table(RECONCILE_HEAD, [reconcile_row(run) for run in runs]))
    print()
    print(table(LOAD_HEAD, [load_row(load) for load in (*bursts, *hours)]))
    middle = next(size.load for size in sizes if size.landscape == Landscape(ACCOUNTS[1], BESIDE))
    shown = [middle, *bursts, hours[1]]
    print()
    print(calls_table(shown))
    return {
        "steady": [list(steady_row(size)) for size in sizes],
        "quotas": [list(quota_row(size)) for size in sizes],
        "reconcile": [list(reconcile_row(run)) for run in runs],
        "loads": [list(load_row(load)) for load in (*bursts, *hours)],
        "calls": {f"{load.name} {load.landscape.accounts}": load.by_service() for load in shown},
    }
