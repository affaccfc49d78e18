"""Generated stack files: the reader and the editors' schema agree on all of them.

The generator knows the shapes only; whatever two places together say (``checks``) is left out of the comparison.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamgov_pulumi.arguments import vocabulary as v
from streamgov_pulumi.arguments.rules import Choice, Flag, Rule
from streamgov_pulumi.config.reader import arguments_of, mistakes_of
from streamgov_pulumi.config.shapes import Entries, Items, Leaf, Nested, Shape, Value
from streamgov_pulumi.config.stack_file import MODES
from tests.properties import examples
from tests.unit.config.test_schema import errors, stack_file

REGIONS = ("eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1")
MAPPINGS = ("same", "suffix:-value", "metadata:topic")
PROFILE = settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))


def texts(rule: Rule) -> st.SearchStrategy[Any]:
    """Right values of a rule."""
    if isinstance(rule, Flag):
        return st.booleans()
    if isinstance(rule, Choice):
        return st.sampled_from(rule.values)
    if rule == v.REGION:
        return st.sampled_from(REGIONS)
    if rule == v.TOPIC_MAPPING:
        return st.sampled_from(MAPPINGS)
    if rule.pattern:
        # A '$' of the schema is happy before a last line end, which no value has.
        return st.from_regex(rule.pattern, fullmatch=True).filter(lambda text: "\n" not in text)
    return st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)


def values(value: Value) -> st.SearchStrategy[Any]:
    """Right values of whatever stands at a key."""
    if isinstance(value, Leaf):
        return texts(value.rule)
    if isinstance(value, Nested):
        return sections(value.shape)
    if isinstance(value, Items):
        return st.lists(values(value.item), min_size=value.size.least if value.size else 0, max_size=2)
    keys = texts(value.keys.rule) if value.keys else st.text("abc", min_size=1, max_size=4)
    assert isinstance(value, Entries)
    return st.dictionaries(keys, values(value.item), max_size=2)


def sections(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    """Right sections: all keys that are required, some of the others."""
    required = {key: values(setting.value) for key, setting in shape.settings.items() if setting.required}
    optional = {key: values(setting.value) for key, setting in shape.settings.items() if not setting.required}
    return st.fixed_dictionaries(required, optional=optional)


def stacks() -> st.SearchStrategy[dict[str, Any]]:
    """Whole stack files without a wrong key or value."""
    return st.sampled_from(sorted(MODES)).flatmap(
        lambda mode: sections(MODES[mode].shape).map(lambda raw: {**raw, "mode": mode})
    )


def places(raw: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a file but its mode."""
    found = [at] if at and at != ("mode",) else []
    items: Any = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    return found + [place for key, item in items for place in places(item, (*at, key))]


def changed(raw: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at a place."""
    if not place:
        return value
    first, rest = place[0], place[1:]
    if isinstance(raw, dict):
        return {key: changed(item, rest, value) if key == first else item for key, item in raw.items()}
    return [changed(item, rest, value) if n == first else item for n, item in enumerate(raw)]


@PROFILE
@given(stacks())
def test_what_is_right_both_take(raw: dict[str, Any]) -> None:
    assert mistakes_of(raw["mode"], raw) == []
    assert errors(stack_file(raw)) == []
    made = arguments_of(MODES[raw["mode"]].shape, raw)
    assert made["region"] == raw["region"]


WRONG: st.SearchStrategy[Any] = st.sampled_from([None, 7, 2.5, "\x00 no", [[]], {"no such key": {}}, "", True, []])


@PROFILE
@given(stacks(), st.data())
def test_what_is_wrong_both_refuse(raw: dict[str, Any], data: st.DataObject) -> None:
    """One place changed to something else: right for both, or wrong for both."""
    place = data.draw(st.sampled_from(places(raw)))
    other = changed(raw, place, data.draw(WRONG))
    mistakes, marked = mistakes_of(raw["mode"], other), errors(stack_file(other))
    assert bool(mistakes) == bool(marked), (place, [str(m) for m in mistakes], marked)


@PROFILE
@given(stacks(), st.data())
def test_an_unknown_or_missing_key_both_see(raw: dict[str, Any], data: st.DataObject) -> None:
    shape = MODES[raw["mode"]].shape
    key = data.draw(st.sampled_from(sorted(set(raw) - {"mode"})))
    less = {name: value for name, value in raw.items() if name != key}
    assert bool(mistakes_of(raw["mode"], less)) == bool(errors(stack_file(less))) == shape.settings[key].required
    more = {**raw, f"{key}z": raw[key]}
    assert mistakes_of(raw["mode"], more)
    assert errors(stack_file(more))
