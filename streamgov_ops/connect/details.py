"""The details of a grant that its consumer needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.model.registry_access import reader_arn
from streamgov_core.platforms import PLATFORMS


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

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "grant": self.grant,
            "state": self.state,
            "platform": self.platform,
            "role": self.role,
            "access": self.access,
            "connection": dict(self.values),
            "schemaArn": self.schema,
            "readerRoleArn": self.reader_role,
        }


def details_of(record: GrantRecord, names: Names) -> list[ConnectionDetails]:
    """The details of a grant's asset, for each of its roles.

    Raises:
        ConfigError: nothing was ever granted.
    """
    command = record.command
    if command is None:
        raise ConfigError(
            f"grant {record.grant_id} never gave access: `streamgov explain {record.grant_id}` tells why"
        )
    return [_details(record, command, role.arn, role.account, names) for role in command.consumer.principals]


def _details(record: GrantRecord, command: GrantCommand, role: str, account: str, names: Names) -> ConnectionDetails:
    kept = record.facts.get("connection") or {}
    values = {**PLATFORMS.named(command.platform).connection(command), **kept}
    schema = command.schema
    foreign = schema is not None and schema.registry_account != account
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
    )
