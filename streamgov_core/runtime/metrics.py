"""Metrics of the functions, in CloudWatch's embedded metric format: a line on standard output, no API call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Literal

METRIC_NAMESPACE = "Streamgov"

Unit = Literal["Count", "Percent", "Seconds"]


class FunctionMetrics:
    """Emits the metrics of one function. Its dimensions are the deployment, the function and what a call adds.

    Args:
        deployment: the deployment's namespace.
        function: the short name of the function, such as ``collect``.
        emit: prints a line.
    """

    def __init__(self, deployment: str, function: str, emit: Callable[[str], None] = print) -> None:
        self._dimensions = {"Deployment": deployment, "Function": function}
        self._emit = emit

    def put(self, values: Mapping[str, float], *, unit: Unit = "Count", **dimensions: str) -> None:
        """Emit metrics that share their dimensions.

        Args:
            values: name -> value.
            unit: of all of them.
            dimensions: further ones.
        """
        from aws_lambda_powertools.metrics import EphemeralMetrics

        metrics = EphemeralMetrics(namespace=METRIC_NAMESPACE)
        for name, value in {**self._dimensions, **dimensions}.items():
            metrics.add_dimension(name, value)
        for name, number in values.items():
            metrics.add_metric(name, unit, number)
        self._emit(json.dumps(metrics.serialize_metric_set(), sort_keys=True))
