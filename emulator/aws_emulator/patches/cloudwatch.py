"""CloudWatch: a region keeps its newest data points only, so that an emulator may run for days."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from aws_emulator.api import Emulator

MAX_POINTS = 20_000


def install(emulator: Emulator) -> None:
    """Bound the data points of each account and region."""
    if getattr(CloudWatchBackend, "emulator_bounded", False):
        return
    original = CloudWatchBackend.put_metric_data

    def put(self: Any, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        original(self, namespace, metric_data)
        if len(self.metric_data) > MAX_POINTS:
            del self.metric_data[: len(self.metric_data) - MAX_POINTS // 2]

    setattr(CloudWatchBackend, "put_metric_data", put)  # noqa: B010
    setattr(CloudWatchBackend, "emulator_bounded", True)  # noqa: B010
