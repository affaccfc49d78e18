"""Amazon MSK: a Kafka topic of a provisioned or serverless cluster, reached with IAM access control."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamgov_core.documents.policy_document import PolicyDocument
from streamgov_core.documents.resource_policy import ResourcePolicyDocument
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.forms import AssetTypeModel, FormModel
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.resource import Resource
from streamgov_core.model.usage import UsageMetric
from streamgov_core.platforms.access_question import LiveAccess, ServiceClients
from streamgov_core.platforms.asset_forms import AssetLayout, Claim, Forms, stream_asset_type
from streamgov_core.platforms.msk import arns, function_statements, grant_permissions, vpc_connections
from streamgov_core.platforms.msk import form_types as msk_forms
from streamgov_core.platforms.msk.cluster_policy import ClusterPolicies
from streamgov_core.platforms.msk.inspection import brokers_of, inspect_cluster
from streamgov_core.platforms.msk.live_access import live_access
from streamgov_core.platforms.msk.source import MskSource
from streamgov_core.platforms.protocol import Statement
from streamgov_core.runtime.clients import Clients


class Msk:
    """The MSK platform. Stateless."""

    name = "msk"
    asset_type_base = msk_forms.ASSET_TYPE
    resource_noun = "topics"
    manual_asset_pattern = arns.MANUAL_ASSET_PATTERN
    boundary_actions: Sequence[str] = grant_permissions.BOUNDARY_ACTIONS

    def form_models(self, names: Names) -> tuple[FormModel, ...]:
        return msk_forms.form_models(names)

    def asset_type(self, names: Names) -> AssetTypeModel:
        return stream_asset_type(
            names, self.asset_type_base, msk_forms.SOURCE_FORM, msk_forms.SCHEMA_FORM, "A Kafka topic on Amazon MSK"
        )

    def source(self, clients: Clients, resource: str, topics: Sequence[str] = ()) -> MskSource:
        return MskSource(clients.client("kafka"), resource, topics)

    def governed_patterns(self, names: Names, account: str, resource: str, topics: Sequence[str]) -> tuple[str, ...]:
        return arns.governed_patterns(names, account, resource, topics)

    def layout(self, resource: Resource) -> AssetLayout:
        return msk_forms.layout(resource)

    def claimed_arn(self, forms: Forms) -> str | None:
        return msk_forms.claimed_arn(forms)

    def resource_name(self, resource_arn: str) -> str:
        return resource_arn.rpartition("/")[2]

    def dataset(self, resource_arn: str) -> tuple[str, str] | None:
        return arns.topic_dataset(resource_arn)

    def claim(self, forms: Forms) -> Claim:
        return msk_forms.claim(forms)

    def review(self, command: GrantCommand) -> None:
        grant_permissions.review(command)

    def producer_contributions(self, names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
        return grant_permissions.producer_contributions(command)

    def consumer_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        return grant_permissions.consumer_permissions(names, command)

    def grants(self, names: Names, kind: str, arn: str, permission: Permission) -> bool:
        return grant_permissions.grants(kind, arn, permission)

    def network_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        return grant_permissions.network_permissions(names, command)

    def network_boundary(self, names: Names, account: str) -> list[Statement]:
        return vpc_connections.maker_boundary(names, account)

    def connection(self, command: GrantCommand) -> dict[str, str]:
        return grant_permissions.connection(command)

    def connection_facts(self, names: Names, command: GrantCommand, clients: Clients) -> dict[str, str]:
        return brokers_of(clients.client("kafka"), str(command.resource["clusterArn"]))

    def tells_once_granted(self, command: GrantCommand) -> bool:
        return False

    def usage(self, names: Names, command: GrantCommand) -> UsageMetric | None:
        return grant_permissions.usage(command)

    def policy_document(self, kind: str, arn: str, sid_prefix: str, clients: Clients) -> PolicyDocument | None:
        if kind != "cluster":
            return None
        return ResourcePolicyDocument(
            ClusterPolicies(lambda: clients.client("kafka")), arn, sid_prefix, read_before_lease=True
        )

    def inspect(self, command: GrantCommand, clients: Clients) -> dict[str, Any]:
        return inspect_cluster(clients.client("kafka"), command)

    def live_access(self, resource_arn: str, clients: ServiceClients) -> LiveAccess:
        return live_access(resource_arn, clients)

    def member_statements(self, names: Names, account: str, keys: Sequence[str]) -> list[Statement]:
        return function_statements.member_statements(names, account)

    def sync_statements(self, names: Names, account: str, resource: str) -> list[Statement]:
        return function_statements.sync_statements(names, account, resource)

    def resource_arn(self, resource: str, name: str) -> str:
        return arns.topic_arn(resource, name) if ":cluster/" in resource else resource

    def write_statements(self, resource_arn: str, kms_key_arn: str | None) -> list[Statement]:
        return function_statements.write_statements(resource_arn)
