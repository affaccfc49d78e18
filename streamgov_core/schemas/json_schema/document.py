"""A JSON Schema document: its resources, anchors and references, draft-04 to 2020-12.

The library for this, ``referencing``, stands on a compiled module (rpds-py): each function's bundle would then be
bound to one platform for the sake of two hundred lines, and it refuses what is common in registered schemas
(references that forget the ``$id`` around them). tests/unit/schemas/test_json_references.py holds
this module against it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin

from streamgov_core.model.errors import SchemaError
from streamgov_core.model.shortened import shortened
from streamgov_core.schemas.text import json_text

MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
SINGLE = [
    "items",
    "additionalItems",
    "additionalProperties",
    "contains",
    "if",
    "then",
    "else",
    "not",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
]
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
UNKNOWN_DRAFT = 0
"""No meta-schema is named, or none that is known."""
_DRAFTS = {"draft-03": 3, "draft-04": 4, "draft-06": 6, "draft-07": 7, "draft/2019-09": 2019, "draft/2020-12": 2020}


@dataclass(eq=False)
class SchemaResource:
    """A schema with a URI of its own, and what can be referred to in it.

    Args:
        uri: absolute if the document says so, else what it says.
        draft: 4, 6, 7, 2019, 2020, or UNKNOWN_DRAFT.
        root: the schema.
        anchors: schemas by their plain names.
        dynamic: those that ``$dynamicRef`` looks for in the dynamic scope.
        recursive: it says ``$recursiveAnchor``.
    """

    uri: str
    draft: int
    root: Any
    pointer: str
    anchors: dict[str, Node] = field(default_factory=dict)
    dynamic: dict[str, Node] = field(default_factory=dict)
    recursive: bool = False


@dataclass(frozen=True, eq=False)
class Node:
    """A schema in its document.

    Args:
        schema: an object or a boolean.
        resource: the resource that it lies in.
        pointer: where it lies in the document.
        scope: resources that were entered on the way to it, if a dynamic reference may ask for them.
    """

    schema: Any
    resource: SchemaResource
    pointer: str
    scope: tuple[SchemaResource, ...] = ()

    @property
    def key(self) -> tuple[int, tuple[int, ...]]:
        """What makes it the same schema as another."""
        return id(self.schema), tuple(id(item) for item in self.scope)

    @property
    def draft(self) -> int:
        """The draft that it is written in."""
        return self.resource.draft

    @property
    def name(self) -> str:
        """Its last name in the document, ``#`` for the whole."""
        return unescape(self.pointer.rpartition("/")[2]) if "/" in self.pointer else "#"


class Document:
    """A JSON Schema.

    Args:
        raw: the parsed JSON.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._nodes: dict[int, Node] = {}
        self._resources: dict[str, SchemaResource] = {}
        self._dynamic = False
        self.main = SchemaResource("", _draft(raw, UNKNOWN_DRAFT), raw, "#")
        self._resources[""] = self.main
        self._index(raw, "#", self.main, root=True)
        self.root = self._node(raw, self.main, "#", ())

    # --- indexing -----------------------------------------------------------------------------------------------------
    def _index(self, schema: Any, pointer: str, resource: SchemaResource, *, root: bool = False) -> None:
        pending = [(schema, pointer, resource)]
        while pending:
            schema, pointer, resource = pending.pop()
            if not isinstance(schema, dict) or id(schema) in self._nodes:
                continue
            resource = self._identify(schema, pointer, resource, root=root)
            root = False
            node = Node(schema, resource, pointer)
            self._nodes[id(schema)] = node
            self._anchor(schema, node)
            pending += [(inner, f"{pointer}/{path}", resource) for path, inner in subschemas(schema)]

    def _identify(
        self, schema: dict[str, Any], pointer: str, resource: SchemaResource, *, root: bool
    ) -> SchemaResource:
        draft = _draft(schema, resource.draft)
        own = schema.get("$id") if draft > 4 or "$id" in schema else schema.get("id")
        if own is None and draft == UNKNOWN_DRAFT:
            own = schema.get("id")
        if not isinstance(own, str) or own.startswith("#"):
            return resource
        uri = _join(resource.uri, own.partition("#")[0])
        if root:
            resource.uri = uri
        else:
            resource = SchemaResource(uri, draft, schema, pointer)
        self._resources.setdefault(uri, resource)
        return resource

    def _anchor(self, schema: dict[str, Any], node: Node) -> None:
        resource = node.resource
        for key in ("$anchor", "$dynamicAnchor", "$id", "id"):
            name = schema.get(key)
            if not isinstance(name, str):
                continue
            if key in ("$id", "id"):
                name = name[1:] if name.startswith("#") and len(name) > 1 else ""
            if name:
                resource.anchors.setdefault(name, node)
        if isinstance(schema.get("$dynamicAnchor"), str):
            resource.dynamic.setdefault(schema["$dynamicAnchor"], node)
            self._dynamic = True
        if schema.get("$recursiveAnchor") is True:
            resource.recursive = True
            self._dynamic = True

    # --- moving -------------------------------------------------------------------------------------------------------
    def child(self, parent: Node, path: str, schema: Any) -> Node:
        """A schema within another; ``path`` is the pointer from there."""
        return self._node(schema, parent.resource, f"{parent.pointer}/{path}", parent.scope)

    def _node(self, schema: Any, resource: SchemaResource, pointer: str, scope: tuple[SchemaResource, ...]) -> Node:
        known = self._nodes.get(id(schema)) if isinstance(schema, dict) else None
        node = known or Node(schema, resource, pointer)
        if not self._dynamic:
            return node
        if not scope or scope[-1] is not node.resource:
            scope = tuple(dict.fromkeys((*scope, node.resource)))
        return Node(node.schema, node.resource, node.pointer, scope)

    def references(self, node: Node, where: str) -> Iterator[Node | str]:
        """What a schema refers to; the URI of what another document has.

        Raises:
            SchemaError: a reference within the document leads nowhere.
        """
        schema = node.schema
        for key in ("$ref", "$dynamicRef", "$recursiveRef"):
            reference = schema.get(key)
            if isinstance(reference, str):
                found = self._target(node, reference, where)
                if found is not None and key != "$ref":
                    found = self._dynamic_target(node, found, reference, key)
                yield self._node(found.schema, found.resource, found.pointer, node.scope) if found else reference

    def _dynamic_target(self, node: Node, found: Node, reference: str, key: str) -> Node:
        name = reference.partition("#")[2]
        if key == "$recursiveRef":
            if found.resource.recursive:
                outermost = next((item for item in node.scope if item.recursive), found.resource)
                return self._node(outermost.root, outermost, outermost.pointer, ())
        elif found.resource.dynamic.get(name) is not None and found.schema.get("$dynamicAnchor") == name:
            return next((item.dynamic[name] for item in node.scope if name in item.dynamic), found)
        return found

    def _target(self, node: Node, reference: str, where: str) -> Node | None:
        """What a reference leads to; None if that is in another document."""
        uri, _, fragment = reference.partition("#")
        resource = node.resource
        if uri:
            wanted = _join(resource.uri, uri)
            found = self._resources.get(wanted) or self._resources.get(uri)
            if found is None:
                return None
            resource = found
        target = self._in(resource, fragment)
        if target is None and resource is not self.main:
            target = self._in(self.main, fragment)  # a reference that forgets the $id around it
        if target is None:
            shown = unquote(fragment) if fragment.startswith("/") else reference
            kind = "reference to" if fragment.startswith("/") else "reference"
            raise SchemaError(f"at {where}: the {kind} {shown!r} leads nowhere")
        return target

    def _in(self, resource: SchemaResource, fragment: str) -> Node | None:
        if not fragment:
            return self._node(resource.root, resource, resource.pointer, ())
        if not fragment.startswith("/"):
            return resource.anchors.get(unquote(fragment))
        schema, pointer = resource.root, resource.pointer
        for text in (unquote(fragment), fragment):
            schema, pointer = resource.root, resource.pointer
            for part in text.split("/")[1:]:
                key = unescape(part)
                if isinstance(schema, dict) and key in schema:
                    schema = schema[key]
                elif isinstance(schema, list) and key.isdigit() and int(key) < len(schema):
                    schema = schema[int(key)]
                else:
                    break
                pointer = f"{pointer}/{part}"
                if isinstance(schema, dict) and id(schema) in self._nodes:
                    resource = self._nodes[id(schema)].resource
            else:
                # A place that no keyword makes a schema, "components" say, may hold anchors and references as well.
                self._index(schema, pointer, resource)
                return self._node(schema, resource, pointer, ())
        return None


def read_json_schema(definition: str) -> Document:
    """The document of a definition.

    Raises:
        SchemaError: the definition is no JSON Schema.
    """
    try:
        raw = json.loads(definition.removeprefix("\ufeff"))
    except ValueError as error:
        raise SchemaError(f"the JSON Schema is no JSON: {error}") from error
    except RecursionError as error:
        raise SchemaError("the JSON Schema is nested too deeply to be read") from error
    if not isinstance(raw, dict | bool):
        raise SchemaError("the JSON Schema must be an object or a boolean at its root")
    return Document(raw)


def subschemas(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas right within a schema, with their pointers from there."""
    for key in SINGLE:
        if key in schema:
            yield key, schema[key]
    for key in MAPS:
        if isinstance(value := schema.get(key), dict):
            for name, inner in value.items():
                yield f"{key}/{escape(name)}", inner
    for key in LISTS:
        if isinstance(value := schema.get(key), list):
            for number, inner in enumerate(value):
                yield f"{key}/{number}", inner


def check_schema(schema: Any, where: str) -> None:
    """Raise if a value is no schema.

    Raises:
        SchemaError: it is neither an object nor a boolean.
    """
    if not isinstance(schema, dict | bool):
        raise SchemaError(f"at {where}: a schema must be an object or a boolean, got {_short(schema)}")


def mapping(schema: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    """A member that must be an object; empty if it is not there.

    Raises:
        SchemaError: it is none.
    """
    value = schema.get(key, {})
    if not isinstance(value, dict):
        raise SchemaError(f"at {where}: {key!r} must be an object, got {_short(value)}")
    return value


def listed(schema: dict[str, Any], key: str, where: str) -> list[Any]:
    """A member that must be a list; empty if it is not there.

    Raises:
        SchemaError: it is none.
    """
    value = schema.get(key, [])
    if not isinstance(value, list):
        raise SchemaError(f"at {where}: {key!r} must be a list, got {_short(value)}")
    return value


def escape(name: str) -> str:
    """A name in a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def unescape(part: str) -> str:
    """The name that a part of a JSON pointer means."""
    return part.replace("~1", "/").replace("~0", "~")


def _short(value: Any) -> str:
    text = json_text(value)
    return shortened(text, 200)


def _draft(schema: Any, outer: int) -> int:
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if not isinstance(named, str):
        return outer
    return next((draft for word, draft in _DRAFTS.items() if word in named), UNKNOWN_DRAFT)


def _join(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference) if base else reference
    except ValueError:
        return reference
