"""What a configuration refers to is looked for, wherever it says so."""

from __future__ import annotations

from typing import Any

import pytest

from streamgov_pulumi.arguments.rules import Text
from streamgov_pulumi.components._wanted import reached, remarks, wanted
from streamgov_pulumi.config import parse
from streamgov_pulumi.config.reader import dotted, values_of
from streamgov_pulumi.config.stack_file import MODES
from streamgov_pulumi.providers import reference_kinds as kinds

DOMAIN, MEMBER, OTHER = "444455556666", "777788889999", "888899990000"
ROLE = f"arn:aws:iam::{MEMBER}:role"
FULL: dict[str, Any] = {
    "mode": "all",
    "region": "eu-west-1",
    "permissionsBoundaryName": "corp/edge",
    "alarmTopics": [f"arn:aws:sns:eu-west-1:{MEMBER}:alarms", f"arn:aws:sns:eu-west-1:{OTHER}:alarms"],
    "domain": {
        "account": DOMAIN,
        "assumeRoleArn": f"arn:aws:iam::{DOMAIN}:role/deploy",
        "domainId": "dzd-1a2b3c",
        "domainArn": f"arn:aws:datazone:eu-west-1:{DOMAIN}:domain/dzd-1a2b3c",
        "typesProjectId": "project0",
        "usableInDomainUnit": "unit0",
        "requestForm": {"use": "required", "domainUnitId": "unit1"},
        "memberProjects": {"orders": "project1"},
        "contributors": {"orders": {"projectId": "project1", "roleArn": f"{ROLE}/helper"}},
        "organizationId": "o-0123456789",
        "principalAccounts": {MEMBER: [OTHER]},
    },
    "members": [
        {
            "account": MEMBER,
            "assumeRoleArn": f"{ROLE}/deploy",
            "acceptShareArn": f"arn:aws:ram:eu-west-1:{DOMAIN}:resource-share/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f0",
            "trailArn": f"arn:aws:cloudtrail:eu-west-1:{MEMBER}:trail/main",
            "boundaryArn": f"arn:aws:iam::{MEMBER}:policy/corp/consumers",
            "consumerRoles": [f"{ROLE}/jobs/*"],
            "manualAssets": {"project3": [f"arn:aws:glue:eu-west-1:{MEMBER}:schema/orders/x"]},
            "dataSources": {
                "a": {
                    "platform": "msk",
                    "registryName": "reg",
                    "resource": "cluster",
                    "projectId": "project2",
                    "topics": ["*"],
                },
                "b": {"platform": "kinesis", "registryName": "reg-b", "resource": "str*", "projectId": "project2"},
            },
            "targets": {
                "lake": {
                    "platform": "msk",
                    "environmentId": "environment1",
                    "principals": [f"{ROLE}/jobs/reader", f"arn:aws:iam::{OTHER}:role/jobs/reader"],
                }
            },
        }
    ],
}
BY_THE_RESOURCE = {
    "domain.typesProjectId",
    "domain.requestForm.domainUnitId",
    "domain.memberProjects.orders",
    "domain.contributors.orders.projectId",
    "members[0].targets.lake.environmentId",
}
"""What the dynamic resource that uses it looks up itself (streamgov_pulumi.providers.existing)."""
NOBODYS = {
    # Assumed before anything else: whoever cannot is told so by the provider.
    "domain.assumeRoleArn",
    "members[0].assumeRoleArn",
    "domain.account",
    "members[0].account",
    # Patterns of what may come to exist.
    "members[0].consumerRoles[0]",
    "members[0].manualAssets.project3[0]",
    # In accounts that this stack does not reach, or that nobody can be asked about.
    "members[0].targets.lake.principals[1]",
    "domain.principalAccounts.444455556666",
    "domain.principalAccounts.777788889999[0]",
    "domain.organizationId",
    # Made in this stack's own time, or accepted by it.
    "members[0].acceptShareArn",
    "domain.domainArn",
    "region",
}


def full(**more: Any) -> Any:
    governance = parse({**FULL, **more}).governance
    assert governance is not None
    return governance


def test_each_setting_that_names_something_is_looked_up() -> None:
    """A new setting of that kind has to be placed here, or to be asked for."""
    named = {
        dotted(found.path)
        for found in values_of(MODES["all"].shape, FULL)
        if isinstance(found.rule, Text) and found.rule.find
    }
    paths = {item.path for item in wanted(full())}
    assert named - NOBODYS - BY_THE_RESOURCE - paths == set()
    assert paths - named == {"members[0].manualAssets.project3"}


def test_where_and_how_each_is_looked_for() -> None:
    found = {(item.path, item.account): (item.question.kind, item.question.value) for item in wanted(full())}
    assert found == {
        ("domain.domainId", DOMAIN): (kinds.own_domain, "dzd-1a2b3c"),
        ("domain.usableInDomainUnit", DOMAIN): (kinds.domain_unit, "unit0"),
        ("domain.contributors.orders.roleArn", MEMBER): (kinds.role, f"{ROLE}/helper"),
        ("permissionsBoundaryName", DOMAIN): (kinds.policy, f"arn:aws:iam::{DOMAIN}:policy/corp/edge"),
        ("permissionsBoundaryName", MEMBER): (kinds.policy, f"arn:aws:iam::{MEMBER}:policy/corp/edge"),
        ("alarmTopics[0]", MEMBER): (kinds.topic, f"arn:aws:sns:eu-west-1:{MEMBER}:alarms"),
        ("alarmTopics[1]", DOMAIN): (kinds.topic, f"arn:aws:sns:eu-west-1:{OTHER}:alarms"),
        ("members[0].dataSources.a.projectId", MEMBER): (kinds.project, "project2"),
        ("members[0].dataSources.a.registryName", MEMBER): (kinds.registry, "reg"),
        ("members[0].dataSources.a.resource", MEMBER): (kinds.cluster, "cluster"),
        ("members[0].dataSources.b.projectId", MEMBER): (kinds.project, "project2"),
        ("members[0].dataSources.b.registryName", MEMBER): (kinds.registry, "reg-b"),
        ("members[0].dataSources.b.resource", MEMBER): (kinds.stream, "str*"),
        ("members[0].targets.lake.principals[0]", MEMBER): (kinds.consumer, f"{ROLE}/jobs/reader"),
        ("members[0].manualAssets.project3", MEMBER): (kinds.project, "project3"),
        ("members[0].boundaryArn", MEMBER): (kinds.policy, f"arn:aws:iam::{MEMBER}:policy/corp/consumers"),
        ("members[0].trailArn", MEMBER): (kinds.trail, f"arn:aws:cloudtrail:eu-west-1:{MEMBER}:trail/main"),
    }


def test_split_stacks_ask_in_their_own_account() -> None:
    member = {
        "mode": "member",
        "region": "eu-west-1",
        "domain": {"account": DOMAIN, "domainId": "dzd-1a2b3c"},
        "member": {key: value for key, value in FULL["members"][0].items() if key != "acceptShareArn"},
    }
    args = parse(member).governance
    assert args is not None
    # Whoever accepts the domain's share with this very deployment may not see the domain before.
    accepting = parse({**member, "member": FULL["members"][0]}).governance
    assert accepting is not None
    assert "domain.domainId" not in {item.path for item in wanted(accepting)}
    assert list(reached(args)) == [MEMBER]
    asked = {item.path: item.account for item in wanted(args)}
    assert set(asked.values()) == {MEMBER}
    assert {"domain.domainId", "member.dataSources.a.resource", "member.targets.lake.principals[0]"} <= set(asked)


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("role/streamgov/streamgov/streamgov-eu-west-1-sync-orders", False),
        ("role/streamgov/other/other-eu-west-1-sync-orders", True),
        ("role/streamgov/streamgov/streamgov-us-east-1-sync-orders", True),
        ("role/data/helper", False),
    ],
)
def test_a_contributor_of_another_stack_is_judged_by_its_name(role: str, told: bool) -> None:
    contributors = {"orders": {"projectId": "project1", "roleArn": f"arn:aws:iam::{OTHER}:{role}"}}
    config = {key: value for key, value in FULL.items() if key != "members"}
    domain = {**FULL["domain"], "contributors": contributors}
    args = parse({**config, "mode": "domain", "domain": domain, "memberAccounts": [MEMBER, OTHER]}).governance
    assert args is not None
    found = remarks(args)
    assert bool(found) is told
    if told:
        assert found[0].startswith("domain.contributors.orders.roleArn: ")
        ours = f"arn:aws:iam::{OTHER}:role/streamgov/streamgov/streamgov-eu-west-1-sync-"
        assert f"are called {ours}<word> (in the member's stack: pulumi stack output dataSourceRoleArns)" in found[0]
