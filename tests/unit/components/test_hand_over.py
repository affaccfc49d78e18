"""What split stacks print for each other can be pasted into the other's file as it is."""

from __future__ import annotations

from typing import Any

import yaml

from streamgov_pulumi.config import parse
from tests.unit.components.conftest import deployed, raw_config


def pasted(text: str, into: dict[str, Any]) -> dict[str, Any]:
    """The file with the keys put in, section by section."""
    made = dict(into)
    for key, value in yaml.safe_load(text).items():
        name = key.removeprefix("streamgov:")
        made[name] = {**made.get(name, {}), **value} if isinstance(value, dict) else value
    return made


def test_a_members_stack_prints_what_the_domains_needs(no_bundles: None) -> None:
    text = deployed(parse(raw_config("member.example"))).outputs["forDomainStack"]
    domain = raw_config("domain.example")
    expected = domain["domain"].pop("contributors")
    # The graph's mocks make up ARNs of their own.
    text = text.replace(
        "arn:mock:aws:iam/role:Role:streamgov-777788889999-orders-sync-role", expected["orders"]["roleArn"]
    )
    assert pasted(text, domain)["domain"]["contributors"] == expected
    made = parse(pasted(text, domain)).governance
    assert made is not None
    [member] = made["members"]
    assert member["access"]["account"] == "777788889999"


def test_roles_of_further_accounts_and_of_a_stack_that_acts_in_the_domain(no_bundles: None) -> None:
    raw = raw_config("member.example")
    raw["member"]["targets"]["payments"]["principals"] = ["arn:aws:iam::888899990000:role/streaming/fraud-job"]
    raw["domain"]["assumeRoleArn"] = "arn:aws:iam::444455556666:role/members"
    text = deployed(parse(raw)).outputs["forDomainStack"]
    assert yaml.safe_load(text) == {
        "streamgov:memberAccounts": ["777788889999"],
        "streamgov:domain": {"principalAccounts": {"777788889999": ["888899990000"]}},
    }


def test_the_domains_stack_prints_what_members_need(no_bundles: None) -> None:
    raw = {**raw_config("domain.example"), "namespace": "team-a"}
    text = deployed(parse(raw)).outputs["forMemberStacks"]
    keys = yaml.safe_load(text)
    share = keys["streamgov:member"]["acceptShareArn"]
    assert share.startswith("arn:")
    assert keys == {
        "streamgov:region": "eu-west-1",
        "streamgov:namespace": "team-a",
        "streamgov:domain": {"account": "444455556666", "domainId": "dzd-4p9n6sw4qt9xgn"},
        "streamgov:member": {"acceptShareArn": share},
    }
    raw["domain"]["withinOrganization"] = True
    assert "streamgov:member" not in yaml.safe_load(deployed(parse(raw)).outputs["forMemberStacks"])


def test_one_stack_for_all_prints_nothing_to_paste(no_bundles: None) -> None:
    assert not [name for name in deployed(parse(raw_config("all.example"))).outputs if name.startswith("for")]
