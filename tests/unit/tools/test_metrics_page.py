"""docs/operating.md lists the metrics that the functions emit: all of them, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from streamgov_core.catalog import full_run
from streamgov_core.domain import report
from streamgov_core.model.findings import HEARTBEAT, Tally, metrics
from tools.dev.workspace import ROOT


def literal_names(tree: ast.AST) -> Iterator[str]:
    """The names in ``…metrics.put({"Name": …})``."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("metrics.put")
            and node.args
            and isinstance(node.args[0], ast.Dict)
        ):
            yield from (str(key.value) for key in node.args[0].keys if isinstance(key, ast.Constant))


def test_the_page_lists_every_metric_and_no_other() -> None:
    emitted = {
        name for path in (ROOT / "streamgov_core").rglob("*.py") for name in literal_names(ast.parse(path.read_text()))
    }
    assert {"TimeToGrant", "AssetsCreated", "DocumentFill"} <= emitted
    emitted |= set(report._COUNTED.values())
    emitted |= {HEARTBEAT, full_run.HEARTBEAT}
    emitted |= {name for values, _ in metrics(Tally(), dry_run=True) for name in values}
    section = (ROOT / "docs" / "operating.md").read_text().split("## Metrics")[1].split("\n### ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == emitted
