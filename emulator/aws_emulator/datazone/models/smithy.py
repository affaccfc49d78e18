"""The subset of Smithy IDL in which DataZone form types are written, and values checked against it.

Source of the rules: CreateFormType (traits ``searchable``, ``glossaryterm``), public samples (``displayname``,
``requiredForCondition``, ``sortable``), and the Smithy 2.0 IDL for ``required``, ``length``, ``range``, ``pattern`` and
``documentation``.

UNVERIFIED[dz-smithy-refusals]: what DataZone refuses of Smithy beyond this subset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

SIMPLE_TYPES = frozenset(
    [
        "String",
        "Integer",
        "Long",
        "Short",
        "Byte",
        "Boolean",
        "Float",
        "Double",
        "Timestamp",
        "BigDecimal",
        "BigInteger",
        "Blob",
        "Document",
    ]
)

_TOKENS = re.compile(
    r"""(?P<space>[\s,]+|//[^\n]*)
      |(?P<text>"{3}.*?"{3}|"(?:\\.|[^"\\])*")
      |(?P<number>-?\d+(?:\.\d+)?)
      |(?P<id>[A-Za-z_][\w.]*(?:\#[A-Za-z_]\w*)?(?:\$[A-Za-z_]\w*)?)
      |(?P<mark>[@{}()\[\]:=$])""",
    re.VERBOSE | re.DOTALL,
)


class SmithyError(ValueError):
    """A model that is not in the subset, with the line where it went wrong."""


@dataclass
class Member:
    """One member of a structure."""

    name: str
    target: str
    traits: dict[str, Any] = field(default_factory=dict)

    @property
    def required(self) -> bool:
        return "required" in self.traits


@dataclass
class Shape:
    """A structure or list (``kind``), with its members; a list's only member is called ``member``."""

    kind: str
    name: str
    members: dict[str, Member] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)


@dataclass
class Model:
    """A parsed form model: its shapes in order of appearance."""

    shapes: dict[str, Shape]
    namespace: str | None = None

    def structure(self, name: str) -> Shape | None:
        """The structure of that name."""
        shape = self.shapes.get(name)
        return shape if shape is not None and shape.kind == "structure" else None


@dataclass
class _Token:
    kind: str
    text: str
    line: int


class _Parser:
    """Recursive descent over the tokens of one model."""

    def __init__(self, source: str) -> None:
        self._tokens = list(_scan(source))
        self._at = 0

    def parse(self) -> Model:
        shapes: dict[str, Shape] = {}
        namespace: str | None = None
        while not self._ended():
            if self._peek().text == "$":
                self._control()
                continue
            traits = self._traits()
            word = self._take("id")
            if word.text == "namespace":
                namespace = self._take("id").text
            elif word.text == "use":
                self._take("id")
            elif word.text in {"structure", "list"}:
                shape = self._shape(word.text, traits)
                if shape.name in shapes:
                    raise SmithyError(f"line {word.line}: shape {shape.name} is defined twice")
                shapes[shape.name] = shape
            elif word.text in SIMPLE_KINDS:
                name = self._take("id").text
                shapes[name] = Shape("simple", name, {"value": Member("value", SIMPLE_KINDS[word.text])}, traits)
            else:
                raise SmithyError(f"line {word.line}: expected 'structure', found '{word.text}'")
        if not any(shape.kind == "structure" for shape in shapes.values()):
            raise SmithyError("line 1: the model has no structure")
        model = Model(shapes, namespace)
        _resolve(model)
        return model

    def _control(self) -> None:
        self._take("mark")
        self._take("id")
        self._expect(":")
        self._value()

    def _shape(self, kind: str, traits: dict[str, Any]) -> Shape:
        shape = Shape(kind, self._take("id").text, {}, traits)
        self._expect("{")
        while self._peek().text != "}":
            member_traits = self._traits()
            name = self._take("id")
            self._expect(":")
            target = self._take("id").text
            if name.text in shape.members:
                raise SmithyError(f"line {name.line}: member {name.text} of {shape.name} is defined twice")
            if "." in name.text or "#" in name.text:
                raise SmithyError(f"line {name.line}: '{name.text}' is no member name")
            if self._peek().text == "=":
                self._take("mark")
                member_traits["default"] = self._value()
            shape.members[name.text] = Member(name.text, target, member_traits)
        self._expect("}")
        if kind == "list" and set(shape.members) != {"member"}:
            raise SmithyError(f"list {shape.name} needs exactly one member called 'member'")
        return shape

    def _traits(self) -> dict[str, Any]:
        traits: dict[str, Any] = {}
        while not self._ended() and self._peek().text == "@":
            self._take("mark")
            name = self._take("id").text
            value: Any = {}
            if not self._ended() and self._peek().text == "(":
                self._take("mark")
                value = self._trait_body()
                self._expect(")")
            traits[_local(name)] = value
        return traits

    def _trait_body(self) -> Any:
        if self._peek().text == ")":
            return {}
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else None
        if self._peek().kind in {"id", "text"} and following is not None and following.text == ":":
            return self._entries(")")
        return self._value()

    def _entries(self, end: str) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while self._peek().text != end:
            token = self._next()
            if token.kind not in {"id", "text"}:
                raise SmithyError(f"line {token.line}: expected a key, found '{token.text}'")
            self._expect(":")
            entries[_unquote(token)] = self._value()
        return entries

    def _value(self) -> Any:
        token = self._next()
        if token.kind == "text":
            return _unquote(token)
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.text == "[":
            values = []
            while self._peek().text != "]":
                values.append(self._value())
            self._expect("]")
            return values
        if token.text == "{":
            entries = self._entries("}")
            self._expect("}")
            return entries
        if token.kind == "id":
            return {"true": True, "false": False, "null": None}.get(token.text, token.text)
        raise SmithyError(f"line {token.line}: expected a value, found '{token.text}'")

    def _ended(self) -> bool:
        return self._at >= len(self._tokens)

    def _peek(self) -> _Token:
        if self._ended():
            line = self._tokens[-1].line if self._tokens else 1
            raise SmithyError(f"line {line}: the model ends too early")
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, kind: str) -> _Token:
        token = self._next()
        if token.kind != kind:
            raise SmithyError(f"line {token.line}: unexpected '{token.text}'")
        return token

    def _expect(self, mark: str) -> None:
        token = self._next()
        if token.text != mark:
            raise SmithyError(f"line {token.line}: expected '{mark}', found '{token.text}'")


SIMPLE_KINDS = {name[0].lower() + name[1:]: name for name in SIMPLE_TYPES}


def parse(source: str) -> Model:
    """Parse a form model.

    Raises:
        SmithyError: the text is not in the subset.
    """
    return _Parser(source).parse()


def _scan(source: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, line = 0, 1
    while position < len(source):
        match = _TOKENS.match(source, position)
        if match is None:
            raise SmithyError(f"line {line}: unexpected character '{source[position]}'")
        kind = match.lastgroup or "space"
        if kind != "space":
            tokens.append(_Token(kind, match.group(), line))
        line += match.group().count("\n")
        position = match.end()
    return tokens


def _unquote(token: _Token) -> str:
    if token.kind != "text":
        return token.text
    if token.text.startswith('"""'):
        return token.text[3:-3]
    escapes = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/"}
    return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), token.text[1:-1])


def _local(name: str) -> str:
    """The trait's name without ``smithy.api#``; others keep their namespace."""
    return name.removeprefix("smithy.api#")


def _resolve(model: Model) -> None:
    """Check that each member's target is known, and shorten fully qualified names of this model and of Smithy."""
    for shape in model.shapes.values():
        for member in shape.members.values():
            target = member.target.removeprefix("smithy.api#")
            if model.namespace is not None:
                target = target.removeprefix(f"{model.namespace}#")
            if target.startswith("Primitive"):
                target = target.removeprefix("Primitive")
            if target not in model.shapes and target not in SIMPLE_TYPES:
                raise SmithyError(f"member {member.name} of {shape.name} has the unknown type {member.target}")
            member.target = target
