"""When somebody last read one topic or stream, as far as CloudWatch's metrics tell.

CloudTrail records no data plane calls of MSK, and those of Kinesis only where a trail is told to; LookupEvents shows no
data events at all. So reads are told by metrics: by project for topics (its consumer groups) and fan-out consumers, by
stream otherwise. Of writes nothing is known by topic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from streamgov_core.model.usage import UsageMetric
from streamgov_ops.accounts import Accounts
from streamgov_ops.session import reporting

LOOK_BACK = timedelta(days=63)
"""How far the newest point is looked for."""
PERIOD = 3600
"""Seconds that a point stands for; CloudWatch keeps hours for 455 days (user guide, "Metrics retention")."""
MAX_METRICS = 500
"""Of one GetMetricData (API reference); of consumer groups the first so many are looked at."""


class UsageReader:
    """Asks CloudWatch in the owners' accounts.

    Args:
        accounts: of the deployment.
        now: the time.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._accounts, self._now = accounts, now
        self._known: dict[tuple[str, UsageMetric], str] = {}

    def last_read(self, account: str, metric: UsageMetric) -> str:
        """The end of the newest hour with a read, ISO 8601; '' for none that CloudWatch shows.

        Args:
            account: of the topic or stream.
            metric: that tells of reads.

        Raises:
            StreamgovError: it may not be read.
        """
        key = (account, metric)
        if key not in self._known:
            self._known[key] = self._read(self._accounts.client("cloudwatch", account), metric)
        return self._known[key]

    def _read(self, cloudwatch: Any, metric: UsageMetric) -> str:
        found = self._metrics(cloudwatch, metric)
        if not found:
            return ""
        queries = [
            {"Id": f"m{number}", "MetricStat": {"Metric": item, "Period": PERIOD, "Stat": "Maximum"}}
            for number, item in enumerate(found)
        ]
        now = self._now()
        with reporting("cloudwatch:GetMetricData"):
            pages = cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries, StartTime=now - LOOK_BACK, EndTime=now, ScanBy="TimestampDescending"
            )
            times = [
                when
                for page in pages
                for result in page["MetricDataResults"]
                for when, value in zip(result["Timestamps"], result["Values"], strict=True)
                if value > 0 or not metric.positive
            ]
        if not times:
            return ""
        newest = min(max(times) + timedelta(seconds=PERIOD), now)
        return str(newest.astimezone(UTC).isoformat(timespec="seconds"))

    def _metrics(self, cloudwatch: Any, metric: UsageMetric) -> Sequence[dict[str, Any]]:
        known = [{"Name": name, "Value": value} for name, value in metric.dimensions]
        if metric.varying is None:
            return [{"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": known}]
        varying, begin = metric.varying
        with reporting("cloudwatch:ListMetrics"):
            pages = cloudwatch.get_paginator("list_metrics").paginate(
                Namespace=metric.namespace, MetricName=metric.name, Dimensions=[*known, {"Name": varying}]
            )
            listed = [item for page in pages for item in page["Metrics"]]
        return [
            {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": item["Dimensions"]}
            for item in listed
            if len(item["Dimensions"]) == len(known) + 1
            and any(part["Name"] == varying and part["Value"].startswith(begin) for part in item["Dimensions"])
        ][:MAX_METRICS]
