"""The ``Condition`` element: operators, set operators, missing keys.

Source of the rules: IAM User Guide, "JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from iam_evaluation.wildcard import has_variable, match_arn, match_string, plain, substitute


class PolicySyntaxError(ValueError):
    """A policy document that the policy language does not allow."""


Value = str | Sequence[str] | Callable[[], "str | Sequence[str] | None"] | None


class Context:
    """The request's condition keys; case does not matter in their names, and a callable value is asked when needed."""

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        self._values: dict[str, Value] = {}
        self._prefixes: list[tuple[str, Callable[[str], str | None]]] = []
        for key, value in (values or {}).items():
            self.set(key, value)

    def set(self, key: str, value: Value) -> None:
        """Set one key; None takes it away."""
        if value is None:
            self._values.pop(key.lower(), None)
        else:
            self._values[key.lower()] = value

    def family(self, prefix: str, answer: Callable[[str], str | None]) -> None:
        """Answer each key that begins with ``prefix`` (``aws:ResourceTag/``) by asking for the rest of its name."""
        self._prefixes.append((prefix.lower(), answer))

    def merged(self, values: Mapping[str, Value]) -> Context:
        """Make a copy in which further keys are set."""
        copy = Context()
        copy._values = dict(self._values)
        copy._prefixes = list(self._prefixes)
        for key, value in values.items():
            copy.set(key, value)
        return copy

    def get(self, key: str) -> tuple[str, ...] | None:
        """Answer all values of a key, or None where the request does not have it."""
        lowered = key.lower()
        value = self._values.get(lowered)
        if value is None:
            for prefix, answer in self._prefixes:
                if lowered.startswith(prefix):
                    found = answer(key[len(prefix) :])
                    return None if found is None else (found,)
            return None
        if callable(value):
            value = value()
            if value is None:
                return None
        return (value,) if isinstance(value, str) else tuple(value)

    def single(self, key: str) -> str | None:
        """Answer the value of a key that has exactly one (policy variables may name no others)."""
        values = self.get(key)
        return values[0] if values is not None and len(values) == 1 else None


Compare = Callable[[str, str], bool]
"""(value of the policy, value of the request)"""


def _number(compare: Callable[[float, float], bool]) -> Compare:
    def run(wanted: str, given: str) -> bool:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return run


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _date(compare: Callable[[float, float], bool]) -> Compare:
    def run(wanted: str, given: str) -> bool:
        try:
            return compare(_moment(given), _moment(wanted))
        except ValueError:
            return False

    return run


def _address(wanted: str, given: str) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _binary(wanted: str, given: str) -> bool:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False


def _equal(wanted: str, given: str) -> bool:
    return plain(wanted) == given


def _same_letters(wanted: str, given: str) -> bool:
    return plain(wanted).lower() == given.lower()


_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda given, wanted: given == wanted,
    "LessThan": lambda given, wanted: given < wanted,
    "LessThanEquals": lambda given, wanted: given <= wanted,
    "GreaterThan": lambda given, wanted: given > wanted,
    "GreaterThanEquals": lambda given, wanted: given >= wanted,
}

_POSITIVE: dict[str, Compare] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _same_letters,
    "StringLike": match_string,
    "ArnEquals": match_arn,
    "ArnLike": match_arn,
    "Bool": _same_letters,
    "BinaryEquals": _binary,
    "IpAddress": _address,
    **{f"Numeric{name}": _number(compare) for name, compare in _NUMBERS.items()},
    **{f"Date{name}": _date(compare) for name, compare in _NUMBERS.items()},
}
_NEGATED: dict[str, Compare] = {
    "StringNotEquals": _equal,
    "StringNotEqualsIgnoreCase": _same_letters,
    "StringNotLike": match_string,
    "ArnNotEquals": match_arn,
    "ArnNotLike": match_arn,
    "NotIpAddress": _address,
    "NumericNotEquals": _POSITIVE["NumericEquals"],
    "DateNotEquals": _POSITIVE["DateEquals"],
}
_BY_LOWER = {name.lower(): name for name in [*_POSITIVE, *_NEGATED, "Null"]}


@dataclass(frozen=True)
class Condition:
    """One key under one operator."""

    operator: str
    quantifier: str
    if_exists: bool
    key: str
    values: tuple[str, ...]

    def holds(self, context: Context, variables: bool) -> bool:
        """Say whether the request meets the condition.

        Args:
            context: the request's keys.
            variables: whether ``${…}`` is replaced (policies of version 2012-10-17).
        """
        given = context.get(self.key)
        if self.operator == "Null":
            missing = given is None or len(given) == 0
            return any((value.lower() == "true") == missing for value in self.values)
        negated = self.operator in _NEGATED
        if given is None or len(given) == 0:
            if self.if_exists or self.quantifier == "forallvalues":
                return True
            return negated and self.quantifier != "foranyvalue"
        wanted = self._wanted(context, variables)
        compare = _NEGATED[self.operator] if negated else _POSITIVE[self.operator]
        matches = [any(compare(value, item) for value in wanted) for item in given]
        if self.quantifier == "forallvalues":
            return all(match != negated for match in matches)
        if self.quantifier == "foranyvalue":
            return any(match != negated for match in matches)
        return not any(matches) if negated else any(matches)

    def _wanted(self, context: Context, variables: bool) -> list[str]:
        if not variables:
            return list(self.values)
        replaced = (substitute(value, context.single) if has_variable(value) else value for value in self.values)
        return [value for value in replaced if value is not None]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def parse_conditions(block: Any) -> tuple[Condition, ...]:
    """Parse a ``Condition`` block.

    Raises:
        PolicySyntaxError: an operator that the policy language does not have, or a wrong shape.
    """
    if not isinstance(block, Mapping):
        raise PolicySyntaxError("Condition must be an object")
    conditions = []
    for written, keys in block.items():
        quantifier, _, rest = written.rpartition(":")
        name = rest
        if_exists = name.lower().endswith("ifexists")
        if if_exists:
            name = name[: -len("IfExists")]
        operator = _BY_LOWER.get(name.lower())
        if operator is None or quantifier.lower() not in ("", "forallvalues", "foranyvalue"):
            raise PolicySyntaxError(f"{written!r} is no condition operator")
        if operator == "Null" and if_exists:
            raise PolicySyntaxError("Null takes no IfExists")
        if not isinstance(keys, Mapping):
            raise PolicySyntaxError(f"{written} must hold an object of condition keys")
        for key, value in keys.items():
            values = tuple(_text(item) for item in (value if isinstance(value, list) else [value]))
            conditions.append(Condition(operator, quantifier.lower(), if_exists, key, values))
    return tuple(conditions)
