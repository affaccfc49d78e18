"""The verdict on a form type's change, by kind of change, and laws that hold for any two forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.providers import smithy
from streamgov_pulumi.providers.evolution import verdict

BASE = "@required topic: String  note: String"


def judged(before: str, after: str, more_before: str = "", more_after: str = "") -> tuple[list[str], list[str]]:
    old = smithy.parse(f"structure Form {{ {before} }} {more_before}")
    new = smithy.parse(f"structure Form {{ {after} }} {more_after}")
    found = verdict("Form", old, new)
    assert found.is_breaking == bool(found.breaking)
    return list(found.breaking), list(found.safe)


@pytest.mark.parametrize(
    ("after", "breaking", "safe"),
    [
        (BASE, [], []),
        (f"{BASE} owner: String", [], ["Form.owner is added, optional"]),
        (f"{BASE} @required owner: String", ["Form.owner is added and required"], []),
        (f'{BASE} @required owner: String = "nobody"', [], ["Form.owner is added, optional"]),
        ("@required topic: String", ["Form.note is removed"], []),
        ("@required topic: String  note: Integer", ["Form.note changes its type from String to Integer"], []),
        ("@required topic: String  @required note: String", ["Form.note becomes required"], []),
        ("topic: String  note: String", [], ["Form.topic becomes optional"]),
        ("@required topic: String  text: String", ["Form.note is removed"], ["Form.text is added, optional"]),
        (
            "@required topic: String  @length(max: 9) note: String",
            ["Form.note is constrained newly by @length"],
            [],
        ),
        (
            "@required topic: String  @amazon.datazone#searchable note: String",
            [],
            ["Form.note: @amazon.datazone#searchable changes"],
        ),
    ],
)
def test_each_kind_of_change(after: str, breaking: list[str], safe: list[str]) -> None:
    assert judged(BASE, after) == (breaking, safe)


def test_constraints_that_vanish_or_change() -> None:
    assert judged("@length(max: 9) a: String", "a: String") == ([], ["Form.a is no longer constrained by @length"])
    assert judged("@length(max: 9) a: String", "@length(max: 5) a: String") == (
        ["Form.a is constrained otherwise by @length"],
        [],
    )


def test_what_a_field_refers_to_counts_and_its_name_does_not() -> None:
    old, renamed = "list Tags { member: String }", "list Labels { member: String }"
    assert judged("a: Tags", "a: Labels", old, renamed) == ([], [])
    numbers = "list Tags { member: Integer }"
    assert judged("a: Tags", "a: Tags", old, numbers) == (
        ["Form.a.member changes its type from String to Integer"],
        [],
    )
    mapping = "map Tags { key: String value: String }"
    assert judged("a: Tags", "a: Tags", old, mapping) == (["Form.a changes from a list to a map"], [])


def test_an_enums_values() -> None:
    two, three = "enum Colour { RED GREEN }", "enum Colour { RED GREEN BLUE }"
    assert judged("a: Colour", "a: Colour", two, three)[0] == []
    assert judged("a: Colour", "a: Colour", three, two)[0] == ["Form.a.BLUE is removed"]


def test_a_shape_that_refers_to_itself_ends() -> None:
    tree = "structure Node { next: Node }"
    assert judged("a: Node", "a: Node", tree, tree) == ([], [])


FIELDS = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.sampled_from(["String", "Integer"]), st.booleans()), min_size=1
)


def model(fields: dict[str, tuple[str, bool]]) -> smithy.Model:
    members = " ".join(f"{'@required ' if needed else ''}{name}: {kind}" for name, (kind, needed) in fields.items())
    return smithy.parse(f"structure Form {{ {members} }}")


@given(FIELDS, FIELDS)
def test_safe_means_that_every_old_asset_is_legal_and_nothing_vanished(
    old: dict[str, tuple[str, bool]], new: dict[str, tuple[str, bool]]
) -> None:
    """Against a second definition: the old form with only its required fields, and with all, against the new one."""

    def legal(values: dict[str, str]) -> bool:
        known = all(name in new and new[name][0] == kind for name, kind in values.items())
        return known and all(name in values for name, (_, needed) in new.items() if needed)

    everything = {name: kind for name, (kind, _) in old.items()}
    least = {name: kind for name, (kind, needed) in old.items() if needed}
    assert verdict("Form", model(old), model(new)).is_breaking == (not (legal(everything) and legal(least)))


@given(FIELDS)
def test_no_change_has_nothing_to_tell(fields: dict[str, tuple[str, bool]]) -> None:
    assert str(verdict("Form", model(fields), model(fields))) == "nothing changes for assets"


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_our_own_forms_can_be_judged(platform: str) -> None:
    for form in PLATFORMS[platform].form_models(Names()):
        parsed = smithy.parse(form.smithy())
        assert not verdict(form.name, parsed, parsed).is_breaking
