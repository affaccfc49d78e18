"""Dashboards show what is emitted, and nothing that is not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from streamgov_core.deploy.spec import DashboardSpec
from streamgov_core.runtime.metrics import METRIC_NAMESPACE
from tools.docs import dashboard_picture
from tools.docs.deployments import NAMES, deployments

ROOT = Path(__file__).resolve().parents[3]
DASHBOARDS = [part.dashboard for part in deployments()[:2]]
AWS_METRICS = {
    "AWS/States": {
        "ExecutionsStarted",
        "ExecutionsSucceeded",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
    },
    "AWS/Lambda": {"Invocations", "Duration", "Errors", "ConcurrentExecutions"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
}
"""Metrics of the services' own pages that the dashboards use."""


def rows(dashboard: DashboardSpec) -> list[list[Any]]:
    return [row for widget in dashboard.body["widgets"] for row in widget["properties"]["metrics"]]


def emitted() -> set[str]:
    """Names of metrics as the metrics page lists them, which a test holds against the code."""
    page = (ROOT / "docs" / "operating.md").read_text()
    table = page[page.index("## Metrics") :]
    return {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda spec: spec.name)
def test_every_metric_is_one_that_somebody_emits(dashboard: DashboardSpec) -> None:
    known = {**AWS_METRICS, METRIC_NAMESPACE: emitted()}
    for row in rows(dashboard):
        if isinstance(row[0], str):
            assert row[1] in known[row[0]], row
        else:
            for name in re.findall(r'MetricName="(\w+)"', row[0].get("expression", "")):
                assert name in known[METRIC_NAMESPACE], row
    assert any(row[0] == METRIC_NAMESPACE or "Streamgov" in str(row[0]) for row in rows(dashboard))


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda spec: spec.name)
def test_the_body_is_within_cloudwatchs_rules(dashboard: DashboardSpec) -> None:
    """CloudWatch API, "Dashboard body structure": a grid of 24 columns, no two widgets on one place, ids are unique."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,255}", dashboard.name)
    assert len(json.dumps(dashboard.body)) < 1_000_000 and len(dashboard.body["widgets"]) <= 500
    places = {(widget["x"], widget["y"]) for widget in dashboard.body["widgets"]}
    assert len(places) == len(dashboard.body["widgets"])
    for widget in dashboard.body["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        options = [row[-1] for row in widget["properties"]["metrics"] if isinstance(row[-1], dict)]
        ids = [option["id"] for option in options if "id" in option]
        assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z][a-zA-Z0-9_]*", key) for key in ids)
        used = {key for option in options for key in re.findall(r"\bm\d+\b", option.get("expression", ""))}
        assert used <= set(ids)


def test_two_deployments_share_no_dashboard() -> None:
    names = [dashboard.name for dashboard in DASHBOARDS]
    assert len(set(names)) == 2 and all(NAMES.region in name and NAMES.namespace in name for name in names)


def test_the_picture_is_current() -> None:
    text = (ROOT / "docs" / "dashboards.svg").read_text()
    assert text == dashboard_picture.picture(), "run python -m tools.docs.dashboard_picture"
    assert text.count('class="p"') == sum(len(dashboard.body["widgets"]) for dashboard in DASHBOARDS)
