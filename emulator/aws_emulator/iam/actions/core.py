"""How one API call becomes IAM checks: actions, resource ARNs and condition keys.

A `Service` describes one service by data: how the names in a call's parameters become ARNs (`arns`), which operations
go by another action name (`renamed`), and functions for what data cannot say (`special`, `context`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_emulator.api import ApiCall
from aws_emulator.iam.reference import ActionInfo
from iam_evaluation.conditions import Value

_PLACEHOLDER = re.compile(r"\{([A-Za-z.]+)(?:\|([^}]*))?\}")


class NoRow(Exception):
    """Nobody has written down which IAM action and resource an operation needs."""


@dataclass(frozen=True)
class Check:
    """One question to the oracle."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


Rule = str | Callable[[ApiCall], list[str]]
"""``stream/{StreamName}`` or a function; ``{Name|default}`` and dotted paths are allowed."""
Special = Callable[[ApiCall], list[Check]]
ContextOf = Callable[[ApiCall], Mapping[str, Value]]


@dataclass(frozen=True)
class Service:
    """One service.

    Attributes:
        prefix: of its IAM actions.
        arns: resource type of the reference -> rules, the first that the parameters fill in wins.
        renamed: operation -> action name where they differ.
        special: operation -> function that answers all checks.
        context: condition keys of the service for a call.
        own_types: operation -> resource types to use instead of the reference's.
        always: resource types to use for every operation instead of the reference's.
        global_service: ARNs without region.
    """

    prefix: str
    arns: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    special: Mapping[str, Special] = field(default_factory=dict)
    context: ContextOf | None = None
    own_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    global_service: bool = False
    arn_service: str = ""


def lookup(params: Mapping[str, Any], path: str) -> Any:
    """A parameter by its dotted path; None where it is not there."""
    value: Any = params
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def make_arn(call: ApiCall, service: str, resource: str, *, region: str | None = None) -> str:
    """The ARN of a resource in the caller's account and the call's region."""
    return f"arn:aws:{service}:{call.region if region is None else region}:{call.caller.account}:{resource}"


def _expand(call: ApiCall, text: str, service: Service) -> list[str]:
    """Fill in one rule; an empty list where a parameter is missing."""
    names = _PLACEHOLDER.findall(text)
    values: list[list[str]] = []
    for path, default in names:
        value = lookup(call.params, path)
        if value is None or value == "":
            if not default:
                return []
            value = default
        values.append([str(item) for item in value] if isinstance(value, list) else [str(value)])
    many = max((len(items) for items in values), default=1)
    results = []
    for index in range(many):
        chosen = [items[index] if len(items) > 1 else items[0] for items in values if items]
        if len(chosen) != len(names):
            return []
        if chosen and chosen[-1].startswith("arn:"):
            # Wherever a name is taken, most services take the ARN as well.
            results.append(chosen[-1])
            continue
        remaining = iter(chosen)
        resource = _PLACEHOLDER.sub(lambda _, left=remaining: next(left), text)  # type: ignore[misc]
        region = "" if service.global_service else None
        results.append(make_arn(call, service.arn_service or service.prefix, resource, region=region))
    return results


def resources(call: ApiCall, service: Service, kind: str) -> list[str]:
    """The ARNs of one resource type that a call names."""
    for rule in service.arns.get(kind, ()):
        found = rule(call) if callable(rule) else _expand(call, rule, service)
        if found:
            return found
    return []


def tag_context(params: Mapping[str, Any]) -> dict[str, Value]:
    """``aws:RequestTag/…`` and ``aws:TagKeys`` of a call, from the shapes that services give their tags."""
    tags: dict[str, str] = {}
    for name in ("Tags", "tags", "TagList"):
        given = params.get(name)
        if isinstance(given, Mapping):
            tags.update({str(key): str(value) for key, value in given.items()})
        elif isinstance(given, list):
            for item in given:
                if isinstance(item, Mapping):
                    key = item.get("Key", item.get("key", item.get("TagKey")))
                    value = item.get("Value", item.get("value", item.get("TagValue", "")))
                    if key is not None:
                        tags[str(key)] = str(value)
    keys = [str(key) for name in ("TagKeys", "tagKeys") for key in params.get(name) or ()]
    context: dict[str, Value] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if tags or keys:
        context["aws:TagKeys"] = [*tags, *keys]
    return context


def generic_checks(call: ApiCall, service: Service, info: ActionInfo) -> list[Check]:
    """The checks of an operation from the reference's resource types and the service's rules.

    Raises:
        NoRow: the action takes a resource, but no rule finds it in the parameters.
    """
    context = dict(tag_context(call.params))
    if service.context is not None:
        context.update(service.context(call))
    kinds = service.always or service.own_types.get(call.operation, tuple(info.types))
    if not kinds:
        return [Check(info.name, "*", context)]
    found = [arn for kind in kinds for arn in resources(call, service, kind)]
    if not found:
        raise NoRow(f"no rule finds the {' or '.join(kinds)} of {call.service}:{call.operation} in its parameters")
    return [Check(info.name, arn, context) for arn in dict.fromkeys(found)]
