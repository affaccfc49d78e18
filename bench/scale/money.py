"""What a domain of some size costs a month: counts of the simulation times list prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from bench.cost import HOURS_A_MONTH, PRICES, SYNC_1000, Workload
from bench.scale.landscape import DAYS_A_MONTH, DOMAIN_ACCOUNT, DOMAIN_ID, NAMES, Landscape
from bench.scale.loads import Load
from bench.scale.reconciling import Run
from streamgov_core.deploy.domain_deployment import domain_account
from streamgov_core.deploy.member_deployment import member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import AlarmSpec, DashboardSpec, FunctionSpec, MachineSpec

LOG_BYTES = 20_000
"""Logged for a request; an assumption."""
METRICS = 8
"""Custom metrics of an account."""


@cache
def fixed(account: str) -> Mapping[str, float]:
    """Name of the price -> units that an account's parts cost whatever happens in it.

    Args:
        account: ``domain`` or ``member``.
    """
    scope = AccountScope(NAMES, DOMAIN_ACCOUNT)
    parts: Any
    if account == "domain":
        parts = domain_account(
            scope, domain_id=DOMAIN_ID, members=("222222222222",), asset_types=("MskTopicAssetType",)
        )
    else:
        parts = member_account(scope, domain_id=DOMAIN_ID, domain_account=DOMAIN_ACCOUNT)
    found = list(_parts(parts))
    return {
        "KMS key": 1.0,
        "CloudWatch alarm": float(sum(_alarms(part) for part in found)),
        "CloudWatch dashboard": float(sum(isinstance(part, DashboardSpec) for part in found)),
        "CloudWatch custom metric": float(METRICS),
    }


def a_month(landscape: Landscape, load: Load) -> dict[str, float]:
    """USD a month: ``standing`` for what is charged by the month, ``requests`` and ``data sources`` for what happens.

    Args:
        landscape: of the domain.
        load: a steady one.
    """
    domain, member = fixed("domain"), fixed("member")
    standing = sum(PRICES[name] * (domain[name] + landscape.accounts * member[name]) for name in domain)
    requests = 2 * landscape.grants_a_day * DAYS_A_MONTH
    writes = sum(count for name, count in load.calls.items() if name in ("dynamodb:UpdateItem", "dynamodb:PutItem"))
    of_load = Workload(
        transitions=load.transitions,
        requests=load.invocations,
        gb_seconds=load.gb_seconds,
        writes=writes,
        reads=load.read_units,
        log_bytes=LOG_BYTES * load.requests,
    )
    return {
        "standing": standing,
        "requests": _price(of_load) * requests / load.requests,
        "data sources": _price(SYNC_1000) * HOURS_A_MONTH * landscape.owners,
    }


def _alarms(part: Any) -> int:
    """Alarms that a part is watched by: some are derived from what they watch."""
    if isinstance(part, MachineSpec):
        return len(part.alarms)
    return int(isinstance(part, AlarmSpec | FunctionSpec))


def run_money(run: Run) -> float:
    """USD a month for a reconcile run every hour.

    Args:
        run: one of them.
    """
    writes = sum(count for name, count in run.calls.items() if name in ("dynamodb:UpdateItem", "dynamodb:PutItem"))
    of_run = Workload(
        transitions=run.transitions,
        requests=run.invocations.total(),
        gb_seconds=run.gb_seconds,
        writes=writes,
        reads=run.read_units,
        log_bytes=LOG_BYTES,
    )
    return _price(of_run) * HOURS_A_MONTH


def _price(workload: Workload) -> float:
    return sum(PRICES[name] * number for name, number in workload.units(1).items())


def _parts(part: Any) -> Iterator[Any]:
    """A specification and everything inside it."""
    if is_dataclass(part):
        yield part
        for member in fields(part):
            yield from _parts(getattr(part, member.name))
    elif isinstance(part, tuple | list):
        for inner in part:
            yield from _parts(inner)
