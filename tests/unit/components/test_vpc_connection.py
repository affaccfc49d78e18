"""The one-time VPC connection: what is registered, and mistakes that are found before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi import MskVpcConnection
from streamgov_pulumi.components._settings import Settings
from streamgov_pulumi.components.vpc_connection import check_cluster
from tests.unit.components.graph import Graph, run

OWN, OTHER = "777788889999", "444455556666"
OWNER: Any = {"region": "eu-west-1", "account_id": OWN, "tags": {"team": "fraud"}}
CLUSTER = f"arn:aws:kafka:eu-west-1:{OTHER}:cluster/orders/1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7"


def graph_of(**changes: Any) -> Graph:
    args: dict[str, Any] = {
        "account": OWNER,
        "cluster_arn": CLUSTER,
        "vpc_id": "vpc-1",
        "client_subnets": ["subnet-a", "subnet-b"],
        "security_groups": ["sg-1"],
        **changes,
    }

    def program() -> dict[str, Any]:
        return {"arn": MskVpcConnection("orders", args).connection_arn}  # type: ignore[arg-type]

    return run(program)


def test_it_connects_the_vpc_to_the_cluster() -> None:
    graph = graph_of()
    made = graph.one("aws:msk/vpcConnection:VpcConnection", "orders-connection")
    assert made.inputs == {
        "targetClusterArn": CLUSTER,
        "authentication": "SASL_IAM",
        "vpcId": "vpc-1",
        "clientSubnets": ["subnet-a", "subnet-b"],
        "securityGroups": ["sg-1"],
        "tags": {"team": "fraud"},
    }
    assert made.parent == "orders"
    assert graph.outputs["arn"] == "arn:mock:aws:msk/vpcConnection:VpcConnection:orders-connection"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"authentication": "PLAIN"}, "orders: authentication must be one of SASL_IAM, SASL_SCRAM, TLS, got 'PLAIN'"),
        ({"client_subnets": ["subnet-a"]}, "orders: client_subnets must be two or three subnets"),
        ({"security_groups": []}, "orders: security_groups must name at least one group"),
    ],
)
def test_mistakes_of_shape_are_found_at_once(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        graph_of(**changes)


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        ("orders", "must be the ARN of an MSK cluster"),
        (CLUSTER.replace("b0-7", "b0-s3"), "is serverless; managed VPC connections lead to provisioned clusters only"),
        (
            CLUSTER.replace("eu-west-1", "us-east-1"),
            "is in us-east-1; a managed VPC connection stays within its region",
        ),
    ],
)
def test_a_cluster_that_cannot_be_connected_to_is_refused_with_the_reason(arn: str, reason: str) -> None:
    settings = Settings.of(OWNER)
    assert check_cluster("orders", settings, CLUSTER) == CLUSTER
    with pytest.raises(ConfigError, match=reason):
        check_cluster("orders", settings, arn)
