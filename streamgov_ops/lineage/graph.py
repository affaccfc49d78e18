"""The lineage graph around one node, walked through DataZone's API, as text and as a picture (SVG)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from rich.tree import Tree

MAX_NODES = 60
MAX_COLUMNS = 8
WIDTH, ROW, GAP, PAD = 370, 15, 70, 14
LONGEST, FITTING = 52, 40
"""Characters of a name that are shown, and that fit a box at full size in any font."""
PAPER, INK, MUTED = "#ffffff", "#1f2933", "#52606d"
FILL = {"dataset": "#e6f6ec", "job": "#e8eefc"}
EDGE = {"dataset": "#2f8f57", "job": "#3b6fd4"}


@dataclass
class Node:
    """A dataset, or all runs of one job.

    Attributes:
        name: the dataset's or job's identifier.
        kind: ``dataset`` or ``job``.
        columns: of a dataset, where an event or its schema says them: (name, type).
        runs: of a job: the last event of each run.
        before: names of the nodes that feed it.
        after: names of the nodes that it feeds.
    """

    name: str
    kind: str
    columns: list[tuple[str, str]] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)

    def lines(self) -> list[str]:
        """What stands below the name, for a picture."""
        if self.kind == "job":
            return [f"{len(self.runs)} run(s), last event {self.runs[-1]}"] if self.runs else []
        shown = [f"{name}  {type_}" for name, type_ in self.columns[:MAX_COLUMNS]]
        left = len(self.columns) - MAX_COLUMNS
        return [*shown, f"… {left} more"] if left > 0 else shown


def walk(datazone: Any, domain_id: str, start: str) -> dict[str, Node]:
    """The graph around a node (API GetLineageNode), runs of one job taken together.

    Args:
        datazone: a client.
        domain_id: the domain.
        start: id or source identifier of the node.
    """
    found: dict[str, Node] = {}
    seen: set[str] = set()
    waiting = [start]
    names: dict[str, str] = {}
    edges: list[tuple[str, str]] = []
    while waiting and len(seen) < MAX_NODES:
        identifier = waiting.pop()
        node = datazone.get_lineage_node(domainIdentifier=domain_id, identifier=identifier)
        if node["id"] in seen:
            continue
        seen.add(node["id"])
        made = _node(node)
        known = found.setdefault(made.name, made)
        if known is not made:
            known.runs += made.runs
        names[node["id"]] = made.name
        for key in ("upstreamNodes", "downstreamNodes"):
            for other in node.get(key, []):
                edges.append((other["id"], node["id"]) if key == "upstreamNodes" else (node["id"], other["id"]))
                waiting.append(other["id"])
    for one, two in edges:
        if one in names and two in names:
            found[names[one]].after.add(names[two])
            found[names[two]].before.add(names[one])
    return found


def _node(node: dict[str, Any]) -> Node:
    forms = {item["formName"]: json.loads(item["content"]) for item in node.get("formsOutput", [])}
    source = str(node.get("sourceIdentifier", node["id"]))
    if node["typeName"].endswith("JobRunLineageNodeType"):
        return Node(source.rsplit("/", 1)[0], "job", runs=[str(forms.get("OpenLineageRunForm", {}).get("eventType"))])
    columns = [
        (column["name"], str(column.get("type", ""))) for column in forms.get("SchemaForm", {}).get("fields", [])
    ]
    return Node(source, "dataset", columns)


def text(graph: dict[str, Node]) -> Tree:
    """The graph from its sources on."""
    tree = Tree("[bold]lineage[/bold]")
    for name in sorted(name for name, node in graph.items() if not node.before):
        _grow(tree, graph, name, ())
    return tree


def _grow(branch: Tree, graph: dict[str, Node], name: str, above: Sequence[str]) -> None:
    node = graph[name]
    told = ", ".join(column for column, _ in node.columns) if node.kind == "dataset" else "; ".join(node.lines())
    grown = branch.add(f"{'▤' if node.kind == 'dataset' else '⚙'} {name}" + (f"  [dim]{told}[/dim]" if told else ""))
    for following in sorted(node.after):
        if following not in above:
            _grow(grown, graph, following, (*above, name))


def picture(graph: dict[str, Node]) -> str:
    """The graph as SVG, from left to right."""
    depth: dict[str, int] = {}
    for _ in graph:
        for name, node in graph.items():
            depth[name] = max([depth.get(other, 0) + 1 for other in node.before if other != name], default=0)
            depth[name] = min(depth[name], len(graph))
    columns: dict[int, list[str]] = {}
    for name in sorted(graph):
        columns.setdefault(depth[name], []).append(name)
    boxes: dict[str, tuple[int, int, int]] = {}
    height = 0
    for level, names in columns.items():
        y = PAD
        for name in names:
            tall = 34 + ROW * len(graph[name].lines())
            boxes[name] = (PAD + level * (WIDTH + GAP), y, tall)
            y += tall + 24
        height = max(height, y)
    width = PAD + (max(columns) + 1) * (WIDTH + GAP) - GAP + PAD if columns else 2 * PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="Helvetica, Arial, sans-serif"><rect width="100%" height="100%" fill="{PAPER}"/>',
        f'<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{MUTED}"/></marker></defs>',
    ]
    for name, node in graph.items():
        for following in node.after:
            (x1, y1, h1), (x2, y2, h2) = boxes[name], boxes[following]
            (left, top), (right, end) = (x1 + WIDTH, y1 + h1 / 2), (x2, y2 + h2 / 2)
            out.append(
                f'<path d="M{left} {top}C{left + GAP / 2} {top} {right - GAP / 2} {end} {right} {end}" fill="none" '
                f'stroke="{MUTED}" stroke-width="1.5" marker-end="url(#head)"/>'
            )
    for name, node in graph.items():
        out.append(_box(node, *boxes[name]))
    return "\n".join([*out, "</svg>", ""])


def _box(node: Node, x: int, y: int, tall: int) -> str:
    title = node.name if len(node.name) <= LONGEST else f"…{node.name[1 - LONGEST :]}"
    size = 12 if len(title) <= FITTING else 10
    out = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{tall}" rx="8" fill="{FILL[node.kind]}" '
        f'stroke="{EDGE[node.kind]}"/>',
        f'<text x="{x + 10}" y="{y + 21}" font-size="{size}" font-weight="bold" fill="{INK}">{escape(title)}</text>',
    ]
    for index, line in enumerate(node.lines()):
        out.append(
            f'<text x="{x + 10}" y="{y + 38 + ROW * index}" font-size="11" fill="{MUTED}">{escape(line[:60])}</text>'
        )
    return "\n".join(out)


def write(graph: dict[str, Node], path: Path) -> Path:
    """Write the picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture(graph))
    return path
