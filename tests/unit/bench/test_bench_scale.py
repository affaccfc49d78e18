"""The virtual clock, what costs time on it, and small sizes of what ``python -m bench scale`` simulates."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from aws_emulator.compute.states.failures import StateFailure
from aws_emulator.kernel import rates as documented
from bench.scale import calls, rates
from bench.scale.deployment import Deployment
from bench.scale.figures import check
from bench.scale.functions import Functions
from bench.scale.landscape import Landscape
from bench.scale.loads import bad_hour, burst, percentile, steady
from bench.scale.quotas import MOST, met_at, uses
from bench.scale.reconciling import reconcile
from bench.scale.run import quiet
from bench.scale.virtual import VirtualPool, VirtualTime
from streamgov_core.domain.reconcile.pace import CALLS_PER_SECOND, DOCUMENTED_RATE
from streamgov_core.model.command import Answer
from streamgov_core.model.errors import RetryableGrantError, ThrottledError

pytestmark = pytest.mark.slow

WARM = Path(__file__).resolve().parents[3] / "docs" / "cold-start.md"
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
    buckets = rates.Buckets(time.now, {"x:Y": rates.Rate(2, 3, rates.ASSUMED)})
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
    made = calls.Calls(time, rates.Buckets(time.now), lambda moment: weather, random.Random(1))
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


def test_a_run_of_the_reconciler_stays_below_the_smallest_rate_of_what_it_calls_even_if_all_share_it() -> None:
    with quiet():
        run = reconcile(Landscape(3, 60))
    rated = [rates.RATES[name].per_second for name in run.calls if name.startswith("datazone:") and name in rates.RATES]
    assert min(rated) == DOCUMENTED_RATE > CALLS_PER_SECOND


def test_every_rate_names_its_source_and_datazones_are_those_that_the_sandbox_enforces() -> None:
    for name, rate in rates.RATES.items():
        assert rate.source and 0 < rate.per_second <= rate.burst, name
    for (service, name), enforced in documented.RATES.items():
        if service == "datazone":
            assert rates.RATES[f"datazone:{name}"].per_second == enforced.per_second
            assert enforced.source == documented.DATAZONE


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
    deployment.time.spawn(requests)
    with quiet():
        deployment.run()
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
    deployment.time.spawn(lambda: statuses.append(deployment.request(placed)))
    with quiet():
        deployment.run()
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
    deployment.time.spawn(lambda: deployment.request(placed))
    with quiet():
        deployment.run()
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


def test_reserved_concurrency_of_a_function_bounds_it_and_no_other() -> None:
    time, told = VirtualTime(0.0), list[str]()

    def handler(account: str, payload: Any, context: Any) -> str:
        time.sleep(10)
        return "done"

    made = Functions(time, {"collect": handler, "report": handler}, {"collect": 2})

    def invoke(account: str, name: str) -> None:
        try:
            told.append(f"{account} {name} {made.invoke(account, name, {})}")
        except StateFailure as failure:
            told.append(f"{account} {name} {failure.error}")

    for account, name in [("1", "collect")] * 3 + [("2", "collect")] + [("1", "report")] * 3:
        time.spawn(partial(invoke, account, name))
    time.run()
    assert Counter(told) == {
        "1 collect Lambda.TooManyRequestsException": 1,
        "1 collect done": 2,
        "2 collect done": 1,
        "1 report done": 3,
    }


@pytest.mark.parametrize(
    ("given", "reserved"),
    [(rates.RATES, {"collect": 3}), (rates.shared(), {}), (rates.shared(), {"collect": 3})],
    ids=["each, queue", "shared", "shared, queue"],
)
def test_a_burst_ends_granted_however_datazone_counts_and_with_a_queue(
    given: Mapping[str, rates.Rate], reserved: Mapping[str, int]
) -> None:
    with quiet():
        load = burst(Landscape(100, 1_000), count=20, rates=given, reserved=reserved)
    assert load.statuses == {"GRANTED": 20}
    assert load.most < 20 if reserved else load.most == 20


def test_operations_with_the_same_rate_share_it_in_the_other_reading() -> None:
    time = VirtualTime(0.0)
    together, each = (rates.Buckets(time.now, given) for given in (rates.shared(), rates.RATES))
    asked = ["datazone:GetEnvironment", "datazone:GetSubscription"] * 8
    assert sum(together.take(name, "1") for name in asked) == 8 and sum(each.take(name, "1") for name in asked) == 16
    assert together.take("datazone:PostLineageEvent", "1") and together.take("ssm:PutParameter", "1")


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
    each = {name: count / load.requests for name, count in load.calls.items()}
    first = uses(Landscape(10, 10_000), each, load.most)[0]
    assert first.quota.startswith("MSK: brokers") and first.share > 1


@pytest.mark.parametrize("accounts", [10, 1_000])
def test_a_quota_holds_as_many_grants_as_are_said_and_not_one_more(accounts: int) -> None:
    each = {"datazone:GetSubscriptionGrant": 1.0, "kafka:PutClusterPolicy": 1.0}
    met = met_at(accounts, each)
    assert met["MSK: brokers of an account"] == 1_200 * accounts // 10
    assert met["DataZone: environments of a domain"] == (19_800 if accounts == 10 else 0)
    for quota, grants in met.items():
        for stand in {max(1, grants), grants + 1}:
            (use,) = [use for use in uses(Landscape(accounts, stand), each) if use.quota == quota]
            assert (use.share <= 1) == (stand <= grants) or stand > MOST, (quota, stand)
