"""Choice rules.

Source of the rules: Amazon States Language specification, "Choice State".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aws_emulator.compute.states.failures import StateFailure, runtime_failure
from aws_emulator.compute.states.paths import NoMatch, read

TESTS = ("IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "GreaterThan": lambda a, b: a > b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThanEquals": lambda a, b: a >= b,
}
_KINDS = ("String", "Numeric", "Timestamp")
COMPARISONS = frozenset(
    [f"{kind}{order}{suffix}" for kind in _KINDS for order in _ORDERS for suffix in ("", "Path")]
    + ["BooleanEquals", "BooleanEqualsPath", "StringMatches", *TESTS]
)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def timestamp(value: Any) -> datetime | None:
    """A timestamp of the RFC 3339 profile that the language asks for (capital T, and Z or an offset), else None."""
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value
    ):
        return None
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None


def _typed(kind: str, value: Any) -> Any:
    """The value as this kind, or None if it is of another."""
    if kind == "Timestamp":
        return timestamp(value)
    if kind == "Numeric":
        return value if _is_number(value) else None
    if kind == "Boolean":
        return value if isinstance(value, bool) else None
    return value if isinstance(value, str) else None


def _wildcard(pattern: str, text: str) -> bool:
    """``StringMatches``: ``*`` stands for any characters, a backslash takes it literally."""
    parts = re.split(r"(\\\\|\\\*|\*)", pattern)
    expression = "".join(
        ".*" if part == "*" else re.escape({"\\*": "*", "\\\\": "\\"}.get(part, part)) for part in parts
    )
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _test(name: str, wanted: bool, value: Any) -> bool:
    found = {
        "IsNull": value is None,
        "IsNumeric": _is_number(value),
        "IsString": isinstance(value, str),
        "IsBoolean": isinstance(value, bool),
        "IsTimestamp": timestamp(value) is not None,
    }[name]
    return found is wanted


def _read(path: str, data: Any, context: Any) -> Any:
    try:
        return read(path, data, context)
    except NoMatch:
        raise runtime_failure(
            f"Invalid path '{path}': The choice state's condition path references an invalid value."
        ) from None


def holds(rule: Mapping[str, Any], data: Any, context: Any) -> bool:
    """Whether a choice rule is true.

    Raises:
        StateFailure: ``States.Runtime`` where a variable's path finds nothing.
    """
    if "And" in rule:
        return all(holds(part, data, context) for part in rule["And"])
    if "Or" in rule:
        return any(holds(part, data, context) for part in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], data, context)
    name = next(key for key in rule if key in COMPARISONS)
    wanted = rule[name]
    if name == "IsPresent":
        try:
            read(rule["Variable"], data, context)
        except NoMatch:
            return wanted is False
        return wanted is True
    value = _read(rule["Variable"], data, context)
    if name in TESTS:
        return _test(name, wanted, value)
    if name == "StringMatches":
        return isinstance(value, str) and _wildcard(wanted, value)
    if name.endswith("Path"):
        wanted = _read(wanted, data, context)
        name = name[:-4]
    kind = next(kind for kind in (*_KINDS, "Boolean") if name.startswith(kind))
    left, right = _typed(kind, value), _typed(kind, wanted)
    if left is None or right is None:
        return False
    return _ORDERS[name[len(kind) :]](left, right)


def choose(state: Mapping[str, Any], data: Any, context: Any) -> str:
    """The state that a Choice state goes to.

    Raises:
        StateFailure: ``States.NoChoiceMatched``, ``States.Runtime``.
    """
    for rule in state["Choices"]:
        if holds(rule, data, context):
            return str(rule["Next"])
    if "Default" in state:
        return str(state["Default"])
    raise StateFailure("States.NoChoiceMatched", "No choice rule matched, and there is no Default state")
