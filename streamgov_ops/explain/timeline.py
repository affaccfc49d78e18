"""A timeline's moments, and what Step Functions' history says of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from streamgov_core.domain.failure_class import readable


@dataclass(frozen=True)
class Moment:
    """Something that happened.

    Attributes:
        at: when, ISO 8601 in UTC.
        account: where.
        what: in a few words.
        detail: more of it; '' for nothing.
        bad: whether it is a failure.
    """

    at: str
    account: str
    what: str
    detail: str = ""
    bad: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return asdict(self)


def moment_of(when: datetime) -> str:
    """A time of AWS's API as the timeline shows it, to the millisecond."""
    return when.isoformat(timespec="milliseconds")


def machine_moments(events: Sequence[Mapping[str, Any]], account: str) -> Iterator[Moment]:
    """What one execution did: each task with its state, its target, how long it took, and how it ended.

    Args:
        events: of GetExecutionHistory, oldest first.
        account: of the machine.
    """
    known = {event["id"]: event for event in events}
    for event in events:
        kind = str(event["type"])
        if kind in _TASK_ENDS:
            yield _task(event, known, account)
        elif kind in _ENDS:
            yield _end(event, account)


def member_executions(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """ARNs of the member executions that an execution of the central machine started."""
    found = []
    for event in events:
        output = _json((event.get("taskSubmittedEventDetails") or {}).get("output"))
        if isinstance(output.get("ExecutionArn"), str):
            found.append(output["ExecutionArn"])
    return found


def execution_account(arn: str) -> str:
    """The account in an execution's ARN."""
    return arn.split(":")[4]


def mentions(text: str, words: Sequence[str]) -> bool:
    """Whether an execution's input names the grant, or an execution that did."""
    return any(word in text for word in words)


_TASK_ENDS = {"TaskSucceeded", "TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"}
_ENDS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}


def _task(event: Mapping[str, Any], known: Mapping[int, Mapping[str, Any]], account: str) -> Moment:
    state, scheduled = "", None
    at = event
    while at:
        if at["type"] == "TaskScheduled" and scheduled is None:
            scheduled = at
        if at["type"] == "TaskStateEntered":
            state = at["stateEnteredEventDetails"]["name"]
            break
        at = known.get(at.get("previousEventId", 0), {})
    target = _target(scheduled or {})
    took = f" ({(event['timestamp'] - scheduled['timestamp']).total_seconds():.1f} s)" if scheduled else ""
    answer, bad = _answer(event)
    return Moment(moment_of(event["timestamp"]), account, f"{state}{target}{took}", answer, bad)


def _target(scheduled: Mapping[str, Any]) -> str:
    parameters = _json((scheduled.get("taskScheduledEventDetails") or {}).get("parameters"))
    if "FunctionName" in parameters:
        return f": function {str(parameters['FunctionName']).rsplit(':', 1)[-1]}"
    if "StateMachineArn" in parameters:
        return f": account {execution_account(parameters['StateMachineArn'])}"
    return ""


def _answer(event: Mapping[str, Any]) -> tuple[str, bool]:
    if event["type"] != "TaskSucceeded":
        details = _details(event)
        return f"{event['type']}: {readable(details.get('cause') or details.get('error') or '')}", True
    output = _json(event["taskSucceededEventDetails"].get("output"))
    answer = output.get("Payload", output)
    if not isinstance(answer, Mapping):
        return "", False
    status = str(answer.get("status") or "")
    documents = (answer.get("details") or {}).get("documents") or []
    told = [text for text in (status, str(answer.get("cause") or ""), *documents) if text]
    return ", ".join(told), status in ("REJECTED", "GRANT_FAILED", "REVOKE_FAILED")


def _end(event: Mapping[str, Any], account: str) -> Moment:
    details = _details(event)
    bad = event["type"] != "ExecutionSucceeded"
    cause = f"{details.get('error', '')}: {readable(details.get('cause') or '')}" if bad else ""
    return Moment(moment_of(event["timestamp"]), account, _words(str(event["type"])), cause, bad)


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event's details, whichever member holds them."""
    found: Mapping[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return found


def _words(name: str) -> str:
    """``ExecutionTimedOut`` as words."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()


def _json(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
