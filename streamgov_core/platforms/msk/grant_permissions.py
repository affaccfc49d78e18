"""What a grant of a Kafka topic permits, on the owner's side and on the consumer's.

Actions and resources: "IAM access control" and "Multi-VPC private connectivity" of the MSK developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.platforms.msk.arns import ClusterArn
from streamgov_core.platforms.msk.form_types import PROVISIONED, SERVERLESS

TOPIC_READ = ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData")
TOPIC_WRITE = ("kafka-cluster:DescribeTopic", "kafka-cluster:WriteData")
TOPIC_BOTH = ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData", "kafka-cluster:WriteData")
GROUP = ("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup")
TRANSACTION = ("kafka-cluster:AlterTransactionalId", "kafka-cluster:DescribeTransactionalId")
CLUSTER_READ = ("kafka-cluster:Connect",)
CLUSTER_WRITE = ("kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently")
VPC_OWNER = (
    "kafka:CreateVpcConnection",
    "kafka:DescribeCluster",
    "kafka:DescribeClusterV2",
    "kafka:GetBootstrapBrokers",
)
"""What a cluster policy grants clients in other accounts for managed VPC connections."""

BOUNDARY_ACTIONS = (
    "kafka-cluster:*",
    "kafka:CreateVpcConnection",
    "kafka:DescribeCluster*",
    "kafka:GetBootstrapBrokers",
    "ec2:CreateTags",
    "ec2:CreateVpcEndpoint",
)


def review(command: GrantCommand) -> None:
    """Serverless clusters are not granted across accounts unless the configuration allows it.

    Source: the MSK developer guide describes cluster policies for provisioned clusters; for serverless ones it is
    silent. UNVERIFIED[msk-serverless-policy] whether the service accepts them.

    Raises:
        PermanentGrantError: a serverless cluster, across accounts.
    """
    if (
        command.grants
        and command.foreign_principals()
        and command.resource["clusterType"] == SERVERLESS
        and not command.options.get("crossAccountServerless")
    ):
        raise PermanentGrantError(
            f"{command.resource['clusterArn']} is a serverless cluster: access from another account is documented "
            "for provisioned clusters only. Allow it with the option crossAccountServerless, or let the consumer "
            "assume a role in the cluster's account"
        )


def producer_contributions(command: GrantCommand) -> tuple[PolicyContribution, ...]:
    """The cluster policy, for the principals of other accounts; nothing within one account."""
    principals = command.foreign_principals()
    if not principals:
        return ()
    cluster = _cluster(command)
    permissions = tuple(
        Permission(item.kind, item.actions, item.resource, principal, item.shared)
        for principal in principals
        for item in _data_permissions(cluster, command, f"{command.consumer.account}.*")
    ) + tuple(
        Permission("vpc", VPC_OWNER, cluster.arn, principal, True) for principal in principals if _managed_vpc(command)
    )
    return (PolicyContribution(f"cluster#{cluster.arn}", tuple(sorted(permissions))),)


def consumer_permissions(names: Names, command: GrantCommand) -> tuple[Permission, ...]:
    """Data plane of topic, groups and cluster; managed VPC connections across accounts."""
    cluster = _cluster(command)
    permissions = list(_data_permissions(cluster, command, f"{command.consumer.group_prefix}*"))
    # The roles of the account that carries this out; others of the same grant may live elsewhere.
    account = command.account or command.consumer.account
    if account != cluster.account and _managed_vpc(command):
        permissions.extend(_vpc_client_permissions(names, cluster, account))
    return tuple(sorted(permissions))


def connection(command: GrantCommand) -> dict[str, str]:
    """Topic, group prefix and brokers: in other accounts those that a managed VPC connection leads to."""
    brokers = str(command.resource.get("bootstrapBrokers", ""))
    if command.foreign_principals() and _managed_vpc(command):
        brokers = str(command.resource.get("bootstrapBrokersVpc", "")) or brokers
    return {
        "topic": str(command.resource["topic"]),
        "clusterArn": str(command.resource["clusterArn"]),
        "bootstrapBrokers": brokers,
        "groupPrefix": command.consumer.group_prefix,
        "securityProtocol": "SASL_SSL",
        "saslMechanism": "OAUTHBEARER or AWS_MSK_IAM",
    }


def _cluster(command: GrantCommand) -> ClusterArn:
    """The cluster as the topic's ARN has it: what is claimed is the topic, and nothing of another cluster.

    Raises:
        ClaimRefusedError: the ARN is not that of one topic, or the command names another cluster beside it.
    """
    cluster, named = ClusterArn.of_topic(str(command.resource["arn"])), command.resource["clusterArn"]
    if cluster.arn != named:
        raise ClaimRefusedError(f"the topic {command.resource['arn']} is not one of the cluster {named}")
    return cluster


def _managed_vpc(command: GrantCommand) -> bool:
    return bool(command.options.get("managedVpc", True)) and command.resource["clusterType"] == PROVISIONED


def _data_permissions(cluster: ClusterArn, command: GrantCommand, owned: str) -> Iterator[Permission]:
    reads, writes = command.request.reads, command.request.writes
    topic_actions = TOPIC_BOTH if reads and writes else TOPIC_WRITE if writes else TOPIC_READ
    yield Permission("topic", topic_actions, str(command.resource["arn"]))
    yield Permission("cluster", CLUSTER_WRITE if writes else CLUSTER_READ, cluster.arn, shared=True)
    if reads:
        yield Permission("group", GROUP, cluster.of("group", owned), shared=True)
    if writes:
        yield Permission("transactional-id", TRANSACTION, cluster.of("transactional-id", owned), shared=True)


def _vpc_client_permissions(names: Names, cluster: ClusterArn, account: str) -> Iterator[Permission]:
    """The identity side of a managed VPC connection.

    Source: "Step 2: Attach user permissions" of multi-VPC private connectivity, which names ``*``; narrowed here to the
    cluster, the client's own account and tags set while an endpoint is created.
    """
    partition = names.partition
    cluster_actions = ("kafka:CreateVpcConnection", "kafka:DescribeCluster", "kafka:DescribeClusterV2")
    yield Permission("vpc-cluster", cluster_actions, cluster.arn, shared=True)
    yield Permission(
        "vpc-connection",
        ("kafka:CreateVpcConnection",),
        f"arn:{partition}:kafka:{cluster.region}:{account}:vpc-connection/{cluster.account}/{cluster.name}/*",
        shared=True,
    )
    # GetBootstrapBrokers knows no resource type.
    yield Permission("any", ("kafka:GetBootstrapBrokers",), "*", shared=True)
    yield Permission(
        "ec2", ("ec2:CreateVpcEndpoint",), f"arn:{partition}:ec2:{cluster.region}:{account}:*", shared=True
    )
    yield Permission(
        "ec2-tags",
        ("ec2:CreateTags",),
        f"arn:{partition}:ec2:{cluster.region}:{account}:vpc-endpoint/*",
        shared=True,
        condition=json.dumps({"StringEquals": {"ec2:CreateAction": "CreateVpcEndpoint"}}, separators=(",", ":")),
    )
