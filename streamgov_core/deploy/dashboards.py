"""Dashboards of a deployment: one in the domain's account, one in each member account.

Each widget says what to think of it in its title. Metrics of data sources and documents live in the accounts whose
functions emit them; searches find those of data sources that were not there when the dashboard was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamgov_core.deploy.spec import DashboardSpec
from streamgov_core.model.findings import HEARTBEAT, RECONCILER, mode_of
from streamgov_core.model.naming import Names
from streamgov_core.runtime.metrics import METRIC_NAMESPACE

WIDTH, HEIGHT = 12, 6
"""Of a widget, in CloudWatch's grid of 24 columns."""
HOUR = 3600
FULL = 100
NEAR_FULL = 80
"""Percent of a document from which on somebody should act."""

Widget = dict[str, Any]


def domain_dashboard(names: Names, machine_arn: str, *, dry_run: bool) -> DashboardSpec:
    """The dashboard of the domain's account: grants, failures, executions, the reconciler.

    Args:
        names: of the deployment.
        machine_arn: the central machine.
        dry_run: whether scheduled runs of the reconciler only report.
    """
    report = _own(names, "report")
    mode = {"Mode": mode_of(dry_run)}
    reconcile = {**_own(names, RECONCILER), **mode}
    machine = {"StateMachineArn": machine_arn}
    ended = ("ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
    widgets = [
        _metrics(names, "Time from request to access, seconds", [
            _metric(METRIC_NAMESPACE, "TimeToGrant", report, stat=stat, label=stat)
            for stat in ("p50", "p95", "Maximum")
        ]),
        _metrics(names, "Requests that came to their end", [
            _metric(METRIC_NAMESPACE, name, report, label=label)
            for name, label in (("GrantsGranted", "granted"), ("GrantsRevoked", "revoked"),)
        ]),
        _metrics(names, "Failures by cause (docs/runbook.md says what to do)", [
            _search(names, name, "Deployment,Function,Cause", f"e{index}")
            for index, name in enumerate(("GrantsFailed", "RevokesFailed"))
        ]),
        _metrics(names, "Executions in flight", [
            {"expression": f"RUNNING_SUM(m0-{'-'.join(f'm{index + 1}' for index in range(len(ended)))})",
             "label": "since the beginning of the shown time", "id": "inflight"},
            *(_metric("AWS/States", name, machine, key=f"m{index}", visible=False)
              for index, name in enumerate(("ExecutionsStarted", *ended))),
        ]),
        _metrics(names, "The reconciler's heartbeat: runs that ended in an hour, and their longest step", [
            _metric(METRIC_NAMESPACE, HEARTBEAT, reconcile, period=HOUR),
            _metric("AWS/Lambda", "Duration", {"FunctionName": names.function_name(RECONCILER)}, stat="Maximum",
                    period=HOUR, right=True),
        ]),
        _metrics(names, "What the reconciler found, repaired and left open", [
            _metric(METRIC_NAMESPACE, name, reconcile, stat="Maximum", period=HOUR)
            for name in ("Findings", "Repaired", "Open")
        ]),
        _metrics(names, "Errors of functions", [
            _metric("AWS/Lambda", "Errors", {"FunctionName": names.function_name(function)}, label=function)
            for function in ("collect", "report", RECONCILER)
        ]),
        _metrics(names, "Events that wait as dead letters", [
            _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible",
                    {"QueueName": names.regional("dead-letters", 80)}, stat="Maximum"),
        ]),
    ]  # fmt: skip
    return _dashboard(names, "domain", widgets)


def member_dashboard(names: Names, machine_arn: str) -> DashboardSpec:
    """The dashboard of a member account: documents near their limits, data sources, its machine.

    Args:
        names: of the deployment.
        machine_arn: the member machine.
    """
    apply = {"FunctionName": names.function_name("apply")}
    widgets = [
        _metrics(names, "Policy documents: the fullest written ones, percent", [
            _search(names, "DocumentFill", "Deployment,Function,DocumentKind", "fill", stat="Maximum"),
        ], limits=((NEAR_FULL, "end grants that nobody needs"), (FULL, "full"))),
        _metrics(names, "Data sources: runs an hour (none: the catalogue grows old)", [
            _search(names, "SyncRuns", "Deployment,Function,Source", "runs", period=HOUR),
        ]),
        _metrics(names, "Data sources: what runs did to assets", [
            _search(names, name, "Deployment,Function", f"s{index}")
            for index, name in enumerate(("AssetsCreated", "AssetsRevised", "AssetsRetired", "AssetsFailed"))
        ]),
        _metrics(names, "Member machine: executions", [
            _metric("AWS/States", name, {"StateMachineArn": machine_arn})
            for name in ("ExecutionsStarted", "ExecutionsFailed", "ExecutionsTimedOut")
        ]),
        _metrics(names, "The function that writes policies", [
            _metric("AWS/Lambda", "Errors", apply),
            _metric("AWS/Lambda", "ConcurrentExecutions", apply, stat="Maximum"),
            _metric("AWS/Lambda", "Duration", apply, stat="p95", right=True),
        ]),
    ]  # fmt: skip
    return _dashboard(names, "member", widgets)


def _dashboard(names: Names, key: str, widgets: Sequence[Widget]) -> DashboardSpec:
    placed = [
        {**widget, "x": WIDTH * (index % 2), "y": HEIGHT * (index // 2), "width": WIDTH, "height": HEIGHT}
        for index, widget in enumerate(widgets)
    ]
    # Names of dashboards know no region.
    return DashboardSpec("dashboard", names.iam_name(key, 255), {"start": "-P3D", "widgets": placed})


def _metrics(
    names: Names, title: str, metrics: Sequence[dict[str, Any]], limits: Sequence[tuple[float, str]] = ()
) -> Widget:
    """A graph; what a metric leaves open is a sum over five minutes."""
    annotations = {"horizontal": [{"value": value, "label": label} for value, label in limits]}
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": names.region,
            "view": "timeSeries",
            "stat": "Sum",
            "period": 300,
            "metrics": [_row(item) for item in metrics],
            **({"annotations": annotations} if limits else {}),
        },
    }


def _metric(
    namespace: str,
    name: str,
    dimensions: dict[str, str],
    *,
    stat: str = "",
    label: str = "",
    period: int = 0,
    key: str = "",
    visible: bool = True,
    right: bool = False,
) -> dict[str, Any]:
    options = {
        "stat": stat, "label": label, "period": period, "id": key, "yAxis": "right" if right else "",
    }  # fmt: skip
    return {
        "path": [namespace, name, *(part for pair in dimensions.items() for part in pair)],
        **{key: value for key, value in options.items() if value},
        **({} if visible else {"visible": False}),
    }


def _search(
    names: Names, metric: str, dimensions: str, key: str, *, stat: str = "Sum", period: int = 300
) -> dict[str, Any]:
    """All metrics of a name in this deployment, whatever the other dimensions say."""
    wanted = f'{{{METRIC_NAMESPACE},{dimensions}}} MetricName="{metric}" Deployment="{names.namespace}"'
    return {"expression": f"SEARCH('{wanted}', '{stat}', {period})", "id": key, "label": metric}


def _row(item: dict[str, Any]) -> list[Any]:
    """A metric as a dashboard's body has it (CloudWatch API, "Dashboard body structure and syntax")."""
    path = item.get("path", [])
    options = {key: value for key, value in item.items() if key != "path"}
    return [*path, options] if options else list(path)


def _own(names: Names, function: str) -> dict[str, str]:
    return {"Deployment": names.namespace, "Function": function}
