"""Avro definitions, parsed by Apache Avro's library, as the typed model."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.model.shortened import shortened
from streamgov_core.schemas.avro.schema_model import (
    Array,
    Enum,
    Fixed,
    Logical,
    Map,
    Primitive,
    Record,
    RecordField,
    Schema,
    Union,
)
from streamgov_core.schemas.text import text_or_none

_LOGICAL: dict[str, frozenset[tuple[str, int | None]]] = {
    **dict.fromkeys(("date", "time-millis"), frozenset({("int", None)})),
    **dict.fromkeys(
        (
            "time-micros",
            *(f"{zone}timestamp-{unit}" for zone in ("", "local-") for unit in ("millis", "micros", "nanos")),
        ),
        frozenset({("long", None)}),
    ),
    "duration": frozenset({("fixed", 12)}),
    "uuid": frozenset({("string", None), ("fixed", 16)}),
    "big-decimal": frozenset({("bytes", None)}),
}
"""The specification's logical types (1.12) and the types (with their sizes) that they may annotate; decimal aside. What
they annotate wrongly, and any other, is to be ignored, the specification says."""
_TOO_DEEP = "the Avro schema is nested too deeply to be read"
_BUILT_IN = frozenset(
    [
        "null",
        "boolean",
        "int",
        "long",
        "float",
        "double",
        "bytes",
        "string",
        "record",
        "error",
        "error_union",
        "enum",
        "fixed",
        "array",
        "map",
        "union",
    ]
)
_COMMENT_OR_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
"""Java's parser, which the registry uses, takes letters of any script in names (Schema.java, validateName)."""


def read_avro(definition: str) -> Schema:
    """The schema of a definition.

    Comments are taken as Java's parser takes them, and so is ``{"type": "Name"}`` for a reference.

    Raises:
        SchemaError: the definition is no Avro schema; says what is wrong and at which field.
    """
    try:
        raw = _plain_references(_json(definition.removeprefix("\ufeff")))
        parsed = _parse(raw)
        return _Model().schema(parsed, ())
    except RecursionError as error:
        raise SchemaError(_TOO_DEEP) from error


def _json(definition: str) -> Any:
    try:
        return json.loads(definition)
    except ValueError as error:
        plain = _without_comments(definition)
        if plain != definition:
            try:
                return json.loads(plain)
            except ValueError as inner:
                raise SchemaError(f"the Avro schema is no JSON: {inner}") from inner
        raise SchemaError(f"the Avro schema is no JSON: {error}") from error


def _without_comments(definition: str) -> str:
    """The text with comments blanked, lines and columns kept."""

    def blank(match: re.Match[str]) -> str:
        text = match.group()
        return text if text.startswith('"') else re.sub(r"[^\n]", " ", text)

    return _COMMENT_OR_STRING.sub(blank, definition)


def _parse(raw: Any) -> Any:
    """The schema as the library holds it, which takes a fifth of a second to be imported."""
    import avro.errors
    import avro.schema

    with warnings.catch_warnings():
        # The parser warns of each logical type that it has no Python type for; the specification says to go on.
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        try:
            return avro.schema.make_avsc_object(raw, _names(), validate_names=False)
        except RecursionError:
            raise
        except Exception as error:
            # The parser raises its own errors, but also TypeError and AttributeError on what it did not expect.
            path = _locate(raw, _names())
            where = f"at field {'.'.join(path)}" if path else "at its root"
            raise SchemaError(f"the Avro schema does not parse, {where}: {_innermost(error)}") from error


def _names() -> Any:
    import avro.name

    return avro.name.Names(validate_names=False)


def _plain_references(raw: Any) -> Any:
    """The schema with each ``{"type": "Name"}`` as plain ``"Name"``: Java's parser takes both, Python's only that."""
    if isinstance(raw, list):
        return [_plain_references(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if isinstance(raw.get("type"), str) and raw["type"] not in _BUILT_IN and "name" not in raw:
        return raw["type"]
    plain = dict(raw)
    for key in ("type", "items", "values"):
        if key in plain:
            plain[key] = _plain_references(plain[key])
    if isinstance(plain.get("fields"), list):
        plain["fields"] = [_plain_references(field) for field in plain["fields"]]
    return plain


def _locate(raw: Any, names: Any) -> list[str]:
    """The path of the first field that the parser refuses; empty if it is the root itself."""
    if isinstance(raw, list):
        return next((path for path in (_locate(branch, names) for branch in raw) if path), [])
    import avro.schema

    if not isinstance(raw, dict):
        return []
    for inner in ("items", "values", "type"):
        if isinstance(raw.get(inner), (dict, list)):
            return _locate(raw[inner], names)
    fields = raw.get("fields")
    if raw.get("type") not in ("record", "error") or not isinstance(fields, list):
        return []
    outer = names.default_namespace
    try:
        own = names.add_name(raw.get("name"), raw.get("namespace", outer), None)
    except Exception:
        return []
    names.default_namespace = own.space
    for field in fields:
        if not isinstance(field, dict) or not isinstance(field.get("name"), str):
            continue
        before = dict(names.names)
        try:
            avro.schema.Field(field.get("type"), field["name"], False, names=names, validate_names=False)
        except Exception:
            names.names = before
            return [field["name"], *_locate(field.get("type"), names)]
    return []


def _innermost(error: BaseException) -> str:
    """What the parser says of the cause, without the definitions that it repeats for each level."""
    return shortened(str(error).rpartition("not a valid Avro schema: ")[2], 300) or type(error).__name__


class _Model:
    """Turns the library's objects into the model."""

    def __init__(self) -> None:
        self._named: dict[str, Record | Enum | Fixed] = {}

    def schema(self, parsed: Any, path: tuple[str, ...]) -> Schema:
        """One schema; ``path`` is the field's, for errors."""
        doc = text_or_none(parsed.get_prop("doc"))
        if parsed.type == "array":
            return Array(self.schema(parsed.items, path), doc)
        if parsed.type == "map":
            return Map(self.schema(parsed.values, path), doc)
        if parsed.type in ("union", "error_union"):
            return Union([self.schema(branch, path) for branch in parsed.schemas], doc)
        if parsed.type in ("record", "error", "request", "enum", "fixed"):
            return self._named.get(parsed.fullname) or self._declare(parsed, path, doc)
        return Primitive(str(parsed.type), _logical(parsed), doc)

    def _declare(self, parsed: Any, path: tuple[str, ...], doc: str | None) -> Schema:
        full_name = parsed.fullname
        _check_name(full_name, path)
        aliases = tuple(_in_namespace(alias, full_name) for alias in _texts(parsed.get_prop("aliases")))
        if parsed.type == "enum":
            default = parsed.get_prop("default")
            made: Record | Enum | Fixed = Enum(full_name, aliases, doc, tuple(parsed.symbols), text_or_none(default))
        elif parsed.type == "fixed":
            made = Fixed(full_name, aliases, doc, parsed.size, _logical(parsed))
        else:
            made = Record(full_name, aliases, doc)
        self._named[full_name] = made
        if isinstance(made, Record):
            made.fields = [self._field(field, path) for field in parsed.fields]
        return made

    def _field(self, field: Any, path: tuple[str, ...]) -> RecordField:
        own = (*path, field.name)
        _check_name(field.name, own)
        return RecordField(
            field.name,
            self.schema(field.type, own),
            text_or_none(field.doc),
            field.has_default,
            field.default if field.has_default else None,
            _texts(field.get_prop("aliases")),
        )


def _logical(parsed: Any) -> Logical | None:
    name = parsed.get_prop("logicalType")
    if getattr(parsed, "logical_type", None) == "decimal":  # the parser has checked precision and scale
        return Logical("decimal", parsed.precision, parsed.scale or 0)
    if not isinstance(name, str):
        return None
    standard = (parsed.type, parsed.get_prop("size")) in _LOGICAL.get(name, ())
    return Logical(name, standard=standard) if standard or name not in (*_LOGICAL, "decimal") else None


def _check_name(name: str, path: tuple[str, ...]) -> None:
    if not _NAME.fullmatch(name):
        where = f"at field {'.'.join(path)}" if path else "at its root"
        raise SchemaError(f"the Avro schema does not parse, {where}: {name!r} is not a valid Avro name")


def _in_namespace(alias: str, full_name: str) -> str:
    """An alias in full: one without dots is relative to the namespace of the type that it renames (Names, Aliases)."""
    namespace = full_name.rpartition(".")[0]
    return alias if "." in alias or not namespace else f"{namespace}.{alias}"


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
