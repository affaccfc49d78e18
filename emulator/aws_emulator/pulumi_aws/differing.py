"""How two sets of inputs differ in meaning, and what a refresh makes of what the service answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_emulator.pulumi_aws.model import (
    DEFAULTED,
    Prop,
    ResourceType,
    canonical,
    has_unknown,
    is_empty,
    is_unknown,
)


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        path: ``brokerNodeGroupInfo.instanceType``.
        how: ``add``, ``update`` or ``delete``.
        replace: it forces a replacement.
    """

    path: str
    how: str
    replace: bool

    @property
    def name(self) -> str:
        """The property of the resource that the path begins with."""
        return self.path.split(".", 1)[0].split("[", 1)[0]


def differing(resource: ResourceType, old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Each declared input that differs in meaning."""
    in_place = resource.update is not None
    return [
        Change(item.path, item.how, item.replace or not in_place) for item in _members("", resource.compared, old, new)
    ]


def differs(prop: Prop, old: Any, new: Any) -> bool:
    """Whether two values of one property differ in meaning."""
    return bool(_compare("", prop, old, new))


def _members(prefix: str, members: Mapping[str, Prop], old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    found: list[Change] = []
    for name, prop in members.items():
        found += _compare(f"{prefix}{name}", prop, _or_default(prop, old.get(name)), _or_default(prop, new.get(name)))
    return found


def _or_default(prop: Prop, value: Any) -> Any:
    return prop.default if value is None else value


def _compare(path: str, prop: Prop, before: Any, after: Any) -> list[Change]:
    if after is None and prop.computed:
        return []
    both = isinstance(before, dict) and isinstance(after, dict)
    if both and prop.kind == "object":
        return _members(f"{path}.", prop.members or {}, before, after)
    if both and prop.kind == "map":
        return [
            Change(f"{path}{_step(key)}", _how(before.get(key), after.get(key)), prop.replace)
            for key in sorted({*before, *after})
            if has_unknown(after.get(key)) or before.get(key) != after.get(key)
        ]
    if has_unknown(after):
        return [Change(path, _how(before, after), _forces(prop, after))]
    if canonical(prop, before) == canonical(prop, after) or (is_empty(before) and is_empty(after)):
        return []
    replace = _forces(prop, before) or _forces(prop, after)
    if prop.replace_if is not None and before is not None:
        replace = replace or prop.replace_if(before, after)
    return [Change(path, _how(before, after), replace)]


def _step(key: str) -> str:
    return f'["{key}"]' if any(letter in key for letter in '."[]') else f".{key}"


def _how(before: Any, after: Any) -> str:
    return "add" if is_empty(before) else "delete" if is_empty(after) else "update"


def _forces(prop: Prop, value: Any) -> bool:
    """Whether the property, or a member that the value sets, forces a replacement."""
    if prop.replace:
        return True
    if prop.kind != "object" or not isinstance(value, dict):
        return False
    return any(
        _forces(member, value[key]) for key, member in (prop.members or {}).items() if not is_empty(value.get(key))
    )


def deletes_first(resource: ResourceType, new: dict[str, Any]) -> bool:
    """Whether a replacement is deleted before it is created: the program gave the name, which can exist only once."""
    if resource.autoname is None or resource.named_twice:
        return False
    return resource.autoname.prop not in (new.get(DEFAULTED) or [])


def spelt_as(resource: ResourceType, last: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """The live values, spelt as they were last where they mean the same, so that a refresh shows meaning only."""
    out = dict(live)
    for name, prop in resource.compared.items():
        before, now = last.get(name), live.get(name)
        if before is None or is_unknown(before):
            continue
        if (prop.local and name not in live) or (now is not None and canonical(prop, before) == canonical(prop, now)):
            out[name] = before
    return out


def own_tags(context_tags: Mapping[str, str], last: dict[str, Any], live: dict[str, Any]) -> dict[str, Any] | None:
    """The resource's own tags among all that it carries: not those that the instance adds to everything.

    Args:
        context_tags: the default tags.
        last: the inputs as they were.
        live: all tags.
    """
    given = last.get("tags") or {}
    own = {key: value for key, value in live.items() if key in given or context_tags.get(key) != value}
    return own or None


def live_inputs(resource: ResourceType, last: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """What the inputs would be if a program described the live resource.

    Args:
        resource: the type.
        last: the inputs as they were; empty when the resource is being imported.
        live: the state that was read.
    """
    if not last:
        found = {key: _or_default(prop, live.get(key)) for key, prop in resource.compared.items()}
        return {key: value for key, value in found.items() if not is_empty(value)} | {DEFAULTED: []}
    out = _project(resource.compared, last, spelt_as(resource, last, live))
    if last.get(DEFAULTED) is not None:
        out[DEFAULTED] = last[DEFAULTED]
    return out


def _project(members: Mapping[str, Prop], last: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """The live values of what the inputs had, and what appeared beside it."""
    out: dict[str, Any] = {}
    for name, prop in members.items():
        value = live.get(name)
        given = last.get(name)
        if prop.local:
            value = given
        elif given is None and (prop.computed or is_empty(value) or value == prop.default):
            continue
        elif prop.kind == "object" and isinstance(given, dict) and isinstance(value, dict):
            value = _project(prop.members or {}, given, value)
        if value is not None or (given is not None and is_empty(given)):
            out[name] = given if value is None else value
    return out
