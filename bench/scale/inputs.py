"""What the figures of a simulation depend on, small enough to be computed in seconds: by it a stale page is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from bench.cost import PRICES
from bench.scale import functions, machines
from bench.scale.deployment import DOMAIN_ATTEMPTS, EVENT_SECONDS, MEMBER_ATTEMPTS, Deployment
from bench.scale.landscape import DOMAIN_ACCOUNT, NAMES, Landscape
from bench.scale.rates import LAMBDA_CONCURRENCY, LAMBDA_SCALING, RATES
from bench.scale.reconciling import reconcile
from streamgov_core.deploy.central_machine import central_definition
from streamgov_core.deploy.member_machine import member_definition
from streamgov_core.deploy.scope import GRANT_MEMORY

ONE = Landscape(10, 1_000)
"""Where one grant and its revoke are counted."""
SMALL = Landscape(3, 60)
"""What is reconciled."""
TIMED = ("Retry", "Seconds", "SecondsPath", "TimeoutSeconds", "MaxConcurrency", "MaxConcurrencyPath")
"""What says when a state goes on, waits and tries again."""


def inputs() -> dict[str, Any]:
    """What a grant, a revoke and a small run call, by operation, and what is set beside them."""
    return {
        **_one_grant(),
        "a reconcile run": dict(sorted(reconcile(SMALL).calls.items())),
        "retries and waits": _digest({name: list(_timing(machine)) for name, machine in _machines().items()}),
        "rates": _digest({name: [rate.per_second, rate.burst, rate.per_thing] for name, rate in RATES.items()}),
        "functions": {
            "seconds of a cold start": dict(functions.COLD_SECONDS),
            "seconds of a new sandbox": functions.SANDBOX_SECONDS,
            "seconds an idle sandbox is kept": functions.WARM_SECONDS,
            "seconds at most": dict(functions.TIMEOUTS),
            "MB": {**functions.MEMORY, "others": GRANT_MEMORY},
            "concurrency": [LAMBDA_CONCURRENCY, *LAMBDA_SCALING],
            "attempts of the SDK": [DOMAIN_ATTEMPTS, MEMBER_ATTEMPTS, machines.STATE_ATTEMPTS],
        },
        "seconds of an event and of a transition": [EVENT_SECONDS, machines.TRANSITION],
        "prices": dict(PRICES),
    }


def _one_grant() -> dict[str, Any]:
    deployment, placed = Deployment(ONE), ONE.grant(0)
    deployment.ask(placed)
    found: dict[str, Any] = {}

    def requests() -> None:
        for kind in ("Grant", "Revoke"):
            before, states = deployment.calls.counts.copy(), deployment.machines.transitions
            deployment.request(placed, kind)
            made = deployment.calls.counts - before
            words = f"a {kind.lower()}"
            found[words] = dict(sorted(made.items()))
            found[f"states of {words}"] = deployment.machines.transitions - states

    deployment.time.spawn(requests)
    deployment.run()
    return found


def _machines() -> Mapping[str, Any]:
    return {
        "central": central_definition(NAMES, DOMAIN_ACCOUNT),
        "member": member_definition(NAMES, ONE.members()[0], DOMAIN_ACCOUNT),
    }


def _timing(part: Any, name: str = "") -> Iterator[Any]:
    """Where in a definition something is timed, and how."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in TIMED:
                yield [name, key, value]
            else:
                yield from _timing(value, f"{name}/{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _timing(value, f"{name}/{index}")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
