"""Inputs of a resource as plain values, and what of them no preview can know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pulumi_policy.proxy import UnknownValueError

OURS = "streamgov:index:"
SANDBOX = ("streamgov:index:Sandbox", "streamgov:index:SampleJobs")


class Unknown:
    """A value that is known only during ``up``; the engine asks again then."""

    def __repr__(self) -> str:
        return "<known only during up>"


UNKNOWN: Final = Unknown()


def plain(value: Any) -> Any:
    """The value without the SDK's proxies, which raise where a value is unknown: a rule would be skipped as a whole."""
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_item(value, index) for index in range(len(value))]
    return value


def _item(holder: Any, key: Any) -> Any:
    try:
        return plain(holder[key])
    except UnknownValueError:
        return UNKNOWN


def given(props: Mapping[str, Any], *path: str) -> bool:
    """Whether a nested input is there and not empty. An unknown one counts: it will have some value."""
    value: Any = props
    for key in path:
        if value is UNKNOWN:
            return True
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return value is UNKNOWN or value not in (None, "", False, 0, [], {})


def is_true(props: Mapping[str, Any], *path: str) -> bool:
    """Whether a nested flag is set, or not known yet."""
    return given(props, *path)


def text(props: Mapping[str, Any], key: str) -> str:
    """A string input, or '' where it is missing or unknown."""
    value = props.get(key)
    return value if isinstance(value, str) else ""


def _parents(urn: str) -> list[str]:
    parts = urn.split("::", 3)
    return parts[2].split("$")[:-1] if len(parts) == 4 else []


def ours(urn: str) -> bool:
    """Whether one of our components made the resource."""
    return any(parent.startswith(OURS) for parent in _parents(urn))


def judged(urn: str) -> bool:
    """Whether a rule looks at the resource unasked: ours, but for the local sandbox, which stands in for a person's."""
    return ours(urn) and not any(parent in SANDBOX for parent in _parents(urn))


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document; none if it is unknown or no document (AWS refuses that itself)."""
    if not isinstance(document, str):
        return []
    try:
        found = json.loads(document)
    except ValueError:
        return []
    listed = found.get("Statement", []) if isinstance(found, dict) else []
    return [item for item in (listed if isinstance(listed, list) else [listed]) if isinstance(item, dict)]


def many(value: Any) -> list[str]:
    """An element that may be one value or a list of them."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Operator, key and values of each condition. Condition keys know no case."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield operator, key.lower(), many(values)
