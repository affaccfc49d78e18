"""Roles that make network connections: an opt-in of the member's configuration, complete, and no other role's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iam_evaluation.conditions import Context
from iam_evaluation.document import parse
from iam_evaluation.evaluate import PolicySet, Principal, Request, Source, decide
from streamgov_core.deploy.member_deployment import member_account
from streamgov_core.deploy.member_permissions import consumer_boundary
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.errors import ConfigError
from tests.unit.deploy.deployed import deployed_variables
from tests.unit.grants.fakes import CLUSTER, CONSUMER, DOMAIN, NAMES, OWNER, command
from tests.unit.member.test_apply import ROLES, Member

MAKER = f"arn:aws:iam::{CONSUMER}:role/streaming/network"
READER = f"arn:aws:iam::{CONSUMER}:role/streaming/app"
CALLS = (
    ("kafka:CreateVpcConnection", f"arn:aws:kafka:us-east-1:{CONSUMER}:vpc-connection/{OWNER}/streaming-prod/1"),
    ("ec2:CreateVpcEndpoint", f"arn:aws:ec2:us-east-1:{CONSUMER}:vpc-endpoint/*"),
    ("ec2:CreateVpcEndpoint", f"arn:aws:ec2:us-east-1:{CONSUMER}:vpc/vpc-1"),
    ("ec2:CreateTags", f"arn:aws:ec2:us-east-1:{CONSUMER}:vpc-endpoint/*"),
    ("ec2:DescribeVpcAttribute", "*"),
    ("ec2:DescribeVpcs", "*"),
    ("ec2:DescribeSubnets", "*"),
    ("ec2:DescribeSecurityGroups", "*"),
    ("ec2:DescribeVpcEndpoints", "*"),
    (
        "iam:CreateServiceLinkedRole",
        f"arn:aws:iam::{CONSUMER}:role/aws-service-role/kafka.amazonaws.com/AWSServiceRoleForKafka",
    ),
)
"""What CreateVpcConnection depends on within the client's account (service authorization reference)."""


@pytest.fixture()
def member() -> Member:
    found = Member(CONSUMER, connection_roles=(MAKER,))
    for role in (MAKER, READER):
        found.gateway.iam.add(role)
        order = command(principals=(role,), side="consumer", account=CONSUMER, grant=role.rsplit("/", 1)[1])
        assert found.run(order)["status"] == "APPLIED"
    return found


def may(member: Member, role: str, action: str, resource: str) -> bool:
    """Whether the role's policies and its boundary allow a call within its account."""
    boundary = consumer_boundary(NAMES, CONSUMER, connection_roles=[MAKER])
    texts = [{"Version": "2012-10-17", "Statement": member.gateway.iam.statements(role)}]
    session = f"arn:aws:sts::{CONSUMER}:assumed-role/{role.rsplit('/', 1)[1]}/app"
    context: dict[str, Any] = {"aws:PrincipalArn": role, "iam:AWSServiceName": "kafka.amazonaws.com"}
    policies = PolicySet(
        identity=tuple(Source("identity", "identity policy", parse(json.dumps(text))) for text in texts),
        boundary=(Source("boundary", "boundary", parse(json.dumps(boundary))),),
        resource=(),
        resource_account=CONSUMER,
    )
    return decide(
        Request(action, resource, Principal(session, CONSUMER, role, "AROAROLE"), Context(context)), policies
    ).allowed


@pytest.mark.parametrize(("action", "resource"), CALLS)
def test_only_a_role_that_makes_connections_may(member: Member, action: str, resource: str) -> None:
    assert may(member, MAKER, action, resource)
    if not action.startswith("ec2:Describe"):
        assert not may(member, READER, action, resource)


def test_every_role_finds_the_cluster_and_its_connection(member: Member) -> None:
    for role in (MAKER, READER):
        for action, resource in (
            ("kafka:DescribeVpcConnection", CALLS[0][1]),
            ("kafka:ListVpcConnections", "*"),
            ("kafka:GetBootstrapBrokers", "*"),
        ):
            assert may(member, role, action, resource)
        statements = member.gateway.iam.statements(role)
        assert any("kafka:DescribeClusterV2" in item["Action"] and CLUSTER in item["Resource"] for item in statements)


def test_the_boundary_lets_other_roles_make_none_whatever_their_policies_say() -> None:
    """The ceiling: a team that attaches the actions itself gains nothing; without such roles nobody does."""
    for roles in ([], [MAKER]):
        allowed = [
            item
            for item in consumer_boundary(NAMES, CONSUMER, connection_roles=roles)["Statement"]
            if "kafka:CreateVpcConnection" in item["Action"] or "iam:PutRolePolicy" in item["Action"]
        ]
        assert [item["Condition"] for item in allowed] == [{"ArnEquals": {"aws:PrincipalArn": [MAKER]}}] * len(allowed)
        assert bool(allowed) is bool(roles)


def test_the_setting_reaches_function_and_boundary_and_is_checked() -> None:
    scope = AccountScope(NAMES, CONSUMER)
    more: dict[str, Any] = {"domain_id": DOMAIN, "domain_account": OWNER, "consumer_roles": list(ROLES)}
    made = member_account(scope, connection_roles=[MAKER], apply_concurrency=20, **more)
    settings = ApplySettings.from_environment(deployed_variables(made.apply))
    assert settings.connection_roles == (MAKER,) and made.apply.reserved_concurrency == 20
    assert any(item["Sid"] == "Connections" for item in made.boundary.document["Statement"])
    plain = member_account(scope, **more)
    assert plain.apply.reserved_concurrency is None
    assert all(item["Sid"] != "Connections" for item in plain.boundary.document["Statement"])
    for wrong in ("arn:aws:iam::333333333333:role/streaming/*", "arn:aws:iam::333333333333:role/elsewhere/x"):
        with pytest.raises(ConfigError, match="must be the ARN of one role that consumer_roles covers"):
            member_account(scope, connection_roles=[wrong], **more)
