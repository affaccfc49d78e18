"""What services let through in a second, as token buckets on the virtual clock; and what a bad hour does to calls.

What AWS documents for its APIs stands in `aws_emulator.kernel.rates` alone, which the sandbox enforces too. Here is
what it says of parts of a service (partitions, transitions, functions), and what has to be assumed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from aws_emulator.kernel import rates as documented

ASSUMED = "not published: assumed"
PARTITION_WRITES = "DynamoDB developer guide, Best practices for partition keys: write units of a partition"
PARTITION_READS = "DynamoDB developer guide, Best practices for partition keys: read units of a partition"


@dataclass(frozen=True)
class Rate:
    """A quota of calls.

    Args:
        per_second: refilled in a second.
        burst: calls that a full bucket holds.
        source: where it is documented, or ASSUMED.
        per_thing: whether each resource has a bucket of its own; otherwise each account has.
        bucket: operations that name the same bucket share it; '' for one of its own.
    """

    per_second: float
    burst: float
    source: str
    per_thing: bool = False
    bucket: str = ""


def _documented() -> dict[str, Rate]:
    """The rates of `aws_emulator.kernel.rates`, by ``service:Operation``."""
    prefixes = {"stepfunctions": "states"}
    return {
        f"{prefixes.get(service, service)}:{operation}": Rate(rate.per_second, rate.full, rate.source)
        for (service, operation), rate in documented.RATES.items()
    }


RATES: Mapping[str, Rate] = MappingProxyType(
    {
        **_documented(),
        "states:StateTransition": Rate(5_000, 5_000, documented.STEP_FUNCTIONS),
        "dynamodb:UpdateItem": Rate(1_000, 1_000, PARTITION_WRITES, per_thing=True),
        "dynamodb:PutItem": Rate(1_000, 1_000, PARTITION_WRITES, per_thing=True),
        "dynamodb:Query": Rate(3_000, 3_000, PARTITION_READS, per_thing=True),
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
"""By operation; any other operation is let through. DataZone's are those of the table, each operation by itself."""


def shared(rates: Mapping[str, Rate] = RATES) -> dict[str, Rate]:
    """The other way to read DataZone's table: operations with the same rate share one bucket.

    UNVERIFIED: the table names each API with a rate of its own, "per AWS account per Region", and says neither that
    they share one nor that they do not. The product has to grant every request of a burst either way.

    Args:
        rates: by operation.
    """
    return {
        name: replace(rate, bucket=f"datazone, {rate.per_second:g} a second") if name.startswith("datazone:") else rate
        for name, rate in rates.items()
    }


LAMBDA_CONCURRENCY = 1_000
"""Invocations that run in an account and region at the same time ("Lambda quotas"), unless raised."""
LAMBDA_SCALING = (1_000, 10.0)
"""Sandboxes that one function gains at most in so many seconds ("Lambda function scaling")."""


@dataclass
class Bucket:
    """A token bucket.

    Args:
        rate: what it follows.
        at: when it was looked at last.
        tokens: calls that it held then.
    """

    rate: Rate
    at: float
    tokens: float

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
        now: the clock, in seconds.
        rates: by operation.
    """

    def __init__(self, now: Callable[[], float], rates: Mapping[str, Rate] = RATES) -> None:
        self._now = now
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
        key = (rate.bucket or operation, f"{account}/{thing}" if rate.per_thing else account)
        now = self._now()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(rate, now, rate.burst)
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
