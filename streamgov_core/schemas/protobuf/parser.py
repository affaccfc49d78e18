"""``.proto`` files (proto2, proto3, editions 2023 and 2024), parsed by recursive descent.

The packages that parse such files in Python stand on ANTLR's interpreter: they need several seconds for as large a
file as the registry takes, refuse comments between most words, and know no edition 2024. ``protoc`` itself needs the
imported files, which the registry does not have. The language is small and changes rarely; what is read here is
compared with the descriptors that protobuf's own library holds (tests/unit/schemas).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.protobuf.cursor import Cursor, number_of
from streamgov_core.schemas.protobuf.features import resolve_features
from streamgov_core.schemas.protobuf.lexer import where, words_of
from streamgov_core.schemas.protobuf.schema_model import FieldLabel, Message, Options, ProtoEnum, ProtoField, ProtoFile

MAX_NUMBER = 2**29 - 1
_LABELS = {"optional": FieldLabel.OPTIONAL, "required": FieldLabel.REQUIRED, "repeated": FieldLabel.REPEATED}


def read_protobuf(definition: str) -> ProtoFile:
    """The file of a definition.

    Raises:
        SchemaError: the definition is no Protobuf schema; says what is wrong and where.
    """
    text = definition.removeprefix("\ufeff")
    if not text.strip():
        raise SchemaError("the Protobuf schema is empty")
    try:
        file = _Parser(text).file()
    except RecursionError as error:
        raise SchemaError("the Protobuf schema is nested too deeply to be read") from error
    resolve_features(file)
    return file


class _Parser(Cursor):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._file = ProtoFile()

    # --- file ---------------------------------------------------------------------------------------------------------
    def file(self) -> ProtoFile:
        """The whole file."""
        file = self._file
        first = self.next.comments
        file.comment = words_of([text for _, _, text in first or ()])
        if self.next.text in ("syntax", "edition"):
            self.take()
            self.expect("=")
            token = self.next
            file.syntax = self.string()
            if file.syntax not in ("proto2", "proto3") and not re.fullmatch(r"\d{4}", file.syntax):
                raise SchemaError(
                    f"the Protobuf schema does not parse, {where(self.text, token.start)}: "
                    f"there is no syntax or edition {file.syntax!r}"
                )
            self.expect(";")
        while self.next.kind != "end":
            self._statement()
        return file

    def _statement(self) -> None:
        file = self._file
        if self.accept(";"):
            return
        comment = self.leading()
        if self.next.text in ("export", "local") and self.peek(1) in ("message", "enum"):
            self.take()
        if self.accept("import"):
            if self.next.text in ("public", "weak", "option"):
                self.take()
            file.imports.append(self.string())
            self.expect(";")
        elif self.accept("package"):
            file.package = self.type_name()
            self.expect(";")
        elif self.accept("option"):
            self._option(file.options)
            self.expect(";")
        elif self.accept("message"):
            self._message(file.package, None, comment)
        elif self.accept("enum"):
            self._enum(file.package, None, comment)
        elif self.accept("extend"):
            self._extend(file.package)
        elif self.accept("service"):
            file.services.append(self.name())
            self._skip_braces()
        else:
            self.fail("a message, an enum or another declaration")

    def _skip_braces(self) -> None:
        self.expect("{")
        depth = 1
        while depth:
            token = self.take()
            if token.kind == "end":
                self.fail("'}'")
            depth += (token.text == "{") - (token.text == "}")

    # --- messages -----------------------------------------------------------------------------------------------------
    def _message(self, scope: str, parent: str | None, comment: str | None) -> Message:
        message = self._declare_message(self.name(), scope, parent, comment)
        self._message_body(message)
        return message

    def _declare_message(self, name: str, scope: str, parent: str | None, comment: str | None) -> Message:
        message = Message(self._full_name(name, scope), parent, comment=comment)
        self._file.messages[message.full_name] = message
        return message

    def _full_name(self, name: str, scope: str) -> str:
        full_name = f"{scope}.{name}" if scope else name
        if full_name in self._file.messages or full_name in self._file.enums:
            raise SchemaError(f"the Protobuf schema declares {full_name} twice")
        return full_name

    def _message_body(self, message: Message) -> None:
        self._block(lambda: self._member(message))
        names: set[str] = set()
        numbers: set[int] = set()
        for item in message.fields:
            if item.name in names:
                raise SchemaError(f"the Protobuf schema declares {message.full_name}.{item.name} twice")
            if item.number in numbers:
                raise SchemaError(f"the Protobuf schema uses the number {item.number} of {message.full_name} twice")
            names.add(item.name)
            numbers.add(item.number)

    def _block(self, member: Callable[[], None]) -> None:
        self.expect("{")
        while not self.accept("}"):
            if self.next.kind == "end":
                self.fail("'}'")
            if not self.accept(";"):
                member()

    def _member(self, message: Message) -> None:
        comment = self.leading()
        word, ahead = self.next.text, self.peek(1)
        scope = message.full_name
        if word in ("export", "local") and ahead in ("message", "enum"):
            self.take()
            word = self.next.text
        if word == "message":
            self.take()
            self._message(scope, scope, comment)
        elif word == "enum":
            self.take()
            self._enum(scope, scope, comment)
        elif word == "option":
            self.take()
            self._option(message.options)
            self.expect(";")
        elif word == "extend":
            self.take()
            self._extend(scope)
        elif word == "oneof":
            self.take()
            oneof = self.name()
            self._block(lambda: self._oneof_member(message, oneof))
        elif word == "reserved" and ahead != ".":
            self.take()
            self._reserved(message.reserved, message.reserved_names, MAX_NUMBER)
        elif word == "extensions" and ahead != ".":
            self.take()
            self._reserved(message.extensions, set(), MAX_NUMBER)
        else:
            message.fields.append(self._field(scope, comment))

    def _oneof_member(self, message: Message, oneof: str) -> None:
        if self.accept("option"):
            self._option({})
            self.expect(";")
            return
        message.fields.append(self._field(message.full_name, self.leading(), oneof))

    def _field(self, scope: str, comment: str | None, oneof: str | None = None) -> ProtoField:
        label = FieldLabel.NONE
        if self.next.text in _LABELS:
            label = _LABELS[self.take().text]
        if self.next.text == "map" and self.peek(1) == "<":
            return self._map(scope, comment)
        group = self.next.text == "group" and self.peek(2) == "="
        type_name = self.take().text if group else self.type_name()
        name = self.name("a name of the field")
        self.expect("=")
        number = self._number()
        found = ProtoField(name, number, type_name, scope, label, oneof=oneof, comment=comment)
        found.options = self._options()
        if group:
            found.name, found.type, found.group = name.lower(), name, True
            self._message_body(self._declare_message(name, scope, scope or None, comment))
        else:
            self.expect(";")
        found.comment = found.comment or self.trailing()
        return found

    def _map(self, scope: str, comment: str | None) -> ProtoField:
        self.take()
        self.expect("<")
        key_type = self.type_name()
        self.expect(",")
        value_type = self.type_name()
        self.expect(">")
        name = self.name("a name of the field")
        self.expect("=")
        found = ProtoField(name, self._number(), value_type, scope, key_type=key_type, comment=comment)
        found.options = self._options()
        self.expect(";")
        found.comment = found.comment or self.trailing()
        return found

    def _number(self) -> int:
        start = self.next.start
        number = self.integer()
        if not 0 < number <= MAX_NUMBER:
            raise SchemaError(
                f"the Protobuf schema does not parse, {where(self.text, start)}: {number} is no number of a field"
            )
        return number

    def _extend(self, scope: str) -> None:
        target = self.type_name()

        def member() -> None:
            found = self._field(scope, self.leading())
            found.extension = target
            self._file.extends.append(found)

        self._block(member)

    def _reserved(self, ranges: list[tuple[int, int]], names: set[str], most: int) -> None:
        while True:
            if self.next.kind == "string":
                names.add(self.string())
            elif self.next.kind == "name":
                names.add(self.take().text)
            else:
                first = last = self.integer()
                if self.accept("to"):
                    last = most if self.accept("max") else self.integer()
                ranges.append((first, last))
            if not self.accept(","):
                break
        self._options()
        self.expect(";")

    # --- enums --------------------------------------------------------------------------------------------------------
    def _enum(self, scope: str, parent: str | None, comment: str | None) -> None:
        enum = ProtoEnum(self._full_name(self.name(), scope), comment=comment, parent=parent)
        self._file.enums[enum.full_name] = enum
        self._block(lambda: self._enum_member(enum))

    def _enum_member(self, enum: ProtoEnum) -> None:
        if self.next.text == "option" and self.peek(1) != "=":
            self.take()
            self._option(enum.options)
            self.expect(";")
        elif self.next.text == "reserved" and self.peek(1) != "=":
            self.take()
            self._reserved([], set(), 2**31 - 1)
        else:
            name = self.name("a name of the value")
            self.expect("=")
            enum.values.append((name, self.integer()))
            self._options()
            self.expect(";")

    # --- options ------------------------------------------------------------------------------------------------------
    def _options(self) -> Options:
        found: Options = {}
        if self.accept("["):
            self._option(found)
            while self.accept(","):
                self._option(found)
            self.expect("]")
        return found

    def _option(self, found: Options) -> None:
        name = self._option_part()
        while self.accept("."):
            name += f".{self._option_part()}"
        self.expect("=")
        found[name] = self._constant()

    def _option_part(self) -> str:
        if self.accept("("):
            name = f"({self.type_name()})"
            self.expect(")")
            return name
        return self.name("a name of an option")

    def _constant(self) -> Any:
        token = self.next
        if token.kind == "string":
            return self.string()
        if token.text == "{":
            self._skip_braces()
            return self.text[token.start : self.tokens[self.at - 1].end]
        sign = "-" if self.accept("-") else ("+" if self.accept("+") else "")
        token = self.next
        if token.kind not in ("number", "name"):
            self.fail("a value")
        self.take()
        if token.kind == "name":
            return {"true": True, "false": False}.get(token.text, sign + token.text) if not sign else sign + token.text
        return number_of(sign, token.text)
