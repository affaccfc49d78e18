"""Grants and revokes at 25 ms a call: calls and handler milliseconds, fifty at once, and what documents hold.

The product's functions as they are, each gateway in memory and 25 ms slow: what boto3 itself takes is not in the times.
"""

from __future__ import annotations

from dataclasses import asdict
from statistics import median
from typing import Any

from bench.accounts import LATENCY, Accounts
from bench.capacities import capacities
from bench.common import table
from bench.crowd import at_once
from tests.unit.grants.fakes import OWNER, ROLE, grant_event

RUNS = 5
LOCAL_ROLE = f"arn:aws:iam::{OWNER}:role/streaming/local"
DSF_CALLS = {
    "grant, across accounts": (8, 379),
    "revoke, across accounts": (8, 380),
    "grant, same account": (6, 286),
    "revoke, same account": (6, 265),
}


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


def main(arguments: list[str]) -> dict[str, Any]:
    """Measure everything. There are no arguments."""
    made, rooms = requests(), capacities()
    crowd = [
        at_once(count, LATENCY, rates=rates) for count, rates in ((1, False), (10, False), (50, False), (50, True))
    ]
    head = ("request", "calls", "handler ms", "DSF: calls", "ms")
    print(table(head, [(r["request"], r["calls"], r["milliseconds"], *DSF_CALLS[r["request"]]) for r in made]))
    print()
    crowd_head = ("grants at once", "rates", "first granted, s", "last granted, s", "policy writes", "calls refused")
    rows = [
        (c["grants"], "documented" if c["rates"] else "none", c["first"], c["last"], c["writes"], c["refused"])
        for c in crowd
    ]
    print(table(crowd_head, rows))
    print()
    print(capacity_table(rooms))
    return {
        "requests": made,
        "at once": crowd,
        "capacities": [asdict(room) for room in rooms],
    }


def capacity_table(rooms: list[Any]) -> str:
    """The table of ``docs/capacities.md``."""
    head = ("document", "holds", "grants", "DSF")
    return table(head, [(room.document, room.grants, room.fits, room.dsf) for room in rooms])
