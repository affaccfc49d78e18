"""Lambda SnapStart as an option of the components and of a stack's file."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from streamgov_pulumi import EnvironmentAuthorizer
from tests.unit.components.graph import Graph, run
from tests.unit.components.test_governance import DOMAIN, MEMBER, arguments, graph_of

FUNCTION, ALIAS = "aws:lambda/function:Function", "aws:lambda/alias:Alias"
VERSION = "pulumi-python:dynamic/streamgov:FunctionVersion"
WAITED_FOR = {"gov-central-collect", "gov-central-report", f"gov-{MEMBER}-apply"}


@pytest.fixture(scope="module")
def on(no_bundles: None) -> Graph:
    return graph_of(arguments(snap_start=True))


def published(graph: Graph) -> set[str]:
    return {item.name for item in graph.all(FUNCTION) if item.inputs.get("publish") or item.inputs.get("snapStart")}


def test_without_it_no_function_is_published_and_none_has_an_alias(no_bundles: None) -> None:
    graph = graph_of(arguments())
    assert published(graph) == set()
    assert graph.names(ALIAS) == graph.names(VERSION) == []


def test_what_a_grant_waits_for_is_published_and_named_by_its_alias(on: Graph) -> None:
    for name in WAITED_FOR:
        function = on.one(FUNCTION, name)
        assert function.inputs["publish"] is True
        assert function.inputs["snapStart"] == {"applyOn": "PublishedVersions"}
        alias = on.one(ALIAS, f"{name}-alias")
        assert (alias.inputs["name"], alias.inputs["functionName"]) == ("live", function.inputs["name"])
        version = on.one(VERSION, f"{name}-version")
        assert version.inputs["function_name"] == function.inputs["name"]
        assert version.inputs["version"] == alias.inputs["functionVersion"] == "7"
    assert set(on.names(ALIAS)) == {f"{name}-alias" for name in WAITED_FOR}
    others = {item.name for item in on.all(FUNCTION)} - WAITED_FOR
    assert others and not any("publish" in on.one(FUNCTION, name).inputs for name in others)


def test_machines_stand_behind_the_aliases_that_they_name(on: Graph) -> None:
    for machine, function in (
        ("gov-central-machine", "gov-central-collect"),
        (f"gov-{MEMBER}-machine", f"gov-{MEMBER}-apply"),
    ):
        definition = on.one("aws:sfn/stateMachine:StateMachine", machine).inputs["definition"]
        assert f"{on.one(FUNCTION, function).inputs['name']}:live" in definition


def test_a_version_is_waited_for_in_the_account_that_it_is_in(on: Graph) -> None:
    apply = on.one(VERSION, f"gov-{MEMBER}-apply-version").inputs
    assert apply["assume_role_arn"] == f"arn:aws:iam::{MEMBER}:role/deploy"
    assert "assume_role_arn" not in on.one(VERSION, "gov-central-collect-version").inputs


def test_given_up_the_aliases_stay_and_name_the_functions_as_they_are(no_bundles: None) -> None:
    graph = graph_of(arguments(snap_start=False))
    assert published(graph) == set()
    assert graph.names(VERSION) == []
    assert {item.inputs["functionVersion"] for item in graph.all(ALIAS)} == {"$LATEST"}
    assert set(graph.names(ALIAS)) == {f"{name}-alias" for name in WAITED_FOR}
    for item in graph.all("aws:sfn/stateMachine:StateMachine"):
        assert ":live" not in item.inputs["definition"]


def test_a_member_may_have_it_alone(no_bundles: None) -> None:
    def program() -> dict[str, Any]:
        EnvironmentAuthorizer(
            "member",
            {
                "account": {"account_id": MEMBER, "region": "eu-west-1"},
                "domain_id": "dzd-4p9n6sw4qt9xgn",
                "domain_account": pulumi.Output.from_input(DOMAIN),
                "snap_start": True,
            },
        )
        return {}

    graph = run(program)
    assert graph.names(ALIAS) == ["member-apply-alias"]
    definition = json.loads(graph.one("aws:sfn/stateMachine:StateMachine", "member-machine").inputs["definition"])
    assert definition["States"]["Apply"]["Parameters"]["FunctionName"].endswith("-apply:live")
