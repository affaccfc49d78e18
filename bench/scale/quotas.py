"""Which quota a domain of some size meets first: what stands, and its busiest minute, beside the quotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.scale.landscape import BROKERS_PER_CLUSTER, WORKING_HOURS, Landscape
from bench.scale.loads import Load
from bench.scale.rates import LAMBDA_CONCURRENCY, RATES

BUSY = 5.0
"""Requests of the busiest minute, as a multiple of an ordinary one of a working day."""


@dataclass(frozen=True)
class Use:
    """How much of a quota is used.

    Args:
        quota: in words.
        used: of it.
        limit: the default quota.
        moved_by: what can be done.
    """

    quota: str
    used: float
    limit: float
    moved_by: str

    @property
    def share(self) -> float:
        """1 is all of it."""
        return self.used / self.limit


def uses(landscape: Landscape, load: Load) -> list[Use]:
    """Quotas by how much of them is used, most first.

    Args:
        landscape: of the domain.
        load: a steady one, from which the calls of one request are taken.
    """
    a_second = BUSY * 2 * landscape.grants_a_day / (WORKING_HOURS * 3_600)
    return sorted((*_standing(landscape), *_rates(landscape, load, a_second)), key=lambda use: -use.share)


def _standing(landscape: Landscape) -> Sequence[Use]:
    roles = landscape.roles_each
    return (
        Use(
            "DataZone: environments of a domain",
            landscape.consumers * roles,
            1_000,
            "an increase; environments with several roles; a second domain",
        ),
        Use("DataZone: assets of a domain", landscape.grants, 1_000_000, "an increase"),
        Use(
            "MSK: brokers of an account",
            landscape.clusters_each * BROKERS_PER_CLUSTER,
            90,
            "an increase; more owning accounts; consumers of one account that share a role",
        ),
        Use("IAM: roles of an account", roles, 1_000, "an increase; more consuming accounts"),
        Use(
            "SSM: standard parameters of a consuming account",
            landscape.grants / landscape.consumers,
            10_000,
            "advanced parameters, which are chosen by themselves and cost; more consuming accounts",
        ),
    )


def _rates(landscape: Landscape, load: Load, a_second: float) -> Sequence[Use]:
    """Rates in the busiest minute: those of the domain's account, and those of the busiest member's."""
    in_domain = ("datazone:", "states:StartExecution", "states:SendTaskSuccess")
    each: Mapping[str, float] = {name: count / load.requests for name, count in load.calls.items()}
    found = []
    for operation, rate in RATES.items():
        if operation not in each or rate.per_thing:
            continue
        accounts = 1 if operation.startswith(in_domain) else landscape.owners
        if operation.startswith(("iam:", "ssm:Put")):
            accounts = landscape.consumers
        used = a_second * each[operation] / accounts
        found.append(Use(f"{operation} a second", used, rate.per_second, "an increase"))
    found.append(Use("Lambda: concurrency of an account", load.most, LAMBDA_CONCURRENCY, "an increase"))
    return found
