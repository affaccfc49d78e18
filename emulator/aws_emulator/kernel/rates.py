"""Documented API rates, enforced on demand: a token bucket for each account, region and API."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from aws_emulator.api import ApiCall
from aws_emulator.kernel import errors

# Calls per second for each account and region. Sources: the DataZone quota page, the Kinesis quota page, the SSM quota
# page (default throughput: 3 PutParameter a second, 40 for reads), the STS quota page.
_DATAZONE_20 = (
    "CreateAsset CreateAssetRevision DeleteAsset CreateAssetType DeleteAssetType CreateFormType DeleteFormType Search "
    "SearchTypes CreateListingChangeSet PostLineageEvent AddPolicyGrant CreateRule"
)
_DATAZONE_8 = (
    "GetSubscription ListSubscriptions GetSubscriptionRequestDetails ListSubscriptionRequests GetSubscriptionGrant "
    "ListSubscriptionGrants GetSubscriptionTarget ListSubscriptionTargets GetEnvironment ListEnvironments "
    "ListProjectMemberships"
)
_DATAZONE_3 = (
    "CreateSubscriptionRequest AcceptSubscriptionRequest RejectSubscriptionRequest CreateSubscriptionGrant "
    "DeleteSubscriptionGrant RevokeSubscription CancelSubscription UpdateSubscriptionTarget DeleteSubscriptionTarget "
    "CreateProjectMembership DeleteProjectMembership CreateEnvironment"
)
RATES: dict[tuple[str, str], float] = {
    **{("datazone", name): 20.0 for name in _DATAZONE_20.split()},
    **{("datazone", name): 8.0 for name in _DATAZONE_8.split()},
    **{("datazone", name): 3.0 for name in _DATAZONE_3.split()},
    ("datazone", "SearchListings"): 16.0,
    **{("kinesis", name): 5.0 for name in ("PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy")},
    ("kinesis", "ListStreams"): 5.0,
    ("kinesis", "DescribeStream"): 10.0,
    ("kinesis", "DescribeStreamSummary"): 20.0,
    ("kinesis", "RegisterStreamConsumer"): 5.0,
    ("kinesis", "DeregisterStreamConsumer"): 5.0,
    ("ssm", "PutParameter"): 3.0,
    ("ssm", "GetParameter"): 40.0,
    ("ssm", "GetParameters"): 40.0,
    ("ssm", "GetParametersByPath"): 40.0,
    ("sts", "AssumeRole"): 600.0,
    ("events", "PutRule"): 50.0,
    ("events", "PutTargets"): 50.0,
}


@dataclass
class _Bucket:
    tokens: float
    filled: float


class Rates:
    """Token buckets of one second's worth of calls; off until :attr:`enabled` is set.

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
            bucket = self._buckets.setdefault(key, _Bucket(rate, now))
            bucket.tokens = min(rate, bucket.tokens + (now - bucket.filled) * rate)
            bucket.filled = now
            if bucket.tokens < 1:
                raise errors.throttling(call.service)
            bucket.tokens -= 1
