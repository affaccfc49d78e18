"""What a section of a stack file looks like, read off the annotations of an argument type."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin

from streamgov_pulumi.arguments.rules import (
    Flag,
    Inline,
    Keys,
    ProgramOnly,
    RequiredInFile,
    Rule,
    Size,
    Text,
    annotations_of,
    camel_case,
    is_described,
)


@dataclass(frozen=True)
class Leaf:
    """One value."""

    type: type
    rule: Rule


@dataclass(frozen=True)
class Items:
    """A list."""

    item: Value
    size: Size | None


@dataclass(frozen=True)
class Entries:
    """A map with keys of the user's own."""

    item: Value
    keys: Keys | None


@dataclass(frozen=True)
class Nested:
    """A section inside another one."""

    shape: Shape


Value = Leaf | Items | Entries | Nested


@dataclass(frozen=True)
class Setting:
    """One key of a section.

    Attributes:
        key: its name in a stack file.
        name: the argument's name in a program.
        value: what it holds.
        required: whether it must be there.
        text: what it means.
        owner: the type that declares it.
        inside: in a program, the argument whose map holds it; empty if it stands beside the others.
    """

    key: str
    name: str
    value: Value
    required: bool
    text: str
    owner: type
    inside: str = ""

    @property
    def default(self) -> str:
        """What the text says of the default; empty if it says nothing."""
        found = re.search(r" Default:? (.+?)\.$", self.text)
        return found[1] if found else ""

    @property
    def meaning(self) -> str:
        """The text without the default."""
        return re.sub(r" Default:? .+?\.$", "", self.text)


@dataclass(frozen=True)
class Shape:
    """A section: its name, what it is, and its settings by key."""

    name: str
    text: str
    settings: Mapping[str, Setting]

    def __hash__(self) -> int:
        return hash(self.name)


@cache
def docstrings(cls: type) -> Mapping[str, str]:
    """The text below each annotated name of a class."""
    [found] = ast.parse(inspect.getsource(cls)).body
    assert isinstance(found, ast.ClassDef)
    texts: dict[str, str] = {}
    for node, following in zip(found.body, found.body[1:], strict=False):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            texts[node.target.id] = " ".join(str(following.value.value).split())
    return texts


@cache
def shape_of(
    cls: type,
    *added: type,
    name: str = "",
    without: tuple[str, ...] = (),
    required_only: bool = False,
    nested: tuple[tuple[type, Shape], ...] = (),
) -> Shape:
    """The section that an argument type describes.

    Args:
        cls: the argument type.
        added: further types whose keys stand in the same section.
        name: the section's name. Default: the type's.
        without: arguments that are left out.
        required_only: only the arguments that a program must give, for a section that refers to something.
        nested: what sections inside look like, by their argument type, where it is not all that the type says.
    """
    settings: dict[str, Setting] = {}
    for part in (cls, *added):
        for setting in _settings(part, required_only and part is cls, dict(nested)):
            if setting.name not in without:
                settings[setting.key] = setting
    return Shape(name or cls.__name__.removesuffix("Args"), " ".join((cls.__doc__ or "").split()), settings)


def _settings(cls: type, required_only: bool, nested: Mapping[type, Shape]) -> list[Setting]:
    texts, found = docstrings(cls), []
    for name, annotation in annotations_of(cls).items():
        plain, rules = _apart(annotation)
        required = name in cls.__required_keys__  # type: ignore[attr-defined]
        if any(isinstance(rule, ProgramOnly) for rule in rules) or (required_only and not required):
            continue
        if any(isinstance(rule, Inline) for rule in rules):
            found += [
                Setting(inner.key, inner.name, inner.value, inner.required, inner.text, inner.owner, name)
                for inner in shape_of(plain).settings.values()
            ]
            continue
        required = required or any(isinstance(rule, RequiredInFile) for rule in rules)
        found.append(Setting(camel_case(name), name, _value(annotation, nested), required, texts[name], cls))
    return found


def _apart(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type inside of an annotation, and its rules."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is NotRequired:
        return _apart(inner[0])
    if origin is Annotated:
        return inner[0], inner[1:]
    return annotation, ()


def _one(kind: Any, rules: tuple[Any, ...]) -> Any:
    return next((rule for rule in rules if isinstance(rule, kind)), None)


def _value(annotation: Any, nested: Mapping[type, Shape]) -> Value:
    plain, rules = _apart(annotation)
    if is_described(plain):
        return Nested(nested[plain] if plain in nested else shape_of(plain))
    if get_origin(plain) is Union:  # pulumi.Input[…], which begins with the plain type
        return _value(Annotated[(get_args(plain)[0], *rules)] if rules else get_args(plain)[0], nested)
    origin, inner = get_origin(plain), get_args(plain)
    if origin in (list, Sequence):
        return Items(_value(inner[0], nested), _one(Size, rules))
    if origin is Mapping:
        return Entries(_value(inner[1], nested), _one(Keys, rules))
    return Leaf(plain, _one(Rule, rules) or (Flag() if plain is bool else Text()))
