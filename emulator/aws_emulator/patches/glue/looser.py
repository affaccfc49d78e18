"""Whether data of one JSON Schema or Protobuf version can be read with another: the plain cases of each.

JSON: a reader's schema must accept what the writer's allows. Protobuf: a field keeps its number and a type of the
same form on the wire ("Updating a message type" of the language guide); a required field of proto2 must be written.
"""

from __future__ import annotations

import json
import re
from typing import Any

_WIRE = ({"int32", "uint32", "int64", "uint64", "bool"}, {"sint32", "sint64"}, {"string", "bytes"})
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[\w.<>]+|[{}=;,\[\]]')
_LABELS = {"optional", "repeated", "required"}


def json_reads(reader: str, writer: str) -> bool:
    """Whether a JSON Schema accepts whatever another allows, as far as object properties and types tell."""
    return _accepts(json.loads(reader), json.loads(writer))


def _accepts(reader: Any, writer: Any) -> bool:
    if reader is True or reader == {}:
        return True
    if not isinstance(reader, dict) or not isinstance(writer, dict):
        return bool(reader == writer)
    if "type" in reader:
        allowed, possible = _types(reader), _types(writer)
        if not possible or not all(kind in allowed or (kind == "integer" and "number" in allowed) for kind in possible):
            return False
    if "enum" in reader and not ("enum" in writer and set(map(str, writer["enum"])) <= set(map(str, reader["enum"]))):
        return False
    if not set(reader.get("required", ())) <= set(writer.get("required", ())):
        return False
    mine, theirs = reader.get("properties", {}), writer.get("properties", {})
    if reader.get("additionalProperties") is False and not (
        writer.get("additionalProperties") is False and set(theirs) <= set(mine)
    ):
        return False
    if not all(_accepts(mine[name], theirs[name]) for name in mine if name in theirs):
        return False
    return "items" not in reader or "items" not in writer or _accepts(reader["items"], writer["items"])


def _types(schema: dict[str, Any]) -> set[str]:
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def protobuf_reads(reader: str, writer: str) -> bool:
    """Whether messages of one file can be read with another, as far as numbers and types of fields tell."""
    mine, theirs = _messages(reader), _messages(writer)
    for name, fields in mine.items():
        written = theirs.get(name)
        if written is None:
            continue
        for number, (label, kind) in fields.items():
            if number not in written:
                if label == "required":
                    return False
            elif not _same_on_the_wire(kind, written[number][1]):
                return False
    return True


def _same_on_the_wire(one: str, other: str) -> bool:
    return one == other or any(one in group and other in group for group in _WIRE)


def _messages(definition: str) -> dict[str, dict[int, tuple[str, str]]]:
    """Message -> field number -> label and type."""
    found: dict[str, dict[int, tuple[str, str]]] = {}
    path: list[str | None] = []
    words: list[str] = []
    for token in _TOKEN.findall(_COMMENT.sub(" ", definition)):
        if token == "{":
            named = len(words) >= 2 and words[-2] == "message"
            path.append(words[-1] if named else None)
            if named:
                found.setdefault(_name(path), {})
            words = []
        elif token == "}":
            path = path[:-1]
            words = []
        elif token == ";":
            if "=" in words and any(path) and words[0] not in ("option", "reserved"):
                at = words.index("=")
                label = words[0] if words[0] in _LABELS else ""
                kind = " ".join(words[1 if label else 0 : at - 1])
                if at + 1 < len(words) and words[at + 1].isdigit() and kind:
                    found.setdefault(_name(path), {})[int(words[at + 1])] = (label, kind)
            words = []
        else:
            words.append(token)
    return found


def _name(path: list[str | None]) -> str:
    return ".".join(part for part in path if part)
