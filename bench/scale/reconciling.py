"""One run of the reconciler over a domain in which everything is as it should be, through its state machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.scale import calls as gateways
from bench.scale.deployment import DOMAIN_ATTEMPTS, Deployment
from bench.scale.functions import Context
from bench.scale.landscape import DOMAIN_ACCOUNT, DOMAIN_ID, NAMES, Landscape
from bench.scale.standing import StandingDataZone, StandingGrants, settle
from streamgov_core.domain.datazone import DataZoneDomain
from streamgov_core.domain.reconcile.inventory import DataZoneInventory, rate_limited
from streamgov_core.domain.reconcile.pace import RateLimiter
from streamgov_core.domain.reconcile.run import Reconcile
from streamgov_core.domain.settings import ReconcileSettings
from streamgov_core.model.findings import RECONCILER
from streamgov_core.runtime.metrics import FunctionMetrics
from tests.unit.runtime.run_stores import MemoryRunStore

AGE = 86_400.0
"""Seconds since everything was granted."""
STORE = {"put": ("dynamodb:PutItem",), "rows": ("dynamodb:Query",), "next_turn": ("dynamodb:UpdateItem",)}


class _Executions:
    """Executions of the central machine: none runs."""

    def state(self, arn: str) -> None:
        """Nothing is known of any."""

    def start(self, name: str, workflow_input: Mapping[str, Any]) -> bool:
        """Nothing has to be started where everything is as it should be."""
        raise AssertionError(f"{name} was started")


class _Publisher:
    """Takes events."""

    def put(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """They are counted."""


@dataclass
class Run:
    """What came of a run.

    Args:
        landscape: of the domain.
        seconds: it took.
        ended: ``SUCCEEDED``, or the error's name.
        findings: by kind.
        calls: that were answered, by operation.
        executions: by machine and how they ended.
        invocations: of functions.
        longest: seconds of the longest invocation.
        transitions: of machines.
        gb_seconds: of functions.
        read_units: of DynamoDB.
    """

    landscape: Landscape
    seconds: float = 0.0
    ended: str = ""
    findings: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    executions: Counter[str] = field(default_factory=Counter)
    invocations: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    transitions: int = 0
    gb_seconds: float = 0.0
    read_units: int = 0


class _Reconciled(Deployment):
    """A deployment in which everything stands."""

    def __init__(self, landscape: Landscape) -> None:
        super().__init__(landscape)
        began = self.time.now() - AGE
        self.standing = StandingGrants(self.calls)
        self.datazone = StandingDataZone(landscape, self.calls, began)
        settle(landscape, self.standing, self.members, began)
        self.store = self.calls.metered(MemoryRunStore(), STORE, DOMAIN_ACCOUNT, DOMAIN_ATTEMPTS)
        self.findings: Counter[str] = Counter()
        self.functions.handlers = {**self.functions.handlers, "reconcile": self._reconcile}

    def _reconcile(self, account: str, payload: Any, context: Context) -> Any:
        limiter = RateLimiter(self.time.now, self.time.sleep)
        ledger = self.calls.metered(self.standing, gateways.GRANTS, DOMAIN_ACCOUNT, DOMAIN_ATTEMPTS)
        settings = ReconcileSettings(NAMES, DOMAIN_ID, self.landscape.members(), ("MskTopicAssetType",), DOMAIN_ACCOUNT)
        reconcile = Reconcile(
            settings,
            DataZoneDomain(rate_limited(lambda: self.datazone, limiter), DOMAIN_ID),  # type: ignore[arg-type,return-value]
            DataZoneInventory(lambda: self.datazone, DOMAIN_ID, limiter),  # type: ignore[arg-type,return-value]
            ledger,
            _Executions(),
            self.calls.metered(_Publisher(), {"put": ("events:PutEvents",)}, DOMAIN_ACCOUNT, DOMAIN_ATTEMPTS),
            self.store,
            metrics=FunctionMetrics(NAMES.namespace, RECONCILER, lambda line: None),
            now=self.time.now,
            set_rate=limiter.set_rate,
        )
        answer = reconcile.run(payload, context)
        if answer.get("result"):
            self.findings.update(answer["result"]["counts"])
        return answer


def reconcile(landscape: Landscape) -> Run:
    """One run that finds nothing.

    Args:
        landscape: of the domain.
    """
    made, run = _Reconciled(landscape), Run(landscape)

    def work() -> None:
        began = made.time.now()
        given = {"version": 1, "action": "reconcile", "dryRun": False}
        run.ended = made.machines.execute(DOMAIN_ACCOUNT, "central", given)
        run.seconds = made.time.now() - began

    made.time.spawn(work)
    made.run()
    run.findings, run.calls, run.executions = made.findings, made.calls.counts, made.machines.ended
    run.invocations, run.longest = made.functions.invocations, made.functions.longest
    run.transitions, run.gb_seconds = made.machines.transitions, made.functions.gb_seconds
    run.read_units = made.calls.read_units
    return run
