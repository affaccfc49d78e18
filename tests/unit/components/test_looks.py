"""What a program names is asked for at a preview by resources of its components, as far as it is known and there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi import Account, SchemaRegistryDataSource, StreamGovernance, StreamSubscriptionTarget
from streamgov_pulumi.components.governance_args import StreamGovernanceArgs
from tests.unit.components.graph import Graph, run
from tests.unit.components.test_governance import DOMAIN, MEMBER, ROLE, arguments, member

GUARD = "pulumi-python:dynamic/streamgov:DestroyGuard"
OURS = f"arn:aws:iam::{MEMBER}:policy/streamgov/streamgov/streamgov-eu-west-1-consumer-boundary"


def guard(graph: Graph) -> Any:
    """What the guard is told to ask for."""
    return graph.one(GUARD, "gov-destroy-guard").inputs.get("named")


def asked(named: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Account and path -> what is asked."""
    return {(part["account"], item["path"]): item for part in named["accounts"] for item in part["items"]}


def of_facade(args: StreamGovernanceArgs, *, preview: bool = True) -> Any:
    def program() -> dict[str, Any]:
        StreamGovernance("gov", args)
        return {}

    return guard(run(program, preview=preview))


def test_the_facade_asks_at_a_preview_for_all_that_it_names() -> None:
    named = of_facade(arguments(permissions_boundary_name="corp/edge"))
    assert named["mode"] == "warn"
    found = asked(named)
    assert {where: (item["kind"], item["value"]) for where, item in found.items()} == {
        (DOMAIN, "domain.domain_id"): ("own_domain", "dzd-4p9n6sw4qt9xgn"),
        (DOMAIN, "permissions_boundary_name"): ("policy", f"arn:aws:iam::{DOMAIN}:policy/corp/edge"),
        (MEMBER, "permissions_boundary_name"): ("policy", f"arn:aws:iam::{MEMBER}:policy/corp/edge"),
        (MEMBER, "members[0].data_sources.orders.project_id"): ("project", "project1"),
        (MEMBER, "members[0].data_sources.orders.registry_name"): ("registry", "orders"),
        (MEMBER, "members[0].data_sources.orders.resource"): ("cluster", "orders-cluster"),
        (MEMBER, "members[0].targets.lake.principals[0]"): ("consumer", ROLE),
    }
    consumer = found[MEMBER, "members[0].targets.lake.principals[0]"]
    assert (consumer["boundary"], consumer["delivery"], "carried" in consumer) == (OURS, "auto", False)
    sessions = {part["account"]: (part["region"], part.get("assume_role_arn")) for part in named["accounts"]}
    assert sessions == {
        DOMAIN: ("eu-west-1", None),
        MEMBER: ("eu-west-1", f"arn:aws:iam::{MEMBER}:role/deploy"),
    }


def test_nothing_is_asked_in_an_update_or_if_the_program_says_never() -> None:
    """So nothing of it is in a state, and a preview shows no difference."""
    assert of_facade(arguments(), preview=False) is None
    assert of_facade(arguments(check_references="never")) is None
    assert of_facade(arguments(check_references="refuse"))["mode"] == "refuse"
    with pytest.raises(ConfigError, match="check_references must be one of warn, refuse, never, got 'always'"):
        of_facade(arguments(check_references="always"))


def test_what_the_words_alone_show_is_said_beside_it() -> None:
    role = f"arn:aws:iam::{MEMBER}:role/streamgov/other/other-eu-west-1-sync-orders"
    args = arguments(members=[{"access": {"account": MEMBER}, "deploy": False}])
    args["domain"]["contributors"] = {"orders": {"project_id": "project1", "role_arn": role}}
    [remark] = of_facade(args)["remarks"]
    assert remark.startswith(f"domain.contributors.orders.role_arn: {role} looks like a data source's role")


def of_program(
    new: Collection[str] = (), boundary: Any = None, delivery: str = "direct", secret: bool = False
) -> dict[str, dict[str, Any]]:
    """What is asked for a program that makes registry and role beside the facade, by path."""

    def program() -> dict[str, Any]:
        registry = aws.glue.Registry("registry", registry_name="made")
        policy = aws.iam.Policy("policy", policy="{}")
        limit = policy.arn if boundary == "its own" else boundary
        role = aws.iam.Role("role", assume_role_policy="{}", permissions_boundary=limit)
        arn = pulumi.Output.concat(f"arn:aws:iam::{MEMBER}:role/", role.arn.apply(lambda _: "made"))
        made = member()
        made["data_sources"]["orders"]["registry_name"] = (
            pulumi.Output.secret("made") if secret else registry.registry_name
        )
        made["targets"]["lake"] |= {"principals": [ROLE, arn], "delivery": delivery}
        if boundary == "its own":
            made["boundary_arn"] = policy.arn
        StreamGovernance("gov", arguments(members=[made]))
        return {}

    named = guard(run(program, preview=True, new=new))
    return {path: item for (_, path), item in asked(named).items()}


REGISTRY, SECOND = "members[0].data_sources.orders.registry_name", "members[0].targets.lake.principals[1]"


def test_what_the_program_makes_itself_is_asked_for_once_it_is_there() -> None:
    """The name of a registry is known before the registry is there."""
    there = of_program()
    assert there[REGISTRY]["value"] == "made"
    assert there[SECOND]["value"] == f"arn:aws:iam::{MEMBER}:role/made"
    before = of_program(new={"registry", "role"})
    assert REGISTRY not in before and SECOND not in before
    assert "members[0].targets.lake.principals[0]" in before, "what is known beside it is asked for all the same"


def test_a_secret_is_not_asked_for() -> None:
    assert REGISTRY not in of_program(secret=True)


def test_a_role_of_the_program_has_the_boundary_that_the_program_gives_it() -> None:
    """Whichever the live role has until then."""
    other = "arn:aws:iam::aws:policy/other"
    found = of_program(boundary=other)[SECOND]
    assert (found["kind"], found["boundary"], found["carried"]) == ("consumer", OURS, other)
    silent = of_program()[SECOND]
    assert silent["kind"] == "consumer" and "carried" not in silent, "then the role itself is asked"
    named = of_program(boundary="its own")[SECOND]
    assert named["kind"] == "consumer" and named["carried"] == named["boundary"]
    # A boundary that is made with it is not known yet: nobody can say that it is the wrong one.
    assert of_program(boundary="its own", new={"policy"})[SECOND]["kind"] == "role"


def test_components_that_stand_alone_ask_for_what_is_in_their_account() -> None:
    topic = f"arn:aws:sns:eu-west-1:{MEMBER}:alarms"

    def program() -> dict[str, Any]:
        account = Account({"account_id": MEMBER, "region": "eu-west-1", "alarm_topics": [topic]})
        where: dict[str, Any] = {"account": account, "domain_id": "dzd-4p9n6sw4qt9xgn", "platform": "kinesis"}
        source = {"project_id": "project1", "registry_name": "orders", "resource": "orders-*"}
        SchemaRegistryDataSource("source", {**where, **source})  # type: ignore[typeddict-item]
        foreign = ROLE.replace(MEMBER, DOMAIN)
        target = {"environment_id": "environment1", "principals": pulumi.Output.from_input([ROLE, foreign])}
        StreamSubscriptionTarget("target", {**where, **target})  # type: ignore[typeddict-item]
        StreamSubscriptionTarget(
            "silent",
            {**where, **target, "account": {**account, "check_references": "never"}},  # type: ignore[typeddict-item]
        )
        return {}

    graph = run(program, preview=True)
    membership = graph.one("pulumi-python:dynamic/streamgov:ProjectMembership", "source-membership").inputs
    assert {path: (item["kind"], item["value"]) for (_, path), item in asked(membership["named"]).items()} == {
        "source.registry_name": ("registry", "orders"),
        "source.resource": ("stream", "orders-*"),
        "source.account.alarm_topics[0]": ("topic", topic),
    }
    targets = {item.name: item.inputs for item in graph.all("pulumi-python:dynamic/streamgov:SubscriptionTarget")}
    assert {path: (item["kind"], item["value"]) for (_, path), item in asked(targets["target"]["named"]).items()} == {
        "target.principals[0]": ("role", ROLE),
        "target.account.alarm_topics[0]": ("topic", topic),
    }
    assert "named" not in targets["silent"]


def test_components_of_the_facade_leave_it_to_the_guard() -> None:
    def program() -> dict[str, Any]:
        StreamGovernance("gov", arguments())
        return {}

    graph = run(program, preview=True)
    assert [item.name for item in graph.resources if "named" in item.inputs] == ["gov-destroy-guard"]


@pytest.mark.parametrize("role", ["reader", "arn:aws:iam:", f"arn:aws:iam::{MEMBER}"])
def test_what_is_no_arn_is_left_to_the_resource_that_takes_it(role: str) -> None:
    args = arguments(
        members=[member(targets={"lake": {"platform": "msk", "environment_id": "e", "principals": [role]}})]
    )
    args["domain"]["contributors"] = {"orders": {"project_id": "project1", "role_arn": role}}
    named = of_facade(args)
    assert named["remarks"] == []
    assert not [path for _, path in asked(named) if "principals" in path or "contributors" in path]
