"""Form models are compared by meaning, and what is not Smithy is told with its line."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.forms import FormField, FormModel
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.providers.smithy import parse, same

WORD = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30)
FIELD = st.builds(
    FormField,
    name=WORD,
    type=st.sampled_from(["String", "Integer", "Long", "Boolean", "Double", "Timestamp"]),
    required=st.booleans(),
    documentation=st.none() | TEXT,
    display_name=st.none() | TEXT,
    searchable=st.booleans(),
)
MODEL = st.builds(
    FormModel,
    name=WORD,
    fields=st.lists(FIELD, max_size=6, unique_by=lambda field: field.name).map(tuple),
)


@given(MODEL)
def test_every_model_of_ours_is_read_as_it_is_meant(model: FormModel) -> None:
    shape = parse(model.smithy()).structure(model.name)
    assert shape is not None
    assert [(m.name, m.target, m.required) for m in shape.members] == [
        (f.name, f.type, f.required) for f in model.fields
    ]


@given(MODEL, st.randoms())
def test_dress_does_not_matter(model: FormModel, rng: random.Random) -> None:
    lines = model.smithy().splitlines()
    dressed = '$version: "2.0"\nnamespace dzd_x.y\nuse smithy.api#String\n' + "\n\n   ".join(
        line.replace(": String", ": smithy.api#String") + rng.choice(["", " // why", ","])
        if line.startswith("    ") and not line.lstrip().startswith("@")
        else line
        for line in lines
    )
    assert same(model.smithy(), dressed)


@given(MODEL, FIELD)
def test_a_further_member_does_matter(model: FormModel, field: FormField) -> None:
    if field.name in {item.name for item in model.fields}:
        return
    assert not same(model.smithy(), FormModel(model.name, (*model.fields, field)).smithy())


def test_each_part_of_a_member_matters() -> None:
    base = 'structure F { @required @documentation("d") a: String }'
    for other in (
        'structure F { @documentation("d") a: String }',
        'structure F { @required @documentation("e") a: String }',
        'structure F { @required @documentation("d") a: Integer }',
        'structure F { @required @documentation("d") b: String }',
        'structure G { @required @documentation("d") a: String }',
    ):
        assert not same(base, other)
    assert same(base, 'structure F { @documentation("d")\n@required\na: String, }')


def test_traits_with_values() -> None:
    left = 'structure F { @length(min: 1, max: 5) @amazon.datazone#searchable(modes: ["LEXICAL"]) a: String }'
    right = 'structure F { @amazon.datazone#searchable(modes:["LEXICAL"]) @length(max:5,min:1) a: String }'
    assert same(left, right)
    assert not same(left, right.replace("max:5", "max:6"))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_platforms_forms(platform: str) -> None:
    for model in PLATFORMS[platform].form_models(Names()):
        assert parse(model.smithy()).structure(model.name) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "there is no structure in it"),
        ("hello", "expected 'structure' but found 'hello' in line 1"),
        ('{"type": "object"}', "expected 'structure' but found '{' in line 1"),
        ("structure", "expected the name of the structure but the model ends there"),
        ("structure F {\n a: }", "expected the type of member a but found '}' in line 2"),
        ("structure F {\n a: String\n", "a member of F or '}' but the model ends there"),
        ("structure F {\n @required(\n a: String }", "in line 3"),
        ("structure F { a: String a: String }", "member a of F is defined twice"),
        ("structure F {}\nstructure F {}", "the shape F is defined twice"),
        ("structure F { a: String; }", "unexpected ';' in line 1"),
        ('structure F { @documentation("x) a: String }', "unexpected '\"'"),
    ],
)
def test_what_is_not_smithy_is_told(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text)
    assert expected in str(error.value)
