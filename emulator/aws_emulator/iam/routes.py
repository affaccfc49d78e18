"""``/_emulator/access``: ask the oracle from outside the process. ``/_emulator/iam``: its settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_emulator.api import AdminRoute
from aws_emulator.iam import state
from aws_emulator.iam.oracle import Oracle
from iam_evaluation.evaluate import Decision

_FIELDS = {"principal", "action", "resource", "context", "sessionPolicy"}


def describe(decision: Decision) -> dict[str, Any]:
    """A decision as JSON."""
    return {"allowed": decision.allowed, "reason": decision.reason, "statements": list(decision.statements)}


def _ask(oracle: Oracle, question: Any) -> dict[str, Any]:
    if not isinstance(question, Mapping):
        raise ValueError("a question must be an object with principal, action and resource")
    missing = [name for name in ("principal", "action", "resource") if not isinstance(question.get(name), str)]
    if missing:
        raise ValueError(f"{missing[0]} must be a string")
    unknown = sorted(set(question) - _FIELDS)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}; there are {', '.join(sorted(_FIELDS))}")
    context = question.get("context") or {}
    if not isinstance(context, Mapping):
        raise ValueError("context must be an object of condition keys")
    decision = oracle.allowed(
        question["principal"],
        question["action"],
        question["resource"],
        {str(key): value if isinstance(value, list) else str(value) for key, value in context.items()},
        session_policy=question.get("sessionPolicy"),
    )
    return describe(decision)


def access_route(oracle: Oracle) -> AdminRoute:
    """Answer one question (an object), or many at once (a list, or ``{"questions": […]}``)."""

    def route(method: str, query: Mapping[str, str], body: bytes) -> Any:
        if method != "POST":
            raise ValueError("POST a question: {principal, action, resource, context?}")
        asked = json.loads(body)
        if isinstance(asked, Mapping) and "questions" in asked:
            asked = asked["questions"]
        if isinstance(asked, list):
            return [_ask(oracle, question) for question in asked]
        return _ask(oracle, asked)

    return route


def settings_route(oracle: Oracle) -> AdminRoute:
    """Show the settings, or POST ``{"propagation_seconds": 5}``."""

    def route(method: str, query: Mapping[str, str], body: bytes) -> Any:
        if method == "POST":
            wanted = json.loads(body)
            if set(wanted) != {"propagation_seconds"}:
                raise ValueError("POST {propagation_seconds}")
            seconds = float(wanted["propagation_seconds"])
            if seconds < 0:
                raise ValueError("propagation_seconds must not be negative")
            # What is in force now stays in force; only later changes are delayed.
            oracle.settle(state.all_roles())
            oracle.propagation_seconds = seconds
        return {"propagation_seconds": oracle.propagation_seconds}

    return route
