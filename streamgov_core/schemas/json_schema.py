"""JSON Schemas as columns: draft-04 to 2020-12.

The usual libraries check data against a schema and stand on compiled modules; here a schema is read for what it says of
its fields, in pure Python, so that a function's bundle stays the same on every system.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.columns import Column, Columns, json_text, listing, text_or_none

_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
_SUBSCHEMA_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SUBSCHEMAS = ("items", "additionalProperties", "contains", "if", "then", "else", "not", "propertyNames")
_SUBSCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
MAX_REFS = 100
"""References that lead from one to the next without a field between."""


def json_columns(definition: str) -> Columns:
    """The columns of a JSON Schema.

    An object is a column of its own, followed by its properties under its path; so is the object in an array. A
    property that is not required, or may be null, is nullable. The objects of a choice of several are told apart by
    their titles or definitions' names in the path. A schema that contains itself is shown once and then cut. A
    reference into another document is shown, not followed.

    Raises:
        SchemaError: the definition is no JSON Schema; says what is wrong and where.
    """
    try:
        raw = json.loads(definition.removeprefix("\ufeff"))
    except ValueError as error:
        raise SchemaError(f"the JSON Schema is no JSON: {error}") from error
    except RecursionError as error:
        raise SchemaError("the JSON Schema is nested too deeply to be read") from error
    if not isinstance(raw, dict | bool):
        raise SchemaError("the JSON Schema must be an object or a boolean at its root")
    try:
        reader = _Reader(raw)
        root = reader.resolve(raw, "#", "the root")
        words = root.text()
        name = text_or_none(raw.get("title")) or text_or_none(raw.get("$id")) if isinstance(raw, dict) else None
        return Columns.collect(reader.root(root), name=name, description=words)
    except RecursionError as error:
        raise SchemaError("the JSON Schema is nested too deeply to be read") from error


@dataclass
class _Node:
    """A schema with its references followed and its ``allOf`` merged.

    Attributes:
        keys: pointers of all the schemas that were merged, by which a recursion is noticed.
        name: the name of the definition that a reference led to.
        external: a reference into another document.
    """

    types: tuple[str, ...] = ()
    properties: dict[str, tuple[Any, str]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)
    choices: list[tuple[Any, str]] = field(default_factory=list)
    keys: tuple[str, ...] = ()
    name: str | None = None
    external: str | None = None

    def text(self) -> str | None:
        """The schema's words, with what else people should know."""
        words = text_or_none(self.facts.get("description")) or text_or_none(self.facts.get("title"))
        if self.facts.get("deprecated") is True:
            words = f"Deprecated. {words}" if words else "Deprecated."
        return words


class _Reader:
    def __init__(self, document: Any) -> None:
        self._document = document
        self._places: dict[str, tuple[Any, str]] = {"": (document, "#")}
        self._index(document, "#", "")

    # --- references ---------------------------------------------------------------------------------------------------
    def _index(self, schema: Any, pointer: str, base: str) -> None:
        """Note every schema that can be referred to by a URI or an anchor."""
        if not isinstance(schema, dict):
            return
        own = schema.get("$id", schema.get("id"))
        if isinstance(own, str):
            base = urljoin(base, own)
            self._places.setdefault(base.rstrip("#"), (schema, pointer))
        for anchor in (schema.get("$anchor"), schema.get("$dynamicAnchor")):
            if isinstance(anchor, str):
                self._places.setdefault(f"{urldefrag(base)[0]}#{anchor}", (schema, pointer))
                self._places.setdefault(f"#{anchor}", (schema, pointer))
        for key in _SUBSCHEMA_MAPS:
            if isinstance(schema.get(key), dict):
                for name, inner in schema[key].items():
                    self._index(inner, f"{pointer}/{key}/{_escape(name)}", base)
        for key in _SUBSCHEMAS:
            self._index(schema.get(key), f"{pointer}/{key}", base)
        for key in (*_SUBSCHEMA_LISTS, "items"):
            if isinstance(schema.get(key), list):
                for number, inner in enumerate(schema[key]):
                    self._index(inner, f"{pointer}/{key}/{number}", base)

    def _target(self, reference: str, where: str) -> tuple[Any, str] | None:
        """What a reference leads to and its pointer; None if that is in another document."""
        root_id = self._document.get("$id", "") if isinstance(self._document, dict) else ""
        absolute = urljoin(root_id if isinstance(root_id, str) else "", reference)
        for candidate in (reference, absolute):
            if candidate.rstrip("#") in self._places:
                return self._places[candidate.rstrip("#")]
        for candidate in (reference, absolute):
            resource, fragment = urldefrag(candidate)
            if resource in self._places and (not fragment or fragment.startswith("/")):
                start, pointer = self._places[resource]
                return self._walk(start, pointer, unquote(fragment), where)
        if reference.startswith("#"):
            raise SchemaError(f"at {where}: the reference {reference!r} leads nowhere")
        return None

    def _walk(self, schema: Any, pointer: str, fragment: str, where: str) -> tuple[Any, str]:
        for part in fragment.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(schema, dict) and key in schema:
                schema = schema[key]
            elif isinstance(schema, list) and key.isdigit() and int(key) < len(schema):
                schema = schema[int(key)]
            else:
                raise SchemaError(f"at {where}: the reference to {fragment!r} leads nowhere")
            pointer = f"{pointer}/{part}"
        return schema, pointer

    # --- one schema ---------------------------------------------------------------------------------------------------
    def resolve(self, schema: Any, pointer: str, where: str) -> _Node:
        """Follow references and merge what is meant together.

        Raises:
            SchemaError: the schema is none.
        """
        node = _Node()
        self._merge(node, schema, pointer, where, 0)
        return node

    def _merge(self, node: _Node, schema: Any, pointer: str, where: str, depth: int) -> None:
        if depth > MAX_REFS:
            raise SchemaError(f"at {where}: references lead round in a circle")
        node.keys = (*node.keys, pointer)
        if isinstance(schema, bool):
            if not schema:
                node.facts["never"] = True
            return
        if not isinstance(schema, dict):
            raise SchemaError(f"at {where}: a schema must be an object or a boolean, got {json_text(schema)}")
        for key in ("$ref", "$dynamicRef", "$recursiveRef"):
            if isinstance(schema.get(key), str):
                self._follow(node, schema[key], where, depth)
        self._merge_own(node, schema, pointer, where)
        for number, inner in enumerate(_list(schema, "allOf", where)):
            self._merge(node, inner, f"{pointer}/allOf/{number}", where, depth + 1)
        for key in ("oneOf", "anyOf"):
            for number, inner in enumerate(_list(schema, key, where)):
                node.choices.append((inner, f"{pointer}/{key}/{number}"))
        self._merge_conditions(node, schema, pointer, where)

    def _merge_own(self, node: _Node, schema: Mapping[str, Any], pointer: str, where: str) -> None:
        """What a schema says itself, which wins over what it refers to."""
        self._merge_types(node, schema.get("type"), where)
        for name, inner in _mapping(schema, "properties", where).items():
            node.properties[name] = (inner, f"{pointer}/properties/{_escape(name)}")
        required = schema.get("required")
        if isinstance(required, list):  # draft-03 and OpenAPI write a boolean here, which says nothing of properties
            node.required.update(item for item in required if isinstance(item, str))
        for key, value in schema.items():
            if key not in ("properties", "required", "type", "allOf"):
                node.facts[key] = value
        for key in ("items", "additionalProperties", "prefixItems", "patternProperties"):
            if key in schema:
                node.facts[f"@{key}"] = f"{pointer}/{key}"

    def _follow(self, node: _Node, reference: str, where: str, depth: int) -> None:
        found = self._target(reference, where)
        if found is None:
            node.external = reference
            return
        target, pointer = found
        node.name = node.name or (pointer.rpartition("/")[2] if "/" in pointer else None)
        self._merge(node, target, pointer, where, depth + 1)

    def _merge_types(self, node: _Node, types: Any, where: str) -> None:
        listed = types if isinstance(types, list) else [] if types is None else [types]
        for item in listed:
            if not isinstance(item, str) or item not in _TYPES:
                raise SchemaError(f"at {where}: {json_text(item)} is no type of JSON Schema")
        if listed:
            node.types = tuple(listed)

    def _merge_conditions(self, node: _Node, schema: Mapping[str, Any], pointer: str, where: str) -> None:
        """Properties that are there on a condition only: shown, but not as required."""
        extra = [(schema[key], f"{pointer}/{key}") for key in ("then", "else") if isinstance(schema.get(key), dict)]
        for name, inner in _mapping(schema, "dependentSchemas", where).items():
            extra.append((inner, f"{pointer}/dependentSchemas/{_escape(name)}"))
        for inner, place in extra:
            if isinstance(inner, dict):
                for name, value in _mapping(inner, "properties", where).items():
                    node.properties.setdefault(name, (value, f"{place}/properties/{_escape(name)}"))

    # --- columns ------------------------------------------------------------------------------------------------------
    def root(self, node: _Node) -> Iterator[Column]:
        """The columns of the whole schema."""
        branches, nullable = self._choices(node, "the root")
        if node.properties:
            yield from self._properties(node, "", node.keys)
        elif branches and all(self._label(branch, (), "the root")[0] == "object" for branch in branches):
            for branch, name in zip(branches, _names(branches), strict=True):
                yield Column(name, "object", nullable or len(branches) > 1, branch.text())
                yield from self._properties(branch, f"{name}.", (*node.keys, *branch.keys))
        elif node.types == ("object",) and not self._is_map(node):
            return
        else:
            yield from self._column("value", node, (), required=True, where="the root")

    def _properties(self, node: _Node, prefix: str, ancestors: tuple[str, ...]) -> Iterator[Column]:
        choices, _ = self._choices(node, prefix.rstrip(".") or "the root")
        properties = dict(node.properties)
        if node.properties:
            # A choice beside properties adds to them: what a branch adds may be absent.
            for branch in choices:
                for name, value in branch.properties.items():
                    properties.setdefault(name, value)
        for name, (schema, pointer) in properties.items():
            path = prefix + (name if "." not in name else f"'{name}'")
            required = name in node.required and name in node.properties
            yield from self._column(path, self.resolve(schema, pointer, path), ancestors, required=required, where=path)

    def _column(
        self, path: str, node: _Node, ancestors: tuple[str, ...], *, required: bool, where: str
    ) -> Iterator[Column]:
        label, nullable, objects = self._describe(node, ancestors, where)
        default = node.facts.get("default")
        yield Column(
            path,
            label,
            nullable or not required,
            node.text(),
            json_text(default) if default is not None else None,
        )
        for item, name in zip(objects, _names(objects), strict=True):
            if not set(item.keys) & set(ancestors):
                prefix = f"{path}." if len(objects) == 1 else f"{path}.{name}."
                yield from self._properties(item, prefix, (*ancestors, *node.keys, *item.keys))

    def _describe(self, node: _Node, ancestors: tuple[str, ...], where: str) -> tuple[str, bool, list[_Node]]:
        """Type, nullability, and the objects whose properties are shown below."""
        branches, nullable = self._choices(node, where)
        if branches and not node.properties:
            parts = [self._describe(branch, ancestors, where) for branch in branches]
            objects = [item for part in parts for item in part[2]]
            labels = list(dict.fromkeys(part[0] for part in parts))
            if len(objects) > 1 and labels.count("object"):
                labels.remove("object")
                labels += [f"object {name}" for name in _names(objects)]
            return " | ".join(labels), nullable or any(part[1] for part in parts), objects
        label, objects = self._label(node, ancestors, where)
        return label, nullable, objects

    def _choices(self, node: _Node, where: str) -> tuple[list[_Node], bool]:
        """The branches of oneOf and anyOf without null, and whether null is allowed."""
        nullable = "null" in node.types or node.facts.get("nullable") is True or _has_null(node.facts.get("enum"))
        branches = []
        for schema, pointer in node.choices:
            branch = self.resolve(schema, pointer, where)
            if branch.types == ("null",) or ("const" in branch.facts and branch.facts["const"] is None):
                nullable = True
            elif (
                branch.types
                or branch.properties
                or branch.external
                or branch.choices
                or {"enum", "const", "items", "additionalProperties"} & set(branch.facts)
            ):
                branches.append(branch)
        return branches, nullable

    def _label(self, node: _Node, ancestors: tuple[str, ...], where: str) -> tuple[str, list[_Node]]:
        """The type of a schema that is no choice, and the objects in it."""
        if node.external is not None:
            return f"reference to {node.external}", []
        if "const" in node.facts:
            return f"constant {json_text(node.facts['const'])}", []
        if isinstance(node.facts.get("enum"), list):
            return f"enum({listing(_word(item) for item in node.facts['enum'] if item is not None)})", []
        if node.facts.get("never"):
            return "never", []
        labels: list[str] = []
        objects: list[_Node] = []
        for type_ in self._types(node):
            label, inner = self._label_of_type(type_, node, ancestors, where)
            labels.append(label)
            objects += inner
        return " | ".join(labels) or ("null" if node.types == ("null",) else "any"), objects

    def _types(self, node: _Node) -> list[str]:
        if node.types:
            return [item for item in node.types if item != "null"]
        if node.properties or self._is_map(node):
            return ["object"]
        return ["array"] if "items" in node.facts or "prefixItems" in node.facts else []

    def _label_of_type(
        self, type_: str, node: _Node, ancestors: tuple[str, ...], where: str
    ) -> tuple[str, list[_Node]]:
        if type_ == "array":
            return self._array(node, ancestors, where)
        if type_ != "object":
            kind = node.facts.get("format")
            return (f"{type_}({kind})" if isinstance(kind, str) and type_ == "string" else type_), []
        if set(node.keys) & set(ancestors):
            return f"object {node.name or '#'} (recursive)", []
        if node.properties or not self._is_map(node):
            return "object", [node] if node.properties else []
        key = (
            "additionalProperties" if isinstance(node.facts.get("additionalProperties"), dict) else "patternProperties"
        )
        raw, pointer = node.facts[key], node.facts[f"@{key}"]
        inner = [raw] if key == "additionalProperties" else list(raw.values())
        return self._container("map", [(item, f"{pointer}/{n}") for n, item in enumerate(inner)], ancestors, where)

    def _array(self, node: _Node, ancestors: tuple[str, ...], where: str) -> tuple[str, list[_Node]]:
        inner: list[tuple[Any, str]] = []
        for key in ("prefixItems", "items"):
            raw = node.facts.get(key)
            pointer = node.facts.get(f"@{key}", "")
            if isinstance(raw, list):
                inner += [(item, f"{pointer}/{number}") for number, item in enumerate(raw)]
            elif isinstance(raw, dict):
                inner.append((raw, pointer))
        return self._container("array", inner, ancestors, where)

    def _container(
        self, kind: str, inner: list[tuple[Any, str]], ancestors: tuple[str, ...], where: str
    ) -> tuple[str, list[_Node]]:
        labels: list[str] = []
        objects: list[_Node] = []
        for schema, pointer in inner:
            label, nullable, found = self._describe(self.resolve(schema, pointer, where), ancestors, where)
            labels.append(f"{label} | null" if nullable and label != "null" else label)
            objects += found
        return f"{kind}<{' | '.join(dict.fromkeys(labels)) or 'any'}>", objects

    @staticmethod
    def _is_map(node: _Node) -> bool:
        if isinstance(node.facts.get("additionalProperties"), dict):
            return True
        patterns = node.facts.get("patternProperties")
        return isinstance(patterns, dict) and bool(patterns)


def _names(nodes: list[_Node]) -> list[str]:
    """Names that tell the branches of a choice apart: titles, definitions' names, or numbers."""
    names = []
    for number, node in enumerate(nodes, start=1):
        name = text_or_none(node.facts.get("title")) or node.name or f"option{number}"
        names.append(name if name not in names else f"{name}{number}")
    return names


def _mapping(schema: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = schema.get(key, {})
    if not isinstance(value, dict):
        raise SchemaError(f"at {where}: {key!r} must be an object, got {json_text(value)}")
    return value


def _list(schema: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = schema.get(key, [])
    if not isinstance(value, list):
        raise SchemaError(f"at {where}: {key!r} must be a list, got {json_text(value)}")
    return value


def _has_null(enum: Any) -> bool:
    return isinstance(enum, list) and None in enum


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
