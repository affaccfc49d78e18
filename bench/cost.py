"""What a deployment costs a month: list prices times counts that were measured in the sandbox.

Counts of one grant and one reconcile run were taken from the histories of real executions and from the emulator's list
of calls, seconds from ``python -m bench access`` and ``python -m bench catalog``. docs/cost.md says how each was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bench.common import table
from streamgov_core.deploy.data_source_deployment import SYNC_MEMORY
from streamgov_core.deploy.scope import GRANT_MEMORY
from streamgov_core.deploy.snap_start import DOMAIN_FUNCTIONS, MEMBER_FUNCTIONS

PRICES_OF = "us-east-1, November 2026; check the price list"
HOURS_A_MONTH = 730

PRICES: Mapping[str, float] = MappingProxyType(
    {
        "Lambda GB-second (arm64)": 0.0000133334,
        "Lambda request": 0.20 / 1e6,
        "Step Functions state transition": 0.025 / 1e3,
        "DynamoDB write": 0.625 / 1e6,
        "DynamoDB read": 0.125 / 1e6,
        "KMS key": 1.0,
        "CloudWatch alarm": 0.10,
        "CloudWatch dashboard": 3.0,
        "CloudWatch custom metric": 0.30,
        "CloudWatch Logs GB": 0.50,
    }
)
"""Price of one unit in USD; keys, alarms, metrics and parameters are by month."""

SNAPSHOT_CACHE = 0.0000015046
"""USD for a GB of memory and a second, for each version with SnapStart while it exists, three hours at least."""
SNAPSHOT_RESTORE = 0.0001397998
"""USD for a GB of memory, each time that an environment is restored."""


@dataclass(frozen=True)
class Workload:
    """What one grant, revoke or run uses.

    Args:
        transitions: states entered, in all its executions.
        requests: invocations of functions.
        gb_seconds: seconds of functions times their memory in GB.
        writes: DynamoDB write requests.
        reads: DynamoDB read requests.
        log_bytes: what functions and machines log. An assumption.
    """

    transitions: int = 0
    requests: int = 0
    gb_seconds: float = 0.0
    writes: int = 0
    reads: int = 0
    log_bytes: int = 0

    def units(self, times: int) -> dict[str, float]:
        """Name of the price -> units of ``times`` repetitions."""
        return {
            "Lambda GB-second (arm64)": self.gb_seconds * times,
            "Lambda request": self.requests * times,
            "Step Functions state transition": self.transitions * times,
            "DynamoDB write": self.writes * times,
            "DynamoDB read": self.reads * times,
            "CloudWatch Logs GB": self.log_bytes * times / 1e9,
        }


@dataclass(frozen=True)
class Usage:
    """What a deployment does in a month, and what stands in it all the time."""

    grants: int
    revokes: int
    sync_runs: int
    sync: Workload
    reconcile_runs: int = HOURS_A_MONTH
    keys: int = 3
    alarms: int = 24
    dashboards: int = 3
    custom_metrics: int = 12
    """By name and dimensions, in each account: six of a reconcile run, four of all data sources, one of each."""


GRANT = Workload(
    transitions=43, requests=6, gb_seconds=0.47 * GRANT_MEMORY / 1024, writes=10, reads=5, log_bytes=20_000
)
REVOKE = Workload(
    transitions=29, requests=4, gb_seconds=0.32 * GRANT_MEMORY / 1024, writes=9, reads=3, log_bytes=20_000
)
RECONCILE = Workload(transitions=41, requests=11, gb_seconds=11 * 0.5, writes=16, reads=30, log_bytes=30_000)
SYNC_100 = Workload(
    transitions=11, requests=3, gb_seconds=0.33 * SYNC_MEMORY / 1024, writes=14, reads=20, log_bytes=6_000
)
SYNC_1000 = Workload(
    transitions=23, requests=6, gb_seconds=2.3 * SYNC_MEMORY / 1024, writes=50, reads=60, log_bytes=10_000
)

USAGES: Mapping[str, Usage] = MappingProxyType(
    {
        "idle": Usage(grants=0, revokes=0, sync_runs=2 * HOURS_A_MONTH, sync=SYNC_100),
        "busy": Usage(grants=10_000, revokes=10_000, sync_runs=2 * HOURS_A_MONTH, sync=SYNC_1000, custom_metrics=20),
    }
)
"""Two data sources in one producer's account, and one consumer's account, as in the sandbox. Busy: ten thousand
grants and revokes a month, and a thousand schemas in each registry."""


def units(usage: Usage) -> dict[str, float]:
    """Name of the price -> units in a month."""
    found = dict.fromkeys(PRICES, 0.0)
    found["KMS key"] = usage.keys
    found["CloudWatch alarm"] = usage.alarms
    found["CloudWatch dashboard"] = usage.dashboards
    found["CloudWatch custom metric"] = usage.custom_metrics
    runs = (
        (GRANT, usage.grants),
        (REVOKE, usage.revokes),
        (RECONCILE, usage.reconcile_runs),
        (usage.sync, usage.sync_runs),
    )
    for workload, times in runs:
        for name, number in workload.units(times).items():
            found[name] += number
    return found


def cost(usage: Usage) -> dict[str, float]:
    """Name of the price -> USD a month."""
    return {name: number * PRICES[name] for name, number in units(usage).items()}


def snapshot_functions(members: int) -> int:
    """How many functions have snapshots with ``snapStart: true``.

    Args:
        members: number of member accounts.
    """
    return len(DOMAIN_FUNCTIONS) + members * len(MEMBER_FUNCTIONS)


def snapshot_cache_cost(members: int) -> float:
    """USD a month of the snapshots, whether anything is granted or not."""
    seconds = HOURS_A_MONTH * 3600
    return snapshot_functions(members) * GRANT_MEMORY / 1024 * seconds * SNAPSHOT_CACHE


def snapshot_restore_cost(grants: int) -> float:
    """USD of grants across two accounts for which each function is restored once: collect, apply twice, report."""
    return grants * snapshot_functions(2) * GRANT_MEMORY / 1024 * SNAPSHOT_RESTORE


def snapshot_table() -> str:
    """What ``snapStart: true`` adds a month, by the number of member accounts."""
    rows = [
        (
            f"{members:,}",
            f"{snapshot_functions(members):,}",
            f"{snapshot_cache_cost(members):,.2f}",
            f"{snapshot_restore_cost(10_000):,.2f}",
        )
        for members in (1, 2, 10, 100, 1_000)
    ]
    head = ("member accounts", "functions with snapshots", "cache, USD a month", "restores of 10,000 cold grants, USD")
    return table(head, rows)


def main(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Print what each usage costs. There are no arguments."""
    used = {name: units(usage) for name, usage in USAGES.items()}
    costs = {name: cost(usage) for name, usage in USAGES.items()}
    head = ("unit", "USD", *(text for name in USAGES for text in (f"{name}: units", "USD a month")))
    rows = [
        (
            price,
            f"{PRICES[price]:.10f}".rstrip("0").rstrip("."),
            *(text for name in USAGES for text in (f"{used[name][price]:,.1f}", f"{costs[name][price]:.2f}")),
        )
        for price in PRICES
    ]
    totals = [text for name in USAGES for text in ("", f"{sum(costs[name].values()):.2f}")]
    print(f"Prices: {PRICES_OF}\n")
    print(table(head, [*rows, ("sum", "", *totals)]))
    print(f"\nOnly with snapStart: true, in addition:\n\n{snapshot_table()}")
    snapshots = {str(members): snapshot_cache_cost(members) for members in (2, 1_000)}
    return {"prices of": PRICES_OF, "USD a month": costs, "SnapStart, USD a month by members": snapshots}
