"""Draw docs/dashboards.svg: the dashboards as the deploy specs describe them, with the metrics of a recorded run.

Run ``python -m tools.docs.dashboard_picture`` after changing a dashboard or recording a run (`record_dashboards`); a
test holds the picture against both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from streamgov_core.deploy.spec import DashboardSpec
from tools.docs.dashboard_series import Line, lines
from tools.docs.deployments import deployments

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "docs" / "dashboards.svg"
RECORDING = ROOT / "docs" / "dashboards.json"
CELL, HEAD, GAP = 44, 46, 8
"""Pixels: a unit of CloudWatch's grid, a dashboard's head, the gap between graphs."""
WIDTH = 24 * CELL
COLOURS = ("#1f77b4", "#d1671b", "#2a8f47", "#b8323a", "#7a55b0")
STYLE = """<style>text{font-family:Helvetica,Arial,sans-serif;fill:#1f2933}.p{fill:#fff;stroke:#cbd2d9}
.t{font-size:14px;font-weight:bold}.m{font-size:13px;fill:#52606d}.h{font-size:18px;font-weight:bold}.g{stroke:#e4e7eb}
.a{font-size:11px;fill:#7b8794}</style>"""


def picture() -> str:
    """The picture as it should be."""
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    drawn, top = [], 0
    for title, dashboard in zip(("domain account", "member accounts"), dashboards(), strict=True):
        drawn.append(f'<text class="h" x="8" y="{top + 30}">{escape(f"{dashboard.name}: {title}")}</text>')
        drawn.extend(_widget(widget, top + HEAD, recording) for widget in dashboard.body["widgets"])
        top += HEAD + CELL * max(widget["y"] + widget["height"] for widget in dashboard.body["widgets"])
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + GAP}" role="img">'
    title = "<title>The dashboards of the domain's account and of member accounts, with a recorded run</title>"
    paper = f'<rect width="{WIDTH}" height="{top + GAP}" fill="#f5f7fa"/>'
    return "\n".join([head, title, STYLE, paper, *drawn, "</svg>", ""])


def dashboards() -> list[DashboardSpec]:
    """The dashboards of a deployment."""
    domain, member, *_ = deployments()
    return [domain.dashboard, member.dashboard]


def _widget(widget: Mapping[str, Any], top: int, recording: Mapping[str, Any]) -> str:
    x, y = CELL * widget["x"] + GAP, top + CELL * widget["y"]
    width, height = CELL * widget["width"] - 2 * GAP, CELL * widget["height"] - GAP
    every = lines(widget["properties"]["metrics"], recording)
    shown, rest = every[: len(COLOURS)], every[len(COLOURS) :]
    base = y + height - 14 - 22 * (len(shown) - 1)
    legend = [
        f'<rect x="{x + 14}" y="{base + 22 * index - 9}" width="14" height="4" fill="{COLOURS[index]}"/>'
        f'<text class="m" x="{x + 36}" y="{base + 22 * index - 3}">{escape(_told(line))}</text>'
        for index, line in enumerate(shown)
    ]
    more = f'<text class="m" x="{x + width - 60}" y="{y + height - 10}">+{len(rest)}</text>' if rest else ""
    plot = _plot(shown, recording["seconds"], (x + 54, y + 42, width - 100, base - 30 - y - 42))
    return "\n".join(
        [
            f'<rect class="p" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>',
            f'<text class="t" x="{x + 14}" y="{y + 26}">{escape(widget["properties"]["title"])}</text>',
            *plot,
            *legend,
            *filter(None, [more]),
        ]
    )


def _told(line: Line) -> str:
    return line.label if line.values else f"{line.label} (none in this run)"


def _plot(shown: Sequence[Line], seconds: float, box: tuple[int, int, int, int]) -> list[str]:
    """Grid, axes and lines; each value has a dot."""
    x, y, width, height = box
    tops = [_top(line for line in shown if line.right is right) for right in (False, True)]
    sides = [
        (x - 6, "end", tops[0]),
        *([(x + width + 6, "start", tops[1])] if any(line.right for line in shown) else []),
    ]
    parts = []
    for share in (0.0, 0.5, 1.0):
        at = round(y + height * (1 - share), 1)
        parts.append(f'<line class="g" x1="{x}" x2="{x + width}" y1="{at}" y2="{at}"/>')
        parts.extend(
            f'<text class="a" x="{place}" y="{at + 4}" text-anchor="{anchor}">{_number(top * share)}</text>'
            for place, anchor, top in sides
        )
    for line, colour in zip(shown, COLOURS, strict=False):
        top = tops[line.right]
        places = [
            (round(x + width * at / seconds, 1), round(y + height * (1 - value / top), 1)) for at, value in line.values
        ]
        if len(places) > 1:
            text = " ".join(f"{across},{down}" for across, down in places)
            parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{text}"/>')
        parts.extend(f'<circle cx="{across}" cy="{down}" r="2.2" fill="{colour}"/>' for across, down in places)
    return parts


def _top(shown: Iterable[Line]) -> float:
    return max([1.0, *(value for line in shown for _, value in line.values)])


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


if __name__ == "__main__":
    OUT.write_text(picture(), encoding="utf-8")
    print(f"wrote {OUT.relative_to(ROOT)}")
