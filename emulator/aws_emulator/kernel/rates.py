"""The rates that AWS documents for its APIs, enforced on demand: a token bucket for each account, region and API.

This is the one list of documented rates: the simulation of `bench scale` and the tests of bursts read it too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aws_emulator.api import ApiCall
from aws_emulator.kernel import errors

DATAZONE = "Amazon DataZone user guide, Quotas: Amazon DataZone API rate limits"
"""The table names each API with a rate of its own, for each account and region. That some share one is not said, nor
that none do."""
KINESIS = "Kinesis Data Streams developer guide, Quotas and limits"
SYSTEMS_MANAGER = "AWS Systems Manager endpoints and quotas: Parameter Store, default throughput"
STS = "IAM user guide, IAM and AWS STS quotas"
EVENTS = "Amazon EventBridge quotas"
STEP_FUNCTIONS = "Step Functions service quotas: API action throttling, us-east-1, us-west-2 and eu-west-1"


@dataclass(frozen=True)
class Rate:
    """What an API lets through.

    Args:
        per_second: calls a second; a bucket is refilled with so many.
        source: the page that documents it.
        burst: calls that a full bucket holds; those of a second, unless the page says otherwise.
    """

    per_second: float
    source: str
    burst: float = 0.0

    @property
    def full(self) -> float:
        """Calls that a full bucket holds."""
        return self.burst or self.per_second


def _of(service: str, per_second: float, source: str, names: str, burst: float = 0.0) -> dict[tuple[str, str], Rate]:
    return {(service, name): Rate(per_second, source, burst) for name in names.split()}


RATES: Mapping[tuple[str, str], Rate] = MappingProxyType(
    {
        **_of(
            "datazone",
            20.0,
            DATAZONE,
            "CreateAsset CreateAssetRevision DeleteAsset ListAssetRevisions CreateAssetType DeleteAssetType "
            "CreateFormType DeleteFormType Search SearchTypes CreateListingChangeSet PostLineageEvent AddPolicyGrant "
            "CreateRule",
        ),
        **_of("datazone", 16.0, DATAZONE, "SearchListings"),
        **_of(
            "datazone",
            8.0,
            DATAZONE,
            "GetSubscription ListSubscriptions GetSubscriptionRequestDetails ListSubscriptionRequests "
            "GetSubscriptionGrant ListSubscriptionGrants ListSubscriptionTargets GetEnvironment ListEnvironments "
            "ListProjects ListProjectMemberships",
        ),
        # The table lists ListSubscriptionTargets and leaves GetSubscriptionTarget out: it is taken to have that rate.
        **_of("datazone", 8.0, DATAZONE, "GetSubscriptionTarget"),
        **_of(
            "datazone",
            3.0,
            DATAZONE,
            "CreateSubscriptionRequest AcceptSubscriptionRequest RejectSubscriptionRequest CreateSubscriptionGrant "
            "DeleteSubscriptionGrant RevokeSubscription CancelSubscription UpdateSubscriptionTarget "
            "DeleteSubscriptionTarget CreateProjectMembership DeleteProjectMembership CreateEnvironment",
        ),
        **_of("kinesis", 5.0, KINESIS, "PutResourcePolicy GetResourcePolicy DeleteResourcePolicy ListStreams"),
        **_of("kinesis", 5.0, KINESIS, "RegisterStreamConsumer DeregisterStreamConsumer"),
        **_of("kinesis", 10.0, KINESIS, "DescribeStream"),
        **_of("kinesis", 20.0, KINESIS, "DescribeStreamSummary"),
        **_of("ssm", 3.0, SYSTEMS_MANAGER, "PutParameter"),
        **_of("ssm", 40.0, SYSTEMS_MANAGER, "GetParameter GetParameters GetParametersByPath"),
        **_of("sts", 600.0, STS, "AssumeRole"),
        **_of("events", 50.0, EVENTS, "PutRule PutTargets"),
        **_of("stepfunctions", 300.0, STEP_FUNCTIONS, "StartExecution", 1_300.0),
        **_of("stepfunctions", 500.0, STEP_FUNCTIONS, "SendTaskSuccess SendTaskFailure", 3_000.0),
    }
)
"""By service, as botocore names it, and operation. What is not listed here has no documented rate."""


@dataclass
class _Bucket:
    tokens: float
    filled: float


class Rates:
    """Token buckets; off until :attr:`enabled` is set.

    Args:
        now: the clock that fills the buckets.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str, str], _Bucket] = {}
        self.enabled = False

    def check(self, call: ApiCall) -> None:
        """Take one token.

        Raises:
            ApiError: the service's throttling error, when none is left.
        """
        rate = RATES.get((call.service, call.operation)) if self.enabled else None
        if rate is None:
            return
        now = self._now()
        key = (call.caller.account, call.region, call.service, call.operation)
        with self._lock:
            bucket = self._buckets.setdefault(key, _Bucket(rate.full, now))
            bucket.tokens = min(rate.full, bucket.tokens + (now - bucket.filled) * rate.per_second)
            bucket.filled = now
            if bucket.tokens < 1:
                raise errors.throttling(call.service)
            bucket.tokens -= 1
