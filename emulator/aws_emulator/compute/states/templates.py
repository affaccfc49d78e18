"""Payload templates: ``Parameters``, ``ResultSelector``, ``ItemSelector``, ``Credentials``.

A member whose name ends in ``.$`` is replaced by what its path selects or its intrinsic function yields.
"""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.compute.states.failures import runtime_failure
from aws_emulator.compute.states.intrinsics import evaluate, parse_intrinsic
from aws_emulator.compute.states.paths import NoMatch, check_path, read


def is_intrinsic(text: str) -> bool:
    """Whether a ``.$`` value is a call and not a path."""
    return text.startswith("States.")


def check_expression(text: Any) -> None:
    """Check the value of a ``.$`` member.

    Raises:
        ValueError: neither a path nor a call of an intrinsic function.
    """
    if not isinstance(text, str):
        raise ValueError("The value for a field ending in '.$' must be a STRING")
    if is_intrinsic(text):
        parse_intrinsic(text)
    else:
        check_path(text)


def value_of(text: str, data: Any, context: Any, field: str) -> Any:
    """The value of a path or of an intrinsic function.

    Raises:
        StateFailure: ``States.Runtime`` where a path finds nothing, ``States.IntrinsicFailure``.
    """

    def look_up(path: str) -> Any:
        try:
            return read(path, data, context)
        except NoMatch:
            shown = json.dumps(context if path.startswith("$$") else data, separators=(",", ":"), default=str)
            raise runtime_failure(
                f"The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{shown}'"
            ) from None

    if is_intrinsic(text):
        return evaluate(parse_intrinsic(text), look_up)
    return look_up(text)


def fill(template: Any, data: Any, context: Any) -> Any:
    """A payload template with its paths replaced.

    Raises:
        StateFailure: a path finds nothing, a function fails.
    """
    if isinstance(template, dict):
        filled: dict[str, Any] = {}
        for name, value in template.items():
            if name.endswith(".$"):
                filled[name[:-2]] = value_of(value, data, context, name)
            else:
                filled[name] = fill(value, data, context)
        return filled
    if isinstance(template, list):
        return [fill(item, data, context) for item in template]
    return template
