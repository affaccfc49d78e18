"""Reading the schema of a granted resource: directly within one account, through a reader role across accounts."""

from __future__ import annotations

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.schema_reference import SchemaReference

SCHEMA_READ = (
    "glue:GetRegistry",
    "glue:GetSchema",
    "glue:GetSchemaByDefinition",
    "glue:ListSchemaVersions",
)
"""What developers' tools and Lambda's event source mappings call; authorised on the registry, and on the schema."""

VERSION_READ = ("glue:GetSchemaVersion",)
"""What every deserialiser calls with the version id of a record; permitted on ``*``, which works under both readings.

UNVERIFIED[glue-version-by-id]: whether GetSchemaVersion by version id alone is authorised on these ARNs or on ``*``
only. It thereby also permits to read, by name and number, other schemas of the registry's account (definitions, no
data).
"""


def consumer_permissions(names: Names, command: GrantCommand, principal: RoleArn) -> tuple[Permission, ...]:
    """What a consumer's role needs for the schema."""
    if command.schema is None:
        return ()
    if principal.account == command.schema.registry_account:
        return _schema_permissions(command.schema)
    return (Permission("sts", ("sts:AssumeRole",), reader_arn(names, command, command.schema), shared=True),)


def reader_contributions(names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
    """The reader role in the registry's account, for the principals of other accounts."""
    if command.schema is None:
        return ()
    owner = command.schema.registry_account
    trusted = tuple(role for role in command.consumer.principals if role.account != owner)
    if not trusted:
        return ()
    document_id = f"reader#{reader_arn(names, command, command.schema)}"
    return (PolicyContribution(document_id, _schema_permissions(command.schema), trusted),)


def reader_arn(names: Names, command: GrantCommand, schema: SchemaReference) -> str:
    """The reader role of the registry for the consumer's project."""
    consumer = command.consumer
    return names.reader_role_arn(schema.registry_account, schema.registry_arn, consumer.account, consumer.project_id)


def _schema_permissions(schema: SchemaReference) -> tuple[Permission, ...]:
    return (
        Permission("glue", SCHEMA_READ, schema.registry_arn, shared=True),
        Permission("glue", SCHEMA_READ, schema.schema_arn),
        Permission("schema-version", VERSION_READ, "*", shared=True),
    )
