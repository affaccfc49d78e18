"""The kinds of rules, and the decorator that takes them out of a type's annotations again."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import GenericAlias
from typing import Annotated, Any, NotRequired, TypeVar, Union, get_args, get_origin

import pulumi

T = TypeVar("T")
_ANNOTATIONS: dict[type, Mapping[str, Any]] = {}


def _nothing(value: Any) -> str:
    return ""


@dataclass(frozen=True)
class Text:
    """A string.

    Args:
        expected: what it must be; continues a sentence that begins with the key.
        pattern: what the whole string must match, in the syntax that Python and ECMAScript share.
        example: one that is right.
        explain: for a wrong value, a better sentence than ``expected``, or an empty one.
        judge: for a value that matches, what is wrong with it nevertheless, or an empty sentence.
        find: the command that lists values to choose from.
        secret: the value is never shown, and may be a secret of the stack.
        own_account: an ARN that must be of the account that it is written for.
        any_region: an ARN that may be of another region than the deployment's.
    """

    expected: str = "must be text"
    pattern: str = ""
    example: str = ""
    explain: Callable[[Any], str] = _nothing
    judge: Callable[[str], str] = _nothing
    find: str = ""
    secret: bool = False
    own_account: bool = False
    any_region: bool = False

    @cached_property
    def _compiled(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern) if self.pattern else None

    def matches(self, value: str) -> bool:
        """Whether the whole string matches the pattern."""
        return self._compiled is None or self._compiled.fullmatch(value) is not None

    def mistake(self, value: Any) -> str:
        """What is wrong with a value; empty if nothing is."""
        if isinstance(value, str) and self.matches(value):
            return self.judge(value)
        explained = self.explain(value)
        if explained:
            return explained
        got = "this value is not shown" if self.secret else f"got {value!r}"
        if not isinstance(value, str | bool | None | dict | list) and self.matches(str(value)):
            return f"{self.expected}; put it in quotes, {got}"
        return f"{self.expected}, {got}"


@dataclass(frozen=True)
class Choice:
    """One of some words or numbers."""

    values: tuple[str, ...] | tuple[int, ...]

    @property
    def expected(self) -> str:
        """What the value must be."""
        return f"must be one of {', '.join(map(str, self.values))}"

    def mistake(self, value: Any) -> str:
        """What is wrong with a value; empty if nothing is."""
        right = type(value) is type(self.values[0]) and value in self.values
        return "" if right else f"{self.expected}, got {value!r}"


@dataclass(frozen=True)
class Flag:
    """True or false."""

    expected: str = "must be true or false"

    def mistake(self, value: Any) -> str:
        """What is wrong with a value; empty if nothing is."""
        if isinstance(value, bool):
            return ""
        if value in ("true", "false"):
            return f"must be true or false without quotes, got {value!r}"
        return f"{self.expected}, got {value!r}"


Rule = Text | Choice | Flag


@dataclass(frozen=True)
class Size:
    """How many items a list must have.

    Args:
        least: at least so many.
        most: at most so many; None for any number.
        expected: what the list must be; continues a sentence that begins with the key.
    """

    least: int
    most: int | None
    expected: str

    def mistake(self, items: list[Any]) -> str:
        """What is wrong with a list; empty if nothing is."""
        if len(items) < self.least or (self.most is not None and len(items) > self.most):
            return f"{self.expected}, got {len(items) or 'an empty list'}"
        return ""


@dataclass(frozen=True)
class Keys:
    """What the keys of a map are: a rule, and words for messages such as ``a map from an account to …``."""

    rule: Text
    expected: str


@dataclass(frozen=True)
class Inline:
    """In a stack file the keys of this argument stand beside the others, not in a map of their own."""


@dataclass(frozen=True)
class ProgramOnly:
    """No setting of a stack file; the text says what a stack file does instead."""

    instead: str


@dataclass(frozen=True)
class RequiredInFile:
    """Needed in a stack file that deploys this part, although a program may leave it out."""


def described(cls: type[T]) -> type[T]:
    """Keep the annotations of an argument type for ``annotations_of`` and leave its plain types in it.

    Pulumi's component host knows no ``Annotated``.
    """
    _ANNOTATIONS[cls] = dict(cls.__annotations__)
    cls.__annotations__ = {name: _plain(annotation) for name, annotation in cls.__annotations__.items()}
    return cls


def annotations_of(cls: type) -> Mapping[str, Any]:
    """The annotations of an argument type with their rules, by the argument's name."""
    return _ANNOTATIONS[cls]


def is_described(cls: Any) -> bool:
    """Whether something is an argument type with rules."""
    return isinstance(cls, type) and cls in _ANNOTATIONS


def _plain(annotation: Any) -> Any:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _plain(inner[0])
    if origin is NotRequired:
        return NotRequired[_plain(inner[0])]
    if origin is Union and any(get_origin(item) is Awaitable for item in inner):
        takes: Any = pulumi.Input
        return takes[_plain(inner[0])]
    if isinstance(annotation, GenericAlias):
        return GenericAlias(origin, tuple(map(_plain, inner)))
    return annotation


def camel_case(name: str) -> str:
    """An argument's name as a key of a stack file."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
