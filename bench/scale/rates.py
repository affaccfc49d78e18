"""What services let through in a second, as token buckets on the virtual clock; and what a bad hour does to calls."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bench.scale.virtual import VirtualTime

DATAZONE = "Amazon DataZone quotas"
SYSTEMS_MANAGER = "Systems Manager: Parameter Store throughput, default"
STATES = "Step Functions quotas: us-east-1, us-west-2, eu-west-1"
ASSUMED = "not published: assumed"


@dataclass(frozen=True)
class Rate:
    """A quota of calls.

    Args:
        per_second: refilled in a second.
        burst: calls that a full bucket holds.
        source: where it is documented, or ASSUMED.
        per_thing: whether each resource has a bucket of its own; otherwise each account has.
    """

    per_second: float
    burst: float
    source: str
    per_thing: bool = False


def _datazone(rate: float) -> Rate:
    return Rate(rate, rate, DATAZONE)


RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "datazone:GetSubscriptionGrant": _datazone(8),
        "datazone:GetSubscription": _datazone(8),
        "datazone:GetSubscriptionRequestDetails": _datazone(8),
        "datazone:GetSubscriptionTarget": _datazone(8),
        "datazone:GetEnvironment": _datazone(8),
        "datazone:ListSubscriptionGrants": _datazone(8),
        "datazone:ListSubscriptions": _datazone(8),
        "datazone:PostLineageEvent": _datazone(20),
        "ssm:GetParameter": Rate(40, 40, SYSTEMS_MANAGER),
        "ssm:GetParameters": Rate(40, 40, SYSTEMS_MANAGER),
        "ssm:PutParameter": Rate(3, 3, SYSTEMS_MANAGER),
        "states:StartExecution": Rate(300, 1_300, STATES),
        "states:SendTaskSuccess": Rate(500, 3_000, STATES),
        "states:SendTaskFailure": Rate(500, 3_000, STATES),
        "states:StateTransition": Rate(5_000, 5_000, STATES),
        "dynamodb:UpdateItem": Rate(1_000, 1_000, "DynamoDB: a partition's write units", per_thing=True),
        "dynamodb:PutItem": Rate(1_000, 1_000, "DynamoDB: a partition's write units", per_thing=True),
        "dynamodb:Query": Rate(3_000, 3_000, "DynamoDB: a partition's read units", per_thing=True),
        "iam:PutRolePolicy": Rate(5, 10, ASSUMED),
        "iam:CreatePolicyVersion": Rate(5, 10, ASSUMED),
        "iam:GetRole": Rate(50, 100, ASSUMED),
        "iam:GetRolePolicy": Rate(50, 100, ASSUMED),
        "kafka:PutClusterPolicy": Rate(5, 10, ASSUMED),
        "kafka:GetClusterPolicy": Rate(20, 40, ASSUMED),
        "kafka:DescribeClusterV2": Rate(20, 40, ASSUMED),
        "kafka:GetBootstrapBrokers": Rate(20, 40, ASSUMED),
    }
)
"""By operation; any other operation is let through."""

LAMBDA_CONCURRENCY = 1_000
"""Invocations that run in an account and region at the same time ("Lambda quotas"), unless raised."""
LAMBDA_SCALING = (1_000, 10.0)
"""Sandboxes that one function gains at most in so many seconds ("Lambda function scaling")."""


@dataclass
class Bucket:
    """A token bucket.

    Args:
        rate: what it follows.
        at: when it was full.
    """

    rate: Rate
    at: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.rate.burst

    def take(self, now: float) -> bool:
        """Whether one more call is let through."""
        self.tokens = min(self.rate.burst, self.tokens + (now - self.at) * self.rate.per_second)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Buckets:
    """The buckets of every account.

    Args:
        time: the clock.
        rates: by operation.
    """

    def __init__(self, time: VirtualTime, rates: Mapping[str, Rate] = RATES) -> None:
        self._time = time
        self._rates = rates
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(self, operation: str, account: str, thing: str = "") -> bool:
        """Whether a call is let through.

        Args:
            operation: ``service:Operation``.
            account: that is called in.
            thing: the resource.
        """
        rate = self._rates.get(operation)
        if rate is None:
            return True
        key = (operation, f"{account}/{thing}" if rate.per_thing else account)
        now = self._time.now()
        bucket = self._buckets.setdefault(key, Bucket(rate, now))
        return bucket.take(now)


@dataclass(frozen=True)
class Weather:
    """How calls fare.

    Args:
        median: seconds of a call; their distribution is log-normal.
        spread: of its logarithm: with 0.6 one call in a hundred takes four times the median.
        throttled: share of calls that are refused whatever their rate.
        failing: share of calls that are answered with a server error.
    """

    median: float = 0.025
    spread: float = 0.6
    throttled: float = 0.0
    failing: float = 0.0

    def seconds(self, chance: random.Random) -> float:
        """How long one call takes."""
        return self.median * chance.lognormvariate(0.0, self.spread)


FAIR = Weather()
BAD_HOUR = Weather(median=0.1, throttled=0.25, failing=0.25)
"""Half of all calls fail, and what succeeds takes four times as long."""
Forecast = Callable[[float], Weather]
"""The weather at a moment, seconds since the epoch."""
