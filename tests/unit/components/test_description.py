"""What a preview shows of a description: everything that depends on no Output, and nothing of a stand-in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from streamgov_pulumi.components._description import Description
from tests.unit.components.graph import Graph, run


@dataclass(frozen=True)
class Made:
    name: str
    both: str
    digest: str
    items: tuple[str, ...]


def make(left: str, right: str | None, items: list[str]) -> Made:
    return Made("fixed", f"{left}+{right}", hashlib.sha256(left.encode()).hexdigest(), tuple(items))


def later(value: Any) -> Callable[[], pulumi.Output[Any]]:
    """An Output, made when the program runs."""
    return lambda: pulumi.Output.from_input(value)


def resolved(read: Any, **values: Any) -> Any:
    """What ``read`` takes from the description, once everything is known."""

    def made(value: Any) -> Any:
        if isinstance(value, list):
            return [made(item) for item in value]
        return value() if callable(value) else value

    def program() -> dict[str, Any]:
        return {"found": Description(make, **{key: made(value) for key, value in values.items()}).value(read)}

    return run(program).outputs["found"]


def test_what_depends_on_no_output_is_plain() -> None:
    def program() -> dict[str, Any]:
        made = Description(make, left=pulumi.Output.from_input("l"), right="r", items=["a"])
        assert made.value(lambda spec: spec.name) == made.known(lambda spec: spec.name) == "fixed"
        assert made.value(lambda spec: spec.items) == ("a",)
        assert isinstance(made.value(lambda spec: spec.both), pulumi.Output)
        return {}

    run(program)


def test_a_value_behind_a_digest_is_not_mistaken_for_a_known_one() -> None:
    found = resolved(lambda spec: spec.digest, left=later("l"), right=None, items=[])
    assert found == hashlib.sha256(b"l").hexdigest()


def test_lists_of_outputs_are_resolved() -> None:
    values = [later("one"), "two"]
    assert resolved(lambda spec: list(spec.items), left="l", right=None, items=values) == ["one", "two"]


def test_an_output_may_turn_out_to_be_nothing() -> None:
    assert resolved(lambda spec: spec.both, left="l", right=later(None), items=[]) == "l+None"


def test_parts_depend_on_what_they_hold() -> None:
    def program() -> dict[str, Any]:
        made = Description(make, left=pulumi.Output.from_input("l"), right="r", items=[])
        part = made.part(lambda spec: (spec.name, spec.both))
        assert part.known(lambda pair: pair[0]) == "fixed"
        return {"found": part.value(lambda pair: pair[1])}

    assert run(program).outputs["found"] == "l+r"


def test_a_physical_name_must_not_depend_on_an_output() -> None:
    def program() -> dict[str, Any]:
        made = Description(make, left=pulumi.Output.from_input("l"), right=None, items=[])
        with pytest.raises(TypeError, match="must be known at a preview, but depends on left"):
            made.known(lambda spec: spec.both)
        return {}

    run(program)


def test_no_stand_in_reaches_a_resource(dev: Graph) -> None:
    assert len(dev.resources) > 100
    for item in dev.resources:
        assert "known:when:deployed" not in json.dumps(dict(item.inputs), default=str), item.name


def test_an_output_that_matters_only_beside_another_ones_real_value_is_resolved_too() -> None:
    """A cluster's brokers are wanted only if the resource is a cluster, which no stand-in is."""

    def build(resource: str, brokers: str) -> tuple[str, str]:
        return resource, brokers if ":cluster/" in resource else ""

    def program() -> dict[str, Any]:
        made = Description(
            build, resource=pulumi.Output.from_input("x:cluster/c"), brokers=pulumi.Output.from_input("b:9098")
        )
        return {"found": made.value(list)}

    assert run(program).outputs["found"] == ["x:cluster/c", "b:9098"]
