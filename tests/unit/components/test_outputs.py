"""Each component publishes what it declares: as attributes, and as the outputs that other languages see."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

from tests.unit.components.graph import run
from tests.unit.components.test_inputs import COMPONENTS, OTHER, arguments_type, passed


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_declared_output_is_published(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    published: dict[str, Any] = {}
    register = pulumi.ComponentResource.register_outputs

    def remember(self: pulumi.ComponentResource, outputs: Any) -> None:
        if type(self) is COMPONENTS[name]:
            published.update(outputs)
        register(self, outputs)

    monkeypatch.setattr(pulumi.ComponentResource, "register_outputs", remember)
    declared = set(Analyzer("streamgov").analyze_component(COMPONENTS[name]).outputs_mapping.values())
    assert declared

    def program() -> dict[str, Any]:
        args = passed(arguments_type(COMPONENTS[name]), "", lambda value: value)
        if "members" in args:  # a domain that is not its own member is shared
            args["domain"]["access"] = {"account": OTHER}
        made = COMPONENTS[name]("made", args)
        return {key: getattr(made, key) for key in declared}

    found = run(program).outputs
    assert set(published) == declared
    assert not [key for key in declared if found[key] in (None, {}, "")]


def test_a_domains_stack_exports_what_a_members_needs() -> None:
    """The share to accept; and the other way the role that becomes a contributor."""
    outputs = Analyzer("streamgov").analyze_component(COMPONENTS["StreamGovernance"]).outputs
    assert {"shareArn", "dataSourceRoleArns", "targetIds", "memberMachineArns", "boundaryArns"} <= set(outputs)
