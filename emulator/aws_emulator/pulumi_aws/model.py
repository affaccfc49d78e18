"""How a resource type is declared: its properties, and the functions that carry it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's sentinel for a value that is not known during preview."""

Kind = Literal["string", "int", "number", "bool", "list", "map", "object", "json", "policy", "archive"]


@dataclass(frozen=True)
class Prop:
    """One property of a type, by its wire name.

    Attributes:
        kind: what the value is; ``json`` is a string whose formatting does not matter, ``policy`` is JSON read as IAM
            reads it (a list of one is the value, lists of strings are sets).
        required: must be given.
        replace: a change replaces the resource, as the real provider's ForceNew.
        default: what the real provider assumes when nothing is given.
        computed: the service decides when nothing is given, so that taking it out of a program changes nothing.
        element: the element of a list or map.
        members: the members of an object.
        unordered: a set: order and duplicates do not matter.
        replace_if: (old, new) -> whether this change replaces the resource.
        local: only the provider knows it (``forceDestroy``); the service cannot be asked.
    """

    kind: Kind = "string"
    required: bool = False
    replace: bool = False
    default: Any = None
    computed: bool = False
    element: Prop | None = None
    members: Mapping[str, Prop] | None = None
    unordered: bool = False
    replace_if: Callable[[Any, Any], bool] | None = None
    local: bool = False


ALL_TAGS = "tagsAll"
"""The input that Check adds to a type with tags: the resource's own tags over the instance's default tags. The real
provider does the same, so that a change of the default tags is a change of each resource."""
DEFAULTED = "__defaults"
"""The input in which the real provider lists the properties that nobody gave; an automatic name is one of them."""


class Archive:
    """An archive given as input: where it lies or the texts that it holds, and the hash of what is in it."""

    def __init__(self, path: str, content_hash: str, texts: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.content_hash = content_hash
        self.texts = dict(texts or {})


class PluginError(Exception):
    """The operation failed; the text is for the person who runs Pulumi."""


class InitFailed(PluginError):
    """The resource exists but is not as it should be; its state is kept.

    Attributes:
        id: the resource's id.
        state: what is known of it.
    """

    def __init__(self, identifier: str, state: dict[str, Any], message: str) -> None:
        super().__init__(message)
        self.id = identifier
        self.state = state


class Context:
    """What a type's functions work with: clients of this provider instance, and its tags.

    Attributes:
        client: boto3 client factory by service name.
        region: the instance's region.
        account: the account that its credentials belong to.
        default_tags: tags for every resource that can carry them.
    """

    def __init__(
        self, client: Callable[[str], Any], region: str, account: str, default_tags: Mapping[str, str]
    ) -> None:
        self.client = client
        self.region = region
        self.account = account
        self.default_tags = dict(default_tags)

    def tags(self, inputs: Mapping[str, Any]) -> dict[str, str]:
        """The tags that the resource is to carry."""
        return dict(inputs.get(ALL_TAGS) or {})


State = dict[str, Any]


@dataclass(frozen=True)
class Autoname:
    """How Pulumi makes up a physical name that a program does not give.

    Attributes:
        prop: the property that holds the name.
        longest: how long it may be.
        prefix: what the service wants in front.
        lower: the service allows lower case only.
    """

    prop: str
    longest: int
    prefix: str = ""
    lower: bool = False


@dataclass(frozen=True)
class ResourceType:
    """A type of resource.

    Attributes:
        token: ``aws:iam/role:Role``.
        props: input properties by wire name.
        create: (context, inputs) -> (id, state).
        read: (context, id, last state) -> state, or None when it is gone. State uses the same names as the inputs,
            plus outputs. It holds every property that is not ``local``; None is "not set".
        update: (context, id, old inputs, new inputs, last state) -> state; None when every change replaces.
        anew: (old inputs, new inputs) -> outputs that this update makes anew, which a preview does not know.
        delete: (context, id, state) -> None; a resource that is gone already is fine.
        autoname: how a missing name is made up.
        named_twice: the real provider creates a replacement before it deletes, also when the program gave the name
            (its types of the newer framework, and names that need not be unique); else it deletes first, because the
            name is taken.
        imported: (context, import id) -> (resource id, the state that ``read`` needs), for ids that ``read`` cannot
            parse.
    """

    token: str
    props: Mapping[str, Prop]
    create: Callable[[Context, State], tuple[str, State]]
    read: Callable[[Context, str, State], State | None]
    delete: Callable[[Context, str, State], None]
    update: Callable[[Context, str, State, State, State], State] | None = None
    anew: Callable[[State, State], Collection[str]] | None = None
    autoname: Autoname | None = None
    named_twice: bool = False
    imported: Callable[[Context, str], tuple[str, State]] | None = None

    @property
    def compared(self) -> Mapping[str, Prop]:
        """All inputs that a difference is looked for in: those that a program may give, and the merged tags."""
        return {**self.props, ALL_TAGS: Prop("map")} if "tags" in self.props else self.props


@dataclass(frozen=True)
class Function:
    """An invoke: ``aws:index/getRegion:getRegion``."""

    token: str
    arguments: Mapping[str, Prop]
    run: Callable[[Context, State], State]


@dataclass
class Registry:
    """All types and functions that the stand-in serves."""

    types: dict[str, ResourceType] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)

    def add(self, *types: ResourceType) -> None:
        """Register types; a token twice is a mistake of this package."""
        for item in types:
            if item.token in self.types:
                raise AssertionError(f"{item.token} is declared twice")
            self.types[item.token] = item

    def add_function(self, function: Function) -> None:
        """Register an invoke."""
        self.functions[function.token] = function


def is_unknown(value: object) -> bool:
    """Whether the value itself is the engine's sentinel."""
    return value == UNKNOWN


def has_unknown(value: object) -> bool:
    """Whether the sentinel is anywhere inside."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, str) and UNKNOWN in value


def canonical(prop: Prop, value: Any) -> Any:
    """A form of the value in which equal meaning is equality."""
    if value is None or is_unknown(value):
        return value
    if isinstance(value, Archive):
        return value.content_hash
    if prop.kind in {"json", "policy"} and isinstance(value, str):
        try:
            document = json.loads(value)
        except ValueError:
            return value
        return _canonical_policy(document) if prop.kind == "policy" else document
    if prop.kind in {"int", "number"}:
        return float(value)
    if prop.kind == "bool":
        return str(value).lower() == "true"
    if prop.kind == "list" and isinstance(value, list):
        element = prop.element or Prop()
        items = [canonical(element, item) for item in value]
        if prop.unordered:
            items = sorted({json.dumps(item, sort_keys=True, default=str) for item in items})
        return items
    if prop.kind == "map" and isinstance(value, dict):
        element = prop.element or Prop()
        return {key: canonical(element, item) for key, item in sorted(value.items()) if item is not None}
    if prop.kind == "object" and isinstance(value, dict):
        return _canonical_object(prop, value)
    return str(value) if prop.kind == "string" else value


def _canonical_object(prop: Prop, value: dict[str, Any]) -> dict[str, Any]:
    members = prop.members or {}
    out = {}
    for key, member in members.items():
        item = value.get(key)
        item = canonical(member, member.default if item is None else item)
        if not is_empty(item):
            out[key] = item
    return out


def _canonical_policy(value: Any) -> Any:
    """IAM reads one-element lists and single values alike, and lists of actions and resources as sets."""
    if isinstance(value, dict):
        return {key: _canonical_policy(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_canonical_policy(item) for item in value]
        if len(items) == 1:
            return items[0]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    return value


def is_empty(value: Any) -> bool:
    """Whether the value says nothing: AWS does not tell an empty list or map from a missing one."""
    return value is None or value == {} or value == []
