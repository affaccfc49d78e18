"""What a consumer is told so that it can connect: a parameter in its own account for each asset of each grant.

The group prefix, the brokers, the schema reader role or the ARN of a fan-out consumer are known to the deployment and
to the owner only. The parameter lies where the consumer's people and roles can read it, says what holds now, and goes
with the grant. It holds no secret, and it gives no access.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from streamgov_core.model.access_role import access_role_of
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.registry_access import reader_arn

CONNECTION = "connection"
"""Kind of the document that a parameter is.

The domain account does not list these among what an account should hold: they come and go with the grant's commands to
roles. The account itself compares them with its ledger.
"""
DETAILS_VERSION = 1
READ_ACTIONS = ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath")
"""How a consumer's role reads what its project was told."""
MAX_DETAILS = 4096
"""Characters of a standard parameter (Parameter Store quotas)."""

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_.-]")


def parameter_name(names: Names, command: GrantCommand) -> str:
    """Name of the parameter: by project, grant and asset."""
    grant, asset = (_NOT_IN_NAMES.sub("-", part) for part in (command.grant_id, command.asset_id))
    return f"{names.connection_path(command.consumer.project_id)}/{grant}/{asset}"


def connection_contribution(names: Names, command: GrantCommand, content: str) -> PolicyContribution:
    """What the grant contributes: the whole parameter."""
    return PolicyContribution(f"{CONNECTION}#{parameter_name(names, command)}", (), content=content)


def connection_permissions(names: Names, command: GrantCommand, account: str) -> tuple[Permission, ...]:
    """Reading the parameters of the consumer's project, each and as a list."""
    path = names.arn("ssm", account, f"parameter{names.connection_path(command.consumer.project_id)}")
    return tuple(Permission("parameter", READ_ACTIONS, arn, shared=True) for arn in (path, f"{path}/*"))


def connection_content(names: Names, command: GrantCommand, connection: Mapping[str, str]) -> str:
    """The parameter's value.

    Args:
        names: of the deployment.
        command: the grant, carried out in the account of the parameter.
        connection: the platform's own details.
    """
    details = {
        "version": DETAILS_VERSION,
        "grantId": command.grant_id,
        "assetId": command.asset_id,
        "platform": command.platform,
        "resourceArn": str(command.resource["arn"]),
        "access": command.request.access,
        "until": command.request.until,
        "ownerAccount": command.producer.account,
        **connection,
        **_schema_details(names, command),
        **_access_role(names, command),
    }
    text = _text(details)
    if len(text) > MAX_DETAILS:
        # Only lists of brokers are of any length; one broker leads to all others.
        text = _text({key: _first(value) for key, value in details.items()})
    return text


def _access_role(names: Names, command: GrantCommand) -> dict[str, object]:
    """The role to assume for everything, and who is to assume it if others read by themselves."""
    consumer = command.consumer
    if not consumer.assuming:
        return {}
    found: dict[str, object] = {"awsRoleArn": access_role_of(names, command).arn}
    if consumer.direct:
        found["assumedBy"] = [item.role.arn for item in consumer.assuming]
    return found


def _schema_details(names: Names, command: GrantCommand) -> dict[str, str]:
    """The schema, and across accounts the role to assume for reading it; an access role reads it by itself."""
    schema = command.schema
    if schema is None:
        return {}
    found = {"schemaArn": schema.schema_arn, "registryArn": schema.registry_arn}
    if not command.consumer.direct:
        return found
    if (command.account or command.consumer.account) != schema.registry_account:
        found["schemaReaderRoleArn"] = reader_arn(names, command, schema)
    return found


def _text(details: Mapping[str, object]) -> str:
    present = {key: value for key, value in details.items() if value not in (None, "")}
    return json.dumps(present, sort_keys=True, separators=(",", ":"))


def _first(value: object) -> object:
    return value.split(",", 1)[0] if isinstance(value, str) and not value.startswith("arn:") else value
