"""Intrinsic functions of the Amazon States Language (``States.Format`` and its kin).

Source of the rules: Step Functions developer guide, "Intrinsics for JSONPath states".
UNVERIFIED[sfn-intrinsic-failures]: the texts of the causes, and that a failing call is ``States.IntrinsicFailure`` in
every case.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aws_emulator.compute.states.failures import INTRINSIC, StateFailure
from aws_emulator.compute.states.paths import check_path

MAX_NESTING = 10


class IntrinsicSyntaxError(ValueError):
    """The text is no call of an intrinsic function."""


@dataclass(frozen=True)
class Literal:
    """A constant argument."""

    value: Any


@dataclass(frozen=True)
class PathArgument:
    """An argument that a path selects."""

    path: str


@dataclass(frozen=True)
class Call:
    """A call with its arguments."""

    name: str
    arguments: tuple[Argument, ...]


Argument = Literal | PathArgument | Call

_NAME = re.compile(r"States\.[A-Za-z0-9]+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def fail(self, why: str) -> IntrinsicSyntaxError:
        return IntrinsicSyntaxError(f"{why} at character {self.position + 1} of {self.text!r}")

    def space(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def take(self, expected: str) -> bool:
        self.space()
        if self.text.startswith(expected, self.position):
            self.position += len(expected)
            return True
        return False

    def call(self, depth: int = 1) -> Call:
        self.space()
        found = _NAME.match(self.text, self.position)
        if found is None or depth > MAX_NESTING:
            raise self.fail("no function name" if found is None else "nested too deeply")
        name = found.group()
        if name not in FUNCTIONS:
            raise self.fail(f"no function {name}")
        self.position = found.end()
        if not self.take("("):
            raise self.fail("'(' expected")
        arguments: list[Argument] = []
        if not self.take(")"):
            while True:
                arguments.append(self.argument(depth))
                if self.take(")"):
                    break
                if not self.take(","):
                    raise self.fail("',' or ')' expected")
        return Call(name, tuple(arguments))

    def argument(self, depth: int) -> Argument:
        self.space()
        rest = self.text[self.position :]
        if rest.startswith("'"):
            return Literal(self.string())
        if rest.startswith("$"):
            return PathArgument(self.path())
        if rest.startswith("States."):
            return self.call(depth + 1)
        for word, value in (("true", True), ("false", False), ("null", None)):
            if rest.startswith(word):
                self.position += len(word)
                return Literal(value)
        number = _NUMBER.match(rest)
        if number is None:
            raise self.fail("argument expected")
        self.position += number.end()
        return Literal(json.loads(number.group()))

    def string(self) -> str:
        characters = []
        self.position += 1
        while self.position < len(self.text):
            character = self.text[self.position]
            if character == "\\" and self.position + 1 < len(self.text):
                following = self.text[self.position + 1]
                # \{ and \} stay as they are: States.Format reads them.
                characters.append(
                    "\\" + following if following in "{}" else {"n": "\n", "t": "\t"}.get(following, following)
                )
                self.position += 2
            elif character == "'":
                self.position += 1
                return "".join(characters)
            else:
                characters.append(character)
                self.position += 1
        raise self.fail("string not closed")

    def path(self) -> str:
        start = self.position
        depth = 0
        quote = ""
        while self.position < len(self.text):
            character = self.text[self.position]
            if quote:
                quote = "" if character == quote else quote
            elif character in "'\"":
                quote = character
            elif character in "[(":
                depth += 1
            elif character in "])" and depth:
                depth -= 1
            elif depth == 0 and (character in ",)" or character.isspace()):
                break
            self.position += 1
        path = self.text[start : self.position]
        check_path(path)
        return path


@lru_cache(maxsize=1024)
def parse_intrinsic(text: str) -> Call:
    """Parse a call such as ``States.Format('{}', $.name)``.

    Raises:
        IntrinsicSyntaxError: the text is none.
        PathError: an argument is no path.
    """
    parser = _Parser(text)
    call = parser.call()
    parser.space()
    if parser.position != len(text):
        raise parser.fail("more text after the call")
    return call


def evaluate(call: Call, read: Callable[[str], Any]) -> Any:
    """The value of a call.

    Args:
        call: the parsed call.
        read: reads a path; its exceptions pass through.

    Raises:
        StateFailure: ``States.IntrinsicFailure``.
    """
    values = []
    for argument in call.arguments:
        if isinstance(argument, Literal):
            values.append(argument.value)
        elif isinstance(argument, PathArgument):
            values.append(read(argument.path))
        else:
            values.append(evaluate(argument, read))
    try:
        return FUNCTIONS[call.name](*values)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise StateFailure(INTRINSIC, f"The function '{call.name}' had the following error: {error}") from error


def text_of(value: Any) -> str:
    """How a value appears inside a text: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _format(template: str, *values: Any) -> str:
    _need(isinstance(template, str), "the template must be a string")
    parts = re.split(r"(\\[{}\\]|\{\})", template)
    _need(parts.count("{}") == len(values), f"{parts.count('{}')} placeholders for {len(values)} arguments")
    remaining = iter(values)
    rendered = []
    for part in parts:
        if part == "{}":
            value = next(remaining)
            _need(not isinstance(value, dict | list), "arguments must be strings, numbers, booleans or null")
            rendered.append(text_of(value))
        elif len(part) == 2 and part[0] == "\\":
            rendered.append(part[1])
        else:
            rendered.append(part)
    return "".join(rendered)


def _partition(items: list[Any], size: int) -> list[list[Any]]:
    _need(isinstance(items, list) and isinstance(size, int) and size > 0, "an array and a positive integer are needed")
    return [items[start : start + size] for start in range(0, len(items), size)]


def _range(first: int, last: int, step: int) -> list[int]:
    _need(
        all(isinstance(number, int) for number in (first, last, step)) and step != 0, "integers and a step are needed"
    )
    numbers = list(range(first, last + (1 if step > 0 else -1), step))
    _need(len(numbers) <= 1000, "an array holds at most 1000 items")
    return numbers


def _item(items: list[Any], index: int) -> Any:
    _need(isinstance(items, list) and 0 <= index < len(items), "the index is outside of the array")
    return items[index]


def _length(items: list[Any]) -> int:
    _need(isinstance(items, list), "an array is needed")
    return len(items)


def _unique(items: list[Any]) -> list[Any]:
    _need(isinstance(items, list), "an array is needed")
    return [item for index, item in enumerate(items) if item not in items[:index]]


def _contains(items: list[Any], wanted: Any) -> bool:
    _need(isinstance(items, list), "an array is needed")
    return wanted in items


def _encode(text: str) -> str:
    _need(isinstance(text, str) and len(text) <= 10_000, "a string of at most 10,000 characters is needed")
    return base64.b64encode(text.encode()).decode()


def _decode(text: str) -> str:
    _need(isinstance(text, str) and len(text) <= 10_000, "a string of at most 10,000 characters is needed")
    return base64.b64decode(text, validate=True).decode()


def _hash(data: Any, algorithm: str) -> str:
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    _need(algorithm in names, f"no algorithm {algorithm!r}")
    return hashlib.new(names[algorithm], text_of(data).encode()).hexdigest()


def _merge(first: dict[str, Any], second: dict[str, Any], deep: bool) -> dict[str, Any]:
    _need(isinstance(first, dict) and isinstance(second, dict), "two objects are needed")
    _need(deep is False, "only the shallow merge is supported: the third argument must be false")
    return {**copy.deepcopy(first), **copy.deepcopy(second)}


def _random(start: int, end: int, seed: int | None = None) -> int:
    _need(
        isinstance(start, int) and isinstance(end, int) and start < end, "two integers, the first smaller, are needed"
    )
    return (random.Random(seed) if seed is not None else random).randrange(start, end)


def _add(first: float, second: float) -> int:
    numbers = [first, second]
    _need(all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers), "two numbers are needed")
    return round(first) + round(second)


def _split(text: str, characters: str) -> list[str]:
    _need(isinstance(text, str) and isinstance(characters, str) and characters != "", "two strings are needed")
    return [part for part in re.split("[" + re.escape(characters) + "]", text) if part]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "States.Format": _format,
    "States.StringToJson": lambda text: json.loads(text),
    "States.JsonToString": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "States.Array": lambda *values: list(values),
    "States.ArrayPartition": _partition,
    "States.ArrayContains": _contains,
    "States.ArrayRange": _range,
    "States.ArrayGetItem": _item,
    "States.ArrayLength": _length,
    "States.ArrayUnique": _unique,
    "States.Base64Encode": _encode,
    "States.Base64Decode": _decode,
    "States.Hash": _hash,
    "States.JsonMerge": _merge,
    "States.MathRandom": _random,
    "States.MathAdd": _add,
    "States.StringSplit": _split,
    "States.UUID": lambda: str(uuid.uuid4()),
}
