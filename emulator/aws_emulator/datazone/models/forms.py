"""The content of a form, checked against its form type's structure (CreateAsset: "all required fields")."""

from __future__ import annotations

import json
import re
from typing import Any

from aws_emulator.datazone.exceptions import validation
from aws_emulator.datazone.models.smithy import Member, Model, Shape

MAX_CONTENT = 300_000
_INTEGERS = {"Byte": 7, "Short": 15, "Integer": 31, "Long": 63}


def parse_content(form_name: str, content: str | None) -> dict[str, Any]:
    """The JSON object in a form's ``content``.

    Raises:
        ApiError: ValidationException for text that is no JSON object, or longer than 300,000 characters.
    """
    if content is None:
        return {}
    if len(content) > MAX_CONTENT:
        raise validation(f"Content of form {form_name} is longer than {MAX_CONTENT} characters")
    try:
        value = json.loads(content)
    except json.JSONDecodeError as error:
        raise validation(f"Content of form {form_name} is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise validation(f"Content of form {form_name} must be a JSON object")
    return value


def check_content(form_name: str, model: Model, root: Shape, value: dict[str, Any]) -> None:
    """Check a form's content against the form type's structure.

    Raises:
        ApiError: ValidationException that names the member and what is wrong with it.
    """
    problem = _structure(model, root, value, "")
    if problem:
        raise validation(f"Content of form {form_name} does not match form type {root.name}: {problem}")


def _structure(model: Model, shape: Shape, value: Any, path: str) -> str | None:
    if not isinstance(value, dict):
        return f"{path or shape.name} must be an object"
    # UNVERIFIED[dz-unknown-form-member]: that members unknown to the form type are refused; seen when a system form
    # type lost a member.
    unknown = [name for name in value if name not in shape.members]
    if unknown:
        return f"unknown member {path}{unknown[0]}"
    for member in shape.members.values():
        here = f"{path}{member.name}"
        given = value.get(member.name)
        if given is None:
            if member.required:
                return f"required member {here} is missing"
            continue
        problem = _value(model, member, given, here)
        if problem:
            return problem
    return None


def _value(model: Model, member: Member, value: Any, path: str) -> str | None:
    target = model.shapes.get(member.target)
    traits = dict(member.traits)
    kind = member.target
    if target is not None and target.kind == "simple":
        traits = {**target.traits, **traits}
        kind = target.members["value"].target
    elif target is not None:
        traits = {**target.traits, **traits}
        if target.kind == "structure":
            return _structure(model, target, value, f"{path}.")
        if not isinstance(value, list):
            return f"{path} must be a list"
        for index, item in enumerate(value):
            problem = _value(model, target.members["member"], item, f"{path}[{index}]")
            if problem:
                return problem
        return _limits(traits, value, path)
    return _simple(kind, value, path) or _limits(traits, value, path)


def _simple(kind: str, value: Any, path: str) -> str | None:
    fits = True
    if kind in {"String", "Blob"}:
        fits = isinstance(value, str)
    elif kind == "Boolean":
        fits = isinstance(value, bool)
    elif kind in _INTEGERS:
        limit = 1 << _INTEGERS[kind]
        fits = isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit
    elif kind == "BigInteger":
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif kind in {"Float", "Double", "BigDecimal"}:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    elif kind == "Timestamp":
        fits = isinstance(value, (int, float, str)) and not isinstance(value, bool)
    return None if fits else f"{path} must be of type {kind}"


def _limits(traits: dict[str, Any], value: Any, path: str) -> str | None:
    length = traits.get("length")
    if isinstance(length, dict) and isinstance(value, (str, list)):
        if "min" in length and len(value) < length["min"]:
            return f"{path} is shorter than {length['min']}"
        if "max" in length and len(value) > length["max"]:
            return f"{path} is longer than {length['max']}"
    limits = traits.get("range")
    if isinstance(limits, dict) and isinstance(value, (int, float)) and not isinstance(value, bool):
        if "min" in limits and value < limits["min"]:
            return f"{path} is less than {limits['min']}"
        if "max" in limits and value > limits["max"]:
            return f"{path} is greater than {limits['max']}"
    pattern = traits.get("pattern")
    if isinstance(pattern, str) and isinstance(value, str) and re.search(pattern, value) is None:
        return f"{path} does not match the pattern {pattern}"
    return None
