"""What the benchmarks share: their registry, tables, and where their figures go."""

from __future__ import annotations

import importlib
import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / ".bench"
"""One JSON file a benchmark; not under version control."""

BENCHES: dict[str, tuple[str, str]] = {
    "access": ("bench.access", "a grant and a revoke: calls and milliseconds; 50 at once; what documents hold"),
    "infrastructure": ("bench.infrastructure", "a stack with 1, 10 and 50 targets: resources, seconds, state"),
    "catalog": ("bench.catalog", "a data source over 100 to 10,000 schemas: calls and seconds"),
    "schemas": ("bench.schemas", "schemas of 170,000 characters: seconds; public files: refused, shown, judged"),
    "cold": ("bench.cold", "cold starts at the CPU share of four memory sizes, and a grant with none warm"),
    "records": ("bench.records", "where a data source's records should lie: seconds and cost by documented rates"),
    "scale": ("bench.scale.run", "many accounts and grants, a burst, a bad hour: on a virtual clock, minutes"),
    "cost": ("bench.cost", "what an idle and a busy deployment cost a month, at list prices"),
}
"""Name -> module with ``main(arguments) -> dict`` and what it measures. Add yours here."""


def run(name: str, arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Run one benchmark and keep its figures."""
    module, _ = BENCHES[name]
    started = time.time()
    figures = importlib.import_module(module).main(list(arguments))
    document = {
        "bench": name,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "seconds": round(time.time() - started, 1),
        "figures": figures,
    }
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"\n{name}: {document['seconds']} s, figures in {OUTPUT.name}/{name}.json")
    return document


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"

    return "\n".join(
        [line(cells[0]), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, cells[1:])]
    )
