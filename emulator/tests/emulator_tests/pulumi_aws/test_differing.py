"""Meaning of values, differences between inputs, and what a refresh makes of live values. No emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_emulator.pulumi_aws.differing import Change, deletes_first, differing, live_inputs, own_tags, spelt_as
from aws_emulator.pulumi_aws.model import UNKNOWN, Archive, Autoname, Prop, ResourceType, canonical

POLICY = {"Statement": [{"Effect": "Allow", "Action": ["a:B", "a:A"], "Resource": ["*"]}]}


def kind(update: bool = True, **props: Prop) -> ResourceType:
    def never(*_: Any) -> Any:
        raise AssertionError("nothing is carried out here")

    return ResourceType("aws:test/thing:Thing", props, never, never, never, never if update else None)


@pytest.mark.parametrize(
    ("prop", "one", "other", "same"),
    [
        (Prop("policy"), json.dumps(POLICY), json.dumps(POLICY, indent=2), True),
        (Prop("policy"), '{"Action": ["x"]}', '{"Action": "x"}', True),
        (Prop("policy"), '{"Action": ["x", "y"]}', '{"Action": ["y", "x"]}', True),
        (Prop("policy"), '{"Action": "x"}', '{"Action": "y"}', False),
        (Prop("policy"), '{"S": [{"Sid": "a"}, {"Sid": "b"}]}', '{"S": [{"Sid": "b"}, {"Sid": "a"}]}', False),
        (Prop("json"), '{"a": 1, "b": 2}', '{"b":2,"a":1}', True),
        (Prop("json"), '{"a": ["x"]}', '{"a": "x"}', False),
        (Prop("json"), '{"a": ["x", "y"]}', '{"a": ["y", "x"]}', False),
        (Prop("int"), "7", 7, True),
        (Prop("number"), 0, 0.0, True),
        (Prop("bool"), "true", True, True),
        (Prop("string"), 5, "5", True),
        (Prop("list"), ["a", "b"], ["b", "a"], False),
        (Prop("list", unordered=True), ["a", "b", "a"], ["b", "a"], True),
        (Prop("archive"), Archive("/one.zip", "h"), Archive("/two.zip", "h"), True),
        (Prop("archive"), Archive("/one.zip", "h"), Archive("/one.zip", "i"), False),
        (Prop("object", members={"a": Prop("bool", default=False)}), {}, {"a": False}, True),
        (Prop("object", members={"a": Prop()}), {"a": None}, {}, True),
    ],
)  # fmt: skip
def test_equal_meaning_is_no_difference(prop: Prop, one: Any, other: Any, same: bool) -> None:
    assert (canonical(prop, one) == canonical(prop, other)) is same
    assert (differing(kind(p=prop), {"p": one}, {"p": other}) == []) is same


NESTED = Prop(
    "object",
    members={
        "size": Prop("int"),
        "place": Prop(replace=True),
        "volume": Prop("object", computed=True, members={"size": Prop("int")}),
    },
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"size": 1}, {"size": 2}, [Change("n.size", "update", False)]),
        ({"size": 1, "place": "a"}, {"size": 1, "place": "b"}, [Change("n.place", "update", True)]),
        ({"size": 1}, None, [Change("n", "delete", False)]),
        ({"place": "a"}, None, [Change("n", "delete", True)]),
        (None, {"place": "a"}, [Change("n", "add", True)]),
        ({"size": 1, "volume": {"size": 3}}, {"size": 1}, []),
        ({"volume": {"size": 3}}, {"volume": {"size": UNKNOWN}}, [Change("n.volume.size", "update", False)]),
        ({"size": 1}, UNKNOWN, [Change("n", "update", False)]),
    ],
)
def test_a_nested_difference_has_its_own_path(old: Any, new: Any, expected: list[Change]) -> None:
    assert differing(kind(n=NESTED), {"n": old}, {"n": new}) == expected


def test_each_key_of_a_map_is_a_difference_of_its_own() -> None:
    found = differing(kind(tags=Prop("map")), {"tags": {"a": "1", "b": "2"}}, {"tags": {"b": "3", "c.d": "4"}})
    assert found == [
        Change("tags.a", "delete", False),
        Change("tags.b", "update", False),
        Change('tags["c.d"]', "add", False),
    ]


def test_what_the_service_decides_is_left_alone_when_nobody_says_it() -> None:
    resource = kind(zone=Prop(computed=True, replace=True), name=Prop())
    assert differing(resource, {"zone": "a", "name": "x"}, {"name": "x"}) == []
    assert differing(resource, {"zone": "a"}, {"zone": "b"}) == [Change("zone", "update", True)]


def test_an_unknown_value_is_a_difference() -> None:
    assert differing(kind(role=Prop(replace=True)), {"role": "a"}, {"role": UNKNOWN}) == [
        Change("role", "update", True)
    ]


def test_a_default_is_the_same_as_nothing() -> None:
    resource = kind(path=Prop(default="/"))
    assert differing(resource, {}, {"path": "/"}) == []
    assert differing(resource, {"path": "/"}, {}) == []


def test_a_type_without_update_replaces() -> None:
    assert differing(kind(update=False, a=Prop()), {"a": "1"}, {"a": "2"}) == [Change("a", "update", True)]


def test_replacement_may_depend_on_the_values() -> None:
    resource = kind(version=Prop(replace_if=lambda old, new: new < old))
    assert not differing(resource, {"version": "3.6"}, {"version": "3.7"})[0].replace
    assert differing(resource, {"version": "3.6"}, {"version": "3.5"})[0].replace


def test_a_given_name_is_deleted_first_a_made_up_one_after() -> None:
    def named(**more: Any) -> ResourceType:
        nothing: Any = lambda *_: None  # noqa: E731
        return ResourceType("t", {"name": Prop()}, nothing, nothing, nothing, autoname=Autoname("name", 64), **more)

    assert deletes_first(named(), {"name": "mine", "__defaults": []})
    assert not deletes_first(named(), {"name": "mine-123", "__defaults": ["name"]})
    assert not deletes_first(named(named_twice=True), {"name": "mine", "__defaults": []})
    assert not deletes_first(kind(name=Prop()), {"name": "mine"})


# --- refresh ---
READ = kind(
    policy=Prop("policy"), size=Prop("int", default=1), note=Prop(), zone=Prop(computed=True),
    force=Prop("bool", local=True), tags=Prop("map"), nested=NESTED,
)  # fmt: skip


def test_a_refresh_keeps_the_spelling_of_what_means_the_same() -> None:
    last = {"policy": json.dumps(POLICY, indent=2), "note": "a", "force": True}
    live = {"policy": json.dumps(POLICY), "note": "b"}
    assert spelt_as(READ, last, live) == {"policy": last["policy"], "note": "b", "force": True}


def test_a_refresh_records_drift_in_the_inputs() -> None:
    last = {"size": 1, "note": "a", "force": True, "nested": {"size": 1}, "__defaults": ["size"]}
    live = {
        "size": 2, "note": None, "zone": "a", "tags": {"by": "hand"},
        "nested": {"size": 5, "volume": {"size": 3}, "place": None},
    }  # fmt: skip
    assert live_inputs(READ, last, live) == {
        "size": 2,
        "force": True,
        "tags": {"by": "hand"},
        "nested": {"size": 5},
        "__defaults": ["size"],
    }


def test_an_empty_list_that_a_program_says_stays() -> None:
    resource = kind(rules=Prop("list", computed=True))
    assert live_inputs(resource, {"rules": [], "__defaults": []}, {"rules": None}) == {"rules": [], "__defaults": []}


def test_an_import_has_everything_that_is_set() -> None:
    found = live_inputs(READ, {}, {"size": 2, "note": None, "zone": "a", "tags": {}})
    assert found == {"size": 2, "zone": "a", "__defaults": []}


def test_default_tags_are_not_the_resources_own_unless_it_has_them_itself() -> None:
    live = {"team": "streams", "a": "b", "cost": "1"}
    assert own_tags({"team": "streams", "cost": "2"}, {}, live) == {"a": "b", "cost": "1"}
    assert own_tags({"team": "streams"}, {"tags": {"team": "streams"}}, live) == live
    assert own_tags({"team": "streams"}, {}, {"team": "streams"}) is None
