"""A reader for the part of Smithy that DataZone form types use, to check models and to compare them by meaning.

Two models mean the same if they differ in white space, comments, commas, the order of traits, the namespace, ``use``
statements or the ``smithy.api#`` prefix. DataZone may answer a model in another dress than it was given
(API_CreateFormType shows a namespace and absolute shape ids).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from streamgov_core.model.errors import ConfigError

_TOKEN = re.compile(
    r"""(?P<space>[\s,]+|//[^\n]*)
      |(?P<block>\"\"\"(?:\\.|[^\\])*?\"\"\")
      |(?P<string>"(?:\\.|[^"\\\n])*")
      |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      |(?P<name>[A-Za-z_][\w.\-]*(?:\#[A-Za-z_]\w*)?(?:\$\w+)?)
      |(?P<mark>:=|[{}()\[\]:=@$])""",
    re.VERBOSE,
)
_MEMBER = re.compile(r"[A-Za-z_]\w*")
_SHAPES = ("structure", "list", "map", "union", "enum", "intEnum", "string", "integer", "long", "double", "boolean")


@dataclass(frozen=True)
class Member:
    """A member of a structure: its name, target shape and traits in canonical form."""

    name: str
    target: str
    traits: tuple[Any, ...]

    @property
    def required(self) -> bool:
        """Whether the member carries ``@required``."""
        return any(trait[0] == "required" for trait in self.traits)


@dataclass(frozen=True)
class Shape:
    """One shape of a model."""

    kind: str
    name: str
    traits: tuple[Any, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Model:
    """A form type's model. Equal models mean the same form."""

    shapes: tuple[Shape, ...]

    def structure(self, name: str) -> Shape | None:
        """The structure called ``name``."""
        return next((shape for shape in self.shapes if shape.kind == "structure" and shape.name == name), None)


def parse(text: str) -> Model:
    """Read a Smithy model.

    Raises:
        ConfigError: the text is not Smithy; it names the line and what was expected there.
    """
    return _Reader(text).model()


def same(left: str, right: str) -> bool:
    """Whether two models mean the same. Text that is not Smithy equals only itself."""
    try:
        return parse(left) == parse(right)
    except ConfigError:
        return left.split() == right.split()


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            line = text.count("\n", 0, position) + 1
            if match is None:
                raise ConfigError(f"not Smithy: unexpected {text[position]!r} in line {line}")
            if match.lastgroup != "space":
                self.tokens.append((str(match.lastgroup), match.group(), line))
            position = match.end()
        self.index = 0

    # --- tokens ---------------------------------------------------------------------------------------------------
    def peek(self) -> str:
        return self.tokens[self.index][1] if self.index < len(self.tokens) else ""

    def fail(self, expected: str) -> NoReturn:
        if self.index < len(self.tokens):
            _, text, line = self.tokens[self.index]
            raise ConfigError(f"not Smithy: expected {expected} but found {text!r} in line {line}")
        raise ConfigError(f"not Smithy: expected {expected} but the model ends there")

    def take(self, kind: str, expected: str, text: str | None = None) -> str:
        if self.index >= len(self.tokens):
            self.fail(expected)
        found, value, _ = self.tokens[self.index]
        if found != kind or (text is not None and value != text):
            self.fail(expected)
        self.index += 1
        return value

    def mark(self, text: str) -> None:
        self.take("mark", f"'{text}'", text)

    # --- grammar --------------------------------------------------------------------------------------------------
    def model(self) -> Model:
        shapes: list[Shape] = []
        names: set[str] = set()
        while self.index < len(self.tokens):
            word = self.peek()
            if word == "$":
                self.control()
            elif word in ("namespace", "use"):
                self.index += 1
                self.take("name", "a name")
            elif word == "metadata":
                self.index += 1
                self.index += 1
                self.mark("=")
                self.node()
            else:
                shape = self.shape()
                if shape.name in names:
                    raise ConfigError(f"not Smithy: the shape {shape.name} is defined twice")
                names.add(shape.name)
                shapes.append(shape)
        if not shapes:
            raise ConfigError("not Smithy: there is no structure in it")
        return Model(tuple(sorted(shapes, key=lambda shape: shape.name)))

    def control(self) -> None:
        self.mark("$")
        self.take("name", "a control statement such as $version")
        self.mark(":")
        self.node()

    def shape(self) -> Shape:
        traits = self.traits()
        kind = self.take("name", "'structure'")
        if kind not in _SHAPES:
            self.index -= 1
            self.fail("'structure'")
        name = self.take("name", f"the name of the {kind}")
        members: list[Member] = []
        if self.peek() == "{":
            members = self.members(kind, name)
        return Shape(kind, name, traits, tuple(members))

    def members(self, kind: str, owner: str) -> list[Member]:
        self.mark("{")
        members: list[Member] = []
        while self.peek() != "}":
            traits = self.traits()
            name = self.take("name", f"a member of {owner} or '}}'")
            if not _MEMBER.fullmatch(name):
                self.index -= 1
                self.fail(f"a member name of {owner}")
            if any(member.name == name for member in members):
                raise ConfigError(f"not Smithy: member {name} of {owner} is defined twice")
            target = ""
            if kind not in ("enum", "intEnum"):
                self.mark(":")
                target = _local(self.take("name", f"the type of member {name}"))
            if self.peek() == "=":
                self.mark("=")
                traits = (*traits, ("default", self.node()))
            members.append(Member(name, target, tuple(sorted(traits, key=repr))))
        self.mark("}")
        return members

    def traits(self) -> tuple[Any, ...]:
        found: list[tuple[Any, ...]] = []
        while self.peek() == "@":
            self.mark("@")
            name = _local(self.take("name", "the name of a trait"))
            value: Any = ()
            if self.peek() == "(":
                value = self.trait_value()
            found.append((name, value))
        return tuple(sorted(found, key=repr))

    def trait_value(self) -> Any:
        self.mark("(")
        pairs: list[tuple[Any, Any]] = []
        single: Any = ()
        while self.peek() != ")":
            key = self.node()
            if self.peek() == ":":
                self.mark(":")
                pairs.append((key, self.node()))
            else:
                single = key
        self.mark(")")
        return tuple(sorted(pairs, key=repr)) if pairs else single

    def node(self) -> Any:
        """A node value: text, number, name, list or object, in a hashable canonical form."""
        if self.index >= len(self.tokens):
            self.fail("a value")
        kind, value, _ = self.tokens[self.index]
        if value == "[":
            self.mark("[")
            items = []
            while self.peek() != "]":
                items.append(self.node())
            self.mark("]")
            return ("list", *items)
        if value == "{":
            self.mark("{")
            pairs = []
            while self.peek() != "}":
                key = self.node()
                self.mark(":")
                pairs.append((key, self.node()))
            self.mark("}")
            return ("object", *sorted(pairs, key=repr))
        if kind == "mark":
            self.fail("a value")
        self.index += 1
        if kind == "string":
            return ("text", value[1:-1])
        if kind == "block":
            return ("text", "\n".join(line.strip() for line in value[3:-3].strip().splitlines()))
        return ("number", float(value)) if kind == "number" else value


def _local(identifier: str) -> str:
    """A shape id without its namespace, where that is Smithy's own or the domain's; traits of DataZone keep theirs."""
    namespace, mark, name = identifier.partition("#")
    if mark and (namespace == "smithy.api" or namespace.startswith("dzd")):
        return name
    return identifier
