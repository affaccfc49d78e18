"""Which quota a domain of some size meets first, and at how many grants each is met.

What stands, and what happens in the busiest minute, beside the default quotas.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from aws_emulator.kernel.rates import DATAZONE
from bench.scale.landscape import BROKERS_PER_CLUSTER, WORKING_HOURS, Landscape
from bench.scale.rates import ASSUMED, LAMBDA_CONCURRENCY, RATES

BUSY = 5.0
"""Requests of the busiest minute, as a multiple of an ordinary one of a working day."""
MOST = 10_000_000
"""Grants up to which is looked for the one that meets a quota."""


@dataclass(frozen=True)
class Use:
    """How much of a quota is used.

    Args:
        quota: in words.
        used: of it.
        limit: the default quota.
        moved_by: what can be done.
        source: where the quota is documented.
    """

    quota: str
    used: float
    limit: float
    moved_by: str
    source: str

    @property
    def share(self) -> float:
        """1 is all of it."""
        return self.used / self.limit


def uses(landscape: Landscape, each: Mapping[str, float], most: int = 0) -> list[Use]:
    """Quotas by how much of them is used, most first.

    Args:
        landscape: of the domain.
        each: calls of one request, by operation.
        most: functions that run in one account at the same time.
    """
    found = (*_standing(landscape), *_rates(landscape, each), _functions(most))
    return sorted(found, key=lambda use: -use.share)


def met_at(accounts: int, each: Mapping[str, float]) -> dict[str, int]:
    """The number of grants that still fit each quota; MOST if it is not met before, 0 if no grant fits.

    Args:
        accounts: member accounts.
        each: calls of one request, by operation.
    """

    @cache
    def shares(grants: int) -> Mapping[str, float]:
        return {use.quota: use.share for use in uses(Landscape(accounts, grants), each)}

    def fits(quota: str) -> int:
        return bisect_right(range(1, MOST + 1), False, key=lambda grants: shares(grants)[quota] > 1)

    return {quota: fits(quota) for quota in shares(1)}


def _standing(landscape: Landscape) -> Sequence[Use]:
    roles = landscape.roles_each
    return (
        Use(
            "DataZone: environments of a domain",
            landscape.consumers * roles,
            500,
            "an increase; one environment for a project's roles (a subscription target may name several of them), not "
            "one for each; a second domain",
            "Amazon DataZone quotas: 500 in one edition of the page, 1,000 in another and for Unified Studio; "
            "the smaller counts here",
        ),
        Use("DataZone: assets of a domain", landscape.grants, 1_000_000, "an increase", "Amazon DataZone quotas"),
        Use(
            "MSK: brokers of an account",
            landscape.clusters_each * BROKERS_PER_CLUSTER,
            90,
            "an increase; more owning accounts; consumers of an account that share a role: a cluster's policy holds 55 "
            "grants of a topic each to a role each, 167 topics of one role, or 365 roles on one topic "
            "([capacities](capacities.md))",
            "Amazon MSK quota",
        ),
        Use("IAM: roles of an account", roles, 1_000, "an increase; more consuming accounts", "IAM quotas"),
        Use(
            "SSM: standard parameters of a consuming account",
            landscape.grants / landscape.consumers,
            10_000,
            "nothing has to: Parameter Store then chooses advanced ones, which cost five cents a month each; more "
            "consuming accounts",
            "Systems Manager quotas",
        ),
    )


def _rates(landscape: Landscape, each: Mapping[str, float]) -> Sequence[Use]:
    """Rates in the busiest minute: those of the domain's account, and those of the busiest member's."""
    a_second = BUSY * 2 * landscape.grants_a_day / (WORKING_HOURS * 3_600)
    in_domain = ("datazone:", "states:StartExecution", "states:SendTaskSuccess")
    found = []
    for operation, rate in RATES.items():
        if operation not in each or rate.per_thing:
            continue
        accounts = 1 if operation.startswith(in_domain) else landscape.owners
        if operation.startswith(("iam:", "ssm:Put")):
            accounts = landscape.consumers
        moved_by = "an increase" if accounts == 1 else "an increase; more accounts"
        source = "assumed" if rate.source == ASSUMED else rate.source
        used = a_second * each[operation] / accounts
        found.append(Use(f"{operation} a second", used, rate.per_second, moved_by, source))
    together = [
        name for name, rate in RATES.items() if name in each and rate.source == DATAZONE and rate.per_second == 8
    ]
    used = a_second * sum(each[name] for name in together)
    found.append(Use("DataZone: reads a second, if all share one rate", used, 8, "an increase", DATAZONE))
    return found


def _functions(most: int) -> Use:
    return Use(
        "Lambda: concurrency of an account",
        most,
        LAMBDA_CONCURRENCY,
        "an increase; `collectConcurrency` keeps a burst from taking all of it",
        "Lambda quotas",
    )
