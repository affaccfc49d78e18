"""The product's code on a virtual clock, for 10, 100 and 1,000 accounts and 1,000, 10,000 and 100,000 grants.

They are put to a steady load, to a burst of a thousand approvals, to an hour in which half of all calls fail (what
stands makes hardly any difference to these two), and to a run of the reconciler. Printed are the seconds until a
request is carried out, those of the reconciler, calls by service, what it costs a month, which quota is met first, and
at how many grants each is met.

Nothing is asked of AWS, no account is needed, and the figures are the same each time. Everything takes about
three minutes on two idle processors, the smallest size half a minute, and without its burst seconds.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

from bench.scale.figures import ACCOUNTS, GRANTS, KINDS, Case, Figures, cases
from bench.scale.inputs import inputs
from bench.scale.page import PAGE, RECORD, record, recorded
from bench.scale.tables import SECTIONS

EXAMPLES = """examples:
  python -m bench scale                                          everything
  python -m bench scale --accounts 10 --grants 1000              the smallest size
  python -m bench scale --loads burst --accounts 100             bursts only
  python -m bench scale --record                                 everything, and docs/scale.md is written with it
"""
TITLES = {
    "in short": "In short",
    "steady": "A steady load",
    "cost": "What it costs a month",
    "bursts": "A thousand approvals at once",
    "said of bursts": "",
    "ways": "The same in each way to read DataZone's rates, with a queue and without",
    "bad hours": "200 requests in an hour in which half of all calls fail",
    "calls": "Calls by service",
    "reconcile": "A run of the reconciler",
    "quotas": "The quotas that each size uses most",
    "limits": "Where each limit is: the grants that still fit",
}
HEAVY = ("reconcile", "burst", "bad hour", "steady")
"""What takes longest is begun first."""


@contextmanager
def quiet() -> Iterator[None]:
    """Let the product log nothing meanwhile."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def simulate(wanted: Sequence[Case], processes: int = 1, tell: Callable[[str], None] = lambda line: None) -> Figures:
    """The figures of some simulations, by kind, and the inputs that all of them depend on.

    Args:
        wanted: simulations.
        processes: how many run side by side.
        tell: is told of each that has ended.
    """
    with quiet():
        given = inputs()
    heavy_first = sorted(wanted, key=lambda case: (HEAVY.index(case.kind), -case.grants))
    found: dict[Case, Figures] = {}
    for number, (case, seconds, figures) in enumerate(_ended(heavy_first, processes), 1):
        found[case] = figures
        tell(f"[{number:2}/{len(wanted)}] {case.name}: {_headline(case, figures)} ({seconds:.0f} s)")
    by_kind = {kind: [found[case] for case in wanted if case.kind == kind] for kind in KINDS}
    return {"inputs": given, **{kind: rows for kind, rows in by_kind.items() if rows}}


def _ended(wanted: Sequence[Case], processes: int) -> Iterator[tuple[Case, float, Figures]]:
    if processes == 1 or len(wanted) == 1:
        yield from map(_run, wanted)
        return
    with ProcessPoolExecutor(processes) as pool:
        for future in as_completed([pool.submit(_run, case) for case in wanted]):
            yield future.result()


def _run(case: Case) -> tuple[Case, float, Figures]:
    began = time.monotonic()
    gc.disable()  # What a simulation makes lives until it ends, and looking through it takes a third of the time.
    try:
        with quiet():
            figures = case.simulate()
    except Exception as error:
        raise RuntimeError(f"{case.name}: {error}") from error
    finally:
        gc.enable()
    return case, time.monotonic() - began, figures


def _headline(case: Case, figures: Figures) -> str:
    if case.kind == "reconcile":
        return f"{figures['seconds'] / 60:.0f} minutes on the virtual clock"
    took = figures["to grant"]
    return f"{figures['granted']:,} granted, p50 {took['p50']:,.0f} s, p99 {took['p99']:,.0f} s"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m bench scale",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--accounts", type=int, nargs="+", choices=ACCOUNTS, default=ACCOUNTS, help="sizes (default: all)"
    )
    made.add_argument("--grants", type=int, nargs="+", choices=GRANTS, default=GRANTS, help="sizes (default: all)")
    made.add_argument(
        "--loads", nargs="+", choices=tuple(KINDS), default=tuple(KINDS), help="what they are put to (default: all)"
    )
    made.add_argument(
        "--processes",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="simulations side by side (default: one for each processor); the figures do not depend on it",
    )
    made.add_argument("--page", action="store_true", help=f"only write docs/{PAGE.name} anew, with the kept figures")
    made.add_argument(
        "--record",
        action="store_true",
        help=f"keep the figures and write docs/{PAGE.name} with them; of everything only",
    )
    return made


def main(arguments: list[str]) -> dict[str, Any]:
    """Simulate and print; `parser` says what may be chosen."""
    command = parser()
    chosen = command.parse_args(arguments)
    if chosen.page:
        record(recorded())
        return recorded()
    if chosen.processes < 1:
        command.error("--processes: at least one")
    wanted = cases(chosen.loads, chosen.accounts, chosen.grants)
    if chosen.record and set(wanted) != set(cases()):
        command.error("--record is for everything: leave --accounts, --grants and --loads out")
    _progress(f"{len(wanted)} simulations, {chosen.processes} side by side; what takes minutes is begun first")
    figures = simulate(wanted, chosen.processes, _progress)
    for name, (kinds, write) in SECTIONS.items():
        if all(kind in figures for kind in kinds):
            _print(TITLES[name], write, figures)
    if chosen.record:
        record(figures)
        print(f"\nwritten: docs/{PAGE.name} and {RECORD.relative_to(RECORD.parents[2])}")
    return figures


def _print(title: str, write: Callable[[Figures], str], figures: Figures) -> None:
    try:
        written = write(figures)
    except StopIteration:
        return  # It is about a size that was not chosen.
    print(f"\n{title}\n\n{written}" if title else f"\n{written}")


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
