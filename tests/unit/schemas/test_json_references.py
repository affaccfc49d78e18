"""References within a JSON Schema lead where the reference library's resolver leads, for every draft."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import referencing
import referencing.exceptions
import referencing.jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.json_schema.document import Document, Node, read_json_schema, subschemas
from tests.properties import examples

META = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}
URIS = ("https://a.example/{}.json", "https://a.example/sub/{}/", "{}.json", "sub/{}.json", "../{}.json", "/{}")
NAMES = ("a", "b", "x y", "t~/d")
POINTERS = ("a", "b", "x%20y", "t~0~1d")


class Schemas:
    """Draws documents of embedded resources, anchors and references among them."""

    def __init__(self, draft: int, data: st.DataObject) -> None:
        self._draft, self._data, self._number = draft, data, 0

    def one_of(self, *options: Any) -> Any:
        return self._data.draw(st.sampled_from(options))

    def document(self) -> dict[str, Any]:
        root = {"$schema": META[self._draft], **self.schema(3)}
        root.pop("$ref", None)  # beside it up to draft-07 nothing counts, and everything hangs on the root
        return root

    def schema(self, depth: int) -> dict[str, Any]:
        self._number += 1
        made: dict[str, Any] = {"title": f"schema {self._number}"}  # names and numbers occur once in a document
        old = self._draft < 2019
        if self.one_of(True, False, False):
            if not old or self.one_of(True, False):
                made["id" if self._draft == 4 else "$id"] = self.one_of(*URIS).format(self._number)
            else:
                made["id" if self._draft == 4 else "$id"] = f"#anchor{self._number}"
        if not old and self.one_of(True, False, False):
            made["$anchor"] = f"anchor{self._number}"
        if depth:
            definitions = "definitions" if old else "$defs"
            for place in (definitions, "properties"):
                if self.one_of(True, False):
                    names = self._data.draw(st.sets(st.sampled_from(NAMES), max_size=2))
                    made[place] = {name: self.schema(depth - 1) for name in sorted(names)}
            if self.one_of(True, False, False):
                made["allOf"] = [self.schema(depth - 1)]
        if self.one_of(True, False) and not (old and len(made) > 1):
            made = {"title": made["title"], **({} if old else made), "$ref": self.reference(old)}
        return made

    def reference(self, old: bool) -> str:
        definitions = "definitions" if old else "$defs"
        place = f"/{self.one_of(definitions, 'properties')}/{self.one_of(*POINTERS)}"
        fragment = self.one_of("", place, place, "/allOf/0", f"anchor{self.one_of(1, 2, 3, 4, 5)}")
        uri = self.one_of("", "", *URIS).format(self.one_of(1, 2, 3, 4, 5))
        return f"{uri}#{fragment}" if fragment or not uri else uri


def references(document: Document, resource: Any, resolver: Any) -> Iterator[tuple[Node, Any]]:
    """Each schema with a reference, and the library's resolver there."""
    pending = [(document.root, resource.contents, resolver)]
    while pending:
        node, contents, found = pending.pop()
        if "$ref" in contents:
            yield node, found
        for path, inner in subschemas(contents):
            specification = referencing.jsonschema.specification_with(META[node.draft])
            inside = found.in_subresource(specification.create_resource(inner))
            pending.append((document.child(node, path, inner), inner, inside))


@pytest.mark.parametrize("draft", META)
@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_references_lead_where_the_library_leads(draft: int, data: st.DataObject) -> None:
    raw = Schemas(draft, data).document()
    document = read_json_schema(json.dumps(raw))
    contents = document.root.schema
    specification = referencing.jsonschema.specification_with(META[draft])
    resource = specification.create_resource(contents)
    resolver = referencing.Registry().with_resource("", resource).crawl().resolver("").in_subresource(resource)
    for node, at_node in references(document, resource, resolver):
        reference = node.schema["$ref"]
        try:
            wanted = at_node.lookup(reference).contents
        except referencing.exceptions.Unresolvable:
            continue  # what we make of it beyond that is in test_json_schema.py
        try:
            (found,) = document.references(node, "here")
        except SchemaError as error:
            raise AssertionError((reference, node.pointer, raw)) from error
        assert isinstance(found, Node), (reference, node.pointer, raw)
        assert found.schema is wanted, (reference, node.pointer, found.schema["title"], wanted["title"], raw)
