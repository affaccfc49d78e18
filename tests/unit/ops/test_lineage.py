"""The lineage graph as the command and the walkthrough walk and draw it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console

from streamgov_ops.lineage import graph as lineage_graph

NODES = {
    "p": ("lambda://1/r.producer/run0", "JobRun", [], ["t"]),
    "t": ("kafka://c/orders", "Dataset", ["p"], ["j1", "j2"]),
    "j1": ("flink://1/r.job/run1", "JobRun", ["t"], ["o"]),
    "j2": ("flink://1/r.job/run2", "JobRun", ["t", "o"], ["o"]),
    "o": ("kafka://c/totals", "Dataset", ["j1", "j2"], ["j2"]),
}


class DataZone:
    """producer → topic → two runs of one job → results; and back again, which must not hang."""

    def get_lineage_node(self, domainIdentifier: str, identifier: str) -> dict[str, Any]:
        by_source = {node[0]: key for key, node in NODES.items()}
        key = by_source.get(identifier, identifier)
        source, kind, up, down = NODES[key]
        forms: dict[str, dict[str, Any]] = {
            "SchemaForm": {"fields": [{"name": f"c{n}", "type": "<t>"} for n in range(12)]}
        }
        if kind == "JobRun":
            forms = {"OpenLineageRunForm": {"eventType": "RUNNING"}}
        return {
            "id": key,
            "sourceIdentifier": source,
            "typeName": f"amazon.datazone.{kind}LineageNodeType",
            "upstreamNodes": [{"id": other} for other in up],
            "downstreamNodes": [{"id": other} for other in down],
            "formsOutput": [{"formName": name, "content": json.dumps(content)} for name, content in forms.items()],
        }


def test_runs_of_one_job_are_one_node() -> None:
    graph = lineage_graph.walk(DataZone(), "dzd_1", "kafka://c/orders")
    assert set(graph) == {"lambda://1/r.producer", "kafka://c/orders", "flink://1/r.job", "kafka://c/totals"}
    assert graph["flink://1/r.job"].runs == ["RUNNING", "RUNNING"]
    assert graph["kafka://c/orders"].before == {"lambda://1/r.producer"}
    assert graph["kafka://c/orders"].after == {"flink://1/r.job"}
    assert len(graph["kafka://c/totals"].columns) == 12


def test_the_text_shows_the_way_from_producer_to_results() -> None:
    console = Console(width=200, record=True, file=None, quiet=False)
    graph = lineage_graph.walk(DataZone(), "dzd_1", "kafka://c/orders")
    with console.capture() as captured:
        console.print(lineage_graph.text(graph))
    lines = [line for line in captured.get().splitlines() if "://" in line]
    depth = [line.index("://") for line in lines]
    assert ["producer" in lines[0], "orders" in lines[1], "job" in lines[2], "totals" in lines[3]] == [True] * 4
    assert depth == sorted(depth)


def test_the_picture_is_svg_with_all_nodes_from_left_to_right(tmp_path: Path) -> None:
    graph = lineage_graph.walk(DataZone(), "dzd_1", "kafka://c/orders")
    path = lineage_graph.write(graph, tmp_path / "new" / "graph.svg")
    root = ElementTree.parse(path).getroot()
    texts = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    assert set(graph) <= set(texts)
    assert "c0  <t>" in texts
    assert "… 4 more" in texts
    edges = [element for element in root.iter() if element.tag.endswith("path") and element.get("marker-end")]
    assert len(edges) == sum(len(node.after) for node in graph.values())
