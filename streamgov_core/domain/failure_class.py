"""Which class of error ended a request: the few words that failures are counted by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

REFUSED = "Refused"
"""The collector found a reason against it: nothing was begun."""
OTHER = "Other"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}")


def failure_class(item: Mapping[str, Any]) -> str:
    """The class of what failed, such as ``RetryableGrantError``, ``States.Timeout``, ``Rejected`` or ``Refused``.

    Args:
        item: one asset of the plan with what the states added, or the collector's input with its ``failure``.
    """
    if item.get("refusal"):
        return REFUSED
    for stage in ("firstDone", "secondDone"):
        done = item.get(stage)
        for step in done if isinstance(done, list) else ():
            outcome = step.get("outcome") or {}
            if outcome.get("status") not in ("APPLIED", "SUPERSEDED"):
                return class_of(outcome) or OTHER
    return class_of(item.get("failure")) or OTHER


def class_of(error: Any) -> str | None:
    """The innermost class that an error names; None if it names none.

    Args:
        error: ``{Error, Cause}`` of a Catch, an answer ``{status}``, or JSON text of either.
    """
    if isinstance(error, str):
        try:
            parsed = json.loads(error)
        except ValueError:
            return None
        return class_of(parsed) if isinstance(parsed, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    if error.get("status"):
        return str(error["status"]).title()
    inner = class_of(error.get("Cause"))
    if inner is not None:
        return inner
    name = str(error.get("errorType") or error.get("Error") or "")
    return name if _NAME.fullmatch(name) else None
