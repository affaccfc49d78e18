"""What a streaming platform is to the rest of the system.

Everything is a pure function of its arguments but ``policy_document``, ``inspect``, ``live_access`` and ``source``,
which reach AWS through clients that are passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from streamgov_core.documents.policy_document import PolicyDocument
from streamgov_core.model.access_role import ACCESS
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.forms import AssetTypeModel, FormModel
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.resource import Resource
from streamgov_core.model.usage import UsageMetric
from streamgov_core.platforms.access_question import LiveAccess, ServiceClients
from streamgov_core.platforms.asset_forms import AssetLayout, Claim, Forms
from streamgov_core.platforms.resource_source import ResourceSource
from streamgov_core.runtime.clients import Clients

Statement = dict[str, Any]
"""A statement of an IAM policy."""
IDENTITY_KINDS = ("role", ACCESS)
"""Kinds of the documents that are policies of roles which read and write."""


class Platform(Protocol):
    """One streaming platform: a folder with everything that is known of it. ``docs/adding-a-platform.md`` explains one.

    Attributes:
        name: the word in configuration, messages and records: ``msk``, ``kinesis``.
        asset_type_base: the asset type's name in the default namespace.
        resource_noun: what one of its resources is called in sentences, in the plural: ``topics``, ``streams``.
        manual_asset_pattern: regular expression of the ARN patterns with which the configuration may name resources
            whose assets people made by hand.
        boundary_actions: IAM actions, wildcards allowed, that the permissions boundary of consumer roles lets through
            for this platform: at least all of ``consumer_permissions``.
    """

    name: str
    asset_type_base: str
    resource_noun: str
    manual_asset_pattern: str
    boundary_actions: Sequence[str]

    # --- the catalogue ------------------------------------------------------------------------------------------------
    def form_models(self, names: Names) -> tuple[FormModel, ...]:
        """The platform's own form types, under this deployment's names."""

    def asset_type(self, names: Names) -> AssetTypeModel:
        """The asset type, which refers to the form types."""

    def source(self, clients: Clients, resource: str, topics: Sequence[str] = ()) -> ResourceSource:
        """Where topics or streams are looked up in the owner's account, those only that the data source may speak for.

        Args:
            clients: of that account.
            resource: what the configuration calls the data source's ``resource``.
            topics: patterns of the names of those that it may speak for, where ``resource`` holds several owners'.

        Raises:
            CatalogError: the resource is none that this platform knows.
        """

    def governed_patterns(self, names: Names, account: str, resource: str, topics: Sequence[str]) -> tuple[str, ...]:
        """ARN patterns, with ``*`` and ``?`` within a segment, of all that a data source may speak for.

        Args:
            names: the deployment's names.
            account: the owner's account.
            resource: what the configuration calls the data source's ``resource``; it may be a stand-in at a preview.
            topics: see ``source``.

        Raises:
            ConfigError: they do not say what it may speak for.
        """

    def layout(self, resource: Resource) -> AssetLayout:
        """How a topic or stream is described in the forms of its asset."""

    def claimed_arn(self, forms: Forms) -> str | None:
        """ARN of the topic or stream that an asset's forms speak of, whoever filled them; None if they name none."""

    def resource_name(self, resource_arn: str) -> str:
        """Name of a topic or stream, by which its source finds it and its record is kept."""

    def dataset(self, resource_arn: str) -> tuple[str, str] | None:
        """OpenLineage namespace and name of a topic or stream; None if the ARN is not of this platform."""

    # --- grants -------------------------------------------------------------------------------------------------------
    def claim(self, forms: Forms) -> Claim:
        """Read the resource and the schema out of an asset's forms.

        Raises:
            ClaimRefusedError: a required field is missing or is not a legal ARN or name.
        """

    def review(self, command: GrantCommand) -> None:
        """Refuse what the platform cannot grant, whatever the policies have room for.

        Raises:
            PermanentGrantError: with the reason and what to do.
        """

    def producer_contributions(self, names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
        """What the grant adds to documents in the owner's account: resource policies."""

    def consumer_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        """What each of the consumer's roles needs in its identity policy, the schema registry aside."""

    def grants(self, names: Names, kind: str, arn: str, permission: Permission) -> bool:
        """Whether a permission is one that a grant of this platform contributes to a document.

        What an earlier release granted stays true: what is compiled from a ledger is checked by it.

        Args:
            names: the deployment's names.
            kind: of the document: one of the platform's own, or ``role`` for a policy of a role.
            arn: what carries the document.
            permission: as the ledger has it.
        """

    def network_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        """What a role needs besides to connect networks of its account with the resource.

        Only the roles that the member's configuration names for it get this; empty where no network stands between.
        """

    def network_boundary(self, names: Names, account: str) -> list[Statement]:
        """Statements that the boundary of consumer roles has for those roles alone: the ceiling of the above."""

    def connection(self, command: GrantCommand) -> dict[str, str]:
        """What a consumer needs to know to connect, for its parameter and for records; no secrets.

        The command's resource may hold ``connection_facts`` beside what the asset claims.
        """

    def connection_facts(self, names: Names, command: GrantCommand, clients: Clients) -> dict[str, str]:
        """What only the owner's account can tell about connecting: members of the resource.

        They take the place of what the asset claims, which anybody may have written who may edit it.
        """

    def tells_once_granted(self, command: GrantCommand) -> bool:
        """Whether the grant itself makes what ``connection_facts`` tells, so that nobody can be told before it."""

    def usage(self, names: Names, command: GrantCommand) -> UsageMetric | None:
        """The metric that tells when the grant's consumer, or anybody, last read; None where none does."""

    def policy_document(self, kind: str, arn: str, sid_prefix: str, clients: Clients) -> PolicyDocument | None:
        """The policy document of this platform with this kind and ARN; None if the kind is not one of its own."""

    def inspect(self, command: GrantCommand, clients: Clients) -> dict[str, Any]:
        """Look at the resource in the owner's account before a grant.

        Returns:
            ``warnings``: what a reviewer should know.

        Raises:
            GrantError: the resource cannot be granted as it is.
        """

    def live_access(self, resource_arn: str, clients: ServiceClients) -> LiveAccess:
        """The ways to the data of a topic or stream and the policies on it as they are, whoever wrote them.

        Args:
            resource_arn: the topic or stream.
            clients: of the owner's account.
        """

    # --- what is deployed ---------------------------------------------------------------------------------------------
    def member_statements(self, names: Names, account: str, keys: Sequence[str]) -> list[Statement]:
        """IAM statements that the ``apply`` function needs in an owner's account for this platform.

        Args:
            names: the deployment's names.
            account: the owner's account.
            keys: ARNs, or aliases with patterns, of the only customer-managed keys of the account that encrypt granted
                resources; empty where the configuration names none.
        """

    def sync_statements(self, names: Names, account: str, resource: str) -> list[Statement]:
        """IAM statements that a data source's function needs to look up topics or streams.

        Args:
            names: the deployment's names.
            account: the owner's account, where the function runs.
            resource: what the configuration calls the data source's ``resource``.
        """

    # --- jobs of the owner --------------------------------------------------------------------------------------------
    def resource_arn(self, resource: str, name: str) -> str:
        """ARN of a topic or stream.

        Args:
            resource: ARN of what holds it (the cluster), or its own.
            name: its name; of no meaning where ``resource`` is its own ARN.
        """

    def write_statements(self, resource_arn: str, kms_key_arn: str | None) -> list[Statement]:
        """IAM statements that a job of the owner needs to write to a topic or stream, and to create it on first use.

        Args:
            resource_arn: the topic or stream.
            kms_key_arn: the key that encrypts it, if a customer's.
        """


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """A statement that allows actions on resources, the actions in order of their names."""
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
