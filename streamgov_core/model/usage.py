"""Which metric tells when somebody last read a topic or stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UsageMetric:
    """A CloudWatch metric of the owner's account whose newest point tells of the last read.

    Attributes:
        namespace: of the metric.
        name: of the metric.
        dimensions: those that are known.
        varying: a further dimension, and how its values begin; None for none.
        positive: whether only points above zero tell of a read; otherwise any point does.
        reader: whose reads it tells of, in a few words.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    varying: tuple[str, str] | None
    positive: bool
    reader: str
