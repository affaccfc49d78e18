"""The X-Ray traces that a grant's executions and log lines belong to. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from streamgov_core.runtime.tracing import is_sampled, trace_id


@dataclass(frozen=True)
class FoundTrace:
    """A trace.

    Attributes:
        id: of X-Ray, and of the member ``xray_trace_id`` of log lines.
        execution: of the central machine, which began it or goes on with it; '' if only a log line names the trace.
        sampled: whether X-Ray keeps it; None if that is not known.
    """

    id: str
    execution: str = ""
    sampled: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return asdict(self)


def trace_of(execution: str, events: Sequence[Mapping[str, Any]]) -> FoundTrace | None:
    """The trace that an execution of the central machine hands on to the member accounts; None if it reached none.

    Args:
        execution: its ARN.
        events: of GetExecutionHistory.
    """
    for event in events:
        try:
            parameters = json.loads((event.get("taskScheduledEventDetails") or {}).get("parameters") or "{}")
        except ValueError:  # A history may hold a part of a long text.
            continue
        header = str(parameters.get("TraceHeader") or "") if isinstance(parameters, dict) else ""
        if trace_id(header):
            return FoundTrace(trace_id(header), execution, is_sampled(header))
    return None


def traces_of_lines(lines: Iterable[Mapping[str, Any]], known: Iterable[FoundTrace]) -> list[FoundTrace]:
    """Traces that only log lines name, such as those of a request that reached no member account."""
    ids = {trace.id for trace in known}
    found = dict.fromkeys(str(line.get("xray_trace_id") or "") for line in lines)
    return [FoundTrace(id) for id in found if id and id not in ids]
