"""A queue of Amazon SQS: a consumer receives and deletes messages, a producer sends them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from streamgov_core.documents.policy_document import PolicyDocument
from streamgov_core.documents.resource_policy import ResourcePolicyDocument
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import ClaimRefusedError
from streamgov_core.model.forms import AssetTypeModel, FormField, FormModel
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.resource import Resource
from streamgov_core.model.usage import UsageMetric
from streamgov_core.platforms.access_question import AccessNeed, AccessWay, LiveAccess, LivePolicy, ServiceClients
from streamgov_core.platforms.asset_forms import (
    SCHEMA_FIELDS,
    AssetLayout,
    Claim,
    Forms,
    form_of,
    schema_reference,
    stream_asset_type,
    text,
)
from streamgov_core.platforms.protocol import Statement, allow
from streamgov_core.runtime.clients import Clients
from streamgov_queues.queues import QueuePolicies, QueueSource, queue_exists

SOURCE_FORM = "QueueReferenceFormType"
SCHEMA_FORM = "QueueSchemaFormType"
QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[a-zA-Z0-9_-]{1,80})")
READ = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage")
WRITE = ("sqs:GetQueueUrl", "sqs:SendMessage")


class Queues:
    """The platform. Stateless."""

    name = "queues"
    asset_type_base = "QueueAssetType"
    resource_noun = "queues"
    manual_asset_pattern = r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:.+"
    boundary_actions: Sequence[str] = tuple(sorted({*READ, *WRITE}))

    def form_models(self, names: Names) -> tuple[FormModel, ...]:
        reference = (FormField("queue_arn", required=True), FormField("visibility_timeout", "Integer"))
        schema = (FormField("queue_name", required=True), *SCHEMA_FIELDS)
        return FormModel(names.type_name(SOURCE_FORM), reference), FormModel(names.type_name(SCHEMA_FORM), schema)

    def asset_type(self, names: Names) -> AssetTypeModel:
        return stream_asset_type(names, self.asset_type_base, SOURCE_FORM, SCHEMA_FORM, "An Amazon SQS queue")

    def source(self, clients: Clients, resource: str, topics: Sequence[str] = ()) -> QueueSource:
        return QueueSource(clients.client("sqs"), resource)

    def governed_patterns(self, names: Names, account: str, resource: str, topics: Sequence[str]) -> tuple[str, ...]:
        return (names.arn("sqs", account, "*"),)

    def layout(self, resource: Resource) -> AssetLayout:
        return AssetLayout(SOURCE_FORM, SCHEMA_FORM, {"queue_name": resource.name}, "Amazon SQS queue")

    def resource_name(self, resource_arn: str) -> str:
        return resource_arn.rpartition(":")[2]

    def claimed_arn(self, forms: Forms) -> str | None:
        arn = str(forms.get(SOURCE_FORM, {}).get("queue_arn", ""))
        return arn if QUEUE.fullmatch(arn) else None

    def dataset(self, resource_arn: str) -> tuple[str, str] | None:
        match = QUEUE.fullmatch(resource_arn)
        return (f"sqs://{match['region']}/{match['account']}", match["name"]) if match else None

    def claim(self, forms: Forms) -> Claim:
        arn = text(form_of(forms, SOURCE_FORM), "queue_arn", SOURCE_FORM)
        match = QUEUE.fullmatch(arn)
        if match is None:
            raise ClaimRefusedError(f"queue_arn is not the ARN of a queue: {arn!r}")
        schema = schema_reference(form_of(forms, SCHEMA_FORM), SCHEMA_FORM)
        return Claim(match["account"], match["region"], {"arn": arn}, schema)

    def review(self, command: GrantCommand) -> None:
        """Every queue can be granted."""

    def producer_contributions(self, names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
        arn, foreign = str(command.resource["arn"]), command.foreign_principals()
        permissions = tuple(Permission("queue", _actions(command), arn, principal) for principal in foreign)
        return (PolicyContribution(f"queue#{arn}", permissions),) if foreign else ()

    def consumer_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        return (Permission("queue", _actions(command), str(command.resource["arn"])),)

    def grants(self, names: Names, kind: str, arn: str, permission: Permission) -> bool:
        return {*READ, *WRITE}.issuperset(permission.actions) and ":sqs:" in permission.resource

    def network_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        return ()

    def network_boundary(self, names: Names, account: str) -> list[Statement]:
        return []

    def connection(self, command: GrantCommand) -> dict[str, str]:
        return {"queueArn": str(command.resource["arn"])}

    def connection_facts(self, names: Names, command: GrantCommand, clients: Clients) -> dict[str, str]:
        return {}

    def tells_once_granted(self, command: GrantCommand) -> bool:
        return False

    def usage(self, names: Names, command: GrantCommand) -> UsageMetric | None:
        known = (("QueueName", self.resource_name(str(command.resource["arn"]))),)
        return UsageMetric("AWS/SQS", "NumberOfMessagesReceived", known, None, True, "anybody who reads the queue")

    def policy_document(self, kind: str, arn: str, sid_prefix: str, clients: Clients) -> PolicyDocument | None:
        return (
            ResourcePolicyDocument(QueuePolicies(clients.client("sqs")), arn, sid_prefix) if kind == "queue" else None
        )

    def inspect(self, command: GrantCommand, clients: Clients) -> dict[str, Any]:
        if not queue_exists(clients.client("sqs"), str(command.resource["arn"])):
            raise ClaimRefusedError(f"the queue {command.resource['arn']} that the asset names does not exist")
        return {"warnings": []}

    def live_access(self, resource_arn: str, clients: ServiceClients) -> LiveAccess:
        ways = (
            AccessWay("read", "ReceiveMessage", (AccessNeed("sqs:ReceiveMessage", resource_arn),)),
            AccessWay("write", "SendMessage", (AccessNeed("sqs:SendMessage", resource_arn),)),
        )
        found = LiveAccess(resource_arn, ways)
        policies = QueuePolicies(clients.client("sqs"))
        found.read_policies(
            resource_arn,
            "sqs:GetQueueAttributes",
            lambda: tuple(LivePolicy("queue policy", text) for text in [policies.get(resource_arn)[0]] if text),
        )
        return found

    def member_statements(self, names: Names, account: str, keys: Sequence[str]) -> list[Statement]:
        actions = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SetQueueAttributes"]
        return [allow("QueuePolicies", actions, [names.arn("sqs", account, "*")])]

    def sync_statements(self, names: Names, account: str, resource: str) -> list[Statement]:
        queues = names.arn("sqs", account, f"{resource}*")
        return [
            allow("DescribeQueues", ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"], [queues]),
            allow("ListQueues", ["sqs:ListQueues"], ["*"]),
        ]

    def resource_arn(self, resource: str, name: str) -> str:
        return resource

    def write_statements(self, resource_arn: str, kms_key_arn: str | None) -> list[Statement]:
        return [allow("Write", WRITE, [resource_arn])]


def _actions(command: GrantCommand) -> tuple[str, ...]:
    wanted = {*(READ if command.request.reads else ()), *(WRITE if command.request.writes else ())}
    return tuple(sorted(wanted))
