"""Many grants at the same moment through all functions, warm; once more at DataZone's documented rates.

What the machines add between the functions is not in the times. A call beyond a rate is refused like DataZone does it
(ThrottlingException) and tried again as botocore's standard mode does, then by the machine's own retries.
"""

from __future__ import annotations

import copy
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench.accounts import Accounts
from bench.scale.calls import DOMAIN
from bench.scale.rates import RATES as RATES_OF_AWS
from streamgov_core.model.command import WAITING, GrantCommand
from streamgov_core.model.errors import RetryableGrantError
from tests.unit.domain.test_collect_report import done
from tests.unit.grants.fakes import CLUSTER, CONSUMER, OWNER, ROLE, grant_event

RATES: Mapping[str, float] = {
    method: RATES_OF_AWS[name].per_second for method, (name,) in DOMAIN.items() if name in RATES_OF_AWS
}
"""Calls a second of an account by method of the gateway; GetListing and UpdateSubscriptionGrantStatus have no rate."""
SDK_ATTEMPTS = 8
SDK_CEILING = 20.0
MACHINE_ATTEMPTS = 5


@dataclass
class Bucket:
    """A token bucket that holds one second's worth of calls.

    Args:
        rate: calls a second.
    """

    rate: float
    tokens: float = field(init=False)
    at: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.tokens = self.rate

    def take(self) -> bool:
        """Whether one more call is let through now."""
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate)
            self.at = now
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True


class Throttle:
    """Refuses calls beyond their rates, and tries them again as the SDK does.

    Args:
        latency: seconds of a call that is refused.
        seed: of the jitter.
    """

    def __init__(self, latency: float, seed: int = 1) -> None:
        self._buckets = {name: Bucket(rate) for name, rate in RATES.items()}
        self._latency = latency
        self._random = random.Random(seed)
        self.refused = 0

    def limit(self, thing: Any) -> None:
        """Put rates on the methods of a gateway."""
        for name, bucket in self._buckets.items():
            setattr(thing, name, self._limited(bucket, getattr(thing, name)))

    def _limited(self, bucket: Bucket, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            for attempt in range(SDK_ATTEMPTS):
                if bucket.take():
                    return method(*arguments)
                self.refused += 1
                time.sleep(self._latency + self._random.random() * min(2.0**attempt, SDK_CEILING))
            raise RetryableGrantError("throttled")

        return call


def at_once(count: int, latency: float, *, rates: bool) -> dict[str, Any]:
    """So many grants of a topic each, to a role each, on one cluster.

    Returns:
        grants, seconds until the first and the last is granted, writes of the cluster's policy, refused calls.
    """
    accounts, throttle = Accounts(ROLE), Throttle(latency)
    for number in range(count):
        _ask(accounts, number)
    if rates:
        throttle.limit(accounts.central.domain)
    began = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        ends = sorted(pool.map(lambda number: _chain(accounts, number) - began, range(count)))
    statuses = {grant["assets"][0]["status"] for name, grant in accounts.central.domain.grants.items()}
    return {
        "grants": count,
        "rates": rates,
        "first": round(ends[0], 2),
        "last": round(ends[-1], 2),
        "writes": len(accounts.members[OWNER].gateway.policies.writes),
        "refused": throttle.refused,
        "statuses": sorted(statuses),
    }


def _ask(accounts: Accounts, number: int) -> None:
    """A grant with a listing and a target of its own."""
    domain, role = accounts.central.domain, f"arn:aws:iam::{CONSUMER}:role/streaming/r{number}"
    forms = {
        "MskSourceReferenceFormType": {"cluster_arn": CLUSTER, "cluster_type": "PROVISIONED"},
        "KafkaSchemaFormType": {"kafka_topic": f"topic-{number}"},
    }
    domain.add_grant(grant_id=f"grant{number}", forms=forms, principals=(role,))
    accounts.members[CONSUMER].gateway.iam.add(role)
    for things, name in ((domain.listings, "listing1"), (domain.targets, "target1")):
        things[f"{name}-{number}"] = copy.deepcopy(things[name])
    grant = domain.grants[f"grant{number}"]
    grant["grantedEntity"]["listing"]["id"] = f"listing1-{number}"
    grant["subscriptionTargetId"] = f"target1-{number}"


def _chain(accounts: Accounts, number: int) -> float:
    """One grant through collect, both sides, and report: when it was over."""
    execution = f"execution-{number}"
    (item,) = _machine(lambda: accounts.central.collect(grant_event(f"grant{number}"), execution))
    for stage in ("first", "second"):
        for step in item["do"][stage]:
            member, order = accounts.members[step["command"]["account"]], step["command"]
            member.gateway.recorded(GrantCommand.parse(order))
            answer = _machine(partial(member.run, order))
            while answer["status"] == WAITING:
                answer = _machine(partial(member.run, order))
            assert answer["status"] == "APPLIED"
    _machine(lambda: accounts.central.report(item, **done(item)))
    return time.perf_counter()


def _machine(call: Callable[[], Any]) -> Any:
    """What the machine's retries do (``workflow._retries``)."""
    for attempt in range(MACHINE_ATTEMPTS):
        try:
            return call()
        except RetryableGrantError:
            time.sleep(random.random() * min(2.0 * 2**attempt, 30.0))
    return call()
