"""What a deployment is put to: a steady load, a burst of approvals, an hour in which half of all calls fail."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.scale.deployment import Deployment
from bench.scale.landscape import WORKING_HOURS, Landscape, Placed
from bench.scale.rates import BAD_HOUR, FAIR, RATES, Rate, Weather

HOUR = 3_600.0
STEADY = 100
"""Grants that a steady load is observed for, and as many revokes: enough for a 99th percentile."""
STANDS = WORKING_HOURS * HOUR
"""Seconds until an observed grant is revoked; one that stands longer would only prolong the simulation."""
BURST = 1_000
"""Approvals of a burst."""
IN_BAD_HOUR = 200
"""Grants that are asked for in a bad hour."""


@dataclass
class Load:
    """What came of a load.

    Args:
        name: of the load.
        landscape: of the domain.
        grants: seconds from the event to the end of each grant, sorted.
        revokes: the same of each revoke.
        statuses: what DataZone shows in the end.
        calls: that were answered, by operation.
        refused: calls beyond a rate, by operation.
        failed: calls that the weather has failed, by operation.
        invocations: of functions.
        cold: of these, those that started cold.
        transitions: of machines.
        gb_seconds: of functions.
        read_units: of DynamoDB.
        most: invocations that ran in one account at the same time at most.
    """

    name: str
    landscape: Landscape
    grants: list[float] = field(default_factory=list)
    revokes: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    invocations: int = 0
    cold: int = 0
    transitions: int = 0
    gb_seconds: float = 0.0
    read_units: int = 0
    most: int = 0

    @property
    def requests(self) -> int:
        """Grants and revokes."""
        return len(self.grants) + len(self.revokes)

    def by_service(self) -> dict[str, float]:
        """Calls of one request, by service."""
        services: Counter[str] = Counter()
        for operation, count in self.calls.items():
            services[operation.split(":")[0]] += count
        return {name: services[name] / self.requests for name in sorted(services)}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the sorted values lies.

    Args:
        values: sorted, at least one.
        share: 0 to 1.
    """
    return values[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


def steady(landscape: Landscape, count: int = STEADY) -> Load:
    """Grants at random moments of working hours, and the revoke of each.

    Args:
        landscape: of the domain.
        count: grants that are observed.
    """
    load, deployment = Load("steady", landscape), Deployment(landscape)
    mean = WORKING_HOURS * HOUR / landscape.grants_a_day
    at = 0.0
    for placed in _spread(landscape, count):
        deployment.ask(placed)
        at += deployment.chance.expovariate(1 / mean)
        _begin_later(deployment, at, partial(_grant_and_revoke, deployment, load, placed))
    return _run(deployment, load)


def burst(
    landscape: Landscape,
    count: int = BURST,
    rates: Mapping[str, Rate] = RATES,
    reserved: Mapping[str, int] | None = None,
) -> Load:
    """So many requests approved in the same moment.

    Args:
        landscape: of the domain.
        count: requests.
        rates: what the services let through.
        reserved: short name of a function -> its reserved concurrency in an account.
    """
    load, deployment = Load("burst", landscape), Deployment(landscape, rates=rates, reserved=reserved)
    for placed in _spread(landscape, count):
        deployment.ask(placed)
        _begin_later(deployment, 0.0, partial(_observe, deployment, load, placed, "Grant"))
    return _run(deployment, load)


def bad_hour(landscape: Landscape, count: int = IN_BAD_HOUR, weather: Weather = BAD_HOUR) -> Load:
    """Requests evenly over an hour in which calls fail, and then no more.

    Args:
        landscape: of the domain.
        count: requests.
        weather: of that hour.
    """
    load = Load("bad hour", landscape)
    forecast = _hour_of(weather)
    deployment = Deployment(landscape, forecast)
    for number, placed in enumerate(_spread(landscape, count)):
        deployment.ask(placed)
        _begin_later(deployment, number * HOUR / count, partial(_observe, deployment, load, placed, "Grant"))
    return _run(deployment, load)


def _begin_later(deployment: Deployment, seconds: float, work: Callable[[], object]) -> None:
    """Only what has begun has a thread."""
    deployment.time.later(seconds, partial(deployment.time.spawn, work))


def _grant_and_revoke(deployment: Deployment, load: Load, placed: Placed) -> None:
    _observe(deployment, load, placed, "Grant")
    deployment.time.sleep(STANDS)
    _observe(deployment, load, placed, "Revoke")


def _hour_of(weather: Weather) -> Callable[[float], Weather]:
    began: list[float] = []

    def forecast(moment: float) -> Weather:
        began.append(moment) if not began else None
        return weather if moment < began[0] + HOUR else FAIR

    return forecast


def _spread(landscape: Landscape, count: int) -> list[Placed]:
    return [landscape.grant(number) for number in range(count)]


def _observe(deployment: Deployment, load: Load, placed: Placed, kind: str) -> None:
    began = deployment.time.now()
    status = deployment.request(placed, kind)
    (load.grants if kind == "Grant" else load.revokes).append(deployment.time.now() - began)
    load.statuses[status] += 1


def _run(deployment: Deployment, load: Load) -> Load:
    deployment.run()
    calls, functions = deployment.calls, deployment.functions
    load.grants.sort()
    load.revokes.sort()
    load.calls, load.refused, load.failed = calls.counts, calls.refused, calls.failed
    load.read_units = calls.read_units
    load.invocations, load.cold = functions.invocations.total(), functions.cold.total()
    load.transitions, load.gb_seconds, load.most = deployment.machines.transitions, functions.gb_seconds, functions.most
    return load
