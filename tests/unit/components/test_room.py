"""What a preview says of documents that have room for only so many accounts or roles."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from streamgov_core.deploy.domain_deployment import members_that_fit
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_pulumi import CentralAuthorizer, EnvironmentAuthorizer
from tests.unit.components.conftest import no_bundles
from tests.unit.components.graph import Graph, run

__all__ = ["no_bundles"]
DOMAIN, MEMBER = "444455556666", "777788889999"
FIT = members_that_fit(Names("streamgov", "eu-west-1"), DOMAIN)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch, no_bundles: None) -> list[str]:
    """What a program warns of."""
    found: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, resource=None: found.append(text))
    return found


def central(count: int, *, late: bool = False, **more: Any) -> Graph:
    accounts = [f"{number:012}" for number in range(count)]

    def program() -> dict[str, Any]:
        members: Any = pulumi.Output.from_input(accounts) if late else accounts
        account: Any = {"account_id": DOMAIN, "region": "eu-west-1"}
        CentralAuthorizer(
            "central",
            {"account": account, "domain_id": "dzd-4p9n6sw4qt9xgn", "member_accounts": members, **more},  # type: ignore[typeddict-item]
        )
        return {}

    return run(program)


def test_a_preview_says_in_good_time_how_many_more_accounts_fit(warned: list[str]) -> None:
    central(10)
    assert warned == []
    central(FIT - 2)
    assert len(warned) == 1
    assert f"room for {FIT} member accounts, and there are {FIT - 2}: 2 more fit. Name their organisation" in warned[0]


def test_too_many_accounts_are_refused_with_the_number_that_fits(warned: list[str]) -> None:
    with pytest.raises(ConfigError, match=rf"with {FIT + 1} member accounts; {FIT} fit: name their organisation"):
        central(FIT + 1)


@pytest.mark.parametrize("late", [True, False])
def test_accounts_of_an_organisation_are_not_counted(warned: list[str], late: bool) -> None:
    graph = central(300, late=late, organization_id="o-a1b2c3d4e5")
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", "central-machine-policy").document("policy")
    (enter,) = [item for item in policy["Statement"] if item["Sid"] == "MemberAccounts"]
    assert enter["Condition"] == {"StringEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}}
    assert warned == [] and len(graph.variables("central-collect")["STREAMGOV_MEMBER_ACCOUNTS"]) > 4_096


def test_twenty_principals_in_each_of_many_targets_fit(no_bundles: None) -> None:
    """They are what the roles that may be given access are, without further word."""
    roles = [f"arn:aws:iam::{MEMBER}:role/streaming/consumer-{number}" for number in range(20 * 50)]

    def program() -> dict[str, Any]:
        account: Any = {"account_id": MEMBER, "region": "eu-west-1"}
        EnvironmentAuthorizer(
            "member",
            {"account": account, "domain_id": "dzd-1", "domain_account": DOMAIN, "consumer_roles": roles},
        )
        return {}

    graph = run(program)
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", "member-apply-policy").inputs["policy"]
    assert len(policy) < 10_240 and roles[0] not in policy
    assert all(role in graph.variables("member-apply")["STREAMGOV_CONSUMER_ROLES"] for role in roles)
