"""Draw docs/architecture.svg: three accounts, what runs in each, and the way of a grant.

Run `python -m tools.docs.architecture_picture` after changing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1180, 640
OUT = Path(__file__).resolve().parent.parent.parent / "docs" / "architecture.svg"
INK, MUTED, LINE, PAPER = "#1f2933", "#52606d", "#9aa5b1", "#ffffff"
COLOURS = {"domain": "#e8eefc", "producer": "#e6f6ec", "consumer": "#fdf0e3"}
EDGES = {"domain": "#3b6fd4", "producer": "#2f8f57", "consumer": "#c77418"}


@dataclass(frozen=True)
class Box:
    """A box with a title and lines below it."""

    x: int
    y: int
    w: int
    h: int
    title: str
    lines: tuple[str, ...] = ()

    def svg(self, edge: str) -> str:
        """The box as SVG."""
        out = [
            f'<rect x="{self.x}" y="{self.y}" width="{self.w}" height="{self.h}" rx="8" fill="{PAPER}" '
            f'stroke="{edge}" stroke-width="1.5"/>',
            f'<text x="{self.x + self.w / 2}" y="{self.y + 22}" class="title">{escape(self.title)}</text>',
        ]
        for index, line in enumerate(self.lines):
            y = self.y + 41 + 16 * index
            out.append(f'<text x="{self.x + self.w / 2}" y="{y}" class="line">{escape(line)}</text>')
        return "\n".join(out)


def account(x: int, y: int, w: int, h: int, kind: str, title: str) -> str:
    """The frame of one account."""
    return (
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="14" fill="{COLOURS[kind]}" stroke="none"/>'
        f'<text x="{x + 18}" y="{y + 27}" class="account" fill="{EDGES[kind]}">{escape(title)}</text>'
    )


def arrow(points: str, label: str, x: int, y: int, number: str = "", anchor: str = "middle") -> str:
    """A line with an arrow head, its label and the number of the step."""
    out = [f'<polyline points="{points}" fill="none" stroke="{INK}" stroke-width="1.6" marker-end="url(#head)"/>']
    if number:
        offset = {"middle": -len(label) * 3.1 - 15, "start": -13, "end": -len(label) * 6.2 - 13}[anchor]
        out.append(f'<circle cx="{x + offset}" cy="{y - 4}" r="9" fill="{INK}"/>')
        out.append(f'<text x="{x + offset}" y="{y}" class="number">{number}</text>')
    out.append(f'<text x="{x}" y="{y}" class="label" text-anchor="{anchor}">{escape(label)}</text>')
    return "\n".join(out)


def picture() -> str:
    """The whole drawing."""
    domain = [
        Box(60, 62, 220, 78, "DataZone domain", ("catalogue, requests, grants,", "lineage")),
        Box(400, 62, 150, 78, "EventBridge", ("grant rule, settle rule,", "dead letters")),
        Box(650, 62, 230, 78, "central state machine", ("one for all platforms;", "each asset on its own")),
        Box(960, 62, 170, 78, "grant ledger", ("who, what, since when,", "desired state, outcome")),
        Box(340, 172, 230, 62, "collect · report functions", ("the event is only a hint",)),
    ]
    producer = [
        Box(60, 400, 190, 78, "Glue Schema Registry", ("schemas, versions", "(events by CloudTrail)")),
        Box(60, 524, 190, 78, "data source function", ("keeps assets in step;", "its record is the authority")),
        Box(330, 400, 210, 78, "member state machine", ("apply function, lease,", "document ledger")),
        Box(330, 524, 210, 78, "MSK cluster · Kinesis", ("resource policy, compiled", "from the active grants")),
    ]
    consumer = [
        Box(680, 400, 210, 78, "member state machine", ("apply function, lease,", "document ledger")),
        Box(680, 524, 210, 78, "consumer role", ("identity policies,", "permissions boundary")),
        Box(960, 524, 170, 78, "the consumer's job", ("reads; reports lineage",)),
        Box(960, 400, 170, 78, "subscription target", ("names the roles",)),
    ]
    parts = [
        account(24, 20, 1132, 232, "domain", "Domain account"),
        account(24, 356, 540, 266, "producer", "Producer account"),
        account(644, 356, 512, 266, "consumer", "Consumer account"),
    ]
    for kind, boxes in (("domain", domain), ("producer", producer), ("consumer", consumer)):
        parts += [box.svg(EDGES[kind]) for box in boxes]
    parts += [
        arrow("280,101 396,101", "grant requested", 346, 90, "1"),
        arrow("550,101 646,101", "starts", 602, 92),
        arrow("880,101 956,101", "", 0, 0),
        arrow("680,140 680,203 574,203", "", 0, 0),
        arrow("340,203 170,203 170,144", "status, or why not", 252, 222, "3"),
        arrow("740,140 740,300 435,300 435,396", "start with a task token", 580, 293, "2"),
        arrow("850,140 850,396", "both accounts at once", 882, 304, "2", "start"),
        arrow("435,478 435,520", "", 0, 0),
        arrow("785,478 785,520", "", 0, 0),
        arrow("155,478 155,520", "", 0, 0),
        arrow("60,563 40,563 40,101 56,101", "assets, lineage", 50, 330, "", "start"),
        arrow("960,563 894,563", "", 0, 0),
        arrow("680,580 544,580", "reads the stream", 612, 571),
    ]
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"
 role="img" aria-label="The domain account orchestrates, the member accounts change their own policies">
<defs><marker id="head" markerWidth="9" markerHeight="9" refX="8" refY="4.5" orient="auto"><path d="M0,0 L9,4.5 L0,9 z"
 fill="{INK}"/></marker></defs>
<style>
text {{ font-family: system-ui, "Helvetica Neue", Arial, sans-serif; fill: {INK}; }}
.title {{ font-size: 14px; font-weight: 600; text-anchor: middle; }}
.line {{ font-size: 12px; fill: {MUTED}; text-anchor: middle; }}
.account {{ font-size: 15px; font-weight: 700; }}
.label {{ font-size: 12px; paint-order: stroke; stroke: {PAPER}; stroke-width: 3px; }}
.number {{ font-size: 11px; font-weight: 700; fill: {PAPER}; text-anchor: middle; }}
</style>
<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>
{body}
</svg>
"""


if __name__ == "__main__":
    OUT.write_text(picture())
