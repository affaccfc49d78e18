"""A thousand approvals at once on a virtual clock, through the deployed machines' own retries: none fails for a rate.

Rates: those that `bench scale` simulates (`bench.scale.rates`). DataZone's table is read in both ways: each operation
has a rate of its own, or all reads share one.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from bench.scale.calls import DOMAIN
from bench.scale.figures import EACH, SHARED, rates_of
from bench.scale.rates import RATES, Buckets
from bench.scale.tables import floor
from streamgov_core.deploy.central_machine import central_definition
from streamgov_core.deploy.member_machine import MEMBER_TIMEOUT, member_definition
from streamgov_core.deploy.task_states import MEMBER_NO_ROOM, NO_ROOM
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT
from streamgov_core.model.errors import ThrottledError
from tests.unit.deploy.test_machines import states
from tests.unit.domain.test_collect_report import Central, done
from tests.unit.grants.fakes import CONSUMER, NAMES

pytestmark = pytest.mark.slow

CENTRAL = dict(states(central_definition(NAMES, "111111111111")))
MEMBER = dict(states(member_definition(NAMES, CONSUMER, "111111111111")))
APPROVALS = 1_000
LATENCY = 0.1
RATED = {method: names for method, names in DOMAIN.items() if {*names} & {*RATES}}
"""What DataZone documents a rate for, of what the functions call: methods of the gateway, and their operations."""

Waits = Generator[float, None, bool]
"""Yields seconds to wait; returns whether there was room."""


@dataclass
class Clock:
    """Runs processes that only wait."""

    now: float = 0.0
    waiting: list[tuple[float, int, Iterator[float]]] = field(default_factory=list)
    count: int = 0

    def add(self, process: Iterator[float], at: float) -> None:
        self.count += 1
        heapq.heappush(self.waiting, (at, self.count, process))

    def run(self) -> None:
        while self.waiting:
            self.now, _, process = heapq.heappop(self.waiting)
            pause = next(process, None)
            if pause is not None:
                self.add(process, self.now + pause)


def calls(buckets: Buckets, operations: Sequence[str], attempts: int, dice: random.Random) -> Waits:
    """One invocation: rated calls one after the other, each tried again as botocore's standard mode does."""
    for operation in operations:
        for attempt in range(attempts):
            yield LATENCY
            if buckets.take(operation, CONSUMER):
                break
            yield dice.random() * min(2.0**attempt, 20.0)
        else:
            return False
    return True


def task(state: Mapping[str, Any], invoke: Callable[[], Waits], error: str, dice: random.Random) -> Waits:
    """A task with its retries of one error, each with full jitter."""
    (rule,) = [item for item in state["Retry"] if error in item["ErrorEquals"]]
    for attempt in range(rule["MaxAttempts"] + 1):
        if (yield from invoke()):
            return True
        if attempt < rule["MaxAttempts"]:
            ceiling = min(rule["IntervalSeconds"] * rule["BackoffRate"] ** attempt, rule["MaxDelaySeconds"])
            yield dice.random() * ceiling
    return False


def patiently(name: str, invoke: Callable[[], Waits], dice: random.Random) -> Iterator[float]:
    """A task of the central machine until there was room: its retries, its catch, the wait that it leads to."""
    state = CENTRAL[name]
    while not (yield from task(state, invoke, ThrottledError.__name__, dice)):
        (caught,) = [item for item in state["Catch"] if ThrottledError.__name__ in item["ErrorEquals"]]
        wait = CENTRAL[caught["Next"]]
        assert wait["Type"] == "Wait" and wait["Next"] == name, f"{name} gives up after its retries"
        yield float(wait["Seconds"])


def rated_calls() -> tuple[list[str], list[str]]:
    """Operations with a documented rate that the collector and the reporter call for one grant."""
    central = Central()
    central.domain.add_grant()
    counted: list[str] = []

    def count(name: str, method: Callable[..., Any], *arguments: Any) -> Any:
        counted.extend(RATED[name])
        return method(*arguments)

    for name in RATED:
        method = getattr(central.domain, name)
        setattr(central.domain, name, partial(count, name, method))
    (item,) = central.collect()
    collected = len(counted)
    central.report(item, **done(item))
    return counted[:collected], counted[collected:]


@pytest.mark.parametrize(
    ("reading", "concurrency", "times_the_floor"),
    [(SHARED, None, 7.0), (SHARED, 10, 1.1), (SHARED, 2, 1.6), (EACH, None, 1.3), (EACH, 10, 1.3), (EACH, 2, 3.0)],
)
def test_a_thousand_approvals_at_once_are_collected_and_reported_at_eight_calls_a_second(
    reading: str, concurrency: int | None, times_the_floor: float
) -> None:
    """All are granted in any case; reserved concurrency is the queue that makes it quick where all reads share a rate.

    Without it whoever has got four of five calls loses them to the crowd when the fifth finds no room.
    """
    collected, reported = rated_calls()
    assert len(collected) + len(reported) <= 8
    clock, dice, ends, running = Clock(), random.Random(20), list[float](), list[None]()
    rates = rates_of(reading)
    buckets = Buckets(lambda: clock.now, rates)

    def collect() -> Waits:
        if concurrency is not None and len(running) >= concurrency:
            yield LATENCY  # Lambda.TooManyRequestsException
            return False
        running.append(None)
        found = yield from calls(buckets, collected, 8, dice)
        running.pop()
        return found

    def grant() -> Iterator[float]:
        yield from patiently("Collect", collect, dice)
        yield from patiently("Report", lambda: calls(buckets, reported, 8, dice), dice)
        ends.append(clock.now)

    for _ in range(APPROVALS):
        clock.add(grant(), dice.random())
    clock.run()
    least = floor(Counter(collected + reported), rates, APPROVALS)
    assert len(ends) == APPROVALS and max(ends) < CENTRAL_TIMEOUT - 3600
    assert max(ends) < times_the_floor * least, f"{max(ends):.0f} s, the rate alone takes {least:.0f} s"


def test_a_thousand_grants_to_one_account_wait_for_its_parameters_rate() -> None:
    """Each writes connection details: 3 a second, and ``apply`` tries five times within an invocation."""
    clock, dice, ends, answers = Clock(), random.Random(20), list[float](), list[float]()
    buckets = Buckets(lambda: clock.now)
    put = ["ssm:PutParameter"]
    (again,) = [item for item in CENTRAL["SecondInvoke"]["Retry"] if MEMBER_NO_ROOM in item["ErrorEquals"]]

    def member() -> Waits:
        begun = clock.now
        granted = yield from task(MEMBER["Apply"], lambda: calls(buckets, put, 5, dice), ThrottledError.__name__, dice)
        answers.append(clock.now - begun)
        return granted

    def grant() -> Iterator[float]:
        if (yield from task({"Retry": [again]}, member, MEMBER_NO_ROOM, dice)):
            ends.append(clock.now)

    for _ in range(APPROVALS):
        clock.add(grant(), dice.random())
    clock.run()
    assert len(ends) == APPROVALS, "every one found room before the central machine gave the account up"
    assert max(answers) < MEMBER_TIMEOUT, "and each time the member machine could say that there was none"
    assert max(ends) < 3 * APPROVALS / RATES["ssm:PutParameter"].per_second, f"{max(ends):.0f} s"


@pytest.mark.parametrize("name", ["Collect", "Report", "ReportCollectFailure"])
def test_no_rate_ends_a_grant_in_the_domain_account(name: str) -> None:
    (caught,) = [item for item in CENTRAL[name]["Catch"] if set(NO_ROOM) <= {*item["ErrorEquals"]}]
    assert CENTRAL[caught["Next"]]["Type"] == "Wait" and CENTRAL[caught["Next"]]["Next"] == name
    # What is caught here is no failure: it must not be taken for the reason of one.
    assert caught["ResultPath"] == "$.noRoom" and CENTRAL[name]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_no_rate_ends_a_grant_in_a_member_account() -> None:
    (caught,) = [item for item in MEMBER["Apply"]["Catch"] if set(NO_ROOM) <= {*item["ErrorEquals"]}]
    answer = MEMBER[caught["Next"]]
    assert answer["Parameters"]["Error"] == MEMBER_NO_ROOM and MEMBER[answer["Next"]]["Type"] == "Succeed"


@pytest.mark.parametrize("stage", ["Prepare", "First", "Second", "UndoFirst", "UndoSecond", "ReconcileMembers"])
def test_every_stage_asks_a_member_without_room_again(stage: str) -> None:
    retries = {error: item for item in CENTRAL[f"{stage}Invoke"]["Retry"] for error in item["ErrorEquals"]}
    assert retries[MEMBER_NO_ROOM]["MaxAttempts"] >= 8 and retries["Sfn.ThrottlingException"]["MaxAttempts"] >= 10
