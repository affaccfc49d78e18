"""The details of a grant that its consumer needs: from the consumer's own parameter, or else from the grant ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.connection_details import parameter_name
from streamgov_core.model.errors import ConfigError, RemoteError, StreamgovError
from streamgov_core.model.naming import Names
from streamgov_core.model.registry_access import reader_arn
from streamgov_core.platforms import PLATFORMS
from streamgov_ops.accounts import Accounts
from streamgov_ops.session import reporting

NO_PARAMETER = "ParameterNotFound"


@dataclass(frozen=True)
class ConnectionDetails:
    """What a consumer needs.

    Attributes:
        grant: id of the grant.
        state: of it.
        platform: msk, kinesis …
        role: ARN of the role to be.
        access: READ, WRITE or READ_WRITE.
        values: what the platform says of the connection.
        schema: ARN of the schema; '' without one.
        reader_role: role to assume for reading the schema; '' where none is needed.
        same_account: whether topic or stream lie in the role's own account.
        access_role: ARN of the role that it must assume for everything; '' where it needs none.
    """

    grant: str
    state: str
    platform: str
    role: str
    access: str
    values: Mapping[str, str]
    schema: str = ""
    reader_role: str = ""
    same_account: bool = False
    access_role: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "grant": self.grant,
            "state": self.state,
            "platform": self.platform,
            "role": self.role,
            "access": self.access,
            "connection": {key: value for key, value in self.values.items() if value},
            "schemaArn": self.schema,
            "readerRoleArn": self.reader_role,
            "awsRoleArn": self.access_role,
        }


def parameter_of(accounts: Accounts, record: GrantRecord) -> tuple[Mapping[str, Any], str]:
    """What the consumer's account was told, and a note where that could not be read."""
    command = record.command
    if command is None:
        return {}, ""
    name, account = parameter_name(accounts.names, command), command.consumer.account
    try:
        with reporting("ssm:GetParameter"):
            text = accounts.client("ssm", account).get_parameter(Name=name)["Parameter"]["Value"]
        found = json.loads(text)
    except RemoteError as error:
        if error.code == NO_PARAMETER:
            return {}, f"account {account} holds no parameter {name} (yet): the grant ledger's view is shown"
        return {}, f"the parameter {name} of account {account} was not read: {error}"
    except (StreamgovError, ValueError) as error:
        return {}, f"the parameter {name} of account {account} was not read: {error}"
    return (found if isinstance(found, Mapping) else {}), ""


def details_of(record: GrantRecord, names: Names, told: Mapping[str, Any] | None = None) -> list[ConnectionDetails]:
    """The details of a grant's asset, for each of its roles.

    Args:
        record: of the ledger.
        names: of the deployment.
        told: what the consumer's account was told (``parameter_of``).

    Raises:
        ConfigError: nothing was ever granted.
    """
    command = record.command
    if command is None:
        raise ConfigError(f"grant {record.grant_id} never gave access: `streamgov explain {record.grant_id}` tells why")
    known = {**PLATFORMS.named(command.platform).connection(command), **(record.audit.get("connection") or {})}
    values = {**known, **{key: value for key, value in (told or {}).items() if key in known and value}}
    return [_details(record, command, role.arn, role.account, names, values) for role in command.consumer.principals]


def _details(
    record: GrantRecord, command: GrantCommand, role: str, account: str, names: Names, values: Mapping[str, Any]
) -> ConnectionDetails:
    schema = command.schema
    access_role = _access_role(record, command, role)
    foreign = schema is not None and schema.registry_account != account and not access_role
    return ConnectionDetails(
        grant=record.grant_id,
        state=record.state,
        platform=command.platform,
        role=role,
        access=command.request.access,
        values={key: str(value) for key, value in values.items()},
        schema="" if schema is None else schema.schema_arn,
        reader_role=reader_arn(names, command, schema) if schema is not None and foreign else "",
        same_account=command.producer.account == account,
        access_role=access_role,
    )


def _access_role(record: GrantRecord, command: GrantCommand, role: str) -> str:
    assuming = command.consumer.assuming or ()
    return str(record.outcome.get("awsRoleArn") or "") if any(item.role.arn == role for item in assuming) else ""
