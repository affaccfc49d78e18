"""Calls of gateways in memory: counted, slow, refused beyond their rate, and tried again as the SDK does."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bench.scale.rates import Buckets, Forecast
from bench.scale.virtual import VirtualTime
from streamgov_core.model.errors import RetryableGrantError, ThrottledError

SDK_CEILING = 20.0
"""Seconds between two attempts at most ("Retry behavior", standard mode)."""
READ_UNIT = 4_096
"""Bytes of one read unit."""
ITEM_BYTES = 700
"""A contribution as it is stored; taken from records of the sandbox."""

Operations = Mapping[str, tuple[str, ...]]
"""Method of a gateway -> the operations that it calls, one after the other."""
DOMAIN: Operations = MappingProxyType(
    {
        "grant": ("datazone:GetSubscriptionGrant",),
        "listing": ("datazone:GetListing",),
        "environment": ("datazone:GetEnvironment",),
        "target": ("datazone:GetSubscriptionTarget",),
        "subscription": ("datazone:GetSubscription",),
        "request": ("datazone:GetSubscriptionRequestDetails",),
        "user": ("datazone:GetUserProfile",),
        "asset": ("datazone:GetAsset",),
        "update_status": ("datazone:UpdateSubscriptionGrantStatus",),
    }
)
GRANTS: Operations = MappingProxyType(
    {
        "of_grant": ("dynamodb:Query",),
        "begin": ("dynamodb:PutItem",),
        "finish": ("dynamodb:UpdateItem",),
        "keep_names": ("dynamodb:UpdateItem",),
    }
)
TOLD: Operations = MappingProxyType(
    {"put_events": ("events:PutEvents",), "post_lineage_event": ("datazone:PostLineageEvent",)}
)
LEDGER: Operations = MappingProxyType(
    {
        "acquire": ("dynamodb:UpdateItem",),
        "count_change": ("dynamodb:UpdateItem",),
        "commit": ("dynamodb:UpdateItem",),
        "checkpoint": ("dynamodb:UpdateItem",),
        "release": ("dynamodb:UpdateItem",),
        "abandon": ("dynamodb:UpdateItem",),
        "reject": ("dynamodb:UpdateItem",),
        "store": ("dynamodb:PutItem",),
        "find": ("dynamodb:GetItem",),
        "lease_record": ("dynamodb:GetItem",),
        "load": ("dynamodb:Query",),
        "load_all": ("dynamodb:Scan",),
    }
)
IAM: Operations = MappingProxyType(
    {
        "role": ("iam:GetRole",),
        "inline": ("iam:GetRolePolicy",),
        "other_inline_size": ("iam:ListRolePolicies",),
        "put_inline": ("iam:PutRolePolicy",),
        "delete_inline": ("iam:DeleteRolePolicy",),
        "attached": ("iam:ListAttachedRolePolicies",),
        "managed": ("iam:GetPolicy", "iam:GetPolicyVersion"),
        "put_managed": ("iam:CreatePolicy", "iam:ListPolicyVersions", "iam:CreatePolicyVersion"),
        "delete_managed": ("iam:ListPolicyVersions", "iam:DeletePolicy"),
        "attach": ("iam:AttachRolePolicy",),
        "detach": ("iam:DetachRolePolicy",),
    }
)
CLUSTERS: Operations = MappingProxyType(
    {
        "get": ("kafka:GetClusterPolicy",),
        "put": ("kafka:PutClusterPolicy",),
        "delete": ("kafka:DeleteClusterPolicy",),
    }
)
ACCOUNT: Operations = MappingProxyType(
    {
        "record": ("dynamodb:GetItem",),
        "inspect": ("kafka:DescribeClusterV2",),
        "connection_facts": ("kafka:GetBootstrapBrokers",),
    }
)
PARAMETERS: Operations = MappingProxyType(
    {
        "get": ("ssm:GetParameter",),
        "get_all": ("ssm:GetParameters",),
        "put": ("ssm:PutParameter",),
        "delete": ("ssm:DeleteParameter",),
    }
)
EVERY_GATEWAY = (DOMAIN, GRANTS, TOLD, LEDGER, IAM, CLUSTERS, ACCOUNT, PARAMETERS)


class _Metered:
    """A gateway with other methods in the place of some of its own."""

    def __init__(self, gateway: Any, methods: Mapping[str, Callable[..., Any]]) -> None:
        self._gateway = gateway
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        return self._methods[name] if name in self._methods else getattr(self._gateway, name)


@dataclass
class Calls:
    """Makes the methods of gateways cost what calls cost.

    Args:
        time: the clock.
        buckets: what the services let through.
        forecast: how calls fare.
        chance: of latencies, failures and jitter.
    """

    time: VirtualTime
    buckets: Buckets
    forecast: Forecast
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    """Calls that were answered, by operation."""
    refused: Counter[str] = field(default_factory=Counter)
    """Calls beyond a rate, by operation."""
    failed: Counter[str] = field(default_factory=Counter)
    """Calls that the weather has failed, by operation."""
    read_units: int = 0

    def metered(self, gateway: Any, operations: Operations, account: str, attempts: int) -> Any:
        """A gateway whose methods take time and fail. What it calls of itself costs nothing.

        Args:
            gateway: in memory.
            operations: of its methods; others stay as they are.
            account: that is called in.
            attempts: how often the SDK makes a call at most.
        """
        methods = {
            method: self._metered(getattr(gateway, method), names, account, attempts)
            for method, names in operations.items()
        }
        return _Metered(gateway, methods)

    def make(
        self,
        operation: str,
        account: str,
        thing: str = "",
        *,
        attempts: int = 1,
        effect: Callable[[], Any] = lambda: None,
    ) -> Any:
        """Make one call; what it does happens half-way.

        Args:
            operation: ``service:Operation``.
            account: that is called in.
            thing: the resource.
            attempts: how often the SDK makes it at most.
            effect: what it does and answers.

        Raises:
            ThrottledError: its rate is used up, after every attempt.
            RetryableGrantError: a server error, after every attempt.
        """
        problem: Exception | None = None
        for attempt in range(attempts):
            if attempt:
                self.time.sleep(self.chance.random() * min(2.0 ** (attempt - 1), SDK_CEILING))
            half = self.forecast(self.time.now()).seconds(self.chance) / 2
            self.time.sleep(half)
            problem = self._problem(operation, account, thing)
            if problem is None:
                self.counts[operation] += 1
                result = effect()
                self.time.sleep(half)
                return result
            self.time.sleep(half)
        assert problem is not None
        raise problem

    def _problem(self, operation: str, account: str, thing: str) -> Exception | None:
        weather, luck = self.forecast(self.time.now()), self.chance.random()
        if luck < weather.failing:
            self.failed[operation] += 1
            return RetryableGrantError(f"{operation} on {thing} was refused for now (InternalServerException)")
        if luck < weather.failing + weather.throttled:
            self.failed[operation] += 1
            return ThrottledError(f"{operation} on {thing} was throttled (ThrottlingException)")
        if self.buckets.take(operation, account, thing):
            return None
        self.refused[operation] += 1
        return ThrottledError(f"{operation} on {thing} was throttled (ThrottlingException)")

    def _metered(
        self, method: Callable[..., Any], operations: tuple[str, ...], account: str, attempts: int
    ) -> Callable[..., Any]:
        *before, last = operations

        def call(*arguments: Any, **more: Any) -> Any:
            thing = str(arguments[0]) if arguments else ""
            for operation in before:
                self.make(operation, account, thing, attempts=attempts)
            answer = self.make(last, account, thing, attempts=attempts, effect=lambda: method(*arguments, **more))
            if last.startswith("dynamodb:") and last.endswith(("Query", "GetItem")):
                items = len(answer) if isinstance(answer, list) else 1
                self.read_units += max(1, -(-items * ITEM_BYTES // READ_UNIT))
            return answer

        return call
