"""Definitions of the schema versions that records name, read from the registry of another account."""

from __future__ import annotations

from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.runtime.clients import Clients
from streamgov_samples.functions.jobs import JobConfig

SESSION_NAME = "sample-consumer"


def registry_client(clients: Clients, config: JobConfig) -> Any:
    """A Glue client as the registry's reader role, which a grant lets this function assume (API AssumeRole)."""
    import boto3

    keys = clients.client("sts").assume_role(RoleArn=config.reader_role_arn, RoleSessionName=SESSION_NAME)[
        "Credentials"
    ]
    return boto3.client(
        "glue",
        region_name=config.region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


class Definitions:
    """Finds a schema version by its id and keeps it.

    By the schema and the version's number, not by the id alone: IAM can name a schema as a resource, but no id
    of a version (API ListSchemaVersions, GetSchemaVersion).

    Args:
        client: of the registry's account.
        schema_arn: the schema that the records belong to.
    """

    def __init__(self, client: Any, schema_arn: str) -> None:
        self._client = client
        self._schema = {"SchemaArn": schema_arn}
        self._numbers: dict[str, int] = {}
        self._found: dict[str, str] = {}

    def of(self, version_id: str) -> str:
        """The definition of a version.

        Raises:
            SchemaError: the schema has no such version.
        """
        if version_id not in self._found:
            if version_id not in self._numbers:
                self._list()
            if version_id not in self._numbers:
                raise SchemaError(f"the schema {self._schema['SchemaArn']} has no version {version_id}")
            answer = self._client.get_schema_version(
                SchemaId=self._schema, SchemaVersionNumber={"VersionNumber": self._numbers[version_id]}
            )
            self._found[version_id] = str(answer["SchemaDefinition"])
        return self._found[version_id]

    def _list(self) -> None:
        for page in self._client.get_paginator("list_schema_versions").paginate(SchemaId=self._schema):
            self._numbers.update({item["SchemaVersionId"]: item["VersionNumber"] for item in page["Schemas"]})
