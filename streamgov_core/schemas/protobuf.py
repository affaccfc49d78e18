"""Protobuf schemas (proto2, proto3, editions) as columns, parsed by ``proto-schema-parser`` with Buf's grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.columns import Column, Columns, json_text, listing

_SCALARS = frozenset(
    {"bool", "bytes", "double", "float", "string"}
    | {f"{kind}{bits}" for kind in ("fixed", "int", "sfixed", "sint", "uint") for bits in (32, 64)}
)
_WELL_KNOWN = {
    "Timestamp": ("timestamp", False),
    "Duration": ("duration", False),
    "Struct": ("struct", False),
    "Value": ("any", False),
    "ListValue": ("array<any>", False),
    "Any": ("any", False),
    "Empty": ("empty", False),
    "FieldMask": ("field mask", False),
    **{
        f"{kind}Value": (kind.lower(), True)
        for kind in ("Double", "Float", "Int64", "Int32", "Bool", "String", "Bytes")
    },
    "UInt64Value": ("uint64", True),
    "UInt32Value": ("uint32", True),
}
"""Types of the package google.protobuf: how they are shown, and whether they only make a scalar nullable."""


@dataclass
class _Field:
    name: str
    type: str
    scope: str
    repeated: bool = False
    nullable: bool = False
    message_nullable: bool = False
    key_type: str | None = None
    words: str | None = None
    default: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass
class _Message:
    full_name: str
    words: str | None
    top: bool
    fields: list[_Field] = field(default_factory=list)


def protobuf_columns(definition: str) -> Columns:
    """The columns of a Protobuf schema.

    The file's one message that no other message contains is the root; where there are several such, each is a column
    with its fields below. A message is a column of its own, followed by its fields under its path; so is the message in
    a repeated field or map. Members of a oneof, optional fields and single messages are nullable. Types of other files
    are shown by name, not followed. A message that contains itself is shown once and then cut.

    Raises:
        SchemaError: the definition is no Protobuf schema; says what is wrong and where.
    """
    try:
        reader = _Reader(_parse(definition))
        roots = reader.roots()
        if not roots:
            raise SchemaError("the Protobuf schema has no message")
        name, words = (roots[0].full_name, roots[0].words) if len(roots) == 1 else (None, reader.words)
        return Columns.collect(reader.columns(roots), name=name, description=words)
    except RecursionError as error:
        raise SchemaError("the Protobuf schema is nested too deeply to be read") from error


def _parse(definition: str) -> Any:
    from antlr4.error.ErrorListener import ErrorListener
    from proto_schema_parser.parser import Parser

    class Raise(ErrorListener):  # type: ignore[misc]
        def syntaxError(self, recognizer: Any, symbol: Any, line: int, column: int, msg: str, e: Any) -> None:
            shown = re.sub(r"expecting \{.*\}", "expected something else", msg)
            raise SchemaError(f"the Protobuf schema does not parse, at line {line}, column {column + 1}: {shown}")

    def listen(recognizer: Any) -> None:
        recognizer.removeErrorListeners()
        recognizer.addErrorListener(Raise())

    if not definition.strip():
        raise SchemaError("the Protobuf schema is empty")
    try:
        return Parser(setup_lexer=listen, setup_parser=listen).parse(definition)
    except (SchemaError, RecursionError):
        raise
    except Exception as error:
        # The parser's own code has no error of its own for what the grammar lets pass, a number that is none say.
        raise SchemaError(f"the Protobuf schema does not parse: {type(error).__name__}: {error}") from error


class _Reader:
    """The messages and enums of one file."""

    def __init__(self, file: Any) -> None:
        from proto_schema_parser import ast

        self._ast = ast
        self._messages: dict[str, _Message] = {}
        self._enums: dict[str, list[str]] = {}
        self._proto3 = file.syntax == "proto3" or file.edition is not None
        self._imports = any(isinstance(item, ast.Import) for item in file.file_elements)
        package = next((item.name for item in file.file_elements if isinstance(item, ast.Package)), "")
        self.words = _words(item for item in file.file_elements[:1] if isinstance(item, ast.Comment))
        self._collect(file.file_elements, package, top=True)
        self._extend(file.file_elements, package)

    # --- what is declared ---------------------------------------------------------------------------------------------
    def _collect(self, elements: list[Any], scope: str, *, top: bool) -> None:
        ast = self._ast
        comments: list[Any] = []
        for item in elements:
            if isinstance(item, ast.Comment):
                comments = [] if item.inline else [*comments, item]
                continue
            if isinstance(item, ast.Message | ast.Group):
                full_name = f"{scope}.{item.name}" if scope else item.name
                if full_name in self._messages or full_name in self._enums:
                    raise SchemaError(f"the Protobuf schema declares {full_name} twice")
                message = _Message(full_name, _words(comments), top)
                self._messages[full_name] = message
                self._collect(item.elements, full_name, top=False)
                message.fields = list(self._fields(item.elements, full_name))
                names = [found.name for found in message.fields]
                if len(set(names)) < len(names):
                    twice = next(name for name in names if names.count(name) > 1)
                    raise SchemaError(f"the Protobuf schema declares {full_name}.{twice} twice")
            elif isinstance(item, ast.OneOf):
                groups = [inner for inner in item.elements if isinstance(inner, ast.Group)]
                self._collect(groups, scope, top=False)
            elif isinstance(item, ast.Enum):
                full_name = f"{scope}.{item.name}" if scope else item.name
                self._enums[full_name] = [value.name for value in item.elements if isinstance(value, ast.EnumValue)]
            comments = []

    def _fields(self, elements: list[Any], scope: str, oneof: str | None = None) -> Iterator[_Field]:
        ast = self._ast
        comments: list[Any] = []
        last: _Field | None = None
        for item in elements:
            if isinstance(item, ast.Comment):
                if item.inline and last is not None:
                    last.words = last.words or _words([item])
                else:
                    comments.append(item)
                continue
            if isinstance(item, ast.Field | ast.MapField | ast.Group):
                last = self._field(item, scope, comments, oneof)
                yield last
            elif isinstance(item, ast.OneOf):
                yield from self._fields(item.elements, scope, item.name)
            comments = []

    def _field(self, item: Any, scope: str, comments: list[Any], oneof: str | None) -> _Field:
        ast = self._ast
        options = {option.name: option.value for option in getattr(item, "options", ())}
        words = _words(comments)
        if oneof:
            words = f"{words} One of {oneof}." if words else f"One of {oneof}."
        if _is_true(options.get("deprecated")):
            words = f"Deprecated. {words}" if words else "Deprecated."
        json_name = options.get("json_name")
        default = options.get("default")
        found = _Field(
            name=item.name,
            type=getattr(item, "type", ""),
            scope=scope,
            words=words,
            aliases=(json_name,) if isinstance(json_name, str) and json_name != item.name else (),
            default=None if default is None else json_text(getattr(default, "name", default)),
        )
        if isinstance(item, ast.MapField):
            found.type, found.key_type = item.value_type, item.key_type
            return found
        if isinstance(item, ast.Group):
            found.name, found.type = item.name.lower(), item.name
        found.repeated = item.cardinality == ast.FieldCardinality.REPEATED
        optional = item.cardinality == ast.FieldCardinality.OPTIONAL
        found.nullable = bool(oneof) or optional
        found.message_nullable = item.cardinality is None and self._proto3
        return found

    def _extend(self, elements: list[Any], scope: str) -> None:
        """Add the fields of ``extend`` blocks to messages of this file."""
        ast = self._ast
        for item in elements:
            if isinstance(item, ast.Extension):
                target = self._messages.get(self._find(item.typeName, scope) or "")
                if target is not None:
                    for extra in self._fields(item.elements, scope):
                        extra.nullable = not extra.repeated
                        target.fields.append(extra)
            elif isinstance(item, ast.Message):
                self._extend(item.elements, f"{scope}.{item.name}" if scope else item.name)

    def _find(self, name: str, scope: str) -> str | None:
        """Full name of a message or enum, sought from the innermost scope outwards; None if it is not in this file."""
        if name.startswith("."):
            return name[1:] if name[1:] in self._messages or name[1:] in self._enums else None
        parts = scope.split(".") if scope else []
        for depth in range(len(parts), -1, -1):
            candidate = ".".join([*parts[:depth], name])
            if candidate in self._messages or candidate in self._enums:
                return candidate
        return None

    # --- columns ------------------------------------------------------------------------------------------------------
    def roots(self) -> list[_Message]:
        """Top-level messages that no other message contains; the first message if each is contained in another."""
        contained = {
            found
            for message in self._messages.values()
            for item in message.fields
            if (found := self._find(item.type, item.scope)) and found != message.full_name
        }
        top = [message for message in self._messages.values() if message.top]
        return [message for message in top if message.full_name not in contained] or top[:1]

    def columns(self, roots: list[_Message]) -> Iterator[Column]:
        """The columns of the whole schema."""
        if len(roots) == 1:
            yield from self._below(roots[0], "", (roots[0].full_name,))
            return
        for message in roots:
            name = message.full_name.rpartition(".")[2]
            yield Column(name, "message", True, message.words)
            yield from self._below(message, f"{name}.", (message.full_name,))

    def _below(self, message: _Message, prefix: str, ancestors: tuple[str, ...]) -> Iterator[Column]:
        for item in message.fields:
            path = prefix + item.name
            label, inner, wrapped = self._label(item, path, ancestors)
            single = not item.repeated and item.key_type is None
            nullable = item.nullable or (single and (wrapped or (item.message_nullable and not self._is_plain(item))))
            if item.repeated:
                label = f"array<{label}>"
            elif item.key_type is not None:
                label = f"map<{item.key_type}, {label}>"
            words = item.words or (inner.words if inner else None)
            yield Column(path, label, nullable, words, item.default, item.aliases)
            if inner is not None:
                yield from self._below(inner, f"{path}.", (*ancestors, inner.full_name))

    def _is_plain(self, item: _Field) -> bool:
        """Scalars and enums always have a value in proto3; messages may be absent."""
        return item.type in _SCALARS or self._find(item.type, item.scope) in self._enums

    def _label(self, item: _Field, path: str, ancestors: tuple[str, ...]) -> tuple[str, _Message | None, bool]:
        """The type as people read it, the message whose fields are shown below, and whether it is a nullable scalar."""
        if item.type in _SCALARS:
            return item.type, None, False
        found = self._find(item.type, item.scope)
        if found in self._enums:
            return f"enum({listing(self._enums[found])})", None, False
        if found is not None:
            if found in ancestors:
                return f"message {found} (recursive)", None, False
            return "message", self._messages[found], False
        package, _, known = item.type.lstrip(".").rpartition(".")
        if package == "google.protobuf" and known in _WELL_KNOWN:
            shown, wraps = _WELL_KNOWN[known]
            return shown, None, wraps
        if not self._imports:
            raise SchemaError(f"the Protobuf schema does not parse, at field {path}: there is no type {item.type!r}")
        return f"{item.type.lstrip('.')} (imported)", None, False


def _words(comments: Iterable[Any]) -> str | None:
    """The text of comments without their marks."""
    lines: list[str] = []
    for comment in comments:
        text = comment.text.strip()
        if text.startswith("/*"):
            text = text.removeprefix("/*").removesuffix("*/")
            lines += [line.strip().lstrip("*").strip() for line in text.splitlines()]
        else:
            lines += [line.strip().lstrip("/").strip() for line in text.splitlines()]
    return " ".join(line for line in lines if line) or None


def _is_true(value: Any) -> bool:
    return value is True or getattr(value, "name", value) == "true"
