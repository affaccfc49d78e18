"""A place in the words of a ``.proto`` file, and what can be taken from there."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.protobuf.lexer import Token, tokens_of, unquote, where, words_of

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


class Cursor:
    """Goes through the words of a file.

    Args:
        text: the file's.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0

    # --- words --------------------------------------------------------------------------------------------------------
    @property
    def next(self) -> Token:
        """The next word, which is not taken."""
        return self.tokens[self.at]

    def peek(self, ahead: int) -> str:
        """The text of a word further on."""
        place = min(self.at + ahead, len(self.tokens) - 1)
        return self.tokens[place].text

    def take(self) -> Token:
        """Take the next word."""
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def accept(self, text: str) -> bool:
        """Take the next word if it is this one."""
        if self.tokens[self.at].text == text and self.tokens[self.at].kind != "string":
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        """Take the next word, which must be this one."""
        token = self.next
        if not self.accept(text):
            self.fail(repr(text))
        return token

    def fail(self, expected: str) -> NoReturn:
        """Refuse the next word.

        Raises:
            SchemaError: always.
        """
        token = self.next
        got = "the end of the file" if token.kind == "end" else repr(token.text)
        raise SchemaError(
            f"the Protobuf schema does not parse, {where(self.text, token.start)}: expected {expected}, got {got}"
        )

    def name(self, what: str = "a name") -> str:
        """A name without dots."""
        if self.next.kind != "name":
            self.fail(what)
        return self.take().text

    def type_name(self) -> str:
        """A name with dots, perhaps one before it."""
        text = "." if self.accept(".") else ""
        text += self.name("a type")
        while self.accept("."):
            text += f".{self.name()}"
        return text

    def string(self) -> str:
        """A text in quotes, or several that follow each other."""
        if self.next.kind != "string":
            self.fail("a text in quotes")
        text = ""
        while self.next.kind == "string":
            text += unquote(self.take().text)
        return text

    def integer(self) -> int:
        """A whole number, with its sign."""
        negative = self.accept("-")
        token = self.next
        if token.kind != "number" or not re.fullmatch(r"\d+|0[xX][0-9a-fA-F]+", token.text):
            self.fail("a whole number")
        try:
            octal = len(token.text) > 1 and token.text.startswith("0") and token.text[1] not in "xX"
            number = int(token.text, 8 if octal else 0)
        except ValueError:
            self.fail("a whole number")
        self.take()
        return -number if negative else number

    # --- comments -----------------------------------------------------------------------------------------------------
    def leading(self) -> str | None:
        """The comments right before the next word; not those that a blank line parts from it, nor the last word's."""
        token = self.next
        previous = self.tokens[self.at - 1].end if self.at else -1
        found: list[str] = []
        after = token.start
        for start, end, text in reversed(token.comments or ()):
            inline = previous >= 0 and "\n" not in self.text[previous:start]
            if inline or _BLANK_LINE.search(self.text, end - 1, after):
                break
            found.append(text)
            after = start
        return words_of(found[::-1])

    def trailing(self) -> str | None:
        """A comment on the line of the last word."""
        previous = self.tokens[self.at - 1].end
        found = [text for start, _, text in self.next.comments or () if "\n" not in self.text[previous:start]]
        return words_of(found[:1])


def number_of(sign: str, text: str) -> Any:
    """The value of a number token; its text if it is none."""
    try:
        if text[:2] in ("0x", "0X"):
            value: float = int(text, 16)
        elif text.isdigit() and len(text) > 1 and text.startswith("0"):
            value = int(text, 8)
        else:
            value = int(text) if text.isdigit() else float(text.rstrip("fF"))
    except ValueError:
        return sign + text
    return -value if sign == "-" else value
