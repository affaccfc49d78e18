"""Checks values against a botocore shape as the services do: with ``max``, ``pattern`` and ``enum``.

botocore's own validator checks required members, types and ``min`` only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import regex  # type: ignore[import-untyped]
from botocore.validate import ParamValidator

from aws_emulator.api import ApiError

# Which code a service answers for a request that breaks its model; all others answer ValidationException.
VALIDATION_CODES = {
    "iam": "ValidationError",
    "sts": "ValidationError",
    "kafka": "BadRequestException",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
    "logs": "InvalidParameterException",
    "ram": "InvalidParameterException",
    "ec2": "InvalidParameterValue",
    "cloudwatch": "ValidationError",
}

MAX_REPORTED = 10

# Patterns that the services do not enforce as written, by the shape's name.
# Glue's ``.*\\S.*`` would refuse every definition of more than one line, yet Protobuf schemas are registered as such.
SPANNING_LINES = frozenset({"SchemaDefinitionString", "SchemaDefinitionDiff"})


def validation_error(service: str, problems: list[str]) -> ApiError:
    """The error of a service for a request that breaks its model, worded as the services word it."""
    count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
    code = VALIDATION_CODES.get(service, "ValidationException")
    return ApiError(code, count + "; ".join(problems[:MAX_REPORTED]), 400)


def check_request(service: str, shape: Any, params: Mapping[str, Any]) -> None:
    """Refuse a request that breaks the model of its operation.

    Raises:
        ApiError: with the service's code for it.
    """
    if shape is None:
        return
    problems = find_problems(shape, params)
    if problems:
        raise validation_error(service, problems)


def find_problems(shape: Any, value: Any) -> list[str]:
    """All the ways in which ``value`` breaks ``shape``."""
    report = ParamValidator().validate(value, shape)
    problems = report.generate_report().split("\n") if report.has_errors() else []
    problems.extend(_constraints(shape, value, ""))
    return problems


def _constraints(shape: Any, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list" and isinstance(value, list | tuple):
        yield from _range(shape, len(value), path, value, "length")
        for index, item in enumerate(value):
            yield from _constraints(shape.member, item, f"{path}.{index + 1}.member" if path else f"{index + 1}.member")
    elif kind == "map" and isinstance(value, Mapping):
        yield from _range(shape, len(value), path, value, "length")
        for key, item in value.items():
            yield from _constraints(shape.key, key, f"{path} (key)")
            yield from _constraints(shape.value, item, f"{path}.{key}")
    elif kind == "string" and isinstance(value, str):
        yield from _string(shape, value, path)
    elif kind == "blob" and isinstance(value, bytes | bytearray):
        yield from _range(shape, len(value), path, "<bytes>", "length")
    elif kind in ("integer", "long", "float", "double") and isinstance(value, int | float):
        yield from _range(shape, value, path, value, "value")


def _structure(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping) or getattr(shape, "is_document_type", False):
        return
    for name, member in shape.members.items():
        if name in value:
            yield from _constraints(member, value[name], f"{path}.{name}" if path else name)


def _string(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _range(shape, len(value), path, value, "length")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy enum value set: " + (
            "[" + ", ".join(allowed) + "]"
        )
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern, shape.name in SPANNING_LINES).fullmatch(value):
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


def _range(shape: Any, size: float, path: str, value: Any, what: str) -> Iterator[str]:
    # ``min`` is reported by botocore's validator already.
    maximum = shape.metadata.get("max")
    if maximum is not None and size > maximum:
        shown = value if isinstance(value, str) and len(value) < 200 else f"<{what} {size}>"
        bound = (
            f"length less than or equal to {maximum}" if what == "length" else f"value less than or equal to {maximum}"
        )
        yield f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must have {bound}"


@functools.cache
def _compiled(pattern: str, spans_lines: bool = False) -> regex.Pattern[str]:
    r"""A model's Java expression as Python reads it. The services match the whole value, with or without ``^…$``.

    Java writes characters beyond the first plane as surrogate pairs, and its ``\w`` is ASCII only.
    """
    translated = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", "\U00010000-\U0010ffff")
    flags = 0 if r"\p" in translated else regex.ASCII
    return regex.compile(translated, flags | (regex.DOTALL if spans_lines else 0))
