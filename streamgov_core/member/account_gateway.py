"""The account that a command is applied to, the document ledger aside: its policy documents, resources and records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from streamgov_core.documents.policy_document import PolicyDocument
from streamgov_core.member.access_role_document import AccessRoleDocument
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.member.connection_parameter import ConnectionDocument, SsmParameters
from streamgov_core.member.delivery import PrincipalPolicies
from streamgov_core.member.iam_gateway import IamGateway
from streamgov_core.member.reader_role import ReaderRoleDocument
from streamgov_core.member.role_gateway import RoleInfo
from streamgov_core.member.role_policy import RolePolicyDocument
from streamgov_core.model.access_role import ACCESS
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.connection_details import CONNECTION
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import EventRefusedError
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from streamgov_core.runtime.calls import calling
from streamgov_core.runtime.clients import Clients

ROLE = "role"
"""Kind of the document of a consumer's role."""
READER = "reader"
"""Kind of the document of a reader role."""


class AccountGateway(Protocol):
    """The account that a command is applied to, the document ledger aside."""

    def policy_document(self, platform: str, contribution: PolicyContribution) -> PolicyDocument:
        """The policy document that a contribution names.

        Raises:
            EventRefusedError: neither this floor nor the platform knows documents of that kind.
        """

    def inspect(self, command: GrantCommand) -> dict[str, Any]:
        """Look at the resource before a grant; see ``Platform.inspect``."""

    def connection_facts(self, command: GrantCommand) -> dict[str, str]:
        """What the owner knows about connecting; see ``Platform.connection_facts``."""

    def parameters(self, names: Sequence[str]) -> Mapping[str, str]:
        """The values of those of these parameters of connection details that exist."""

    def record(self, command: GrantCommand) -> AssetRecord | None:
        """What the data source recorded for the claimed schema or resource."""

    def role(self, name: str) -> RoleInfo | None:
        """A role of the account; None if there is none of this name."""

    def principal(self, info: RoleInfo) -> PrincipalPolicies | None:
        """A role of the account with everything that limits it; None if it is gone."""


class AwsAccountGateway:
    """The account in AWS.

    Args:
        settings: of the function.
        clients: boto3 clients.
    """

    def __init__(self, settings: ApplySettings, clients: Clients) -> None:
        self._settings = settings
        self._clients = clients
        self._iam = IamGateway(lambda: clients.client("iam"), settings.names.iam_path)
        self._parameters = SsmParameters(lambda: clients.client("ssm"))
        self._own_documents: Mapping[str, Callable[[str], PolicyDocument]] = {
            ROLE: self._role_policy,
            READER: self._reader_role,
            CONNECTION: self._connection,
            ACCESS: self._access_role,
        }

    def policy_document(self, platform: str, contribution: PolicyContribution) -> PolicyDocument:
        """See AccountGateway.policy_document. Roles and connection details are the same on every platform."""
        make = self._own_documents.get(contribution.kind)
        if make is not None:
            return make(contribution.arn)
        document = PLATFORMS[platform].policy_document(
            contribution.kind, contribution.arn, self._settings.names.sid_prefix, self._clients
        )
        if document is None:
            raise EventRefusedError(f"platform {platform} has no policy documents of kind {contribution.kind!r}")
        return document

    def inspect(self, command: GrantCommand) -> dict[str, Any]:
        """See AccountGateway.inspect."""
        return PLATFORMS[command.platform].inspect(command, self._clients)

    def connection_facts(self, command: GrantCommand) -> dict[str, str]:
        """See AccountGateway.connection_facts."""
        return PLATFORMS[command.platform].connection_facts(self._settings.names, command, self._clients)

    def parameters(self, names: Sequence[str]) -> Mapping[str, str]:
        """See AccountGateway.parameters."""
        return self._parameters.get_all(names)

    def record(self, command: GrantCommand) -> AssetRecord | None:
        """See AccountGateway.record (API GetItem)."""
        schema = command.schema
        registry = None if schema is None else schema.registry_name
        name = (
            PLATFORMS[command.platform].resource_name(str(command.resource["arn"]))
            if schema is None
            else schema.schema_name
        )
        store = DynamoAssetRecordStore(
            self._clients.client("dynamodb"), self._settings.names, self._settings.domain_id, registry
        )
        with calling("dynamodb:GetItem", f"the record of {name}"):
            return store.load(name)

    def _role_policy(self, arn: str) -> PolicyDocument:
        boundary = self._settings.boundary if self._settings.require_boundary else ""
        return RolePolicyDocument(self._iam, self._settings.names, arn, boundary)

    def _connection(self, name: str) -> PolicyDocument:
        return ConnectionDocument(self._parameters, name, self._settings.names.sid_prefix)

    def role(self, name: str) -> RoleInfo | None:
        """See PrincipalGateway.role."""
        return self._iam.role(name)

    def principal(self, info: RoleInfo) -> PrincipalPolicies | None:
        """See PrincipalGateway.principal."""
        return self._iam.principal(info)

    def _access_role(self, arn: str) -> PolicyDocument:
        return AccessRoleDocument(self._iam, self._settings.names, arn, self._settings.access_boundary)

    def _reader_role(self, arn: str) -> PolicyDocument:
        return ReaderRoleDocument(self._iam, self._settings.names, arn, self._settings.reader_boundary)
