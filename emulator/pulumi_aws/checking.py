"""What a person's inputs must be: declared, of the right type, complete. And how two sets of inputs differ."""

from __future__ import annotations

from typing import Any

from emulator.pulumi_aws.model import Archive, Prop, ResourceType, canonical, has_unknown, is_unknown

Failure = tuple[str, str]


def check(resource: ResourceType, inputs: dict[str, Any]) -> list[Failure]:
    """Every mistake in the inputs, as (property path, reason)."""
    failures: list[Failure] = []
    for name, value in inputs.items():
        if name.startswith("__") or value is None:
            continue
        prop = resource.props.get(name)
        if prop is None:
            failures.append((name, f'{resource.token}: property "{name}" is not served by the stand-in'))
        else:
            failures += check_value(name, prop, value)
    for name, prop in resource.props.items():
        if prop.required and inputs.get(name) is None:
            failures.append((name, f'{resource.token}: missing required property "{name}"'))
    return failures


def check_value(path: str, prop: Prop, value: Any) -> list[Failure]:
    """Every mistake in one value."""
    if value is None or is_unknown(value):
        return []
    wrong = _wrong_type(prop, value)
    if wrong:
        return [(path, f"expected {wrong}, got {type(value).__name__} {value!r:.80}")]
    failures: list[Failure] = []
    if prop.kind == "list":
        for index, item in enumerate(value):
            failures += check_value(f"{path}[{index}]", prop.element or Prop(), item)
    elif prop.kind == "map":
        for key, item in value.items():
            failures += check_value(f"{path}.{key}", prop.element or Prop(), item)
    elif prop.kind == "object":
        failures += _check_members(path, prop, value)
    return failures


def _check_members(path: str, prop: Prop, value: dict[str, Any]) -> list[Failure]:
    failures: list[Failure] = []
    members = prop.members or {}
    for key, item in value.items():
        if key.startswith("__") or item is None:
            continue
        if key not in members:
            failures.append((f"{path}.{key}", f'property "{path}.{key}" is not served by the stand-in'))
        else:
            failures += check_value(f"{path}.{key}", members[key], item)
    for key, member in members.items():
        if member.required and value.get(key) is None:
            failures.append((f"{path}.{key}", f'missing required property "{path}.{key}"'))
    return failures


def _wrong_type(prop: Prop, value: Any) -> str | None:
    accepted: dict[str, tuple[tuple[type, ...], str]] = {
        "string": ((str,), "a string"),
        "json": ((str,), "a JSON string"),
        "int": ((int,), "a whole number"),
        "number": ((int, float), "a number"),
        "bool": ((bool,), "true or false"),
        "list": ((list,), "a list"),
        "map": ((dict,), "a map"),
        "object": ((dict,), "an object"),
        "archive": ((Archive,), "an archive"),
    }
    types, name = accepted[prop.kind]
    if isinstance(value, bool) and prop.kind in {"int", "number"}:
        return name
    if isinstance(value, types):
        return None
    # The engine and the real provider convert between strings, numbers and booleans.
    if prop.kind == "string" and isinstance(value, int | float):
        return None
    if prop.kind in {"int", "number"} and isinstance(value, str) and value.lstrip("-").isdigit():
        return None
    if prop.kind == "bool" and value in {"true", "false"}:
        return None
    return name


def with_defaults(resource: ResourceType, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with the real provider's defaults filled in."""
    out = {key: value for key, value in inputs.items() if value is not None}
    for name, prop in resource.props.items():
        if name not in out and prop.default is not None:
            out[name] = prop.default
    return out


def differing(resource: ResourceType, old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    """Property -> ``add``, ``update`` or ``delete`` for each declared input that differs in meaning."""
    out: dict[str, str] = {}
    for name, prop in resource.props.items():
        before, after = old.get(name), new.get(name)
        if after is None and prop.computed:
            continue
        if has_unknown(after) or canonical(prop, before) != canonical(prop, after):
            if _empty(before) and _empty(after):
                continue
            out[name] = "add" if _empty(before) else "delete" if _empty(after) else "update"
    return out


def _empty(value: Any) -> bool:
    return value is None or value == {} or value == []


def keep_spelling(resource: ResourceType, last: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """The live values, spelt as they were last where they mean the same, so that a refresh shows meaning only."""
    out = dict(live)
    for name, value in last.items():
        prop = resource.props.get(name)
        if prop is not None and name in live and canonical(prop, value) == canonical(prop, live[name]):
            out[name] = value
    return out
