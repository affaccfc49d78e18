"""JSON Schemas and documents for the laws: small alphabets, so that schemas and documents meet."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

DRAFTS = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}
NAMES = ["a", "b", "xa"]
SCALARS = [None, True, False, 0, 1, 2, 3, 10, -1, 0.5, 1.5, 1.0, "", "a", "b", "xa", "abc", "1"]
documents = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "c"]), inner, max_size=3),
    max_leaves=6,
)
_types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
_patterns = st.sampled_from(["^x", "a", "^a$"])
_names = st.sampled_from(NAMES)
_small = st.integers(0, 3)


def _bounds(draft: int) -> dict[str, st.SearchStrategy[Any]]:
    exclusive: st.SearchStrategy[Any] = st.booleans() if draft == 4 else st.sampled_from([0, 1, 1.5, 2])
    return {
        "minimum": st.sampled_from([0, 1, 1.5, 2]),
        "maximum": st.sampled_from([0, 1, 1.5, 2]),
        "exclusiveMinimum": exclusive,
        "exclusiveMaximum": exclusive,
        "multipleOf": st.sampled_from([1, 2, 0.5, 3]),
    }


def schemas(draft: int) -> st.SearchStrategy[Any]:
    """Schemas of a draft, references to ``#/definitions/D`` and ``#`` among them."""
    leaves = st.one_of(
        st.just({}),
        st.builds(lambda t: {"type": t}, _types),
        st.builds(lambda t: {"type": t}, st.lists(_types, min_size=1, max_size=3, unique=True)),
        st.builds(lambda v: {"enum": v}, st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3)),
        st.just({"$ref": "#/definitions/D"}),
        *([st.booleans()] if draft > 4 else []),
    )

    def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        listed = st.lists(inner, min_size=1, max_size=3)
        keywords: dict[str, st.SearchStrategy[Any]] = {
            "type": _types | st.lists(_types, min_size=1, max_size=3, unique=True),
            "enum": st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3),
            "properties": st.dictionaries(_names, inner, max_size=3),
            "patternProperties": st.dictionaries(_patterns, inner, max_size=2),
            "additionalProperties": st.booleans() | inner,
            "required": st.lists(_names, min_size=1, max_size=2, unique=True),
            "minProperties": _small,
            "maxProperties": _small,
            "items": inner if draft == 2020 else inner | listed,
            "minItems": _small,
            "maxItems": _small,
            "uniqueItems": st.booleans(),
            "minLength": _small,
            "maxLength": _small,
            "pattern": _patterns,
            "allOf": listed,
            "anyOf": listed,
            "oneOf": listed,
            "not": inner,
            **_bounds(draft),
        }
        if draft < 2020:
            keywords["additionalItems"] = st.booleans() | inner
        if draft < 2019:
            keywords["dependencies"] = st.dictionaries(
                _names, inner | st.lists(_names, min_size=1, max_size=2, unique=True), max_size=2
            )
        if draft > 4:
            keywords |= {
                "const": st.sampled_from(SCALARS),
                "contains": inner,
                "propertyNames": st.builds(lambda p: {"pattern": p}, _patterns),
            }
        if draft > 6:
            keywords |= {"if": inner, "then": inner, "else": inner}
        if draft > 7:
            keywords |= {
                "dependentRequired": st.dictionaries(_names, st.lists(_names, max_size=2, unique=True), max_size=2),
                "dependentSchemas": st.dictionaries(_names, inner, max_size=2),
                "minContains": _small,
                "maxContains": _small,
                "unevaluatedProperties": st.booleans() | inner,
                "unevaluatedItems": st.booleans() | inner,
            }
        if draft == 2020:
            keywords["prefixItems"] = listed
        pairs = st.sampled_from(sorted(keywords)).flatmap(lambda key: st.tuples(st.just(key), keywords[key]))
        return st.lists(pairs, min_size=1, max_size=4).map(lambda found: _sound(dict(found), draft))

    return st.recursive(leaves, deeper, max_leaves=6)


def _sound(schema: dict[str, Any], draft: int) -> dict[str, Any]:
    """Up to draft-04 an exclusive bound needs the bound that it is about; the reference fails on ``items`` of a boolean
    beside ``additionalItems``, which then says nothing."""
    for kind in ("min", "max"):
        if draft == 4 and f"{kind}imum" not in schema:
            schema.pop(f"exclusive{kind.capitalize()}imum", None)
    if isinstance(schema.get("items"), bool):
        schema.pop("additionalItems", None)
    return schema


@st.composite
def wholes(draw: st.DrawFn, draft: int) -> Any:
    """A whole document of a draft, with a definition that may refer to itself below a property or an item."""
    root = draw(schemas(draft))
    if not isinstance(root, dict):
        root = {"allOf": [root]}
    definition = draw(
        st.sampled_from(
            [
                {"type": "string"},
                {"type": "object", "properties": {"a": {"$ref": "#/definitions/D"}}},
                {"type": ["array", "integer"], "items": {"$ref": "#/definitions/D"}},
                {"anyOf": [{"type": "null"}, {"type": "object", "additionalProperties": {"$ref": "#/definitions/D"}}]},
            ]
        )
    )
    return {"$schema": DRAFTS[draft], **root, "definitions": {"D": definition}}


@st.composite
def pairs(draw: st.DrawFn, draft: int) -> tuple[Any, Any]:
    """Two documents, of which the second is the first changed in one or two places, or another one."""
    old = draw(wholes(draft))
    if draw(st.integers(0, 3)) == 0:
        return old, draw(wholes(draft))
    new = copy.deepcopy(old)
    for _ in range(draw(st.integers(0, 2))):
        places = [place for place in _dicts(new) if place]
        if not places:
            break
        place = draw(st.sampled_from(places))
        key = draw(st.sampled_from(sorted(place)))
        if key in ("$schema", "definitions"):
            continue
        if draw(st.booleans()):
            del place[key]
        else:
            other = draw(schemas(draft))
            if isinstance(other, dict):
                place.update(other)
    _sound_everywhere(new, draft)
    return old, new


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Places of a schema that are schemas themselves."""
    if isinstance(value, list):
        return [place for item in value for place in _dicts(item)]
    if not isinstance(value, dict):
        return []
    found = [value]
    for key, inner in value.items():
        if key in ("properties", "patternProperties", "dependentSchemas", "definitions"):
            found += [place for item in inner.values() for place in _dicts(item)]
        elif key not in ("enum", "const", "required", "dependencies", "dependentRequired", "$ref"):
            found += _dicts(inner)
    return found


def _sound_everywhere(schema: Any, draft: int) -> None:
    for place in _dicts(schema):
        _sound(place, draft)
