"""The access graph as SVG: roles on the left, topics and streams on the right, a line for each access."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from streamgov_ops.audit.entries import AccessEntry
from streamgov_ops.audit.tables import short_role

ROW, TOP, WIDTH, BOX = 34, 40, 960, 320
"""Pixels: the height of a node's row, the room above the first, the picture's width, a node's width."""


@dataclass(frozen=True)
class _Node:
    key: str
    label: str
    account: str
    kind: str
    x: int
    y: int


def access_graph(entries: Sequence[AccessEntry]) -> str:
    """The picture of entries; every node and line carries `data-` attributes for the page's filters.

    A node is a link to what the page shows of it, so that it can be reached by the keyboard.
    """
    roles = _column({entry.principal: (short_role(entry.principal), _account(entry.principal)) for entry in entries},
                    "role", 10)  # fmt: skip
    resources = _column({entry.resource: (entry.name, entry.producer_account) for entry in entries}, "resource",
                        WIDTH - BOX - 10)  # fmt: skip
    height = TOP + ROW * max(len(roles), len(resources), 1) + 10
    title = f"{len(roles)} roles, {len(resources)} topics and streams, {len(entries)} ways of access"
    lines = [_line(number, entry, roles[entry.principal], resources[entry.resource])
             for number, entry in enumerate(entries)]  # fmt: skip
    nodes = [_drawn(node) for node in (*roles.values(), *resources.values())]
    return "\n".join(
        [
            f'<svg id="graph" viewBox="0 0 {WIDTH} {height}" role="group" aria-labelledby="graph-title"'
            f' xmlns="http://www.w3.org/2000/svg"><title id="graph-title">{title}</title>',
            f'<text class="head" x="10" y="22">roles</text>'
            f'<text class="head" x="{WIDTH - BOX - 10}" y="22">topics and streams</text>',
            '<g class="lines" aria-hidden="true">',
            *lines,
            "</g>",
            *nodes,
            "</svg>",
        ]
    )


def _column(items: dict[str, tuple[str, str]], kind: str, x: int) -> dict[str, _Node]:
    ordered = sorted(items.items(), key=lambda item: (item[1][1], item[1][0], item[0]))
    return {
        key: _Node(key, label, account, kind, x, TOP + ROW * row) for row, (key, (label, account)) in enumerate(ordered)
    }


def _line(number: int, entry: AccessEntry, role: _Node, resource: _Node) -> str:
    x1, y1, x2, y2 = role.x + BOX, role.y + 13, resource.x, resource.y + 13
    middle = (x1 + x2) // 2
    return (
        f'<path class="line {entry.access.lower()}{" warned" if entry.warnings else ""}" data-row="{number}"'
        f' d="M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}"/>'
    )


def _drawn(node: _Node) -> str:
    label = node.label if len(node.label) <= 42 else node.label[:41] + "…"
    noun = "role" if node.kind == "role" else "topic or stream"
    said = escape(f"{noun} {node.label} of account {node.account}: show only this", quote=True)
    return (
        f'<a class="node {node.kind}" href="#q={quote(node.key, safe=":/*")}" data-key="{escape(node.key, quote=True)}"'
        f' aria-label="{said}"><title>{escape(node.key)}</title>'
        f'<rect x="{node.x}" y="{node.y}" width="{BOX}" height="26" rx="5"/>'
        f'<text x="{node.x + 10}" y="{node.y + 18}">{escape(label)}</text></a>'
    )


def _account(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
