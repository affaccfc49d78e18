"""Draw docs/dashboards.svg: the dashboards as the deploy specs describe them, each graph with what it shows.

Run ``python -m tools.docs.dashboard_picture`` after changing one; a test holds the picture against the specs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from streamgov_core.deploy.spec import DashboardSpec
from tools.docs.deployments import deployments

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "docs" / "dashboards.svg"
CELL, HEAD, GAP = 44, 46, 8
"""Pixels: a unit of CloudWatch's grid, a dashboard's head, the gap between graphs."""
WIDTH = 24 * CELL
COLOURS = ("#1f77b4", "#d1671b", "#2a8f47", "#b8323a", "#7a55b0")
STYLE = """<style>text{font-family:Helvetica,Arial,sans-serif;fill:#1f2933}.p{fill:#fff;stroke:#cbd2d9}
.t{font-size:14px;font-weight:bold}.m{font-size:13px;fill:#52606d}.h{font-size:18px;font-weight:bold}.g{stroke:#e4e7eb}</style>"""


def picture() -> str:
    """The picture as it should be."""
    drawn, top = [], 0
    for title, dashboard in zip(("domain account", "member account"), dashboards(), strict=True):
        drawn.append(f'<text class="h" x="8" y="{top + 30}">{escape(f"{dashboard.name}: {title}")}</text>')
        drawn.extend(_widget(widget, top + HEAD) for widget in dashboard.body["widgets"])
        top += HEAD + CELL * max(widget["y"] + widget["height"] for widget in dashboard.body["widgets"])
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + GAP}" role="img">'
    title = "<title>The dashboards of the domain's account and of a member account</title>"
    paper = f'<rect width="{WIDTH}" height="{top + GAP}" fill="#f5f7fa"/>'
    return "\n".join([head, title, STYLE, paper, *drawn, "</svg>", ""])


def dashboards() -> list[DashboardSpec]:
    """The dashboards of a deployment."""
    domain, member, *_ = deployments()
    return [domain.dashboard, member.dashboard]


def _widget(widget: Mapping[str, Any], top: int) -> str:
    x, y = CELL * widget["x"] + GAP, top + CELL * widget["y"]
    width, height = CELL * widget["width"] - 2 * GAP, CELL * widget["height"] - GAP
    shown = list(_labels(widget["properties"]["metrics"]))
    grid = [
        f'<line class="g" x1="{x + 12}" x2="{x + width - 12}" y1="{y + at}" y2="{y + at}"/>'
        for at in range(48, height - 16 - 22 * len(shown), 32)
    ]
    base = y + height - 14 - 22 * (len(shown) - 1)
    legend = [
        f'<rect x="{x + 14}" y="{base + 22 * index - 9}" width="14" height="4" fill="{COLOURS[index % len(COLOURS)]}"/>'
        f'<text class="m" x="{x + 36}" y="{base + 22 * index - 3}">{escape(label)}</text>'
        for index, label in enumerate(shown)
    ]
    return "\n".join(
        [
            f'<rect class="p" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>',
            f'<text class="t" x="{x + 14}" y="{y + 26}">{escape(widget["properties"]["title"])}</text>',
            *grid,
            *legend,
        ]
    )


def _labels(rows: list[list[Any]]) -> Iterator[str]:
    """What the legend of a graph says."""
    for row in rows:
        options = row[-1] if isinstance(row[-1], dict) else {}
        if options.get("visible") is False:
            continue
        name = row[1] if isinstance(row[0], str) else "".join(re.findall(r'MetricName="(\w+)"', options["expression"]))
        label = options.get("label") or options.get("stat") or ""
        yield " ".join(dict.fromkeys(part for part in (name, label) if part)) or options["expression"]


if __name__ == "__main__":
    OUT.write_text(picture(), encoding="utf-8")
    print(f"wrote {OUT.relative_to(ROOT)}")
