"""Reads the Glue Schema Registry."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from streamgov_core.catalog.entities import HistoryEntry, SchemaInfo, SchemaVersion
from streamgov_core.model.errors import CatalogError
from streamgov_core.runtime.clients import error_code
from streamgov_core.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import SchemaIdTypeDef

PAGE = 100
"""The largest page of ListSchemas and ListSchemaVersions; the default is 25."""


class GlueRegistry:
    """One registry (Registry).

    Args:
        client: a Glue client of the registry's account.
        name: the registry's name.
    """

    def __init__(self, client: GlueClient, name: str) -> None:
        self._client = client
        self._name = name
        self._reads_tags = True

    def exists(self) -> bool:
        """API GetRegistry."""
        try:
            self._client.get_registry(RegistryId={"RegistryName": self._name})
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return False
            raise
        return True

    def list_names(self) -> Iterator[str]:
        """API ListSchemas."""
        pages = self._client.get_paginator("list_schemas").paginate(
            RegistryId={"RegistryName": self._name}, PaginationConfig={"PageSize": PAGE}
        )
        try:
            for page in pages:
                yield from (schema["SchemaName"] for schema in page.get("Schemas", ()))
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                raise CatalogError(f"there is no schema registry {self._name!r}") from error
            raise

    def get_schema(self, name: str) -> SchemaInfo | None:
        """API GetSchema."""
        try:
            schema = self._client.get_schema(SchemaId=self._id(name))
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return None
            raise
        return SchemaInfo(
            name=schema["SchemaName"],
            arn=schema["SchemaArn"],
            registry_arn=schema["SchemaArn"].rpartition("/")[0].replace(":schema/", ":registry/"),
            data_format=schema.get("DataFormat", ""),
            compatibility=schema.get("Compatibility", ""),
            latest=int(schema.get("LatestSchemaVersion", 0)),
            created=str(schema.get("CreatedTime", "")),
            description=schema.get("Description") or None,
            deleting=schema.get("SchemaStatus") == "DELETING",
        )

    def get_version(self, name: str, number: int) -> SchemaVersion | None:
        """API GetSchemaVersion."""
        try:
            version = self._client.get_schema_version(
                SchemaId=self._id(name), SchemaVersionNumber={"VersionNumber": number}
            )
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return None
            raise
        return SchemaVersion(
            number=int(version.get("VersionNumber", number)),
            status=version.get("Status", ""),
            definition=version.get("SchemaDefinition", ""),
            data_format=version.get("DataFormat", ""),
        )

    def tags(self, info: SchemaInfo, number: int) -> dict[str, str]:
        """API GetTags, QuerySchemaVersionMetadata. A version has ten pairs at most: one page."""
        tags = self._tags(info.arn)
        metadata = self._client.query_schema_version_metadata(
            SchemaId=self._id(info.name), SchemaVersionNumber={"VersionNumber": number}
        ).get("MetadataInfoMap", {})
        return {**tags, **{key: entry.get("MetadataValue", "") for key, entry in metadata.items()}}

    def _tags(self, schema_arn: str) -> dict[str, str]:
        """The schema's tags; none, and no further question, if they may not be read.

        UNVERIFIED[glue-get-tags-resource]: that IAM knows schemas as resources of ``glue:GetTags``. The service
        authorization reference does not list them, so the statement that names their ARNs may allow nothing.
        """
        if not self._reads_tags:
            return {}
        try:
            return dict(self._client.get_tags(ResourceArn=schema_arn).get("Tags", {}))
        except self._client.exceptions.ClientError as error:
            if error_code(error) != "AccessDeniedException":
                raise
        self._reads_tags = False
        log("tags of schemas may not be read: none is used", level=logging.WARNING, schemaArn=schema_arn)
        return {}

    def history(self, name: str) -> list[HistoryEntry]:
        """API ListSchemaVersions, whose order is not documented."""
        pages = self._client.get_paginator("list_schema_versions").paginate(
            SchemaId=self._id(name), PaginationConfig={"PageSize": PAGE}
        )
        found = [
            HistoryEntry(int(item["VersionNumber"]), item.get("Status", ""), str(item.get("CreatedTime", "")))
            for page in pages
            for item in page.get("Schemas", ())
        ]
        return sorted(found, key=lambda entry: -entry.number)

    def _id(self, name: str) -> SchemaIdTypeDef:
        return {"RegistryName": self._name, "SchemaName": name}
