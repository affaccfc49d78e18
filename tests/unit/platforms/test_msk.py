"""MSK: types, claims, permissions, and what a cluster must be."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import botocore.exceptions
import pytest
from policy_sentry.querying.actions import get_actions_for_service

from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.platforms.msk.arns import topic_arn
from streamgov_core.platforms.msk.form_types import SCHEMA_FORM, SOURCE_FORM
from streamgov_core.platforms.msk.grant_permissions import TOPIC_DESCRIBE
from streamgov_core.platforms.msk.inspection import bypasses, inspect_cluster
from streamgov_core.platforms.msk.platform import Msk
from tests.unit.grants.fakes import CLUSTER, CONSUMER, NAMES, OWNER, REGISTRY, ROLE, SERVERLESS, command, schema_of

MSK = Msk()


def forms(source: dict[str, Any] | None = None, schema: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    return {
        SOURCE_FORM: {"cluster_arn": CLUSTER, "cluster_type": "PROVISIONED", **(source or {})},
        SCHEMA_FORM: {"kafka_topic": "orders", **(schema or {})},
    }


def test_the_asset_type_refers_to_the_forms_of_its_namespace() -> None:
    team = Names(namespace="team-a")
    models = {model.name for model in MSK.form_models(team)}
    asset_type = MSK.asset_type(team)
    assert asset_type.name == "MskTopicAssetTypeTeamA"
    assert asset_type.forms[SOURCE_FORM] == ("MskSourceReferenceFormTypeTeamA", True)
    assert models <= {name for name, _ in asset_type.forms.values()}
    assert all(model.smithy().startswith(f"structure {model.name} {{") for model in MSK.form_models(team))
    required = {f.name for model in MSK.form_models(NAMES) for f in model.fields if f.required}
    assert required == {"cluster_arn", "cluster_type", "kafka_topic"}


def test_a_claim_names_account_region_topic_and_schema() -> None:
    schema = schema_of("orders")
    claim = MSK.claim(forms(schema={"schema_arn": schema.schema_arn, "registry_arn": REGISTRY}))
    assert (claim.account, claim.region, claim.schema) == (OWNER, "us-east-1", schema)
    assert claim.arn == CLUSTER.replace(":cluster/", ":topic/") + "/orders"
    assert MSK.claim(forms()).schema is None


@pytest.mark.parametrize(
    ("source", "schema", "reason"),
    [
        ({"cluster_arn": ""}, {}, "no cluster_arn"),
        ({"cluster_arn": 5}, {}, "must be text"),
        ({"cluster_arn": CLUSTER + "/more"}, {}, "not the ARN"),
        ({"cluster_arn": CLUSTER.replace("streaming-prod", "*")}, {}, "not the ARN"),
        ({"cluster_type": "BIG"}, {}, "cluster_type"),
        ({}, {"kafka_topic": "*"}, "legal Kafka topic"),
        ({}, {"kafka_topic": "a b"}, "legal Kafka topic"),
        ({}, {"kafka_topic": "x" * 250}, "legal Kafka topic"),
        ({}, {"kafka_topic": ".."}, "legal Kafka topic"),
        ({}, {"kafka_topic": "orders\n"}, "legal Kafka topic"),
        ({}, {"schema_arn": "arn:x", "registry_arn": REGISTRY}, "one Glue registry"),
        ({}, {"schema_arn": schema_of("a").schema_arn}, "one Glue registry"),
        ({}, {"schema_arn": schema_of("a").schema_arn, "registry_arn": REGISTRY + "2"}, "does not belong"),
    ],
)
def test_claims_that_would_end_in_a_wrong_policy(source: dict[str, Any], schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(ClaimRefusedError, match=reason):
        MSK.claim(forms(source, schema))


FIND = {"kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"}
MAKE = {
    "ec2:CreateTags",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteVpcEndpoints",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "iam:AttachRolePolicy",
    "iam:CreateServiceLinkedRole",
    "iam:PutRolePolicy",
    "kafka:CreateVpcConnection",
    "kafka:DeleteVpcConnection",
    "kafka:DescribeVpcConnection",
}


def control_plane(permissions: Iterable[Permission]) -> set[str]:
    found = {action for permission in permissions for action in permission.actions}
    return {action for action in found if not action.startswith("kafka-cluster:")}


def test_a_role_that_reads_finds_the_cluster_and_makes_no_connection() -> None:
    """Across accounts it also finds the connection, as Lambda's event source mappings do with the function's role."""

    def of_role(**given: Any) -> set[str]:
        return control_plane(MSK.consumer_permissions(NAMES, command(**{"account": CONSUMER, **given})))

    assert of_role() == FIND | {"kafka:DescribeVpcConnection", "kafka:ListVpcConnections"}
    assert of_role(principals=(f"arn:aws:iam::{OWNER}:role/x",), account=OWNER) == FIND
    assert of_role(options={"managedVpc": False}) == set()
    assert of_role(cluster=SERVERLESS, options={"crossAccountServerless": True}) == set()
    # The cluster's policy admits connections of the consumer's account; without the identity's side nobody makes one.
    owner_side = [p for i in MSK.producer_contributions(NAMES, command()) for p in i.permissions]
    assert control_plane(owner_side) == FIND | {"kafka:CreateVpcConnection"}


def test_a_role_that_makes_connections_gets_all_that_the_call_depends_on() -> None:
    given = MSK.network_permissions(NAMES, command(account=CONSUMER))
    assert control_plane(given) == MAKE
    linked = [item for item in given if any(action.startswith("iam:") for action in item.actions)]
    assert {item.resource.rsplit("/", 1)[0] for item in linked} == {
        f"arn:aws:iam::{CONSUMER}:role/aws-service-role/kafka.amazonaws.com"
    }
    assert MSK.network_permissions(NAMES, command(principals=(f"arn:aws:iam::{OWNER}:role/x",), account=OWNER)) == ()
    assert MSK.network_permissions(NAMES, command(account=CONSUMER, options={"managedVpc": False})) == ()
    ceiling = {action for statement in MSK.network_boundary(NAMES, CONSUMER) for action in statement["Action"]}
    assert {action for action in MAKE if ":Describe" not in action} == ceiling


def test_tools_and_lambda_may_read_settings_of_topic_and_brokers() -> None:
    """Both sides: across accounts the cluster's policy is one that nobody on the consumer's side can add to."""
    for access in ("READ", "WRITE", "READ_WRITE"):
        order = command(access=access)
        for permissions in (
            MSK.consumer_permissions(NAMES, order),
            [p for i in MSK.producer_contributions(NAMES, order) for p in i.permissions],
        ):
            given = {(permission.kind, action) for permission in permissions for action in permission.actions}
            assert ("cluster", "kafka-cluster:DescribeClusterDynamicConfiguration") in given
            assert ("topic", "kafka-cluster:DescribeTopic*") in given


def test_the_pattern_of_a_topics_actions_means_describing_it_and_its_settings() -> None:
    assert sorted(fnmatch.filter(get_actions_for_service("kafka-cluster"), TOPIC_DESCRIBE)) == [
        "kafka-cluster:DescribeTopic",
        "kafka-cluster:DescribeTopicDynamicConfiguration",
    ]


def test_in_a_grant_to_roles_of_several_accounts_only_those_of_other_accounts_look_for_connections() -> None:
    both = command(principals=(ROLE, f"arn:aws:iam::{OWNER}:role/streaming/local"))
    actions = {
        account: control_plane(MSK.consumer_permissions(NAMES, replace(both, account=account)))
        for account in (OWNER, CONSUMER)
    }
    assert actions[CONSUMER] - actions[OWNER] == {"kafka:DescribeVpcConnection", "kafka:ListVpcConnections"}
    principals = {p.principal_arn for i in MSK.producer_contributions(NAMES, both) for p in i.permissions}
    assert principals == {ROLE}


def test_writing_brings_transactions_and_idempotence_and_no_groups() -> None:
    write = {
        action
        for permission in MSK.consumer_permissions(NAMES, command(access="WRITE"))
        for action in permission.actions
    }
    assert {"kafka-cluster:WriteDataIdempotently", "kafka-cluster:AlterTransactionalId"} <= write
    assert not {"kafka-cluster:ReadData", "kafka-cluster:AlterGroup"} & write


def test_groups_begin_with_account_and_project() -> None:
    groups = [
        permission.resource for permission in MSK.consumer_permissions(NAMES, command()) if permission.kind == "group"
    ]
    assert groups == [CLUSTER.replace(":cluster/", ":group/") + f"/{CONSUMER}.consumerproj01.*"]
    owner_side = [
        p.resource for i in MSK.producer_contributions(NAMES, command()) for p in i.permissions if p.kind == "group"
    ]
    assert owner_side == [CLUSTER.replace(":cluster/", ":group/") + f"/{CONSUMER}.*"]
    assert MSK.connection(command())["groupPrefix"] == f"{CONSUMER}.consumerproj01."


def test_other_accounts_are_told_the_brokers_that_a_managed_vpc_connection_leads_to() -> None:
    told = {
        "bootstrap_brokers": "b-1:9098",
        "bootstrap_brokers_vpc_connectivity": "b-1:14001",
        "bootstrap_brokers_public": "b-1:9198",
    }
    resource = MSK.claim(forms(source=told)).resource
    assert (resource["bootstrapBrokersVpc"], resource["bootstrapBrokersPublic"]) == ("b-1:14001", "b-1:9198")
    foreign = replace(command(account=CONSUMER), resource=resource)
    assert MSK.connection(foreign)["bootstrapBrokers"] == "b-1:14001"
    own = replace(command(principals=(f"arn:aws:iam::{OWNER}:role/r",)), resource=resource)
    assert MSK.connection(own)["bootstrapBrokers"] == "b-1:9098"
    unmanaged = replace(command(account=CONSUMER, options={"managedVpc": False}), resource=resource)
    assert MSK.connection(unmanaged)["bootstrapBrokers"] == "b-1:9098"
    plain = replace(
        command(account=CONSUMER), resource=MSK.claim(forms(source={"bootstrap_brokers": "b-1:9098"})).resource
    )
    assert MSK.connection(plain)["bootstrapBrokers"] == "b-1:9098"


def test_a_topic_of_another_partition_keeps_its_partition() -> None:
    cluster = CLUSTER.replace("arn:aws:", "arn:aws-cn:").replace("us-east-1", "cn-north-1")
    assert topic_arn(cluster, "a").startswith("arn:aws-cn:kafka:cn-north-1:")


class OneCluster:
    """A kafka client that knows one cluster."""

    class exceptions:
        NotFoundException = type("NotFoundException", (botocore.exceptions.ClientError,), {})
        BadRequestException = type("BadRequestException", (botocore.exceptions.ClientError,), {})

    def __init__(self, info: dict[str, Any] | None) -> None:
        self.info = info

    def describe_cluster_v2(self, ClusterArn: str) -> dict[str, Any]:
        if self.info is None:
            error = {"Error": {"Code": "NotFoundException", "Message": "no such cluster"}}
            raise self.exceptions.NotFoundException(error, "DescribeClusterV2")
        return {"ClusterInfo": self.info}


def client_of(info: dict[str, Any] | None) -> Any:
    return OneCluster(info)


IAM = {"Sasl": {"Iam": {"Enabled": True}}}


def provisioned(authentication: dict[str, Any] | None = None, *, connected: bool = True) -> dict[str, Any]:
    vpc = {"ConnectivityInfo": {"VpcConnectivity": {"ClientAuthentication": IAM}}} if connected else {}
    return {
        "ClusterType": "PROVISIONED",
        "CurrentVersion": "K1",
        "Provisioned": {"ClientAuthentication": authentication or IAM, "BrokerNodeGroupInfo": vpc},
    }


def test_a_cluster_that_bypasses_iam_is_a_warning() -> None:
    mixed = {**IAM, "Unauthenticated": {"Enabled": True}, "Sasl": {**IAM["Sasl"], "Scram": {"Enabled": True}}}
    warnings = inspect_cluster(client_of(provisioned(mixed)), command())["warnings"]
    assert len(warnings) == 2 and "unauthenticated" in warnings[0] and "SCRAM" in warnings[1]
    assert inspect_cluster(client_of(provisioned()), command())["warnings"] == []
    assert bypasses({"Tls": {"Enabled": True}, "Unauthenticated": {"Enabled": False}}) != []


def test_a_cluster_that_does_not_exist_or_is_another_is_refused() -> None:
    with pytest.raises(ClaimRefusedError, match="does not exist"):
        inspect_cluster(client_of(None), command())
    with pytest.raises(ClaimRefusedError, match="SERVERLESS"):
        inspect_cluster(client_of({"ClusterType": "SERVERLESS"}), command())
    with pytest.raises(PermanentGrantError, match="no IAM access control"):
        inspect_cluster(client_of(provisioned({"Tls": {"Enabled": True}})), command())


def test_without_connectivity_the_refusal_names_the_command() -> None:
    cluster = client_of(provisioned(connected=False))
    with pytest.raises(PermanentGrantError, match=r"aws kafka update-connectivity .* --current-version K1"):
        inspect_cluster(cluster, command())
    inspect_cluster(cluster, command(options={"managedVpc": False}))
    inspect_cluster(cluster, command(principals=(f"arn:aws:iam::{OWNER}:role/x",)))
