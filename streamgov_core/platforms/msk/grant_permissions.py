"""What a grant of a Kafka topic permits, on the owner's side and on the consumer's.

Actions and resources: "IAM access control" and "Multi-VPC private connectivity" of the MSK developer guide.
"""

from __future__ import annotations

from collections.abc import Iterator

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.usage import UsageMetric
from streamgov_core.platforms.msk import vpc_connections
from streamgov_core.platforms.msk.arns import ClusterArn, is_internal, topic_of
from streamgov_core.platforms.msk.form_types import PROVISIONED, SERVERLESS
from streamgov_core.platforms.protocol import IDENTITY_KINDS

TOPIC_DESCRIBE = "kafka-cluster:DescribeTopic*"
"""DescribeTopic, and DescribeTopicDynamicConfiguration (a topic's settings) with which sinks and consoles begin.

Each topic of a cluster's policy has a statement of its own: the pattern takes no more room than the first of the two.
Patterns of actions stand in the guide's own cluster policy ("Step 2: Attach a cluster policy to the MSK cluster").
"""
TOPIC_READ = (TOPIC_DESCRIBE, "kafka-cluster:ReadData")
TOPIC_WRITE = (TOPIC_DESCRIBE, "kafka-cluster:WriteData")
TOPIC_BOTH = (TOPIC_DESCRIBE, "kafka-cluster:ReadData", "kafka-cluster:WriteData")
GROUP = ("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup")
TRANSACTION = ("kafka-cluster:AlterTransactionalId", "kafka-cluster:DescribeTransactionalId")
CLUSTER_READ = ("kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration")
"""Lambda's event source mappings read the brokers' settings ("Configuring MSK permissions", IAM authentication)."""
CLUSTER_WRITE = (*CLUSTER_READ, "kafka-cluster:WriteDataIdempotently")
GRANTED_ACTIONS = frozenset(
    {
        *TOPIC_BOTH,
        "kafka-cluster:DescribeTopic",
        *GROUP,
        *TRANSACTION,
        *CLUSTER_WRITE,
        *vpc_connections.GRANTED_ACTIONS,
    }
)
"""Everything that a grant of a topic may ever ask for."""

BOUNDARY_ACTIONS = ("kafka-cluster:*", *vpc_connections.BOUNDARY_ACTIONS)


def review(command: GrantCommand) -> None:
    """Internal topics are never granted, and serverless clusters across accounts only if configuration allows it.

    Source: the MSK developer guide describes cluster policies for provisioned clusters; for serverless ones it is
    silent. UNVERIFIED[msk-serverless-policy] whether the service accepts them.

    Raises:
        ClaimRefusedError: an internal topic.
        PermanentGrantError: a serverless cluster, across accounts.
    """
    topic = topic_of(str(command.resource["arn"]))
    if command.grants and is_internal(topic):
        raise ClaimRefusedError(f"{topic!r} is an internal topic of Kafka or MSK, to which no access is given")
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
    """The cluster policy, for principals of other accounts and for connections that their accounts make."""
    principals = command.foreign_principals()
    # MSK refuses the permission while multi-VPC connectivity is off; with it on, the asset knows its brokers.
    connects = _managed_vpc(command) and command.resource.get("bootstrapBrokersVpc")
    accounts = command.assuming_accounts() if connects else ()
    if not principals and not accounts:
        return ()
    cluster = _cluster(command)
    permissions = tuple(
        Permission(item.kind, item.actions, item.resource, principal, item.shared)
        for principal in principals
        for item in _data_permissions(cluster, command, f"{command.consumer.account}.*")
    ) + tuple(
        Permission("vpc", vpc_connections.OWNER_ACTIONS, cluster.arn, principal, True)
        for principal in (*(principals if _managed_vpc(command) else ()), *accounts)
    )
    return (PolicyContribution(f"cluster#{cluster.arn}", tuple(sorted(permissions))),)


def consumer_permissions(names: Names, command: GrantCommand) -> tuple[Permission, ...]:
    """Data plane of topic, groups and cluster; finding the cluster, and managed VPC connections across accounts."""
    cluster = _cluster(command)
    permissions = list(_data_permissions(cluster, command, f"{command.consumer.group_prefix}*"))
    if _near(command, cluster):
        permissions.extend(vpc_connections.find_permissions(cluster))
    elif _managed_vpc(command):
        permissions.extend(vpc_connections.find_permissions(cluster))
        permissions.extend(vpc_connections.client_permissions(names, cluster, _account(command)))
    return tuple(sorted(permissions))


def network_permissions(names: Names, command: GrantCommand) -> tuple[Permission, ...]:
    """Making managed VPC connections to a provisioned cluster of another account."""
    cluster = _cluster(command)
    if _near(command, cluster) or not _managed_vpc(command):
        return ()
    return tuple(sorted(vpc_connections.maker_permissions(names, cluster, _account(command))))


def grants(kind: str, arn: str, permission: Permission) -> bool:
    """See ``Platform.grants``: in a cluster's policy only what belongs to the cluster."""
    if not GRANTED_ACTIONS.issuperset(permission.actions):
        return False
    if kind == "cluster":
        cluster = ClusterArn.parse(arn)
        own = (cluster.of(part, "") for part in ("topic", "group", "transactional-id"))
        return permission.resource == arn or permission.resource.startswith(tuple(own))
    if kind not in IDENTITY_KINDS:
        return False
    return vpc_connections.is_limited(permission) or ":kafka:" in permission.resource


def connection(command: GrantCommand) -> dict[str, str]:
    """Topic, prefixes and brokers: in other accounts those that a managed VPC connection leads to."""
    brokers = str(command.resource.get("bootstrapBrokers", ""))
    if not _near(command, _cluster(command)) and _managed_vpc(command):
        brokers = str(command.resource.get("bootstrapBrokersVpc", "")) or brokers
    return {
        "topic": str(command.resource["topic"]),
        "clusterArn": str(command.resource["clusterArn"]),
        "bootstrapBrokers": brokers,
        "bootstrapBrokersPublic": str(command.resource.get("bootstrapBrokersPublic", "")),
        "groupPrefix": command.consumer.group_prefix if command.request.reads else "",
        "transactionalIdPrefix": command.consumer.group_prefix if command.request.writes else "",
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


def _account(command: GrantCommand) -> str:
    """The account that carries this out: its roles are meant, others of the same grant may live elsewhere."""
    return command.account or command.consumer.account


def _near(command: GrantCommand, cluster: ClusterArn) -> bool:
    return _account(command) == cluster.account


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


def usage(command: GrantCommand) -> UsageMetric | None:
    """The lag of the project's consumer groups (MSK developer guide, "Monitor consumer lags").

    Their names begin with the project's prefix, which no other project's grant permits. A group that has stopped goes
    on having a lag until its offsets expire, after a week by default. Nothing tells of writers, and nothing of roles:
    MSK records no data plane calls in CloudTrail.
    """
    if not command.request.reads:
        return None
    cluster = ClusterArn.parse(str(command.resource["clusterArn"]))
    known = (("Cluster Name", cluster.name), ("Topic", str(command.resource["topic"])))
    groups = ("Consumer Group", command.consumer.group_prefix)
    return UsageMetric("AWS/Kafka", "SumOffsetLag", known, groups, False, "a consumer group of the project")
