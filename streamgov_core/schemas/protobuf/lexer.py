"""The words of a ``.proto`` file; comments are kept aside, for they may stand between any two words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamgov_core.model.errors import SchemaError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>(?:0[xX][0-9a-fA-F]+|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)[fF]?(?![A-Za-z0-9_]))
  | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<symbol>[{}\[\]()<>;,.=:/+-])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class Token:
    """A word of the file.

    Args:
        kind: ``name``, ``number``, ``string``, ``symbol`` or ``end``.
        text: as it is written.
        start: its first character's place in the text.
        end: the place behind its last character.
        comments: what stands before it: start, end and text of each comment.
    """

    kind: str
    text: str
    start: int
    end: int
    comments: list[tuple[int, int, str]] | None = None


def tokens_of(text: str) -> list[Token]:
    """The words of a file, with one of the kind ``end`` at last.

    Raises:
        SchemaError: a character or a text begins no word; says where.
    """
    found: list[Token] = []
    comments: list[tuple[int, int, str]] | None = None
    place, size, match_at = 0, len(text), _TOKEN.match
    while place < size:
        match = match_at(text, place)
        if match is None:
            raise SchemaError(
                f"the Protobuf schema does not parse, {where(text, place)}: {text[place]!r} begins no word"
            )
        start, place = place, match.end()
        kind = match.lastgroup
        if kind == "space":
            continue
        if kind == "comment":
            comments = [*(comments or ()), (start, place, match.group())]
            continue
        found.append(Token(str(kind), match.group(), start, place, comments))
        comments = None
    found.append(Token("end", "", size, size, comments))
    return found


def where(text: str, place: int) -> str:
    """Line and column of a place, as editors count them."""
    line = text.count("\n", 0, place) + 1
    return f"at line {line}, column {place - (text.rfind(chr(10), 0, place) + 1) + 1}"


def words_of(comments: list[str]) -> str | None:
    """The text of comments without their marks."""
    lines: list[str] = []
    for comment in comments:
        if comment.startswith("/*"):
            lines += [line.strip().lstrip("*").strip() for line in comment[2:-2].splitlines()]
        else:
            lines.append(comment.lstrip("/").strip())
    return " ".join(line for line in lines if line) or None


_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquote(token: str) -> str:
    """The value of a string token."""

    def plain(match: re.Match[str]) -> str:
        octal, hexadecimal, short, long, letter = match.groups()
        if octal:
            return chr(int(octal, 8) & 0xFF)
        if code := hexadecimal or short or long:
            number = int(code, 16)
            return chr(number) if number <= 0x10FFFF else "\ufffd"
        return _LETTERS.get(letter, letter)

    body = token[1:-1]
    return _ESCAPE.sub(plain, body) if "\\" in body else body
