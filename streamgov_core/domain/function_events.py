"""The events with which the central machine invokes the functions of the domain account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict


class CollectEvent(TypedDict):
    """The collector's event."""

    event: Mapping[str, Any]
    """The machine's input: a DataZone event, or ``{"action": "settle" | "redrive", …}``."""
    execution: NotRequired[str]
    """ARN of the execution."""
    startedAt: NotRequired[str]
    """When it started (ISO 8601)."""


class OutcomeEvent(TypedDict):
    """What came of one asset of the plan."""

    kind: Literal["outcome"]
    item: Mapping[str, Any]
    """The asset's part of the plan, with what the states added to it."""


class CollectFailureEvent(TypedDict):
    """The collector has failed."""

    kind: Literal["collect-failure"]
    event: Mapping[str, Any]
    """The machine's input, with the ``failure`` that was caught."""
    execution: NotRequired[str]
    """ARN of the execution."""


ReportEvent = OutcomeEvent | CollectFailureEvent
"""The reporter's event."""


class StageEvent(TypedDict):
    """The reconciler reads the ledger, or goes on to the next stage of a run."""

    phase: Literal["stage"]
    input: Mapping[str, Any]
    """The machine's input: ``{"action": "reconcile", …}``."""
    execution: str
    """ARN of the execution."""
    run: Mapping[str, Any]
    """What the phase answered before; ``{"stage": "read"}`` at first."""


class PlanEvent(TypedDict):
    """The reconciler looks at a portion of a shard."""

    phase: Literal["plan"]
    input: Mapping[str, Any]
    """The machine's input."""
    execution: str
    """ARN of the run's execution, not of the shard's."""
    shard: Mapping[str, Any]
    """One of the shards that the phase ``stage`` answered."""
    cursor: NotRequired[str]
    """Where the portion before this one ended; empty for the first."""
    waiting: NotRequired[Sequence[Mapping[str, Any]]]
    """Remediations that it has left."""


class ConcludeEvent(TypedDict):
    """The reconciler decides what is done."""

    phase: Literal["conclude"]
    plan: Mapping[str, Any]
    answers: Sequence[Mapping[str, Any]]
    """Of the member accounts, one for each of the plan's steps."""


class PublishEvent(TypedDict):
    """The reconciler says what came of a portion."""

    phase: Literal["report"]
    concluded: Mapping[str, Any]
    firstDone: Sequence[Mapping[str, Any]]
    secondDone: Sequence[Mapping[str, Any]]


ReconcileEvent = StageEvent | PlanEvent | ConcludeEvent | PublishEvent
"""The reconciler's event."""
