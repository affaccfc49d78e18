"""What is shown of a simulation's figures: tables in Markdown, each with its heading's columns, and sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.common import table
from bench.cost import PRICES, PRICES_OF
from bench.scale.figures import ACCOUNTS, COMPARED, EACH, KINDS, MIDDLE, QUEUE, SHARED, WAYS, Figures, rates_of
from bench.scale.landscape import Landscape
from bench.scale.loads import BURST
from bench.scale.quotas import MOST, met_at, uses
from bench.scale.rates import Rate

Row = Mapping[str, Any]
AT = ("accounts", "grants")


def in_short(figures: Figures) -> str:
    """What the tables say, in a sentence each."""
    sentences = (_short_of_loads(figures), _short_of_runs(figures["reconcile"]), _short_of_sizes(figures["steady"]))
    return "\n".join(f"* {sentence}" for part in sentences for sentence in part)


def _short_of_loads(figures: Figures) -> tuple[str, ...]:
    alone, hours = ([row["to grant"] for row in figures[kind]] for kind in ("steady", "bad hour"))
    medians = [row["p50"] for row in alone]
    burst, together = _burst(figures, BURST), _burst(figures, COMPARED, SHARED)["to grant"]["last"]
    queue = max(_burst(figures, COMPARED, reading, QUEUE)["to grant"]["last"] for reading in (EACH, SHARED))
    return (
        f"**A grant** takes {min(medians):.1f} to {max(medians):.1f} s (median), "
        f"{max(row['p99'] for row in alone):.1f} s at the 99th percentile. Most of it are cold starts, so a busy "
        "domain is quicker than a quiet one.",
        f"**{burst['requests']:,} approvals at once** all end granted: the last after {burst['to grant']['last']:,.0f} "
        f"s if DataZone counts each operation for itself. Should all reads share a rate, {COMPARED} at once take "
        f"{together:,.0f} s, and {queue:,.0f} s with `collectConcurrency: {QUEUE}`.",
        "**A bad hour**, in which half of all calls fail, loses no grant: the slowest takes "
        f"{max(row['last'] for row in hours):,.0f} s.",
    )


def _short_of_runs(runs: Sequence[Row]) -> tuple[str, ...]:
    minutes = [row["seconds"] / 60 for row in runs]
    return (f"**The reconciler** takes {min(minutes):,.0f} to {max(minutes):,.0f} minutes for a run.",)


def _short_of_sizes(sizes: Sequence[Row]) -> tuple[str, ...]:
    standing, grants = ([row["USD a month"][name] for row in sizes] for name in ("standing", "requests"))
    first = [row["quotas"][0] for row in sizes]
    names = " or ".join(f"*{name}*" for name, _ in Counter(use["quota"] for use in first).most_common())
    return (
        f"**It costs** {min(standing):,.0f} to {max(standing):,.0f} USD a month for keys, alarms, metrics and "
        f"dashboards of every account, and {min(grants):,.2f} to {max(grants):,.2f} for grants and revokes.",
        f"**The first quota** in the way is {names}; {sum(use['used'] > use['of'] for use in first)} of {len(first)} "
        "sizes need an increase.",
    )


def steady(figures: Figures) -> str:
    """Seconds of grants and revokes that come one by one."""
    head = (*AT, "approved a day", "to grant, s: p50", "p99", "to revoke, s: p50", "p99", "cold")
    rows = [
        (
            *_at(row),
            f"{row['approved a day']:,.0f}",
            *(f"{row[name][part]:.1f}" for name in ("to grant", "to revoke") for part in ("p50", "p99")),
            f"{100 * row['cold']:.0f} %",
        )
        for row in figures["steady"]
    ]
    return table(head, rows)


def cost(figures: Figures) -> str:
    """USD a month of each size."""
    names = ("standing", "requests", "data sources")
    rows = []
    for row in figures["steady"]:
        parts = [row["USD a month"][name] for name in names]
        runs = [same["USD a month"] for same in figures["reconcile"] if _at(same) == _at(row)]
        told = (f"{runs[0]:,.2f}", f"{sum(parts) + runs[0]:,.2f}") if runs else ("not simulated", "")
        rows.append((*_at(row), *(f"{part:,.2f}" for part in parts), *told))
    head = (*AT, "standing", "requests", "data sources", "reconciler", "USD a month")
    return f"{table(head, rows)}\n\nList prices: {PRICES_OF}."


def bursts(figures: Figures) -> str:
    """What a thousand requests in the same moment give."""
    return _loads([row for row in figures["burst"] if row["requests"] == BURST])


def bad_hours(figures: Figures) -> str:
    """What requests in an hour give in which calls fail."""
    return _loads(figures["bad hour"])


def ways(figures: Figures) -> str:
    """A burst in each way to read DataZone's table, with a queue and without."""
    head = (
        "DataZone's rate is",
        "collectConcurrency",
        "floor, s",
        "to grant, s: p50",
        "p99",
        "last",
        "refused",
        "at once",
    )
    words = {EACH: "each operation's", SHARED: "one for all reads"}
    grant = figures["inputs"]["a grant"]
    rows = []
    for reading, queue in WAYS:
        row = _burst(figures, COMPARED, reading, queue)
        least = floor(grant, rates_of(reading), row["requests"])
        rows.append(
            (
                words[reading],
                queue or "not set",
                f"{least:,.0f}",
                *(f"{row['to grant'][part]:,.0f}" for part in ("p50", "p99", "last")),
                f"{row['refused']:,}",
                f"{row['at once']:,}",
            )
        )
    return table(head, rows)


def said_of_bursts(figures: Figures) -> str:
    """The sentences beside the table of bursts."""
    plain = _burst(figures, BURST)
    each, together = (floor(figures["inputs"]["a grant"], rates_of(way), plain["requests"]) for way in (EACH, SHARED))
    usd = PRICES["Lambda GB-second (arm64)"] * plain["GB-s each"]
    steady_row = next(row for row in figures["steady"] if _at(row) == _at(plain))
    return (
        f"Nothing fails: every one of them ends granted. DataZone's rates alone take {each:,.0f} s for "
        f"{plain['requests']:,} grants if each operation has its own, {together:,.0f} s if all reads share one; these "
        f"are the floors. While a function tries again it is paid for: a grant of a burst of {plain['requests']:,} "
        f"takes {plain['GB-s each']:,.0f} GB-seconds ({100 * usd:.2f} cents), one alone {steady_row['GB-s each']:,.1f}."
    )


def calls(figures: Figures) -> str:
    """Calls of one request by service, in each load, and those of a run of the reconciler."""
    found: dict[str, Mapping[str, float]] = {}
    for name, words in (("steady", "steady"), ("burst", "burst"), ("bad hour", "bad hour")):
        found[words] = next(row for row in figures[name] if (row["accounts"], row["grants"]) == MIDDLE)["calls"]
    run = next(row for row in figures["reconcile"] if (row["accounts"], row["grants"]) == MIDDLE)["calls"]
    services = sorted({*run, *(service for each in found.values() for service in each)})
    head = ("service", *(f"a request: {words}" for words in found), "a run of the reconciler")
    rows = [
        (name, *(f"{each.get(name, 0):.1f}" for each in found.values()), f"{run.get(name, 0):,}") for name in services
    ]
    sums = ("all", *(f"{sum(each.values()):.1f}" for each in found.values()), f"{sum(run.values()):,}")
    return table(head, [*rows, sums])


def reconcile(figures: Figures) -> str:
    """A run of the reconciler over each size."""
    head = (
        *(*AT, "projects", "seconds", "minutes", "calls to DataZone", "assets looked at", "shards"),
        "longest invocation, s",
    )
    rows = [
        (
            *_at(row),
            f"{row['projects']:,}",
            f"{row['seconds']:,}",
            f"{row['seconds'] / 60:.0f}",
            f"{row['calls']['datazone']:,}",
            f"{100 * row['assets looked at']:.0f} %",
            f"{row['shards']:,}",
            f"{row['longest invocation']:.0f}",
        )
        for row in figures["reconcile"]
    ]
    return table(head, rows)


def quotas(figures: Figures) -> str:
    """The quotas that each size uses most."""
    rows = [
        (
            *_at(row),
            *(cell for use in row["quotas"][:2] for cell in (use["quota"], _short(use["used"]), _short(use["of"]))),
        )
        for row in figures["steady"]
    ]
    return table((*AT, "first quota met", "used", "of", "next", "used", "of"), rows)


def limits(figures: Figures) -> str:
    """At how many grants each quota is met, and what moves it."""
    each = of_a_request(figures["inputs"])
    met = {accounts: met_at(accounts, each) for accounts in ACCOUNTS}
    known = {use.quota: use for use in uses(Landscape(ACCOUNTS[-1], 1), each)}
    within = _tightest([name for name in known if any(met[accounts][name] < MOST for accounts in ACCOUNTS)], met)
    within.sort(key=lambda name: [met[accounts][name] for accounts in reversed(ACCOUNTS)])
    head = ("quota", "default", *(f"{accounts:,} accounts: grants" for accounts in ACCOUNTS))
    rows = [
        (name, _short(known[name].limit), *(_fits(met[accounts][name]) for accounts in ACCOUNTS)) for name in within
    ]
    moves: dict[tuple[str, str], list[str]] = {}
    for name in within:
        moves.setdefault((known[name].moved_by, known[name].source), []).append(name)
    told = [f"* **{', '.join(names)}** ({source}): {moved_by}." for (moved_by, source), names in moves.items()]
    return "\n".join([table(head, rows), "", "What moves them:", "", *told])


SECTIONS: Mapping[str, tuple[tuple[str, ...], Callable[[Figures], str]]] = {
    "in short": (tuple(KINDS), in_short),
    "steady": (("steady",), steady),
    "cost": (("steady", "reconcile"), cost),
    "bursts": (("burst",), bursts),
    "said of bursts": (("steady", "burst"), said_of_bursts),
    "ways": (("burst",), ways),
    "bad hours": (("bad hour",), bad_hours),
    "calls": (("steady", "burst", "bad hour", "reconcile"), calls),
    "reconcile": (("reconcile",), reconcile),
    "quotas": (("steady",), quotas),
    "limits": (("steady",), limits),
}
"""Name -> the kinds of simulations that it needs, and what is written."""


def floor(grant: Mapping[str, float], rates: Mapping[str, Rate], requests: int) -> float:
    """Seconds that DataZone's rates alone take for so many requests.

    Args:
        grant: calls of one, by operation.
        rates: by operation.
        requests: made at once.
    """
    buckets: dict[str, float] = {}
    for name, count in grant.items():
        if name.startswith("datazone:") and name in rates:
            bucket = rates[name].bucket or name
            buckets[bucket] = buckets.get(bucket, 0.0) + requests * count / rates[name].per_second
    return max(buckets.values())


def of_a_request(given: Mapping[str, Any]) -> dict[str, float]:
    """Calls of a request by operation: as many grants are revoked as are made.

    Args:
        given: inputs.
    """
    names = {**given["a grant"], **given["a revoke"]}
    return {name: sum(given[kind].get(name, 0) for kind in ("a grant", "a revoke")) / 2 for name in names}


def _loads(rows: Sequence[Row]) -> str:
    head = (*AT, "requests", "granted", "to grant, s: p50", "p99", "last", "refused", "failed", "at once", "GB-s each")
    return table(
        head,
        [
            (
                *_at(row),
                f"{row['requests']:,}",
                f"{row['granted']:,}",
                *(f"{row['to grant'][part]:,.0f}" for part in ("p50", "p99", "last")),
                *(f"{row[name]:,}" for name in ("refused", "failed", "at once")),
                f"{row['GB-s each']:.1f}",
            )
            for row in rows
        ],
    )


def _burst(figures: Figures, requests: int, reading: str = EACH, queue: int = 0) -> Row:
    wanted = (*MIDDLE, requests, reading, queue)
    names = ("accounts", "grants", "requests", "reading", "queue")
    return next(row for row in figures["burst"] if tuple(row[name] for name in names) == wanted)


def _tightest(names: Sequence[str], met: Mapping[int, Mapping[str, int]]) -> list[str]:
    """Of a service's rates the one that is met first; every other quota."""
    kept: dict[str, str] = {}
    for name in sorted(names, key=lambda name: [met[accounts][name] for accounts in ACCOUNTS]):
        service, _, rest = name.partition(":")
        kept.setdefault(service if rest.endswith(" a second") else name, name)
    return list(kept.values())


def _at(row: Row) -> tuple[str, str]:
    return f"{row['accounts']:,}", f"{row['grants']:,}"


def _short(number: float) -> str:
    return f"{number:,.1f}".removesuffix(".0")


def _fits(grants: int) -> str:
    if not grants:
        return "none"
    return f"more than {MOST:,}" if grants >= MOST else f"{grants:,}"
