"""Amazon MSK: a Kafka topic of a provisioned or serverless cluster, reached with IAM access control.

Actions and resources: "IAM access control" and "Multi-VPC private connectivity" of the MSK developer guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.model.forms import (
    RELATIONAL_TABLE_FORM,
    RELATIONAL_TABLE_FORM_TYPE,
    AssetTypeModel,
    FormField,
    FormModel,
)
from streamgov_core.model.naming import PARTITION_PATTERN
from streamgov_core.model.permission import Permission
from streamgov_core.platforms.platform import Claim, Forms, form_of, schema_ref, text
from streamgov_core.platforms.schema_form import SCHEMA_FIELDS

if TYPE_CHECKING:
    from streamgov_core.documents.policy_document import PolicyDocument
    from streamgov_core.model.command import GrantCommand
    from streamgov_core.model.naming import Names
    from streamgov_core.runtime.clients import Clients

SOURCE_FORM = "MskSourceReferenceFormType"
SCHEMA_FORM = "KafkaSchemaFormType"
PROVISIONED = "PROVISIONED"
SERVERLESS = "SERVERLESS"

_CLUSTER = re.compile(
    rf"arn:(?P<partition>{PARTITION_PATTERN}):kafka:(?P<region>[a-z0-9-]+):(?P<account>\d{{12}}):"
    r"cluster/(?P<name>[a-zA-Z0-9-]{1,64})/(?P<uuid>[a-zA-Z0-9-]{1,64})"
)
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_BROKERS = {
    "bootstrap_brokers": "bootstrapBrokers",
    "bootstrap_brokers_vpc_connectivity": "bootstrapBrokersVpc",
    "bootstrap_brokers_public": "bootstrapBrokersPublic",
}
"""Members of the source form and of the claim's resource."""

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
"""What a cluster policy gives to clients in other accounts for managed VPC connections."""


@dataclass(frozen=True)
class ClusterArn:
    """A cluster's ARN taken apart; the uuid carries the suffix (``…-7``, ``…-s3``)."""

    arn: str
    partition: str
    region: str
    account: str
    name: str
    uuid: str

    @classmethod
    def parse(cls, arn: str) -> ClusterArn:
        """Read a cluster ARN.

        Raises:
            ClaimRefusedError: it is none.
        """
        match = _CLUSTER.fullmatch(arn)
        if match is None:
            raise ClaimRefusedError(f"cluster_arn is not the ARN of an MSK cluster: {arn!r}")
        return cls(arn, **match.groupdict())

    def of(self, kind: str, name: str) -> str:
        """ARN of a topic, group or transactional id of this cluster; ``name`` may end in a wildcard."""
        return f"arn:{self.partition}:kafka:{self.region}:{self.account}:{kind}/{self.name}/{self.uuid}/{name}"


def topic_arn(cluster_arn: str, topic: str) -> str:
    """ARN of a topic.

    Raises:
        ClaimRefusedError: the cluster's ARN or the topic's name is not legal.
    """
    if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise ClaimRefusedError(f"{topic!r} is not a legal Kafka topic name (1 to 249 of a-z, A-Z, 0-9, '.', '_', '-')")
    return ClusterArn.parse(cluster_arn).of("topic", topic)


def topic_of(arn: str) -> str:
    """The topic's name in a topic ARN.

    Raises:
        ClaimRefusedError: it is none.
    """
    head, _, path = arn.partition(":topic/")
    pieces = path.split("/")
    if len(pieces) != 3 or topic_arn(f"{head}:cluster/{pieces[0]}/{pieces[1]}", pieces[2]) != arn:
        raise ClaimRefusedError(f"not the ARN of a Kafka topic: {arn!r}")
    return pieces[2]


class Msk:
    """The MSK platform. Stateless."""

    name = "msk"
    asset_type_base = "MskTopicAssetType"

    def form_models(self, names: Names) -> tuple[FormModel, ...]:
        """``MskSourceReferenceFormType`` and ``KafkaSchemaFormType``."""
        source = FormModel(
            names.type_name(SOURCE_FORM),
            (
                FormField("cluster_arn", required=True, display_name="Cluster ARN", searchable=True),
                FormField(
                    "cluster_type",
                    required=True,
                    display_name="Cluster type",
                    documentation="PROVISIONED or SERVERLESS: they are granted differently",
                ),
                FormField("cluster_name", display_name="Cluster name", searchable=True),
                FormField("bootstrap_brokers", display_name="Bootstrap brokers (IAM)"),
                FormField(
                    "bootstrap_brokers_vpc_connectivity",
                    display_name="Bootstrap brokers (IAM, multi-VPC)",
                    documentation="For clients in other VPCs and accounts, by a managed VPC connection",
                ),
                FormField("bootstrap_brokers_public", display_name="Bootstrap brokers (IAM, public)"),
                FormField(
                    "client_authentication",
                    display_name="Client authentication",
                    documentation="Methods that the cluster admits; all but IAM bypass grants",
                ),
            ),
            "Where a Kafka topic lives",
        )
        schema = FormModel(
            names.type_name(SCHEMA_FORM),
            (
                FormField("kafka_topic", required=True, display_name="Topic", searchable=True),
                FormField("partitions", "Integer", display_name="Partitions"),
                FormField("replication_factor", "Integer", display_name="Replication factor"),
                FormField("retention_ms", "Long", display_name="Retention (ms)", documentation="-1: for ever"),
                *SCHEMA_FIELDS,
            ),
            "The topic and its schema in the Glue Schema Registry",
        )
        return source, schema

    def asset_type(self, names: Names) -> AssetTypeModel:
        """``MskTopicAssetType``: both forms and the columns."""
        return AssetTypeModel(
            names.type_name(self.asset_type_base),
            {
                RELATIONAL_TABLE_FORM: (RELATIONAL_TABLE_FORM_TYPE, True),
                SOURCE_FORM: (names.type_name(SOURCE_FORM), True),
                SCHEMA_FORM: (names.type_name(SCHEMA_FORM), True),
            },
            "A Kafka topic on Amazon MSK",
        )

    def claim(self, forms: Forms) -> Claim:
        """Read cluster, topic and schema; every part is checked, since it ends in policies."""
        source = form_of(forms, SOURCE_FORM)
        schema = form_of(forms, SCHEMA_FORM)
        cluster = ClusterArn.parse(text(source, "cluster_arn", SOURCE_FORM))
        cluster_type = text(source, "cluster_type", SOURCE_FORM)
        if cluster_type not in (PROVISIONED, SERVERLESS):
            raise ClaimRefusedError(f"cluster_type must be {PROVISIONED} or {SERVERLESS}, got {cluster_type!r}")
        topic = text(schema, "kafka_topic", SCHEMA_FORM)
        arn = topic_arn(cluster.arn, topic)
        resource = {"arn": arn, "clusterArn": cluster.arn, "clusterType": cluster_type, "topic": topic}
        for member, key in _BROKERS.items():
            brokers = text(source, member, SOURCE_FORM, required=False)
            if brokers:
                resource[key] = brokers
        return Claim(cluster.account, cluster.region, resource, schema_ref(schema, SCHEMA_FORM))

    def review(self, command: GrantCommand) -> None:
        """Serverless clusters are not granted across accounts unless the configuration allows it.

        Source: the MSK developer guide describes cluster policies for provisioned clusters; for serverless ones it is
        silent. UNVERIFIED whether the service accepts them.
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

    def producer_contributions(self, names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
        """The cluster policy, for the principals of other accounts; nothing within one account."""
        principals = command.foreign_principals()
        if not principals:
            return ()
        cluster = _cluster(command)
        permissions = tuple(
            Permission(item.kind, item.actions, item.resource, principal, item.shared)
            for principal in principals
            for item in self._data_permissions(cluster, command, f"{command.consumer.account}.*")
        ) + tuple(
            Permission("vpc", VPC_OWNER, cluster.arn, principal, True)
            for principal in principals
            if self._managed_vpc(command)
        )
        return (PolicyContribution(f"cluster#{cluster.arn}", tuple(sorted(permissions))),)

    def consumer_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        """Data plane of topic, groups and cluster; managed VPC connections across accounts."""
        cluster = _cluster(command)
        permissions = list(self._data_permissions(cluster, command, f"{command.consumer.group_prefix}*"))
        # The roles of the account that carries this out; others of the same grant may live elsewhere.
        account = command.account or command.consumer.account
        if account != cluster.account and self._managed_vpc(command):
            permissions.extend(_vpc_client_permissions(names, cluster, account))
        return tuple(sorted(permissions))

    def connection(self, command: GrantCommand) -> dict[str, str]:
        """Topic, group prefix and brokers: in other accounts those that a managed VPC connection leads to."""
        brokers = str(command.resource.get("bootstrapBrokers", ""))
        if command.foreign_principals() and self._managed_vpc(command):
            brokers = str(command.resource.get("bootstrapBrokersVpc", "")) or brokers
        return {
            "topic": str(command.resource["topic"]),
            "clusterArn": str(command.resource["clusterArn"]),
            "bootstrapBrokers": brokers,
            "groupPrefix": command.consumer.group_prefix,
            "securityProtocol": "SASL_SSL",
            "saslMechanism": "OAUTHBEARER or AWS_MSK_IAM",
        }

    def policy_document(self, kind: str, arn: str, sid_prefix: str, clients: Clients) -> PolicyDocument | None:
        """Cluster policies."""
        from streamgov_core.documents.resource_policy import ResourcePolicyDocument
        from streamgov_core.platforms.msk.cluster_policy import ClusterPolicies

        if kind != "cluster":
            return None
        return ResourcePolicyDocument(ClusterPolicies(lambda: clients.client("kafka")), arn, sid_prefix, eager=True)

    def inspect(self, command: GrantCommand, clients: Clients) -> dict[str, Any]:
        """What the cluster is, whether it can be reached, and what bypasses IAM."""
        from streamgov_core.platforms.msk.cluster_policy import inspect_cluster

        return inspect_cluster(clients.client("kafka"), command)

    def member_statements(self, names: Names, account: str) -> list[dict[str, Any]]:
        """Cluster policies of the account's own clusters in this region, and what a cluster is."""
        return [
            {
                "Sid": "MskClusterPolicies",
                "Effect": "Allow",
                "Action": [
                    "kafka:DeleteClusterPolicy",
                    "kafka:DescribeClusterV2",
                    "kafka:GetClusterPolicy",
                    "kafka:PutClusterPolicy",
                ],
                # Which clusters will be governed is not known when the function is deployed: those of this account.
                "Resource": names.arn("kafka", account, "cluster/*"),
            }
        ]

    def _managed_vpc(self, command: GrantCommand) -> bool:
        return bool(command.options.get("managedVpc", True)) and command.resource["clusterType"] == PROVISIONED

    def _data_permissions(self, cluster: ClusterArn, command: GrantCommand, owned: str) -> Iterator[Permission]:
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


def _cluster(command: GrantCommand) -> ClusterArn:
    return ClusterArn.parse(str(command.resource["clusterArn"]))
