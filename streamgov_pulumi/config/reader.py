"""Reading a stack file by its model: every mistake with its path, and what is right as arguments of a program."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments.rules import Rule
from streamgov_pulumi.config.model import MISTAKE, expected_of, stack_model
from streamgov_pulumi.config.shapes import Items, Leaf, Nested, Setting, Shape, Value
from streamgov_pulumi.config.stack_file import MODES, PlaceKeys

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mistake:
    """What is wrong at a place, or with the place itself."""

    path: Path
    text: str

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.text}"


@dataclass(frozen=True)
class Found:
    """One value of a stack file.

    Attributes:
        path: where it is.
        value: the value.
        rule: what it must be.
        account: the account of the section that it is in; empty outside of one.
    """

    path: Path
    value: Any
    rule: Rule
    account: str


def dotted(path: Path) -> str:
    """A path for people: ``members[0].targets.orders``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def refuse(mistakes: list[Mistake]) -> None:
    """Raise if there is any mistake.

    Raises:
        ConfigError: all mistakes, one a line.
    """
    if mistakes:
        lines = "\n  ".join(map(str, mistakes))
        number = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise ConfigError(f"the stack's configuration (streamgov:…) has {number}:\n  {lines}")


def mistakes_of(mode: str, raw: Mapping[str, Any]) -> list[Mistake]:
    """What is wrong with single values and keys."""
    try:
        stack_model(mode).model_validate(raw)
    except ValidationError as error:
        shape = MODES[mode].shape
        return [_mistake(shape, item["type"], tuple(item["loc"]), item.get("ctx") or {}) for item in error.errors()]
    return []


def without(raw: Any, paths: set[Path], at: Path = ()) -> Any:
    """A copy in which the values at the paths are missing; in a list None stands for one."""
    if isinstance(raw, Mapping):
        return {
            key: without(item, paths, (*at, key))
            for key, item in raw.items()
            if (*at, key) not in paths and (*at, key, "[key]") not in paths
        }
    if isinstance(raw, list):
        return [None if (*at, n) in paths else without(item, paths, (*at, n)) for n, item in enumerate(raw)]
    return raw


def values_of(shape: Shape, raw: Mapping[str, Any], at: Path = (), account: str = "") -> Iterator[Found]:
    """Every value of a section, those of the sections inside it included."""
    account = str(raw.get("account") or account)
    for key, value in raw.items():
        setting = shape.settings.get(key)
        if setting is not None:
            yield from _values(setting.value, value, (*at, key), account)


def _values(value: Value, raw: Any, at: Path, account: str) -> Iterator[Found]:
    if raw is None:
        return
    if isinstance(value, Leaf):
        yield Found(at, raw, value.rule, account)
    elif isinstance(value, Nested):
        yield from values_of(value.shape, raw, at, account)
    else:
        entries = enumerate(raw) if isinstance(value, Items) else raw.items()
        for step, item in entries:
            yield from _values(value.item, item, (*at, step), account)


def arguments_of(
    shape: Shape, raw: Mapping[str, Any], change: Callable[[Path, Any], Any] = lambda path, value: value, at: Path = ()
) -> dict[str, Any]:
    """A right section as arguments of a program.

    Args:
        shape: the section's.
        raw: the section.
        change: what becomes of each value, by its path.
        at: the section's path.
    """
    made: dict[str, Any] = {}
    for key, value in raw.items():
        setting = shape.settings[key]
        if setting.owner is PlaceKeys:
            continue
        place = made.setdefault(setting.inside, {}) if setting.inside else made
        place[setting.name] = _argument(setting.value, value, change, (*at, key))
    return made


def _argument(value: Value, raw: Any, change: Callable[[Path, Any], Any], at: Path) -> Any:
    if isinstance(value, Leaf):
        return change(at, raw)
    if isinstance(value, Nested):
        return arguments_of(value.shape, raw, change, at)
    if isinstance(value, Items):
        return [_argument(value.item, item, change, (*at, n)) for n, item in enumerate(raw)]
    return {key: _argument(value.item, item, change, (*at, key)) for key, item in raw.items()}


def _mistake(shape: Shape, kind: str, path: Path, context: Mapping[str, Any]) -> Mistake:
    if kind == MISTAKE:
        return Mistake(path if path[-1] != "[key]" else path[:-1], str(context["text"]))
    section = _section_at(shape, path[:-1])
    last = str(path[-1])
    if kind == "extra_forbidden":
        allowed = sorted(section.settings)
        close = difflib.get_close_matches(last, allowed, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(allowed)}"
        return Mistake(path, f"is unknown; {hint}")
    assert kind == "missing", kind  # every value has a check of its own that says what is wrong
    return Mistake(path, _required(section.settings[last]))


def _required(setting: Setting) -> str:
    expected = expected_of(setting.value)
    return f"is required: {expected}" if expected else "is required"


def value_at(shape: Shape, path: Path) -> Value | None:
    """What stands at a path; None if a section has no such key."""
    value: Value = Nested(shape)
    for step in path:
        if isinstance(value, Leaf):
            return None
        if isinstance(value, Nested):
            setting = value.shape.settings.get(str(step))
            if setting is None:
                return None
            value = setting.value
        else:
            value = value.item
    return value


def _section_at(shape: Shape, path: Path) -> Shape:
    value = value_at(shape, path)
    assert isinstance(value, Nested)
    return value.shape
