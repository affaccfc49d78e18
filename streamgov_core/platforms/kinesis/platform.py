"""Amazon Kinesis Data Streams: a stream, read with shared throughput or enhanced fan-out, encrypted or not."""

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
from streamgov_core.platforms.kinesis import arns, function_statements, grant_permissions
from streamgov_core.platforms.kinesis import form_types as kinesis_forms
from streamgov_core.platforms.kinesis.fan_out import FanOutConsumerDocument, StreamConsumers, consumer_facts
from streamgov_core.platforms.kinesis.inspection import inspect_stream
from streamgov_core.platforms.kinesis.key_grants import KeyGrantDocument, KeyGrants
from streamgov_core.platforms.kinesis.live_access import live_access
from streamgov_core.platforms.kinesis.source import KinesisSource
from streamgov_core.platforms.kinesis.stream_policy import StreamPolicies
from streamgov_core.platforms.protocol import Statement
from streamgov_core.runtime.clients import Clients


class Kinesis:
    """The Kinesis platform. Stateless."""

    name = "kinesis"
    asset_type_base = kinesis_forms.ASSET_TYPE
    resource_noun = "streams"
    manual_asset_pattern = arns.MANUAL_ASSET_PATTERN
    boundary_actions: Sequence[str] = grant_permissions.BOUNDARY_ACTIONS

    def form_models(self, names: Names) -> tuple[FormModel, ...]:
        return kinesis_forms.form_models(names)

    def asset_type(self, names: Names) -> AssetTypeModel:
        source, schema = kinesis_forms.SOURCE_FORM, kinesis_forms.SCHEMA_FORM
        return stream_asset_type(names, self.asset_type_base, source, schema, "An Amazon Kinesis data stream")

    def source(self, clients: Clients, resource: str, topics: Sequence[str] = ()) -> KinesisSource:
        return KinesisSource(lambda: clients.client("kinesis"), lambda: clients.client("kms"), resource)

    def governed_patterns(self, names: Names, account: str, resource: str, topics: Sequence[str]) -> tuple[str, ...]:
        return arns.governed_patterns(names, account, resource, topics)

    def layout(self, resource: Resource) -> AssetLayout:
        return kinesis_forms.layout(resource)

    def claimed_arn(self, forms: Forms) -> str | None:
        return kinesis_forms.claimed_arn(forms)

    def resource_name(self, resource_arn: str) -> str:
        return resource_arn.rpartition("/")[2]

    def dataset(self, resource_arn: str) -> tuple[str, str] | None:
        return arns.stream_dataset(resource_arn)

    def claim(self, forms: Forms) -> Claim:
        return kinesis_forms.claim(forms)

    def review(self, command: GrantCommand) -> None:
        grant_permissions.review(command)

    def producer_contributions(self, names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
        return grant_permissions.producer_contributions(names, command)

    def consumer_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        return grant_permissions.consumer_permissions(names, command)

    def grants(self, names: Names, kind: str, arn: str, permission: Permission) -> bool:
        return grant_permissions.grants(kind, arn, permission)

    def network_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        return ()

    def network_boundary(self, names: Names, account: str) -> list[Statement]:
        return []

    def connection(self, command: GrantCommand) -> dict[str, str]:
        return grant_permissions.connection(command)

    def connection_facts(self, names: Names, command: GrantCommand, clients: Clients) -> dict[str, str]:
        return consumer_facts(StreamConsumers(lambda: clients.client("kinesis")), names, command)

    def tells_once_granted(self, command: GrantCommand) -> bool:
        return grant_permissions.fans_out(command)

    def usage(self, names: Names, command: GrantCommand) -> UsageMetric | None:
        return grant_permissions.usage(names, command)

    def policy_document(self, kind: str, arn: str, sid_prefix: str, clients: Clients) -> PolicyDocument | None:
        policies = StreamPolicies(lambda: clients.client("kinesis"))
        if kind == "stream":
            return ResourcePolicyDocument(policies, arn, sid_prefix)
        if kind == "fan-out":
            return FanOutConsumerDocument(StreamConsumers(lambda: clients.client("kinesis")), policies, arn, sid_prefix)
        if kind == "key":
            return KeyGrantDocument(KeyGrants(lambda: clients.client("kms")), arn, sid_prefix)
        return None

    def inspect(self, command: GrantCommand, clients: Clients) -> dict[str, Any]:
        return inspect_stream(clients, command)

    def live_access(self, resource_arn: str, clients: ServiceClients) -> LiveAccess:
        return live_access(resource_arn, clients)

    def member_statements(self, names: Names, account: str, keys: Sequence[str]) -> list[Statement]:
        return function_statements.member_statements(names, account, keys)

    def sync_statements(self, names: Names, account: str, resource: str) -> list[Statement]:
        return function_statements.sync_statements(names, account, resource)

    def resource_arn(self, resource: str, name: str) -> str:
        return resource

    def write_statements(self, resource_arn: str, kms_key_arn: str | None) -> list[Statement]:
        return function_statements.write_statements(resource_arn, kms_key_arn)
