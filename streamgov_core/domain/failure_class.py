"""Why a request failed: the few words that failures are counted by, and a sentence for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from streamgov_core.model import errors

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
        for step in answers_of(item, stage):
            outcome = step.get("outcome") or {}
            if outcome.get("status") not in ("APPLIED", "SUPERSEDED"):
                return class_of(outcome) or OTHER
    return class_of(item.get("failure")) or OTHER


def answers_of(item: Mapping[str, Any], stage: str) -> list[Mapping[str, Any]]:
    """What the steps of a stage answered, each with its ``side`` and ``outcome``; nothing if the stage was cut off.

    Args:
        item: one asset of the plan with what the states added.
        stage: ``firstDone``, ``secondDone`` ….
    """
    done = item.get(stage)
    # Stages that undo have them as a list, as all had in executions that an earlier release began.
    done = done.get("answers") if isinstance(done, Mapping) else done
    return [step for step in done if isinstance(step, Mapping)] if isinstance(done, list) else []


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


def readable(error: Any) -> str:
    """A short cause out of what Step Functions knows of an error: no stack trace, no nested JSON.

    Args:
        error: ``{Error, Cause}`` of a Catch, an answer ``{status, cause}``, or JSON text of either.
    """
    if isinstance(error, str):
        try:
            parsed = json.loads(error)
        except ValueError:
            return error.strip() or "no cause was given"
        return readable(parsed) if isinstance(parsed, dict) else error
    if not isinstance(error, Mapping):
        return "no cause was given"
    if "errorMessage" in error:
        kind = str(error.get("errorType", ""))
        message = str(error["errorMessage"])
        return message if not kind or kind in _OUR_ERRORS else f"{kind}: {message}"
    for name in ("Cause", "cause"):
        if error.get(name):
            return readable(error[name])
    if error.get("status") == "SUPERSEDED":
        return "a newer request for the same grant overtook this one"
    return _KNOWN.get(str(error.get("Error", "")), str(error.get("Error") or "no cause was given"))


_OUR_ERRORS = frozenset(name for name, item in vars(errors).items() if isinstance(item, type))
"""Names of errors whose text is a sentence for people."""
_KNOWN = {
    "States.Timeout": "an account did not answer in time: look at its member machine's executions",
    "States.HeartbeatTimeout": "an account did not answer in time: look at its member machine's executions",
}
