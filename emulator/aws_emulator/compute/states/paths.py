"""JSONPath as Step Functions uses it: paths that read, reference paths that write.

Source of the rules: Amazon States Language specification, "Paths" and "Reference Paths"; Step Functions developer
guide, "Specifying JSON paths in the workflow". Plain paths (``$.a['b'][0]``) are read here; filters, wildcards, slices
and recursive descent are left to jsonpath-ng.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from jsonpath_ng.ext.parser import parse as parse_jsonpath

from aws_emulator.compute.states.failures import RESULT_PATH, StateFailure

_SEGMENT = re.compile(
    r"""\.([^.\[\]()?*@'"\s,:]+)|\[(-?\d+)\]|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*"((?:[^"\\]|\\.)*)"\s*\]"""
)


class PathError(ValueError):
    """The text is no path."""


class NoMatch(Exception):
    """A path that names one place found nothing there."""


@lru_cache(maxsize=4096)
def plain_segments(path: str) -> tuple[str | int, ...] | None:
    """The names and indexes of a plain path, or None if the path is not plain."""
    if not path.startswith("$"):
        return None
    position = 2 if path.startswith("$$") else 1
    segments: list[str | int] = []
    while position < len(path):
        found = _SEGMENT.match(path, position)
        if found is None:
            return None
        name, index, single, double = found.groups()
        if index is not None:
            segments.append(int(index))
        elif name is not None:
            segments.append(name)
        else:
            segments.append(re.sub(r"\\(.)", r"\1", single if single is not None else double))
        position = found.end()
    return tuple(segments)


@lru_cache(maxsize=1024)
def _general(path: str) -> Any:
    text = "$" + path[2:] if path.startswith("$$") else path
    try:
        return parse_jsonpath(text)
    except Exception as error:
        raise PathError(f"{path!r} is no JSONPath: {error}") from error


def check_path(path: str) -> None:
    """Check the grammar of a path.

    Raises:
        PathError: the text is no path.
    """
    if not path.startswith("$"):
        raise PathError(f"Value is not a valid JSONPath: {path!r}")
    if plain_segments(path) is None:
        _general(path)


def check_reference_path(path: str) -> None:
    """Check a reference path: it must name one place.

    Raises:
        PathError: the text is none.
    """
    if plain_segments(path) is None or path.startswith("$$"):
        raise PathError(f"Value is not a Reference Path: {path!r}")


def read(path: str, data: Any, context: Any) -> Any:
    """What a path selects: a value for a plain path, a list of matches for any other.

    Args:
        path: ``$…`` reads ``data``, ``$$…`` the context object.
        data: the state's input or result.
        context: the context object.

    Raises:
        NoMatch: a plain path found nothing.
        PathError: the text is no path.
    """
    node = context if path.startswith("$$") else data
    segments = plain_segments(path)
    if segments is None:
        found = [match.value for match in _general(path).find(node)]
        if re.search(r"\.(length|keys|len|size)\(\)$", path):
            if not found:
                raise NoMatch(path)
            return found[0]
        return _copied(found)
    for segment in segments:
        node = _child(node, segment, path)
    return _copied(node)


def _copied(value: Any) -> Any:
    """A copy of JSON, made faster than `copy.deepcopy` makes one of anything."""
    if isinstance(value, dict):
        return {name: _copied(member) for name, member in value.items()}
    return [_copied(member) for member in value] if isinstance(value, list) else value


def _child(node: Any, segment: str | int, path: str) -> Any:
    if isinstance(segment, str) and isinstance(node, dict) and segment in node:
        return node[segment]
    if isinstance(segment, int) and isinstance(node, list) and -len(node) <= segment < len(node):
        return node[segment]
    raise NoMatch(path)


def write(path: str | None, data: Any, value: Any) -> Any:
    """ResultPath: put ``value`` into a copy of ``data``.

    Args:
        path: a reference path; ``$`` replaces everything, None discards the value.
        data: the state's input.
        value: the state's result.

    Raises:
        StateFailure: ``States.ResultPathMatchFailure``.
    """
    if path is None:
        return _copied(data)
    segments = plain_segments(path) or ()
    if not segments:
        return _copied(value)
    root = _copied(data)
    node = root
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if isinstance(segment, str) and isinstance(node, dict):
            if last:
                node[segment] = _copied(value)
                return root
            if not isinstance(node.get(segment), dict | list):
                node[segment] = {}
            node = node[segment]
        elif isinstance(segment, int) and isinstance(node, list) and 0 <= segment < len(node):
            if last:
                node[segment] = _copied(value)
                return root
            node = node[segment]
        else:
            raise StateFailure(RESULT_PATH, f"Unable to apply Reference Path {path} to the state's input")
    return root
