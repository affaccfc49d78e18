"""Grants and revokes at 25 ms a call: calls and handler milliseconds, fifty at once, and what documents hold.

The product's functions as they are, each gateway in memory and 25 ms slow: what boto3 itself takes is not in the times.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from statistics import median
from typing import Any

from bench.capacities import capacities
from bench.common import table
from streamgov_core.access.messages import GrantCommand
from tests.unit.access.fakes import CONSUMER, OWNER, ROLE, RealClock, command, grant_event
from tests.unit.access.test_apply import Member
from tests.unit.access.test_collect_report import Central, done

LATENCY = 0.025
RUNS = 5
LEDGER = ("acquire", "announce", "head", "store", "find", "load", "commit", "progress", "release", "refuse")
LOCAL_ROLE = f"arn:aws:iam::{OWNER}:role/streaming/local"
YARDSTICK = {
    "grant, across accounts": (8, 379),
    "revoke, across accounts": (8, 380),
    "grant, same account": (6, 286),
    "revoke, same account": (6, 265),
}


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


class Accounts:
    """A domain account and two member accounts behind slow gateways."""

    def __init__(self, principal: str) -> None:
        self.meter = Meter()
        self.central = Central()
        self.central.domain.add_grant(principals=(principal,))
        if principal == LOCAL_ROLE:
            self.central.domain.environments["env1"]["awsAccountId"] = OWNER
        self.meter.slow(
            self.central.domain, "grant", "listing", "environment", "target", "subscription", "request", "mark"
        )
        self.meter.slow(self.central.grants, "of_grant", "begin", "finish")
        self.members = {account: self.member(account) for account in (OWNER, CONSUMER)}
        for member in self.members.values():
            member.site.iam.add(principal)

    def member(self, account: str) -> Member:
        """One member account."""
        member = Member(account)
        member.clock = Waiting()
        self.meter.slow(member.ledger, *LEDGER)
        self.meter.slow(member.site.policies, "get", "put", "delete")
        self.meter.slow(member.site.iam, "role", "inline", "put_inline", "delete_inline", "attached")
        self.meter.slow(member.site, "record", "inspect")
        return member

    def run(self, order: dict[str, Any], execution: str) -> list[tuple[str, float, int]]:
        """One request through the functions, as the machines call them: step, milliseconds, calls."""
        (item, *_), spent, calls = self.meter.time(lambda: self.central.collect(order, execution))
        rows = [("collect", spent, calls)]
        for stage in ("first", "second"):
            for step in item["do"][stage]:
                given = step["command"]
                member = self.members[given["account"]]
                member.site.recorded(GrantCommand.parse(given))
                _, spent, calls = self.meter.time(partial(member.run, given))
                rows.append((f"apply, {given['side']}", spent, calls))
        _, spent, calls = self.meter.time(lambda: self.central.report(item, **done(item)))
        return [*rows, ("report", spent, calls)]


def requests() -> list[dict[str, Any]]:
    """A grant and a revoke, across accounts and within one."""
    found = []
    for where, principal in (("across accounts", ROLE), ("same account", LOCAL_ROLE)):
        runs: dict[str, list[list[tuple[str, float, int]]]] = {"grant": [], "revoke": []}
        for _ in range(RUNS):
            accounts = Accounts(principal)
            runs["grant"].append(accounts.run(grant_event(), "one"))
            accounts.central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
            revoke = grant_event(kind="Subscription Grant Revoke Requested")
            runs["revoke"].append(accounts.run(revoke, "two"))
        for what, measured in runs.items():
            found.append(
                {
                    "request": f"{what}, {where}",
                    "calls": sum(row[2] for row in measured[0]),
                    "milliseconds": round(median(sum(row[1] for row in rows) for rows in measured)),
                    "steps": {row[0]: round(row[1]) for row in measured[0]},
                }
            )
    return found


def at_once(count: int) -> dict[str, Any]:
    """So many grants on one cluster at the same moment, warm functions: the owner's side."""
    member = Accounts(ROLE).members[OWNER]
    orders = [
        command(f"topic-{n}", grant=f"grant{n}", principals=(f"arn:aws:iam::{CONSUMER}:role/streaming/r{n}",))
        for n in range(count)
    ]
    for order in orders:
        member.site.recorded(order)
    began = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        statuses = {answer["status"] for answer in pool.map(member.run, orders)}
    return {
        "grants": count,
        "seconds": round(time.perf_counter() - began, 2),
        "writes": len(member.site.policies.writes),
        "statuses": sorted(statuses),
    }


def main(arguments: list[str]) -> dict[str, Any]:
    """Measure everything. There are no arguments."""
    made, crowd, rooms = requests(), [at_once(count) for count in (1, 10, 50)], capacities()
    head = ("request", "calls", "handler ms", "yardstick: calls", "ms")
    print(table(head, [(r["request"], r["calls"], r["milliseconds"], *YARDSTICK[r["request"]]) for r in made]))
    print()
    print(
        table(("grants at once", "seconds", "policy writes"), [(c["grants"], c["seconds"], c["writes"]) for c in crowd])
    )
    print()
    print(capacity_table(rooms))
    return {"requests": made, "at once": crowd, "capacities": [asdict(room) for room in rooms]}


def capacity_table(rooms: list[Any]) -> str:
    """The table of ``docs/capacities.md``."""
    head = ("document", "holds", "grants", "yardstick")
    return table(head, [(room.document, room.grants, room.fits, room.yardstick) for room in rooms])
