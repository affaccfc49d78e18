"""A domain account and two member accounts in memory, each call of a gateway counted and slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from streamgov_core.domain.announcement import OutcomeAnnouncer
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.principal import RoleArn
from tests.unit.domain.test_collect_report import Central, done
from tests.unit.grants.fakes import CONSUMER, NAMES, OWNER, RealClock
from tests.unit.member.test_apply import Member

LATENCY = 0.025
"""Seconds of a call."""
LEDGER = (
    "acquire",
    "count_change",
    "lease_record",
    "store",
    "find",
    "load",
    "commit",
    "checkpoint",
    "release",
    "reject",
)


class Waiting(RealClock):
    """The machine's clock, pauses as long as they are on AWS."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class Meter:
    """Counts calls and makes each take its time."""

    calls: dict[str, int] = field(default_factory=dict)

    def slow(self, thing: Any, *names: str) -> None:
        """Make these methods of a gateway slow and counted."""
        for name in names:
            setattr(thing, name, self._wrapped(name, getattr(thing, name)))

    def _wrapped(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            self.calls[name] = self.calls.get(name, 0) + 1
            time.sleep(LATENCY)
            return method(*arguments, **more)

        return call

    def time(self, step: Callable[[], Any]) -> tuple[Any, float, int]:
        """Run a step: its result, milliseconds, calls."""
        before, began = sum(self.calls.values()), time.perf_counter()
        result = step()
        return result, (time.perf_counter() - began) * 1000, sum(self.calls.values()) - before


class Told:
    """EventBridge and DataZone's lineage, which an outcome is told to."""

    def put_events(self, **entries: Any) -> dict[str, Any]:
        """API PutEvents."""
        return {"Entries": [{"EventId": "1"}]}

    def post_lineage_event(self, **event: Any) -> dict[str, Any]:
        """API PostLineageEvent."""
        return {"id": "1"}


class Accounts:
    """A domain account and two member accounts behind slow gateways, with one grant asked for.

    Args:
        principal: the role that it is for; its account is the environment's.
    """

    def __init__(self, principal: str) -> None:
        self.meter = Meter()
        self.central = Central()
        self.central.domain.add_grant(principals=(principal,))
        asked = self.central.domain.requests["request1"]
        # People have names, which a grant keeps and a revoke need not look up any more.
        named = {str(asked[key]): {"details": {"sso": {"username": key}}} for key in ("createdBy", "reviewerId")}
        self.central.domain.users = named
        self.central.domain.environments["env1"]["awsAccountId"] = RoleArn.parse(principal).account
        self.meter.slow(
            self.central.domain,
            *("grant", "listing", "environment", "target", "subscription", "request", "user", "update_status"),
        )
        self.meter.slow(self.central.grants, "of_grant", "begin", "finish", "keep_names")
        told = Told()
        self.meter.slow(told, "put_events", "post_lineage_event")
        self.central.announce(OutcomeAnnouncer(NAMES, lambda: told, lambda: told))
        self.members = {account: self.member(account) for account in (OWNER, CONSUMER)}
        for member in self.members.values():
            member.gateway.iam.add(principal)

    def member(self, account: str) -> Member:
        """One member account."""
        member = Member(account)
        member.clock = Waiting()
        self.meter.slow(member.ledger, *LEDGER)
        self.meter.slow(member.gateway.policies, "get", "put", "delete")
        self.meter.slow(member.gateway.iam, "role", "inline", "put_inline", "delete_inline", "attached")
        self.meter.slow(member.gateway, "record", "inspect", "connection_facts")
        self.meter.slow(member.gateway.parameter_store, "get", "put", "delete")
        return member

    def run(self, workflow_input: dict[str, Any], execution: str) -> list[tuple[str, float, int]]:
        """One request through the functions, as the machines call them: step, milliseconds, calls."""
        (item, *_), spent, calls = self.meter.time(lambda: self.central.collect(workflow_input, execution))
        rows = [("collect", spent, calls)]
        told: list[dict[str, Any]] = []
        answers: list[dict[str, Any]] = []
        for stage in ("prepare", "first", "second"):
            for step in item["do"][stage]:
                given = {**step["command"], **({"answers": list(answers)} if stage == "second" else {})}
                member = self.members[given["account"]]
                member.gateway.recorded(GrantCommand.parse(given))
                answer, spent, calls = self.meter.time(partial(member.run, {**given, "prepared": [*told]}))
                (told if stage == "prepare" else answers).append({"side": given["side"], "outcome": answer})
                rows.append((f"apply, {given['side']}", spent, calls))
        _, spent, calls = self.meter.time(lambda: self.central.report(item, **done(item)))
        return [*rows, ("report", spent, calls)]
