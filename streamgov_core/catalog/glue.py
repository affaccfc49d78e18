"""The Glue Schema Registry as a data source reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamgov_core.catalog.model import HistoryEntry, SchemaInfo, SchemaVersion
from streamgov_core.model.errors import CatalogError
from streamgov_core.runtime.clients import error_code

PAGE = 100
"""The largest page of ListSchemas and ListSchemaVersions; the default is 25."""


class GlueRegistry:
    """One registry.

    Args:
        client: a Glue client of the registry's account.
        name: the registry's name.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def exists(self) -> bool:
        """See Registry (API GetRegistry)."""
        try:
            self._client.get_registry(RegistryId={"RegistryName": self._name})
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return False
            raise
        return True

    def list_names(self) -> Iterator[str]:
        """See Registry (API ListSchemas)."""
        token: dict[str, str] = {}
        while True:
            try:
                page = self._client.list_schemas(RegistryId={"RegistryName": self._name}, MaxResults=PAGE, **token)
            except self._client.exceptions.ClientError as error:
                if error_code(error) == "EntityNotFoundException":
                    raise CatalogError(f"there is no schema registry {self._name!r}") from error
                raise
            for schema in page.get("Schemas", ()):
                yield schema["SchemaName"]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def get_schema(self, name: str) -> SchemaInfo | None:
        """See Registry (API GetSchema)."""
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
        """See Registry (API GetSchemaVersion)."""
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

    def words(self, info: SchemaInfo, number: int) -> dict[str, str]:
        """See Registry (API GetTags, QuerySchemaVersionMetadata). A version has ten pairs at most: one page."""
        tags: dict[str, str] = self._client.get_tags(ResourceArn=info.arn).get("Tags", {})
        metadata = self._client.query_schema_version_metadata(
            SchemaId=self._id(info.name), SchemaVersionNumber={"VersionNumber": number}
        ).get("MetadataInfoMap", {})
        return {**tags, **{key: entry.get("MetadataValue", "") for key, entry in metadata.items()}}

    def history(self, name: str) -> list[HistoryEntry]:
        """See Registry (API ListSchemaVersions, whose order is not documented)."""
        found: list[HistoryEntry] = []
        token: dict[str, str] = {}
        while True:
            page = self._client.list_schema_versions(SchemaId=self._id(name), MaxResults=PAGE, **token)
            found += [
                HistoryEntry(int(item["VersionNumber"]), item.get("Status", ""), str(item.get("CreatedTime", "")))
                for item in page.get("Schemas", ())
            ]
            if not page.get("NextToken"):
                return sorted(found, key=lambda entry: -entry.number)
            token = {"NextToken": page["NextToken"]}

    def _id(self, name: str) -> dict[str, str]:
        return {"RegistryName": self._name, "SchemaName": name}
