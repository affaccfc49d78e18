"""The virtual clock, what costs time on it, and small sizes of what ``python -m bench scale`` simulates."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from bench.scale import calls, rates
from bench.scale.deployment import Deployment
from bench.scale.landscape import Landscape
from bench.scale.loads import bad_hour, burst, percentile, steady
from bench.scale.quotas import uses
from bench.scale.reconciling import reconcile
from bench.scale.run import Size, check, quiet, quota_row, steady_row
from bench.scale.virtual import VirtualPool, VirtualTime, virtual_pools
from streamgov_core.domain.reconcile.pace import CALLS_PER_SECOND
from streamgov_core.model.command import Answer
from streamgov_core.model.errors import RetryableGrantError, ThrottledError

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scale.md"
WARM = PAGE.with_name("cold-start.md")
SERVICES = {"states": "stepfunctions"}
SMALL = Landscape(10, 1_000)


def test_no_time_passes_but_by_waiting_and_whoever_is_due_first_goes_on_first() -> None:
    time, seen = VirtualTime(0.0), list[tuple[str, float]]()

    def work(name: str, seconds: float) -> None:
        for _ in range(2):
            time.sleep(seconds)
            seen.append((name, time.now()))

    time.spawn(lambda: work("slow", 5))
    time.spawn(lambda: work("fast", 2))
    time.run()
    assert seen == [("fast", 2), ("fast", 4), ("slow", 5), ("slow", 10)]


def test_a_pool_runs_as_many_pieces_side_by_side_as_it_has_threads() -> None:
    time, ends = VirtualTime(0.0), list[float]()

    def work(seconds: float) -> float:
        time.sleep(seconds)
        return time.now()

    def all_of_it() -> None:
        with VirtualPool(time, 2) as pool:
            ends.extend(pool.map(work, [1, 1, 1]))

    time.spawn(all_of_it)
    time.run()
    assert ends == [1, 1, 2]


def test_an_error_reaches_whoever_waits_for_the_result() -> None:
    time, nothing = VirtualTime(), dict[str, int]()
    future = time.spawn(lambda: nothing["nothing"])
    time.run()
    with pytest.raises(KeyError):
        future.result()


def test_waiting_for_what_never_comes_is_said() -> None:
    time = VirtualTime()
    time.spawn(lambda: time.block())
    with pytest.raises(RuntimeError, match="never comes"):
        time.run()


def test_a_rate_lets_its_burst_through_and_then_so_many_a_second() -> None:
    time = VirtualTime(0.0)
    buckets = rates.Buckets(time, {"x:Y": rates.Rate(2, 3, rates.ASSUMED)})
    assert [buckets.take("x:Y", "1") for _ in range(4)] == [True, True, True, False]
    assert buckets.take("x:Y", "2") and buckets.take("x:Other", "1")
    time.later(0.5, lambda: None)
    time.run()
    assert [buckets.take("x:Y", "1") for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("weather", "error"),
    [(rates.Weather(throttled=1.0), ThrottledError), (rates.Weather(failing=1.0), RetryableGrantError)],
)
def test_a_call_is_tried_again_as_often_as_the_sdk_does_and_then_fails(
    weather: rates.Weather, error: type[Exception]
) -> None:
    time = VirtualTime()
    made = calls.Calls(time, rates.Buckets(time), lambda moment: weather, random.Random(1))
    future = time.spawn(lambda: made.make("iam:GetRole", "1", attempts=5))
    time.run()
    assert isinstance(future.exception(), error) and type(future.exception()) is error
    assert made.failed["iam:GetRole"] == 5 and not made.counts


def test_every_operation_is_one_of_aws() -> None:
    session = Session()
    named = {name for gateway in calls.EVERY_GATEWAY for names in gateway.values() for name in names}
    for operation in sorted({*named, *rates.RATES} - {"states:StateTransition"}):
        service, _, name = operation.partition(":")
        assert name in session.get_service_model(SERVICES.get(service, service)).operation_names, operation


def test_what_is_simulated_is_the_same_each_time_and_grants_and_revokes_everything() -> None:
    with quiet():
        first, second = (steady(SMALL, count=10) for _ in range(2))
    assert (first.grants, first.calls, first.gb_seconds) == (second.grants, second.calls, second.gb_seconds)
    assert first.statuses == {"GRANTED": 10, "REVOKED": 10}
    assert first.calls["kafka:PutClusterPolicy"] == first.calls["iam:PutRolePolicy"] == 20
    assert first.calls["datazone:GetSubscriptionGrant"] == 20


WAVES = {
    "Grant": {"collect": 4, "apply, prepare": 1, "apply, producer": 4, "apply, consumer": 4, "report": 3},
    "Revoke": {"collect": 2, "apply, consumer": 4, "apply, producer": 3, "report": 3},
}
"""Calls that each function waits for one after the other, at most: the others are made beside them."""


@pytest.mark.parametrize("kind", ["Grant", "Revoke"])
def test_calls_are_made_side_by_side(kind: str) -> None:
    second = rates.Weather(median=1.0, spread=0.0)
    deployment, placed = Deployment(SMALL, lambda moment: second), SMALL.grant(0)
    waited: dict[str, int] = {}

    def timed(name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        def run(account: str, payload: Any, context: Any) -> Any:
            began = deployment.time.now()
            answer = handler(account, payload, context)
            side = payload.get("side")
            step = name if side is None else f"{name}, {side}"
            waited[step] = max(waited.get(step, 0), round(deployment.time.now() - began))
            return answer

        return run

    def requests() -> None:
        for wanted in ("Grant", "Revoke"):
            waited.clear()
            deployment.request(placed, wanted)
            if wanted == kind:
                return

    deployment.functions.handlers = {name: timed(name, run) for name, run in deployment.functions.handlers.items()}
    deployment.ask(placed)
    with quiet(), virtual_pools(deployment.time):
        deployment.time.spawn(requests)
        deployment.time.run()
    assert waited == WAVES[kind]
    if kind == "Grant":
        chain = waited["collect"] + waited["apply, prepare"] + waited["report"]
        chain += max(waited["apply, producer"], waited["apply, consumer"])
        made = sum(count for name, count in deployment.calls.counts.items() if not name.startswith("states:"))
        assert f"| a grant across accounts | {made} | {chain} | {25 * chain} | |" in WARM.read_text()
        assert chain <= 12


@pytest.mark.parametrize("refused", ["producer", "consumer"])
def test_a_side_that_fails_is_undone_when_the_other_has_ended_as_well(refused: str) -> None:
    """Both are carried out at once: whatever the slower one still writes is taken back, and nothing is left."""
    deployment, placed, steps = Deployment(SMALL), SMALL.grant(0), list[str]()
    applied = deployment.functions.handlers["apply"]

    def apply(account: str, payload: Any, context: Any) -> Any:
        step = f"{payload['requestType']} {payload['side']}"
        if payload["requestType"] == "GRANT" and payload["side"] not in ("prepare", refused):
            deployment.time.sleep(20)
        answer = applied(account, payload, context)
        steps.append(step)
        if step == f"GRANT {refused}":
            return Answer("REJECTED", "no room").to_message()  # Whatever it has written.
        return answer

    deployment.functions.handlers = {**deployment.functions.handlers, "apply": apply}
    deployment.ask(placed)
    statuses: list[str] = []
    with quiet(), virtual_pools(deployment.time):
        deployment.time.spawn(lambda: statuses.append(deployment.request(placed)))
        deployment.time.run()
    slow = {"producer": "consumer", "consumer": "producer"}[refused]
    granted = [f"GRANT {refused}", f"GRANT {slow}"]
    assert steps == ["GRANT prepare", "GRANT prepare", *granted, "REVOKE consumer", "REVOKE producer"]
    assert statuses == ["GRANT_FAILED"]
    assert deployment.machines.ended == {"member: SUCCEEDED": 6, "central: SUCCEEDED": 1}
    key = placed.command().key
    for account in (placed.owner, placed.consumer):
        member = deployment.members[account]
        for document in member.ledger.documents.values():
            assert document.records[key].state == "REMOVED" and key not in document.lease_record.slots
        assert not member.parameters.values


def test_what_the_owners_account_refuses_is_refused_before_a_role_is_given_anything() -> None:
    deployment, placed = Deployment(SMALL), SMALL.grant(0)
    deployment.ask(placed)
    deployment.members[placed.owner].gateway.records.clear()
    with quiet(), virtual_pools(deployment.time):
        deployment.time.spawn(lambda: deployment.request(placed))
        deployment.time.run()
    assert deployment.domain.grants[placed.name]["assets"][0]["status"] == "GRANT_FAILED"
    assert deployment.calls.counts["iam:PutRolePolicy"] == deployment.calls.counts["kafka:PutClusterPolicy"] == 0
    assert deployment.machines.ended == {"member: SUCCEEDED": 2, "central: SUCCEEDED": 1}


def test_a_burst_ends_granted_and_no_faster_than_the_documented_rate() -> None:
    with quiet():
        load = burst(Landscape(100, 1_000), count=40)
    assert load.statuses == {"GRANTED": 40}
    assert load.refused["datazone:GetSubscriptionGrant"] > 0
    floor = (40 - rates.RATES["datazone:GetSubscriptionGrant"].burst) / 8
    assert floor < load.grants[-1] < 5 * floor + 10


def test_a_bad_hour_loses_no_grant() -> None:
    with quiet():
        load = bad_hour(SMALL, count=8)
    assert load.statuses == {"GRANTED": 8}
    assert load.failed.total() > load.calls.total() / 4
    fair = steady(SMALL, count=8)
    assert percentile(load.grants, 0.5) > 2 * percentile(fair.grants, 0.5)


def test_a_run_over_what_is_as_it_should_be_finds_nothing_and_keeps_below_its_rate() -> None:
    small = Landscape(3, 60)
    with quiet():
        run = reconcile(small)
    check(run)
    asked = sum(count for name, count in run.calls.items() if name.startswith("datazone:"))
    assert run.calls["datazone:GetAsset"] == small.grants and run.seconds > asked / CALLS_PER_SECOND - 1
    assert run.calls["iam:GetRolePolicy"] == small.consumers and run.calls["kafka:GetClusterPolicy"] == 2
    assert "kafka:PutClusterPolicy" not in run.calls and "iam:PutRolePolicy" not in run.calls


def test_more_grants_than_an_account_may_have_brokers_for_is_said() -> None:
    with quiet():
        load = steady(SMALL, count=3)
    first = uses(Landscape(10, 10_000), load)[0]
    assert first.quota.startswith("MSK: brokers") and first.share > 1


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| ").split("|")]


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").removesuffix(" %"))
    except ValueError:
        return None


def test_the_page_shows_what_the_smallest_size_gives_now() -> None:
    with quiet():
        size = Size.of(SMALL)
    shown = [_cells(line) for line in PAGE.read_text().splitlines() if line.startswith("| 10 ")]
    for row in (steady_row(size), quota_row(size)):
        (beside,) = [cells for cells in shown if cells[1] == "1,000" and len(cells) == len(row)]
        for cell, told in zip(row, beside, strict=True):
            number = _number(cell)
            assert (cell == told) if number is None else (_number(told) == pytest.approx(number, rel=0.1, abs=0.1)), (
                f"docs/scale.md shows {told}, it is {cell} now: run python -m bench scale and put its tables there"
            )
