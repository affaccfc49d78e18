"""Managed VPC connections to clusters of other accounts: what clients need to use one, and what makes one.

A connection is made once for each client VPC, by a role that the member's configuration names; a role that only reads
or writes gets none of it. Sources: "Multi-VPC private connectivity" of the MSK developer guide ("Step 3: Cross-account
user actions to configure client-managed VPC connections"), and the dependent actions of CreateVpcConnection and
DeleteVpcConnection in the service authorization reference. Which of those the service checks is
UNVERIFIED[msk-vpc-connection-actions]: a role that makes connections gets all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.platforms.msk.arns import ClusterArn
from streamgov_core.platforms.protocol import Statement, allow

OWNER_ACTIONS = (
    "kafka:CreateVpcConnection",
    "kafka:DescribeCluster",
    "kafka:DescribeClusterV2",
    "kafka:GetBootstrapBrokers",
)
"""What a cluster policy grants clients in other accounts for managed VPC connections."""

FIND_ACTIONS = ("kafka:DescribeCluster", "kafka:DescribeClusterV2")
"""Looking at a cluster, as Lambda's event source mappings, Firehose and tools do ("Using Lambda with Amazon MSK")."""

BOUNDARY_ACTIONS = (
    "kafka:DescribeCluster*",
    "kafka:DescribeVpcConnection",
    "kafka:GetBootstrapBrokers",
    "kafka:ListVpcConnections",
)
"""What the boundary lets any consumer role do to find a cluster and a connection to it."""

_NETWORK_READS = (
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
)


_MAKER_ACTIONS = (
    "ec2:CreateTags",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteVpcEndpoints",
    "iam:AttachRolePolicy",
    "iam:CreateServiceLinkedRole",
    "iam:PutRolePolicy",
    "kafka:CreateVpcConnection",
    "kafka:DeleteVpcConnection",
)
_UNNAMED = (*_NETWORK_READS, "kafka:GetBootstrapBrokers", "kafka:ListVpcConnections")
"""Actions that know no resource."""

GRANTED_ACTIONS = frozenset({*OWNER_ACTIONS, *FIND_ACTIONS, *_UNNAMED, *_MAKER_ACTIONS, "kafka:DescribeVpcConnection"})
"""Everything that a grant may ever ask for in order to find or make connections."""


def is_limited(permission: Permission) -> bool:
    """Whether a permission on other things than clusters stays within what connections need."""
    actions, resource = set(permission.actions), permission.resource
    if any(action.startswith("iam:") for action in actions):
        return ":role/aws-service-role/kafka.amazonaws.com/" in resource
    if resource == "*":
        return actions <= {*_UNNAMED}
    return ":ec2:" in resource and all(action.startswith("ec2:") for action in actions)


def service_linked_role(partition: str, account: str) -> str:
    """ARN pattern of the role with which MSK makes endpoints in an account ("Service-linked roles for Amazon MSK")."""
    return f"arn:{partition}:iam::{account}:role/aws-service-role/kafka.amazonaws.com/AWSServiceRoleForKafka*"


def maker_boundary(names: Names, account: str) -> list[Statement]:
    """What the boundary lets only those roles do that make connections, and lets no other role do at all."""
    network = ["ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints"]
    connections = ["kafka:CreateVpcConnection", "kafka:DeleteVpcConnection"]
    linked = ["iam:AttachRolePolicy", "iam:CreateServiceLinkedRole", "iam:PutRolePolicy"]
    return [
        # A boundary is a ceiling: the policies under it name the account's endpoints and the granted clusters.
        allow("Connections", [*network, *connections], ["*"]),
        allow("ConnectionsLinkedRole", linked, [service_linked_role(names.partition, account)]),
    ]


def find_permissions(cluster: ClusterArn) -> Iterator[Permission]:
    """Find the cluster and its brokers. Lambda's event source mappings ask for it with the function's role."""
    yield Permission("vpc-cluster", FIND_ACTIONS, cluster.arn, shared=True)
    # GetBootstrapBrokers knows no resource type.
    yield Permission("any", ("kafka:GetBootstrapBrokers",), "*", shared=True)


def client_permissions(names: Names, cluster: ClusterArn, account: str) -> Iterator[Permission]:
    """Find a connection of the client's account to the cluster, as Lambda does for clusters of other accounts."""
    connections = _connections(names, cluster, account)
    yield Permission("vpc-connection", ("kafka:DescribeVpcConnection",), connections, shared=True)
    # ListVpcConnections knows no resource type.
    yield Permission("any", ("kafka:ListVpcConnections",), "*", shared=True)


def maker_permissions(names: Names, cluster: ClusterArn, account: str) -> Iterator[Permission]:
    """Make, see and delete connections from the client's account to the cluster."""
    partition = names.partition
    yield Permission("vpc-cluster", ("kafka:CreateVpcConnection",), cluster.arn, shared=True)
    yield Permission(
        "vpc-connection",
        ("kafka:CreateVpcConnection", "kafka:DeleteVpcConnection", "kafka:DescribeVpcConnection"),
        _connections(names, cluster, account),
        shared=True,
    )
    # Describing a network knows no resource type.
    yield Permission("any", _NETWORK_READS, "*", shared=True)
    network = f"arn:{partition}:ec2:{cluster.region}:{account}"
    yield Permission("ec2", ("ec2:CreateVpcEndpoint",), f"{network}:*", shared=True)
    # How MSK tags an endpoint is not documented: with the call that makes it, or afterwards.
    endpoint_actions = ("ec2:CreateTags", "ec2:DeleteVpcEndpoints")
    yield Permission("ec2-endpoint", endpoint_actions, f"{network}:vpc-endpoint/*", shared=True)
    linked = service_linked_role(partition, account)
    yield Permission("linked-role", ("iam:AttachRolePolicy", "iam:PutRolePolicy"), linked, shared=True)
    yield Permission(
        "linked-role-creation",
        ("iam:CreateServiceLinkedRole",),
        linked,
        shared=True,
        condition=json.dumps({"StringLike": {"iam:AWSServiceName": "kafka.amazonaws.com"}}, separators=(",", ":")),
    )


def _connections(names: Names, cluster: ClusterArn, account: str) -> str:
    return f"arn:{names.partition}:kafka:{cluster.region}:{account}:vpc-connection/{cluster.account}/{cluster.name}/*"
