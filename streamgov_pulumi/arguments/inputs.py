"""Looking at what a program passes to a component, before anything is made of it.

An argument that is declared as ``pulumi.Input`` takes an Output at every depth. The others are plain, because names or
the number of resources hang on them: an Output there is refused with one sentence, as is a key that nobody reads.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Annotated, Any, NotRequired, Required, Union, get_args, get_origin, is_typeddict

import pulumi

from streamgov_core.model.errors import ConfigError

_WORDS: Mapping[type, str] = {str: "text", bool: "true or false", int: "a whole number"}


def check_arguments(component: str, args: Any, declared: type) -> None:
    """Refuse arguments that cannot be right.

    Args:
        component: the component's type, for the message.
        args: what the program passes.
        declared: the TypedDict of its arguments.

    Raises:
        ConfigError: all mistakes, one a line: an unknown or a missing key, an Output where none can be, a wrong type.
    """
    mistakes = [f"{component}: {text}" for text in _typed_dict(args, declared, "")]
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def is_late(value: Any) -> bool:
    """Whether a value is known only when its resource is made."""
    return isinstance(value, pulumi.Output | Awaitable)


def holds_late(value: Any) -> bool:
    """Whether a value, or anything inside it, is known only when its resource is made."""
    if isinstance(value, Mapping):
        return any(holds_late(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(holds_late(item) for item in value)
    return is_late(value)


def unwrapped(annotation: Any) -> tuple[Any, bool]:
    """The type inside of an annotation, and whether it takes an Output."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, NotRequired, Required):
        return unwrapped(inner[0])
    if origin is not Union and not (origin is not None and NoneType in inner):
        return annotation, False
    plain = [item for item in inner if item is not NoneType]
    late = [item for item in plain if get_origin(item) is not None and issubclass(_class_of(item), Awaitable)]
    if late:
        return unwrapped(plain[0])[0], True
    return unwrapped(plain[0]) if len(plain) == 1 else (annotation, False)


def optional(annotation: Any) -> bool:
    """Whether None may stand for nothing."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, NotRequired, Required):
        return optional(inner[0])
    return NoneType in inner


def _class_of(annotation: Any) -> type:
    origin = get_origin(annotation)
    return origin if isinstance(origin, type) else object


def _typed_dict(args: Any, declared: type, path: str) -> Iterator[str]:
    annotations = declared.__annotations__
    if not isinstance(args, Mapping):
        yield f"{path or 'the arguments'} must be a map of {', '.join(annotations)}, got {type(args).__name__}"
        return
    for key in args:
        if key not in annotations:
            near = difflib.get_close_matches(str(key), annotations, 1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(annotations)}"
            yield f"{_join(path, str(key))} is no argument{meant}"
    for key, annotation in annotations.items():
        if key in args:
            yield from _value(args[key], annotation, _join(path, key))
        elif key in declared.__required_keys__:  # type: ignore[attr-defined]
            yield f"{_join(path, key)} is missing"


def _value(value: Any, annotation: Any, path: str) -> Iterator[str]:
    declared, takes_output = unwrapped(annotation)
    if is_late(value):
        if not takes_output:
            yield (
                f"{path} must be known when the program runs, got an Output: names of resources, or how many there "
                "are, hang on it. Write its value, or take it from the stack's configuration"
            )
        return
    if value is None:
        if not optional(annotation):
            yield f"{path} is None: leave the argument out, or give it a value"
        return
    origin, inner = get_origin(declared), get_args(declared)
    if is_typeddict(declared):
        yield from _typed_dict(value, declared, path)
    elif origin in (list, Sequence):
        if not isinstance(value, list | tuple):
            yield f"{path} must be a list, got {_shown(value)}"
            return
        for number, item in enumerate(value):
            yield from _value(item, inner[0], f"{path}[{number}]")
    elif origin is not None and issubclass(_class_of(declared), Mapping):
        if not isinstance(value, Mapping):
            yield f"{path} must be a map, got {_shown(value)}"
            return
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"{path}: a key must be known text, got {_shown(key)}"
                continue
            yield from _value(item, inner[1], _join(path, key))
    elif declared in _WORDS and not _is(value, declared):
        yield f"{path} must be {_WORDS[declared]}, got {_shown(value)}{_quoted(value, declared)}"


def _is(value: Any, declared: type) -> bool:
    if declared is int:  # a remote host passes numbers as floats
        return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return isinstance(value, declared)


def _quoted(value: Any, declared: type) -> str:
    """How a number becomes text, as the digits of an account id must be."""
    if declared is not str or isinstance(value, bool) or not isinstance(value, int):
        return ""
    return "; digits stand in quotes (pulumi config set --path --type string)"


def _shown(value: Any) -> str:
    # Never a value that might be a secret: what it is suffices.
    return "an Output" if is_late(value) else f"{type(value).__name__}"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
