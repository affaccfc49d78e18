"""Avro schemas as columns, read with Apache Avro's own parser."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.columns import Column, Columns, json_text, listing, text_or_none

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
}
"""The specification's logical types and the types (with their sizes) that they may annotate; decimal aside. What they
annotate wrongly, and any other, is to be ignored, the specification says."""


def avro_columns(definition: str) -> Columns:
    """The columns of an Avro schema.

    A nested record is a column of its own, followed by its fields under its path; so is the record in an array or a
    map. A union with null is a nullable column. The records of a union of several are told apart by their names in the
    path. A type that contains itself is shown once and then cut.

    Raises:
        SchemaError: the definition is no Avro schema; says what is wrong and at which field.
    """
    root = parse_avro(definition)
    description = text_or_none(root.get_prop("doc"))
    try:
        return Columns.collect(_root(root), name=getattr(root, "fullname", None), description=description)
    except RecursionError as error:
        raise SchemaError("the Avro schema is nested too deeply to be read") from error


def parse_avro(definition: str) -> Any:
    """The schema as Apache Avro's library holds it.

    Raises:
        SchemaError: the definition is no Avro schema; says what is wrong and at which field.
    """
    import avro.constants
    import avro.errors
    import avro.name
    import avro.schema

    try:
        raw = _plain_references(json.loads(definition.removeprefix("\ufeff")), frozenset(avro.constants.VALID_TYPES))
    except ValueError as error:
        raise SchemaError(f"the Avro schema is no JSON: {error}") from error
    except RecursionError as error:
        raise SchemaError("the Avro schema is nested too deeply to be read") from error
    with warnings.catch_warnings():
        # The parser warns of each logical type that it has no Python type for; the specification says to go on.
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        try:
            return avro.schema.make_avsc_object(raw, avro.name.Names())
        except RecursionError as error:
            raise SchemaError("the Avro schema is nested too deeply to be read") from error
        except Exception as error:
            # The parser raises its own errors, but also TypeError and AttributeError on what it did not expect.
            path = _locate(raw, avro.name.Names())
            where = f"at field {'.'.join(path)}" if path else "at its root"
            raise SchemaError(f"the Avro schema does not parse, {where}: {_innermost(error)}") from error


def _plain_references(raw: Any, built_in: frozenset[str]) -> Any:
    """The schema with each ``{"type": "Name"}`` as plain ``"Name"``: Java's parser takes both, Python's only that."""
    if isinstance(raw, list):
        return [_plain_references(item, built_in) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if isinstance(raw.get("type"), str) and raw["type"] not in built_in and "name" not in raw:
        return raw["type"]
    plain = dict(raw)
    for key in ("type", "items", "values"):
        if key in plain:
            plain[key] = _plain_references(plain[key], built_in)
    if isinstance(plain.get("fields"), list):
        plain["fields"] = [_plain_references(field, built_in) for field in plain["fields"]]
    return plain


def _locate(raw: Any, names: Any) -> list[str]:
    """The path of the first field that the parser refuses; empty if it is the root itself."""
    import avro.name
    import avro.schema

    if isinstance(raw, list):
        return next((path for path in (_locate(branch, names) for branch in raw) if path), [])
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
            avro.schema.Field(field.get("type"), field["name"], False, names=names)
        except Exception:
            names.names = before
            return [field["name"], *_locate(field.get("type"), names)]
    return []


def _innermost(error: BaseException) -> str:
    """What the parser says of the cause, without the definitions that it repeats for each level."""
    return str(error).rpartition("not a valid Avro schema: ")[2][:300] or type(error).__name__


def _root(root: Any) -> Iterator[Column]:
    branches, nullable = _branches(root)
    if root.type in ("record", "error", "request"):
        yield from _fields(root, "", (root.fullname,))
    elif root.type == "union" and branches and all(branch.type == "record" for branch in branches):
        for branch, name in zip(branches, _branch_names(branches), strict=True):
            yield Column(name, "record", nullable or len(branches) > 1, text_or_none(branch.get_prop("doc")))
            yield from _fields(branch, f"{name}.", (branch.fullname,))
    else:
        yield from _column("value", root, (), text_or_none(root.get_prop("doc")))


def _fields(record: Any, prefix: str, ancestors: tuple[str, ...]) -> Iterator[Column]:
    for field in record.fields:
        yield from _column(
            prefix + field.name,
            field.type,
            ancestors,
            text_or_none(field.doc),
            default=json_text(field.default) if field.has_default and field.default is not None else None,
            aliases=_aliases(field.get_prop("aliases")),
        )


def _column(
    path: str,
    schema: Any,
    ancestors: tuple[str, ...],
    description: str | None,
    *,
    default: str | None = None,
    aliases: tuple[str, ...] = (),
) -> Iterator[Column]:
    """The column of one field, and those below it."""
    branches, nullable = _branches(schema)
    if description is None and len(branches) == 1:
        description = text_or_none(branches[0].get_prop("doc"))
    records = [record for record in (_record_in(branch) for branch in branches) if record is not None]
    names = _branch_names(records)
    labels = [_label(branch, ancestors) for branch in branches]
    if len(records) > 1:
        named = dict(zip([id(record) for record in records], names, strict=True))
        labels = [
            f"record {named[id(branch)]}" if label == "record" else label
            for branch, label in zip(branches, labels, strict=True)
        ]
    yield Column(path, " | ".join(labels) or "null", nullable, description, default, aliases)
    for record, name in zip(records, names, strict=True):
        if record.fullname not in ancestors:
            prefix = f"{path}." if len(records) == 1 else f"{path}.{name}."
            yield from _fields(record, prefix, (*ancestors, record.fullname))


def _branches(schema: Any) -> tuple[list[Any], bool]:
    """The alternatives of a schema without null, and whether null is one."""
    if schema.type not in ("union", "error_union"):
        return ([], True) if schema.type == "null" else ([schema], False)
    branches = [branch for branch in schema.schemas if branch.type != "null"]
    return branches, len(branches) < len(schema.schemas)


def _record_in(schema: Any) -> Any:
    """The record whose fields a value holds, be it in arrays or maps; None if there is none, or a union in between."""
    while True:
        if schema.type == "array":
            schema = schema.items
        elif schema.type == "map":
            schema = schema.values
        elif schema.type in ("union", "error_union"):
            branches, _ = _branches(schema)
            if len(branches) != 1:
                return None
            schema = branches[0]
        else:
            return schema if schema.type in ("record", "error") else None


def _branch_names(records: Sequence[Any]) -> list[str]:
    """Short names of records, full ones where two are equal."""
    short = [record.name for record in records]
    return [record.fullname if short.count(record.name) > 1 else record.name for record in records]


def _label(schema: Any, ancestors: tuple[str, ...]) -> str:
    """The type as people read it."""
    logical = schema.get_prop("logicalType")
    if getattr(schema, "logical_type", None) == "decimal":  # the parser has checked precision and scale
        return f"decimal({schema.precision},{schema.scale or 0})"
    if isinstance(logical, str) and (schema.type, schema.get_prop("size")) in _LOGICAL.get(logical, ()):
        return logical
    if schema.type == "array":
        return f"array<{_label(schema.items, ancestors)}>"
    if schema.type == "map":
        return f"map<{_label(schema.values, ancestors)}>"
    if schema.type in ("union", "error_union"):
        return " | ".join(_label(branch, ancestors) for branch in schema.schemas)
    if schema.type == "enum":
        return f"enum({listing(schema.symbols)})"
    if schema.type == "fixed":
        return f"fixed({schema.size})"
    if schema.type in ("record", "error"):
        return f"record {schema.fullname} (recursive)" if schema.fullname in ancestors else "record"
    return str(schema.type)


def _aliases(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
